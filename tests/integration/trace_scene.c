/* Makes each kind of event happen once at least, and prints the trace of it.
 * Used by test_trace.py, which builds it against an installed libcogo. */
#include <cogo/cogo.h>
#include <cogo/observe.h>

#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { GO = COGO_MSG_USER, FAIL, BLOCK, BREED, LANES = 2, CHILDREN = 64, ROUNDS_MAX = 1000 };
#define MS         UINT64_C(1000000)
#define LONG_NS    (30000 * MS)
#define FLOW_TRACE UINT64_C(0xc0ffee)

static sem_t timer_came;

static void block(uint64_t ns)
{
    struct timespec t = {0, (long)ns};
    (void)nanosleep(&t, NULL);
}

static cogo_err work(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    for (uint64_t end = cogo_now_ns(ctx) + MS / 20; cogo_now_ns(ctx) < end;) {
    }
    if (cogo_msg_type_of(msg) == GO) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior worker = {
    .struct_size = sizeof(cogo_behavior), .name = "worker", .receive = work};

/* Fills the queue of its lane, then keeps the lane: the other one has to steal. */
static void breed(cogo_context *ctx)
{
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &worker};
    for (int i = 0; i < CHILDREN; i++) {
        cogo_actor_id id;
        if (cogo_spawn(ctx, &options, &id) == COGO_OK) {
            (void)cogo_send(ctx, id, cogo_msg_create(cogo_context_system(ctx), GO, 0));
        }
    }
    block(2 * MS);
}

static cogo_err obey(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    uint64_t timer;
    cogo_system *system = cogo_context_system(ctx);
    switch (cogo_msg_type_of(msg)) {
    case GO:
        (void)cogo_send(ctx, cogo_name_find(system, "last"), cogo_msg_create(system, FAIL, 0));
        return cogo_timer_start(ctx, MS, 0, 0, &timer);
    case COGO_MSG_TIMER:
        return sem_post(&timer_came) == 0 ? COGO_OK : COGO_EFAULT;
    case FAIL:
        return COGO_EFAULT;
    case BLOCK:
        block(60 * MS);
        return COGO_OK;
    case BREED:
        breed(ctx);
        return cogo_reply(ctx, msg, cogo_msg_create(system, GO, 0));
    default:
        return COGO_OK;
    }
}

static const cogo_behavior obedient = {
    .struct_size = sizeof(cogo_behavior), .name = "obedient", .receive = obey};

static void ask(cogo_system *system, cogo_actor_id id)
{
    cogo_msg *answer = NULL;
    if (cogo_system_ask(system, id, cogo_msg_create(system, BREED, 0), LONG_NS, &answer)
        == COGO_OK) {
        cogo_msg_destroy(answer);
    }
}

static void play(cogo_system *system, cogo_actor_id first, cogo_actor_id last)
{
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_msg *msg = cogo_msg_create(system, GO, 0);
    cogo_msg_set_trace(msg, FLOW_TRACE);
    (void)cogo_system_send(system, first, msg); // It makes `last` fail: exit and restart.
    for (int i = 0; i < ROUNDS_MAX && (stats.steals == 0 || stats.restarts == 0); i++) {
        ask(system, first);
        cogo_system_stats_read(system, &stats);
    }
    (void)sem_wait(&timer_came); // Before it is killed.
    (void)cogo_system_send(system, first, cogo_msg_create(system, BLOCK, 0));
    ask(system, last); // Both lanes had to wake; one was stuck meanwhile.
    ask(system, first);
    cogo_exit_actor(system, first, COGO_EXIT_KILLED, NULL);
    (void)!cogo_system_await(system, first, LONG_NS, NULL);
    (void)cogo_system_send(system, first, cogo_msg_create(system, GO, 0)); // A dead letter.
}

static bool print(void *ctx, const char *bytes, size_t size_bytes)
{
    return fwrite(bytes, 1, size_bytes, ctx) == size_bytes;
}

int main(void)
{
    cogo_system *system = NULL;
    cogo_system_config config = {
        .struct_size = sizeof config, .lane_count = LANES, .stuck_ns = 5 * MS};
    cogo_child_spec child = {
        .id = "last",
        .options = {.struct_size = sizeof child.options, .behavior = &obedient, .name = "last"},
    };
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = &child, .child_count = 1};
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &obedient};
    cogo_actor_id supervisor, first;
    if (sem_init(&timer_came, 0, 0) != 0 || cogo_system_create(&config, &system) != COGO_OK
        || cogo_system_trace_start(system, NULL) != COGO_OK
        || cogo_supervisor_start(system, &spec, &supervisor) != COGO_OK
        || cogo_system_spawn(system, &options, &first) != COGO_OK) {
        return 1;
    }
    cogo_actor_id last = COGO_NO_ACTOR;
    for (int i = 0; i < ROUNDS_MAX && !cogo_actor_id_is_set(last); i++) {
        last = cogo_supervisor_child(system, supervisor, "last");
        block(MS / 10);
    }
    play(system, first, last);
    cogo_err err = cogo_system_stop(system, LONG_NS);
    err = err == COGO_OK ? cogo_system_trace_stop(system) : err;
    err = err == COGO_OK ? cogo_system_trace_write(system, print, stdout) : err;
    cogo_system_destroy(system);
    return err != COGO_OK;
}
