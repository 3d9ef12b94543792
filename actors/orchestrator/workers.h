/* Workers, the lines in which tasks wait for them, and attempts.
 * Used by all of this room, through room.h. */
#ifndef ORCHESTRATOR_WORKERS_H
#define ORCHESTRATOR_WORKERS_H

#include "actors/orchestrator/deadline.h"
#include "actors/orchestrator/queue.h"
#include "codec/contract/id.h"
#include "codec/contract/messages.h"
#include "codec/contract/metric.h"

typedef struct orc orc;
typedef struct orc_task orc_task;
typedef struct orc_worker orc_worker;
typedef struct orc_role orc_role;

/* Tasks of one role that ask for the same labels and slots wait in one line. */
typedef struct orc_line {
    char *key;
    cogo_strings labels; /* In labels_block. */
    void *labels_block;
    orc_role *role;
    orc_queue queue;
    struct orc_line *previous, *next; /* Of the role. */
    struct orc_line *next_hungry;
    struct orc_sticky *sticky; /* Of its tasks' key (sticky.h); NULL: they have none. */
    orc_deadline sticky_wait;  /* When its first task waits for that worker no longer. */
    int64_t slot_cost;         /* Of each of its tasks. */
    size_t user_count;         /* Tasks. */
    bool hungry;
} orc_line;

struct orc_role {
    char *name;
    orc_line *lines;
    orc_worker **workers; /* That offer it. */
    size_t worker_count, worker_capacity;
    size_t cursor;                    /* Round robin among equals. */
    uint64_t ended[TASK_STATE_COUNT]; /* Durably. */
    metric_histogram duration;
};

/* One role of one worker. */
typedef struct orc_offer {
    orc_role *role;
    int64_t slots;
    int64_t used;
    int64_t default_timeout;
    bool own_slots; /* Does not count among the worker's slots. */
} orc_offer;

/* One attempt on one worker, until its result comes. It holds a slot. */
typedef struct orc_run {
    int64_t lease;  /* Key of orc.runs. */
    orc_task *task; /* NULL: abandoned (cancelled, timed out); a result is late. */
    orc_worker *worker;
    orc_offer *offer;
    struct orc_run *previous, *next; /* Of the worker. */
    orc_deadline deadline;
    uint64_t offered_ns;
    int64_t offered_wall;
    int64_t timeout_ms;
    int64_t slot_cost;
    spending charged;        /* What its role has told of, and was granted (spend.c). */
    struct orc_gate **gates; /* That it passed, and gives back at its end. */
    size_t gate_count;
    char task_id[ID_SIZE];
} orc_run;

struct orc_worker {
    const worker_register *registered;
    const worker_agent_status *status; /* NULL before the first. */
    void *registered_block, *status_block;
    cogo_actor_id actor;
    uint64_t monitor;
    int64_t epoch;
    orc_offer *offers;
    size_t offer_count;
    int64_t used; /* Among the slots that roles share. */
    int64_t running_count;
    orc_run *running;
    uint64_t seen_ns;
    int64_t seen_wall;
    orc_deadline deadline; /* Silence; when lost: to be forgotten. */
    orc_worker *next_hungry;
    bool hungry;
    bool draining;
    bool lost;
    bool away;   /* No link to its node: it has a moment to come back. */
    bool adrift; /* Of an earlier term, and not back yet: it has no actor, and is in its map. */
    bool paused; /* The link to its node is full. */
    orc_deadline pause;
};

/* line.c: roles and their waiting lines. */
orc_role *orc_role_of(orc *o, const char *name);
orc_line *orc_line_of(orc *o, const task *r);
void orc_line_leave(orc *o, orc_line *line);
void orc_line_hungry(orc *o, orc_line *line); /* Look for workers when the handler is over. */
void orc_line_fed(orc *o, orc_line *line);    /* No more; it may be freed. */
void orc_enqueue(orc *o, orc_task *t, bool front);

/* placement.c: which worker. */
typedef enum orc_refusal {
    REFUSAL_NONE,
    REFUSAL_LOST,
    REFUSAL_DRAINING,
    REFUSAL_ROLE,
    REFUSAL_LABEL,
    REFUSAL_SLOTS,
    REFUSAL_LINK
} orc_refusal;
orc_offer *orc_worker_offer(const orc_worker *w, const orc_role *role);
orc_refusal orc_worker_refuses(const orc_worker *w, const orc_line *line,
                               const char **out_label);
orc_worker *orc_place(orc *o, orc_line *line, const orc_task *t);

/* dispatch.c */
void orc_dispatch(orc *o);
void orc_worker_hungry(orc *o, orc_worker *w); /* Look for tasks when the handler is over. */
void orc_run_move(orc *o, orc_run *run, orc_worker *w); /* To its new registration. */
/* An attempt that was begun in an earlier term, with the lease that the task has. */
void orc_run_resume(orc *o, orc_worker *w, orc_offer *offer, orc_task *t);
void orc_run_end(orc *o, orc_run *run); /* The slot is free. */
void orc_run_abandon(orc *o, orc_run *run,
                     const char *reason); /* Told to stop; holds its slot. */
void orc_run_stop_again(orc *o, const orc_run *run);

/* results.c */
void orc_attempt_failed(orc *o, orc_task *t, bool timed_out, bool at_once, const char *error);
void orc_on_started(orc *o, cogo_msg *msg);
void orc_on_progress(orc *o, cogo_msg *msg);
void orc_on_result(orc *o, cogo_msg *msg);

/* register.c */
void orc_on_register(orc *o, cogo_msg *msg);

/* workers.c: whether they live. */
orc_worker *orc_worker_find(orc *o, const char *worker_id); /* NULL is allowed. */
/* It has said something. */
void orc_worker_seen(orc *o, orc_worker *w);
/* Its tasks are tried again at once, on others. */
void orc_worker_lost(orc *o, orc_worker *w, const char *why);
/* No offers for a moment. */
void orc_worker_pause(orc *o, orc_worker *w);
bool orc_worker_down(orc *o, const cogo_down *down);
void orc_worker_destroy(orc *o, orc_worker *w);

/* roster.c: what they say of themselves, and what people ask of them. */
worker_state orc_worker_state(const orc_worker *w);
void orc_on_status(orc *o, cogo_msg *msg);
void orc_on_deregister(orc *o, cogo_msg *msg);
void orc_on_worker_list(orc *o, cogo_msg *msg);
void orc_on_worker_drain(orc *o, cogo_msg *msg);
void orc_on_worker_remove(orc *o, cogo_msg *msg);

/* adrift.c */
/* True: @p t waits for its worker to come back. False: it has to be tried again. */
bool orc_adrift_hold(orc *o, orc_task *t);
orc_worker *orc_adrift_find(orc *o, const char *worker_id);

#endif
