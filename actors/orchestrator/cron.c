#include "actors/orchestrator/cron.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DAYS_AHEAD_MAX = 366 * 9, FIELD_COUNT = 5, DAY_S = 86400 };

typedef struct field {
    const char *name;
    long least, most;
    const char *const *words; /* For least, least + 1, ... */
} field;

static const char *const month_words[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                          "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_words[] = {"sun", "mon", "tue", "wed",
                                            "thu", "fri", "sat", NULL};
static const field fields[FIELD_COUNT] = {
    {"minute", 0, 59, NULL},
    {"hour", 0, 23, NULL},
    {"day of the month", 1, 31, NULL},
    {"month", 1, 12, month_words},
    {"day of the week", 0, 7, weekday_words},
};

static bool wrong(const field *f, const char *part, size_t size, char error[CRON_ERROR_SIZE])
{
    (void)snprintf(error, CRON_ERROR_SIZE, "%s: '%.*s' is not of %ld to %ld", f->name,
                   size > 40 ? 40 : (int)size, part, f->least, f->most);
    return false;
}

/* A number or a word at @p *at, which moves behind it. */
static bool take_number(const field *f, const char **at, const char *end, long *out)
{
    const char *p = *at;
    if (p < end && isdigit((unsigned char)*p)) {
        long value = 0;
        for (; p < end && isdigit((unsigned char)*p) && value < 1000; p++) {
            value = value * 10 + (*p - '0');
        }
        *at = p;
        *out = value;
        return value >= f->least && value <= f->most;
    }
    for (long i = 0; f->words != NULL && f->words[i] != NULL; i++) {
        if (end - p >= 3 && strncasecmp(p, f->words[i], 3) == 0) {
            *at = p + 3;
            *out = f->least + i;
            return true;
        }
    }
    return false;
}

/* "*", "n", "a-b", each with "/step" perhaps. */
static bool take_part(const field *f, const char *part, const char *end, uint64_t *bits)
{
    const char *p = part;
    long from = f->least, to = f->most, step = 1;
    bool whole = p < end && *p == '*';
    if (whole) {
        p++;
    } else {
        if (!take_number(f, &p, end, &from)) {
            return false;
        }
        to = from;
        if (p < end && *p == '-') {
            p++;
            if (!take_number(f, &p, end, &to) || to < from) {
                return false;
            }
        } else if (p < end && *p == '/') {
            to = f->most;
        }
    }
    if (p < end && *p == '/') {
        static const field steps = {"step", 1, 59, NULL};
        p++;
        if (!take_number(&steps, &p, end, &step)) {
            return false;
        }
    }
    for (long value = from; value <= to; value += step) {
        *bits |= UINT64_C(1) << value;
    }
    return p == end;
}

static bool take_field(const field *f, const char *text, size_t size, uint64_t *bits,
                       char error[CRON_ERROR_SIZE])
{
    const char *end = text + size;
    *bits = 0;
    for (const char *part = text; part <= end;) {
        const char *comma = memchr(part, ',', (size_t)(end - part));
        const char *stop = comma == NULL ? end : comma;
        if (!take_part(f, part, stop, bits)) {
            return wrong(f, part, (size_t)(stop - part), error);
        }
        part = stop + 1;
    }
    return true;
}

static const char *word(const char *text)
{
    static const char *const words[][2] = {
        {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
        {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
        {"@annually", "0 0 1 1 *"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(text, words[i][0]) == 0) {
            return words[i][1];
        }
    }
    return text;
}

bool cron_parse(const char *text, cron *out, char error[CRON_ERROR_SIZE])
{
    uint64_t bits[FIELD_COUNT];
    bool star[FIELD_COUNT] = {false};
    const char *p = word(text);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        p += strspn(p, " \t");
        size_t size = strcspn(p, " \t");
        if (size == 0) {
            (void)snprintf(error, CRON_ERROR_SIZE,
                           "Five fields are needed (minute hour day month weekday), or a word "
                           "such as @daily.");
            return false;
        }
        star[i] = *p == '*' && (size == 1 || p[1] != '/');
        if (!take_field(&fields[i], p, size, &bits[i], error)) {
            return false;
        }
        p += size;
    }
    if (p[strspn(p, " \t")] != '\0') {
        (void)snprintf(error, CRON_ERROR_SIZE, "More than five fields.");
        return false;
    }
    *out = (cron){.minutes = bits[0],
                  .hours = (uint32_t)bits[1],
                  .days = (uint32_t)bits[2],
                  .months = (uint32_t)bits[3],
                  .weekdays = (uint32_t)((bits[4] | bits[4] >> 7) & 0x7f), // 7 is Sunday, too.
                  .any_day = star[2],
                  .any_weekday = star[4]};
    return true;
}

/* Of both the day of the month and of the week, one is enough when both are given. */
static bool day_fits(const cron *c, const zone_date *date)
{
    bool day = (c->days >> date->day & 1U) != 0;
    bool weekday = (c->weekdays >> date->weekday & 1U) != 0;
    bool either = !c->any_day && !c->any_weekday;
    return (c->months >> date->month & 1U) != 0 && (either ? day || weekday : day && weekday);
}

/* The first fitting time of the local day that begins at @p day_s; 0: none after @p after_s. */
static int64_t next_in_day(const cron *c, const zone *z, int64_t day_s, int64_t after_s)
{
    for (int64_t hour = 0; hour < 24; hour++) {
        for (int64_t minute = 0; minute < 60 && (c->hours >> hour & 1U) != 0; minute++) {
            if ((c->minutes >> minute & 1U) == 0) {
                continue;
            }
            int64_t at_s = zone_to_utc(z, day_s + hour * 3600 + minute * 60);
            if (at_s > after_s) {
                return at_s;
            }
        }
    }
    return 0;
}

int64_t cron_next(const cron *c, const zone *z, int64_t after_ms)
{
    int64_t after_s = after_ms / 1000;
    int64_t local_s = after_s + zone_offset(z, after_s);
    int64_t day_s = local_s - local_s % DAY_S - DAY_S; // Clocks may have gone back.
    for (int i = 0; i < DAYS_AHEAD_MAX; i++, day_s += DAY_S) {
        zone_date date = zone_date_of(day_s);
        int64_t at_s = day_fits(c, &date) ? next_in_day(c, z, day_s, after_s) : 0;
        if (at_s != 0) {
            return at_s * 1000;
        }
    }
    return 0;
}
