/* Atomic words whose every operation names its memory order.
 * Used by the whole runtime; the one file that knows Concurrency Kit.
 * Never offers a stand-alone fence: ThreadSanitizer can't follow one, and neither can a reader.
 *
 * Three back-ends with one meaning, chosen by the build:
 *   COGO_ATOMIC_C11      <stdatomic.h>: sanitizer builds, and every platform that is not
 *                        x86-64.
 *   COGO_ATOMIC_CK       ck_pr: what ships on x86-64.
 *   COGO_ATOMIC_CHECKED  each operation is a call: see atomic_checked.h.
 * What the CK back-end assumes of x86-64 (TSO): a plain load is an acquire, a plain store is a
 * release, a lock-prefixed read-modify-write is a full barrier, and ck_pr's inline assembly is
 * a compiler barrier (it clobbers memory). So every order below is at least what its name says.
 * On weakly ordered CPUs ck_pr's operations are relaxed without fences, so they are refused
 * there. */
#ifndef COGO_BASE_ATOMIC_H
#define COGO_BASE_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#if defined(COGO_ATOMIC_CK) && !defined(__x86_64__)
#    undef COGO_ATOMIC_CK
#    define COGO_ATOMIC_C11 // ck_pr would be relaxed here.
#endif

#if defined(COGO_ATOMIC_CK)
#    include <ck_pr.h>

typedef struct cogo__au32 {
    uint32_t value;
} cogo__au32;
typedef struct cogo__au64 {
    uint64_t value;
} cogo__au64;
typedef struct cogo__aptr {
    void *value;
} cogo__aptr;

#    define COGO__ATOMIC_OPS(name, word, type, width)                                  \
        static inline type cogo__##name##_load_relaxed(const word *a)                  \
        {                                                                              \
            return ck_pr_load_##width(&a->value);                                      \
        }                                                                              \
        static inline type cogo__##name##_load_acquire(const word *a)                  \
        {                                                                              \
            return ck_pr_load_##width(&a->value);                                      \
        }                                                                              \
        static inline type cogo__##name##_load_seq_cst(const word *a)                  \
        {                                                                              \
            return ck_pr_load_##width(&a->value);                                      \
        }                                                                              \
        static inline void cogo__##name##_store_relaxed(word *a, type v)               \
        {                                                                              \
            ck_pr_store_##width(&a->value, v);                                         \
        }                                                                              \
        static inline void cogo__##name##_store_release(word *a, type v)               \
        {                                                                              \
            ck_pr_store_##width(&a->value, v);                                         \
        }                                                                              \
        static inline type cogo__##name##_swap_acq_rel(word *a, type v)                \
        {                                                                              \
            return ck_pr_fas_##width(&a->value, v);                                    \
        }                                                                              \
        static inline type cogo__##name##_swap_seq_cst(word *a, type v)                \
        {                                                                              \
            return ck_pr_fas_##width(&a->value, v);                                    \
        }                                                                              \
        static inline bool cogo__##name##_cas_acq_rel(word *a, type *expected, type v) \
        {                                                                              \
            return ck_pr_cas_##width##_value(&a->value, *expected, v, expected);       \
        }                                                                              \
        static inline bool cogo__##name##_cas_seq_cst(word *a, type *expected, type v) \
        {                                                                              \
            return ck_pr_cas_##width##_value(&a->value, *expected, v, expected);       \
        }
#    define COGO__ATOMIC_SUMS(name, word, type, width)                 \
        static inline type cogo__##name##_add_relaxed(word *a, type v) \
        {                                                              \
            return ck_pr_faa_##width(&a->value, v);                    \
        }                                                              \
        static inline type cogo__##name##_add_seq_cst(word *a, type v) \
        {                                                              \
            return ck_pr_faa_##width(&a->value, v);                    \
        }

static inline void cogo__cpu_relax(void)
{
    ck_pr_stall();
}

#elif defined(COGO_ATOMIC_C11)
#    include <stdatomic.h>

typedef struct cogo__au32 {
    _Atomic(uint32_t) value;
} cogo__au32;
typedef struct cogo__au64 {
    _Atomic(uint64_t) value;
} cogo__au64;
typedef struct cogo__aptr {
    _Atomic(void *) value;
} cogo__aptr;

#    define COGO__ATOMIC_OPS(name, word, type, width)                                  \
        static inline type cogo__##name##_load_relaxed(const word *a)                  \
        {                                                                              \
            return atomic_load_explicit(&a->value, memory_order_relaxed);              \
        }                                                                              \
        static inline type cogo__##name##_load_acquire(const word *a)                  \
        {                                                                              \
            return atomic_load_explicit(&a->value, memory_order_acquire);              \
        }                                                                              \
        static inline type cogo__##name##_load_seq_cst(const word *a)                  \
        {                                                                              \
            return atomic_load_explicit(&a->value, memory_order_seq_cst);              \
        }                                                                              \
        static inline void cogo__##name##_store_relaxed(word *a, type v)               \
        {                                                                              \
            atomic_store_explicit(&a->value, v, memory_order_relaxed);                 \
        }                                                                              \
        static inline void cogo__##name##_store_release(word *a, type v)               \
        {                                                                              \
            atomic_store_explicit(&a->value, v, memory_order_release);                 \
        }                                                                              \
        static inline type cogo__##name##_swap_acq_rel(word *a, type v)                \
        {                                                                              \
            return atomic_exchange_explicit(&a->value, v, memory_order_acq_rel);       \
        }                                                                              \
        static inline type cogo__##name##_swap_seq_cst(word *a, type v)                \
        {                                                                              \
            return atomic_exchange_explicit(&a->value, v, memory_order_seq_cst);       \
        }                                                                              \
        static inline bool cogo__##name##_cas_acq_rel(word *a, type *expected, type v) \
        {                                                                              \
            return atomic_compare_exchange_strong_explicit(                            \
                &a->value, expected, v, memory_order_acq_rel, memory_order_acquire);   \
        }                                                                              \
        static inline bool cogo__##name##_cas_seq_cst(word *a, type *expected, type v) \
        {                                                                              \
            return atomic_compare_exchange_strong_explicit(                            \
                &a->value, expected, v, memory_order_seq_cst, memory_order_seq_cst);   \
        }
#    define COGO__ATOMIC_SUMS(name, word, type, width)                            \
        static inline type cogo__##name##_add_relaxed(word *a, type v)            \
        {                                                                         \
            return atomic_fetch_add_explicit(&a->value, v, memory_order_relaxed); \
        }                                                                         \
        static inline type cogo__##name##_add_seq_cst(word *a, type v)            \
        {                                                                         \
            return atomic_fetch_add_explicit(&a->value, v, memory_order_seq_cst); \
        }

static inline void cogo__cpu_relax(void)
{
#    if defined(__x86_64__)
    __builtin_ia32_pause();
#    endif
}
#elif defined(COGO_ATOMIC_CHECKED)
#    include "runtime/base/atomic_checked.h"
#else
#    error "choose an atomic back-end: -DCOGO_ATOMIC_CK (x86-64) or -DCOGO_ATOMIC_C11"
#endif

#if !defined(COGO_ATOMIC_CHECKED)
COGO__ATOMIC_OPS(u32, cogo__au32, uint32_t, 32)
COGO__ATOMIC_OPS(u64, cogo__au64, uint64_t, 64)
COGO__ATOMIC_OPS(ptr, cogo__aptr, void *, ptr)
COGO__ATOMIC_SUMS(u32, cogo__au32, uint32_t, 32)
COGO__ATOMIC_SUMS(u64, cogo__au64, uint64_t, 64)
#    undef COGO__ATOMIC_OPS
#    undef COGO__ATOMIC_SUMS

/* Sets bits; what was there before. */
static inline uint64_t cogo__u64_or_seq_cst(cogo__au64 *a, uint64_t bits)
{
    uint64_t seen = cogo__u64_load_relaxed(a);
    while (!cogo__u64_cas_seq_cst(a, &seen, seen | bits)) {
    }
    return seen;
}

/* Clears bits; what was there before. */
static inline uint64_t cogo__u64_clear_seq_cst(cogo__au64 *a, uint64_t bits)
{
    uint64_t seen = cogo__u64_load_relaxed(a);
    while (!cogo__u64_cas_seq_cst(a, &seen, seen & ~bits)) {
    }
    return seen;
}
#endif

/* A counter with one writing thread and any number of readers: no locked instruction. release:
 * who reads the new count with acquire sees all that was counted before it. */
static inline void cogo__u64_bump(cogo__au64 *a, uint64_t by)
{
    cogo__u64_store_release(a, cogo__u64_load_relaxed(a) + by);
}

#endif
