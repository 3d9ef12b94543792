/* Actors with threads of their own, one after another in the same cells: each is run by its own
 * thread from its start to its stop, and no thread is left over. */
#include "tests/sim/stories.h"

enum { NEXT = COGO_MSG_USER, SPAWNERS = 3, HEIRS = 6 };

typedef struct heir {
    const cogo_context *home; // A thread has one for all its callbacks.
} heir;

static cogo_err heir_start(cogo_context *ctx, void *state, const void *args)
{
    (void)args;
    ((heir *)state)->home = ctx;
    return scenario_maybe(20) ? COGO_EIO : COGO_OK;
}

static cogo_err heir_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)msg;
    scenario_must(((heir *)state)->home == ctx);
    return COGO_EIO;
}

static const cogo_behavior heir_behavior = {
    .struct_size = sizeof heir_behavior,
    .name = "heir",
    .state_size_bytes = sizeof(heir),
    .start = heir_start,
    .receive = heir_receive,
};

typedef struct spawner {
    uint64_t left;
} spawner;

static cogo_err spawner_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    (void)args;
    ((spawner *)state)->left = HEIRS;
    return COGO_OK;
}

/* The next one when the last has ended, or is about to. */
static cogo_err spawner_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)msg;
    spawner *s = state;
    cogo_actor_id id = COGO_NO_ACTOR;
    const cogo_spawn_options options = {.struct_size = sizeof options,
                                        .behavior = &heir_behavior,
                                        .flags = COGO_SPAWN_DETACHED | COGO_SPAWN_MONITOR};
    if (s->left == 0) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, "all were here");
        return COGO_OK;
    }
    s->left--;
    cogo_err err = cogo_spawn(ctx, &options, &id);
    scenario_check(err == COGO_OK, "%s", cogo_strerror(err));
    if (scenario_maybe(30)) {
        cogo_exit_actor(cogo_context_system(ctx), id, COGO_EXIT_SHUTDOWN, "before it begins");
    } else {
        scenario_send(ctx, id, NEXT, 0);
    }
    return COGO_OK;
}

static const cogo_behavior spawner_behavior = {
    .struct_size = sizeof spawner_behavior,
    .name = "spawner",
    .state_size_bytes = sizeof(spawner),
    .start = spawner_start,
    .receive = spawner_receive,
};

void threads_of_heirs(void)
{
    cogo_system *system = scenario_open();
    cogo_actor_id spawners[SPAWNERS];
    for (int i = 0; i < SPAWNERS; i++) {
        spawners[i] = scenario_spawn(system, &spawner_behavior, NULL, 0,
                                     scenario_maybe(50) ? COGO_SPAWN_DETACHED : 0);
        scenario_tell(system, spawners[i], NEXT, 0);
    }
    for (int i = 0; i < SPAWNERS; i++) {
        (void)scenario_await(system, spawners[i]);
    }
    scenario_close(system); // Joins all threads.
}
