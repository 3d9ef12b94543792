/* The mailbox: an intrusive queue, many senders, one receiver; and the right to run the actor.
 * Used by send (push) and by the turn (peek, take, idle).
 * Never makes a sender wait: a push is one exchange and one store.
 *
 * `head` is the newest node; its lowest bit is the idle mark:
 *   marked      the queue is empty (head is the stub), no one holds the actor;
 *   not marked  exactly one holds it: running it, or having it in a run queue.
 * `tail` is the last node that the receiver took; it stays in the queue, already handled, until
 * the next one is taken or the actor goes idle: so a request-reply pair costs two atomic
 * exchanges. */
#ifndef COGO_ACTOR_MAILBOX_H
#define COGO_ACTOR_MAILBOX_H

#include "runtime/actor/message.h"

#define COGO__IDLE_MARK ((uintptr_t)1)

typedef struct cogo__mailbox {
    cogo__aptr head;
    cogo__link stub;
} cogo__mailbox;

/* relaxed: nobody finds the mailbox before the generation of its cell is stored (spawn.c). */
static inline void cogo__mailbox_init(cogo__mailbox *box, cogo__link **tail)
{
    cogo__ptr_store_relaxed(&box->stub.next, NULL);
    cogo__ptr_store_relaxed(&box->head, (char *)&box->stub + COGO__IDLE_MARK);
    *tail = &box->stub;
}

/* Any thread. @p first to @p last are linked already, which may be by relaxed stores: the
 * receiver comes to them over `before->next` alone. True: the idle state ended, the caller
 * holds the actor now and must schedule it. acquire: pairs with idle(): the new holder sees all
 * that the last one wrote to the actor. release on the exchange: the next sender writes our
 * `next` after we cleared it. release on the store: the receiver sees the messages whole. */
static inline bool cogo__mailbox_push_all(cogo__mailbox *box, cogo__link *first,
                                          cogo__link *last)
{
    cogo__ptr_store_relaxed(&last->next, NULL);
    uintptr_t seen = (uintptr_t)cogo__ptr_swap_acq_rel(&box->head, last);
    cogo__link *before = (cogo__link *)(seen & ~COGO__IDLE_MARK);
    cogo__ptr_store_release(&before->next, first);
    return (seen & COGO__IDLE_MARK) != 0;
}

/* As above for one. */
static inline bool cogo__mailbox_push(cogo__mailbox *box, cogo__link *node)
{
    return cogo__mailbox_push_all(box, node, node);
}

/* Holder. The oldest node not taken yet, or NULL if none is linked. Stays the same until
 * take(). */
static inline cogo__link *cogo__mailbox_peek(const cogo__link *tail)
{
    return cogo__ptr_load_acquire(&tail->next);
}

/* Holder. Takes @p node, which peek() gave: it becomes the tail. The tail before, if it was a
 * message: the caller frees it. */
static inline cogo__link *cogo__mailbox_take(const cogo__mailbox *box, cogo__link **tail,
                                             cogo__link *node)
{
    cogo__link *last = *tail;
    *tail = node;
    return last != &box->stub ? last : NULL;
}

/* Holder, after peek() gave NULL. False: a sender is between its exchange and its store. */
static inline bool cogo__mailbox_empty(const cogo__mailbox *box, const cogo__link *tail)
{
    return cogo__ptr_load_acquire(&box->head) == (const void *)tail;
}

/* Holder. Gives the actor up if nothing came after the tail: the mark and "empty" are one word,
 * so no message can come in between. seq_cst: see signals.h. False: go on. */
static inline bool cogo__mailbox_idle(cogo__mailbox *box, cogo__link **tail, cogo__link **done)
{
    cogo__link *last = *tail;
    void *seen = last;
    if (last != &box->stub) {
        cogo__ptr_store_relaxed(&box->stub.next, NULL); // Not in the queue: ours to write.
        *tail = &box->stub;
    }
    if (cogo__ptr_cas_seq_cst(&box->head, &seen, (char *)&box->stub + COGO__IDLE_MARK)) {
        *done = last != &box->stub ? last : NULL;
        return true;
    }
    *tail = last; // Still the holder, so nobody saw the tail.
    return false;
}

/* Any thread: ends the idle state without a message. True: the caller holds the actor now. */
static inline bool cogo__mailbox_hold(cogo__mailbox *box)
{
    void *seen = (char *)&box->stub + COGO__IDLE_MARK;
    return cogo__ptr_cas_seq_cst(&box->head, &seen, &box->stub);
}

/* Holder, in the handler of the tail. The message leaves the queue and belongs to the
 * handler. */
void cogo__mailbox_detach(cogo__mailbox *box, cogo__link **tail);

#endif
