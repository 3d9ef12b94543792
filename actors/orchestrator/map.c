#include "actors/orchestrator/map.h"

#include "actors/orchestrator/memory.h"

#include <string.h>

enum { CAPACITY_MIN = 16 };

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return (value << bits) | (value >> (64U - bits));
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

/* SipHash-1-3: a flood of chosen keys doesn't make the map slow. */
static uint64_t hash_of(const orc_map *map, const uint8_t *bytes, size_t size_bytes)
{
    uint64_t v[4] = {map->seed[0] ^ 0x736f6d6570736575U, map->seed[1] ^ 0x646f72616e646f6dU,
                     map->seed[0] ^ 0x6c7967656e657261U, map->seed[1] ^ 0x7465646279746573U};
    size_t at = 0;
    uint64_t word = 0;
    for (; at + sizeof word <= size_bytes; at += sizeof word) {
        memcpy(&word, bytes + at, sizeof word);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = 0;
    memcpy(&word, bytes + at, size_bytes - at);
    word |= (uint64_t)size_bytes << 56U;
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xffU;
    for (int i = 0; i < 3; i++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void orc_map_finish(orc_map *map)
{
    orc_free(map->slots);
    map->slots = NULL;
    map->capacity = 0;
    map->count = 0;
}

static orc_map_slot *find(const orc_map *map, const void *key, size_t key_size_bytes,
                          uint64_t hash)
{
    if (map->capacity == 0) {
        return NULL;
    }
    size_t mask = map->capacity - 1;
    for (size_t i = (size_t)hash & mask; map->slots[i].key != NULL; i = (i + 1) & mask) {
        orc_map_slot *slot = &map->slots[i];
        if (slot->hash == hash && slot->key_size_bytes == key_size_bytes
            && memcmp(slot->key, key, key_size_bytes) == 0) {
            return slot;
        }
    }
    return NULL;
}

void *orc_map_get(const orc_map *map, const void *key, size_t key_size_bytes)
{
    const orc_map_slot *slot =
        find(map, key, key_size_bytes, hash_of(map, key, key_size_bytes));
    return slot == NULL ? NULL : slot->value;
}

static void place(orc_map *map, orc_map_slot entry)
{
    size_t mask = map->capacity - 1;
    size_t i = (size_t)entry.hash & mask;
    while (map->slots[i].key != NULL) {
        i = (i + 1) & mask;
    }
    map->slots[i] = entry;
}

static void grow(orc_map *map)
{
    orc_map_slot *old = map->slots;
    size_t old_capacity = map->capacity;
    map->capacity = old_capacity == 0 ? CAPACITY_MIN : old_capacity * 2;
    map->slots = orc_alloc(map->capacity * sizeof *map->slots);
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].key != NULL) {
            place(map, old[i]);
        }
    }
    orc_free(old);
}

void orc_map_put(orc_map *map, const void *key, size_t key_size_bytes, void *value)
{
    if (map->count * 4 >= map->capacity * 3) {
        grow(map);
    }
    place(map, (orc_map_slot){.key = key,
                              .key_size_bytes = key_size_bytes,
                              .hash = hash_of(map, key, key_size_bytes),
                              .value = value});
    map->count++;
}

/* Moves later entries of the same run back, so that no tombstones are needed: an entry may fill
 * the hole when its home is not between the hole (excluded) and its place (included). */
static void close_hole(orc_map *map, size_t hole)
{
    size_t mask = map->capacity - 1;
    for (size_t i = (hole + 1) & mask; map->slots[i].key != NULL; i = (i + 1) & mask) {
        size_t home = (size_t)map->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->slots[hole] = map->slots[i];
            hole = i;
        }
    }
    map->slots[hole] = (orc_map_slot){0};
}

void *orc_map_take(orc_map *map, const void *key, size_t key_size_bytes)
{
    const orc_map_slot *slot =
        find(map, key, key_size_bytes, hash_of(map, key, key_size_bytes));
    if (slot == NULL) {
        return NULL;
    }
    void *value = slot->value;
    close_hole(map, (size_t)(slot - map->slots));
    map->count--;
    return value;
}

void *orc_map_next(const orc_map *map, size_t *cursor)
{
    while (*cursor < map->capacity) {
        const orc_map_slot *slot = &map->slots[(*cursor)++];
        if (slot->key != NULL) {
            return slot->value;
        }
    }
    return NULL;
}

void *orc_map_get_text(const orc_map *map, const char *key)
{
    return orc_map_get(map, key, strlen(key));
}

void orc_map_put_text(orc_map *map, const char *key, void *value)
{
    orc_map_put(map, key, strlen(key), value);
}

void *orc_map_take_text(orc_map *map, const char *key)
{
    return orc_map_take(map, key, strlen(key));
}
