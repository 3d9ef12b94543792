/* Which worker of a pool gets a message. */
#include "runtime/actor/guard.h"
#include "runtime/actor/pool.h"

#include <cogo/supervisor.h>

#include <stdio.h>

enum {
    SCAN_MAX = 32,  // Workers that LEAST_LOADED compares all.
    SAMPLES = 4,    // Else so many.
    HASH_TRIES = 8, // Workers in a row that HASH finds above their share.
    NAME_SIZE = 24,
};

void cogo__place_name(uint64_t serial, char *out)
{
    (void)snprintf(out, NAME_SIZE, "%llu", (unsigned long long)serial);
}

static cogo__cell *cell_of(cogo_system *system, const cogo__place *place)
{
    return cogo__cell_find(system, place->id);
}

bool cogo__place_resolve(cogo_context *ctx, const cogo__pool *pool, cogo__place *place)
{
    if (cell_of(ctx->system, place) != NULL) {
        return true;
    }
    char name[NAME_SIZE];
    cogo__place_name(place->serial, name);
    place->id = cogo_supervisor_child(ctx->system, pool->supervisor, name);
    return cell_of(ctx->system, place) != NULL;
}

/* Asks that were decided meanwhile are forgotten. */
static uint32_t open_asks(cogo_system *system, cogo__place *place)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < place->open_count; i++) {
        cogo__ref *ref = cogo__ref_find(&system->refs, place->open[i]);
        if (ref != NULL && cogo__ref_waits(cogo__u64_load_relaxed(&ref->state))) {
            place->open[kept++] = place->open[i];
        }
    }
    place->open_count = kept;
    return kept;
}

uint64_t cogo__place_load(cogo_system *system, cogo__place *place)
{
    const cogo__cell *cell = cell_of(system, place);
    if (cell == NULL) {
        return UINT32_MAX;
    }
    bool idle = ((uintptr_t)cogo__ptr_load_relaxed(&cell->box.head) & COGO__IDLE_MARK) != 0;
    uint64_t waiting = idle ? 0 : 1 + (uint64_t)cogo__cell_depth(cell);
    uint64_t open = open_asks(system, place); // Those that wait are among them.
    return open > waiting ? open : waiting;
}

static uint64_t next_random(cogo__pool *pool)
{
    pool->random ^= pool->random << 13;
    pool->random ^= pool->random >> 7;
    pool->random ^= pool->random << 17;
    return pool->random;
}

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t key_of(const cogo__pool *pool, cogo_msg *msg)
{
    if (pool->spec.key != NULL) {
        return mix(pool->spec.key(msg));
    }
    const unsigned char *bytes = cogo_msg_payload(msg);
    size_t size = cogo_msg_size(msg);
    size_t from = pool->spec.key_offset < size ? pool->spec.key_offset : size;
    size_t count = pool->spec.key_size_bytes;
    count = count == 0 || count > size - from ? size - from : count;
    uint64_t hash = UINT64_C(14695981039346656037); // FNV-1a.
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ bytes[from + i]) * UINT64_C(1099511628211);
    }
    return mix(hash);
}

/* Jump consistent hash (Lamping and Veach): from n to n + 1 places a key stays or goes to the
 * new one. */
static uint32_t jump(uint64_t key, uint32_t count)
{
    int64_t at = -1, next = 0;
    while (next < (int64_t)count) {
        at = next;
        key = key * UINT64_C(2862933555777941757) + 1;
        next = (int64_t)((double)(at + 1)
                         * ((double)(INT64_C(1) << 31) / (double)((key >> 33) + 1)));
    }
    return (uint32_t)at;
}

static uint32_t by_hash(cogo_context *ctx, cogo__pool *pool, cogo_msg *msg)
{
    uint64_t key = key_of(pool, msg);
    uint32_t first = jump(key, pool->size);
    if (pool->spec.load_percent == 0) {
        return first;
    }
    uint64_t sum = 1; // This message.
    for (uint32_t i = 0; i < pool->size; i++) {
        // First found here: a worker that no key has led to yet is idle, not full.
        bool there = cogo__place_resolve(ctx, pool, &pool->places[i]);
        sum += there ? cogo__place_load(ctx->system, &pool->places[i]) : 0;
    }
    uint64_t most = (sum * pool->spec.load_percent + 100 * (uint64_t)pool->size - 1)
                    / (100 * (uint64_t)pool->size);
    uint32_t at = first;
    for (uint32_t i = 0; i < HASH_TRIES; i++) {
        if (cogo__place_load(ctx->system, &pool->places[at]) < most) {
            return at;
        }
        key = mix(key + 1);
        at = jump(key, pool->size);
    }
    return first;
}

static uint32_t by_load(cogo_context *ctx, cogo__pool *pool)
{
    uint32_t from = (uint32_t)(next_random(pool) % pool->size);
    uint32_t looks = pool->size <= SCAN_MAX ? pool->size : SAMPLES;
    uint32_t best = from;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < looks; i++) {
        uint32_t at = pool->size <= SCAN_MAX ? (from + i) % pool->size
                                             : (uint32_t)(next_random(pool) % pool->size);
        (void)cogo__place_resolve(ctx, pool, &pool->places[at]);
        uint64_t load = cogo__place_load(ctx->system, &pool->places[at]);
        if (load < least) {
            least = load;
            best = at;
        }
    }
    return best;
}

static bool usable(cogo_context *ctx, const cogo__pool *pool, cogo__place *place, bool any)
{
    return cogo__place_resolve(ctx, pool, place)
           && (any || cogo__guard_room(ctx->system, cell_of(ctx->system, place)));
}

/* From `at` on, the first with room; else the first with a worker. */
static cogo__place *from(cogo_context *ctx, cogo__pool *pool, uint32_t at, bool stay)
{
    for (int any = stay; any < 2; any++) {
        for (uint32_t i = 0; i < pool->size; i++) {
            cogo__place *place = &pool->places[(at + i) % pool->size];
            if (usable(ctx, pool, place, any != 0)) {
                pool->stats.rerouted += i != 0;
                return place;
            }
        }
    }
    return NULL;
}

cogo__place *cogo__pool_choose(cogo_context *ctx, cogo__pool *pool, cogo_msg *msg)
{
    uint32_t at = 0;
    switch (pool->spec.routing) {
    case COGO_ROUTE_RANDOM:
        at = (uint32_t)(next_random(pool) % pool->size);
        break;
    case COGO_ROUTE_LEAST_LOADED:
        at = by_load(ctx, pool);
        break;
    case COGO_ROUTE_HASH:
        at = by_hash(ctx, pool, msg);
        break;
    case COGO_ROUTE_ROUND_ROBIN:
    case COGO_ROUTE_BROADCAST:
        at = pool->turn++ % pool->size;
        break;
    }
    return from(ctx, pool, at, pool->spec.routing == COGO_ROUTE_HASH);
}
