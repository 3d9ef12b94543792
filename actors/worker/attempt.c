#include "actors/worker/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

attempt *attempts_add(attempts *list, const instruction_offer *offer)
{
    attempt *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return NULL;
    }
    const char *instruction_id = offer->instruction->instruction_id;
    a->lease = offer->lease;
    a->cancel_fd = -1;
    (void)snprintf(a->task_id, sizeof a->task_id, "%s", offer->instruction->task_id);
    (void)snprintf(a->instruction_id, sizeof a->instruction_id, "%s",
                   instruction_id == NULL ? "" : instruction_id);
    a->previous = list->last;
    if (list->last != NULL) {
        list->last->next = a;
    } else {
        list->first = a;
    }
    list->last = a;
    list->count++;
    return a;
}

attempt *attempts_by_lease(const attempts *list, int64_t lease)
{
    attempt *a = list->first;
    while (a != NULL && a->lease != lease) {
        a = a->next;
    }
    return a;
}

attempt *attempts_by_monitor(const attempts *list, uint64_t monitor)
{
    attempt *a = list->first;
    while (a != NULL && a->monitor != monitor) {
        a = a->next;
    }
    return a;
}

void attempts_remove(attempts *list, attempt *a)
{
    if (a->previous != NULL) {
        a->previous->next = a->next;
    } else {
        list->first = a->next;
    }
    if (a->next != NULL) {
        a->next->previous = a->previous;
    } else {
        list->last = a->previous;
    }
    list->count--;
    attempt_fire(a);
    if (a->cancel_fd >= 0) {
        (void)close(a->cancel_fd);
    }
    free(a->result);
    free(a);
}

void attempt_fire(const attempt *a)
{
    if (a->cancel_fd < 0) {
        return;
    }
    uint64_t one = 1;
    // It can only fail when the counter is full, and then it is readable already.
    ssize_t written = write(a->cancel_fd, &one, sizeof one);
    (void)written;
}

static int64_t processing_ms(const attempt *a, uint64_t now_ns)
{
    return (int64_t)((now_ns - a->started_ns) / 1000000);
}

cogo_err attempt_keep(attempt *a, const char *worker_id, const char *result_id, uint64_t now_ns,
                      const job_outcome *outcome)
{
    result_metadata metadata = outcome->metadata;
    agent_result result = outcome->result;
    metadata.processing_time = processing_ms(a, now_ns);
    result.result_id = result_id;
    result.task_id = a->task_id;
    result.instruction_id = a->instruction_id;
    result.metadata = &metadata;
    instruction_result said = {.worker_id = worker_id,
                               .lease = a->lease,
                               .result = &result,
                               .retryable = outcome->retryable,
                               .returned = outcome->returned};
    void *block = malloc(cogo_record_flat_size(&instruction_result_record, &said));
    if (block == NULL) {
        return COGO_ENOMEM;
    }
    cogo_record_flatten(&instruction_result_record, &said, block);
    free(a->result);
    a->result = block;
    return COGO_OK;
}

void attempt_stamp(attempt *a, uint64_t now_ns)
{
    result_metadata *metadata; // The block is ours, its records only say that readers must not.
    memcpy(&metadata, &a->result->result->metadata, sizeof metadata);
    metadata->processing_time = processing_ms(a, now_ns);
}
