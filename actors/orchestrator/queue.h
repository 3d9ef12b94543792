/* The waiting line of one kind of task: four priorities, first in first out within each, with
 * ageing, so that nothing waits for ever behind more important work.
 * Used by dispatch. Pure: no clock. */
#ifndef ORCHESTRATOR_QUEUE_H
#define ORCHESTRATOR_QUEUE_H

#include "codec/contract/records.h"

#include <stddef.h>
#include <stdint.h>

/* Waiting so long is worth one priority: a low task overtakes a fresh urgent one after 3 of
 * them. */
#define QUEUE_AGEING_NS UINT64_C(30000000000)

/* Lives in what waits. Zero-initialise. */
typedef struct orc_waiting {
    struct orc_waiting *previous, *next;
    uint64_t since_ns;
    int32_t level;
    bool queued;
} orc_waiting;

typedef struct orc_queue {
    orc_waiting *first[PRIORITY_COUNT], *last[PRIORITY_COUNT];
    size_t count[PRIORITY_COUNT];
} orc_queue;

/* Puts @p one last in its priority. */
void orc_queue_push(orc_queue *queue, orc_waiting *one, int32_t level, uint64_t since_ns);

/* Puts @p one first in its priority: it had its turn and was given back without fault. */
void orc_queue_push_front(orc_queue *queue, orc_waiting *one, int32_t level, uint64_t since_ns);

void orc_queue_remove(orc_queue *queue, orc_waiting *one);

/* Who is next, or NULL. @p out_rank (may be NULL) compares the firsts of several queues. */
orc_waiting *orc_queue_peek(const orc_queue *queue, uint64_t now_ns, uint64_t *out_rank);

size_t orc_queue_count(const orc_queue *queue);

/* 1 is next. Walks the queue: for explanations, not for dispatch. */
size_t orc_queue_position(const orc_queue *queue, const orc_waiting *one, uint64_t now_ns);

#endif
