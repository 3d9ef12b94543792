/* The mailbox alone. */
#include "runtime/actor/mailbox.h"
#include "tests/unit/test.h"

#include <pthread.h>

Test(mailbox, only_the_push_that_ends_the_idle_state_asks_for_a_lane)
{
    cogo__mailbox box;
    cogo__link *tail = NULL, first, second, *done = NULL;
    cogo__mailbox_init(&box, &tail);
    cr_expect(cogo__mailbox_push(&box, &first));
    cr_expect_not(cogo__mailbox_push(&box, &second));
    cr_expect_not(cogo__mailbox_hold(&box), "held already");
    cr_expect_eq(cogo__mailbox_peek(tail), &first);
    cr_expect_null(cogo__mailbox_take(&box, &tail, &first));
    cr_expect_not(cogo__mailbox_idle(&box, &tail, &done), "one message waits");
    cr_expect_eq(cogo__mailbox_peek(tail), &second);
    cr_expect_eq(cogo__mailbox_take(&box, &tail, &second), &first);
    cr_expect(cogo__mailbox_idle(&box, &tail, &done));
    cr_expect_eq(done, &second);
    cr_expect(cogo__mailbox_hold(&box));
    cr_expect_not(cogo__mailbox_push(&box, &first));
    cr_expect_eq(cogo__mailbox_peek(tail), &first);
}

Test(mailbox, a_chain_is_pushed_at_once_and_taken_in_order)
{
    cogo__mailbox box;
    cogo__link *tail = NULL, chain[3], after, *done = NULL;
    cogo__mailbox_init(&box, &tail);
    cogo__ptr_store_relaxed(&chain[0].next, &chain[1]);
    cogo__ptr_store_relaxed(&chain[1].next, &chain[2]);
    cr_expect(cogo__mailbox_push_all(&box, &chain[0], &chain[2]));
    cr_expect_not(cogo__mailbox_push(&box, &after));
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(cogo__mailbox_peek(tail), &chain[i]);
        cr_expect_eq(cogo__mailbox_take(&box, &tail, &chain[i]), i > 0 ? &chain[i - 1] : NULL);
    }
    cr_expect_eq(cogo__mailbox_peek(tail), &after);
    cr_expect_eq(cogo__mailbox_take(&box, &tail, &after), &chain[2]);
    cr_expect(cogo__mailbox_idle(&box, &tail, &done));
}

enum { SENDERS = 3, NODES = 64, EACH = 20000 };

typedef struct item {
    cogo__link link;
    uint32_t sender, number;
    cogo__au32 free;
} item;

typedef struct box_race {
    cogo__mailbox box;
    cogo__link *tail;
    cogo__au32 right; // 1: somebody has the right to run.
    item items[SENDERS][NODES];
} box_race;

typedef struct box_sender {
    box_race *race;
    uint32_t index;
} box_sender;

/* Nodes are used again as soon as the receiver gives them back. */
static void *push_many(void *arg)
{
    box_sender *s = arg;
    for (uint32_t i = 0; i < EACH; i++) {
        item *it = &s->race->items[s->index][i % NODES];
        while (cogo__u32_load_acquire(&it->free) == 0) {
            cogo__cpu_relax();
        }
        cogo__u32_store_relaxed(&it->free, 0);
        it->sender = s->index;
        it->number = i;
        if (cogo__mailbox_push(&s->race->box, &it->link)) {
            cogo__u32_store_release(&s->race->right, 1);
        }
    }
    return NULL;
}

static void give_back(cogo__link *link)
{
    if (link != NULL) {
        cogo__u32_store_release(&((item *)(void *)link)->free, 1);
    }
}

Test(mailbox, senders_with_recycled_nodes_lose_nothing_and_keep_their_order)
{
    static box_race race;
    pthread_t threads[SENDERS];
    box_sender senders[SENDERS];
    cogo__mailbox_init(&race.box, &race.tail);
    for (uint32_t i = 0; i < SENDERS; i++) {
        for (uint32_t j = 0; j < NODES; j++) {
            cogo__u32_store_relaxed(&race.items[i][j].free, 1);
        }
        senders[i] = (box_sender){&race, i};
        cr_assert_eq(pthread_create(&threads[i], NULL, push_many, &senders[i]), 0);
    }
    uint32_t next[SENDERS] = {0};
    bool held = false, ordered = true;
    for (uint32_t got = 0; got < SENDERS * EACH;) {
        held = held || cogo__u32_swap_acq_rel(&race.right, 0) == 1;
        if (!held) {
            cogo__cpu_relax();
            continue;
        }
        cogo__link *done = NULL, *node = cogo__mailbox_peek(race.tail);
        if (node != NULL) {
            give_back(cogo__mailbox_take(&race.box, &race.tail, node));
            const item *it = (item *)(void *)node;
            ordered = ordered && it->number == next[it->sender];
            next[it->sender]++;
            got++;
            if (got % 7 == 0) { // As a handler that keeps its message.
                cogo__mailbox_detach(&race.box, &race.tail);
                give_back(node);
            }
        } else if (cogo__mailbox_empty(&race.box, race.tail)
                   && cogo__mailbox_idle(&race.box, &race.tail, &done)) {
            give_back(done);
            held = false;
        }
    }
    for (uint32_t i = 0; i < SENDERS; i++) {
        cr_expect_eq(pthread_join(threads[i], NULL), 0);
        cr_expect_eq(next[i], (uint32_t)EACH);
    }
    cr_expect(ordered);
}
