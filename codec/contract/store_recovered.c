/* The answer to store.recover: unfinished tasks, and where the journal of each stands. */
#include "codec/contract/messages.h"

static const cogo_field mark_fields[] = {
    {.name = "taskId",
     .kind = COGO_FIELD_STRING,
     .offset_bytes = offsetof(store_mark, task_id),
     .doc = "The task."},
    {.name = "eventSequence",
     .kind = COGO_FIELD_INT,
     .offset_bytes = offsetof(store_mark, event_sequence),
     .max = INT64_MAX,
     .doc = "Sequence of its last event."},
    {.name = "lease",
     .kind = COGO_FIELD_INT,
     .offset_bytes = offsetof(store_mark, lease),
     .max = INT64_MAX,
     .doc = "Its latest lease; 0: none."},
};

const cogo_record store_mark_record = {
    .name = "StoreMark",
    .version = 1,
    .size_bytes = sizeof(store_mark),
    .fields = mark_fields,
    .field_count = sizeof mark_fields / sizeof *mark_fields,
    .doc = "Where the journal of one task stands.",
};

static const cogo_field recovered_fields[] = {
    {.name = "tasks",
     .kind = COGO_FIELD_RECORDS,
     .offset_bytes = offsetof(store_recovered, tasks),
     .record = &task_record,
     .doc = "Unfinished tasks, oldest first."},
    {.name = "nextPageToken",
     .kind = COGO_FIELD_STRING,
     .offset_bytes = offsetof(store_recovered, next_page_token),
     .doc = "Absent on the last page."},
    {.name = "marks",
     .kind = COGO_FIELD_RECORDS,
     .offset_bytes = offsetof(store_recovered, marks),
     .record = &store_mark_record,
     .doc = "One per task, in the same order."},
    {.name = "leaseMax",
     .kind = COGO_FIELD_INT,
     .offset_bytes = offsetof(store_recovered, lease_max),
     .max = INT64_MAX,
     .doc = "Greatest lease ever given."},
    {.name = "error",
     .kind = COGO_FIELD_STRING,
     .offset_bytes = offsetof(store_recovered, error),
     .doc = "Why nothing could be read."},
};

const cogo_record store_recovered_record = {
    .name = "StoreRecovered",
    .version = 1,
    .size_bytes = sizeof(store_recovered),
    .fields = recovered_fields,
    .field_count = sizeof recovered_fields / sizeof *recovered_fields,
    .doc = "One page of unfinished tasks with the state of the journal.",
};
