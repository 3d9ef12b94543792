/* The waiting line of one kind of task: four priorities with ageing, so that nothing waits for
 * ever behind more important work, and within each priority groups that take turns, so that
 * many tasks of one key don't keep those of another one waiting.
 * Used by dispatch. Pure: no clock. */
#ifndef ORCHESTRATOR_QUEUE_H
#define ORCHESTRATOR_QUEUE_H

#include "codec/contract/records.h"

#include <stddef.h>
#include <stdint.h>

/* Waiting so long is worth one priority: a low task overtakes a fresh urgent one after 3 of
 * them. */
#define QUEUE_AGEING_NS UINT64_C(30000000000)

typedef struct orc_group orc_group;
typedef struct orc_queue orc_queue;

/* Lives in what waits. Zero-initialise. */
typedef struct orc_waiting {
    struct orc_waiting *previous, *next; /* In its group, first in first out. */
    orc_group *group;
    uint64_t since_ns;
    int32_t level;
    bool queued;
} orc_waiting;

/* Tasks of one priority that share a key, or have none. Zero-initialise. */
struct orc_group {
    orc_group *previous, *next; /* In the ring of its priority, or at a gate. */
    orc_waiting *first, *last;
    orc_queue *queue;
    int32_t level;
    size_t count;
    bool in_ring;
    /* Of groups with a key (share.c). */
    char *key; /* NULL: the group of all tasks without one. */
    struct orc_line *line;
    struct orc_gate **gates;
    size_t gate_count;
    struct orc_gate *parked; /* Waits for it, outside of the ring. */
};

struct orc_queue {
    orc_group plain[PRIORITY_COUNT]; /* Of tasks without a key. */
    orc_group *turn[PRIORITY_COUNT]; /* Whose turn it is; NULL: nobody waits. */
    size_t count[PRIORITY_COUNT];    /* Tasks, parked ones too. */
};

/* Puts @p one last, or first (it had its turn and was given back without fault), in @p group;
 * NULL: the group of those without a key. */
void orc_queue_push(orc_queue *queue, orc_waiting *one, orc_group *group, int32_t level,
                    uint64_t since_ns);
void orc_queue_push_front(orc_queue *queue, orc_waiting *one, orc_group *group, int32_t level,
                          uint64_t since_ns);

/* When it was its group's turn, the next group has it now. */
void orc_queue_remove(orc_queue *queue, orc_waiting *one);

/* A group with tasks takes part in the turns, last of all, or does not. */
void orc_group_enter(orc_group *group);
void orc_group_leave(orc_group *group);

/* Who is next, or NULL. @p out_rank (may be NULL) compares the firsts of several queues. */
orc_waiting *orc_queue_peek(const orc_queue *queue, uint64_t now_ns, uint64_t *out_rank);

size_t orc_queue_count(const orc_queue *queue);

/* 1 is next. Walks the queue: for explanations, not for dispatch. */
size_t orc_queue_position(const orc_queue *queue, const orc_waiting *one, uint64_t now_ns);

#endif
