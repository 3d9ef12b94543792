/* What a peer says that knows the secret but not the rules: an older or newer release, a broken
 * one, a stolen key. Nothing is believed without a look; what can't be is refused or ends the
 * link, and the node goes on. */
#include "tests/unit/runtime/rogue.h"

static place node;
static rogue peer;

/* No heartbeat disturbs: a test may be slow. */
static void open_node(uint32_t heartbeat_ms)
{
    cogo_node_config config = cluster_config("node");
    config.heartbeat_ms = heartbeat_ms;
    config.window_bytes = 524288;
    config.message_bytes = 1000000;
    place_open(&node, config, NULL);
}

static cogo__wire_actor wire_of(cogo_actor_id id)
{
    return (uint64_t)id.generation << 32 | id.slot;
}

static cogo_value text(const char *bytes)
{
    return (cogo_value){(const uint8_t *)bytes, strlen(bytes)};
}

/* The link ends because of this one frame, and another may come. */
static void expect_cut_off(uint32_t connection, const cogo__frame *frame)
{
    rogue_open(&peer, &node);
    rogue_say(&peer, connection, frame);
    while (rogue_hear(&peer, connection)) {
    }
    sem_wait(&node.downs);
    rogue_close(&peer);
}

Test(node_wire, frames_that_break_the_rules_end_the_link)
{
    open_node(60000);
    const cogo__frame wrong[] = {
        {.kind = COGO__FRAME_CREDIT, .credit = {1, 0}},
        {.kind = COGO__FRAME_FIRST, .first = {.total_bytes = 10, .payload = text("1")}},
        {.kind = COGO__FRAME_FIRST,
         .first = {.stream = 1, .total_bytes = 1, .payload = text("more than that")}},
        {.kind = COGO__FRAME_TYPE, .type = {.number = 3, .name = text("low")}},
        {.kind = COGO__FRAME_TYPE, .type = {.number = UINT32_MAX, .name = text("")}},
        {.kind = COGO__FRAME_EXIT, .exit = {.from = 5, .to = 6, .reason = 999}},
        {.kind = COGO__FRAME_DOWN, .exit = {.from = 5, .to = 6, .reason = 999}},
        {.kind = COGO__FRAME_LINK, .link = {.from = 0, .to = 6, .number = 1}},
        {.kind = COGO__FRAME_MONITOR, .link = {.from = 6, .to = 6, .number = 0}},
        {.kind = COGO__FRAME_PING, .ping = {1, 0, 0}},
        {.kind = COGO__FRAME_JOIN, .group = {0, text("app"), text("of nobody"), 0}},
        {.kind = COGO__FRAME_JOIN, .group = {UINT32_MAX, text("app"), text("of an alias"), 0}},
        {.kind = COGO__FRAME_JOIN, .group = {6, text("\x01other"), text("inside"), 0}},
        {.kind = COGO__FRAME_LEAVE, .group = {6, text("app"), {(const uint8_t *)"a\0b", 3}, 0}},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (cogo__frame_bound(&wrong[i]) != 0 && i != 4) {
            expect_cut_off(COGO__DATA, &wrong[i]);
        }
    }
    const cogo__frame control[] = {
        {.kind = COGO__FRAME_CREDIT, .credit = {7, 0}},
        {.kind = COGO__FRAME_CREDIT, .credit = {1, 1000}},
        {.kind = COGO__FRAME_USER, .user = {.to = 5, .type = 1}},
    };
    for (size_t i = 0; i < sizeof control / sizeof *control; i++) {
        expect_cut_off(COGO__CONTROL, &control[i]);
    }
    (void)cluster_echo(&node, "still here");
    place_close(&node);
}

/* The peer is told what was not delivered, with a reason. */
static void expect_nack(const cogo__frame *frame, cogo_err code)
{
    rogue_say(&peer, COGO__DATA, frame);
    cr_expect(rogue_await(&peer, COGO__DATA, COGO__FRAME_NACK));
    cr_expect_eq(peer.frame.nack.code, code, "%s, not %s",
                 cogo_strerror((cogo_err)peer.frame.nack.code), cogo_strerror(code));
}

Test(node_wire, messages_that_can_not_be_taken_in_are_refused_with_a_reason)
{
    open_node(60000);
    cogo__wire_actor echo = wire_of(cluster_echo(&node, "echo"));
    const cogo__wire_actor the_node = UINT64_C(1) << 32;
    rogue_open(&peer, &node);
    cogo__frame f = {.kind = COGO__FRAME_USER, .user = {.to = echo, .type = 5000}};
    expect_nack(&f, COGO_ENOTFOUND); // A type that was not announced.
    f.user.type = COGO_MSG_NAME;
    expect_nack(&f, COGO_EINVAL); // A question for a name is for the node.
    f.user.to = the_node;
    expect_nack(&f, COGO_EINVAL); // It asks nothing.
    f.user.type = COGO_MSG_BYTES;
    f.user.ask = 9;
    expect_nack(&f, COGO_EINVAL);
    f.user.asker = text("elsewhere");
    f.user.to = echo;
    expect_nack(&f, COGO_EUNSUPPORTED); // For a third node.
    char long_name[300];
    memset(long_name, 'n', sizeof long_name);
    f.user = (cogo__frame_user){.to = the_node,
                                .type = COGO_MSG_NAME,
                                .ask = 4,
                                .payload = {(const uint8_t *)long_name, sizeof long_name}};
    expect_nack(&f, COGO_EINVAL);
    f = (cogo__frame){.kind = COGO__FRAME_FIRST,
                      .first = {.stream = 1,
                                .total_bytes = 2000000,
                                .to = echo,
                                .type = COGO_MSG_BYTES,
                                .payload = text("x")}};
    expect_nack(&f, COGO_ELIMIT); // Larger than messages may be.
    f.first.asker = text("elsewhere");
    f.first.total_bytes = 20;
    expect_nack(&f, COGO_ELIMIT);
    f.first.asker = (cogo_value){NULL, 0};
    for (int i = 0; i <= 16; i++) { // More large ones at a time than there is room for.
        f.first.stream = (uint64_t)i + 1;
        f.first.total_bytes = 400000;
        if (i < 16) {
            rogue_say(&peer, COGO__DATA, &f);
        }
    }
    expect_nack(&f, COGO_ELIMIT);
    const cogo__frame parts[] = {
        {.kind = COGO__FRAME_PART, .part = {.stream = 0, .payload = text("of none")}},
        {.kind = COGO__FRAME_PART, .part = {.stream = 99, .payload = text("of one refused")}},
    };
    rogue_say(&peer, COGO__DATA, &parts[0]);
    rogue_say(&peer, COGO__DATA, &parts[1]);
    f = (cogo__frame){.kind = COGO__FRAME_USER,
                      .user = {.to = the_node, .type = COGO_MSG_NAME, .ask = 5}};
    rogue_say(&peer, COGO__DATA, &f); // A question without a name has an answer: nobody.
    cr_expect(rogue_await(&peer, COGO__DATA, COGO__FRAME_USER));
    cr_expect_eq(peer.frame.user.type, COGO_MSG_NAME);
    rogue_close(&peer);
    place_close(&node);
}

/* Who relates to an actor that is gone hears so at once, as on one node. */
Test(node_wire, relations_with_nobody_are_answered)
{
    open_node(60000);
    rogue_open(&peer, &node);
    cogo__wire_actor gone = UINT64_C(777) << 32 | 5;
    cogo__frame f = {.kind = COGO__FRAME_MONITOR, .link = {.from = 6, .to = gone, .number = 1}};
    rogue_say(&peer, COGO__DATA, &f);
    cr_expect(rogue_await(&peer, COGO__DATA, COGO__FRAME_DOWN));
    cr_expect_eq(peer.frame.exit.reason, COGO_EXIT_NOPROC);
    f.kind = COGO__FRAME_LINK;
    rogue_say(&peer, COGO__DATA, &f);
    cr_expect(rogue_await(&peer, COGO__DATA, COGO__FRAME_EXIT));
    cr_expect_eq(peer.frame.exit.reason, COGO_EXIT_NOPROC);
    f.kind = COGO__FRAME_UNLINK;
    rogue_say(&peer, COGO__DATA, &f);
    cr_expect(rogue_await(&peer, COGO__DATA, COGO__FRAME_UNLINKED));
    f.kind = COGO__FRAME_UNLINKED; // Of a link that nobody made; and so on.
    rogue_say(&peer, COGO__DATA, &f);
    f.kind = COGO__FRAME_DEMONITOR;
    rogue_say(&peer, COGO__DATA, &f);
    f.kind = COGO__FRAME_FORGET;
    rogue_say(&peer, COGO__DATA, &f);
    f = (cogo__frame){.kind = COGO__FRAME_DOWN,
                      .exit = {.from = 6, .to = gone, .number = 12345, .err = 999}};
    rogue_say(&peer, COGO__DATA, &f);
    f.kind = COGO__FRAME_EXIT;
    rogue_say(&peer, COGO__DATA, &f);
    f = (cogo__frame){.kind = COGO__FRAME_NACK, .nack = {.code = 0, .type = 7, .ask = 0}};
    rogue_say(&peer, COGO__DATA, &f);
    f.nack.code = 999;
    f.nack.ask = 123456789;
    rogue_say(&peer, COGO__DATA, &f);
    f = (cogo__frame){.kind = COGO__FRAME_SPAWNED, .spawned = {.request = 4, .err = 999}};
    rogue_say(&peer, COGO__DATA, &f);
    f.spawned = (cogo__frame_spawned){.request = 4, .actor = gone};
    rogue_say(&peer, COGO__DATA, &f); // Nobody asked for that one: it is told to end.
    cr_expect(rogue_await(&peer, COGO__DATA, COGO__FRAME_EXIT));
    cr_expect_eq(peer.frame.exit.to, gone);
    cr_expect_eq(peer.frame.exit.reason, COGO_EXIT_KILLED);
    rogue_close(&peer);
    place_close(&node);
}

static void expect_not_spawned(const cogo__frame_spawn *spawn, cogo_err err)
{
    cogo__frame f = {.kind = COGO__FRAME_SPAWN, .spawn = *spawn};
    f.spawn.request = 1;
    rogue_say(&peer, COGO__DATA, &f);
    cr_expect(rogue_await(&peer, COGO__DATA, COGO__FRAME_SPAWNED));
    cr_expect_eq(peer.frame.spawned.err, err);
    cr_expect_eq(peer.frame.spawned.actor, 0u);
}

Test(node_wire, actors_that_may_not_begin_here_do_not)
{
    open_node(60000);
    rogue_open(&peer, &node);
    cogo_value with_nul = {(const uint8_t *)"a\0b", 3};
    cogo__frame_spawn s = {.behavior = text("nobody offers this")};
    expect_not_spawned(&s, COGO_ENOTFOUND);
    s.flags = UINT32_MAX;
    expect_not_spawned(&s, COGO_EINVAL);
    s.flags = COGO_SPAWN_LINK; // With whom is not said.
    expect_not_spawned(&s, COGO_EINVAL);
    s.flags = 0;
    s.pressure = COGO_PRESSURE_DIVERT;
    expect_not_spawned(&s, COGO_EINVAL);
    s.pressure = 0;
    s.name = with_nul;
    cogo__frame f = {.kind = COGO__FRAME_SPAWN, .spawn = s};
    if (cogo__frame_bound(&f) != 0) {
        expect_not_spawned(&s, COGO_EINVAL);
    }
    rogue_close(&peer);
    place_close(&node);
}

/* The first connection answers for the others: it is kept alive by any word. */
Test(node_wire, control_frames_are_answered_or_passed_over)
{
    open_node(60000);
    rogue_open(&peer, &node);
    cogo__frame f = {.kind = COGO__FRAME_PROBE, .probe = {1, 0, text("third")}};
    rogue_say(&peer, COGO__CONTROL, &f);
    f.kind = COGO__FRAME_PROBED;
    rogue_say(&peer, COGO__CONTROL, &f);
    f = (cogo__frame){.kind = COGO__FRAME_PONG, .ping = {1, UINT64_MAX, 0}};
    rogue_say(&peer, COGO__CONTROL, &f); // Answers what will be asked.
    f.kind = COGO__FRAME_CREDIT;
    f.credit = (cogo__frame_credit){1, 0};
    rogue_say(&peer, COGO__CONTROL, &f);
    f = (cogo__frame){.kind = COGO__FRAME_PING, .ping = {42, 1, 0}};
    rogue_say(&peer, COGO__CONTROL, &f);
    cr_expect(rogue_await(&peer, COGO__CONTROL, COGO__FRAME_PONG));
    cr_expect_eq(peer.frame.ping.number, 42u);
    rogue_close(&peer);
    place_close(&node);
}

/* A peer that hangs but keeps its sockets open. */
Test(node_wire, a_silent_peer_is_given_up)
{
    open_node(20);
    peer.heartbeat_ms = 20;
    rogue_open(&peer, &node);
    sem_wait(&node.downs);
    rogue_close(&peer);
    place_close(&node);
}

static sem_t held, let_go;

static cogo_err hold_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    sem_post(&held);
    sem_wait(&let_go);
    return COGO_OK;
}

static const cogo_behavior holder = {
    .struct_size = sizeof holder, .name = "holder", .receive = hold_receive};

/* Its credit is what our actors have handled: who sends beyond it is not served. */
Test(node_wire, a_peer_that_sends_beyond_its_credit_is_cut_off)
{
    static uint8_t bytes[60000];
    open_node(60000);
    sem_init(&held, 0, 0);
    sem_init(&let_go, 0, 0);
    cogo_actor_id id = scene_spawn(node.system, &holder, NULL, 0, COGO_SPAWN_DETACHED);
    rogue_open(&peer, &node);
    cogo__frame f = {
        .kind = COGO__FRAME_USER,
        .user = {.to = wire_of(id), .type = COGO_MSG_BYTES, .payload = {bytes, sizeof bytes}}};
    rogue_say(&peer, COGO__DATA, &f);
    sem_wait(&held);
    for (int i = 0; i < 12; i++) {
        rogue_say(&peer, COGO__DATA, &f);
    }
    while (rogue_hear(&peer, COGO__DATA)) {
    }
    sem_wait(&node.downs);
    for (int i = 0; i < 20; i++) {
        sem_post(&let_go);
    }
    rogue_close(&peer);
    place_close(&node);
    sem_destroy(&held);
    sem_destroy(&let_go);
}

/* The same peer twice, a second data connection, data before control. */
Test(node_wire, connections_that_belong_to_no_link_are_refused)
{
    static rogue other;
    open_node(60000);
    other = (rogue){.found = false};
    cr_expect_not(rogue_connect(&other, &node, "rogue", COGO__DATA));
    cr_expect_eq(cogo__session_err(other.sessions[COGO__DATA]), COGO_ESTATE);
    rogue_close(&other);
    rogue_open(&peer, &node);
    cr_expect_not(rogue_connect(&other, &node, "rogue", COGO__DATA));
    rogue_close(&other);
    cr_expect_not(rogue_connect(&other, &node, "rogue", COGO__CONTROL));
    cr_expect_eq(cogo__session_err(other.sessions[COGO__CONTROL]), COGO_EEXIST);
    rogue_close(&other);
    rogue_close(&peer);
    place_close(&node);
}
