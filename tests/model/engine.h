/* The explorer's inside: executions, choices, threads, memory.
 * Used by the engine's own files only; programs see explore.h. */
#ifndef TESTS_MODEL_ENGINE_H
#define TESTS_MODEL_ENGINE_H

#include "runtime/base/atomic.h"
#include "tests/model/explore.h"

enum {
    MODEL_PLACES = 4096,     /**< Atomic words that one execution may touch. */
    MODEL_HISTORY = 8,       /**< Newest stores of a word that a stale load may still return. */
    MODEL_STEPS_MAX = 20000, /**< Of one execution: more is a livelock. */
    MODEL_FAIR_STEPS = 400,  /**< In a row by one thread while another could run. */
    MODEL_CHOICES_MAX = 3 * MODEL_STEPS_MAX,
};

/** What a thread knows: which events of others happened before now, and of each word the
 * oldest store that it may still read. */
typedef struct view {
    uint32_t clock[MODEL_THREADS];
    uint16_t seen[MODEL_PLACES];
} view;

/** What a release left behind; the length of `seen` is that of its time. */
typedef struct message {
    uint32_t clock[MODEL_THREADS];
    uint32_t count;
    uint16_t seen[];
} message;

/* --- sites.c: the operations in the source, and their weakenings. ------------------------ */

typedef struct site_record {
    char name[256]; /**< file function operation(operand), with #2 for the second such one. */
    const cogo__atomic_site *site;
    cogo__atomic_order order; /**< The one in force: weakened by a mutation. */
    uint64_t reached;
} site_record;

void sites_read(void);
site_record *sites_find(const char *name);
static inline site_record *site_of(const cogo__atomic_site *site)
{
    return site->note;
}
const char *order_name(cogo__atomic_order order);
bool order_parse(const char *name, cogo__atomic_order *out_order);
/** Prints all sites that have an order to lose, with what they may be weakened to. */
void sites_print(void);

/* --- run.c: executions and choices. ------------------------------------------------------ */

typedef struct run_options {
    uint64_t executions;
    uint64_t seed;
    const char *repeat; /**< Choices of one execution; NULL: search. */
    const char *mutation;
    bool trace;
} run_options;

/** Searches; returns only if nothing was found, how many executions were run. */
uint64_t run_program(const model_program *program, const run_options *options);
/** Ends the process with a report of the execution that runs now. */
_Noreturn void run_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Chooses a thread: 0 to @p count - 1, where 0 is the present one if @p can_stay. */
unsigned choose_thread(const unsigned *threads, unsigned count, bool can_stay);
/** Chooses which store a load returns: 0 is the newest. */
unsigned choose_store(unsigned count);

/* --- threads.c: who runs. ---------------------------------------------------------------- */

extern view views[MODEL_THREADS]; /**< Of the threads of this execution. */
unsigned thread_now(void);
/** True while a program runs; the engine's own code runs outside of executions too. */
bool thread_inside(void);
/** One execution of run(), from the first thread's first step to the last thread's end. */
void threads_execute(void (*run)(void));
/** Before each operation that others can notice: another thread may go on first. */
void thread_step(void);
/** Waits for another thread to do anything. */
void thread_pause(void);
/** Sleeps on @p what until thread_wake() or the deadline (0: never). False: the deadline. */
bool thread_block(const void *what, uint64_t deadline_ns, const char *why);
/** Wakes up to @p count threads that sleep on @p what; how many. */
unsigned thread_wake(const void *what, unsigned count);
void thread_exit(void);
uint64_t model_now_ns(void);
/** What was done, for the report. */
void thread_note(const site_record *record, const void *address, uint64_t seen, uint64_t left,
                 unsigned stale);
void thread_print_trace(void);

/* --- memory.c: what a load may return. --------------------------------------------------- */

void memory_forget(void);
/** @p out is what the calling thread knows now; the next thing it does is not in it. */
message *memory_release(const message *also);
void memory_acquire(const message *from);

/* --- races.c: plain accesses. ------------------------------------------------------------ */

/** A word of 8 bytes that was accessed. */
typedef struct granule {
    uintptr_t key;
    uint32_t execution;
    uint32_t write_clock;
    uint8_t write_thread, write_bytes;
    uint8_t read_bytes[MODEL_THREADS];
    bool freed;
    uint32_t read_clock[MODEL_THREADS];
    uint16_t places[2]; /**< Atomic words at +0 and +4; 0: none. */
} granule;

void races_forget(void);
/** NULL when it is not known, and @p make is not set. */
granule *granule_at(const void *address, bool make);
/** An atomic access races with plain ones too. */
void races_atomic(granule *g, const void *address, uint32_t size_bytes, bool writes);
/** A plain access by the library or by the machine: memset, free. */
void races_range(const void *address, size_t size_bytes, bool writes, const void *caller);
void races_freed(const void *address, size_t size_bytes, const void *caller);
void races_fresh(const void *address, size_t size_bytes);

/* --- memory.c, for races.c. --------------------------------------------------------------- */

/** Reports if an atomic access of the word was not before now. */
void place_check_plain(uint16_t place, bool writes, const void *address, const void *caller);
void place_kill(uint16_t *place);

/* --- outside.c: the C library, as far as the runtime needs it. ---------------------------- */

void outside_begin(void);
void outside_end(void);

#endif
