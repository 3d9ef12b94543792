#include "actors/orchestrator/queue.h"

static uint64_t rank_of(const orc_waiting *one, uint64_t now_ns)
{
    uint64_t waited = now_ns > one->since_ns ? now_ns - one->since_ns : 0;
    return (uint64_t)one->level * (uint64_t)QUEUE_AGEING_NS + waited;
}

void orc_queue_push(orc_queue *queue, orc_waiting *one, int32_t level, uint64_t since_ns)
{
    *one = (orc_waiting){
        .previous = queue->last[level], .since_ns = since_ns, .level = level, .queued = true};
    if (one->previous != NULL) {
        one->previous->next = one;
    } else {
        queue->first[level] = one;
    }
    queue->last[level] = one;
    queue->count[level]++;
}

void orc_queue_push_front(orc_queue *queue, orc_waiting *one, int32_t level, uint64_t since_ns)
{
    *one = (orc_waiting){
        .next = queue->first[level], .since_ns = since_ns, .level = level, .queued = true};
    if (one->next != NULL) {
        one->next->previous = one;
    } else {
        queue->last[level] = one;
    }
    queue->first[level] = one;
    queue->count[level]++;
}

void orc_queue_remove(orc_queue *queue, orc_waiting *one)
{
    if (!one->queued) {
        return;
    }
    if (one->previous != NULL) {
        one->previous->next = one->next;
    } else {
        queue->first[one->level] = one->next;
    }
    if (one->next != NULL) {
        one->next->previous = one->previous;
    } else {
        queue->last[one->level] = one->previous;
    }
    queue->count[one->level]--;
    one->previous = NULL;
    one->next = NULL;
    one->queued = false;
}

orc_waiting *orc_queue_peek(const orc_queue *queue, uint64_t now_ns, uint64_t *out_rank)
{
    orc_waiting *best = NULL;
    uint64_t best_rank = 0;
    for (int32_t level = PRIORITY_COUNT - 1; level >= 0; level--) {
        orc_waiting *one = queue->first[level];
        if (one != NULL && (best == NULL || rank_of(one, now_ns) > best_rank)) {
            best = one;
            best_rank = rank_of(one, now_ns);
        }
    }
    if (out_rank != NULL) {
        *out_rank = best_rank;
    }
    return best;
}

size_t orc_queue_count(const orc_queue *queue)
{
    size_t count = 0;
    for (size_t i = 0; i < PRIORITY_COUNT; i++) {
        count += queue->count[i];
    }
    return count;
}

size_t orc_queue_position(const orc_queue *queue, const orc_waiting *one, uint64_t now_ns)
{
    size_t position = 1;
    uint64_t rank = rank_of(one, now_ns);
    for (const orc_waiting *at = one->previous; at != NULL; at = at->previous) {
        position++;
    }
    for (int32_t level = 0; level < PRIORITY_COUNT; level++) {
        if (level == one->level) {
            continue;
        }
        for (const orc_waiting *at = queue->first[level]; at != NULL; at = at->next) {
            uint64_t other = rank_of(at, now_ns);
            position += other > rank || (other == rank && level > one->level) ? 1 : 0;
        }
    }
    return position;
}
