/* Memory that is used again at once, last in first out, in a mailbox. */
#include "runtime/actor/mailbox.h"
#include "tests/unit/test.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

enum { SENDERS = 2, NODES = 8, EACH = 60000 };

typedef struct node {
    cogo__link link;
    cogo__link *below; // In the stack of free ones.
    uint32_t sender, number;
} node;

static struct {
    cogo__mailbox box;
    cogo__link *tail;
    cogo__aptr free[SENDERS]; // Stacks: the receiver puts, only its sender takes.
    cogo__au32 right;
    node nodes[SENDERS][NODES];
} r;

static void give(cogo__link *link)
{
    if (link == NULL) {
        return;
    }
    node *n = (node *)(void *)link;
    void *top = cogo__ptr_load_relaxed(&r.free[n->sender]);
    do {
        n->below = top;
    } while (!cogo__ptr_cas_acq_rel(&r.free[n->sender], &top, link));
}

/* The one that was given last: its memory is still in the receiver's hands, so to speak. */
static node *take_last(uint32_t sender)
{
    void *top = cogo__ptr_load_acquire(&r.free[sender]);
    while (top == NULL || !cogo__ptr_cas_acq_rel(&r.free[sender], &top, ((node *)top)->below)) {
        if (top == NULL) {
            (void)sched_yield();
            top = cogo__ptr_load_acquire(&r.free[sender]);
        }
    }
    return top;
}

static void *push_recycled(void *arg)
{
    uint32_t me = *(uint32_t *)arg;
    for (uint32_t i = 0; i < EACH; i++) {
        node *n = take_last(me);
        n->number = i;
        if (cogo__mailbox_push(&r.box, &n->link)) {
            cogo__u32_store_release(&r.right, 1);
        }
    }
    return NULL;
}

/* A queue that is right only as long as memory rests a while after its use is wrong: a false
 * "empty" on a recycled node slept in another runtime for years. */
Test(held, memory_that_is_used_again_at_once_loses_nothing)
{
    pthread_t threads[SENDERS];
    uint32_t numbers[SENDERS], next[SENDERS] = {0}, wrong = 0;
    memset(&r, 0, sizeof r);
    cogo__mailbox_init(&r.box, &r.tail);
    for (uint32_t i = 0; i < SENDERS; i++) {
        for (uint32_t j = 0; j < NODES; j++) {
            r.nodes[i][j].sender = i;
            give(&r.nodes[i][j].link);
        }
        numbers[i] = i;
        cr_assert_eq(pthread_create(&threads[i], NULL, push_recycled, &numbers[i]), 0);
    }
    bool holds = false;
    for (uint32_t got = 0; got < SENDERS * EACH;) {
        holds = holds || cogo__u32_swap_acq_rel(&r.right, 0) == 1;
        if (!holds) {
            (void)sched_yield();
            continue;
        }
        cogo__link *done = NULL, *link = cogo__mailbox_peek(r.tail);
        if (link != NULL) {
            give(cogo__mailbox_take(&r.box, &r.tail, link));
            const node *n = (node *)(void *)link;
            wrong += n->number != next[n->sender]++;
            got++;
            if (got % 5 == 0) { // As a handler that keeps its message, and then frees it.
                cogo__mailbox_detach(&r.box, &r.tail);
                give(link);
            }
        } else if (cogo__mailbox_empty(&r.box, r.tail)
                   && cogo__mailbox_idle(&r.box, &r.tail, &done)) {
            give(done);
            holds = false;
        }
    }
    for (uint32_t i = 0; i < SENDERS; i++) {
        cr_expect_eq(pthread_join(threads[i], NULL), 0);
        cr_expect_eq(next[i], (uint32_t)EACH);
    }
    cr_expect_eq(wrong, 0u);
}
