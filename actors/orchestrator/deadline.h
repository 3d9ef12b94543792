/* Deadlines: a binary heap of points in time, each with what is to be done then.
 * Used for attempts, backoffs, waiting clients and silent workers, so that one timer serves
 * all. Never reads a clock. */
#ifndef ORCHESTRATOR_DEADLINE_H
#define ORCHESTRATOR_DEADLINE_H

#include <stddef.h>
#include <stdint.h>

/* Lives in what it belongs to. Zero-initialise. */
typedef struct orc_deadline {
    uint64_t at_ns;
    size_t place; /* In the heap, from 1; 0: not armed. */
    void (*fire)(void *room, void *owner);
    void *owner;
} orc_deadline;

typedef struct orc_deadlines {
    orc_deadline **heap; /* [1..count], the earliest first. */
    size_t count;
    size_t capacity;
} orc_deadlines;

void orc_deadlines_finish(orc_deadlines *all);

/* Arms @p one, or moves it to the new time. */
void orc_deadline_set(orc_deadlines *all, orc_deadline *one, uint64_t at_ns);
void orc_deadline_clear(orc_deadlines *all, orc_deadline *one);

/* Takes one that is due at @p now_ns, the earliest first; NULL when there is none. */
orc_deadline *orc_deadline_take_due(orc_deadlines *all, uint64_t now_ns);

/* When the next one is due; UINT64_MAX: none is armed. */
uint64_t orc_deadline_next(const orc_deadlines *all);

#endif
