#include "actors/gateway/counts.h"

#include <string.h>

void counts_init(counts *c)
{
    memset(c, 0, sizeof *c);
    (void)pthread_mutex_init(&c->mutex, NULL); /* Default attributes: can't fail on Linux. */
}

void counts_add(counts *c, http_method method, const char *route, int code)
{
    (void)pthread_mutex_lock(&c->mutex);
    size_t i = 0;
    while (i < c->used
           && (c->items[i].code != code || c->items[i].method != method
               || strcmp(c->items[i].route, route) != 0)) {
        i++;
    }
    if (i == c->used && i < COUNTS_MAX) {
        c->items[c->used++] = (counts_item){.method = method, .route = route, .code = code};
    }
    c->items[i < COUNTS_MAX ? i : COUNTS_MAX - 1].value++;
    (void)pthread_mutex_unlock(&c->mutex);
}

void counts_rest(counts *c)
{
    (void)pthread_mutex_lock(&c->mutex);
    c->rests++;
    (void)pthread_mutex_unlock(&c->mutex);
}

uint64_t counts_rests(counts *c)
{
    (void)pthread_mutex_lock(&c->mutex);
    uint64_t rests = c->rests;
    (void)pthread_mutex_unlock(&c->mutex);
    return rests;
}

size_t counts_read(counts *c, counts_item *out, size_t capacity)
{
    (void)pthread_mutex_lock(&c->mutex);
    size_t used = c->used < capacity ? c->used : capacity;
    memcpy(out, c->items, used * sizeof *out);
    (void)pthread_mutex_unlock(&c->mutex);
    return used;
}

void counts_finish(counts *c)
{
    (void)pthread_mutex_destroy(&c->mutex);
}
