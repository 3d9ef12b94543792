/* Groups of tasks, limits, and the gates in which groups wait for them.
 * Used by line.c, dispatch.c and limit.c. Never asked per task: a group that can't go stands
 * aside until its gate opens. */
#ifndef ORCHESTRATOR_SHARE_H
#define ORCHESTRATOR_SHARE_H

#include "actors/orchestrator/room.h"

/* One key of one limit; "name" or "name:key". */
typedef struct orc_gate {
    char *key;
    size_t name_size;        /* Of the limit in it. */
    const task_limit *limit; /* Of orc.limits; NULL: not limited (any more). */
    int64_t used;            /* Runs. */
    double tokens;           /* Starts that are left, as of `filled_ns`. */
    uint64_t filled_ns;
    orc_group *first, *last; /* Parked here. */
    size_t parked_count;
    size_t user_count;     /* Groups and runs that name it. */
    orc_deadline deadline; /* Of the next token, or of the end of an unused one. */
} orc_gate;

/* Groups that wait at @p g go on, as many as it has room for. */
void orc_gate_wake(orc *o, orc_gate *g);

/* The limit of this gate was set or deleted. */
void orc_gate_follow(orc *o, orc_gate *g, const task_limit *now);

/* What keeps @p g closed, as a sentence; NULL: it is open. */
const char *orc_gate_closed(orc *o, orc_gate *g);

orc_group *orc_group_of(orc *o, orc_task *t); /* NULL: those without a key. */
void orc_dequeue(orc *o, orc_task *t);
bool orc_group_open(orc *o, orc_group *group); /* False: it stands aside now. */
void orc_group_yield(orc *o, const orc_group *group);
void orc_gates_take(orc *o, orc_run *run, const orc_group *group);
void orc_gates_hold(orc *o, orc_run *run); /* It began before a restart, and is counted now. */
void orc_gates_give(orc *o, orc_run *run);
void orc_share_finish(orc *o);

#endif
