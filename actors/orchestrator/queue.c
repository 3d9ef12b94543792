#include "actors/orchestrator/queue.h"

static uint64_t rank_of(const orc_waiting *one, uint64_t now_ns)
{
    uint64_t waited = now_ns > one->since_ns ? now_ns - one->since_ns : 0;
    return (uint64_t)one->level * (uint64_t)QUEUE_AGEING_NS + waited;
}

void orc_group_enter(orc_group *group)
{
    orc_group **turn = &group->queue->turn[group->level];
    if (group->in_ring) {
        return;
    }
    group->in_ring = true;
    if (*turn == NULL) {
        group->next = group;
        group->previous = group;
        *turn = group;
        return;
    }
    group->next = *turn;
    group->previous = (*turn)->previous;
    group->previous->next = group;
    group->next->previous = group;
}

void orc_group_leave(orc_group *group)
{
    orc_group **turn = &group->queue->turn[group->level];
    if (!group->in_ring) {
        return;
    }
    group->in_ring = false;
    if (*turn == group) {
        *turn = group->next == group ? NULL : group->next;
    }
    group->next->previous = group->previous;
    group->previous->next = group->next;
    group->next = NULL;
    group->previous = NULL;
}

static orc_group *join(orc_queue *queue, orc_group *group, int32_t level)
{
    orc_group *found = group == NULL ? &queue->plain[level] : group;
    found->queue = queue;
    found->level = level;
    found->count++;
    queue->count[level]++;
    if (found->parked == NULL) {
        orc_group_enter(found);
    }
    return found;
}

void orc_queue_push(orc_queue *queue, orc_waiting *one, orc_group *group, int32_t level,
                    uint64_t since_ns)
{
    orc_group *in = join(queue, group, level);
    *one = (orc_waiting){.previous = in->last,
                         .group = in,
                         .since_ns = since_ns,
                         .level = level,
                         .queued = true};
    if (one->previous != NULL) {
        one->previous->next = one;
    } else {
        in->first = one;
    }
    in->last = one;
}

void orc_queue_push_front(orc_queue *queue, orc_waiting *one, orc_group *group, int32_t level,
                          uint64_t since_ns)
{
    orc_group *in = join(queue, group, level);
    *one = (orc_waiting){
        .next = in->first, .group = in, .since_ns = since_ns, .level = level, .queued = true};
    if (one->next != NULL) {
        one->next->previous = one;
    } else {
        in->last = one;
    }
    in->first = one;
}

void orc_queue_remove(orc_queue *queue, orc_waiting *one)
{
    if (!one->queued) {
        return;
    }
    orc_group *in = one->group;
    if (one->previous != NULL) {
        one->previous->next = one->next;
    } else {
        in->first = one->next;
        if (queue->turn[one->level] == in) {
            queue->turn[one->level] = in->next;
        }
    }
    if (one->next != NULL) {
        one->next->previous = one->previous;
    } else {
        in->last = one->previous;
    }
    queue->count[one->level]--;
    if (--in->count == 0) {
        orc_group_leave(in);
    }
    one->previous = NULL;
    one->next = NULL;
    one->group = NULL;
    one->queued = false;
}

orc_waiting *orc_queue_peek(const orc_queue *queue, uint64_t now_ns, uint64_t *out_rank)
{
    orc_waiting *best = NULL;
    uint64_t best_rank = 0;
    for (int32_t level = PRIORITY_COUNT - 1; level >= 0; level--) {
        orc_waiting *one = queue->turn[level] == NULL ? NULL : queue->turn[level]->first;
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

/* Tasks of the other groups that have their turn before the @p place-th of @p mine, from 0. */
static size_t turns_before(const orc_queue *queue, const orc_group *mine, size_t place)
{
    size_t before = 0;
    bool passed = false; // Groups behind it in the ring have one turn less.
    const orc_group *at = queue->turn[mine->level];
    if (!mine->in_ring || at == NULL) {
        return 0;
    }
    do {
        size_t turns = passed ? place : place + 1;
        passed = passed || at == mine;
        before += at == mine ? 0 : at->count < turns ? at->count : turns;
        at = at->next;
    } while (at != queue->turn[mine->level]);
    return before;
}

size_t orc_queue_position(const orc_queue *queue, const orc_waiting *one, uint64_t now_ns)
{
    size_t place = 0;
    uint64_t rank = rank_of(one, now_ns);
    for (const orc_waiting *at = one->previous; at != NULL; at = at->previous) {
        place++;
    }
    size_t position = 1 + place + turns_before(queue, one->group, place);
    for (int32_t level = 0; level < PRIORITY_COUNT; level++) {
        const orc_group *first = queue->turn[level];
        if (level == one->level || first == NULL) {
            continue;
        }
        const orc_group *group = first;
        do {
            for (const orc_waiting *at = group->first; at != NULL; at = at->next) {
                uint64_t other = rank_of(at, now_ns);
                position += other > rank || (other == rank && level > one->level) ? 1 : 0;
            }
            group = group->next;
        } while (group != first);
    }
    return position;
}
