/* What this program is as a child process: a victim that dies in all ways, also together with a
 * parent that is killed. */
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
    uint64_t how = scene_u64(msg);
    if (how >= BY_SIGNAL) {
        (void)kill(getpid(), (int)(how - BY_SIGNAL));
        return COGO_OK;
    }
    switch (how) {
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

/* Also one that can't say good-bye takes its children with it. */
Test(process_child, a_child_ends_with_its_parent)
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
