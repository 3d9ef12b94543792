/* Inside a pool: its places and how one is chosen.
 * Used by pool.c (the actor) and route.c (the choice).
 * Never shared: it belongs to the pool's actor. */
#ifndef COGO_ACTOR_POOL_H
#define COGO_ACTOR_POOL_H

#include "runtime/actor/core.h"

#include <cogo/router.h>

/* Messages of the runtime to pools and workers. */
enum {
    COGO__MSG_POOL_RESIZE = 96, /**< Payload: uint32_t. */
    COGO__MSG_DRAIN,            /**< To a worker: all before it has been handled. */
    COGO__MSG_DRAINED,          /**< Back. Payload of both: cogo__drain. */
};

enum { COGO__POOL_OPEN_MAX = 64 }; /**< Asks of one worker that are watched. */

typedef struct cogo__drain {
    cogo_actor_id pool;
    uint64_t serial;
} cogo__drain;

typedef struct cogo__place {
    cogo_actor_id id; /**< Its worker; unset until it is known. */
    uint64_t serial;  /**< Its child is called by it. */
    uint64_t timer;   /**< While it is drained. */
    uint32_t open_count;
    uint64_t open[COGO__POOL_OPEN_MAX]; /**< LEAST_LOADED, HASH: asks, maybe answered by now. */
} cogo__place;

typedef struct cogo__pool {
    cogo_pool_spec spec;
    cogo_actor_id supervisor;
    cogo__place *places; /**< `size` that are routed to, then those that are drained. */
    uint32_t size, place_count, place_capacity;
    uint32_t turn;
    uint64_t random, last_serial;
    cogo_pool_stats stats;
} cogo__pool;

/** The place for @p msg, or NULL if none has a worker. */
cogo__place *cogo__pool_choose(cogo_context *ctx, cogo__pool *pool, cogo_msg *msg);
/** Its worker's id, looked up if needed. False: not known yet, or not any more. */
bool cogo__place_resolve(cogo_context *ctx, const cogo__pool *pool, cogo__place *place);
/** What waits at the worker, is handled or has not been answered. */
uint64_t cogo__place_load(cogo_system *system, cogo__place *place);
/** The child id of @p serial. @p out has 24 bytes. */
void cogo__place_name(uint64_t serial, char *out);

#endif
