/* What most tests of the runtime begin and end with.
 * Used by the tests of this folder.
 * Never sleeps: every wait is for an event, with a long limit. */
#ifndef TESTS_UNIT_RUNTIME_SCENE_H
#define TESTS_UNIT_RUNTIME_SCENE_H

#include "tests/unit/test.h"

#include <cogo/cogo.h>

#include <string.h>

enum { SCENE_ASK = COGO_MSG_USER + 1000 };
#define SCENE_LONG_NS UINT64_C(60000000000)
#define SCENE_MS      UINT64_C(1000000)

static inline cogo_system *scene_open(uint32_t lanes)
{
    cogo_system *system = NULL;
    cogo_system_config config = {.struct_size = sizeof config, .lane_count = lanes};
    cr_expect_eq(cogo_system_create(&config, &system), COGO_OK);
    return system;
}

/* Stops and destroys; nothing that was sent may be unaccounted for. */
static inline void scene_close(cogo_system *system)
{
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cr_expect_eq(cogo_system_stop(system, SCENE_LONG_NS), COGO_OK);
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.actors, 0u);
    cr_expect_eq(stats.timers, 0u);
    cr_expect_eq(stats.messages_sent,
                 stats.messages_handled + stats.dead_letters + stats.mailbox_depth);
    cr_expect_eq(stats.mailbox_depth, 0u);
    uint64_t dead = 0;
    for (int i = 0; i < COGO_DEAD_REASONS; i++) {
        dead += stats.dead_letters_by[i];
    }
    cr_expect_eq(stats.dead_letters, dead);
    cogo_system_destroy(system);
}

static inline cogo_actor_id scene_spawn(cogo_system *system, const cogo_behavior *behavior,
                                        const void *args, size_t args_size, uint32_t flags)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = behavior,
        .args = args,
        .args_size_bytes = args_size,
        .flags = flags,
    };
    cr_expect_eq(cogo_system_spawn(system, &options, &id), COGO_OK);
    return id;
}

/* For handlers of SCENE_ASK. */
static inline cogo_err scene_reply_u64(cogo_context *ctx, const cogo_msg *request,
                                       uint64_t value)
{
    cogo_msg *answer = cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, sizeof value);
    if (answer == NULL) {
        return COGO_ENOMEM;
    }
    memcpy(cogo_msg_payload(answer), &value, sizeof value);
    (void)cogo_reply(ctx, request, answer); // Who asked may have given up.
    return COGO_OK;
}

/* Sends SCENE_ASK and waits; UINT64_MAX on failure. All sent before it has been handled
 * then. */
static inline uint64_t scene_ask_u64(cogo_system *system, cogo_actor_id to)
{
    cogo_msg *answer = NULL;
    uint64_t value = UINT64_MAX;
    cogo_err err = cogo_system_ask(system, to, cogo_msg_create(system, SCENE_ASK, 0),
                                   SCENE_LONG_NS, &answer);
    if (err == COGO_OK) {
        memcpy(&value, cogo_msg_payload(answer), sizeof value);
        cogo_msg_destroy(answer);
    }
    return value;
}

static inline cogo_msg *scene_msg_u64(cogo_system *system, cogo_msg_type type, uint64_t value)
{
    cogo_msg *msg = cogo_msg_create(system, type, sizeof value);
    memcpy(cogo_msg_payload(msg), &value, sizeof value);
    return msg;
}

static inline uint64_t scene_u64(cogo_msg *msg)
{
    uint64_t value = 0;
    memcpy(&value, cogo_msg_payload(msg), sizeof value);
    return value;
}

#endif
