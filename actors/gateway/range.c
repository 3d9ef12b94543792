#include "actors/gateway/range.h"

#include "actors/gateway/query.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DIGITS_MAX = 19 };

/* A number that ends at @p until; -1: none stands there. */
static int64_t number(const char *text, const char *until)
{
    char digits[DIGITS_MAX + 1];
    size_t size = (size_t)(until - text);
    int64_t value = -1;
    if (size == 0 || size > DIGITS_MAX) {
        return -1;
    }
    snprintf(digits, sizeof digits, "%.*s", (int)size, text);
    return query_number(digits, 0, INT64_MAX, &value) ? value : -1;
}

range_verdict range_read(const char *text, int64_t size, int64_t *out_first, int64_t *out_last)
{
    *out_first = 0;
    *out_last = size - 1;
    if (text == NULL || strncasecmp(text, "bytes=", 6) != 0 || strchr(text, ',') != NULL) {
        return RANGE_ALL;
    }
    const char *begin = text + 6, *dash = strchr(begin, '-'), *end = begin + strlen(begin);
    if (dash == NULL) {
        return RANGE_ALL;
    }
    int64_t first = number(begin, dash), last = number(dash + 1, end);
    if (dash == begin) { // The last N.
        if (last < 0) {
            return RANGE_ALL;
        }
        *out_first = last < size ? size - last : 0;
        return last > 0 && size > 0 ? RANGE_PART : RANGE_BAD;
    }
    if (first < 0 || (last < 0 && dash + 1 != end) || (last >= 0 && last < first)) {
        return RANGE_ALL;
    }
    *out_first = first;
    *out_last = last >= 0 && last < size ? last : size - 1;
    return first < size ? RANGE_PART : RANGE_BAD;
}

bool range_tag_in(const char *text, const char *tag)
{
    size_t size = strlen(tag);
    while (text != NULL && *text != '\0') {
        text += strspn(text, " \t,");
        text += strncmp(text, "W/", 2) == 0 ? 2 : 0; // Weak comparison, as for a GET.
        size_t length = strcspn(text, ", \t");
        if ((length == size && strncmp(text, tag, size) == 0)
            || (length == 1 && *text == '*')) {
            return true;
        }
        text += length;
    }
    return false;
}
