/* The tables of instructions, tasks, results, events and workflows. */
#include "codec/contract/field.h"
#include "codec/contract/records.h"

#define X(name, text) text,
const char *const priority_names[] = {PRIORITY_MAP(X) NULL};
const char *const task_state_names[] = {TASK_STATE_MAP(X) NULL};
const char *const result_status_names[] = {RESULT_STATUS_MAP(X) NULL};
#undef X

#define X(name, text) text,
const char *const sticky_names[] = {STICKY_MAP(X) NULL};
const char *const approval_names[] = {APPROVAL_MAP(X) NULL};
#undef X

static const cogo_field approval_fields[] = {
    FIELD(approval, prompt, "prompt", STRING, LENGTH(1, APPROVAL_TEXT_MAX),
          .doc = "What is to be decided, for people."),
    FIELD(approval, timeout, "timeout", INT, RANGE(0, APPROVAL_MS_MAX),
          .doc = "Milliseconds from the submit to decide in; 0 means for ever."),
    FIELD(approval, state, "state", ENUM, .flags = COGO_FIELD_OUTPUT, .names = approval_names,
          .doc = "Whether it was decided, and how."),
    FIELD(approval, by, "by", STRING, OUTPUT, .doc = "Who decided."),
    FIELD(approval, note, "note", STRING, OUTPUT, .doc = "What they said about it."),
    FIELD(approval, decided_at, "decidedAt", TIME, OUTPUT, .doc = "When it was decided."),
};
RECORD(approval, "Approval", 1, "A person has to agree before a task runs.");

static const cogo_field instruction_fields[] = {
    FIELD(instruction, instruction_id, "instructionId", STRING, OUTPUT,
          .doc = "Id of this instruction; filled by the server."),
    FIELD(instruction, task_id, "taskId", STRING, OUTPUT,
          .doc = "Id of the task that it became; filled by the server."),
    FIELD(instruction, role, "role", STRING, REQUIRED, LENGTH(1, ROLE_LENGTH_MAX),
          .doc = "Name of the role that does the work."),
    FIELD(instruction, context, "context", VALUE,
          .doc = "Input of the role; its JSON Schema is at /v1/roles/{name}."),
    FIELD(instruction, priority, "priority", ENUM, .names = priority_names,
          .doc = "Which task goes first when several wait; medium when absent."),
    FIELD(instruction, timeout, "timeout", INT, RANGE(0, TIMEOUT_MS_MAX),
          .doc = "Milliseconds that one attempt may take; 0 means the role's default."),
    FIELD(instruction, dependencies, "dependencies", STRINGS, LENGTH(0, DEPENDENCIES_MAX),
          .doc = "Tasks to wait for: task ids, instruction ids, or refs of the same request."),
    FIELD(instruction, expected_output, "expectedOutput", STRING,
          .doc = "What the caller expects, for people and models."),
    FIELD(instruction, ref, "ref", STRING, LENGTH(1, REF_LENGTH_MAX),
          .doc = "The caller's name for this task within one request."),
    FIELD(instruction, max_attempts, "maxAttempts", INT, RANGE(0, ATTEMPTS_MAX),
          .doc = "Attempts before the task is given up; 0 means the default."),
    FIELD(instruction, labels, "labels", STRINGS, LENGTH(0, LABELS_MAX),
          .doc = "Labels key=value that the worker must have."),
    FIELD(instruction, preferred_labels, "preferredLabels", STRINGS, LENGTH(0, LABELS_MAX),
          .doc = "Labels key=value of workers that are taken first when they are free."),
    FIELD(instruction, fairness_key, "fairnessKey", STRING, LENGTH(1, FAIRNESS_KEY_MAX),
          .doc = "Tasks of different keys take turns within a role and priority."),
    FIELD(instruction, limits, "limits", STRINGS, LENGTH(0, LIMITS_MAX),
          .doc = "Limits that it counts for: name, or name:key for one key by itself."),
    FIELD(instruction, slot_cost, "slotCost", INT, RANGE(0, SLOT_COST_MAX),
          .doc = "Slots of the worker that it takes; 0 means 1."),
    FIELD(instruction, schedule_timeout, "scheduleTimeout", INT, RANGE(0, TIMEOUT_MS_MAX),
          .doc = "Milliseconds that it may wait for a worker each time; 0 means for ever."),
    FIELD(instruction, deadline, "deadline", TIME,
          .doc = "When it has to be finished, whatever its state is then."),
    FIELD_RECORD(instruction, approval, "approval", approval,
                 .doc = "A person has to agree before it runs; absent when nobody is asked."),
    FIELD(instruction, parent, "parent", STRING, LENGTH(1, 64),
          .doc = "Id of the unfinished task that asks for this one, and pays for it."),
    FIELD_RECORD(instruction, budget, "budget", budget,
                 .doc = "What it and all tasks below it may take."),
    FIELD(instruction, sticky_key, "stickyKey", STRING, LENGTH(1, STICKY_KEY_MAX),
          .doc = "It goes to the worker that had the last task of this key."),
    FIELD(instruction, sticky_policy, "stickyPolicy", ENUM, .names = sticky_names,
          .doc = "Whether to prefer that worker (when absent), or to require it."),
    FIELD(instruction, sticky_timeout, "stickyTimeout", INT, RANGE(0, TIMEOUT_MS_MAX),
          .doc = "Milliseconds to wait for that worker before any other may have it; 0: prefer "
                 "waits not at all, require as long as the worker is known."),
};
RECORD(instruction, "OrchestratorInstruction", 1, "What a client asks to be done.");

static const cogo_field llm_usage_fields[] = {
    FIELD(llm_usage, calls, "calls", INT, NOT_NEGATIVE, .doc = "Requests made to a model."),
    FIELD(llm_usage, input_tokens, "inputTokens", INT, NOT_NEGATIVE,
          .doc = "Tokens sent to the model."),
    FIELD(llm_usage, output_tokens, "outputTokens", INT, NOT_NEGATIVE,
          .doc = "Tokens that the model answered."),
    FIELD(llm_usage, cached_tokens, "cachedTokens", INT, NOT_NEGATIVE,
          .doc = "Input tokens that the model had cached."),
    FIELD(llm_usage, cost, "cost", DOUBLE, NOT_NEGATIVE, .doc = "US dollars, 0 when unknown."),
};
RECORD(llm_usage, "LlmUsage", 1, "What the use of a model took.");

static const cogo_field result_metadata_fields[] = {
    FIELD(result_metadata, processing_time, "processingTime", INT, NOT_NEGATIVE,
          .doc = "Milliseconds from the start of the attempt to its result."),
    FIELD(result_metadata, quality, "quality", DOUBLE, RANGE(0, 1),
          .doc = "0 to 1, computed from evidence such as tests and findings."),
    FIELD(result_metadata, confidence, "confidence", DOUBLE, RANGE(0, 1),
          .doc = "0 to 1: how much of the evidence could be collected."),
    FIELD(result_metadata, errors, "errors", STRINGS,
          .doc = "What went wrong, a sentence each."),
    FIELD(result_metadata, skipped, "skipped", STRINGS,
          .doc = "What was not done and why, a sentence each."),
    FIELD_RECORD(result_metadata, llm, "llm", llm_usage, KEEP_NULL,
                 .doc = "Use of a model; null when none was used."),
};
RECORD(result_metadata, "ResultMetadata", 1, "How a result came about.");

static const cogo_field artifact_fields[] = {
    FIELD(artifact, name, "name", STRING, REQUIRED, LENGTH(1, ARTIFACT_NAME_MAX),
          .doc = "Its name, unique among those of one attempt."),
    FIELD(artifact, sha256, "sha256", STRING, LENGTH(1, 64),
          .doc = "SHA-256 of its bytes, hexadecimal."),
    FIELD(
        artifact, media_type, "mediaType", STRING, LENGTH(1, MEDIA_TYPE_MAX),
        .doc =
            "What the bytes are; application/msgpack: one value, which is also given as JSON."),
    FIELD(artifact, size, "size", INT, NOT_NEGATIVE, .doc = "Bytes."),
    FIELD(artifact, lease, "lease", INT, NOT_NEGATIVE,
          .doc = "Lease of the attempt that made it; 0: it came with the task."),
    FIELD(artifact, created_at, "createdAt", TIME, .doc = "When it was made."),
};
RECORD(artifact, "Artifact", 1, "What is kept beside a task, by the SHA-256 of its bytes.");

static const cogo_field agent_result_fields[] = {
    FIELD(agent_result, result_id, "resultId", STRING, .doc = "Id of this result."),
    FIELD(agent_result, instruction_id, "instructionId", STRING,
          .doc = "Id of the instruction that it answers."),
    FIELD(agent_result, task_id, "taskId", STRING, .doc = "Id of the task that it ends."),
    FIELD(agent_result, status, "status", ENUM, REQUIRED, .names = result_status_names,
          .doc = "Whether all, a part or nothing of the work was done."),
    FIELD(agent_result, output, "output", VALUE,
          .doc = "What the role made; its JSON Schema is at /v1/roles/{name}."),
    FIELD_RECORD(agent_result, metadata, "metadata", result_metadata,
                 .doc = "How the result came about."),
    FIELD_RECORD(agent_result, output_artifact, "outputArtifact", artifact,
                 .doc = "Where the output is when it is too large to be here."),
};
RECORD(agent_result, "AgentResult", 1, "What a worker answers to an instruction.");

static const cogo_field task_progress_fields[] = {
    FIELD(task_progress, task_id, "taskId", STRING, .doc = "Id of the task."),
    FIELD(task_progress, percent, "percent", DOUBLE, RANGE(-1, 100),
          .doc = "0 to 100; -1 when unknown."),
    FIELD(task_progress, phase, "phase", STRING, .doc = "What the role does now, one word."),
    FIELD(task_progress, message, "message", STRING, .doc = "One sentence for people."),
    FIELD(task_progress, at, "at", TIME, .doc = "When this was reported."),
};
RECORD(task_progress, "TaskProgress", 1, "How far a running task is.");

static const cogo_field task_fields[] = {
    FIELD(task, task_id, "taskId", STRING, REQUIRED, .doc = "Id of the task."),
    FIELD(task, instruction_id, "instructionId", STRING,
          .doc = "Id of the instruction that asked for it."),
    FIELD(task, workflow_id, "workflowId", STRING,
          .doc = "Id of the workflow that it belongs to; absent when none."),
    FIELD(task, tenant, "tenant", STRING, LENGTH(1, TENANT_LENGTH_MAX),
          .doc = "Tenant that it belongs to; absent for the default one."),
    FIELD(task, ref, "ref", STRING, .doc = "The caller's name for it within its request."),
    FIELD(task, role, "role", STRING, REQUIRED, LENGTH(1, ROLE_LENGTH_MAX),
          .doc = "Name of the role that does the work."),
    FIELD(task, state, "state", ENUM, REQUIRED, .names = task_state_names,
          .doc = "Where the task is in its life."),
    FIELD(task, priority, "priority", ENUM, .names = priority_names,
          .doc = "Which task goes first when several wait."),
    FIELD(task, attempt, "attempt", INT, NOT_NEGATIVE,
          .doc = "Attempts started so far; 0 before the first."),
    FIELD(task, max_attempts, "maxAttempts", INT, NOT_NEGATIVE,
          .doc = "Attempts before the task is given up."),
    FIELD(task, timeout, "timeout", INT, NOT_NEGATIVE,
          .doc = "Milliseconds that one attempt may take."),
    FIELD(task, context, "context", VALUE, .doc = "Input of the role."),
    FIELD(task, dependencies, "dependencies", STRINGS, LENGTH(0, DEPENDENCIES_MAX),
          .doc = "Ids of the tasks that it waits for."),
    FIELD(task, expected_output, "expectedOutput", STRING, .doc = "What the caller expects."),
    FIELD(task, labels, "labels", STRINGS, LENGTH(0, LABELS_MAX),
          .doc = "Labels key=value that the worker must have."),
    FIELD(task, worker_id, "workerId", STRING, .doc = "Worker of the latest attempt."),
    FIELD_RECORD(task, progress, "progress", task_progress,
                 .doc = "Latest progress of the running attempt."),
    FIELD(task, error, "error", STRING,
          .doc = "Why it failed, was cancelled or waits for a retry."),
    FIELD(task, created_at, "createdAt", TIME, .doc = "When it was accepted."),
    FIELD(task, queued_at, "queuedAt", TIME,
          .doc = "When it became ready; absent while it is blocked."),
    FIELD(task, started_at, "startedAt", TIME, .doc = "When the latest attempt began."),
    FIELD(task, finished_at, "finishedAt", TIME, .doc = "When it reached a terminal state."),
    FIELD(task, updated_at, "updatedAt", TIME, .doc = "When it last changed."),
    FIELD_RECORD(task, result, "result", agent_result, .doc = "What the worker answered."),
    FIELD(task, preferred_labels, "preferredLabels", STRINGS, LENGTH(0, LABELS_MAX),
          .doc = "Labels key=value of workers that are taken first when they are free."),
    FIELD(task, fairness_key, "fairnessKey", STRING, LENGTH(1, FAIRNESS_KEY_MAX),
          .doc = "Tasks of different keys take turns within a role and priority."),
    FIELD(task, limits, "limits", STRINGS, LENGTH(0, LIMITS_MAX),
          .doc = "Limits that it counts for: name, or name:key for one key by itself."),
    FIELD(task, slot_cost, "slotCost", INT, RANGE(0, SLOT_COST_MAX),
          .doc = "Slots of the worker that it takes; 0 means 1."),
    FIELD(task, schedule_timeout, "scheduleTimeout", INT, RANGE(0, TIMEOUT_MS_MAX),
          .doc = "Milliseconds that it may wait for a worker each time; 0 means for ever."),
    FIELD(task, deadline, "deadline", TIME,
          .doc = "When it has to be finished, whatever its state is then."),
    FIELD_RECORD(task, approval, "approval", approval,
                 .doc = "A person has to agree before it runs; absent when nobody is asked."),
    FIELD(task, parent_id, "parentId", STRING,
          .doc = "Id of the task that asked for this one; absent when none."),
    FIELD_RECORD(task, budget, "budget", budget,
                 .doc = "What it and all tasks below it may take."),
    FIELD_RECORD(task, spent, "spent", spending,
                 .doc = "What they took so far; absent when there is no budget."),
    FIELD(task, sticky_key, "stickyKey", STRING, LENGTH(1, STICKY_KEY_MAX),
          .doc = "It goes to the worker that had the last task of this key."),
    FIELD(task, sticky_policy, "stickyPolicy", ENUM, .names = sticky_names,
          .doc = "Whether that worker is preferred or required; absent without a key."),
    FIELD(task, sticky_timeout, "stickyTimeout", INT, RANGE(0, TIMEOUT_MS_MAX),
          .doc = "Milliseconds to wait for that worker."),
    FIELD_RECORDS(task, artifacts, "artifacts", artifact,
                  .doc = "What is kept beside it: context and output when they are large, and "
                         "what its workers stored."),
    FIELD(task, traceparent, "traceparent", STRING, LENGTH(1, 64),
          .doc = "Trace that it belongs to; absent when nobody collects."),
};
RECORD(task, "Task", 1, "One piece of work and where it is in its life.");

static const cogo_field task_event_fields[] = {
    FIELD(task_event, task_id, "taskId", STRING, REQUIRED, .doc = "Id of the task."),
    FIELD(task_event, sequence, "sequence", INT, NOT_NEGATIVE,
          .doc = "Number of the event within its task, from 1, without gaps."),
    FIELD(task_event, type, "type", STRING, REQUIRED, LENGTH(1, 128),
          .doc = "What happened, for example cogo.task.queued."),
    FIELD(task_event, time, "time", TIME, .doc = "When it happened."),
    FIELD(task_event, data, "data", VALUE, .doc = "What is to be known about it."),
};
RECORD(task_event, "TaskEvent", 1, "One thing that happened to a task.");

static const cogo_field workflow_fields[] = {
    FIELD(workflow, workflow_id, "workflowId", STRING, REQUIRED, .doc = "Id of the workflow."),
    FIELD(workflow, name, "name", STRING, .doc = "Name that the caller gave."),
    FIELD(workflow, state, "state", STRING,
          .doc = "running, succeeded, partial, failed or cancelled: derived from its tasks."),
    FIELD(workflow, created_at, "createdAt", TIME, .doc = "When it was accepted."),
    FIELD(workflow, finished_at, "finishedAt", TIME,
          .doc = "When its last task reached a terminal state."),
    FIELD_RECORDS(workflow, tasks, "tasks", task, .doc = "Its tasks, in the order submitted."),
};
RECORD(workflow, "Workflow", 1, "Tasks that were submitted together and depend on each other.");
