/* Handshakes: two sessions joined by a buffer, honest peers and others. */
#include "runtime/node/session.h"
#include "tests/unit/test.h"

#include <string.h>

typedef struct side {
    cogo__session *session;
    const char *refuse; /* What admit() says; NULL: come in. */
    int admitted, frames;
    cogo__frame last;
    uint64_t numbers[8];
} side;

static cogo_err admit(void *ctx, cogo__session *session, const char **why)
{
    side *me = ctx;
    (void)session;
    me->admitted++;
    *why = me->refuse;
    return me->refuse != NULL ? COGO_EGONE : COGO_OK;
}

static cogo_err take(void *ctx, cogo__session *session, const cogo__frame *frame)
{
    side *me = ctx;
    (void)session;
    if (me->frames < 8) {
        me->numbers[me->frames] = frame->ping.number;
    }
    me->frames++;
    me->last = *frame;
    return COGO_OK;
}

static const char secret[] = "a secret of the whole cluster";

static cogo__session_config config_of(side *me, bool opens)
{
    cogo__session_config config = {.opens = opens,
                                   .connection = opens ? 1 : 0,
                                   .node = opens ? "cogo-0" : "cogo-1",
                                   .cluster = "prod",
                                   .incarnation = opens ? 11 : 22,
                                   .window_bytes = opens ? 1000 : 2000,
                                   .heartbeat_ms = 500,
                                   .secret = secret,
                                   .secret_size_bytes = sizeof secret - 1,
                                   .events = {me, admit, take}};
    memset(config.nonce, opens ? 'o' : 'a', sizeof config.nonce);
    return config;
}

static void make(side *me, const cogo__session_config *config)
{
    cr_assert_eq(cogo__session_create(config, &me->session), COGO_OK);
}

/* Moves what @p from has to say, at most @p step bytes at a time. False: nothing to say. */
static bool move(side *from, side *to, size_t step)
{
    static uint8_t held[COGO__SESSION_OUT_MAX];
    size_t size = 0, have = 0;
    const uint8_t *bytes = cogo__session_output(from->session, &size);
    if (size == 0) {
        return false;
    }
    for (size_t at = 0; at < size;) {
        size_t part = size - at < step ? size - at : step;
        memcpy(held + have, bytes + at, part);
        at += part;
        have += part;
        size_t used = cogo__session_input(to->session, held, have);
        have -= used;
        memmove(held, held + used, have);
    }
    cr_expect_eq(have, 0u, "nothing is left half read");
    cogo__session_sent(from->session, size);
    return true;
}

static void talk(side *a, side *b, size_t step)
{
    for (int turn = 0; turn < 10; turn++) {
        bool more = move(a, b, step);
        more = move(b, a, step) || more;
        if (!more) {
            return;
        }
    }
    cr_assert_fail("they never stop talking");
}

static void end(side *a, side *b)
{
    cogo__session_destroy(a->session);
    cogo__session_destroy(b->session);
}

static bool is_open(const side *me)
{
    return cogo__session_state_of(me->session) == COGO__SESSION_OPEN;
}

Test(session, two_that_share_the_secret_open_however_the_bytes_are_cut)
{
    for (size_t step = 1; step < 400; step += step < 8 ? 1 : 97) {
        side a = {0}, b = {0};
        cogo__session_config o = config_of(&a, true), c = config_of(&b, false);
        make(&a, &o);
        make(&b, &c);
        talk(&a, &b, step);
        cr_expect(is_open(&a) && is_open(&b), "%s / %s", cogo__session_why(a.session),
                  cogo__session_why(b.session));
        cr_expect_eq(a.admitted, 1);
        cr_expect_eq(b.admitted, 1);
        cr_expect_str_eq(cogo__session_peer(a.session), "cogo-1");
        cr_expect_str_eq(cogo__session_peer(b.session), "cogo-0");
        cr_expect_eq(cogo__session_peer_incarnation(b.session), 11u);
        cr_expect_eq(cogo__session_peer_window(a.session), 2000u);
        cr_expect_eq(cogo__session_connection(b.session), 1u);
        for (uint64_t n = 1; n <= 3; n++) {
            cogo__frame ping = {.kind = COGO__FRAME_PING, .ping = {n, 0, 0}};
            cr_expect_eq(cogo__session_send(a.session, &ping), COGO_OK);
        }
        talk(&a, &b, step);
        cr_expect_eq(b.frames, 3);
        cr_expect_eq(b.numbers[2], 3u);
        end(&a, &b);
    }
}

/* Runs the handshake with what the test changed; neither may be open or ask to admit. */
static void must_fail(cogo__session_config o, cogo__session_config c, cogo_err err)
{
    side *a = o.events.ctx, *b = c.events.ctx;
    make(a, &o);
    make(b, &c);
    talk(a, b, 64);
    cr_expect(!is_open(a) && !is_open(b));
    cr_expect_eq(a->admitted + b->admitted, 0);
    cr_expect_eq(cogo__session_err(a->session), err, "%s", cogo__session_why(a->session));
    cr_expect_eq(cogo__session_err(b->session), err, "%s", cogo__session_why(b->session));
    cr_expect(cogo__session_closed_by_peer(a->session)
              != cogo__session_closed_by_peer(b->session));
    cr_expect(strlen(cogo__session_why(a->session)) > 0);
    end(a, b);
}

Test(session, a_wrong_or_missing_secret_is_refused_on_either_side)
{
    side a = {0}, b = {0};
    cogo__session_config o = config_of(&a, true), c = config_of(&b, false);
    o.secret = "another secret of that size";
    o.secret_size_bytes = 27;
    must_fail(o, c, COGO_EAUTH);
    o.secret = NULL;
    must_fail(o, c, COGO_EAUTH);
    o = config_of(&a, true);
    c.secret = NULL;
    must_fail(o, c, COGO_EAUTH);
}

Test(session, what_ties_the_ends_of_a_tls_connection_must_be_the_same)
{
    side a = {0}, b = {0};
    cogo__session_config o = config_of(&a, true), c = config_of(&b, false);
    make(&a, &o);
    make(&b, &c);
    cr_expect_eq(cogo__session_bind(a.session, "one connection", 14), COGO_OK);
    cr_expect_eq(cogo__session_bind(b.session, "in the middle!", 14), COGO_OK);
    cr_expect_eq(cogo__session_bind(b.session, secret, 65), COGO_EINVAL, "too long");
    talk(&a, &b, 64);
    cr_expect_eq(cogo__session_err(a.session), COGO_EAUTH);
    cr_expect_eq(cogo__session_err(b.session), COGO_EAUTH);
    cr_expect_eq(a.admitted + b.admitted, 0);
    end(&a, &b);
    a = b = (side){0};
    make(&a, &o);
    make(&b, &c);
    cr_expect_eq(cogo__session_bind(a.session, "one connection", 14), COGO_OK);
    cr_expect_eq(cogo__session_bind(b.session, "one connection", 14), COGO_OK);
    talk(&a, &b, 64);
    cr_expect(is_open(&a) && is_open(&b));
    end(&a, &b);
}

Test(session, another_cluster_and_an_unexpected_name_are_refused)
{
    side a = {0}, b = {0};
    cogo__session_config o = config_of(&a, true), c = config_of(&b, false);
    o.cluster = "test";
    must_fail(o, c, COGO_EINVAL);
    o = config_of(&a, true);
    o.peer = "cogo-7";
    must_fail(o, c, COGO_EAUTH);
    o = config_of(&a, true);
    o.node = "cogo-1"; /* The other one's. */
    must_fail(o, c, COGO_EEXIST);
}

Test(session, the_owner_may_refuse_a_proved_peer)
{
    side a = {0}, b = {.refuse = "this incarnation was declared dead"};
    cogo__session_config o = config_of(&a, true), c = config_of(&b, false);
    make(&a, &o);
    make(&b, &c);
    talk(&a, &b, 64);
    cr_expect(!is_open(&a) && !is_open(&b));
    cr_expect_eq(cogo__session_err(a.session), COGO_EGONE);
    cr_expect_str_eq(cogo__session_why(a.session), b.refuse);
    end(&a, &b);
}

/* Somebody who recorded a whole handshake says it again to the same node. */
Test(session, a_replayed_handshake_proves_nothing)
{
    uint8_t said[2048];
    size_t size = 0, more = 0;
    side a = {0}, b = {0}, again = {0};
    cogo__session_config o = config_of(&a, true), c = config_of(&b, false);
    make(&a, &o);
    make(&b, &c);
    for (int turn = 0; turn < 4; turn++) {
        const uint8_t *bytes = cogo__session_output(a.session, &more);
        memcpy(said + size, bytes, more);
        size += more;
        (void)move(&a, &b, 64);
        (void)move(&b, &a, 64);
    }
    cr_assert(is_open(&b));
    c.events.ctx = &again;
    memset(c.nonce, 'n', sizeof c.nonce); /* New, as always. */
    make(&again, &c);
    (void)cogo__session_input(again.session, said, size);
    cr_expect_not(is_open(&again));
    cr_expect_eq(again.admitted, 0);
    cr_expect_eq(cogo__session_err(again.session), COGO_EAUTH);
    cogo__session_destroy(again.session);
    end(&a, &b);
}

/* A mirror: everything a node says is sent back to it. */
Test(session, a_mirror_is_refused)
{
    side a = {0}, b = {0};
    cogo__session_config o = config_of(&a, true), c = config_of(&b, false);
    c.node = o.node;
    make(&a, &o);
    make(&b, &c);
    (void)move(&a, &b, 64);
    cr_expect_eq(cogo__session_state_of(b.session), COGO__SESSION_CLOSED);
    end(&a, &b);
}

static cogo_err feed(const char *bytes, size_t size)
{
    side b = {0};
    cogo__session_config c = config_of(&b, false);
    make(&b, &c);
    size_t used = cogo__session_input(b.session, (const uint8_t *)bytes, size);
    cogo_err err = cogo__session_err(b.session);
    cr_expect_eq(b.admitted + b.frames, 0);
    cr_expect(used == size || err == COGO_OK);
    cogo__session_destroy(b.session);
    return err;
}

Test(session, strangers_are_cut_off_before_they_cost_anything)
{
    static char big[COGO__FRAME_HELLO_MAX + 8] = {0, 0, 0x10, 1};
    cr_expect_eq(feed("GET / HTTP/1.1\r\n", 16), COGO_EDECODE);
    cr_expect_eq(feed(big, sizeof big), COGO_EDECODE, "longer than a greeting may be");
    cr_expect_eq(feed("\0\0\0\4\x93\x30\1\2", 8), COGO_ESTATE, "PING before the greeting");
    cr_expect_eq(feed("\0\0\0\2\x91\x03", 6), COGO_ESTATE, "PROOF before the greeting");
    cr_expect_eq(feed("\0\0\0\7\x96\x40\1\2\3\4\5", 11), COGO_ESTATE, "newer, but too early");
    cr_expect_eq(feed("\0\0\0", 3), COGO_OK, "nothing to judge yet");
}

Test(session, a_peer_that_greets_twice_or_breaks_a_frame_is_cut_off)
{
    for (int way = 0; way < 2; way++) {
        side a = {0}, b = {0};
        cogo__session_config o = config_of(&a, true), c = config_of(&b, false);
        make(&a, &o);
        make(&b, &c);
        talk(&a, &b, 64);
        cr_assert(is_open(&b));
        const char *bad = way == 0 ? "\0\0\0\2\x91\x03" : "\0\0\0\3\x92\x30\xc0";
        (void)cogo__session_input(b.session, (const uint8_t *)bad, way == 0 ? 6 : 7);
        cr_expect_eq(cogo__session_err(b.session), way == 0 ? COGO_ESTATE : COGO_EDECODE);
        talk(&a, &b, 64);
        cr_expect(cogo__session_closed_by_peer(a.session), "it hears why");
        cr_expect_eq(b.frames, 0);
        end(&a, &b);
    }
}

Test(session, output_is_bounded)
{
    side a = {0}, b = {0};
    cogo__session_config o = config_of(&a, true), c = config_of(&b, false);
    static uint8_t payload[COGO__FRAME_PAYLOAD_MAX];
    cogo__frame user = {.kind = COGO__FRAME_USER,
                        .user = {.to = 1, .type = 1, .payload = {payload, sizeof payload}}};
    make(&a, &o);
    make(&b, &c);
    cr_expect_eq(cogo__session_send(a.session, &user), COGO_ESTATE, "not open yet");
    talk(&a, &b, 64);
    cogo_err err = COGO_OK;
    int sent = 0;
    while ((err = cogo__session_send(a.session, &user)) == COGO_OK && sent < 100) {
        sent++;
    }
    cr_expect_eq(err, COGO_EFULL);
    cr_expect_eq(sent, 15);
    talk(&a, &b, COGO__SESSION_OUT_MAX);
    cr_expect_eq(b.frames, sent);
    cr_expect_eq(cogo__session_send(a.session, &user), COGO_OK, "room again");
    end(&a, &b);
}

Test(session, limits_of_its_own_side_are_checked)
{
    side a = {0};
    char name[COGO__NODE_NAME_MAX + 2];
    cogo__session_config o = config_of(&a, true);
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    o.node = name;
    cr_expect_eq(cogo__session_create(&o, &a.session), COGO_EINVAL);
    o.node = "";
    cr_expect_eq(cogo__session_create(&o, &a.session), COGO_EINVAL);
    o = config_of(&a, true);
    o.secret_size_bytes = COGO__SESSION_SECRET_MIN - 1;
    cr_expect_eq(cogo__session_create(&o, &a.session), COGO_EINVAL);
    o.secret_size_bytes = 4000;
    cr_expect_eq(cogo__session_create(&o, &a.session), COGO_EINVAL);
}

Test(session, a_goodbye_is_heard_without_what_could_fool_a_log)
{
    side a = {0}, b = {0};
    cogo__session_config o = config_of(&a, true), c = config_of(&b, false);
    make(&a, &o);
    make(&b, &c);
    talk(&a, &b, 64);
    cogo__session_close(a.session, COGO_ECLOSED, "leaving\nERROR made up");
    talk(&a, &b, 64);
    cr_expect(cogo__session_closed_by_peer(b.session));
    cr_expect_eq(cogo__session_err(b.session), COGO_ECLOSED);
    cr_expect_str_eq(cogo__session_why(b.session), "leaving?ERROR made up");
    end(&a, &b);
}
