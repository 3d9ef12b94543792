/* A system that is stopped in the middle of everything, by two threads, while memory is short:
 * nothing stays, nothing is lost without a count (I4, I11). */
#include "tests/sim/stories.h"

enum { WORK = COGO_MSG_USER, ROOTS = 4, DEPTH_MAX = 3, MESSAGES = 24 };

typedef struct worker {
    uint64_t depth;
} worker;

static cogo_err worker_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(worker));
    return COGO_OK;
}

static cogo_err worker_receive(cogo_context *ctx, void *state, cogo_msg *msg);

static const cogo_behavior worker_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "worker",
    .state_size_bytes = sizeof(worker),
    .start = worker_start,
    .receive = worker_receive,
};

/* Any error is one that a program has to bear: no memory, no place, the system stops. */
static void spawn_below(cogo_context *ctx, const worker *w)
{
    worker child = {w->depth + 1};
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &worker_behavior,
        .args = &child,
        .args_size_bytes = sizeof child,
        .flags = (scenario_maybe(30) ? COGO_SPAWN_LINK : 0u)
                 | (scenario_maybe(30) ? COGO_SPAWN_MONITOR : 0u)
                 | (scenario_maybe(20) ? COGO_SPAWN_DETACHED : 0u),
    };
    if (w->depth < DEPTH_MAX && cogo_spawn(ctx, &options, &id) == COGO_OK) {
        scenario_send(ctx, id, WORK, 0);
    }
}

static cogo_err worker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    worker *w = state;
    uint64_t number = 0;
    cogo_msg *request = NULL;
    cogo_err borne = COGO_OK;
    if (cogo_msg_type_of(msg) != WORK) {
        return COGO_OK;
    }
    switch (scenario_pick(8)) {
    case 0:
        borne = cogo_timer_start(ctx, 1 + scenario_pick(SCENARIO_S), 0, 0, &number);
        break;
    case 1:
        request = scenario_msg(cogo_context_system(ctx), WORK, 0);
        borne = request == NULL ? COGO_ENOMEM
                                : cogo_ask(ctx, cogo_self(ctx), request,
                                           1 + scenario_pick(SCENARIO_S), &number);
        break;
    case 2:
        cogo__sim_busy(scenario_pick(30 * SCENARIO_MS));
        break;
    case 3:
        return COGO_EIO;
    case 4:
        scenario_send(ctx, cogo_self(ctx), WORK, 0);
        break;
    default:
        spawn_below(ctx, w);
        break;
    }
    scenario_check(borne == COGO_OK || borne == COGO_ENOMEM, "%s", cogo_strerror(borne));
    return COGO_OK;
}

static void stopper_main(void *arg)
{
    scenario_sleep(scenario_pick(20 * SCENARIO_MS));
    scenario_feed(); // A signal that finds no memory is not sent: stop() would wait its time
                     // out.
    cogo_err err = cogo_system_stop(arg, SCENARIO_LONG);
    scenario_check(err == COGO_OK, "stop() says: %s", cogo_strerror(err));
}

void stop_anywhere(void)
{
    cogo_system *system = scenario_open();
    cogo_actor_id roots[ROOTS];
    worker root = {0};
    for (int i = 0; i < ROOTS; i++) {
        roots[i] = scenario_spawn(system, &worker_behavior, &root, sizeof root, 0);
    }
    cogo__thread *stoppers[] = {scenario_thread("stopper", stopper_main, system),
                                scenario_thread("stopper", stopper_main, system)};
    scenario_hunger();
    for (int i = 0; i < MESSAGES; i++) {
        scenario_tell(system, roots[scenario_pick(ROOTS)], WORK, 0);
    }
    scenario_join(stoppers[0]);
    scenario_join(stoppers[1]);
    scenario_destroy(system, MESSAGES);
}

void stop_hungry(void)
{
    stop_anywhere();
}
