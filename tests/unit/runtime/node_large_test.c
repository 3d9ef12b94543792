/* Payloads that are written from where they lie and read to where they stay: they arrive as
 * they were sent, in order with all others, however the bytes are cut, and none is left when a
 * link ends in the middle of one. */
#include "tests/unit/runtime/rogue.h"

enum { SIZES = 12, SENT = 400, WINDOW = 67108864, SMALL_BUFFER = 16384 };

static place node;
static rogue peer;
static uint8_t payload[COGO__FRAME_PAYLOAD_MAX];

/* Around the limits from which on they are not copied, and small ones between. */
static size_t size_of(uint64_t number)
{
    static const size_t sizes[SIZES] = {65536, 65536, 9,     16384, 16383, 65535,
                                        32768, 32767, 40000, 8,     65536, 30000};
    return sizes[number % SIZES];
}

static void fill(uint8_t *bytes, uint64_t number)
{
    size_t size = size_of(number);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(number * 31 + i * 7 + i / 251);
    }
    memcpy(bytes, &number, sizeof number);
}

/* Is it number @p number, and whole? */
static bool is_right(const uint8_t *bytes, size_t size, uint64_t number)
{
    static uint8_t wanted[COGO__FRAME_PAYLOAD_MAX];
    fill(wanted, number);
    return size == size_of(number) && memcmp(bytes, wanted, size) == 0;
}

typedef struct checker {
    uint64_t count, wrong;
} checker;

static sem_t done;

static cogo_err check(cogo_context *ctx, void *state, cogo_msg *msg)
{
    checker *c = state;
    (void)ctx;
    c->wrong += !is_right(cogo_msg_payload(msg), cogo_msg_size(msg), c->count);
    if (++c->count == SENT) {
        cr_expect_eq(c->wrong, 0u);
        sem_post(&done);
    }
    return COGO_OK;
}

static const cogo_behavior checker_behavior = {.struct_size = sizeof(cogo_behavior),
                                               .name = "checker",
                                               .state_size_bytes = sizeof(checker),
                                               .receive = check};

static void open_node(void)
{
    cogo_node_config config = cluster_config("node");
    config.heartbeat_ms = 60000;
    config.window_bytes = config.queue_bytes = WINDOW;
    peer = (rogue){.window_bytes = WINDOW, .buffer_bytes = SMALL_BUFFER};
    sem_init(&done, 0, 0);
    place_open(&node, config, NULL);
    rogue_open(&peer, &node);
}

static void close_node(void)
{
    place_close(&node);
    sem_destroy(&done);
}

static cogo__frame frame_to(cogo_actor_id id, uint64_t number)
{
    fill(payload, number);
    return (cogo__frame){.kind = COGO__FRAME_USER,
                         .user = {.to = (uint64_t)id.generation << 32 | id.slot,
                                  .type = COGO_MSG_BYTES,
                                  .payload = {payload, size_of(number)}}};
}

/* Its first bytes, and then pieces of @p step. */
static void say_in_pieces(const cogo__frame *frame, size_t first, size_t step)
{
    size_t size = 0;
    cr_expect_eq(cogo__session_send(peer.sessions[COGO__DATA], frame), COGO_OK);
    const uint8_t *bytes = cogo__session_output(peer.sessions[COGO__DATA], &size);
    for (size_t at = 0; at < size;) {
        size_t wanted = at == 0 ? first : step;
        ssize_t put = send(peer.fds[COGO__DATA], bytes + at,
                           size - at < wanted ? size - at : wanted, MSG_NOSIGNAL);
        cr_assert_gt(put, 0);
        at += (size_t)put;
        sched_yield();
    }
    cogo__session_sent(peer.sessions[COGO__DATA], size);
}

Test(node_large, payloads_are_read_whole_and_in_order_however_they_are_cut)
{
    open_node();
    cogo_actor_id id = scene_spawn(node.system, &checker_behavior, NULL, 0, 0);
    for (uint64_t i = 0; i < SENT; i++) {
        cogo__frame frame = frame_to(id, i);
        say_in_pieces(&frame, 1 + i * 3 % 50, i % 3 == 0 ? 70000 : 5000 + i * 97);
    }
    sem_wait(&done);
    rogue_close(&peer);
    close_node();
}

/* The rest of one follows when it was seen that it can't be placed, or for whom it is. */
Test(node_large, what_can_not_be_taken_in_is_refused_when_it_has_come)
{
    open_node();
    cogo_actor_id id = scene_spawn(node.system, &checker_behavior, NULL, 0, 0);
    cogo__frame frame = frame_to(id, 0);
    for (int i = 0; i < 2; i++) {
        frame.user.type = 5000; // Was not announced.
        say_in_pieces(&frame, 45, 30000);
        cr_assert(rogue_await(&peer, COGO__DATA, COGO__FRAME_NACK));
        cr_expect_eq(peer.frame.nack.code, (uint64_t)COGO_ENOTFOUND);
    }
    frame.user.type = COGO_MSG_BYTES;
    frame.user.to = UINT64_C(1) << 32; // The node, which answers one thing only.
    say_in_pieces(&frame, 45, 30000);
    cr_assert(rogue_await(&peer, COGO__DATA, COGO__FRAME_NACK));
    cr_expect_eq(peer.frame.nack.code, (uint64_t)COGO_EINVAL);
    rogue_close(&peer);
    close_node();
}

Test(node_large, a_link_that_ends_within_a_payload_leaves_nothing)
{
    open_node();
    cogo_actor_id id = scene_spawn(node.system, &checker_behavior, NULL, 0, 0);
    cogo__frame frame = frame_to(id, 0);
    const uint8_t *bytes = NULL;
    size_t size = 0;
    cr_expect_eq(cogo__session_send(peer.sessions[COGO__DATA], &frame), COGO_OK);
    bytes = cogo__session_output(peer.sessions[COGO__DATA], &size);
    cr_expect_eq(send(peer.fds[COGO__DATA], bytes, 20000, MSG_NOSIGNAL), 20000);
    rogue_close(&peer);
    sem_wait(&node.downs);
    close_node();
}

/* --- Written. ---------------------------------------------------------------------------- */

static void send_all(uint64_t count)
{
    uint32_t index = cogo_node_find(node.system, "rogue");
    const cogo_actor_id to = {index, 77, 5, 1};
    cr_assert_neq(index, 0u);
    for (uint64_t i = 0; i < count; i++) {
        cogo_msg *msg = cogo_msg_create(node.system, COGO_MSG_BYTES, size_of(i));
        fill(cogo_msg_payload(msg), i);
        cr_expect_eq(cogo_system_send(node.system, to, msg), COGO_OK);
    }
}

static uint64_t heard, misheard;

static bool is_last(const cogo__frame *frame)
{
    misheard += !is_right(frame->user.payload.data, frame->user.payload.size_bytes, heard);
    return ++heard == SENT;
}

/* More than the socket takes: writing goes on in the middle of a payload. */
Test(node_large, payloads_are_written_whole_and_in_order_to_a_slow_reader)
{
    open_node();
    send_all(SENT);
    heard = misheard = 0;
    peer.fits = is_last;
    cr_expect(rogue_await(&peer, COGO__DATA, COGO__FRAME_USER));
    cr_expect_eq(misheard, 0u);
    rogue_close(&peer);
    close_node();
}

Test(node_large, a_link_that_ends_while_payloads_wait_to_be_written_leaves_none)
{
    open_node();
    send_all(SENT);
    rogue_close(&peer);
    sem_wait(&node.downs);
    close_node();
}
