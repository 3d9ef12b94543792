#include "actors/gateway/query.h"

#include "actors/gateway/request.h"

#include <string.h>

static bool is_known(const char *known, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = known; *at != '\0'; at += *at == ' ') {
        size_t length = strcspn(at, " ");
        if (length == size && memcmp(at, name, size) == 0) {
            return true;
        }
        at += length;
    }
    return false;
}

bool query_parse(query *q, const char *text, const char *known, cogo_arena *arena,
                 const char **which, const char **error)
{
    char *copy = cogo_arena_strdup(arena, text);
    *which = "";
    *error = "Out of memory.";
    q->count = 0;
    if (copy == NULL) {
        return false;
    }
    for (char *at = copy; at != NULL && *at != '\0';) {
        char *next = strchr(at, '&');
        if (next != NULL) {
            *next++ = '\0';
        }
        char *value = strchr(at, '=');
        if (value != NULL) {
            *value++ = '\0';
        }
        if (!request_decode(at, true) || (value != NULL && !request_decode(value, true))) {
            *error = "The query has a bad or forbidden % escape.";
            return false;
        }
        *which = at;
        if (!is_known(known, at)) {
            *error = known[0] == '\0'
                         ? "This path takes no parameters."
                         : cogo_arena_printf(arena, "Unknown parameter; known are: %s.", known);
            return false;
        }
        if (q->count == QUERY_MAX) {
            *error = "Too many parameters.";
            return false;
        }
        q->items[q->count].name = at;
        q->items[q->count].value = value != NULL ? value : "";
        q->count++;
        at = next;
    }
    return true;
}

const char *query_get(const query *q, const char *name)
{
    for (size_t i = 0; i < q->count; i++) {
        if (strcmp(q->items[i].name, name) == 0) {
            return q->items[i].value;
        }
    }
    return NULL;
}

cogo_strings query_all(const query *q, const char *name, cogo_arena *arena)
{
    const char **items = cogo_arena_alloc(arena, (q->count + 1) * sizeof *items);
    size_t count = 0;
    for (size_t i = 0; items != NULL && i < q->count; i++) {
        if (strcmp(q->items[i].name, name) == 0) {
            items[count++] = q->items[i].value;
        }
    }
    return (cogo_strings){.items = items, .count = count};
}

bool query_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
    size_t digits = strspn(text, "0123456789");
    int64_t value = 0;
    if (digits == 0 || digits > 17 || text[digits] != '\0') {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        value = value * 10 + (text[i] - '0');
    }
    *out = value;
    return value >= min && value <= max;
}

bool query_duration(const char *text, int64_t *out_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    char digits[12];
    size_t count = strspn(text, "0123456789");
    int64_t value = 0;
    if (count == 0 || count >= sizeof digits) {
        return false;
    }
    memcpy(digits, text, count);
    digits[count] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text + count, units[i].unit) == 0
            && query_number(digits, 0, INT64_MAX, &value)) {
            *out_ms = value * units[i].ms;
            return true;
        }
    }
    return false;
}
