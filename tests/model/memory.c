/* What C11 lets a load return.
 *
 * Each atomic word keeps its newest stores, in the order in which they were executed: that is
 * its modification order. A thread's view says for each word which store it may read at the
 * oldest: the last one that it read or wrote itself, or that it learned of by an acquire. A
 * release attaches the view of its thread to the store, an acquire takes it over; a
 * read-modify-write always reads the newest store and hands the attached view on (a release
 * sequence). The seq_cst operations are in one order, that of their execution: a seq_cst load
 * reads the last seq_cst store before it or a newer store.
 *
 * This allows less than C11 in two ways: a store never goes into the middle of the modification
 * order, and a seq_cst order that contradicts the execution is not tried. So what it finds is
 * real, and what it does not find is no proof. */
#include "tests/model/engine.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_SIZE = 64 << 20 };

typedef struct store {
    uint64_t value;
    const message *message; // NULL: a relaxed one that continues no release.
} store;

typedef struct place {
    store history[MODEL_HISTORY];
    uint32_t count; // Of all stores so far; the newest is count - 1.
    uint32_t last_seq_cst;
    uint32_t read_clock[MODEL_THREADS], write_clock[MODEL_THREADS];
} place;

static place places[MODEL_PLACES];
static uint32_t place_count;
static char *arena;
static size_t arena_used;

void memory_forget(void)
{
    arena = arena != NULL ? arena : malloc(ARENA_SIZE);
    arena_used = 0;
    place_count = 1; // 0 is none.
}

static bool acquires(cogo__atomic_order order)
{
    return order == COGO__ACQUIRE || order == COGO__ACQ_REL || order == COGO__SEQ_CST;
}

static bool releases(cogo__atomic_order order)
{
    return order == COGO__RELEASE || order == COGO__ACQ_REL || order == COGO__SEQ_CST;
}

message *memory_release(const message *also)
{
    view *v = &views[thread_now()];
    size_t size = (sizeof(message) + place_count * sizeof(uint16_t) + 7) / 8 * 8;
    if (arena_used + size > ARENA_SIZE) {
        run_fail("the program is too large for the explorer");
    }
    message *m = (message *)(void *)(arena + arena_used);
    arena_used += size;
    memcpy(m->clock, v->clock, sizeof m->clock);
    m->count = place_count;
    memcpy(m->seen, v->seen, place_count * sizeof *m->seen);
    for (uint32_t i = 0; also != NULL && i < also->count; i++) {
        m->seen[i] = m->seen[i] > also->seen[i] ? m->seen[i] : also->seen[i];
    }
    for (uint32_t i = 0; also != NULL && i < MODEL_THREADS; i++) {
        m->clock[i] = m->clock[i] > also->clock[i] ? m->clock[i] : also->clock[i];
    }
    v->clock[thread_now()]++;
    return m;
}

void memory_acquire(const message *m)
{
    view *v = &views[thread_now()];
    for (uint32_t i = 0; m != NULL && i < m->count; i++) {
        v->seen[i] = v->seen[i] > m->seen[i] ? v->seen[i] : m->seen[i];
    }
    for (uint32_t i = 0; m != NULL && i < MODEL_THREADS; i++) {
        v->clock[i] = v->clock[i] > m->clock[i] ? v->clock[i] : m->clock[i];
    }
}

static const store *newest(const place *p)
{
    return &p->history[(p->count - 1) % MODEL_HISTORY];
}

/* A word that is new, or that plain code has written since, begins with what lies there. */
static uint16_t place_at(granule *g, const cogo__atomic_site *site, const void *address)
{
    uint16_t *at = &g->places[(uintptr_t)address / 4 % 2];
    uint64_t value = cogo__atomic_read(site, address);
    if (*at != 0 && newest(&places[*at])->value == value) {
        return *at;
    }
    if (place_count == MODEL_PLACES) {
        run_fail("more than %d atomic words", MODEL_PLACES);
    }
    place *p = &places[place_count];
    memset(p, 0, sizeof *p);
    p->history[0].value = value;
    p->count = 1;
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        views[i].seen[place_count] = 0;
    }
    *at = (uint16_t)place_count;
    return (uint16_t)place_count++;
}

void place_kill(uint16_t *at)
{
    *at = 0;
}

void place_check_plain(uint16_t at, bool writes, const void *address, const void *caller)
{
    const place *p = &places[at];
    const view *v = &views[thread_now()];
    for (unsigned t = 0; t < MODEL_THREADS; t++) {
        if (p->write_clock[t] > v->clock[t] || (writes && p->read_clock[t] > v->clock[t])) {
            run_fail("race: thread %u accesses %p plainly at pc %p, thread %u did atomically",
                     thread_now(), address, caller, t);
        }
    }
}

/* The oldest store that a load may return. */
static uint32_t oldest(uint16_t at, cogo__atomic_order order)
{
    const place *p = &places[at];
    uint32_t first = views[thread_now()].seen[at];
    if (order == COGO__SEQ_CST && p->last_seq_cst > first) {
        first = p->last_seq_cst;
    }
    uint32_t kept = p->count > MODEL_HISTORY ? p->count - MODEL_HISTORY : 0;
    return first > kept ? first : kept;
}

static void took(uint16_t at, uint32_t index, cogo__atomic_order order)
{
    views[thread_now()].seen[at] = (uint16_t)index;
    if (acquires(order)) {
        memory_acquire(places[at].history[index % MODEL_HISTORY].message);
    }
}

static uint64_t load(uint16_t at, cogo__atomic_order order, unsigned *out_stale)
{
    place *p = &places[at];
    unsigned stale = choose_store(p->count - oldest(at, order));
    uint32_t index = p->count - 1 - stale;
    uint64_t value = p->history[index % MODEL_HISTORY].value;
    took(at, index, order);
    *out_stale = stale;
    return value;
}

static void append(uint16_t at, uint64_t value, cogo__atomic_order order, const message *before)
{
    place *p = &places[at];
    uint32_t index = p->count++;
    views[thread_now()].seen[at] = (uint16_t)index;
    p->history[index % MODEL_HISTORY] =
        (store){value, releases(order) ? memory_release(before) : before};
    if (order == COGO__SEQ_CST) {
        p->last_seq_cst = index;
    }
}

/* A compare-and-swap that fails is a load, and may return a stale value. */
static bool fails(uint16_t at, cogo__atomic_order order, uint64_t expected, uint64_t *out_seen,
                  unsigned *out_stale)
{
    place *p = &places[at];
    uint32_t options[MODEL_HISTORY], count = 0;
    cogo__atomic_order failing = order == COGO__ACQ_REL   ? COGO__ACQUIRE
                                 : order == COGO__RELEASE ? COGO__RELAXED
                                                          : order;
    uint32_t first = oldest(at, failing);
    for (uint32_t index = p->count; index-- > first;) {
        bool now = index == p->count - 1;
        if (now || p->history[index % MODEL_HISTORY].value != expected) {
            options[count++] = index;
        }
    }
    uint32_t index = options[choose_store(count)];
    *out_stale = p->count - 1 - index;
    *out_seen = p->history[index % MODEL_HISTORY].value;
    if (*out_seen == expected) {
        return false;
    }
    took(at, index, failing);
    return true;
}

uint64_t cogo__atomic_hook(cogo__atomic_site *site, const void *address, uint64_t value,
                           uint64_t expected)
{
    uint64_t seen = cogo__atomic_read(site, address);
    if (!thread_inside()) {
        if (site->kind != COGO__LOAD && (site->kind != COGO__CAS || seen == expected)) {
            cogo__atomic_write(site, address, cogo__atomic_result(site, seen, value));
        }
        return seen;
    }
    site_record *record = site_of(site);
    record->reached++;
    thread_step();
    granule *g = granule_at(address, true);
    races_atomic(g, address, site->size_bytes, site->kind != COGO__LOAD);
    uint16_t at = place_at(g, site, address);
    place *p = &places[at];
    unsigned me = thread_now(), stale = 0;
    uint64_t left = 0;
    seen = newest(p)->value;
    if (site->kind == COGO__LOAD) {
        seen = load(at, record->order, &stale);
        p->read_clock[me] = views[me].clock[me];
    } else if (site->kind == COGO__CAS && fails(at, record->order, expected, &seen, &stale)) {
        p->read_clock[me] = views[me].clock[me];
    } else {
        const message *before = NULL;
        if (site->kind != COGO__STORE) {
            before = newest(p)->message;
            took(at, p->count - 1, record->order);
        }
        p->write_clock[me] = views[me].clock[me];
        left = cogo__atomic_result(site, seen, value);
        append(at, left, record->order, before);
        cogo__atomic_write(site, address, left);
    }
    thread_note(record, address, seen, left, stale);
    return seen;
}

void cogo__atomic_pause(void)
{
    if (thread_inside()) {
        thread_pause();
    }
}
