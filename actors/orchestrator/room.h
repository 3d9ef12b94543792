/* What the orchestrator knows, and what its files do for each other.
 * Used by this room only; each block below names the file that owns it.
 * Never shared between actors: one actor owns all of it, so there are no locks. */
#ifndef ORCHESTRATOR_ROOM_H
#define ORCHESTRATOR_ROOM_H

#include "actors/orchestrator/deadline.h"
#include "actors/orchestrator/life.h"
#include "actors/orchestrator/limits.h"
#include "actors/orchestrator/map.h"
#include "actors/orchestrator/memory.h"
#include "actors/orchestrator/orchestrator.h"
#include "actors/orchestrator/queue.h"
#include "codec/contract/id.h"
#include "codec/contract/messages.h"
#include "codec/contract/metric.h"
#include "codec/contract/names.h"

typedef struct orc orc;
typedef struct orc_task orc_task;
typedef struct orc_worker orc_worker;
typedef struct orc_role orc_role;
typedef struct orc_workflow orc_workflow;

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

/* A keyed submit that is being worked on. */
typedef struct orc_key {
    char *key, *hash;
    task_submitted *answer; /* Own block; NULL until there is one. */
    cogo_actor_id *waiting;
    size_t waiting_count, waiting_capacity;
} orc_key;

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

/* Something that leaves once all changes up to `needs` are on disk. */
typedef struct orc_parcel {
    uint64_t needs;
    cogo_actor_id to;
    cogo_msg *msg;
    orc_key *key;         /* Is finished then. */
    struct orc_ask *read; /* Is asked then. */
    bool answer; /* Somebody waits for it: a problem replaces it when the store fails. */
} orc_parcel;

/* A task in a write. */
typedef struct orc_carried {
    orc_task *task;
    int32_t ended; /* The state in which it ended just before the write, or -1. */
} orc_carried;

/* Given to the store, not on disk yet. */
typedef struct orc_write {
    int64_t sequence;
    uint64_t covers;
    orc_carried *tasks;
    size_t task_count;
    bool sweeps; /* It removes what the last sweep found. */
} orc_write;

/* What is kept no longer and is on its way out (sweep.c). */
typedef struct orc_sweep {
    orc_deadline deadline;  /* Of the next question. */
    int64_t after;          /* Row that it begins behind. */
    store_swept *going;     /* Own block: from the answer until the removal is on disk. */
    orc_map ids;            /* Of the tasks in it that are removed. */
    bool waits;             /* For the next write. */
    bool audits;            /* Audit entries go, too, and more of them may be due: */
    int64_t audits_before;  /* those from before. */
    uint64_t tasks, events; /* Removed, or whose events were. */
} orc_sweep;

/* Something that was defined or removed, until a write takes it (keep.c). */
typedef struct orc_defined {
    struct orc_defined *next;
    store_definition what; /* In this block. */
} orc_defined;

typedef enum orc_phase {
    ORC_FOLLOWING, /* Another one has the right to write. */
    ORC_RECOVERING,
    ORC_READY,
    ORC_STORE_WAITING, /* The disk is full: the store keeps our writes and tries again. */
    ORC_STORE_FAILED,  /* For good; this actor is ending. */
} orc_phase;

/* A workflow whose tasks are being loaded. */
typedef struct orc_family {
    const char *id, *name;
    int64_t created_at;
    cogo_strings task_ids;
} orc_family;

/* A question to the store. */
typedef struct orc_ask orc_ask;
struct orc_ask {
    uint64_t ask; /* Key of orc.asks. */
    /* @p found is NULL when there is no answer; the room has not refused anything then. */
    void (*answered)(orc *o, orc_ask *self, const store_found *found, const char *error);
    cogo_actor_id reply_to;
    cogo_msg *request; /* Taken; destroyed with the ask. May be NULL. */
    orc_key *key;
    orc_map asked;     /* Ids of earlier rounds. */
    cogo_arena memory; /* Of those ids, and of the family. */
    orc_task **pins;   /* Loaded for this; stay in memory as long as it does. */
    size_t pin_count;
    orc_family *family;
    void *own; /* Of who made it, in `memory`. */
    int rounds;
    /* load.c: what goes on when everything is there. */
    void (*resume)(orc *o, orc_ask *self);
    void (*fail)(orc *o, orc_ask *self, const char *error);
};

struct orc {
    cogo_context *ctx; /* Of the running callback. */
    cogo_system *system;
    orchestrator_config config;
    orc_phase phase;
    char store_error[160];
    cogo_arena scratch; /* Until the end of the handler. */
    orc_map tasks, workers, workers_by_monitor, roles, workflows, keys, asks, runs, lines;
    orc_map adrift; /* Workers of an earlier term, by id, until they come back. */
    orc_deadlines deadlines;
    uint64_t timer, timer_at_ns;
    orc_line *hungry;
    orc_worker *hungry_workers;
    orc_task *first_ended, *last_ended;
    int64_t unfinished_count;
    size_t waiter_count;
    uint64_t stamp;           /* Grows; marks what one loop has seen. */
    const char **known_roles; /* Ends with NULL. */
    /* Ids and leases. */
    int64_t id_ms;
    uint64_t id_high, id_low;
    int64_t next_lease, next_epoch;
    /* Journal. */
    orc_task *first_dirty, *last_dirty;
    size_t dirty_count;
    uint64_t dirty_since_ns;
    uint64_t next_number, committed_number;
    int64_t next_sequence;
    orc_write *writes; /* Oldest first. */
    size_t write_count, write_capacity;
    orc_parcel *outbox; /* Ring. */
    size_t outbox_first, outbox_count, outbox_capacity;
    orc_defined *first_defined, *last_defined;
    orc_map limits, gates, groups;  /* By name; by key; by line, priority and keys. */
    orc_map audit_next, audit_open; /* By door; by who waits for the answer (audit.c). */
    struct orc_audit *first_audit, *last_audit; /* For the next write. */
    uint64_t audits, spans_dropped;
    uint64_t log_lines, log_second; /* Of the log, in this second (lines.c). */
    int64_t audits_before; /* Entries that go with the next write: from before; 0: none. */
    orc_map stickies;      /* By tenant and key (sticky.c). */
    struct orc_sticky *first_sticky, *last_sticky; /* Used longest ago first. */
    uint64_t sticky_placed[3];
    orc_map schedules, fires; /* By id; by the ask of the submit that is under way. */
    uint64_t slots_submitted, slots_skipped, slots_missed, slots_refused;
    orc_sweep sweep;
    int64_t dead_count; /* Dead letters in the store. */
    /* Followers. */
    struct orc_follower *followers;
    size_t follower_count, follower_capacity;
    /* Recovery. */
    uint64_t recovery_ask;
    /* While another one leads (relay.c). */
    orc_map relays;
    cogo_actor_id leader;
    uint64_t leader_monitor, locate_ask;
    uint32_t locate_node;
    orc_deadline locate;
    /* Metrics. */
    metric_histogram queue_wait, dispatch, commit_seconds, batch_size;
    uint64_t submit_stamp, exhausted;
    uint64_t approved, rejected;
    uint64_t artifacts[3], artifact_bytes[3]; /* Contexts, outputs, and what workers stored. */
    int64_t stale_writes;                     /* As the store told with its last commit. */
    uint64_t retries, leases_expired, leases_taken_over, returned, fenced;
};

/* answer.c: problems and other direct answers. */
void orc_answer(orc *o, cogo_actor_id to, cogo_msg_type type, const void *record);
void orc_refuse(orc *o, cogo_actor_id to, int64_t status, const char *code, const char *format,
                ...) __attribute__((format(printf, 5, 6)));
/* 422: what is at @p pointer of the request is not valid. */
void orc_refuse_field(orc *o, cogo_actor_id to, const char *pointer, const char *detail);
const char *orc_title(const char *code);

/* Answers 503 and gives true when the journal can't be written or recovery goes on. */
bool orc_unavailable(orc *o, cogo_actor_id to);

/* ask.c: questions to the store. */
orc_ask *orc_ask_create(orc *o, cogo_actor_id reply_to, cogo_msg *request);
void orc_ask_destroy(orc *o, orc_ask *ask);
void orc_ask_leave(orc *o, orc_ask *ask); /* Destroys it unless it waits for an answer. */

/* Sends @p lookup. `answered` is called once: later, or at once when it can't be sent. Whoever
 * made the ask calls orc_ask_leave() when its handler is done. */
void orc_ask_send(orc *o, orc_ask *ask, const store_lookup *lookup,
                  void (*answered)(orc *o, orc_ask *self, const store_found *found,
                                   const char *error));
void orc_ask_answered(orc *o, cogo_msg *msg);
void orc_ask_failed(orc *o, cogo_msg *msg);

/* keep.c: what is written besides tasks. It leaves with the next write. */
void orc_define(orc *o, const char *kind, const char *name, const cogo_record *type,
                const void *record); /* NULL: it is removed. */
bool orc_keep_waits(const orc *o);
void orc_keep_fill(orc *o, store_write *write, orc_write *sent);
void orc_keep_sent(orc *o);
void orc_keep_finish(orc *o);

/* sweep.c: finished tasks, events and audit entries that are kept no longer. */
void orc_sweep_start(orc *o);
void orc_sweep_saved(orc *o);
bool orc_sweep_takes(const orc *o, const char *task_id); /* It is as good as gone. */
void orc_sweep_finish(orc *o);

/* share.c and limit.c: who takes turns with whom, and who has to wait for a limit. */
enum { LIMIT_NAME_SIZE = 65 + 64 }; /* "TENANT/NAME" */
/* What a task of @p tenant means by "name" or "name:key": the limit of its own,
 * "TENANT/name:key", or the one for all. NULL: there is none. */
const char *orc_limit_key(orc *o, const char *tenant, const char *key);
/* May somebody who is bound to @p tenant (NULL: to none) see what is @p owner's? */
bool orc_sees(const char *tenant, const char *owner);
void orc_on_limit_set(orc *o, cogo_msg *msg);
void orc_on_limit_list(orc *o, cogo_msg *msg);
void orc_on_limit_delete(orc *o, cogo_msg *msg);
void orc_limit_recover(orc *o, const store_definition *from);
void orc_limit_metrics(orc *o, metric_list *list);

/* approval.c: a person has to agree. */
void orc_approval_begin(orc *o, orc_task *t); /* Of a new task, or one that is retried. */
bool orc_approval_waits(const task *r);
void orc_on_decide(orc *o, cogo_msg *msg);

/* due.c: how long a task may wait for a worker, and when it has to be finished. */
void orc_due_arm(orc *o, orc_task *t);

/* redrive.c */
void orc_on_redrive(orc *o, cogo_msg *msg);

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

/* journal.c: writes to the store, and what waits for them. */
void orc_journal_touch(orc *o, orc_task *t);
void orc_journal_flush(orc *o);

/* Sends everything, whatever is on its way already. */
void orc_journal_flush_all(orc *o);
void orc_journal_flush_if_due(orc *o);
void orc_journal_committed(orc *o, const store_committed *committed);
void orc_journal_failed(orc *o, const char *error);
void orc_journal_finish(orc *o);

/* outbox.c: takes @p msg, which may be NULL; it leaves after everything journaled so far is on
 * disk. */
void orc_outbox_put(orc *o, cogo_actor_id to, cogo_msg *msg, bool answer);
void orc_outbox_put_key(orc *o, orc_key *key);

/* A read that has to see everything journaled so far; takes @p read. */
void orc_outbox_put_read(orc *o, orc_ask *read);
void orc_outbox_deliver(orc *o); /* What may leave now. */
void orc_outbox_fail(orc *o);
void orc_outbox_finish(orc *o);

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

/* workers.c */
void orc_on_register(orc *o, cogo_msg *msg);
void orc_on_status(orc *o, cogo_msg *msg);
void orc_on_deregister(orc *o, cogo_msg *msg);
void orc_on_worker_list(orc *o, cogo_msg *msg);
void orc_on_worker_drain(orc *o, cogo_msg *msg);
void orc_on_worker_remove(orc *o, cogo_msg *msg);
/* Its tasks are tried again at once, on others. */
void orc_worker_lost(orc *o, orc_worker *w, const char *why);
/* No offers for a moment. */
void orc_worker_pause(orc *o, orc_worker *w);
bool orc_worker_down(orc *o, const cogo_down *down);
worker_state orc_worker_state(const orc_worker *w);
void orc_worker_destroy(orc *o, orc_worker *w);

/* adrift.c */
/* True: @p t waits for its worker to come back. False: it has to be tried again. */
bool orc_adrift_hold(orc *o, orc_task *t);
orc_worker *orc_adrift_find(orc *o, const char *worker_id);

/* relay.c: standing by. */
void orc_follow_start(orc *o);
void orc_on_linked(orc *o);
void orc_on_located(orc *o, cogo_msg *msg);
void orc_on_elected(orc *o, cogo_msg *msg);
bool orc_leader_down(orc *o, uint64_t monitor);

/* Tokens and bytes of artifacts are the store's: its answer goes back to who asked. */
void orc_on_token_change(orc *o, cogo_msg *msg);
void orc_on_token_list(orc *o, cogo_msg *msg);
void orc_on_artifact_get(orc *o, cogo_msg *msg);
void orc_on_audit_list(orc *o, cogo_msg *msg);

/* True: @p msg was an answer to something passed on, or is passed on now. */
bool orc_relay(orc *o, cogo_msg *msg);
void orc_relay_finish(orc *o);

/* submit.c, accept.c and key.c */
void orc_on_submit(orc *o, cogo_msg *msg);
void orc_submit(orc *o, orc_ask *submission);
void orc_submit_answer(orc *o, orc_ask *submission, const task_submitted *answer);
void orc_submit_refuse(orc *o, orc_ask *submission, const problem *why);
/* 503: the store could not be asked, by @p error. */
void orc_submit_unread(orc *o, orc_ask *submission, const char *error);

/* True: the store is asked first, or somebody else does it, or it is answered. */
bool orc_key_begin(orc *o, orc_ask *submission);
void orc_key_destroy(orc *o, orc_key *key);

/* commands.c */
void orc_lookup_failed(orc *o, orc_ask *ask, const char *error);
void orc_task_unknown(orc *o, cogo_actor_id to, const char *id);
void orc_relink(orc *o, orc_task *t); /* To the dependencies that its record names. */

/* Why @p t can't be tried again, as the code of a problem with its detail; NULL: it can. */
const char *orc_retry_refused(orc *o, const orc_task *t, const char **out_detail);

/* True: all that a retry of @p t needs is in memory. False: the store is asked. */
bool orc_retry_load(orc *o, orc_ask *ask, const orc_task *t);

/* Tries it again. All changes from before must have left, and those of it leave at once: the
 * store must see the end, the renewal and the next end one by one. */
void orc_retry_begin(orc *o, orc_task *t);
void orc_on_cancel(orc *o, cogo_msg *msg);
void orc_on_retry(orc *o, cogo_msg *msg);

/* load.c: finished tasks and workflows from the store. */
orc_task *orc_load_task(orc *o, const task *from, const store_mark *mark);
void orc_load_found(orc *o, orc_ask *ask, const store_found *found);
void orc_unpin(orc *o, orc_ask *ask);

/* True: all that exist are in memory. False: the store is asked, `resume` or `fail` follow. */
bool orc_load_ids(orc *o, orc_ask *ask, cogo_strings ids);
bool orc_load_workflow(orc *o, orc_ask *ask, const char *id);

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

/* reads.c and explain.c */
void orc_on_get(orc *o, cogo_msg *msg);
void orc_on_list(orc *o, cogo_msg *msg);
void orc_on_events(orc *o, cogo_msg *msg);
void orc_events_look_up(orc *o, orc_ask *ask);
void orc_on_explain(orc *o, cogo_msg *msg);
void orc_on_health(orc *o, cogo_msg *msg);

/* metrics.c */
void orc_on_metrics(orc *o, cogo_msg *msg);
void orc_metrics_init(orc *o);

/* recovery.c */
cogo_err orc_recovery_start(orc *o);
void orc_on_recovered(orc *o, cogo_msg *msg);
void orc_recovery_failed(orc *o, const char *why);

/* clear.c */
void orc_clear(orc *o);

#endif
