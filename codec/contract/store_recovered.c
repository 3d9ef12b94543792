/* The answer to store.recover: unfinished tasks, and where the journal of each stands. */
#include "codec/contract/field.h"
#include "codec/contract/messages.h"

static const cogo_field store_mark_fields[] = {
    FIELD(store_mark, task_id, "taskId", STRING, .doc = "Id of the task."),
    FIELD(store_mark, event_sequence, "eventSequence", INT, NOT_NEGATIVE,
          .doc = "Sequence of its latest event."),
    FIELD(store_mark, lease, "lease", INT, NOT_NEGATIVE, .doc = "Its latest lease; 0: none."),
};
RECORD(store_mark, "StoreMark", 1, "Where the journal of one task stands.");

static const cogo_field store_recovered_fields[] = {
    FIELD_RECORDS(store_recovered, tasks, "tasks", task,
                  .doc = "Unfinished tasks, oldest first."),
    FIELD(store_recovered, next_page_token, "nextPageToken", STRING,
          .doc = "Token of the next page; absent on the last."),
    FIELD_RECORDS(store_recovered, marks, "marks", store_mark,
                  .doc = "One per task, in the same order."),
    FIELD(store_recovered, lease_max, "leaseMax", INT, NOT_NEGATIVE,
          .doc = "Greatest lease ever given; the next one is greater."),
    FIELD(store_recovered, error, "error", STRING, .doc = "Why nothing could be read."),
    FIELD(store_recovered, dead_count, "deadCount", INT, NOT_NEGATIVE,
          .doc = "Dead letters; with the first page."),
    FIELD_RECORDS(store_recovered, definitions, "definitions", store_definition,
                  .doc = "All that was defined; with the first page."),
};
RECORD(store_recovered, "StoreRecovered", 1,
       "A page of unfinished tasks, and where the journal of each stands.");
