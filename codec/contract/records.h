/* The records of the outer contract as C structs, each described once by a table in
 * records_*.c. Used by every actor that reads or writes a task, worker, role or event. Never
 * holds behaviour: who may change a record is decided by its owner. */
#ifndef CONTRACT_RECORDS_H
#define CONTRACT_RECORDS_H

#include <cogo/record.h>

/* One list makes each enum, its wire names and its test. */
// clang-format off
#define PRIORITY_MAP(X) X(LOW, "low") X(MEDIUM, "medium") X(HIGH, "high") X(URGENT, "urgent")
#define TASK_STATE_MAP(X)                                                                      \
    X(QUEUED, "queued") X(BLOCKED, "blocked") X(SCHEDULED, "scheduled") X(RUNNING, "running")  \
    X(RETRYING, "retrying") X(SUCCEEDED, "succeeded") X(PARTIAL, "partial")                    \
    X(FAILED, "failed") X(CANCELLED, "cancelled") X(EXPIRED, "expired")                        \
    X(DEADLETTERED, "deadlettered")
#define RESULT_STATUS_MAP(X) X(SUCCESS, "success") X(PARTIAL, "partial") X(FAILED, "failed")
#define WORKER_STATE_MAP(X)                                                                    \
    X(IDLE, "idle") X(WORKING, "working") X(BUSY, "busy") X(ERROR, "error") X(OFFLINE, "offline")
// clang-format on

#define APPROVAL_MAP(X) X(WAITING, "waiting") X(APPROVED, "approved") X(REJECTED, "rejected")
#define OVERLAP_MAP(X)  X(SKIP, "skip") X(ALLOW, "allow") X(CANCEL, "cancel")
#define MISSED_MAP(X)   X(ONCE, "once") X(SKIP, "skip") X(ALL, "all")
#define STICKY_MAP(X)   X(PREFER, "prefer") X(REQUIRE, "require")

#define X(name, text) PRIORITY_##name,
typedef enum priority { PRIORITY_MAP(X) PRIORITY_COUNT } priority;
#undef X
#define X(name, text) TASK_##name,
typedef enum task_state { TASK_STATE_MAP(X) TASK_STATE_COUNT } task_state;
#undef X
#define X(name, text) RESULT_##name,
typedef enum result_status { RESULT_STATUS_MAP(X) RESULT_STATUS_COUNT } result_status;
#undef X
#define X(name, text) WORKER_##name,
typedef enum worker_state { WORKER_STATE_MAP(X) WORKER_STATE_COUNT } worker_state;
#undef X

#define X(name, text) STICKY_##name,
typedef enum sticky_policy { STICKY_MAP(X) STICKY_COUNT } sticky_policy;
#undef X
#define X(name, text) APPROVAL_##name,
typedef enum approval_state { APPROVAL_MAP(X) APPROVAL_COUNT } approval_state;
#undef X
#define X(name, text) OVERLAP_##name,
typedef enum overlap_policy { OVERLAP_MAP(X) OVERLAP_COUNT } overlap_policy;
#undef X
#define X(name, text) MISSED_##name,
typedef enum missed_policy { MISSED_MAP(X) MISSED_COUNT } missed_policy;
#undef X

extern const char *const approval_names[];
extern const char *const overlap_names[];
extern const char *const missed_names[];
extern const char *const sticky_names[];
extern const char *const priority_names[]; /* Each ends with NULL. */
extern const char *const task_state_names[];
extern const char *const result_status_names[];
extern const char *const worker_state_names[];
extern const char *const actor_state_names[]; /* By cogo_actor_state. */

/* What a task and all below it may take; 0: any. */
typedef struct budget {
    int64_t tokens; /* Of models, in and out. */
    double cost;    /* US dollars. */
    int64_t time;   /* ms of attempts. */
    int64_t calls;  /* Of models and tools. */
    int64_t tasks;  /* Below it, at any depth. */
    int64_t depth;  /* Levels below it. */
} budget;

/* What they took. */
typedef struct spending {
    int64_t tokens;
    double cost;
    int64_t time;
    int64_t calls;
    int64_t tasks;
} spending;

/* What is left of its budget and those above it, for one that runs; -1: any amount. */
typedef struct budget_left {
    bool granted;       /* It may take what it asked for, which is charged already. */
    const char *reason; /* Why not. */
    int64_t tokens;
    double cost;
    int64_t time; /* ms, as of the end of the latest attempt. */
    int64_t calls;
} budget_left;

/* A person has to agree before a task runs. */
typedef struct approval {
    const char *prompt; /* What is to be decided, for people. */
    int64_t timeout;    /* ms from the submit; 0: for ever. */
    int32_t state;      /* approval_state; filled by the server, like all that follow. */
    const char *by;
    const char *note;
    int64_t decided_at;
} approval;

/* What is asked for. Enums are int32_t so that -1 can mean absent. */
typedef struct instruction {
    const char *instruction_id; /* ins_; filled by the server. */
    const char *task_id;        /* tsk_; filled by the server. */
    const char *role;           /* Required. */
    cogo_value context;         /* The role's input; its JSON Schema is at /v1/roles/{name}. */
    int32_t priority;           /* Default medium. */
    int64_t timeout;            /* ms of one attempt; 0: the role's default. */
    cogo_strings dependencies;  /* Task ids, instruction ids, or `ref`s of the same request. */
    const char *expected_output;
    const char *ref;               /* The caller's name for this task within one request. */
    int64_t max_attempts;          /* 0: the default (3). */
    cogo_strings labels;           /* "key=value" that the worker must have, */
    cogo_strings preferred_labels; /* or had better have. */
    const char *fairness_key;      /* Keys take turns within a priority. */
    cogo_strings limits;           /* "name" or "name:key" of limits that it counts for. */
    int64_t slot_cost;             /* Slots that it takes; 0: 1. */
    int64_t schedule_timeout;      /* ms that it may wait for a worker; 0: for ever. */
    int64_t deadline;              /* It has to be finished then; 0: never. */
    const approval *approval;      /* NULL: nobody is asked. */
    const char *parent;            /* Task id of an unfinished task that asks for this one. */
    const budget *budget;
    const char *sticky_key; /* It goes to the worker that had the last task of this key: */
    int32_t sticky_policy;  /* sticky_policy: if it can, or only there, */
    int64_t sticky_timeout; /* for so long, in ms; 0: see README.md. */
} instruction;

typedef struct llm_usage {
    int64_t calls;
    int64_t input_tokens;
    int64_t output_tokens;
    int64_t cached_tokens;
    double cost; /* US dollars. */
} llm_usage;

typedef struct result_metadata {
    int64_t processing_time; /* ms. */
    double quality;          /* 0..1, computed from evidence. */
    double confidence;       /* 0..1. */
    cogo_strings errors;
    cogo_strings skipped;
    const llm_usage *llm; /* null when no model was used. */
} result_metadata;

/* What is kept beside a task by the SHA-256 of its bytes: a value that is too large for the
 * record, or a file that a worker made. */
typedef struct artifact {
    const char *name;       /* Unique among those of one attempt. */
    const char *sha256;     /* Of its bytes, hexadecimal. */
    const char *media_type; /* MEDIA_VALUE: one MessagePack value. */
    int64_t size;           /* Bytes. */
    int64_t lease;          /* Of the attempt that made it; 0: it came with the task. */
    int64_t created_at;
} artifact;

#define ARTIFACT_CONTEXT "context" /* The name of a context that is too large, */
#define ARTIFACT_OUTPUT  "output"  /* and of an output. */
#define MEDIA_VALUE      "application/msgpack"

typedef struct agent_result {
    const char *result_id; /* res_ */
    const char *instruction_id;
    const char *task_id;
    int32_t status; /* result_status */
    cogo_value output;
    const result_metadata *metadata;
    const artifact *output_artifact; /* Where the output is when it is not here. */
} agent_result;

typedef struct task_progress {
    const char *task_id;
    double percent; /* 0..100; -1 when unknown. */
    const char *phase;
    const char *message;
    int64_t at;
} task_progress;

typedef struct task {
    const char *task_id;
    const char *instruction_id;
    const char *workflow_id; /* NULL: none. */
    const char *tenant;      /* NULL: the default one. */
    const char *ref;
    const char *role;
    int32_t state; /* task_state */
    int32_t priority;
    int64_t attempt; /* Started attempts; 0 before the first. */
    int64_t max_attempts;
    int64_t timeout; /* ms of one attempt. */
    cogo_value context;
    cogo_strings dependencies; /* Task ids. */
    const char *expected_output;
    cogo_strings labels;
    const char *worker_id; /* Of the latest attempt. */
    const task_progress *progress;
    const char *error; /* Why it failed, was cancelled or waits for a retry. */
    int64_t created_at;
    int64_t queued_at;  /* When it became ready; 0 while blocked. */
    int64_t started_at; /* Of the latest attempt. */
    int64_t finished_at;
    int64_t updated_at;
    const agent_result *result;
    cogo_strings preferred_labels; /* As in the instruction, like all that follow. */
    const char *fairness_key;
    cogo_strings limits;
    int64_t slot_cost;
    int64_t schedule_timeout;
    int64_t deadline;
    const approval *approval;
    const char *parent_id;
    const budget *budget;
    const spending *spent;  /* By itself and by those below it; NULL: it has no budget. */
    cogo_records artifacts; /* artifact, oldest first. */
    const char *sticky_key; /* As in the instruction, like the two that follow. */
    int32_t sticky_policy;
    int64_t sticky_timeout;
    const char *traceparent; /* Of who submitted it; kept when spans are collected. */
} task;

typedef struct task_event {
    const char *task_id;
    int64_t sequence; /* From 1, per task, without gaps. */
    const char *type; /* cogo.task.queued and so on. */
    int64_t time;
    cogo_value data;
} task_event;

typedef struct workflow {
    const char *workflow_id; /* wfl_ */
    const char *name;
    const char
        *state; /* running, succeeded, partial, failed, cancelled: derived from its tasks. */
    int64_t created_at;
    int64_t finished_at;
    cogo_records tasks; /* task */
} workflow;

/* A task that is submitted again and again, at times that a cron expression names. */
typedef struct schedule {
    const char *schedule_id; /* sch_ */
    const char *name;
    const char *cron;
    const char *time_zone; /* "UTC", or a name of the time zone database. */
    int32_t overlap; /* overlap_policy: while the task of an earlier slot is unfinished. */
    int32_t missed;  /* missed_policy: slots that passed while nobody could submit. */
    bool paused;
    const struct instruction *instruction;
    int64_t created_at;
    int64_t updated_at;
    int64_t next_slot; /* 0 while paused. */
    int64_t last_slot; /* That was submitted, skipped or missed; 0: none. */
    const char *last_task_id;
    const char *last_error; /* Why the last slot got no task. */
    int64_t submitted;      /* Slots that became a task, */
    int64_t skipped;        /* that an unfinished task skipped, */
    int64_t missed_count;   /* that were missed for good, */
    int64_t refused;        /* and whose task was refused. */
    const char *tenant;     /* Whose it is and whose its tasks are; NULL: the default one's. */
} schedule;

/* How many tasks of one name may run at once, and how many may begin in a time. What tasks
 * write behind the name and a colon is limited by itself: "tenant:acme", "tenant:other". */
typedef struct task_limit {
    const char *name;
    int64_t concurrency; /* 0: any number. */
    int64_t rate;        /* Starts in `per` ms; 0: any number. */
    int64_t per;         /* ms; 0: 1000. */
    int64_t burst;       /* Starts that may be saved up; 0: as `rate`. */
    int64_t updated_at;
    int64_t used;       /* Attempts that run now, over all keys. */
    int64_t waiting;    /* Groups of tasks that wait for it. */
    const char *tenant; /* For the tasks of this one alone; NULL: for all that have none of
                           this name of their own. */
} task_limit;

/* Which worker had the last task of a sticky key. */
typedef struct sticky_place {
    const char *key; /* With its tenant. */
    const char *worker_id;
} sticky_place;

typedef struct performance_metrics {
    int64_t tasks_completed;
    int64_t tasks_failed;
    double average_ms;
    double utilization; /* 0..1: busy slot time / slot time. */
    int64_t rss_bytes;
} performance_metrics;

typedef struct role_capability {
    const char *role;
    int64_t version;
    const char *title;
    cogo_strings languages;
    cogo_strings tools; /* "name version", found at start. */
    int64_t slots;
    int64_t default_timeout; /* ms. */
    const char *llm;         /* "none", "optional" or "required". */
    cogo_value input_schema; /* JSON Schema. */
    cogo_value output_schema;
} role_capability;

typedef struct worker_agent_status {
    const char *agent_id; /* The worker id. */
    const char *worker_type;
    int32_t status; /* worker_state */
    const char *current_role;
    const char *current_task;
    cogo_records capabilities; /* role_capability */
    const performance_metrics *performance;
    int64_t last_heartbeat;
    int64_t slots;
    int64_t slots_used;
    cogo_strings labels; /* "key=value" */
    bool draining;
} worker_agent_status;

/* What a role is given. */
typedef struct dependency_result {
    const char *task_id;
    const char *ref;
    const char *role;
    int32_t status; /* result_status */
    cogo_value output;
} dependency_result;

typedef struct role_context {
    const char *task_id;
    cogo_value input;
    int64_t attempt;
    int64_t deadline;              /* Wall clock, for people; the runtime holds the real one. */
    cogo_records previous_results; /* dependency_result */
    const char *traceparent;
    const budget_left *budget; /* NULL: nothing is limited. */
} role_context;

/* What a role gives back, before it becomes an agent_result. */
typedef struct role_execution_result {
    int32_t status; /* result_status */
    cogo_value output;
    double quality;
    double confidence;
    cogo_strings errors;
    cogo_strings skipped;
    bool retryable; /* A failed attempt may be tried again. */
} role_execution_result;

/* One actor of a node, as the runtime tells it. */
typedef struct actor_status {
    const char *actor_id; /* "node.incarnation.slot.generation" */
    const char *name;     /* Registered name, or "". */
    const char *behavior;
    int32_t state; /* As cogo_actor_state. */
    const char *message_type;
    bool detached;
    int64_t mailbox_depth;
    int64_t messages_handled;
    int64_t memory_bytes;
    int64_t memory_limit_bytes;
    int64_t restarts;
    int64_t links;
    int64_t watchers;
} actor_status;

/* A node as another one sees it. */
typedef struct node_status {
    const char *name;
    const char *state;        /* "self", "up" or "down". */
    const char *member_state; /* Name of a cogo_member_state; NULL: it is no member. */
    const char *address;      /* Where members join it; NULL: nowhere. */
    bool listed;              /* Its vote counts wherever majorities decide. */
    int64_t node;             /* Index in actor ids; 0: itself, or never linked with. */
    const char *incarnation;  /* Hexadecimal. */
    double rtt_ms;
    int64_t bytes_in;
    int64_t bytes_out;
    int64_t queued_bytes;
    int64_t nacks;
} node_status;

typedef struct field_problem {
    const char *pointer; /* JSON pointer. */
    const char *detail;
} field_problem;

/* RFC 9457. */
typedef struct problem {
    const char *type;
    const char *title;
    int64_t status;
    const char *detail;
    const char *instance;
    const char *code; /* SCREAMING_SNAKE. */
    const char *request_id;
    cogo_records errors; /* field_problem */
    int64_t retry_after_ms;
    const char *existing_id;
} problem;

extern const cogo_record budget_record, spending_record, budget_left_record, approval_record,
    schedule_record, task_limit_record, sticky_place_record, instruction_record,
    llm_usage_record, result_metadata_record, artifact_record, agent_result_record,
    task_progress_record, task_record, task_event_record, workflow_record,
    performance_metrics_record, role_capability_record, worker_agent_status_record,
    dependency_result_record, role_context_record, role_execution_result_record,
    actor_status_record, node_status_record, field_problem_record, problem_record;

#endif
