/* A program that is run: what it is given, what is told of it, how it ends. */
#include "tests/unit/sandbox/box.h"
#include "tests/unit/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/wait.h>

Test(run, a_program_answers_with_its_output_and_exit_code_at_every_level)
{
    box b = box_make();
    EACH_LEVEL(level)
    {
        sandbox_result r =
            box_run(&b, level, "echo out; echo err >&2; exit 3", (sandbox_request){0});
        cr_expect_eq(r.end, SANDBOX_EXITED);
        cr_expect_eq(r.exit_code, 3);
        cr_expect_eq(r.level, level);
        cr_expect(text_is(r.out, "out\n"));
        cr_expect(text_is(r.err, "err\n"));
        cr_expect_null(r.limit_hit);
        sandbox_result_finish(&r);
    }
    box_remove(&b);
}

Test(run, death_by_signal_is_told_from_an_exit)
{
    box b = box_make();
    EACH_LEVEL(level)
    {
        sandbox_result r = box_run(&b, level, "kill -SEGV $$", (sandbox_request){0});
        cr_expect_eq(r.end, SANDBOX_SIGNALLED);
        cr_expect_eq(r.signal, 11);
        cr_expect_eq(r.exit_code, -1);
        sandbox_result_finish(&r);
    }
    box_remove(&b);
}

Test(run, input_folder_environment_and_order_are_as_asked)
{
    box b = box_make();
    const char *env[] = {"NAME=a value", "PATH=/bin", NULL};
    char sub[128];
    (void)snprintf(sub, sizeof sub, "%s/sub", b.workdir);
    cr_assert_eq(mkdir(sub, 0755), 0);
    EACH_LEVEL(level)
    {
        sandbox_request more = {
            .env = env, .start_in = "sub", .stdin_text = "typed\n", .merge_stderr = true};
        sandbox_result r =
            box_run(&b, level, "echo 1; echo 2 >&2; cat; echo $NAME $PATH; pwd", more);
        char expected[256];
        (void)snprintf(expected, sizeof expected, "1\n2\ntyped\na value /bin\n%s/sub\n",
                       b.workdir);
        cr_expect(text_is(r.out, expected));
        cr_expect(text_is(r.err, ""));
        sandbox_result_finish(&r);
    }
    box_remove(&b);
}

/* Each of these must be an answer with the field's name, and nothing may run. */
Test(run, bad_requests_are_refused_with_a_reason)
{
    box b = box_make();
    const char *missing[] = {"no-such-program", NULL}, *none[] = {NULL}, *env[] = {"=x", NULL},
               *readable[] = {"/no/such/folder", NULL};
    const struct {
        sandbox_request request;
        const char *field;
    } cases[] = {
        {{.argv = missing}, "argv"},
        {{.argv = none}, "argv"},
        {{.env = env}, "env"},
        {{.start_in = "../.."}, "start_in"},
        {{.start_in = "missing"}, "start_in"},
        {{.readable = readable}, "readable"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sandbox_result r = box_run(&b, SANDBOX_LIMITS, "echo ran > ran", cases[i].request);
        cr_expect_eq(r.end, SANDBOX_REFUSED);
        cr_expect_eq(strncmp(r.error, cases[i].field, strlen(cases[i].field)), 0);
        cr_expect_not(box_holds(&b, "ran"));
        sandbox_result_finish(&r);
    }
    box_remove(&b);
}

Test(run, a_system_folder_or_a_foreign_one_is_no_workdir)
{
    const char *argv[] = {"true", NULL};
    const char *folders[] = {"/", "/usr/lib", "/no/such", "relative",
                             geteuid() == 0 ? "/tmp" : "/etc"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        sandbox_result r;
        sandbox_request request = {.argv = argv, .workdir = folders[i], .cancel_fd = -1};
        cr_expect_eq(sandbox_run(&request, &r), COGO_EUNSUPPORTED);
        cr_expect_eq(r.end, SANDBOX_REFUSED);
        cr_expect_eq(strncmp(r.error, "workdir", 7), 0);
        sandbox_result_finish(&r);
    }
}

Test(run, a_level_that_does_not_work_here_is_refused_not_lowered)
{
    box b = box_make();
    const char *argv[] = {"true", NULL};
    sandbox_result r;
    sandbox_request request = {.argv = argv,
                               .workdir = b.workdir,
                               .cancel_fd = -1,
                               .min_level = (sandbox_level)(sandbox_level_best() + 1)};
    cr_expect_eq(sandbox_run(&request, &r), COGO_EUNSUPPORTED);
    cr_expect_eq(r.end, SANDBOX_REFUSED);
    sandbox_result_finish(&r);
    box_remove(&b);
}

Test(run, cancelling_kills_at_once_also_what_ignores_signals)
{
    box b = box_make();
    int fd = eventfd(1, EFD_CLOEXEC);
    EACH_LEVEL(level)
    {
        sandbox_result r = box_run(&b, level, "trap '' TERM INT HUP; sleep 60; sleep 60",
                                   (sandbox_request){.cancel_fd = fd});
        cr_expect_eq(r.end, SANDBOX_CANCELLED);
        cr_expect_lt(r.wall_ms, 50000u); // Far from what it would have slept.
        sandbox_result_finish(&r);
    }
    (void)close(fd);
    box_remove(&b);
}

Test(run, a_deadline_in_the_past_ends_the_run)
{
    box b = box_make();
    sandbox_result r =
        box_run(&b, sandbox_level_best(), "sleep 30", (sandbox_request){.deadline_ns = 1});
    cr_expect_eq(r.end, SANDBOX_LIMIT);
    cr_expect(text_is(r.limit_hit, "wall"));
    sandbox_result_finish(&r);
    box_remove(&b);
}

/* bubblewrap would hand it on. */
Test(run, no_descriptor_of_ours_is_seen_inside)
{
    box b = box_make();
    int canary = fcntl(0, F_DUPFD, 77); /* Not close-on-exec. */
    EACH_LEVEL(level)
    {
        sandbox_result r =
            box_run(&b, level, "cd /proc/self/fd && echo *", (sandbox_request){0});
        cr_expect(text_is(r.out, "0 1 2 3\n") || text_is(r.out, "0 1 2\n"));
        sandbox_result_finish(&r);
    }
    (void)close(canary);
    box_remove(&b);
}

Test(run, readable_folders_can_be_read_and_not_written)
{
    box b = box_make();
    char folder[128], script[512];
    (void)snprintf(folder, sizeof folder, "%s/tree", b.base);
    cr_assert_eq(sandbox_folder_create(folder), COGO_OK);
    (void)snprintf(script, sizeof script, "%s/file", folder);
    FILE *file = fopen(script, "we");
    cr_assert_not_null(file);
    (void)fputs("text\n", file);
    (void)fclose(file);
    const char *readable[] = {folder, NULL};
    (void)snprintf(script, sizeof script, "cat %s/file; : > %s/new && echo written", folder,
                   folder);
    EACH_LEVEL(level)
    {
        if (level > SANDBOX_LIMITS) {
            sandbox_result r =
                box_run(&b, level, script, (sandbox_request){.readable = readable});
            cr_expect(text_is(r.out, "text\n"));
            sandbox_result_finish(&r);
        }
    }
    box_remove(&b);
}

/* The state folder of root lies below /root, which no other uid can enter. */
Test(run, in_namespaces_the_workdir_may_lie_in_a_private_folder)
{
    box b = box_make();
    cr_assert_eq(chmod(b.base, 0700), 0);
    if (sandbox_level_best() == SANDBOX_NAMESPACES) {
        sandbox_result r =
            box_run(&b, SANDBOX_NAMESPACES, "echo x > made; pwd", (sandbox_request){0});
        cr_expect_eq(r.exit_code, 0);
        cr_expect(box_holds(&b, "made"));
        sandbox_result_finish(&r);
    }
    box_remove(&b);
}

Test(run, a_loopback_of_its_own_works_in_namespaces_and_only_there)
{
    box b = box_make();
    static const char script[] =
        "import socket\n"
        "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()\n"
        "c = socket.create_connection(s.getsockname()); print('met')\n";
    const char *argv[] = {"/usr/bin/python3", "-c", script, NULL};
    if (access(argv[0], X_OK) == 0) {
        EACH_LEVEL(level)
        {
            sandbox_result with =
                box_run(&b, level, "", (sandbox_request){.argv = argv, .net_loopback = true});
            sandbox_result without = box_run(&b, level, "", (sandbox_request){.argv = argv});
            cr_expect_eq(text_is(with.out, "met\n"), level == SANDBOX_NAMESPACES);
            cr_expect_eq(with.error[0] == '\0', level == SANDBOX_NAMESPACES);
            cr_expect(text_is(without.out, ""));
            sandbox_result_finish(&with);
            sandbox_result_finish(&without);
        }
    }
    box_remove(&b);
}

/* What test suites of others really do; a limit on address space would break it. */
Test(run, a_program_with_address_sanitizer_is_built_and_runs)
{
    box b = box_make();
    if (access("/usr/bin/gcc", X_OK) == 0) {
        EACH_LEVEL(level)
        {
            sandbox_result r = box_run(
                &b, level,
                "printf 'int main(int c, char **v) { (void)v; char *p = __builtin_malloc(4);"
                " __builtin_free(p); return c > 1 ? p[0] : 0; }' > a.c && "
                "gcc -fsanitize=address a.c -o a && ./a && echo runs && "
                "! ./a x 2> log && grep -q use-after-free log && echo found",
                (sandbox_request){0});
            cr_expect(text_is(r.out, "runs\nfound\n"));
            sandbox_result_finish(&r);
        }
    }
    box_remove(&b);
}

/* `kill -9` of the node, the out-of-memory killer: nobody is there any more to end the run. */
Test(run, when_we_are_killed_everything_dies_with_us)
{
    box b = box_make();
    EACH_LEVEL(level)
    {
        pid_t child = fork();
        if (child == 0) {
            /* The lock is held by whatever lives below. */
            (void)box_run(&b, level,
                          "exec 9> lock; flock 9; : > begun; trap '' TERM HUP; "
                          "(setsid sleep 60 &) ; sleep 60",
                          (sandbox_request){0});
            _exit(0);
        }
        while (!box_holds(&b, "begun")) {
            (void)usleep(1000);
        }
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        char path[128];
        (void)snprintf(path, sizeof path, "%s/lock", b.workdir);
        int lock = open(path, O_RDWR | O_CLOEXEC);
        alarm(20);
        cr_expect_eq(flock(lock, LOCK_EX), 0); /* Waits until they are dead. */
        alarm(0);
        (void)close(lock);
        (void)snprintf(path, sizeof path, "%s/begun", b.workdir);
        (void)unlink(path);
    }
    box_remove(&b);
}

static void *run_some(void *ctx)
{
    long *wrong = ctx;
    for (int i = 0; i < 4; i++) {
        box b = box_make();
        sandbox_result r = box_run(&b, sandbox_level_best(), "echo $$ > f; cat f; sleep 0.02",
                                   (sandbox_request){0});
        *wrong += r.end != SANDBOX_EXITED || r.exit_code != 0 || !box_holds(&b, "f");
        sandbox_result_finish(&r);
        box_remove(&b);
    }
    return NULL;
}

Test(run, many_threads_run_at_once)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    long wrong[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, run_some, &wrong[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        cr_expect_eq(wrong[i], 0);
    }
}
