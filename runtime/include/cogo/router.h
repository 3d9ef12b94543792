/* Pools: supervised workers of one behaviour behind one id.
 * Used like any actor: what is sent to the pool goes on to a worker, and an answer goes
 * straight from the worker to the asker. Never keeps a message: a worker's mailbox is the
 * queue. */
#ifndef COGO_ROUTER_H
#define COGO_ROUTER_H

#include <cogo/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which worker gets a message. */
typedef enum cogo_routing {
    COGO_ROUTE_ROUND_ROBIN,
    COGO_ROUTE_RANDOM,
    /** The one with the least to do: messages that wait, the one that it handles, and asks that
     * it has not answered. Of more than 32 workers 4 are looked at, chosen at random. */
    COGO_ROUTE_LEAST_LOADED,
    /** Always the same one for the same key. When the pool grows or shrinks from n to m workers
     * only the keys of |n - m| in max(n, m) of them move. */
    COGO_ROUTE_HASH,
    /** All of them; a large payload is shared. Of an ask the first answer counts. */
    COGO_ROUTE_BROADCAST,
} cogo_routing;

enum { COGO_POOL_SIZE_MAX = 4096 }; /**< Workers, a count. */

/** A pool. Zero-initialise, then set struct_size, worker and size. */
typedef struct cogo_pool_spec {
    size_t struct_size; /**< sizeof(cogo_pool_spec). */
    const char *name;   /**< Registered name of the pool; may be NULL. */
    /** How to spawn each worker; its name is ignored. With a mailbox_limit a message for a full
     * worker goes to one that has room (not with HASH and BROADCAST). If all are full the
     * worker's pressure policy decides; its asker hears COGO_EFULL. */
    cogo_spawn_options worker;
    uint32_t size;        /**< Workers, at least 1. */
    cogo_routing routing; /**< Which worker gets a message. */
    /** HASH: the key. NULL: the bytes at key_offset. */
    uint64_t (*key)(cogo_msg *msg);
    size_t key_offset;     /**< HASH: where the key begins in the payload. */
    size_t key_size_bytes; /**< HASH: part of the payload; size 0: all of it. */
    /** HASH: a worker with more than this share of the mean load passes a message on to the
     * next one for its key. 0: never; else at least 100, for example 125. */
    uint32_t load_percent;
    uint64_t
        drain_ns; /**< A worker that is taken out has so long to handle what it has. 0: 5 s. */
    uint32_t intensity; /**< Restarts of workers in period_ns, as in a supervisor. 0: 5. */
    uint64_t period_ns; /**< 0: 5 s. */
} cogo_pool_spec;

/** What a pool did since its start. */
typedef struct cogo_pool_stats {
    uint32_t size;     /**< Workers that get messages. */
    uint32_t draining; /**< Workers that only finish what they have. */
    uint64_t routed;   /**< Messages; with BROADCAST, copies. */
    uint64_t rerouted; /**< Of them, because the first choice was full. */
    uint64_t refused;  /**< Messages that no worker took. */
    uint64_t load;     /**< Messages that wait at the workers or are being handled. */
} cogo_pool_stats;

/**
 * Starts a pool and its workers. It ends as any actor does, and its workers with it.
 *
 * Ownership: copies @p spec and all it points to, except the behaviour.
 * Threads:   any thread.
 * @return COGO_OK; COGO_EINVAL; as cogo_system_spawn() otherwise.
 */
COGO_API COGO_MUST_USE cogo_err cogo_pool_start(cogo_system *system, const cogo_pool_spec *spec,
                                                cogo_actor_id *out_pool);
/**
 * Changes the number of workers. New ones come behind the others; the last ones are taken out,
 * handle what waits for them, and end. Takes effect behind what was sent to the pool before.
 *
 * Threads: any thread.
 * @param size a count, at least 1.
 * @return COGO_OK when the request was sent; COGO_EINVAL; COGO_EGONE (no pool has this id).
 */
COGO_API COGO_MUST_USE cogo_err cogo_pool_resize(cogo_system *system, cogo_actor_id pool,
                                                 uint32_t size);
/**
 * Asks a pool for its figures. An actor asks with a COGO_MSG_POOL_STATS without payload
 * instead; the answer's payload is a cogo_pool_stats.
 *
 * Threads: any thread that is not a lane.
 * @param timeout_ns how long to wait, in nanoseconds.
 * @return as cogo_system_ask(); COGO_EGONE when no pool has this id.
 */
COGO_API COGO_MUST_USE cogo_err cogo_pool_stats_read(cogo_system *system, cogo_actor_id pool,
                                                     uint64_t timeout_ns, cogo_pool_stats *out);

#ifdef __cplusplus
}
#endif
#endif
