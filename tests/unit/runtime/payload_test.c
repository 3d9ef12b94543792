/* Payloads that many messages share. */
#include "tests/unit/runtime/scene.h"

enum { PICTURE = COGO_MSG_USER, SIZE = 1 << 20, READERS = 50 };

typedef struct reader {
    uint64_t sum;
    const void *at;
} reader;

static cogo_err reader_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    reader *r = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, r->sum);
    }
    const unsigned char *bytes = cogo_msg_payload(msg);
    r->sum += (uint64_t)cogo_msg_size(msg) + bytes[SIZE - 1];
    r->at = bytes;
    cr_expect(cogo_payload_data(cogo_msg_shared(msg)) == bytes);
    return COGO_OK;
}

static const cogo_behavior reader_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "reader",
    .state_size_bytes = sizeof(reader),
    .receive = reader_receive,
};

/* One picture for fifty viewers: one megabyte, not fifty. (That it is freed once, and only
 * after the last of them, is what the sanitizer builds look at.) */
Test(payload, many_receivers_read_the_same_bytes)
{
    cogo_system *system = scene_open(2);
    cogo_payload *picture = cogo_payload_create(system, SIZE);
    cr_assert(picture != NULL);
    memset(cogo_payload_data(picture), 7, SIZE);
    cogo_actor_id readers[READERS];
    for (int i = 0; i < READERS; i++) {
        readers[i] = scene_spawn(system, &reader_behavior, NULL, 0, 0);
        cogo_msg *msg = cogo_msg_create_shared(system, PICTURE, picture);
        cr_expect_eq(cogo_msg_payload(msg), cogo_payload_data(picture));
        cr_expect_eq(cogo_system_send(system, readers[i], msg), COGO_OK);
    }
    cogo_payload_drop(picture);
    for (int i = 0; i < READERS; i++) {
        cr_expect_eq(scene_ask_u64(system, readers[i]), (uint64_t)SIZE + 7);
    }
    scene_close(system);
}

Test(payload, one_that_was_never_sent_goes_with_its_last_hold)
{
    cogo_system *system = scene_open(1);
    cogo_payload *payload = cogo_payload_create(system, 100);
    cogo_msg *msg = cogo_msg_create_shared(system, PICTURE, payload);
    cogo_payload *again = cogo_payload_hold(payload);
    cr_expect_eq(cogo_payload_size(again), 100u);
    cogo_payload_drop(payload);
    cogo_msg_destroy(msg);
    cogo_payload_drop(again);
    cr_expect_eq(cogo_msg_create_shared(system, PICTURE, NULL), NULL);
    msg = cogo_msg_create(system, PICTURE, 0);
    cr_expect_eq(cogo_msg_shared(msg), NULL);
    cogo_msg_destroy(msg);
    scene_close(system);
}
