/* What only some actors have: links, watchers, unanswered requests, a supervisor, a thread.
 * Used by the holder of the cell; made when first needed.
 * Never read by other threads. */
#ifndef COGO_ACTOR_EXTRA_H
#define COGO_ACTOR_EXTRA_H

#include "runtime/actor/core.h"

typedef struct cogo__watcher {
    uint64_t number;   /**< The monitor. */
    cogo_actor_id who; /**< An actor, or the alias of a foreign thread. */
} cogo__watcher;

/* Both sides of a link know its number: the larger one when both made one at a time. */
typedef struct cogo__tie {
    uint64_t number;
    cogo_actor_id peer;
    bool exited; /**< Its exit signal waits in the mailbox as a message. */
} cogo__tie;

typedef struct cogo__extra {
    cogo__watcher *watchers;
    cogo__tie *ties;
    uint64_t *pending; /**< Asks that this actor has received and not answered. */
    uint32_t watcher_count, watcher_capacity;
    uint32_t tie_count, tie_capacity;
    uint32_t pending_count, pending_capacity;
    cogo_actor_id supervisor;
    uint64_t child; /**< Number of this child at its supervisor. */
    void *thread;   /**< Detached actors. */
} cogo__extra;

/** Makes it if needed; NULL when out of memory. */
cogo__extra *cogo__extra_of(cogo__cell *cell);
void cogo__extra_destroy(cogo__cell *cell);

cogo_err cogo__watcher_add(cogo__cell *cell, uint64_t number, cogo_actor_id who);
void cogo__watcher_remove(cogo__cell *cell, uint64_t number);
cogo__tie *cogo__tie_find(cogo__cell *cell, cogo_actor_id peer);
cogo_err cogo__tie_add(cogo__cell *cell, uint64_t number, cogo_actor_id peer);
void cogo__tie_remove(cogo__cell *cell, cogo__tie *tie);

/** The running actor got the request @p alias and its receive() ended without an answer. */
void cogo__unanswered(cogo_context *ctx, uint64_t alias);
/** The running actor answers @p alias now. */
void cogo__answered(cogo_context *ctx, uint64_t alias);

#endif
