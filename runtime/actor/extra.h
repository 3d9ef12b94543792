/* What only some actors have: links, watchers, unanswered requests, a supervisor, a thread.
 * Used by the holder of the cell; made when first needed.
 * Never read by other threads. */
#ifndef COGO_ACTOR_EXTRA_H
#define COGO_ACTOR_EXTRA_H

#include "runtime/actor/context.h"
#include "runtime/actor/core.h"

typedef enum cogo__tie_state {
    COGO__TIE_ACTIVE,
    COGO__TIE_LEAVING, /**< We sent UNLINK; until its ACK what comes over the link is void. */
    COGO__TIE_EXITED,  /**< Its exit signal waits in the mailbox as a message. */
} cogo__tie_state;

/* One side of a link. The other side has its own; link.c keeps the two in step. */
typedef struct cogo__tie {
    /** ACTIVE: of the LINK; LEAVING: of the UNLINK; EXITED: of the message. */
    uint64_t number;
    cogo_actor_id peer;
    cogo__tie_state state;
} cogo__tie;

/* Messages, oldest first. */
typedef struct cogo__queue {
    cogo_msg *first, *last;
    uint32_t count;
} cogo__queue;

typedef struct cogo__extra {
    /** Their MONITOR signals, newest first: each block becomes the DOWN. */
    cogo_msg *watchers;
    cogo__tie *ties;
    uint64_t *pending; /**< Asks that this actor has received and not answered. */
    uint32_t tie_count, tie_capacity;
    uint32_t pending_count, pending_capacity;
    cogo_actor_id supervisor;
    uint64_t child;  /**< Number of this child at its supervisor. */
    cogo_msg *token; /**< Children: the block that will tell the supervisor of the end. */
    void *thread;    /**< Detached actors. */
    cogo__queue stash, replay;  /**< Put aside; taken from there and to be handled next. */
    const cogo_behavior *first; /**< What it was before cogo_become(); NULL: what it is. */
} cogo__extra;

/** Holder: a detached actor, and this is not its thread, but a lane or the thread of the actor
 * that the cell had before. */
static inline bool cogo__is_astray(const cogo_context *ctx, const cogo__cell *cell)
{
    return __builtin_expect((cell->flags & COGO__ACTOR_DETACHED) != 0, 0)
           && cell->extra->thread != ctx->thread;
}

/** Makes it if needed; NULL when out of memory. */
cogo__extra *cogo__extra_of(const cogo_system *system, cogo__cell *cell);
/** Frees @p extra and all it has. NULL is allowed. */
void cogo__extra_destroy(cogo__heap *mine, cogo__extra *extra);

/** Holder: tells readers from outside how many links it has, and that @p watchers came or
 * went. */
static inline void cogo__relations_publish(cogo__cell *cell, int32_t watchers)
{
    uint32_t ties = cell->extra != NULL ? cell->extra->tie_count : 0;
    int64_t count = (int64_t)(cogo__u32_load_relaxed(&cell->relations) >> 16) + watchers;
    count = count < 0 ? 0 : count < UINT16_MAX ? count : UINT16_MAX;
    cogo__u32_store_relaxed(&cell->relations,
                            (uint32_t)count << 16 | (ties < UINT16_MAX ? ties : UINT16_MAX));
}

/** Keeps @p monitor, a MONITOR signal, until it is taken out or the actor ends. */
void cogo__watcher_add(cogo__extra *extra, cogo_msg *monitor);
/** Takes the MONITOR signal out that has this number and came from an actor of @p node; any of
 * that node for number 0. NULL if there is none. */
cogo_msg *cogo__watcher_take(cogo__cell *cell, uint64_t number, uint32_t node);
/** The link to @p peer as it is now, ACTIVE or LEAVING; or NULL. */
cogo__tie *cogo__tie_find(cogo__cell *cell, cogo_actor_id peer);
/** The EXITED one whose message has this number, or NULL. */
cogo__tie *cogo__tie_find_exited(cogo__cell *cell, uint64_t number);
/** Adds an ACTIVE one. */
cogo_err cogo__tie_add(cogo__extra *extra, uint64_t number, cogo_actor_id peer);
/** For a new one. */
static inline uint64_t cogo__tie_number(cogo_system *system)
{
    return cogo__u64_add_relaxed(&system->ties, 1) + 1;
}
void cogo__tie_remove(cogo__cell *cell, cogo__tie *tie);

/** The running actor got the request @p alias and its receive() ended without an answer. */
void cogo__unanswered(cogo_context *ctx, uint64_t alias);
/** The running actor answers @p alias now. */
void cogo__answered(cogo_context *ctx, uint64_t alias);

#endif
