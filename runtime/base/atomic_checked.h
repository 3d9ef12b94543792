/* The back-end of atomic.h for builds that watch every atomic operation (COGO_ATOMIC_CHECKED).
 * Used by the explorer in tests/model and by simulated worlds: whoever links it defines
 * cogo__atomic_hook() and cogo__atomic_pause().
 * Never used in a shipped build, and never decides anything: an operation is one call of the
 * hook with its kind, its order and its place in the source. */
#ifndef COGO_BASE_ATOMIC_CHECKED_H
#define COGO_BASE_ATOMIC_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

typedef enum cogo__atomic_kind {
    COGO__LOAD,
    COGO__STORE,
    COGO__SWAP,
    COGO__CAS, /**< Strong. If it fails: acquire for acq_rel, else its own order. */
    COGO__ADD,
    COGO__OR,
    COGO__CLEAR,
} cogo__atomic_kind;

typedef enum cogo__atomic_order {
    COGO__RELAXED,
    COGO__ACQUIRE,
    COGO__RELEASE,
    COGO__ACQ_REL,
    COGO__SEQ_CST,
} cogo__atomic_order;

/** One atomic operation in the source. A function in a header has one per file that uses it. */
typedef struct cogo__atomic_site {
    const char *file, *function, *operand; /**< The operand as it is written. */
    int line;
    cogo__atomic_kind kind;
    cogo__atomic_order order;
    uint32_t size_bytes;
    void *note; /**< For the hook; NULL at first. */
} cogo__atomic_site;

/**
 * Does the operation and returns what was there before; for STORE that means nothing. CAS
 * writes @p value if what it returns is @p expected.
 */
uint64_t cogo__atomic_hook(cogo__atomic_site *site, const void *address, uint64_t value,
                           uint64_t expected);
/** The caller waits for another thread and can do nothing useful now. */
void cogo__atomic_pause(void);

typedef struct cogo__au32 {
    uint32_t value;
} cogo__au32;
typedef struct cogo__au64 {
    uint64_t value;
} cogo__au64;
typedef struct cogo__aptr {
    void *value;
} cogo__aptr;

/* All sites of the program are found between the linker's two marks of this section. */
#define COGO__SITE(kind_, order_, size_, operand_)                                             \
    __extension__({                                                                            \
        static cogo__atomic_site site_ = {__FILE__, __func__, operand_, __LINE__,              \
                                          kind_,    order_,   size_,    0};                    \
        static cogo__atomic_site *const listed_ __attribute__((section("cogo_sites"), used)) = \
            &site_;                                                                            \
        (void)listed_;                                                                         \
        &site_;                                                                                \
    })
extern cogo__atomic_site *const __start_cogo_sites[];
extern cogo__atomic_site *const __stop_cogo_sites[];

#define COGO__ATOMIC_STEPS(name, word, type, integer)                                      \
    static inline type cogo__##name##_step(cogo__atomic_site *site, const word *a, type v) \
    {                                                                                      \
        return (type)(integer)cogo__atomic_hook(site, a, (uint64_t)(integer)v, 0);         \
    }                                                                                      \
    static inline bool cogo__##name##_cas_step(cogo__atomic_site *site, word *a, type *e,  \
                                               type v)                                     \
    {                                                                                      \
        type seen = (type)(integer)cogo__atomic_hook(site, a, (uint64_t)(integer)v,        \
                                                     (uint64_t)(integer)*e);               \
        bool done = seen == *e;                                                            \
        *e = seen;                                                                         \
        return done;                                                                       \
    }
COGO__ATOMIC_STEPS(u32, cogo__au32, uint32_t, uint32_t)
COGO__ATOMIC_STEPS(u64, cogo__au64, uint64_t, uint64_t)
COGO__ATOMIC_STEPS(ptr, cogo__aptr, void *, uintptr_t)
#undef COGO__ATOMIC_STEPS

#define COGO__U32(kind, order, a, v) cogo__u32_step(COGO__SITE(kind, order, 4, #a), a, v)
#define COGO__U64(kind, order, a, v) cogo__u64_step(COGO__SITE(kind, order, 8, #a), a, v)
#define COGO__PTR(kind, order, a, v) \
    cogo__ptr_step(COGO__SITE(kind, order, sizeof(void *), #a), a, v)

#define cogo__u32_load_relaxed(a)     COGO__U32(COGO__LOAD, COGO__RELAXED, a, 0)
#define cogo__u32_load_acquire(a)     COGO__U32(COGO__LOAD, COGO__ACQUIRE, a, 0)
#define cogo__u32_load_seq_cst(a)     COGO__U32(COGO__LOAD, COGO__SEQ_CST, a, 0)
#define cogo__u32_store_relaxed(a, v) ((void)COGO__U32(COGO__STORE, COGO__RELAXED, a, v))
#define cogo__u32_store_release(a, v) ((void)COGO__U32(COGO__STORE, COGO__RELEASE, a, v))
#define cogo__u32_swap_acq_rel(a, v)  COGO__U32(COGO__SWAP, COGO__ACQ_REL, a, v)
#define cogo__u32_swap_seq_cst(a, v)  COGO__U32(COGO__SWAP, COGO__SEQ_CST, a, v)
#define cogo__u32_add_relaxed(a, v)   COGO__U32(COGO__ADD, COGO__RELAXED, a, v)
#define cogo__u32_add_seq_cst(a, v)   COGO__U32(COGO__ADD, COGO__SEQ_CST, a, v)
#define cogo__u32_cas_acq_rel(a, e, v) \
    cogo__u32_cas_step(COGO__SITE(COGO__CAS, COGO__ACQ_REL, 4, #a), a, e, v)
#define cogo__u32_cas_seq_cst(a, e, v) \
    cogo__u32_cas_step(COGO__SITE(COGO__CAS, COGO__SEQ_CST, 4, #a), a, e, v)

#define cogo__u64_load_relaxed(a)        COGO__U64(COGO__LOAD, COGO__RELAXED, a, 0)
#define cogo__u64_load_acquire(a)        COGO__U64(COGO__LOAD, COGO__ACQUIRE, a, 0)
#define cogo__u64_load_seq_cst(a)        COGO__U64(COGO__LOAD, COGO__SEQ_CST, a, 0)
#define cogo__u64_store_relaxed(a, v)    ((void)COGO__U64(COGO__STORE, COGO__RELAXED, a, v))
#define cogo__u64_store_release(a, v)    ((void)COGO__U64(COGO__STORE, COGO__RELEASE, a, v))
#define cogo__u64_swap_acq_rel(a, v)     COGO__U64(COGO__SWAP, COGO__ACQ_REL, a, v)
#define cogo__u64_swap_seq_cst(a, v)     COGO__U64(COGO__SWAP, COGO__SEQ_CST, a, v)
#define cogo__u64_add_relaxed(a, v)      COGO__U64(COGO__ADD, COGO__RELAXED, a, v)
#define cogo__u64_add_seq_cst(a, v)      COGO__U64(COGO__ADD, COGO__SEQ_CST, a, v)
#define cogo__u64_or_seq_cst(a, bits)    COGO__U64(COGO__OR, COGO__SEQ_CST, a, bits)
#define cogo__u64_clear_seq_cst(a, bits) COGO__U64(COGO__CLEAR, COGO__SEQ_CST, a, bits)
#define cogo__u64_cas_acq_rel(a, e, v) \
    cogo__u64_cas_step(COGO__SITE(COGO__CAS, COGO__ACQ_REL, 8, #a), a, e, v)
#define cogo__u64_cas_seq_cst(a, e, v) \
    cogo__u64_cas_step(COGO__SITE(COGO__CAS, COGO__SEQ_CST, 8, #a), a, e, v)

#define cogo__ptr_load_relaxed(a)     COGO__PTR(COGO__LOAD, COGO__RELAXED, a, NULL)
#define cogo__ptr_load_acquire(a)     COGO__PTR(COGO__LOAD, COGO__ACQUIRE, a, NULL)
#define cogo__ptr_load_seq_cst(a)     COGO__PTR(COGO__LOAD, COGO__SEQ_CST, a, NULL)
#define cogo__ptr_store_relaxed(a, v) ((void)COGO__PTR(COGO__STORE, COGO__RELAXED, a, v))
#define cogo__ptr_store_release(a, v) ((void)COGO__PTR(COGO__STORE, COGO__RELEASE, a, v))
#define cogo__ptr_swap_acq_rel(a, v)  COGO__PTR(COGO__SWAP, COGO__ACQ_REL, a, v)
#define cogo__ptr_swap_seq_cst(a, v)  COGO__PTR(COGO__SWAP, COGO__SEQ_CST, a, v)
#define cogo__ptr_cas_acq_rel(a, e, v) \
    cogo__ptr_cas_step(COGO__SITE(COGO__CAS, COGO__ACQ_REL, sizeof(void *), #a), a, e, v)
#define cogo__ptr_cas_seq_cst(a, e, v) \
    cogo__ptr_cas_step(COGO__SITE(COGO__CAS, COGO__SEQ_CST, sizeof(void *), #a), a, e, v)

#define cogo__cpu_relax() cogo__atomic_pause()

/** What the word holds and what an operation makes of it: for hooks, which are free in when
 * and from which past they read. */
static inline uint64_t cogo__atomic_read(const cogo__atomic_site *site, const void *address)
{
    return site->size_bytes == 4 ? *(const uint32_t *)address : *(const uint64_t *)address;
}

static inline uint64_t cogo__atomic_result(const cogo__atomic_site *site, uint64_t seen,
                                           uint64_t value)
{
    uint64_t result = site->kind == COGO__ADD     ? seen + value
                      : site->kind == COGO__OR    ? seen | value
                      : site->kind == COGO__CLEAR ? seen & ~value
                                                  : value;
    return site->size_bytes == 4 ? (uint32_t)result : result;
}

static inline void cogo__atomic_write(const cogo__atomic_site *site, const void *address,
                                      uint64_t value)
{
    if (site->size_bytes == 4) {
        *(uint32_t *)(uintptr_t)address = (uint32_t)value;
    } else {
        *(uint64_t *)(uintptr_t)address = value;
    }
}

#endif
