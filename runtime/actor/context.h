/* The context: who is running on this thread right now.
 * Used by every call inside a behaviour; one per lane and one per detached thread.
 * Never shared between threads. */
#ifndef COGO_ACTOR_CONTEXT_H
#define COGO_ACTOR_CONTEXT_H

#include "runtime/actor/cell.h"
#include "runtime/actor/counters.h"
#include "runtime/actor/ref.h"

enum { COGO__SAMPLE_MESSAGES = 64 }; /**< One message of so many carries a time stamp. */

enum {
    COGO__OWED_MOST = 8192
}; /**< Bytes of messages; then the peer gets them back at once. */

/* Bytes of a peer's messages that were handled here and that it may send anew: told together,
 * because the peer has a lock. */
typedef struct cogo__owed {
    uint32_t bytes, node, link;
} cogo__owed;

struct cogo_context {
    cogo_system *system;
    cogo__heap *heap;         /**< NULL: this thread has none (detached). */
    cogo__counters *counters; /**< NULL: this thread counts in the shared ones (detached). */
    cogo__table_cache *cell_cache, *ref_cache; /**< As above. */
    bool is_lane;
    uint32_t place;   /**< Of its meter and its events: the lane, or the number of lanes. */
    cogo__cell *cell; /**< The actor; NULL between turns. */
    cogo_actor_id self;
    cogo_msg *current; /**< In its receive(); NULL once taken. */
    cogo__au32
        doing; /**< Type of that message; 0: start, stop or drained. The watcher reads. */
    uint64_t trace;
    uint64_t
        request; /**< Alias that waits for an answer of this receive(); 0: none or answered. */
    uint32_t sample_tick;
    uint64_t begun_ns;    /**< When receive() began, if its message is measured; else 0. */
    uint32_t flood_sends; /**< Of one callback, roughly; up to which send, and which one: */
    uint32_t flood_tick;
    const cogo__cell *flood_cell;
    uint64_t flood_handled;
    uint32_t charged;     /**< By cogo_budget_consume() in this turn, as if so many messages. */
    uint64_t deadline_ns; /**< When this turn is over; 0: not known yet. */
    cogo__owed owed;      /**< What a peer gets back when this turn is over. */
    bool ending;          /**< Ends when the callback returns. */
    cogo_reason reason;
    void *thread; /**< Of a detached actor: what its `extra` says; NULL: a lane. */
};

/* The context of this thread; NULL on foreign threads. initial-exec: a load, not a call. */
extern _Thread_local cogo_context *cogo__here __attribute__((tls_model("initial-exec")));

static inline cogo_context *cogo__here_in(const cogo_system *system)
{
    cogo_context *here = cogo__here;
    return here != NULL && here->system == system ? here : NULL;
}

#endif
