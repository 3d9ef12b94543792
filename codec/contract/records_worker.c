/* The tables of workers, roles and problems. */
#include "codec/contract/field.h"
#include "codec/contract/records.h"

#define X(name, text) text,
const char *const worker_state_names[] = {WORKER_STATE_MAP(X) NULL};
#undef X

static const cogo_field performance_metrics_fields[] = {
    FIELD(performance_metrics, tasks_completed, "tasksCompleted", INT, NOT_NEGATIVE,
          .doc = "Attempts that ended well since the worker started."),
    FIELD(performance_metrics, tasks_failed, "tasksFailed", INT, NOT_NEGATIVE,
          .doc = "Attempts that failed since the worker started."),
    FIELD(performance_metrics, average_ms, "averageMs", DOUBLE, NOT_NEGATIVE,
          .doc = "Mean milliseconds of an attempt."),
    FIELD(performance_metrics, utilization, "utilization", DOUBLE, RANGE(0, 1),
          .doc = "Busy slot time divided by slot time, 0 to 1."),
    FIELD(performance_metrics, rss_bytes, "rssBytes", INT, NOT_NEGATIVE,
          .doc = "Resident memory of the worker's process in bytes."),
};
RECORD(performance_metrics, "PerformanceMetrics", 1, "What a worker has done so far.");

static const cogo_field role_capability_fields[] = {
    FIELD(role_capability, role, "role", STRING, REQUIRED, LENGTH(1, ROLE_LENGTH_MAX),
          .doc = "Name of the role."),
    FIELD(role_capability, version, "version", INT, NOT_NEGATIVE,
          .doc = "Grows when input or output of the role change."),
    FIELD(role_capability, title, "title", STRING, .doc = "One sentence: what the role does."),
    FIELD(role_capability, languages, "languages", STRINGS,
          .doc = "Programming languages that it handles."),
    FIELD(role_capability, tools, "tools", STRINGS,
          .doc = "Tools that it found at start, name and version each."),
    FIELD(role_capability, slots, "slots", INT, NOT_NEGATIVE,
          .doc = "Attempts of this role at one time; 0 means as many as the worker has slots."),
    FIELD(role_capability, default_timeout, "defaultTimeout", INT, RANGE(0, TIMEOUT_MS_MAX),
          .doc = "Milliseconds that one attempt may take when the task does not say."),
    FIELD(role_capability, llm, "llm", STRING,
          .doc = "Whether it uses a model: none, optional or required."),
    FIELD(role_capability, input_schema, "inputSchema", VALUE,
          .doc = "JSON Schema of the context of a task."),
    FIELD(role_capability, output_schema, "outputSchema", VALUE,
          .doc = "JSON Schema of the output of a result."),
};
RECORD(role_capability, "RoleCapability", 1, "A role that a worker offers.");

static const cogo_field worker_agent_status_fields[] = {
    FIELD(worker_agent_status, agent_id, "agentId", STRING, REQUIRED, LENGTH(1, 256),
          .doc = "Id of the worker."),
    FIELD(worker_agent_status, worker_type, "workerType", STRING, .doc = "Kind of the worker."),
    FIELD(worker_agent_status, status, "status", ENUM, REQUIRED, .names = worker_state_names,
          .doc = "idle: no task; working: some slots used; busy: all used; error; offline."),
    FIELD(worker_agent_status, current_role, "currentRole", STRING, KEEP_NULL,
          .doc = "Role of the task it began last; null when idle."),
    FIELD(worker_agent_status, current_task, "currentTask", STRING, KEEP_NULL,
          .doc = "Id of the task it began last; null when idle."),
    FIELD_RECORDS(worker_agent_status, capabilities, "capabilities", role_capability,
                  .doc = "Roles that it offers."),
    FIELD_RECORD(worker_agent_status, performance, "performance", performance_metrics,
                 .doc = "What it has done so far."),
    FIELD(worker_agent_status, last_heartbeat, "lastHeartbeat", TIME,
          .doc = "When it was last heard of."),
    FIELD(worker_agent_status, slots, "slots", INT, NOT_NEGATIVE,
          .doc = "Attempts that it runs at one time."),
    FIELD(worker_agent_status, slots_used, "slotsUsed", INT, NOT_NEGATIVE,
          .doc = "Attempts that it runs now."),
    FIELD(worker_agent_status, labels, "labels", STRINGS, LENGTH(0, LABELS_MAX),
          .doc = "Its labels, key=value each."),
    FIELD(worker_agent_status, draining, "draining", BOOL,
          .doc = "True: it ends what it has and gets nothing new."),
};
RECORD(worker_agent_status, "WorkerAgentStatus", 1, "A worker and what it does now.");

static const cogo_field dependency_result_fields[] = {
    FIELD(dependency_result, task_id, "taskId", STRING, .doc = "Id of the finished task."),
    FIELD(dependency_result, ref, "ref", STRING, .doc = "The caller's name for it."),
    FIELD(dependency_result, role, "role", STRING, .doc = "Role that did it."),
    FIELD(dependency_result, status, "status", ENUM, .names = result_status_names,
          .doc = "Whether all, a part or nothing of the work was done."),
    FIELD(dependency_result, output, "output", VALUE, .doc = "What the role made."),
};
RECORD(dependency_result, "DependencyResult", 1, "The result of a task that was waited for.");

static const cogo_field role_context_fields[] = {
    FIELD(role_context, task_id, "taskId", STRING, .doc = "Id of the task."),
    FIELD(role_context, input, "input", VALUE, .doc = "The context of the instruction."),
    FIELD(role_context, attempt, "attempt", INT, NOT_NEGATIVE,
          .doc = "Number of this attempt, from 1."),
    FIELD(role_context, deadline, "deadline", TIME, .doc = "When this attempt must be done."),
    FIELD_RECORDS(role_context, previous_results, "previousResults", dependency_result,
                  .doc = "Results of the tasks that it depends on."),
    FIELD(role_context, traceparent, "traceparent", STRING, LENGTH(0, 128),
          .doc = "W3C trace context of the request."),
    FIELD_RECORD(role_context, budget, "budgetLeft", budget_left,
                 .doc = "What it may take; absent when nothing is limited."),
};
RECORD(role_context, "RoleContext", 1, "What a role is given.");

static const cogo_field role_execution_result_fields[] = {
    FIELD(role_execution_result, status, "status", ENUM, REQUIRED, .names = result_status_names,
          .doc = "Whether all, a part or nothing of the work was done."),
    FIELD(role_execution_result, output, "output", VALUE, .doc = "What the role made."),
    FIELD(role_execution_result, quality, "quality", DOUBLE, RANGE(0, 1),
          .doc = "0 to 1, computed from evidence."),
    FIELD(role_execution_result, confidence, "confidence", DOUBLE, RANGE(0, 1),
          .doc = "0 to 1: how much of the evidence could be collected."),
    FIELD(role_execution_result, errors, "errors", STRINGS,
          .doc = "What went wrong, a sentence each."),
    FIELD(role_execution_result, skipped, "skipped", STRINGS,
          .doc = "What was not done and why, a sentence each."),
    FIELD(role_execution_result, retryable, "retryable", BOOL,
          .doc = "True: a failed attempt may be tried again."),
};
RECORD(role_execution_result, "RoleExecutionResult", 1, "What a role gives back.");

const char *const actor_state_names[] = {"idle", "queued", "running", "suspended", NULL};

static const cogo_field actor_status_fields[] = {
    FIELD(actor_status, actor_id, "actorId", STRING, REQUIRED, LENGTH(1, 64),
          .doc = "Id of the actor; never used again."),
    FIELD(actor_status, name, "name", STRING, .doc = "Its registered name; may be empty."),
    FIELD(actor_status, behavior, "behavior", STRING, .doc = "What kind of actor it is."),
    FIELD(actor_status, state, "state", ENUM, REQUIRED, .names = actor_state_names,
          .doc = "idle: waits for a message; queued: waits for its turn; running: in a "
                 "callback; suspended: ended, its supervisor decides."),
    FIELD(actor_status, message_type, "messageType", STRING,
          .doc = "While it runs: name or number of its latest message's type; else empty."),
    FIELD(actor_status, detached, "detached", BOOL,
          .doc = "True: it runs on a thread of its own."),
    FIELD(actor_status, mailbox_depth, "mailboxDepth", INT, NOT_NEGATIVE,
          .doc = "Messages that wait."),
    FIELD(actor_status, messages_handled, "messagesHandled", INT, NOT_NEGATIVE,
          .doc = "Messages that it handled since it was spawned."),
    FIELD(actor_status, memory_bytes, "memoryBytes", INT, NOT_NEGATIVE,
          .doc =
              "With a memory limit (its own or its supervisor's): state, mailbox, timers and "
              "what it noted; else the actor and its state, without its mailbox."),
    FIELD(actor_status, memory_limit_bytes, "memoryLimitBytes", INT, NOT_NEGATIVE,
          .doc = "Its own memory limit; 0: none."),
    FIELD(actor_status, restarts, "restarts", INT, NOT_NEGATIVE,
          .doc = "By its supervisor, since it was spawned."),
    FIELD(actor_status, links, "links", INT, NOT_NEGATIVE,
          .doc = "Actors that it is linked to; at most 65535 is told."),
    FIELD(actor_status, watchers, "watchers", INT, NOT_NEGATIVE,
          .doc = "Monitors that others have on it; at most 65535 is told."),
};
RECORD(actor_status, "ActorStatus", 1, "An actor of this node and what it does now.");

static const cogo_field node_status_fields[] = {
    FIELD(node_status, name, "name", STRING, REQUIRED, LENGTH(1, 128),
          .doc = "What the node calls itself; unique in the cluster."),
    FIELD(node_status, state, "state", STRING, REQUIRED, LENGTH(1, 16),
          .doc = "self: it answers; up: linked with it; down: not now, or never."),
    FIELD(node_status, member_state, "memberState", STRING, KEEP_NULL,
          .doc = "As a member of the cluster, by all that is told: unknown (on the list, never "
                 "heard of), alive, suspect, dead, left; null: no member, as child processes."),
    FIELD(node_status, address, "address", STRING, .doc = "Where other members join it."),
    FIELD(node_status, listed, "listed", BOOL,
          .doc = "It is on the list of members (--members), whose majority decides."),
    FIELD(node_status, node, "node", INT, NOT_NEGATIVE,
          .doc = "Its index in ids of its actors, as this node sees them; 0: this node, or one "
                 "that it was never linked with."),
    FIELD(node_status, incarnation, "incarnation", STRING, LENGTH(0, 16),
          .doc = "Another one after each start, hexadecimal."),
    FIELD(node_status, rtt_ms, "rttMs", DOUBLE, NOT_NEGATIVE,
          .doc = "Round trip of the latest heartbeat in milliseconds; 0: none yet."),
    FIELD(node_status, bytes_in, "bytesIn", INT, NOT_NEGATIVE,
          .doc = "Bytes read from it, over all links with this incarnation."),
    FIELD(node_status, bytes_out, "bytesOut", INT, NOT_NEGATIVE,
          .doc = "Bytes written to it, over all links with this incarnation."),
    FIELD(node_status, queued_bytes, "queuedBytes", INT, NOT_NEGATIVE,
          .doc = "Messages that wait for the link, in bytes."),
    FIELD(node_status, nacks, "nacks", INT, NOT_NEGATIVE,
          .doc = "Messages that could not be delivered over the link."),
};
RECORD(node_status, "NodeStatus", 1, "A node of the cluster.");

static const cogo_field field_problem_fields[] = {
    FIELD(field_problem, pointer, "pointer", STRING,
          .doc = "JSON pointer of the wrong field; empty for the whole body."),
    FIELD(field_problem, detail, "detail", STRING, .doc = "What is wrong with it."),
};
RECORD(field_problem, "FieldProblem", 1, "One wrong field of a request.");

static const cogo_field problem_fields[] = {
    FIELD(problem, type, "type", STRING, .doc = "URI that names the kind of problem."),
    FIELD(problem, title, "title", STRING, .doc = "Short text of the kind of problem."),
    FIELD(problem, status, "status", INT, RANGE(0, 599), .doc = "HTTP status code."),
    FIELD(problem, detail, "detail", STRING, .doc = "What went wrong this time."),
    FIELD(problem, instance, "instance", STRING, .doc = "URI of the request."),
    FIELD(problem, code, "code", STRING, .doc = "Constant for programs, such as UNKNOWN_ROLE."),
    FIELD(problem, request_id, "requestId", STRING, .doc = "Id that the log has, too."),
    FIELD_RECORDS(problem, errors, "errors", field_problem, .doc = "The wrong fields."),
    FIELD(problem, retry_after_ms, "retryAfterMs", INT, NOT_NEGATIVE,
          .doc = "Milliseconds to wait before trying again; 0 when that would not help."),
    FIELD(problem, existing_id, "existingId", STRING,
          .doc = "Id of what exists already and is in the way."),
};
RECORD(problem, "Problem", 1, "An error answer, as in RFC 9457.");
