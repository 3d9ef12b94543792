/* Tasks and workflows in memory, the way of a task from state to state, and who waits for its
 * end. Used by all of this room, through room.h. Never on disk: journal.h is. */
#ifndef ORCHESTRATOR_TASKS_H
#define ORCHESTRATOR_TASKS_H

#include "actors/orchestrator/deadline.h"
#include "actors/orchestrator/life.h"
#include "actors/orchestrator/queue.h"
#include "codec/contract/id.h"
#include "codec/contract/messages.h"

typedef struct orc orc;
typedef struct orc_task orc_task;
typedef struct orc_workflow orc_workflow;
typedef struct orc_line orc_line;
typedef struct orc_run orc_run;

/* A transition that is not on its way to the store yet. */
typedef struct orc_event {
    struct orc_event *next;
    int64_t sequence, time;
    int32_t state;
    cogo_value data; /* In this block. */
} orc_event;

/* "dependant waits for dependency"; in the list of the dependency. */
typedef struct orc_edge {
    orc_task *dependency, *dependant;
    struct orc_edge *previous, *next;
} orc_edge;

/* A client that waits for the end of a task or workflow. */
typedef struct orc_waiter {
    cogo_actor_id reply_to;
    orc_task *task;         /* Or */
    orc_workflow *workflow; /* this one. */
    struct orc_waiter *previous, *next;
    orc_deadline deadline;
} orc_waiter;

struct orc_workflow {
    char id[ID_SIZE];
    char *name;
    int64_t created_at, finished_at;
    orc_task **tasks;
    size_t task_count, task_capacity;
    size_t ended_count;
    size_t unsaved_count; /* Tasks with changes that are not committed. */
    orc_waiter *waiters;
    bool journaled;
};

struct orc_task {
    orc_waiting waiting; /* First: the queue gives it back. */
    orc_deadline backoff;
    orc_deadline due; /* Of the task, or of its wait for a worker (due.c). */
    task *record;     /* In this block; what changes points to the blocks below. */
    void *worker_block, *error_block, *result_block, *progress_block, *approval_block;
    char *traceparent, *key, *hash;
    struct orc_large *large; /* What is kept beside the record (artifact.h); NULL: nothing. */
    orc_line *line;
    orc_run *run;
    orc_workflow *workflow;
    orc_edge *edges; /* To its dependencies. */
    size_t edge_count;
    size_t unfinished_count; /* Of them, and one for an approval that is not given. */
    orc_edge *dependants;    /* Unfinished tasks that need this one. */
    orc_waiter *waiters;
    orc_event *first_event, *last_event;
    orc_task *next_dirty, *next_ended;
    int64_t lease; /* Latest. */
    int64_t event_sequence;
    size_t size_bytes;
    orc_task *parent; /* Unfinished when this one began; pinned. */
    spending spent;
    double reserved[5], asked[5]; /* By unfinished children; by the request in hand. */
    uint64_t asked_stamp;
    uint64_t stamp;
    uint64_t number; /* Of its oldest change that is not in a write. */
    unsigned pin_count;
    unsigned in_flight_count; /* Writes that carry it. */
    bool dirty;
    bool unsaved;   /* Dirty or in flight. */
    bool journaled; /* The store knows it; its context needs not be sent again. */
    bool ended_listed;
    bool end_unsaved; /* It ended, and no write carries that yet. */
};

/* task.c: tasks in memory. */
void orc_id(orc *o, char out[ID_SIZE], const char *prefix);
orc_task *orc_task_find(orc *o, const char *id); /* Task or instruction id; NULL is allowed. */
orc_task *orc_task_create(orc *o, const task *from);
void orc_task_destroy(orc *o, orc_task *t);
void orc_task_set_text(void **block, const char **field, const char *text);
void orc_task_set_result(orc_task *t, const agent_result *result);
void orc_task_set_progress(orc_task *t, const task_progress *progress);
void orc_task_depend(orc_task *t, orc_task *const *dependencies, size_t count);
void orc_task_undepend(orc *o, orc_task *t);

/* Frees it when it is finished, saved and not needed any more. */
void orc_task_release(orc *o, orc_task *t);
bool orc_task_needed(const orc_task *t);

/* transition.c: the way from one state to the next, with everything that hangs on it. */
bool orc_transition(orc *o, orc_task *t, life_event event, const char *reason);
void orc_event_add(orc *o, orc_task *t); /* For the first state of a new task. */
const char *orc_event_type(int32_t state);

/* Everything that waits for the current handler to be over: dependants, dispatch. */
void orc_settle(orc *o);
void orc_cancel(orc *o, orc_task *t, const char *reason);

/* One thing less that it waits for; the last one sets it free. */
void orc_unblock(orc *o, orc_task *t);

/* workflow.c */
orc_workflow *orc_workflow_create(orc *o, const char *id, const char *name, int64_t created_at);
void orc_workflow_add(orc_workflow *w, orc_task *t);
const char *orc_workflow_state(const orc_workflow *w);
const workflow *orc_workflow_record(orc *o, const orc_workflow *w, bool with_tasks);
void orc_workflow_release(orc *o, orc_workflow *w);
void orc_workflow_destroy(orc *o, orc_workflow *w);
void orc_on_workflow_get(orc *o, cogo_msg *msg);
void orc_on_workflow_list(orc *o, cogo_msg *msg);

/* wait.c */
bool orc_wait(orc *o, cogo_actor_id reply_to, orc_task *t, orc_workflow *w, int64_t wait_ms);
void orc_wait_over(orc *o, orc_waiter *first); /* Answers and frees the whole list. */
void orc_wait_fail(orc *o);                    /* All of them, once the store has failed. */

/* approval.c: a person has to agree. */
void orc_approval_begin(orc *o, orc_task *t); /* Of a new task, or one that is retried. */
bool orc_approval_waits(const task *r);
void orc_on_decide(orc *o, cogo_msg *msg);

/* due.c: how long a task may wait for a worker, and when it has to be finished. */
void orc_due_arm(orc *o, orc_task *t);

#endif
