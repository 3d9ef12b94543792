/* Fibers: several stacks that take turns on one thread, and only when they say so.
 * Used by simulated worlds and by the explorer of interleavings; never by a shipped build.
 * Never preempts, never schedules: who runs next is the caller's choice. */
#ifndef COGO_BASE_FIBER_H
#define COGO_BASE_FIBER_H

#include <stdbool.h>
#include <stddef.h>

enum {
    COGO__FIBER_STACK_DEFAULT =
        262144, /**< Bytes; a guard page below catches what is deeper. */
};

typedef struct cogo__fiber cogo__fiber;

/** The stack that the calling thread runs on already, so that others can switch back to it.
 * NULL when out of memory. */
cogo__fiber *cogo__fiber_adopt(void);
/**
 * A stack of its own that will call @p run(@p arg) when it is first switched to.
 *
 * run() must not return: its last act is cogo__fiber_leave().
 * @param stack_size_bytes 0: COGO__FIBER_STACK_DEFAULT.
 * @return NULL when out of memory.
 */
cogo__fiber *cogo__fiber_create(size_t stack_size_bytes, void (*run)(void *arg), void *arg);
/** A fiber that left begins again, with another function, on the stack that it has. */
void cogo__fiber_reuse(cogo__fiber *fiber, void (*run)(void *arg), void *arg);
/** Gives the stack back. The fiber must not be running; one that never left is cut off where it
 * stands. NULL is allowed. */
void cogo__fiber_destroy(cogo__fiber *fiber);

/** Stops @p from, which must be the one that calls, and goes on with @p to. Returns when
 * somebody switches to @p from again. */
void cogo__fiber_switch(cogo__fiber *from, cogo__fiber *to);
/** As cogo__fiber_switch(), for ever: @p from may then be destroyed or reused. */
_Noreturn void cogo__fiber_leave(cogo__fiber *from, cogo__fiber *to);
/** True once it left, and before it is reused. */
bool cogo__fiber_left(const cogo__fiber *fiber);

#endif
