/* Cron expressions and time zones, against times worked out by hand. */
#include "actors/orchestrator/cron.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

static int64_t utc(int year, int month, int day, int hour, int minute)
{
    return (zone_day(year, month, day) + hour * 3600 + minute * 60) * 1000;
}

static int64_t next(const char *expression, const char *name, int64_t after)
{
    cron c;
    zone *z = NULL;
    char error[CRON_ERROR_SIZE];
    cr_expect(cron_parse(expression, &c, error), "%s", expression);
    cr_expect(zone_load(name, &z), "%s", name);
    int64_t at = cron_next(&c, z, after);
    zone_free(z);
    return at;
}

Test(cron, the_next_time_is_the_first_that_fits_all_fields)
{
    int64_t noon = utc(2026, 3, 10, 12, 0); // A Tuesday.
    cr_expect_eq(next("* * * * *", "UTC", noon), utc(2026, 3, 10, 12, 1));
    cr_expect_eq(next("*/15 * * * *", "UTC", noon + 1), utc(2026, 3, 10, 12, 15));
    cr_expect_eq(next("0 0 * * *", "UTC", noon), utc(2026, 3, 11, 0, 0));
    cr_expect_eq(next("30 8 * * mon-fri", "UTC", utc(2026, 3, 13, 9, 0)),
                 utc(2026, 3, 16, 8, 30));
    cr_expect_eq(next("0 0 29 2 *", "UTC", noon), utc(2028, 2, 29, 0, 0));
    cr_expect_eq(next("0 0 * * fri", "UTC", noon), utc(2026, 3, 13, 0, 0));
    cr_expect_eq(next("0 0 1 * 7", "UTC", noon), utc(2026, 3, 15, 0, 0), "one is enough");
    cr_expect_eq(next("5,10-12 3 * jan *", "UTC", noon), utc(2027, 1, 1, 3, 5));
    cr_expect_eq(next("@monthly", "UTC", noon), utc(2026, 4, 1, 0, 0));
    cr_expect_eq(next("59 23 31 12 *", "UTC", noon), utc(2026, 12, 31, 23, 59));
    cr_expect_eq(next("0 0 30 2 *", "UTC", noon), 0, "never");
}

Test(cron, bad_expressions_name_the_field)
{
    static const char *const bad[][2] = {
        {"61 * * * *", "minute"},
        {"* 24 * * *", "hour"},
        {"* * 0 * *", "day of the month"},
        {"* * * 13 *", "month"},
        {"* * * * 8", "day of the week"},
        {"* * * *", "Five"},
        {"* * * * * *", "More"},
        {"*/0 * * * *", "minute"},
        {"5-1 * * * *", "minute"},
        {"1,,2 * * * *", "minute"},
        {"", "Five"},
        {"@sometimes * * * *", "minute"},
        {"a * * * *", "minute"},
        {"1- * * * *", "minute"},
        {"99999999999 * * * *", "minute"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cron c;
        char error[CRON_ERROR_SIZE] = "";
        cr_expect_not(cron_parse(bad[i][0], &c, error), "%s", bad[i][0]);
        cr_expect_not_null(strstr(error, bad[i][1]), "%s: %s", bad[i][0], error);
    }
}

/* Berlin: 2026-03-29 02:00 -> 03:00, 2026-10-25 03:00 -> 02:00. */
Test(cron, a_local_time_that_is_left_out_or_comes_twice_counts_once)
{
    const char *berlin = "Europe/Berlin";
    cr_expect_eq(next("30 8 * * *", berlin, utc(2026, 1, 10, 0, 0)), utc(2026, 1, 10, 7, 30));
    cr_expect_eq(next("30 8 * * *", berlin, utc(2026, 7, 10, 0, 0)), utc(2026, 7, 10, 6, 30));
    cr_expect_eq(next("30 2 * * *", berlin, utc(2026, 3, 28, 12, 0)), utc(2026, 3, 29, 1, 0));
    cr_expect_eq(next("30 2 * * *", berlin, utc(2026, 3, 29, 1, 0)), utc(2026, 3, 30, 0, 30));
    cr_expect_eq(next("30 2 * * *", berlin, utc(2026, 10, 24, 12, 0)),
                 utc(2026, 10, 25, 0, 30));
    cr_expect_eq(next("30 2 * * *", berlin, utc(2026, 10, 25, 0, 30)),
                 utc(2026, 10, 26, 1, 30));
    cr_expect_eq(next("0 12 1 7 *", berlin, utc(2090, 1, 1, 0, 0)), utc(2090, 7, 1, 10, 0),
                 "beyond the last change that the file lists");
    cr_expect_eq(next("0 12 * * *", "America/New_York", utc(2026, 7, 10, 0, 0)),
                 utc(2026, 7, 10, 16, 0));
    cr_expect_eq(next("0 12 * * *", "Asia/Kolkata", utc(2026, 7, 10, 0, 0)),
                 utc(2026, 7, 10, 6, 30));
    cr_expect_eq(next("0 12 1 1 *", "Australia/Sydney", utc(2059, 6, 1, 0, 0)),
                 utc(2060, 1, 1, 1, 0), "summer time over the turn of the year");
}

Test(cron, unknown_and_hostile_zones_are_refused)
{
    static const char *const bad[] = {
        "",
        "Mars/Olympus",
        "../../etc/passwd",
        "/etc/passwd",
        "utc ",
        "Europe/Berlin\n",
        "Europe",
        "tzdata.zi",
        "Europe/Berlinnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        zone *z = NULL;
        cr_expect_not(zone_load(bad[i], &z), "%s", bad[i]);
        cr_expect_null(z);
    }
}

/* What is shown at the moment found is what was asked for, and it is not a later one. */
Test(cron, the_way_there_and_back_agrees)
{
    static const char *const names[] = {"Europe/Berlin", "America/New_York",
                                        "Asia/Tokyo",    "Australia/Lord_Howe",
                                        "Asia/Tehran",   "Asia/Kathmandu"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        zone *z = NULL;
        cr_assert(zone_load(names[i], &z), "%s", names[i]);
        for (int64_t at = zone_day(1990, 1, 1); at < zone_day(2045, 1, 1);
             at += 13 * 3600 + 7) {
            int64_t local = at + zone_offset(z, at);
            int64_t back = zone_to_utc(z, local);
            cr_assert(back <= at && back + zone_offset(z, back) == local, "%s at %lld",
                      names[i], (long long)at);
        }
        zone_free(z);
    }
}
