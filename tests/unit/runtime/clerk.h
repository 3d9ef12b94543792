/* An actor that is begun with a record, and tells what it was begun with. */
#ifndef TESTS_UNIT_RUNTIME_CLERK_H
#define TESTS_UNIT_RUNTIME_CLERK_H

#include "tests/unit/runtime/scene.h"

typedef struct job {
    const char *title;
    int64_t count;
} job;

static const cogo_field job_fields[] = {
    {.name = "title", .kind = COGO_FIELD_STRING, .offset_bytes = offsetof(job, title)},
    {.name = "count", .kind = COGO_FIELD_INT, .offset_bytes = offsetof(job, count)},
};
static const cogo_record job_record = {.name = "Job",
                                       .version = 1,
                                       .size_bytes = sizeof(job),
                                       .fields = job_fields,
                                       .field_count = 2};

static inline cogo_err clerk_start(cogo_context *ctx, void *state, const void *args)
{
    const job *j = args;
    (void)ctx;
    *(uint64_t *)state = strlen(j->title) * 1000 + (uint64_t)j->count;
    return COGO_OK;
}

static inline cogo_err clerk_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    return cogo_msg_type_of(msg) == SCENE_ASK ? scene_reply_u64(ctx, msg, *(uint64_t *)state)
                                              : COGO_OK;
}

static const cogo_behavior clerk = {
    .struct_size = sizeof(cogo_behavior),
    .name = "clerk",
    .state_size_bytes = sizeof(uint64_t),
    .start = clerk_start,
    .receive = clerk_receive,
};

#endif
