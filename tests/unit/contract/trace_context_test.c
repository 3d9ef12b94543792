/* W3C trace context, and how many new traces are sampled. */
#include "codec/contract/trace_context.h"
#include "tests/unit/test.h"

#include <string.h>

#define GOOD "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

Test(trace_context, what_is_read_is_written_again)
{
    trace_context c;
    char text[TRACEPARENT_SIZE];
    cr_assert(trace_context_parse(GOOD, &c));
    cr_expect(c.sampled);
    trace_context_format(&c, text);
    cr_expect_str_eq(text, GOOD);
}

Test(trace_context, what_is_none_is_refused)
{
    static const char *const bad[] = {
        NULL,
        "",
        "00",
        GOOD "0",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        trace_context c;
        cr_expect_not(trace_context_parse(bad[i], &c), "%s", bad[i] == NULL ? "NULL" : bad[i]);
    }
}

Test(trace_context, a_ratio_of_new_traces_is_sampled)
{
    trace_context c;
    uint64_t random = 1;
    int sampled = 0;
    for (int i = 0; i < 10000; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        trace_context_begin(&c, 0, random ^ random >> 29, 0.25);
        sampled += c.sampled ? 1 : 0;
        cr_expect_eq(strlen(c.trace_id), 32u);
    }
    cr_expect(sampled > 2300 && sampled < 2700, "%d", sampled);
    trace_context_begin(&c, 1, UINT64_MAX, 1);
    cr_expect(c.sampled);
    trace_context_begin(&c, 1, 0, 0);
    cr_expect_not(c.sampled);
}
