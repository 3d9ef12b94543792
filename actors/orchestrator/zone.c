#include "actors/orchestrator/zone.h"

#include "actors/orchestrator/memory.h"

#include <ctype.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZONE_FOLDER "/usr/share/zoneinfo/"

enum {
    NAME_MAX_SIZE = 64,
    FILE_MAX = 65536,
    HEADER = 44,
    CHANGES_MAX = 4096,
    DAY_S = 86400,
    EDGE_S = 2 * DAY_S, /* No offset is larger. */
};

/* One day of each year at which the clocks change: Mmonth.week.weekday/time. */
typedef struct rule {
    int month, week, weekday;
    int64_t time_s;
} rule;

typedef struct change {
    int64_t at_s, offset_s;
} change;

struct zone {
    change *changes; /* The first is before all times. */
    size_t count;
    bool summer; /* After the last change: two rules a year. */
    int64_t standard_s, summer_s;
    rule begins, ends; /* Summer time. */
};

static int64_t read_be(const uint8_t *at, int size)
{
    uint64_t value = at[0] >= 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < size; i++) {
        value = value << 8 | at[i];
    }
    return (int64_t)value;
}

int64_t zone_day(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year; // The year begins in March: leap days are last.
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return (era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468) * DAY_S;
}

zone_date zone_date_of(int64_t local_s)
{
    int64_t days = (local_s >= 0 ? local_s : local_s - (DAY_S - 1)) / DAY_S;
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    int64_t weekday = (days % 7 + 11) % 7; // 1970 began with a Thursday.
    return (zone_date){.year = (int)(year + era * 400 + (month >= 10 ? 1 : 0)),
                       .month = (int)(month < 10 ? month + 3 : month - 9),
                       .day = (int)(of_year - (153 * month + 2) / 5 + 1),
                       .weekday = (int)weekday};
}

/* When @p r falls in @p year, in local time. */
static int64_t rule_at(const rule *r, int year)
{
    int64_t first = zone_day(year, r->month, 1);
    int days = (r->weekday - zone_date_of(first).weekday + 7) % 7 + 7 * (r->week - 1);
    int64_t next_month =
        r->month == 12 ? zone_day(year + 1, 1, 1) : zone_day(year, r->month + 1, 1);
    int64_t at = first + (int64_t)days * DAY_S;
    while (at >= next_month) { // Week 5 is the last one.
        at -= 7 * DAY_S;
    }
    return at + r->time_s;
}

static int64_t offset_by_rules(const zone *z, int64_t utc_s)
{
    if (!z->summer) {
        return z->standard_s;
    }
    int year = zone_date_of(utc_s + z->standard_s).year;
    int64_t begins = rule_at(&z->begins, year) - z->standard_s;
    int64_t ends = rule_at(&z->ends, year) - z->summer_s;
    bool summer = begins < ends ? utc_s >= begins && utc_s < ends
                                : utc_s >= begins || utc_s < ends; // In the south.
    return summer ? z->summer_s : z->standard_s;
}

int64_t zone_offset(const zone *z, int64_t utc_s)
{
    if (z == NULL) {
        return 0;
    }
    if (utc_s >= z->changes[z->count - 1].at_s) {
        return offset_by_rules(z, utc_s);
    }
    size_t low = 0, high = z->count - 1; // changes[low] is not after utc_s.
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (z->changes[middle].at_s <= utc_s) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return z->changes[low].offset_s;
}

/* What is shown grows with time but for the steps back: the first moment is found between the
 * two offsets around it. */
int64_t zone_to_utc(const zone *z, int64_t local_s)
{
    int64_t before = zone_offset(z, local_s - EDGE_S), after = zone_offset(z, local_s + EDGE_S);
    int64_t early = local_s - (before > after ? before : after);
    int64_t late = local_s - (before > after ? after : before);
    if (early + zone_offset(z, early) == local_s || early == late) {
        return early;
    }
    if (late + zone_offset(z, late) == local_s
        && late - 1 + zone_offset(z, late - 1) < local_s) {
        return late;
    }
    // Left out: the moment of the change lies between the two.
    while (late - early > 1) {
        int64_t middle = early + (late - early) / 2;
        if (middle + zone_offset(z, middle) >= local_s) {
            late = middle;
        } else {
            early = middle;
        }
    }
    return late;
}

/* "-3", "5:30", "<+03>-3": skips the name, then reads hours. */
static bool take_name(const char **at)
{
    const char *p = *at;
    if (*p == '<') {
        p = strchr(p, '>');
        *at = p == NULL ? *at : p + 1;
        return p != NULL;
    }
    while (isalpha((unsigned char)*p)) {
        p++;
    }
    bool named = p - *at >= 3;
    *at = p;
    return named;
}

static bool take_time(const char **at, int64_t *out_s)
{
    int64_t sign = **at == '-' ? -1 : 1;
    int64_t parts[3] = {0};
    if (**at == '-' || **at == '+') {
        (*at)++;
    }
    for (size_t i = 0; i < 3; i++) {
        if (!isdigit((unsigned char)**at)) {
            return false;
        }
        for (; isdigit((unsigned char)**at) && parts[i] < 1000; (*at)++) {
            parts[i] = parts[i] * 10 + (**at - '0');
        }
        if (**at != ':') {
            break;
        }
        (*at)++;
    }
    *out_s = sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]);
    return true;
}

static bool take_rule(const char **at, rule *out)
{
    int size = 0;
    *out = (rule){.time_s = 7200};
    if (sscanf(*at, ",M%d.%d.%d%n", &out->month, &out->week, &out->weekday, &size) != 3
        || out->month < 1 || out->month > 12 || out->week < 1 || out->week > 5
        || out->weekday < 0 || out->weekday > 6) {
        return false;
    }
    *at += size;
    if (**at == '/') {
        (*at)++;
        return take_time(at, &out->time_s);
    }
    return true;
}

/* The line at the end of the file says what holds after the last change. */
static bool read_footer(const char *text, zone *z)
{
    const char *p = text;
    int64_t west_s = 0;
    if (!take_name(&p) || !take_time(&p, &west_s)) {
        return false;
    }
    z->standard_s = -west_s;
    if (*p == '\0') {
        return true;
    }
    z->summer = take_name(&p);
    z->summer_s = z->standard_s + 3600;
    if (*p != ',' && *p != '\0') {
        if (!take_time(&p, &west_s)) {
            return false;
        }
        z->summer_s = -west_s;
    }
    return z->summer && take_rule(&p, &z->begins) && take_rule(&p, &z->ends) && *p == '\0';
}

/* Bytes of the block whose header is at @p at, with times of @p width bytes. */
static size_t block_size(const uint8_t *at, size_t width, size_t counts[6])
{
    for (size_t i = 0; i < 6; i++) {
        counts[i] = (size_t)read_be(at + 20 + 4 * i, 4) & 0xffffffU;
    }
    return HEADER + counts[3] * (width + 1) + counts[4] * 6 + counts[5]
           + counts[2] * (width + 4) + counts[1] + counts[0];
}

static bool read_changes(const uint8_t *at, const size_t counts[6], zone *z)
{
    size_t times = counts[3], types = counts[4];
    const uint8_t *kinds = at + times * 8, *infos = kinds + times;
    if (times > CHANGES_MAX || types == 0) {
        return false;
    }
    z->changes = orc_alloc((times + 1) * sizeof *z->changes);
    z->changes[0] = (change){INT64_MIN, read_be(infos, 4)};
    for (size_t i = 0; i < times; i++) {
        if (kinds[i] >= types) {
            return false;
        }
        z->changes[i + 1] =
            (change){read_be(at + 8 * i, 8), read_be(infos + 6 * (size_t)kinds[i], 4)};
    }
    z->count = times + 1;
    return true;
}

/* Version 2 or later: a block with short times, one with long ones, and the footer. */
static bool parse(uint8_t *bytes, size_t size, zone *z)
{
    size_t counts[6];
    if (size < HEADER || memcmp(bytes, "TZif", 4) != 0 || bytes[4] < '2') {
        return false;
    }
    size_t first = block_size(bytes, 4, counts);
    if (first + HEADER > size || memcmp(bytes + first, "TZif", 4) != 0) {
        return false;
    }
    size_t second = block_size(bytes + first, 8, counts);
    if (first + second + 2 > size || bytes[first + second] != '\n'
        || !read_changes(bytes + first + HEADER, counts, z)) {
        return false;
    }
    char *footer = (char *)bytes + first + second + 1;
    bytes[size] = '\0';
    footer[strcspn(footer, "\n")] = '\0';
    return read_footer(footer, z);
}

static bool good_name(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size < NAME_MAX_SIZE && name[0] != '/' && strstr(name, "..") == NULL
           && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                           "0123456789+-_/")
                  == size;
}

bool zone_load(const char *name, zone **out)
{
    char path[sizeof ZONE_FOLDER + NAME_MAX_SIZE];
    *out = NULL;
    if (strcmp(name, "UTC") == 0) {
        return true;
    }
    if (!good_name(name)) {
        return false;
    }
    (void)snprintf(path, sizeof path, ZONE_FOLDER "%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *bytes = orc_alloc(FILE_MAX + 1);
    ssize_t size = fd < 0 ? -1 : read(fd, bytes, FILE_MAX);
    if (fd >= 0) {
        (void)close(fd);
    }
    zone *z = orc_alloc(sizeof *z);
    bool good = size > 0 && parse(bytes, (size_t)size, z);
    orc_free(bytes);
    if (!good) {
        zone_free(z);
        return false;
    }
    *out = z;
    return true;
}

void zone_free(zone *z)
{
    if (z != NULL) {
        orc_free(z->changes);
        orc_free(z);
    }
}
