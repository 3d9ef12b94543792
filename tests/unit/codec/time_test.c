#include "codec/wire_text.h"
#include "tests/unit/test.h"

#include <string.h>

static int64_t parse(const char *text)
{
    int64_t ms = -1;
    return cogo__time_parse(text, strlen(text), &ms) ? ms : INT64_MIN;
}

Test(wire_time, known_moments_have_their_text)
{
    static const struct {
        int64_t ms;
        const char *text;
    } known[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
        {INT64_C(1795367103123), "2026-11-22T17:05:03.123Z"},
        {INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char text[WIRE_TIME_SIZE];
        cr_assert(cogo__time_format(known[i].ms, text));
        cr_expect_str_eq(text, known[i].text);
        cr_expect_eq(parse(text), known[i].ms);
    }
}

Test(wire_time, years_of_more_than_four_digits_have_none)
{
    char text[WIRE_TIME_SIZE];
    cr_expect_not(cogo__time_format(INT64_C(253402300800000), text));
    cr_expect_not(cogo__time_format(INT64_C(-62167219200001), text));
    cr_expect_not(cogo__time_format(INT64_MIN, text));
    cr_expect_not(cogo__time_format(INT64_MAX, text));
}

Test(wire_time, all_days_of_four_centuries_survive)
{
    const int64_t day_ms = INT64_C(86400000);
    for (int64_t day = -146097; day < 146097; day += 3) {
        char text[WIRE_TIME_SIZE];
        cr_assert(cogo__time_format(day * day_ms + 1, text));
        cr_assert_eq(parse(text), day * day_ms + 1);
    }
}

Test(wire_time, offsets_and_fractions_are_read)
{
    cr_expect_eq(parse("1970-01-01T01:00:00+01:00"), 0);
    cr_expect_eq(parse("1969-12-31t18:30:00-05:30"), 0);
    cr_expect_eq(parse("1970-01-01T00:00:00.5Z"), 500);
    cr_expect_eq(parse("1970-01-01T00:00:00.123999999z"), 123);
}

Test(wire_time, everything_else_is_refused)
{
    static const char *const bad[] = {"",
                                      "2026-11-22",
                                      "2026-11-22T17:05:03",
                                      "2026-13-22T17:05:03Z",
                                      "2026-02-29T17:05:03Z",
                                      "2026-11-31T17:05:03Z",
                                      "2026-00-01T17:05:03Z",
                                      "2026-11-22T24:05:03Z",
                                      "2026-11-22T17:60:03Z",
                                      "2026-11-22T17:05:03.Z",
                                      "2026-11-22T17:05:03Zx",
                                      "2026-11-22T17:05:03+0100",
                                      "2026-11-22T17:05:03+24:00",
                                      "26-11-22T17:05:03Z",
                                      "+026-11-22T17:05:03Z"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(parse(bad[i]), INT64_MIN);
    }
}
