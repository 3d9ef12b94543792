#include "codec/wire_text.h"

#include <stdio.h>
#include <string.h>

/* Bytes of the character at @p at, of which @p left are there; 0 when it is not well formed. */
static size_t utf8_character(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || left < size) {
        return 0; // c0 and c1 would be overlong.
    }
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (lead == 0xe0 && at[1] < 0xa0) || (lead == 0xf0 && at[1] < 0x90);
    bool surrogate = lead == 0xed && at[1] >= 0xa0;
    bool beyond = lead == 0xf4 && at[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : size;
}

bool cogo__utf8_check(const void *bytes, size_t size_bytes)
{
    const uint8_t *at = bytes;
    size_t left = size_bytes;
    while (left > 0) {
        uint64_t eight;
        if (left >= sizeof eight) { // Eight ASCII characters at once: nearly all text.
            memcpy(&eight, at, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof eight;
                left -= sizeof eight;
                continue;
            }
        }
        size_t size = at[0] < 0x80 ? 1 : utf8_character(at, left);
        if (size == 0) {
            return false;
        }
        at += size;
        left -= size;
    }
    return true;
}

enum {
    MS_PER_DAY = 24 * 60 * 60 * 1000,
    DAYS_BEFORE_1970 = 719468, // From 0000-03-01, where a leap day ends the year.
    DAYS_PER_ERA = 146097,     // 400 years.
};

/* Days since 1970-01-01 in the Gregorian calendar. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_1970;
}

static void date_from_days(int64_t days, int *year, int *month, int *day)
{
    days += DAYS_BEFORE_1970;
    int64_t era = (days >= 0 ? days : days - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int64_t day_of_era = days - era * DAYS_PER_ERA;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *month = (int)(shifted_month + (shifted_month < 10 ? 3 : -9));
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

bool cogo__time_format(int64_t wall_ms, char out[WIRE_TIME_SIZE])
{
    int64_t days = wall_ms / MS_PER_DAY;
    int64_t ms = wall_ms % MS_PER_DAY;
    if (ms < 0) {
        ms += MS_PER_DAY;
        days--;
    }
    if (days < days_from_date(0, 1, 1) || days > days_from_date(9999, 12, 31)) {
        return false;
    }
    int year, month, day;
    date_from_days(days, &year, &month, &day);
    unsigned rest = (unsigned)ms;
    // The remainders change nothing; they show the compiler that the text fits.
    (void)snprintf(out, WIRE_TIME_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
                   (unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100,
                   rest / 3600000 % 100, rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
    return true;
}

/* Reads @p count digits at @p *at and steps over them. */
static bool digits(const char **at, const char *end, int count, int64_t *out)
{
    int64_t number = 0;
    for (int i = 0; i < count; i++) {
        if (*at == end || **at < '0' || **at > '9') {
            return false;
        }
        number = number * 10 + (*(*at)++ - '0');
    }
    *out = number;
    return true;
}

static bool one_of(const char **at, const char *end, const char *set)
{
    if (*at == end || **at == '\0' || strchr(set, **at) == NULL) {
        return false;
    }
    (*at)++;
    return true;
}

static int64_t days_of_month(int64_t year, int64_t month)
{
    return month == 12 ? 31
                       : days_from_date(year, month + 1, 1) - days_from_date(year, month, 1);
}

/* ".123" or nothing, then "Z" or "+01:00". Adds both to @p ms. */
static bool fraction_and_offset(const char **at, const char *end, int64_t *ms)
{
    if (one_of(at, end, ".")) {
        int64_t digit = 0;
        int64_t weight = 100;
        if (!digits(at, end, 1, &digit)) {
            return false;
        }
        do {
            *ms += digit * weight;
            weight /= 10;
        } while (digits(at, end, 1, &digit));
    }
    if (one_of(at, end, "Zz")) {
        return true;
    }
    bool west = *at != end && **at == '-';
    int64_t hours, minutes;
    if (!one_of(at, end, "+-") || !digits(at, end, 2, &hours) || !one_of(at, end, ":")
        || !digits(at, end, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    int64_t offset = (hours * 60 + minutes) * 60000;
    *ms += west ? offset : -offset;
    return true;
}

bool cogo__time_parse(const char *text, size_t size_bytes, int64_t *out_wall_ms)
{
    const char *at = text;
    const char *end = text + size_bytes;
    int64_t year, month, day, hour, minute, second;
    if (!digits(&at, end, 4, &year) || !one_of(&at, end, "-") || !digits(&at, end, 2, &month)
        || !one_of(&at, end, "-") || !digits(&at, end, 2, &day) || !one_of(&at, end, "Tt ")
        || !digits(&at, end, 2, &hour) || !one_of(&at, end, ":")
        || !digits(&at, end, 2, &minute) || !one_of(&at, end, ":")
        || !digits(&at, end, 2, &second)) {
        return false;
    }
    if (month < 1 || month > 12 || day < 1 || day > days_of_month(year, month) || hour > 23
        || minute > 59 || second > 60) { // 60: a leap second, read as the next minute.
        return false;
    }
    int64_t ms = ((hour * 60 + minute) * 60 + second) * 1000;
    if (!fraction_and_offset(&at, end, &ms) || at != end) {
        return false;
    }
    *out_wall_ms = days_from_date(year, month, day) * MS_PER_DAY + ms;
    return true;
}
