/* Plain accesses. The programs and the runtime are compiled with -fsanitize=thread, which turns
 * each of them into a call, and linked with these functions in the place of its library.
 *
 * Two accesses of one byte race if one of them writes, one of them is plain and neither
 * happened before the other, as the views know it. */
#include "runtime/actor/context.h"
#include "tests/model/engine.h"

#include <stdlib.h>
#include <string.h>

enum { GRANULES = 1 << 16, GRANULE = 8, RANGE_MAX = 4096, STACK_NEAR = 1 << 16 };

static granule *granules;
static uint32_t execution, granule_count;

void races_forget(void)
{
    granules = granules != NULL ? granules : calloc(GRANULES, sizeof *granules);
    execution++;
    granule_count = 0;
}

granule *granule_at(const void *address, bool make)
{
    uintptr_t key = (uintptr_t)address / GRANULE;
    uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 48);
    while (granules[at].execution == execution && granules[at].key != key) {
        at = (at + 1) % GRANULES;
    }
    granule *g = &granules[at];
    if (g->execution != execution) {
        if (!make) {
            return NULL;
        }
        if (++granule_count > GRANULES / 2) {
            run_fail("the program touches too much memory for the explorer");
        }
        memset(g, 0, sizeof *g);
        g->key = key;
        g->execution = execution;
    }
    return g;
}

static void check_write(const granule *g, uint8_t bytes, const void *address,
                        const void *caller)
{
    const view *v = &views[thread_now()];
    if (g->freed) {
        run_fail("thread %u uses %p after it was freed, at pc %p", thread_now(), address,
                 caller);
    }
    if ((g->write_bytes & bytes) != 0 && g->write_clock > v->clock[g->write_thread]) {
        run_fail("race: thread %u accesses %p at pc %p, thread %u wrote it", thread_now(),
                 address, caller, g->write_thread);
    }
}

static void check_reads(const granule *g, uint8_t bytes, const void *address,
                        const void *caller)
{
    const view *v = &views[thread_now()];
    for (unsigned t = 0; t < MODEL_THREADS; t++) {
        if ((g->read_bytes[t] & bytes) != 0 && g->read_clock[t] > v->clock[t]) {
            run_fail("race: thread %u writes %p at pc %p, thread %u read it", thread_now(),
                     address, caller, t);
        }
    }
}

static void access_granule(granule *g, uint8_t bytes, bool writes, const void *address,
                           const void *caller)
{
    unsigned me = thread_now();
    check_write(g, bytes, address, caller);
    for (unsigned i = 0; i < 2; i++) {
        if (g->places[i] != 0 && (bytes >> i * 4 & 15) != 0) {
            place_check_plain(g->places[i], writes, address, caller);
            if (writes) {
                g->places[i] = 0; // What is there now is no store of the old word.
            }
        }
    }
    if (!writes) {
        g->read_bytes[me] |= bytes;
        g->read_clock[me] = views[me].clock[me];
        return;
    }
    check_reads(g, bytes, address, caller);
    g->write_bytes = bytes;
    g->write_thread = (uint8_t)me;
    g->write_clock = views[me].clock[me];
}

void races_atomic(granule *g, const void *address, uint32_t size_bytes, bool writes)
{
    uint8_t bytes = (uint8_t)(((1u << size_bytes) - 1) << (uintptr_t)address % GRANULE);
    const void *caller = __builtin_return_address(0);
    check_write(g, bytes, address, caller);
    if (writes) {
        check_reads(g, bytes, address, caller);
    }
}

void races_range(const void *address, size_t size_bytes, bool writes, const void *caller)
{
    uintptr_t at = (uintptr_t)address, end = at + size_bytes;
    uintptr_t stack = (uintptr_t)__builtin_frame_address(0);
    if (!thread_inside() || size_bytes > RANGE_MAX || at - stack < STACK_NEAR
        || address == (const void *)&cogo__here) { // Its thread's own.
        return;
    }
    while (at < end) {
        uintptr_t next = (at / GRANULE + 1) * GRANULE;
        uintptr_t stop = next < end ? next : end;
        uint8_t bytes = (uint8_t)(((1u << (stop - at)) - 1) << at % GRANULE);
        const void *word = (const char *)address + (at - (uintptr_t)address);
        access_granule(granule_at(word, true), bytes, writes, word, caller);
        at = stop;
    }
}

/* Of a large block only what is known: nobody looks for the rest. */
void races_freed(const void *address, size_t size_bytes, const void *caller)
{
    for (size_t at = 0; at < size_bytes; at += GRANULE) {
        const char *word = (const char *)address + at;
        granule *g = granule_at(word, size_bytes <= RANGE_MAX);
        if (g != NULL) {
            access_granule(g, 0xff, true, word, caller);
            g->freed = true;
        }
    }
}

void races_fresh(const void *address, size_t size_bytes)
{
    for (size_t at = 0; at < size_bytes; at += GRANULE) {
        granule *g = granule_at((const char *)address + at, false);
        if (g != NULL) {
            uintptr_t key = g->key;
            memset(g, 0, sizeof *g);
            g->key = key;
            g->execution = execution;
        }
    }
}

/* --- What the compiler calls. ------------------------------------------------------------ */

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_read_range(const void *address, size_t size);
void __tsan_write_range(void *address, size_t size);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void)
{
}

void __tsan_read_range(const void *address, size_t size)
{
    races_range(address, size, false, __builtin_return_address(0));
}

void __tsan_write_range(void *address, size_t size)
{
    races_range(address, size, true, __builtin_return_address(0));
}

#define ACCESS(name, size, writes)                                       \
    void name(const void *address);                                      \
    void name(const void *address)                                       \
    {                                                                    \
        races_range(address, size, writes, __builtin_return_address(0)); \
    }
#define ACCESSES(size)                               \
    ACCESS(__tsan_read##size, size, false)           \
    ACCESS(__tsan_write##size, size, true)           \
    ACCESS(__tsan_unaligned_read##size, size, false) \
    ACCESS(__tsan_unaligned_write##size, size, true)
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)
