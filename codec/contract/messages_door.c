/* The tables of the messages between doors and the orchestrator. */
#include "codec/contract/field.h"
#include "codec/contract/messages.h"

static const cogo_field empty_fields[] = {
    FIELD(empty, unused, "unused", BOOL, .doc = "Says nothing; a record has a field."),
};
RECORD(empty, "Empty", 1, "A message whose type says all.");

static const cogo_field task_submit_fields[] = {
    FIELD_RECORDS(task_submit, instructions, "instructions", instruction, REQUIRED,
                  LENGTH(1, SUBMIT_INSTRUCTIONS_MAX), .doc = "What is asked for."),
    FIELD(task_submit, atomic, "atomic", BOOL,
          .doc = "True: one bad instruction refuses all of them."),
    FIELD(task_submit, workflow, "workflow", STRING, LENGTH(1, 256),
          .doc = "Name of the workflow that they become; absent for loose tasks."),
    FIELD(task_submit, idempotency_key, "idempotencyKey", STRING, LENGTH(1, KEY_LENGTH_MAX),
          .doc = "Key of the request; the same key gets the same answer."),
    FIELD(task_submit, request_hash, "requestHash", STRING, LENGTH(1, 128),
          .doc = "Hash of the body; the same key with another hash is refused."),
    FIELD(task_submit, traceparent, "traceparent", STRING, LENGTH(0, 128),
          .doc = "W3C trace context of the request."),
    FIELD(task_submit, tenant, "tenant", STRING, LENGTH(1, TENANT_LENGTH_MAX),
          .doc = "Tenant that the tasks belong to; absent for the default one."),
};
RECORD(task_submit, "TaskSubmit", 1, "One or many instructions.");

static const cogo_field submit_item_fields[] = {
    FIELD_RECORD(submit_item, task, "task", task, .doc = "The accepted task."),
    FIELD_RECORD(submit_item, problem, "problem", problem, .doc = "Why it was refused."),
};
RECORD(submit_item, "SubmitItem", 1, "Answer to one instruction: a task or a problem.");

static const cogo_field task_submitted_fields[] = {
    FIELD_RECORDS(task_submitted, items, "items", submit_item,
                  .doc = "One answer each, in the order of the instructions."),
    FIELD(task_submitted, workflow_id, "workflowId", STRING,
          .doc = "Id of the workflow; absent when none."),
    FIELD(task_submitted, replayed, "replayed", BOOL,
          .doc = "True: the idempotency key was known, this is the first answer again."),
};
RECORD(task_submitted, "TaskSubmitted", 1, "Answer to TaskSubmit.");

static const cogo_field task_get_fields[] = {
    FIELD(task_get, task_id, "taskId", STRING, REQUIRED, .doc = "Id of the task."),
    FIELD(task_get, wait, "wait", INT, RANGE(0, TIMEOUT_MS_MAX),
          .doc = "Milliseconds to wait for a terminal state; 0 answers at once."),
};
RECORD(task_get, "TaskGet", 1, "Asks for one task.");

static const cogo_field task_list_fields[] = {
    FIELD(task_list, states, "states", STRINGS, .doc = "Only these states; empty for all."),
    FIELD(task_list, roles, "roles", STRINGS, .doc = "Only these roles; empty for all."),
    FIELD(task_list, workflow, "workflow", STRING, .doc = "Only tasks of this workflow."),
    FIELD(task_list, page_size, "pageSize", INT, RANGE(0, PAGE_SIZE_MAX),
          .doc = "Most items of the answer; 0 means the default."),
    FIELD(task_list, page_token, "pageToken", STRING,
          .doc = "Where the page begins: nextPageToken of the page before."),
    FIELD(task_list, tenant, "tenant", STRING, .doc = "Only of this tenant; absent for all."),
};
RECORD(task_list, "TaskList", 1, "Asks for a page of tasks or workflows.");

static const cogo_field task_page_fields[] = {
    FIELD_RECORDS(task_page, tasks, "tasks", task, .doc = "The tasks."),
    FIELD(task_page, next_page_token, "nextPageToken", STRING,
          .doc = "Token of the next page; absent on the last."),
};
RECORD(task_page, "TaskPage", 1, "A page of tasks.");

static const cogo_field workflow_get_fields[] = {
    FIELD(workflow_get, workflow_id, "workflowId", STRING, REQUIRED,
          .doc = "Id of the workflow."),
    FIELD(workflow_get, wait, "wait", INT, RANGE(0, TIMEOUT_MS_MAX),
          .doc = "Milliseconds to wait until all its tasks are terminal."),
};
RECORD(workflow_get, "WorkflowGet", 1, "Asks for one workflow.");

static const cogo_field workflow_page_fields[] = {
    FIELD_RECORDS(workflow_page, workflows, "workflows", workflow,
                  .doc = "The workflows, without their tasks."),
    FIELD(workflow_page, next_page_token, "nextPageToken", STRING,
          .doc = "Token of the next page; absent on the last."),
};
RECORD(workflow_page, "WorkflowPage", 1, "A page of workflows.");

static const cogo_field task_command_fields[] = {
    FIELD(task_command, task_id, "taskId", STRING, REQUIRED, .doc = "Id of the task."),
    FIELD(task_command, reason, "reason", STRING, .doc = "Why, for people."),
};
RECORD(task_command, "TaskCommand", 1, "Cancels, retries or explains one task.");

static const cogo_field redrive_fields[] = {
    FIELD(redrive, task_ids, "taskIds", STRINGS, LENGTH(0, PAGE_SIZE_MAX),
          .doc = "Ids of the dead letters to try again."),
    FIELD(redrive, roles, "roles", STRINGS, LENGTH(0, LABELS_MAX),
          .doc = "When no id is named: the newest dead letters of these roles."),
    FIELD(redrive, all, "all", BOOL,
          .doc = "When neither id nor role is named: the newest dead letters of all roles."),
    FIELD(redrive, limit, "limit", INT, RANGE(0, PAGE_SIZE_MAX),
          .doc = "Most dead letters to take when no id is named; 0 means 100."),
    FIELD(redrive, tenant, "tenant", STRING, OUTPUT,
          .doc = "Only of this one; absent: of all."),
};
RECORD(redrive, "Redrive", 1, "Asks to try dead letters again.");

static const cogo_field redriven_fields[] = {
    FIELD_RECORDS(redriven, tasks, "tasks", submit_item,
                  .doc = "For each dead letter the task as it is now, or a problem."),
};
RECORD(redriven, "Redriven", 1, "Answer to Redrive.");

static const cogo_field task_decision_fields[] = {
    FIELD(task_decision, task_id, "taskId", STRING, REQUIRED, .doc = "Id of the task."),
    FIELD(task_decision, approve, "approve", BOOL, .doc = "True: it may run."),
    FIELD(task_decision, by, "by", STRING, LENGTH(0, 256), .doc = "Who decides."),
    FIELD(task_decision, note, "note", STRING, LENGTH(0, APPROVAL_TEXT_MAX),
          .doc = "What they say about it."),
};
RECORD(task_decision, "TaskDecision", 1, "Agrees to a task that waits for it, or does not.");

static const cogo_field limit_command_fields[] = {
    FIELD(limit_command, name, "name", STRING, .doc = "Name of the limit; absent for all."),
    FIELD(limit_command, tenant, "tenant", STRING,
          .doc = "Only of this tenant; absent: all, or with a name the one for all."),
};
RECORD(limit_command, "LimitCommand", 1, "Lists or deletes limits.");

static const cogo_field limit_page_fields[] = {
    FIELD_RECORDS(limit_page, limits, "limits", task_limit, .doc = "The limits."),
};
RECORD(limit_page, "LimitPage", 1, "The limits, by name.");

static const cogo_field schedule_command_fields[] = {
    FIELD(schedule_command, schedule_id, "scheduleId", STRING,
          .doc = "Id of the schedule; absent for all."),
    FIELD(schedule_command, tenant, "tenant", STRING,
          .doc = "Only of this tenant; absent: of all."),
};
RECORD(schedule_command, "ScheduleCommand", 1, "Lists, pauses, resumes or deletes schedules.");

static const cogo_field schedule_page_fields[] = {
    FIELD_RECORDS(schedule_page, schedules, "schedules", schedule, .doc = "The schedules."),
};
RECORD(schedule_page, "SchedulePage", 1, "The schedules, in the order of their ids.");

static const cogo_field task_events_fields[] = {
    FIELD(task_events, task_id, "taskId", STRING, REQUIRED, .doc = "Id of the task."),
    FIELD(task_events, after, "after", INT, NOT_NEGATIVE,
          .doc = "Only events with a greater sequence."),
    FIELD(task_events, limit, "limit", INT, NOT_NEGATIVE,
          .doc = "Most events of the answer; 0 means the default."),
};
RECORD(task_events, "TaskEvents", 1, "Asks for the events of one task.");

static const cogo_field event_page_fields[] = {
    FIELD_RECORDS(event_page, events, "events", task_event, .doc = "The events, oldest first."),
    FIELD(event_page, ended, "ended", BOOL,
          .doc = "True: the task is terminal and no event follows."),
};
RECORD(event_page, "EventPage", 1, "A page of events.");

static const cogo_field explanation_fields[] = {
    FIELD(explanation, task_id, "taskId", STRING, REQUIRED, .doc = "Id of the task."),
    FIELD(explanation, state, "state", STRING, .doc = "State of the task."),
    FIELD(explanation, summary, "summary", STRING, .doc = "One sentence."),
    FIELD(explanation, reasons, "reasons", STRINGS,
          .doc = "A sentence each: per worker, dependency or limit."),
    FIELD(explanation, queue_position, "queuePosition", INT, NOT_NEGATIVE,
          .doc = "1 is next among its role; 0 when it is not queued."),
};
RECORD(explanation, "Explanation", 1, "Why a task waits, or where it ran.");

static const cogo_field worker_command_fields[] = {
    FIELD(worker_command, worker_id, "workerId", STRING,
          .doc = "Id of the worker; absent for all."),
    FIELD(worker_command, reason, "reason", STRING, .doc = "Why, for people."),
};
RECORD(worker_command, "WorkerCommand", 1, "Lists, drains or removes workers.");

static const cogo_field worker_page_fields[] = {
    FIELD_RECORDS(worker_page, workers, "workers", worker_agent_status, .doc = "The workers."),
};
RECORD(worker_page, "WorkerPage", 1, "The registered workers.");

static const cogo_field metric_sample_fields[] = {
    FIELD(metric_sample, suffix, "suffix", STRING,
          .doc = "What follows the name: empty, _bucket, _sum or _count."),
    FIELD(metric_sample, labels, "labels", STRING,
          .doc = "Labels as in the text format, without braces; absent when none."),
    FIELD(metric_sample, value, "value", DOUBLE, .doc = "The value."),
};
RECORD(metric_sample, "MetricSample", 1, "One sample of a metric.");

static const cogo_field metric_family_fields[] = {
    FIELD(metric_family, name, "name", STRING, REQUIRED, LENGTH(1, 128),
          .doc = "Name of the metric."),
    FIELD(metric_family, help, "help", STRING, .doc = "One sentence: what is counted."),
    FIELD(metric_family, type, "type", STRING, REQUIRED, .doc = "counter, gauge or histogram."),
    FIELD_RECORDS(metric_family, samples, "samples", metric_sample, .doc = "Its samples."),
};
RECORD(metric_family, "MetricFamily", 1, "All samples of one metric.");

static const cogo_field metrics_fields[] = {
    FIELD_RECORDS(metrics, families, "families", metric_family, .doc = "The metrics."),
};
RECORD(metrics, "Metrics", 1, "What is counted and measured.");

static const cogo_field health_fields[] = {
    FIELD(health, ready, "ready", BOOL, .doc = "True: tasks can be accepted."),
    FIELD(health, checks, "checks", STRINGS, .doc = "One line per check: name and outcome."),
};
RECORD(health, "Health", 1, "Whether the orchestrator can work.");

static const cogo_field events_follow_fields[] = {
    FIELD(events_follow, task_id, "taskId", STRING, .doc = "Id of the task; absent for all."),
};
RECORD(events_follow, "EventsFollow", 1, "Begins or ends the following of events.");
