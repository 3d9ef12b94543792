/* The messages between actors: their numbers, names and records.
 * Used by the gateway, the orchestrator, workers and the store; the only thing they share.
 * Never local to one node: each of them may cross a link. */
#ifndef CONTRACT_MESSAGES_H
#define CONTRACT_MESSAGES_H

#include "codec/contract/records.h"

#include <cogo/message.h>

/* number, constant, wire name, record. Numbers are never used again.
 * "ask" and "answer" tell how it travels; all others are plain sends. */
// clang-format off
#define MESSAGE_MAP(X)                                                                         \
    /* Any ask may be answered with a problem. */                                              \
    X(256, MSG_PROBLEM, "problem", problem_record)                                             \
    /* Doors -> orchestrator. */                                                               \
    X(257, MSG_TASK_SUBMIT, "task.submit", task_submit_record)          /* ask */              \
    X(258, MSG_TASK_SUBMITTED, "task.submitted", task_submitted_record) /* answer */           \
    X(259, MSG_TASK_GET, "task.get", task_get_record)                   /* ask */              \
    X(260, MSG_TASK, "task", task_record)                               /* answer */           \
    X(261, MSG_TASK_LIST, "task.list", task_list_record)                /* ask */              \
    X(262, MSG_TASK_PAGE, "task.page", task_page_record)                /* answer */           \
    X(263, MSG_TASK_CANCEL, "task.cancel", task_command_record)         /* ask */              \
    X(264, MSG_TASK_RETRY, "task.retry", task_command_record)           /* ask */              \
    X(265, MSG_TASK_EVENTS, "task.events", task_events_record)          /* ask */              \
    X(266, MSG_EVENT_PAGE, "event.page", event_page_record)             /* answer */           \
    X(267, MSG_TASK_EXPLAIN, "task.explain", task_command_record)       /* ask */              \
    X(268, MSG_EXPLANATION, "explanation", explanation_record)          /* answer */           \
    X(269, MSG_WORKFLOW_GET, "workflow.get", workflow_get_record)       /* ask */              \
    X(270, MSG_WORKFLOW, "workflow", workflow_record)                   /* answer */           \
    X(271, MSG_WORKFLOW_LIST, "workflow.list", task_list_record)        /* ask */              \
    X(272, MSG_WORKFLOW_PAGE, "workflow.page", workflow_page_record)    /* answer */           \
    X(273, MSG_WORKER_LIST, "worker.list", worker_command_record)       /* ask */              \
    X(274, MSG_WORKER_PAGE, "worker.page", worker_page_record)          /* answer */           \
    X(275, MSG_WORKER_DRAIN, "worker.drain", worker_command_record)     /* ask */              \
    X(276, MSG_WORKER_REMOVE, "worker.remove", worker_command_record)   /* ask */              \
    X(277, MSG_METRICS_READ, "metrics.read", empty_record)              /* ask */              \
    X(278, MSG_METRICS, "metrics", metrics_record)                      /* answer */           \
    X(279, MSG_HEALTH_READ, "health.read", empty_record)                /* ask */              \
    X(280, MSG_HEALTH, "health", health_record)                         /* answer */           \
    X(281, MSG_EVENTS_FOLLOW, "events.follow", events_follow_record)    /* to orchestrator */  \
    X(282, MSG_EVENTS_UNFOLLOW, "events.unfollow", events_follow_record)                       \
    X(283, MSG_EVENT, "event", task_event_record)                       /* to a follower */    \
    X(284, MSG_REDRIVE, "redrive", redrive_record)                      /* ask */              \
    X(285, MSG_REDRIVEN, "redriven", redriven_record)                   /* answer */           \
    X(286, MSG_SCHEDULE_CREATE, "schedule.create", schedule_record)     /* ask */              \
    X(287, MSG_SCHEDULE, "schedule", schedule_record)                   /* answer */           \
    X(288, MSG_SCHEDULE_LIST, "schedule.list", schedule_command_record) /* ask */              \
    X(289, MSG_SCHEDULE_PAGE, "schedule.page", schedule_page_record)    /* answer */           \
    X(290, MSG_SCHEDULE_DELETE, "schedule.delete", schedule_command_record) /* ask */          \
    X(291, MSG_SCHEDULE_PAUSE, "schedule.pause", schedule_command_record)   /* ask */          \
    X(292, MSG_SCHEDULE_RESUME, "schedule.resume", schedule_command_record) /* ask */          \
    X(293, MSG_LIMIT_SET, "limit.set", task_limit_record)                    /* ask */              \
    X(294, MSG_LIMIT, "limit", task_limit_record)                            /* answer */           \
    X(295, MSG_LIMIT_LIST, "limit.list", limit_command_record)          /* ask */              \
    X(296, MSG_LIMIT_PAGE, "limit.page", limit_page_record)             /* answer */           \
    X(297, MSG_LIMIT_DELETE, "limit.delete", limit_command_record)      /* ask */              \
    X(298, MSG_TASK_DECIDE, "task.decide", task_decision_record)        /* ask */              \
    /* Worker <-> orchestrator: with MSG_INSTRUCTION_OFFER the eight operations of a worker. */ \
    X(300, MSG_WORKER_REGISTER, "worker.register", worker_register_record) /* ask */           \
    X(301, MSG_WORKER_WELCOME, "worker.welcome", worker_welcome_record)    /* answer */        \
    X(302, MSG_WORKER_STATUS, "worker.status", worker_agent_status_record) /* heartbeat */     \
    X(303, MSG_WORKER_DEREGISTER, "worker.deregister", worker_command_record)                  \
    X(304, MSG_INSTRUCTION_OFFER, "instruction.offer", instruction_offer_record)               \
    X(305, MSG_INSTRUCTION_CANCEL, "instruction.cancel", instruction_cancel_record)            \
    X(306, MSG_INSTRUCTION_STARTED, "instruction.started", instruction_cancel_record)          \
    X(307, MSG_INSTRUCTION_PROGRESS, "instruction.progress", instruction_progress_record)      \
    X(308, MSG_INSTRUCTION_RESULT, "instruction.result", instruction_result_record)            \
    X(309, MSG_RESULT_ACK, "result.ack", instruction_cancel_record) /* accepted or fenced */    \
    X(310, MSG_BUDGET_ASK, "budget.ask", budget_ask_record)    /* ask: may the role go on? */    \
    X(311, MSG_BUDGET_LEFT, "budget.left", budget_left_record) /* answer */                      \
    X(318, MSG_WORKER_LEAVE, "worker.leave", worker_leave_record) /* to a worker: drain and end */ \
    X(319, MSG_WORKER_REJOIN, "worker.rejoin", empty_record) /* to a worker: register again */ \
    /* Orchestrator <-> store. */                                                              \
    X(320, MSG_STORE_WRITE, "store.write", store_write_record)                                 \
    X(321, MSG_STORE_COMMITTED, "store.committed", store_committed_record)                     \
    X(322, MSG_STORE_RECOVER, "store.recover", store_recover_record)       /* ask */           \
    X(323, MSG_STORE_RECOVERED, "store.recovered", store_recovered_record) /* answer */        \
    X(324, MSG_STORE_LOOKUP, "store.lookup", store_lookup_record)          /* ask, reader */   \
    X(325, MSG_STORE_FOUND, "store.found", store_found_record)             /* answer */        \
    X(326, MSG_STORE_STAND, "store.stand", empty_record)           /* for the right to write */ \
    X(327, MSG_STORE_ELECTED, "store.elected", store_elected_record) /* to who stands */       \
    /* Doors -> orchestrator -> store. */                                                      \
    X(340, MSG_TOKEN_CHANGE, "token.change", token_change_record) /* ask, writer */            \
    X(341, MSG_TOKEN, "token", access_token_record)               /* answer */                 \
    X(342, MSG_TOKEN_LIST, "token.list", token_list_record)       /* ask, reader */            \
    X(343, MSG_TOKEN_PAGE, "token.page", token_page_record)       /* answer */               \
    X(344, MSG_ARTIFACT_PUT, "artifact.put", artifact_put_record) /* ask */                  \
    X(345, MSG_ARTIFACT_GET, "artifact.get", artifact_get_record) /* ask, reader */          \
    X(346, MSG_ARTIFACT, "artifact", artifact_content_record)     /* answer */               \
    X(347, MSG_AUDIT, "audit", audit_entry_record) /* just before the ask that it is about */ \
    X(348, MSG_AUDIT_LIST, "audit.list", audit_list_record)       /* ask, reader */          \
    X(349, MSG_AUDIT_PAGE, "audit.page", audit_page_record)       /* answer */               \
    X(350, MSG_SPAN, "span", span_record)                         /* to the exporter */
// clang-format on

#define X(number, constant, name, record) constant = (number),
enum message_number { MESSAGE_MAP(X) };
#undef X

typedef struct empty {
    bool unused;
} empty;

/* One or many instructions; with `workflow` they become one workflow. All or nothing when
 * atomic. */
typedef struct task_submit {
    cogo_records instructions; /* instruction */
    bool atomic;               /* One bad instruction refuses all (single tasks, workflows). */
    const char *workflow;      /* Name of the workflow; NULL: loose tasks. */
    const char *idempotency_key;
    const char *request_hash; /* Of the body; the same key with another hash is refused. */
    const char *traceparent;
    const char *tenant; /* Whose tasks they become; NULL: the default one's. */
} task_submit;

/* Exactly one of the two is set. */
typedef struct submit_item {
    const task *task;
    const problem *problem;
} submit_item;

typedef struct task_submitted {
    cogo_records items;      /* submit_item, in the order of the instructions. */
    const char *workflow_id; /* NULL: none. */
    bool replayed;           /* The idempotency key was known. */
} task_submitted;

typedef struct task_get {
    const char *task_id;
    int64_t wait; /* ms to wait for a terminal state; 0: answer at once. */
} task_get;

typedef struct task_list {
    cogo_strings states;
    cogo_strings roles;
    const char *workflow;
    int64_t page_size;
    const char *page_token;
    const char *tenant; /* Only this one's; NULL: all. */
} task_list;

typedef struct task_page {
    cogo_records tasks; /* task */
    const char *next_page_token;
} task_page;

typedef struct workflow_get {
    const char *workflow_id;
    int64_t wait; /* ms to wait until all its tasks are terminal. */
} workflow_get;

typedef struct workflow_page {
    cogo_records workflows; /* workflow, without tasks */
    const char *next_page_token;
} workflow_page;

typedef struct task_command {
    const char *task_id;
    const char *reason;
} task_command;

/* Dead letters that are to be tried again: those named, or the newest of some roles, or of all.
 */
typedef struct redrive {
    cogo_strings task_ids;
    cogo_strings roles;
    bool all;
    int64_t limit;      /* When none is named; 0: 100. */
    const char *tenant; /* Only of this one; NULL: of all. */
} redrive;

typedef struct redriven {
    cogo_records tasks; /* submit_item, in the order of the ids, or newest first. */
} redriven;

/* Agrees to a task that waits for it, or does not. */
typedef struct task_decision {
    const char *task_id;
    bool approve;
    const char *by;
    const char *note;
} task_decision;

typedef struct limit_command {
    const char *name;   /* NULL for all. */
    const char *tenant; /* Only of this one; NULL: all, or with a name the one for all. */
} limit_command;

typedef struct limit_page {
    cogo_records limits; /* task_limit */
} limit_page;

typedef struct schedule_command {
    const char *schedule_id; /* NULL for all. */
    const char *tenant;      /* Only of this one; NULL: of all. */
} schedule_command;

typedef struct schedule_page {
    cogo_records schedules; /* schedule */
} schedule_page;

typedef struct task_events {
    const char *task_id;
    int64_t after; /* Sequence; events after it. */
    int64_t limit;
} task_events;

typedef struct event_page {
    cogo_records events; /* task_event */
    bool ended;          /* The task is terminal and no event follows. */
} event_page;

/* Why a task waits, or where it ran. */
typedef struct explanation {
    const char *task_id;
    const char *state;
    const char *summary;    /* One sentence. */
    cogo_strings reasons;   /* One sentence each: per worker, per dependency, limits. */
    int64_t queue_position; /* 1 is next among its role; 0: not queued. */
} explanation;

typedef struct worker_command {
    const char *worker_id; /* NULL for all. */
    const char *reason;
} worker_command;

typedef struct worker_page {
    cogo_records workers; /* worker_agent_status */
} worker_page;

/* One sample of the Prometheus text format. */
typedef struct metric_sample {
    const char *suffix; /* "", "_bucket", "_sum", "_count". */
    const char *labels; /* As in the text format, without braces; NULL: none. */
    double value;
} metric_sample;

typedef struct metric_family {
    const char *name;
    const char *help;
    const char *type;     /* counter, gauge or histogram. */
    cogo_records samples; /* metric_sample */
} metric_family;

typedef struct metrics {
    cogo_records families; /* metric_family */
} metrics;

typedef struct health {
    bool ready;
    cogo_strings checks; /* "name: ok" or "name: why not". */
} health;

typedef struct events_follow {
    const char *task_id; /* NULL: all tasks. */
} events_follow;

typedef struct worker_register {
    const char *worker_id;
    const char *worker_type;
    cogo_records capabilities; /* role_capability */
    int64_t slots;
    cogo_strings labels;
    cogo_strings
        running; /* Leases that it still works on, "taskId:lease", after a reconnect. */
} worker_register;

typedef struct worker_welcome {
    const char *worker_id;
    int64_t epoch;
    int64_t heartbeat_ms;
    int64_t lease_ms;
} worker_welcome;

typedef struct worker_leave {
    int64_t grace_ms; /* For what runs to end by itself. */
} worker_leave;

typedef struct instruction_offer {
    const instruction *instruction;
    int64_t lease; /* Fencing number: grows with each attempt over all tasks. */
    const role_context *context;
    int64_t timeout; /* ms from receipt. */
} instruction_offer;

typedef struct instruction_cancel {
    const char *task_id;
    int64_t lease;
    const char *reason; /* For RESULT_ACK: "accepted" or "fenced". */
} instruction_cancel;

typedef struct instruction_progress {
    const char *worker_id;
    int64_t lease;
    const task_progress *progress;
} instruction_progress;

/* A role tells what it took so far, and asks for what it is about to take. */
typedef struct budget_ask {
    const char *task_id;
    int64_t lease;
    const spending *used; /* By this attempt in all; what was granted counts. */
    const spending *next;
} budget_ask;

typedef struct instruction_result {
    const char *worker_id;
    int64_t lease;
    const agent_result *result;
    bool retryable;
    bool returned; /* Given back by a worker that leaves; the attempt does not count. */
} instruction_result;

/* An artifact with its bytes, or a part of them; how they travel: artifact.h. */
typedef struct artifact_content {
    const artifact *about;
    cogo_value bytes;
} artifact_content;

/* A worker keeps something beside the task that it works on. */
typedef struct artifact_put {
    const char *task_id;
    const artifact_content *content; /* With the lease of the attempt. */
} artifact_put;

/* Some bytes of an artifact; of that name and SHA-256, if the task has it. */
typedef struct artifact_get {
    const char *task_id;
    const char *sha256;
    int64_t offset;
    int64_t size; /* 0: to its end. */
} artifact_get;

/* One transition: the task as it is now, its events since the last write. */
typedef struct store_change {
    const task *task;
    cogo_records events; /* task_event */
    int64_t lease;
    const char *idempotency_key; /* With the first change of a keyed submit. */
    const char *request_hash;
    const workflow *workflow; /* With the first change of a workflow. */
    cogo_records artifacts;   /* artifact_content: those of the task that are new. */
} store_change;

/* What somebody defined, under a name that is unique in its kind. */
typedef struct store_definition {
    const char *kind;
    const char *name;
    int64_t updated_at;
    cogo_value record; /* None: it is removed. */
} store_definition;

/* Who did what. */
typedef struct audit_entry {
    int64_t at;
    const char *action;   /* The wire name of what was asked, such as task.cancel. */
    const char *subject;  /* Id or name of what it was done to; NULL: none became known. */
    const char *outcome;  /* "ok", the code of the problem, or "asked": it was not known yet. */
    const char *token_id; /* NULL: the configured token, or none was needed. */
    const char *tenant;   /* That the caller is bound to; "*": to none. */
    const char *door;     /* http, websocket or redis. */
    const char *request_id;
    const char *detail; /* NULL: nothing more. */
} audit_entry;

typedef struct span_attribute {
    const char *key;
    const char *text; /* NULL: the number counts. */
    int64_t number;
} span_attribute;

/* Something that took time, as OpenTelemetry has it. */
typedef struct span {
    const char *trace_id, *span_id, *parent_id; /* Hexadecimal; no parent: NULL. */
    const char *name;
    bool server;              /* A request from outside. */
    int64_t start_ns, end_ns; /* Since 1970. */
    const char *error;        /* NULL: it did not fail. */
    cogo_records attributes;  /* span_attribute */
} span;

/* Newest first; only those that match what is set. */
typedef struct audit_list {
    const char *tenant;
    const char *action;
    const char *subject;
    const char *token_id;
    int64_t page_size;
    const char *page_token;
} audit_list;

typedef struct audit_page {
    cogo_records entries; /* audit_entry */
    const char *next_page_token;
    const char *error;
} audit_page;

typedef struct store_write {
    int64_t sequence;     /* Grows by one with each write. */
    int64_t term;         /* Writes with another term are refused. */
    cogo_records changes; /* store_change */
    cogo_strings remove;  /* Ids of finished tasks that go, with all that belongs to them, */
    cogo_strings trim;    /* or whose events go. */
    cogo_records definitions; /* store_definition */
    cogo_records audits;      /* audit_entry */
    int64_t audits_before;    /* Entries from before this time go; 0: none. */
} store_write;

/* All writes up to `sequence` are on disk, or none after `sequence` ever will be (error set).
 */
typedef struct store_committed {
    int64_t sequence;
    int64_t writes;  /* In this transaction. */
    int64_t changes; /* In this transaction. */
    int64_t commit_us;
    const char *error;
    bool retrying;        /* The error passes: the writes are kept and tried again. */
    int64_t stale_writes; /* Refused because of their term, ever, as far as is known here. */
} store_committed;

/* The right to write, until a write is refused. */
typedef struct store_elected {
    int64_t term;
} store_elected;

typedef struct store_recover {
    const char *page_token; /* Unfinished tasks, in pages. */
} store_recover;

/* Which finished tasks and audit entries are kept no longer? Times are wall clock in ms; 0: all
 * are kept. */
typedef struct store_sweep {
    int64_t after;           /* Row to begin behind; 0: the first. */
    int64_t finished_before; /* Tasks that ended earlier go, */
    int64_t dead_before;     /* dead letters earlier than this, */
    int64_t keep;            /* and all but so many of the newest, dead letters aside. */
    int64_t events_before;   /* Events of tasks that ended earlier go, */
    int64_t audits_before;   /* and earlier audit entries. */
} store_sweep;

typedef struct store_swept {
    cogo_strings remove; /* Task ids. */
    cogo_strings dead;   /* Of dead letters, to be removed too. */
    cogo_strings trim;
    int64_t next; /* Row to go on behind; 0: nothing follows that could be due. */
    bool audits;  /* Audit entries are due, too. */
} store_swept;

/* Where the journal of one task stands. */
typedef struct store_mark {
    const char *task_id;
    int64_t event_sequence; /* Of its last event; the next one is greater by one. */
    int64_t lease;          /* Its latest lease; 0: none. */
} store_mark;

/* Begins like task_page. */
typedef struct store_recovered {
    cogo_records tasks; /* task */
    const char *next_page_token;
    cogo_records marks; /* store_mark, one per task, in the same order. */
    int64_t lease_max;  /* Over all tasks ever; the next lease is greater. */
    const char *error;
    int64_t dead_count;       /* Dead letters; with the first page, like */
    cogo_records definitions; /* store_definition */
} store_recovered;

/* Exactly one of the groups is used; answered by the reader with store_found. */
typedef struct store_lookup {
    cogo_strings ids; /* Task or instruction ids. */
    const char *idempotency_key;
    const task_list *list;
    const task_events *events;
    const char *workflow_id;
    const task_list *workflow_list;
    const store_sweep *sweep;
    bool
        whole; /* Tasks by id come with what is kept beside them: large contexts and outputs. */
} store_lookup;

typedef struct store_found {
    cogo_records tasks;       /* task */
    cogo_records events;      /* task_event */
    cogo_records workflows;   /* workflow */
    const char *request_hash; /* Of the idempotency key, when known. */
    const char *next_page_token;
    const char *error;
    cogo_records marks; /* store_mark, one per task, in the same order. */
    const store_swept *swept;
} store_found;

#define TENANT_DEFAULT "default" /* Whose the tasks without a tenant are. */
#define TENANT_ALL     "*"       /* Of a token that sees all tenants; no task has it. */

/* The right to use a door. Its secret is shown once; the store has its hash. */
typedef struct access_token {
    const char *token_id; /* tok_ */
    const char *name;
    const char *tenant;  /* TENANT_ALL: not bound to one. */
    cogo_strings scopes; /* read, submit, admin, work. */
    int64_t created_at;
    int64_t expires_at; /* 0: never. */
    int64_t revoked_at; /* 0: it is good. */
    const char *token;  /* The secret, in the answer that made it; nowhere else. */
} access_token;

/* Makes a token, or takes one back. */
typedef struct token_change {
    const access_token *create;
    const char *hash;   /* Of the secret of what is made: SHA-256, hexadecimal. */
    const char *revoke; /* Id of what is taken back, */
    const char *tenant; /* if it belongs to this one; NULL: to any. */
    int64_t at;
} token_change;

/* By hash: the one with it, good or not. Else a page, newest first. */
typedef struct token_list {
    const char *hash;
    const char *tenant; /* NULL: all. */
    int64_t page_size;
    const char *page_token;
} token_list;

typedef struct token_page {
    cogo_records tokens; /* access_token */
    const char *next_page_token;
    const char *error;
} token_page;

extern const cogo_record empty_record, task_submit_record, submit_item_record,
    task_submitted_record, task_get_record, task_list_record, task_page_record,
    workflow_get_record, workflow_page_record, task_command_record, task_events_record,
    event_page_record, explanation_record, worker_command_record, worker_page_record,
    metric_sample_record, metric_family_record, metrics_record, health_record,
    events_follow_record, worker_register_record, worker_welcome_record, worker_leave_record,
    instruction_offer_record, instruction_cancel_record, instruction_progress_record,
    instruction_result_record, store_change_record, store_write_record, store_committed_record,
    store_recover_record, store_elected_record, store_mark_record, store_recovered_record,
    store_lookup_record, store_found_record, store_definition_record, store_sweep_record,
    store_swept_record, redrive_record, redriven_record, schedule_command_record,
    schedule_page_record, limit_command_record, task_decision_record, limit_page_record,
    access_token_record, token_change_record, token_list_record, token_page_record,
    artifact_content_record, artifact_put_record, artifact_get_record, audit_entry_record,
    audit_list_record, audit_page_record, span_attribute_record, span_record, budget_ask_record;

/* Registers every type above with @p system. Called once, before the first actor is spawned. */
COGO_MUST_USE cogo_err messages_register(cogo_system *system);

#endif
