/* Units of a tree of supervisors, which write down what happens to them, and specs of them. */
#ifndef TESTS_UNIT_RUNTIME_TREE_H
#define TESTS_UNIT_RUNTIME_TREE_H

#include "tests/unit/runtime/scene.h"

#include <stdatomic.h>

enum { FAIL = COGO_MSG_USER, WELL, PUT, HOLD, STUBBORN };

/* What the actors of one test write down. */
typedef struct log {
    _Atomic(uint32_t) starts, stops, puts, disorder, fails, held;
    _Atomic(uint32_t) release;
    _Atomic(uint64_t) last;
    _Atomic(uint32_t) ended[8]; /**< Kinds of reasons. */
} log;

static inline uint32_t seen(_Atomic(uint32_t) *n)
{
    return atomic_load_explicit(n, memory_order_acquire);
}

static inline void add(_Atomic(uint32_t) *n)
{
    (void)atomic_fetch_add_explicit(n, 1, memory_order_acq_rel);
}

typedef struct unit {
    log *log;
    bool stubborn;
} unit;

static inline cogo_err unit_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    unit *u = state;
    memcpy(&u->log, args, sizeof(log *));
    add(&u->log->starts);
    return COGO_OK;
}

static inline cogo_err unit_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    unit *u = state;
    switch (cogo_msg_type_of(msg)) {
    case PUT: {
        uint64_t value = scene_u64(msg);
        uint64_t last = atomic_exchange_explicit(&u->log->last, value, memory_order_acq_rel);
        if (value <= last) {
            add(&u->log->disorder);
        }
        add(&u->log->puts);
        return COGO_OK;
    }
    case HOLD: // Until the test has seen it here and lets it go on.
        add(&u->log->held);
        while (seen(&u->log->release) == 0) {
        }
        return COGO_OK;
    case STUBBORN: // Ends for KILLED only.
        cogo_trap_exit(ctx, true);
        return COGO_OK;
    case WELL:
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
        return COGO_OK;
    case FAIL:
        add(&u->log->fails);
        return COGO_EIO;
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, seen(&u->log->puts));
    default:
        return COGO_OK;
    }
}

static inline void unit_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)ctx;
    unit *u = state;
    add(&u->log->stops);
    add(&u->log->ended[reason->kind]);
}

static const cogo_behavior unit_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "unit",
    .state_size_bytes = sizeof(unit),
    .start = unit_start,
    .receive = unit_receive,
    .stop = unit_stop,
};

static inline cogo_child_spec unit_child(const char *id, log **l, cogo_restart restart)
{
    return (cogo_child_spec){
        .id = id,
        .options = {.struct_size = sizeof(cogo_spawn_options),
                    .behavior = &unit_behavior,
                    .args = l,
                    .args_size_bytes = sizeof *l},
        .restart = restart,
    };
}

static inline cogo_child_spec tree_child(const char *id, const cogo_supervisor_spec *spec)
{
    return (cogo_child_spec){
        .id = id,
        .options = {.struct_size = sizeof(cogo_spawn_options),
                    .behavior = cogo_supervisor_behavior(),
                    .args = spec,
                    .args_size_bytes = sizeof *spec},
    };
}

static inline cogo_supervisor_spec spec_of(cogo_strategy strategy,
                                           const cogo_child_spec *children, size_t count)
{
    return (cogo_supervisor_spec){.struct_size = sizeof(cogo_supervisor_spec),
                                  .strategy = strategy,
                                  .intensity = 3,
                                  .period_ns = SCENE_LONG_NS,
                                  .children = children,
                                  .child_count = count};
}

static inline cogo_actor_id start(cogo_system *system, const cogo_supervisor_spec *spec)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cr_expect_eq(cogo_supervisor_start(system, spec, &id), COGO_OK);
    return id;
}

static inline cogo_child_answer order(cogo_system *system, cogo_actor_id sup,
                                      cogo_child_order o)
{
    cogo_child_answer answer = {.err = COGO_EFAULT};
    o.struct_size = sizeof o;
    cogo_err err =
        cogo_system_supervisor_order(system, sup, &o, SCENE_LONG_NS, &answer, NULL, 0);
    cr_expect_eq(err, answer.err);
    return answer;
}

static inline void wait_for(_Atomic(uint32_t) *n, uint32_t least)
{
    while (seen(n) < least) {
    }
}

#endif
