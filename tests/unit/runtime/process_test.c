/* Child processes: this very program, started anew. Its actors crash there in all ways, and
 * here it is an end like any other. */
#include "tests/unit/runtime/stage.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { LIMITS_WORK = 0 }; /* A sanitizer needs terabytes of addresses. */
#else
enum { LIMITS_WORK = 1 };
#endif

#define PARENT_VARIABLE "COGO_TEST_PARENT"

/* A process that ends without exit(), as these do, would lose what was counted of its lines. */
#if defined(TEST_COVERAGE)
void __gcov_dump(void);

static void keep_counts(void)
{
    __gcov_dump();
}

/* In place of the C library's: how the handler of last words ends. */
int raise(int number)
{
    keep_counts();
    return tgkill(getpid(), gettid(), number);
}
#else
static void keep_counts(void)
{
}
#endif

static _Noreturn void leave(int code)
{
    keep_counts();
    _exit(code);
}

/* A sanitizer would see it coming. */
static __attribute__((noinline, no_sanitize("undefined", "address"))) void fault(void)
{
    static volatile int *volatile nowhere;
    *nowhere = 1;
}

static void eat(void)
{
    for (;;) {
        char *block = malloc(16 << 20);
        if (block == NULL) {
            abort(); // As programs do that can't go on.
        }
        memset(block, 1, 16 << 20);
    }
}

static cogo_err victim_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    echo *e = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, (uint64_t)getpid());
    }
    if (cogo_msg_type_of(msg) == CLUSTER_COUNT) {
        return echo_receive(ctx, e, msg);
    }
    if (cogo_msg_type_of(msg) == CLUSTER_ECHO) {
        return scene_reply_u64(ctx, msg, e->disorder != 0 ? UINT64_MAX - 1 : e->count);
    }
    if (cogo_msg_type_of(msg) != VICTIM_DIE) {
        return COGO_OK;
    }
    switch (scene_u64(msg)) {
    case BY_FAULT:
        fault();
        break;
    case BY_ABORT:
        abort();
    case BY_EXIT:
        leave(3);
    case BY_KILL:
        (void)kill(getpid(), SIGKILL);
        break;
    case BY_HUNGER:
        eat();
        break;
    case STANDING_STILL:
        (void)kill(getpid(), SIGSTOP);
        break;
    case CUT_OFF: // Its link ends, and it goes on.
        (void)shutdown(3, SHUT_RDWR);
        (void)shutdown(4, SHUT_RDWR);
        (void)pause();
        break;
    default:
        return COGO_EIO;
    }
    return COGO_OK;
}

const cogo_behavior victim = {
    .struct_size = sizeof(cogo_behavior),
    .name = "victim",
    .state_size_bytes = sizeof(echo),
    .receive = victim_receive,
};

/* Also where no test runs. */
cogo_err victim_set_up(cogo_system *system, void *arg)
{
    static const cogo_type types[] = {
        {sizeof(cogo_type), SCENE_ASK, "scene.ask", NULL},
        {sizeof(cogo_type), CLUSTER_ECHO, "cluster.echo", NULL},
        {sizeof(cogo_type), CLUSTER_COUNT, "cluster.count", NULL},
        {sizeof(cogo_type), VICTIM_DIE, "victim.die", NULL},
    };
    (void)arg;
    if (getenv(VICTIM_FAILS) != NULL) {
        return COGO_EIO;
    }
    cogo_err err = cogo_behavior_register(system, &victim, NULL);
    for (size_t i = 0; err == COGO_OK && i < sizeof types / sizeof *types; i++) {
        err = cogo_type_register(system, &types[i]);
    }
    return err;
}

/* A parent that is killed itself: it says who its child is, and waits. */
static void be_parent(void)
{
    cogo_system *system = NULL;
    const cogo_system_config one = {.struct_size = sizeof one, .lane_count = 1};
    const cogo_node_config config = {.struct_size = sizeof config, .name = "parent"};
    const cogo_process_pool pool = {.struct_size = sizeof pool, .name = "p"};
    const cogo_spawn_options options = {
        .struct_size = sizeof options, .behavior = &victim, .placement = "process:p"};
    cogo_actor_id id = COGO_NO_ACTOR;
    if (cogo_system_create(&one, &system) != COGO_OK || victim_set_up(system, NULL) != COGO_OK
        || cogo_node_start(system, &config) != COGO_OK
        || cogo_process_pool_start(system, &pool) != COGO_OK
        || cogo_system_spawn(system, &options, &id) != COGO_OK) {
        _exit(1);
    }
    uint64_t pid = scene_ask_u64(system, id);
    (void)!write(1, &pid, sizeof pid);
    for (;;) {
        (void)pause();
    }
}

/* Before main(), which is the test runner's: so are its threads and its files. */
__attribute__((constructor)) static void begin(void)
{
    const cogo_process_program program = {.struct_size = sizeof program,
                                          .setup = victim_set_up};
    int code = 0;
    if (cogo_process_main(&program, &code)) {
        leave(code);
    }
    if (getenv(PARENT_VARIABLE) != NULL) {
        (void)unsetenv(PARENT_VARIABLE);
        be_parent();
    }
}

/* --- Ends, and who sees them. ------------------------------------------------------------- */

static cogo_actor_id supervised(const char *placement)
{
    cogo_actor_id supervisor = COGO_NO_ACTOR;
    const cogo_child_spec child = {.id = "v", .options = victim_options(placement)};
    const cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .intensity = 1000, .children = &child, .child_count = 1};
    cr_expect_eq(cogo_supervisor_start(scene.system, &spec, &supervisor), COGO_OK);
    return cogo_supervisor_child(scene.system, supervisor, "v");
}

static void tell(cogo_actor_id id, uint64_t how)
{
    cogo_system_send(scene.system, id, scene_msg_u64(scene.system, VICTIM_DIE, how));
}

/* Spawns a victim with a monitor, tells it how to die and keeps the reason. */
typedef struct witness {
    uint64_t how;
    cogo_actor_id whom, waiting;
    bool down;
    cogo_reason reason;
} witness;

static cogo_err witness_start(cogo_context *ctx, void *state, const void *args)
{
    witness *w = state;
    cogo_spawn_options options = victim_options("process:p");
    w->how = *(const uint64_t *)args;
    options.flags = COGO_SPAWN_MONITOR;
    cogo_err err = cogo_spawn(ctx, &options, &w->whom);
    if (err == COGO_OK) {
        cogo_send(ctx, w->whom, scene_msg_u64(cogo_context_system(ctx), VICTIM_DIE, w->how));
    }
    return err;
}

static cogo_err witness_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    witness *w = state;
    if (cogo_msg_type_of(msg) == COGO_MSG_DOWN) {
        cr_expect(!w->down, "a monitor fires once");
        w->down = true;
        w->reason = ((const cogo_down *)cogo_msg_payload(msg))->reason;
    } else if (cogo_msg_type_of(msg) == SCENE_ASK) {
        w->waiting = cogo_msg_reply_to(msg);
    }
    if (w->down && cogo_actor_id_is_set(w->waiting)) {
        cogo_msg *answer =
            cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, sizeof w->reason);
        memcpy(cogo_msg_payload(answer), &w->reason, sizeof w->reason);
        cogo_send(ctx, w->waiting, answer);
        w->waiting = COGO_NO_ACTOR;
    }
    return COGO_OK;
}

static const cogo_behavior witness_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "witness",
    .state_size_bytes = sizeof(witness),
    .start = witness_start,
    .receive = witness_receive,
};

static cogo_reason end_by(uint64_t how)
{
    cogo_msg *answer = NULL;
    cogo_reason reason = {0};
    cogo_actor_id id = scene_spawn(scene.system, &witness_behavior, &how, sizeof how, 0);
    cr_expect_eq(cogo_system_ask(scene.system, id, cogo_msg_create(scene.system, SCENE_ASK, 0),
                                 SCENE_LONG_NS, &answer),
                 COGO_OK);
    if (answer != NULL) {
        memcpy(&reason, cogo_msg_payload(answer), sizeof reason);
        cogo_msg_destroy(answer);
    }
    return reason;
}

/* Knows the actor over there by its own id, not by its deputy's: monitors it, links with it,
 * asks it to die and keeps what becomes of the three. */
typedef struct outcome {
    cogo_reason down, exit;
    cogo_err ask;
    uint32_t count;
} outcome;

typedef struct relative {
    cogo_actor_id whom, waiting;
    uint64_t how;
    outcome seen;
} relative;

static cogo_err relative_start(cogo_context *ctx, void *state, const void *args)
{
    relative *r = state;
    *r = *(const relative *)args;
    uint64_t ask = 0;
    cogo_err err = cogo_monitor(ctx, r->whom, NULL);
    err = err == COGO_OK ? cogo_link(ctx, r->whom) : err;
    return err == COGO_OK
               ? cogo_ask(ctx, r->whom,
                          scene_msg_u64(cogo_context_system(ctx), VICTIM_DIE, r->how),
                          SCENE_LONG_NS, &ask)
               : err;
}

static cogo_err relative_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    relative *r = state;
    const void *payload = cogo_msg_payload(msg);
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_DOWN:
        r->seen.down = ((const cogo_down *)payload)->reason;
        break;
    case COGO_MSG_EXIT:
        r->seen.exit = ((const cogo_down *)payload)->reason;
        break;
    case COGO_MSG_ASK_FAILED:
        r->seen.ask = ((const cogo_ask_failed *)payload)->err;
        break;
    default:
        r->waiting = cogo_msg_reply_to(msg);
        r->seen.count--;
    }
    if (++r->seen.count == 3 && cogo_actor_id_is_set(r->waiting)) {
        cogo_msg *answer = cogo_msg_create(cogo_context_system(ctx), SCENE_ASK, sizeof r->seen);
        memcpy(cogo_msg_payload(answer), &r->seen, sizeof r->seen);
        cogo_send(ctx, r->waiting, answer);
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior relative_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "relative",
    .state_size_bytes = sizeof(relative),
    .start = relative_start,
    .receive = relative_receive,
};

/* A new victim dies so. */
static outcome seen_of(uint64_t how)
{
    relative r = {.how = how};
    outcome seen = {.count = 0};
    cogo_msg *answer = NULL;
    const cogo_spawn_options options = victim_options("process:p");
    while (answer == NULL) { // The process before may not have ended yet.
        cogo_actor_id deputy = COGO_NO_ACTOR;
        cr_expect_eq(cogo_system_spawn(scene.system, &options, &deputy), COGO_OK);
        (void)!cogo_system_ask(scene.system, deputy,
                               cogo_msg_create(scene.system, SCENE_ASK, 0), SCENE_LONG_NS,
                               &answer);
    }
    r.whom = cogo_msg_sender(answer);
    cogo_msg_destroy(answer);
    cr_expect_neq(r.whom.node, 0, "its own id");
    cogo_actor_id id =
        scene_spawn(scene.system, &relative_behavior, &r, sizeof r, COGO_SPAWN_TRAP_EXIT);
    answer = NULL;
    cr_expect_eq(cogo_system_ask(scene.system, id, cogo_msg_create(scene.system, SCENE_ASK, 0),
                                 SCENE_LONG_NS, &answer),
                 COGO_OK);
    if (answer != NULL) {
        memcpy(&seen, cogo_msg_payload(answer), sizeof seen);
        cogo_msg_destroy(answer);
    }
    return seen;
}

/* --- The tests. --------------------------------------------------------------------------- */

Test(process, an_actor_runs_in_a_child_process_and_gets_all_in_order)
{
    enum { MESSAGES = 3000 };
    open_stage(0);
    const cogo_process_pool pool = pool_of("p");
    start_pool(&pool);
    cogo_actor_id id = COGO_NO_ACTOR;
    const cogo_spawn_options options = victim_options("process:p");
    cr_expect_eq(cogo_system_spawn(scene.system, &options, &id), COGO_OK);
    for (uint64_t i = 0; i < MESSAGES; i++) {
        cogo_system_send(scene.system, id, scene_msg_u64(scene.system, CLUSTER_COUNT, i));
    }
    uint64_t pid = scene_ask_u64(scene.system, id);
    cr_expect_neq(pid, (uint64_t)getpid());
    cr_expect_eq(kill((pid_t)pid, 0), 0);
    cogo_msg *answer = NULL;
    cr_expect_eq(cogo_system_ask(scene.system, id,
                                 cogo_msg_create(scene.system, CLUSTER_ECHO, 0), SCENE_LONG_NS,
                                 &answer),
                 COGO_OK);
    cr_expect_eq(scene_u64(answer), (uint64_t)MESSAGES, "all, and in order");
    cogo_msg_destroy(answer);
    // An error there is an error of the actor alone: the process goes on.
    tell(id, BY_ERROR);
    cr_expect_eq(cogo_system_await(scene.system, id, SCENE_LONG_NS, NULL), COGO_OK);
    cr_expect_eq(cogo_system_spawn(scene.system, &options, &id), COGO_OK);
    cr_expect_eq(scene_ask_u64(scene.system, id), pid);
    close_stage();
    cr_expect(kill((pid_t)pid, 0) != 0 && errno == ESRCH, "it has ended, and was reaped");
}

Test(process, every_crash_is_an_end_that_says_what_it_was)
{
    static const struct {
        uint64_t how;
        const char *text;
    } ends[] = {
        {BY_FAULT, "SIGSEGV in victim"},
        {BY_ABORT, "SIGABRT in victim"},
        {BY_EXIT, "exit status 3"},
        {BY_KILL, "SIGKILL (by somebody, or out of memory)"},
        {BY_ERROR, "input or output failed"},
    };
    open_stage(0);
    const cogo_process_pool pool = pool_of("p");
    start_pool(&pool);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        cogo_reason why = end_by(ends[i].how);
        cr_expect_eq(why.kind, COGO_EXIT_ERROR);
        cr_expect_eq(why.err, ends[i].how == BY_ERROR ? COGO_EIO : COGO_EFAULT);
        cr_expect_str_eq(why.text, ends[i].text);
    }
    pthread_mutex_lock(&scene.lock);
    const char *words = strstr(scene.said, "SIGSEGV in victim");
    cr_expect_not_null(words, "the log has the end");
    words = words != NULL ? strstr(words, "[0x") : NULL;
    cr_expect_not_null(words, "and the frames of the stack");
    pthread_mutex_unlock(&scene.lock);
    close_stage();
}

Test(process, who_knows_an_actor_there_by_its_own_id_hears_of_the_crash_too)
{
    static const struct {
        uint64_t how;
        const char *text;
    } ends[] = {
        {BY_FAULT, "SIGSEGV in victim"},
        {BY_ABORT, "SIGABRT in victim"},
        {BY_EXIT, "exit status 3"},
        {BY_KILL, "SIGKILL (by somebody, or out of memory)"},
    };
    enum { ROUNDS = 20 }; // The end of the link and that of the process come in either order.
    open_stage(0);
    cogo_process_pool pool = pool_of("p");
    pool.backoff_min_ns = pool.backoff_max_ns = 1000000;
    start_pool(&pool);
    for (size_t i = 0; i < ROUNDS * sizeof ends / sizeof *ends; i++) {
        size_t at = i % (sizeof ends / sizeof *ends);
        outcome seen = seen_of(ends[at].how);
        cr_expect_eq(seen.down.kind, COGO_EXIT_ERROR);
        cr_expect_eq(seen.down.err, COGO_EFAULT);
        cr_expect_str_eq(seen.down.text, ends[at].text);
        cr_expect_eq(seen.exit.kind, COGO_EXIT_ERROR);
        cr_expect_str_eq(seen.exit.text, ends[at].text);
        cr_expect_eq(seen.ask, COGO_EGONE);
    }
    close_stage();
}

/* Nobody waits for a reason that is not there yet: the process lives. */
Test(process, of_one_that_lives_without_its_link_is_told_that_it_is_not_linked)
{
    open_stage(50);
    const cogo_process_pool pool = pool_of("p");
    start_pool(&pool);
    static const uint64_t ways[] = {STANDING_STILL, CUT_OFF};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        outcome seen = seen_of(ways[i]);
        cr_expect_eq(seen.down.kind, COGO_EXIT_NOCONNECTION);
        cr_expect_eq(seen.exit.kind, COGO_EXIT_NOCONNECTION);
        cr_expect_eq(seen.ask, COGO_EGONE);
    }
    cr_expect_str_eq(end_by(CUT_OFF).text, "SIGKILL: it stood still");
    close_stage();
}

Test(process, memory_beyond_the_limit_ends_the_process_not_the_machine)
{
    open_stage(0);
    cogo_process_pool pool = pool_of("p");
    pool.memory_bytes = LIMITS_WORK ? UINT64_C(1) << 30 : 0;
    start_pool(&pool);
    if (LIMITS_WORK) {
        cr_expect_str_eq(end_by(BY_HUNGER).text, "SIGABRT in victim");
    }
    close_stage();
}

Test(process, a_supervisor_begins_the_actor_again_in_a_new_process)
{
    static const uint64_t ways[] = {BY_FAULT, BY_ABORT, BY_EXIT, BY_KILL};
    open_stage(0);
    const cogo_process_pool pool = pool_of("p");
    start_pool(&pool);
    cogo_actor_id id = supervised("process:p");
    uint64_t before = scene_ask_u64(scene.system, id);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        tell(id, ways[i]);
        uint64_t now = before;
        while (now == before || now == UINT64_MAX) { // What it got before its end is lost.
            now = scene_ask_u64(scene.system, id);
        }
        cr_expect(kill((pid_t)before, 0) != 0 && errno == ESRCH, "the other one is gone");
        before = now;
    }
    close_stage();
}

Test(process, one_that_stands_still_is_killed)
{
    open_stage(50);
    const cogo_process_pool pool = pool_of("p");
    start_pool(&pool);
    cr_expect_str_eq(end_by(STANDING_STILL).text, "SIGKILL: it stood still");
    close_stage();
}

Test(process, the_crash_of_one_process_leaves_the_others)
{
    enum { PROCESSES = 3, ACTORS = 24 };
    cogo_actor_id ids[ACTORS];
    uint64_t pids[ACTORS], other = 0;
    open_stage(0);
    cogo_process_pool pool = pool_of("p");
    pool.count = PROCESSES;
    start_pool(&pool);
    for (int i = 0; i < ACTORS; i++) {
        const cogo_spawn_options options = victim_options("process:p");
        cr_expect_eq(cogo_system_spawn(scene.system, &options, &ids[i]), COGO_OK);
        pids[i] = scene_ask_u64(scene.system, ids[i]);
        other += pids[i] != pids[0];
    }
    cr_expect_eq(other, ACTORS - ACTORS / PROCESSES);
    tell(ids[0], BY_FAULT);
    for (int i = 0; i < ACTORS; i++) {
        if (pids[i] == pids[0]) {
            cr_expect_eq(cogo_system_await(scene.system, ids[i], SCENE_LONG_NS, NULL), COGO_OK);
        } else {
            cr_expect_eq(scene_ask_u64(scene.system, ids[i]), pids[i]);
        }
    }
    close_stage();
}

Test(process, a_pool_that_fails_too_often_is_given_up)
{
    open_stage(0);
    cogo_process_pool pool = pool_of("p");
    pool.intensity = 2;
    pool.period_ns = 1000 * SCENE_LONG_NS;
    start_pool(&pool);
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(end_by(BY_KILL).err, COGO_EFAULT);
    }
    await_no_pool();
    cogo_reason why = end_by(BY_KILL);
    cr_expect_eq(why.err, COGO_ENOTFOUND);
    cr_expect_str_eq(why.text, "process p has no pool of this name");
    close_stage();
}

Test(process, pools_that_can_not_be_are_refused_and_one_can_be_stopped)
{
    static const char *const names[] = {
        NULL,  "",    "a b",
        "a/b", "a:b", "a[b",
        "a{b", "a,b", "a-name-of-sixty-five-letters-that-is-one-too-long-for-any-pool-000"};
    cogo_system *alone = scene_open(1);
    cogo_process_pool pool = pool_of("p");
    cr_expect_eq(cogo_process_pool_start(alone, &pool), COGO_ESTATE);
    cr_expect_eq(cogo_process_pool_stop(alone, "p"), COGO_ESTATE);
    scene_close(alone);
    open_stage(0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pool = pool_of(names[i]);
        cr_expect_eq(cogo_process_pool_start(scene.system, &pool), COGO_EINVAL);
        cr_expect_eq(cogo_process_pool_stop(scene.system, names[i]), COGO_ENOTFOUND);
    }
    pool = pool_of("p");
    pool.struct_size = sizeof(size_t);
    cr_expect_eq(cogo_process_pool_start(scene.system, &pool), COGO_EINVAL);
    pool = pool_of("A-pool_of.Z9");
    start_pool(&pool);
    cr_expect_eq(cogo_process_pool_stop(scene.system, "A-pool_of.Z9"), COGO_OK);
    pool = pool_of("p");
    pool.count = COGO_PROCESS_COUNT_MAX + 1;
    cr_expect_eq(cogo_process_pool_start(scene.system, &pool), COGO_EINVAL);
    cr_expect_eq(cogo_process_pool_start(scene.system, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_process_pool_stop(scene.system, "p"), COGO_ENOTFOUND);
    pool = pool_of("p");
    start_pool(&pool);
    cr_expect_eq(cogo_process_pool_start(scene.system, &pool), COGO_EEXIST);
    cogo_actor_id id = COGO_NO_ACTOR;
    const cogo_spawn_options options = victim_options("process:p");
    cr_expect_eq(cogo_system_spawn(scene.system, &options, &id), COGO_OK);
    uint64_t pid = scene_ask_u64(scene.system, id);
    cr_expect_eq(cogo_process_pool_stop(scene.system, "p"), COGO_OK);
    cr_expect(kill((pid_t)pid, 0) != 0 && errno == ESRCH);
    cr_expect_eq(cogo_system_await(scene.system, id, SCENE_LONG_NS, NULL), COGO_OK);
    start_pool(&pool);
    close_stage();
}

/* Also when some have ended: those that are free are filled first. */
Test(process, the_next_actor_goes_to_the_process_with_the_fewest)
{
    enum { PROCESSES = 3, EACH = 4, ACTORS = PROCESSES * EACH };
    cogo_actor_id ids[ACTORS];
    uint64_t pids[ACTORS];
    open_stage(0);
    cogo_process_pool pool = pool_of("p");
    const cogo_spawn_options options = victim_options("process:p");
    pool.count = PROCESSES;
    start_pool(&pool);
    for (int i = 0; i < ACTORS; i++) {
        cr_expect_eq(cogo_system_spawn(scene.system, &options, &ids[i]), COGO_OK);
        pids[i] = scene_ask_u64(scene.system, ids[i]);
    }
    for (int i = 0; i < ACTORS; i++) {
        int there = 0;
        for (int k = 0; k < ACTORS; k++) {
            there += pids[k] == pids[i];
        }
        cr_expect_eq(there, EACH);
    }
    for (int i = 0, ended = 0; i < ACTORS; i++) { // Two of those in one process.
        if (pids[i] == pids[0] && ended++ < 2) {
            tell(ids[i], BY_ERROR);
            cr_expect_eq(cogo_system_await(scene.system, ids[i], SCENE_LONG_NS, NULL), COGO_OK);
        }
    }
    for (int i = 0; i < 2; i++) {
        cogo_actor_id id = COGO_NO_ACTOR;
        cr_expect_eq(cogo_system_spawn(scene.system, &options, &id), COGO_OK);
        cr_expect_eq(scene_ask_u64(scene.system, id), pids[0]);
    }
    close_stage();
}

/* Also one that can't say good-bye takes its children with it. */
Test(process, a_child_ends_with_its_parent)
{
    char title[] = "parent";
    char *argv[] = {title, NULL};
    int said[2];
    pid_t parent = -1;
    uint64_t child = 0;
    posix_spawn_file_actions_t files;
    cr_assert_eq(pipe(said), 0);
    cr_assert_eq(setenv(PARENT_VARIABLE, "1", 1), 0);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, said[1], 1);
    cr_assert_eq(posix_spawn(&parent, "/proc/self/exe", &files, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&files);
    cr_expect_eq(unsetenv(PARENT_VARIABLE), 0);
    cr_assert_eq(read(said[0], &child, sizeof child), (ssize_t)sizeof child);
    int watch = (int)syscall(SYS_pidfd_open, (pid_t)child, 0);
    cr_assert_geq(watch, 0);
    cr_expect_eq(kill(parent, SIGKILL), 0);
    cr_expect_eq(waitpid(parent, NULL, 0), parent);
    struct pollfd end = {.fd = watch, .events = POLLIN};
    cr_expect_eq(poll(&end, 1, 60000), 1, "its child has ended");
    (void)close(watch);
    (void)close(said[0]);
    (void)close(said[1]);
}
