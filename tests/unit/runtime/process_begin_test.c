/* Child processes that do not begin: nobody can start them, they are told nothing of use, or
 * the program can't be set up there. Who waits for one hears so, and none is left behind. */
#include "tests/unit/runtime/stage.h"

#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define VARIABLE "COGO_PROCESS"

static _Atomic(int) refusal; /* What posix_spawn() says; 0: it does what it does. */

typedef int spawner(pid_t *, const char *, const posix_spawn_file_actions_t *,
                    const posix_spawnattr_t *, char *const[], char *const[]);

/* In place of the C library's: as of a machine that has no processes left. */
int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *files,
                const posix_spawnattr_t *how, char *const argv[], char *const environment[])
{
    spawner *real = NULL;
    void *found = dlsym(RTLD_NEXT, "posix_spawn");
    memcpy(&real, &found, sizeof real);
    int error = atomic_load_explicit(&refusal, memory_order_acquire);
    return error != 0 ? error : real(pid, path, files, how, argv, environment);
}

/* A pool that may fail twice, and no more. It may have done so already. */
static void start_poor_pool(uint64_t memory_bytes)
{
    cogo_process_pool pool = pool_of("p");
    pool.intensity = 2;
    pool.period_ns = 1000 * SCENE_LONG_NS;
    pool.memory_bytes = memory_bytes;
    cogo_err err = cogo_process_pool_start(scene.system, &pool);
    cr_expect(err == COGO_OK || err == COGO_EGONE, "%s", cogo_strerror(err));
}

/* The answer of an actor that is to run in the pool: UINT64_MAX, as there is none. */
static uint64_t ask_victim(void)
{
    return scene_ask_u64(scene.system, spawn_victim());
}

static void expect_given_up(const char *said)
{
    await_no_pool();
    cr_expect_eq(ask_victim(), UINT64_MAX);
    cr_expect(stage_said(said), "'%s' in: %s", said, scene.said);
    close_stage();
    cr_expect(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "no process is left");
}

Test(process_begin, a_machine_without_processes_is_said_and_the_pool_given_up)
{
    static const int errors[] = {EAGAIN, ENOMEM};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        char said[96];
        (void)snprintf(said, sizeof said, "process:p.0 does not start: %s",
                       strerror(errors[i]));
        open_stage(0);
        atomic_store_explicit(&refusal, errors[i], memory_order_release);
        start_poor_pool(0);
        await_no_pool();
        atomic_store_explicit(&refusal, 0, memory_order_release);
        expect_given_up(said);
    }
}

Test(process_begin, a_program_that_can_not_be_set_up_ends_and_its_pool_is_given_up)
{
    open_stage(0);
    cr_assert_eq(setenv(VICTIM_FAILS, "1", 1), 0);
    start_poor_pool(0);
    await_no_pool();
    cr_expect_eq(unsetenv(VICTIM_FAILS), 0);
    expect_given_up("process:p.0: exit status 1");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
Test(process_begin, one_with_less_memory_than_a_system_needs_ends)
{
    open_stage(0);
    start_poor_pool(UINT64_C(1) << 20);
    expect_given_up("process:p.0: ");
}
#endif

/* In an environment that has a variable of this name a child gets its own order. */
Test(process_begin, what_the_environment_says_is_not_what_the_child_is_told)
{
    open_stage(0);
    cr_assert_eq(setenv(VARIABLE, "1 0 nobody", 1), 0);
    const cogo_process_pool pool = pool_of("p");
    start_pool(&pool);
    uint64_t pid = ask_victim();
    cr_expect_neq(pid, UINT64_MAX);
    cr_expect_neq(pid, (uint64_t)getpid());
    cr_expect_eq(unsetenv(VARIABLE), 0);
    close_stage();
}

/* This program with the order @p text, and nothing open. @return its exit status. */
static int run_with(const char *text)
{
    char title[] = "child", variable[256];
    char *argv[] = {title, NULL}, *environment[] = {variable, NULL};
    posix_spawn_file_actions_t files;
    pid_t pid = -1;
    int status = -1;
    (void)snprintf(variable, sizeof variable, "%s=%s", VARIABLE, text);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    cr_expect_eq(posix_spawn(&pid, "/proc/self/exe", &files, NULL, argv, environment), 0);
    posix_spawn_file_actions_destroy(&files);
    cr_expect_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(process_begin, an_order_that_nobody_can_obey_ends_the_process)
{
    static const char *const texts[] = {
        "",
        "one 0 n",
        "1",
        "1x0 n",
        "99999999999999999999 0 n",
        "1 much n",
        "1 0",
        "1 0x n",
        "1 99999999999999999999 n",
        "1 0 ",
        "1 0 a-name-of-more-than-eighty-bytes-----------------------------------------------",
        "2147483647 0 n", // Not its parent.
    };
    char text[32];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cr_expect_eq(run_with(texts[i]), 1, "%s", texts[i]);
    }
    (void)snprintf(text, sizeof text, "%d 0 n", (int)getpid());
    cr_expect_eq(run_with(text), 1, "there is no link to inherit");
}

static cogo_err set_nothing_up(cogo_system *system, void *arg)
{
    (void)system;
    (void)arg;
    return COGO_OK;
}

/* main() ends then, as it was told to: also if it is nothing that a child process can be. */
Test(process_begin, a_program_that_can_be_no_child_process_fails_as_one)
{
    const cogo_process_program programs[] = {
        {.struct_size = sizeof programs[0], .setup = set_nothing_up}, // The order is bad.
        {.struct_size = sizeof programs[0]},
        {.struct_size = sizeof(size_t), .setup = set_nothing_up},
    };
    int code = 0;
    cr_expect(!cogo_process_main(&programs[0], &code), "it is no child process");
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(setenv(VARIABLE, i == 0 ? "bad" : "1 0 n", 1), 0);
        code = 0;
        cr_expect(cogo_process_main(&programs[i], &code));
        cr_expect_eq(code, 1);
        cr_expect_null(getenv(VARIABLE));
    }
    cr_assert_eq(setenv(VARIABLE, "1 0 n", 1), 0);
    cr_expect(cogo_process_main(NULL, &code));
    cr_assert_eq(setenv(VARIABLE, "1 0 n", 1), 0);
    cr_expect(cogo_process_main(&programs[0], NULL));
}
