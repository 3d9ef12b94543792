/* Runs a function as an actor: calls that need a cogo_context are tried from there.
 * Used by tests that try one call after the other. Never keeps anything. */
#ifndef TESTS_UNIT_RUNTIME_INSIDE_H
#define TESTS_UNIT_RUNTIME_INSIDE_H

#include "tests/unit/runtime/scene.h"

typedef struct inside_call {
    void (*run)(cogo_context *ctx, void *arg);
    void *arg;
} inside_call;

static cogo_err inside_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    *(inside_call *)state = *(const inside_call *)args;
    return COGO_OK;
}

static cogo_err inside_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    const inside_call *call = state;
    if (cogo_msg_type_of(msg) != SCENE_ASK) {
        return COGO_OK;
    }
    call->run(ctx, call->arg);
    return scene_reply_u64(ctx, msg, 1);
}

static const cogo_behavior inside_behavior = {.struct_size = sizeof(cogo_behavior),
                                              .name = "inside",
                                              .state_size_bytes = sizeof(inside_call),
                                              .start = inside_start,
                                              .receive = inside_receive};

/* Returns when @p run has; the actor has ended then. */
static inline void inside(cogo_system *system, void (*run)(cogo_context *ctx, void *arg),
                          void *arg)
{
    inside_call call = {run, arg};
    cogo_actor_id id = scene_spawn(system, &inside_behavior, &call, sizeof call, 0);
    cr_expect_eq(scene_ask_u64(system, id), 1u);
    cogo_exit_actor(system, id, COGO_EXIT_KILLED, NULL);
    cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, NULL), COGO_OK);
}

#endif
