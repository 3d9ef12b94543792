/* Query parameters: "a=1&b=2" -> names and values; durations and page sizes out of text.
 * Used by the routes. Never guesses: an unknown or bad parameter is told by name. */
#ifndef GATEWAY_QUERY_H
#define GATEWAY_QUERY_H

#include <cogo/arena.h>
#include <cogo/record.h>

#include <stdbool.h>
#include <stdint.h>

enum {
    QUERY_MAX = 64, /* Parameters of one request. */
    PAGE_SIZE_DEFAULT = 50,
    PAGE_SIZE_MAX = 1000,
};

typedef struct query {
    size_t count;
    struct {
        const char *name, *value;
    } items[QUERY_MAX];
} query;

/* Reads @p text; @p known are the names that are allowed, with one blank between them. False
 * with a sentence in @p error (240 bytes, in @p arena) and the name in @p *which. */
bool query_parse(query *q, const char *text, const char *known, cogo_arena *arena,
                 const char **which, const char **error);

/* The first value of @p name, or NULL. */
const char *query_get(const query *q, const char *name);
/* All values of @p name, in @p arena. */
cogo_strings query_all(const query *q, const char *name, cogo_arena *arena);

/* "500ms", "30s", "2m", "1h", or a number of ms. False when it is none of these. */
bool query_duration(const char *text, int64_t *out_ms);
/* A whole number from @p min to @p max. */
bool query_number(const char *text, int64_t min, int64_t max, int64_t *out);

#endif
