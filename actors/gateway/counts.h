/* Counters of the HTTP door: requests by method, route and status code, and how often new
 * connections had to wait.
 * Used by the actor (answers), by the server (refusals) and by /metrics. Any thread.
 * Never counts by path: a route is one of a fixed few. */
#ifndef GATEWAY_COUNTS_H
#define GATEWAY_COUNTS_H

#include "actors/gateway/request.h"

#include <pthread.h>

enum { COUNTS_MAX = 1024 }; /* Different (method, route, code); more are counted together. */

typedef struct counts_item {
    http_method method;
    const char *route; /* Constant text. */
    int code;
    uint64_t value;
} counts_item;

typedef struct counts {
    pthread_mutex_t mutex;
    size_t used;
    uint64_t rests;
    counts_item items[COUNTS_MAX];
} counts;

void counts_init(counts *c);
void counts_add(counts *c, http_method method, const char *route, int code);
/* There was no descriptor or no memory for a new connection. */
void counts_rest(counts *c);
uint64_t counts_rests(counts *c);
/* Copies up to @p capacity counters to @p out. Returns how many. */
size_t counts_read(counts *c, counts_item *out, size_t capacity);
void counts_finish(counts *c);

#endif
