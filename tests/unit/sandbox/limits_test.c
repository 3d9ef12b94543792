/* What a program may take, and what becomes of one that takes more. */
#include "tests/unit/sandbox/box.h"
#include "tests/unit/test.h"

/* A test suite that cleans up on SIGTERM gets the time to do it. */
Test(limit, the_wall_limit_asks_first)
{
    box b = box_make();
    EACH_LEVEL(level)
    {
        sandbox_result r =
            box_run(&b, level, "trap 'echo cleaned; exit 0' TERM; while :; do sleep 0.05; done",
                    (sandbox_request){.limits = {.wall_ms = 200}});
        cr_expect_eq(r.end, SANDBOX_LIMIT);
        cr_expect(text_is(r.limit_hit, "wall"));
        cr_expect(text_is(r.out, "cleaned\n"));
        sandbox_result_finish(&r);
    }
    box_remove(&b);
}

static void count_bytes(void *ctx, const char *bytes, size_t size)
{
    (void)bytes;
    *(size_t *)ctx += size;
}

Test(limit, too_much_output_is_cut_but_does_not_stop_the_program)
{
    box b = box_make();
    size_t seen = 0;
    sandbox_request more = {
        .limits = {.out_bytes = 1000}, .on_output = count_bytes, .on_output_ctx = &seen};
    sandbox_result r =
        box_run(&b, sandbox_level_best(), "head -c 50000 /dev/zero; exit 5", more);
    cr_expect_eq(r.exit_code, 5);
    cr_expect_eq(r.out_size, 1000u);
    cr_expect(r.out_cut);
    cr_expect_not(r.err_cut);
    cr_expect_eq(seen, 50000u);
    sandbox_result_finish(&r);
    box_remove(&b);
}

Test(limit, a_bomb_that_does_not_give_up_ends_at_the_limit_of_processes)
{
    box b = box_make();
    const char *argv[] = {"bash", "-c", ":(){ :|:& };:; sleep 60", NULL};
    if (access("/bin/bash", X_OK) == 0) {
        EACH_LEVEL(level)
        {
            sandbox_result r =
                box_run(&b, level, "", (sandbox_request){.argv = argv, .limits = {.pids = 40}});
            cr_expect_eq(r.end, SANDBOX_LIMIT);
            cr_expect(text_is(r.limit_hit, "pids"));
            cr_expect_lt(r.wall_ms, 50000u);
            sandbox_result_finish(&r);
        }
    }
    box_remove(&b);
}

/* Holds @p mib MiB, touched, until released. */
static char *hold_memory(size_t mib)
{
    char *bytes = malloc(mib << 20);
    if (bytes == NULL) {
        abort();
    }
    memset(bytes, 'x', mib << 20);
    return bytes;
}

Test(limit, a_small_program_reports_its_own_memory_not_that_of_who_started_it)
{
    box b = box_make();
    char *held = hold_memory(64);
    EACH_LEVEL(level)
    {
        const char *argv[] = {"true", NULL};
        sandbox_result r = box_run(&b, level, NULL, (sandbox_request){.argv = argv});
        cr_expect_eq(r.end, SANDBOX_EXITED);
        cr_expect_gt(r.max_rss_bytes, 0);
        cr_expect_lt(r.max_rss_bytes, 32 << 20, "%llu bytes",
                     (unsigned long long)r.max_rss_bytes);
        sandbox_result_finish(&r);
    }
    cr_expect_eq(held[1], 'x');
    free(held);
    box_remove(&b);
}

Test(limit, a_limit_of_memory_below_what_we_hold_does_not_end_a_small_program)
{
    box b = box_make();
    char *held = hold_memory(64);
    EACH_LEVEL(level)
    {
        sandbox_result r =
            box_run(&b, level, "sleep 0.05; echo done",
                    (sandbox_request){.limits = {.mem_bytes = SANDBOX_MEM_BYTES_MIN}});
        cr_expect_eq(r.end, SANDBOX_EXITED);
        cr_expect(text_is(r.out, "done\n"));
        sandbox_result_finish(&r);
    }
    cr_expect_eq(held[1], 'x');
    free(held);
    box_remove(&b);
}

Test(limit, a_program_that_takes_memory_fast_is_ended_near_its_limit)
{
    const uint64_t limit = 48 << 20;
    box b = box_make();
    const char *argv[] = {"perl", "-e",
                          "my @a; push @a, 'x' x (1 << 20) for 1 .. 4000; sleep 9", NULL};
    sandbox_result r = box_run(&b, sandbox_level_best(), NULL,
                               (sandbox_request){.argv = argv, .limits = {.mem_bytes = limit}});
    cr_expect_eq(r.end, SANDBOX_LIMIT);
    cr_expect(text_is(r.limit_hit, "mem"));
    cr_expect_lt(r.max_rss_bytes, 8 * limit, "%llu bytes", (unsigned long long)r.max_rss_bytes);
    sandbox_result_finish(&r);
    box_remove(&b);
}

Test(limit, a_ceiling_of_memory_refuses_what_a_program_asks_for_at_once)
{
    box b = box_make();
    const char *argv[] = {"perl", "-e", "my $a = 'x' x (400 << 20); print 'got it'", NULL};
    sandbox_request more = {
        .argv = argv, .limits = {.mem_bytes = 100 << 20}, .mem_ceiling = true};
    EACH_LEVEL(level)
    {
        sandbox_result r = box_run(&b, level, NULL, more);
        cr_expect_eq(r.out_size, 0);
        cr_expect_lt(r.max_rss_bytes, 264 << 20);
        sandbox_result_finish(&r);
    }
    box_remove(&b);
}

Test(limit, a_limit_of_memory_that_no_program_can_start_with_is_refused)
{
    box b = box_make();
    sandbox_result r = box_run(&b, sandbox_level_best(), "true",
                               (sandbox_request){.limits = {.mem_bytes = 1000}});
    cr_expect_eq(r.end, SANDBOX_REFUSED);
    cr_expect_not_null(strstr(r.error, "mem_bytes"));
    sandbox_result_finish(&r);
    box_remove(&b);
}
