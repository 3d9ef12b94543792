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
};
RECORD(store_change, "StoreChange", 1, "One transition of one task.");

static const cogo_field store_write_fields[] = {
    FIELD(store_write, sequence, "sequence", INT, NOT_NEGATIVE,
          .doc = "Number of the write; grows by one with each."),
    FIELD(store_write, term, "term", INT, NOT_NEGATIVE,
          .doc = "Right to write; a write with another term is refused."),
    FIELD_RECORDS(store_write, changes, "changes", store_change,
                  .doc = "What is to be written, all or nothing."),
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
};
RECORD(store_found, "StoreFound", 1, "Answer to StoreLookup.");
