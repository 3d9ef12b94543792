/* A hash map from bytes to pointers: task ids, worker ids, idempotency keys, asks.
 * Used by every file of this room that has to find something by name.
 * Never copies a key: it lives in the value, as long as the value is in the map. */
#ifndef ORCHESTRATOR_MAP_H
#define ORCHESTRATOR_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct orc_map_slot {
    const void *key; /* NULL: free. */
    size_t key_size_bytes;
    uint64_t hash;
    void *value;
} orc_map_slot;

/* Zero-initialise, then set `seed`: keys come from users, so their places must not be
 * guessable. */
typedef struct orc_map {
    orc_map_slot *slots;
    size_t capacity; /* 0 or a power of two. */
    size_t count;
    uint64_t seed[2];
} orc_map;

void orc_map_finish(orc_map *map);

/* NULL when it is not there. */
void *orc_map_get(const orc_map *map, const void *key, size_t key_size_bytes);
void *orc_map_get_text(const orc_map *map, const char *key);

/* The key must not be in the map yet. */
void orc_map_put(orc_map *map, const void *key, size_t key_size_bytes, void *value);
void orc_map_put_text(orc_map *map, const char *key, void *value);

/* What was there, or NULL. */
void *orc_map_take(orc_map *map, const void *key, size_t key_size_bytes);
void *orc_map_take_text(orc_map *map, const char *key);

/* The values, in no order: start with *cursor 0; NULL at the end. No put or take meanwhile. */
void *orc_map_next(const orc_map *map, size_t *cursor);

#endif
