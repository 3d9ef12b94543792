/* The tables of the messages between the orchestrator and the store. */
#include "codec/contract/field.h"
#include "codec/contract/messages.h"

static const cogo_field store_change_fields[] = {
    FIELD_RECORD(store_change, task, "task", task, .doc = "The task as it is now."),
    FIELD_RECORDS(store_change, events, "events", task_event,
                  .doc = "Its events since the last write."),
    FIELD(store_change, lease, "lease", INT, NOT_NEGATIVE, .doc = "Lease of its attempt."),
    FIELD(store_change, idempotency_key, "idempotencyKey", STRING,
          .doc = "Key of the request; with the first change of a keyed submit."),
    FIELD(store_change, request_hash, "requestHash", STRING,
          .doc = "Hash of the body; with the idempotency key."),
    FIELD_RECORD(store_change, workflow, "workflow", workflow,
                 .doc = "The workflow; with its first change."),
    FIELD_RECORDS(store_change, artifacts, "artifacts", artifact_content,
                  .doc = "New artifacts of the task."),
};
RECORD(store_change, "StoreChange", 1, "One transition of one task.");

static const cogo_field store_definition_fields[] = {
    FIELD(store_definition, kind, "kind", STRING, REQUIRED, .doc = "Kind of the thing."),
    FIELD(store_definition, name, "name", STRING, REQUIRED,
          .doc = "Its name, unique in its kind."),
    FIELD(store_definition, updated_at, "updatedAt", INT, NOT_NEGATIVE,
          .doc = "When it last changed, in ms since 1970."),
    FIELD(store_definition, record, "record", VALUE, .doc = "The thing; absent to remove it."),
};
RECORD(store_definition, "StoreDefinition", 1, "What somebody defined.");

static const cogo_field store_write_fields[] = {
    FIELD(store_write, sequence, "sequence", INT, NOT_NEGATIVE,
          .doc = "Number of the write; grows by one with each."),
    FIELD(store_write, term, "term", INT, NOT_NEGATIVE,
          .doc = "Right to write; a write with another term is refused."),
    FIELD_RECORDS(store_write, changes, "changes", store_change,
                  .doc = "What is to be written, all or nothing."),
    FIELD(store_write, remove, "remove", STRINGS,
          .doc = "Ids of finished tasks to remove with all that belongs to them."),
    FIELD(store_write, trim, "trim", STRINGS,
          .doc = "Ids of finished tasks whose events are removed."),
    FIELD_RECORDS(store_write, definitions, "definitions", store_definition,
                  .doc = "What was defined or removed."),
    FIELD_RECORDS(store_write, audits, "audits", audit_entry, .doc = "Who did what."),
    FIELD(store_write, audits_before, "auditsBefore", INT, NOT_NEGATIVE,
          .doc = "Audit entries from before go; ms since 1970, 0 for none."),
};
RECORD(store_write, "StoreWrite", 1, "Changes to put on disk.");

static const cogo_field store_committed_fields[] = {
    FIELD(store_committed, sequence, "sequence", INT, NOT_NEGATIVE,
          .doc = "All writes up to this number are on disk."),
    FIELD(store_committed, writes, "writes", INT, NOT_NEGATIVE,
          .doc = "Writes of this transaction."),
    FIELD(store_committed, changes, "changes", INT, NOT_NEGATIVE,
          .doc = "Changes of this transaction."),
    FIELD(store_committed, commit_us, "commitUs", INT, NOT_NEGATIVE,
          .doc = "Microseconds that the transaction took."),
    FIELD(store_committed, error, "error", STRING,
          .doc = "Why nothing after `sequence` is written."),
    FIELD(store_committed, retrying, "retrying", BOOL,
          .doc = "The error passes: what was given is kept and tried again."),
    FIELD(store_committed, stale_writes, "staleWrites", INT, NOT_NEGATIVE,
          .doc = "Writes that were refused because of their term, ever."),
};
RECORD(store_committed, "StoreCommitted", 1, "Writes are on disk, or never will be.");

static const cogo_field store_recover_fields[] = {
    FIELD(store_recover, page_token, "pageToken", STRING,
          .doc = "Where the page begins; absent for the first."),
};
RECORD(store_recover, "StoreRecover", 1, "Asks for a page of the unfinished tasks.");

static const cogo_field store_elected_fields[] = {
    FIELD(store_elected, term, "term", INT, NOT_NEGATIVE,
          .doc = "The term in which the receiver may write."),
};
RECORD(store_elected, "StoreElected", 1, "The right to write the journal.");

static const cogo_field store_sweep_fields[] = {
    FIELD(store_sweep, after, "after", INT, NOT_NEGATIVE,
          .doc = "Row to begin behind; 0 for the first."),
    FIELD(store_sweep, finished_before, "finishedBefore", INT, NOT_NEGATIVE,
          .doc = "Tasks that ended earlier go; ms since 1970, 0 for none."),
    FIELD(store_sweep, dead_before, "deadBefore", INT, NOT_NEGATIVE,
          .doc = "The same of dead letters."),
    FIELD(store_sweep, keep, "keep", INT, NOT_NEGATIVE,
          .doc = "So many of the newest tasks are kept; 0 for all."),
    FIELD(store_sweep, events_before, "eventsBefore", INT, NOT_NEGATIVE,
          .doc = "Events of tasks that ended earlier go; ms since 1970, 0 for none."),
    FIELD(store_sweep, audits_before, "auditsBefore", INT, NOT_NEGATIVE,
          .doc = "Audit entries from earlier go; ms since 1970, 0 for none."),
};
RECORD(store_sweep, "StoreSweep", 1, "Asks for tasks that are kept no longer.");

static const cogo_field store_swept_fields[] = {
    FIELD(store_swept, remove, "remove", STRINGS, .doc = "Ids of tasks that may go."),
    FIELD(store_swept, dead, "dead", STRINGS, .doc = "Ids of dead letters that may go."),
    FIELD(store_swept, trim, "trim", STRINGS, .doc = "Ids of tasks whose events may go."),
    FIELD(store_swept, next, "next", INT, NOT_NEGATIVE,
          .doc = "Row to go on behind; 0 when nothing that is due can follow."),
    FIELD(store_swept, audits, "audits", BOOL, .doc = "Audit entries may go."),
};
RECORD(store_swept, "StoreSwept", 1, "Tasks that are kept no longer.");

static const cogo_field store_lookup_fields[] = {
    FIELD(store_lookup, ids, "ids", STRINGS, .doc = "Task or instruction ids to find."),
    FIELD(store_lookup, idempotency_key, "idempotencyKey", STRING,
          .doc = "Key of a request to find."),
    FIELD_RECORD(store_lookup, list, "list", task_list, .doc = "A page of tasks to find."),
    FIELD_RECORD(store_lookup, events, "events", task_events,
                 .doc = "Events of a task to find."),
    FIELD(store_lookup, workflow_id, "workflowId", STRING, .doc = "Id of a workflow to find."),
    FIELD_RECORD(store_lookup, workflow_list, "workflowList", task_list,
                 .doc = "A page of workflows to find."),
    FIELD_RECORD(store_lookup, sweep, "sweep", store_sweep,
                 .doc = "Tasks to find that are kept no longer."),
    FIELD(store_lookup, whole, "whole", BOOL,
          .doc = "Tasks found by id come with large contexts and outputs, too."),
};
RECORD(store_lookup, "StoreLookup", 1, "Asks the store for one kind of thing.");

static const cogo_field store_found_fields[] = {
    FIELD_RECORDS(store_found, tasks, "tasks", task, .doc = "The tasks found."),
    FIELD_RECORDS(store_found, events, "events", task_event, .doc = "The events found."),
    FIELD_RECORDS(store_found, workflows, "workflows", workflow, .doc = "The workflows found."),
    FIELD(store_found, request_hash, "requestHash", STRING,
          .doc = "Hash of the request with the idempotency key, when it is known."),
    FIELD(store_found, next_page_token, "nextPageToken", STRING,
          .doc = "Token of the next page; absent on the last."),
    FIELD(store_found, error, "error", STRING, .doc = "Why nothing could be looked up."),
    FIELD_RECORDS(store_found, marks, "marks", store_mark,
                  .doc = "Where the journal of each task stands, in the order of the tasks."),
    FIELD_RECORD(store_found, swept, "swept", store_swept,
                 .doc = "Tasks that are kept no longer."),
};
RECORD(store_found, "StoreFound", 1, "Answer to StoreLookup.");
