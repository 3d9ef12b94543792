/* What a program for the explorer is written with.
 * Used by the programs of this folder; each includes the runtime's own headers and sources.
 * Never models a structure a second time: what runs is what ships, on another back-end of
 * runtime/base/atomic.h. */
#ifndef TESTS_MODEL_EXPLORE_H
#define TESTS_MODEL_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_THREADS = 6 }; /**< At a time, with the one that run() is called on. */

/** run() is called once per execution, on thread 0, with a fresh memory. It starts threads,
 * joins all of them and says what must be true. */
typedef struct model_program {
    const char *name;
    void (*run)(void);
    uint32_t executions; /**< In a plain run; the more the larger its state is. */
} model_program;

/** Each ends with a row without a name. */
extern const model_program mailbox_programs[], signal_programs[], deque_programs[],
    heap_programs[], table_programs[], waiting_programs[], system_programs[], limit_programs[],
    memory_programs[], seeing_programs[], poller_programs[], spare_programs[];

/** Starts a thread; it sees all that the caller did. */
unsigned model_start(void (*run)(void *arg), void *arg);
/** Waits for it; the caller sees all that it did. */
void model_join(unsigned thread);
/** Ends the whole run with a report unless @p ok. */
void model_check(bool ok, const char *file, int line, const char *what);
#define MODEL_CHECK(condition) model_check(condition, __FILE__, __LINE__, #condition)

#endif
