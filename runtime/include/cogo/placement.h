/* Placement: actors that begin on another node, by the registered name of what they do.
 * Used by programs whose actors do not all run in one process.
 * Never starts anything that the other side has not registered.
 *
 * Where an actor runs is one text, cogo_spawn_options.placement, in a spawn as in a child spec:
 *   "local"      here, as without it;
 *   "node:NAME"  on the node NAME, which has registered behavior->name; here, if NAME is this
 *                node's own;
 *   "process:POOL"  in a child process of that pool (process.h), which is a node of its own.
 * The id that the spawn gives, the name, links, monitors and the supervisor's child are those
 * of a deputy on this node, which has the real one begun over there, linked with it, and passes
 * on what it gets: with its sender, in order, requests too, whose answers go straight back. Who
 * has the id sees the same as of an actor here:
 * - what is sent before the real one runs waits, also while its supervisor restarts it;
 * - exit signals are passed on; when the real one ends the deputy ends with its reason; when
 *   the deputy is killed, the real one is;
 * - the deputy ends with COGO_EXIT_NOCONNECTION when the node can't be reached, when so much
 *   waits for it that it takes no more (COGO_EFULL), when the link is lost (then the real one
 *   ends as well, if it does not trap exits: one that does must end by itself) or when nothing
 *   is heard within COGO_PLACEMENT_SPAWN_NS; with COGO_EXIT_ERROR when the other side refuses
 *   (COGO_ENOTFOUND: nothing of that name is registered there). The text names the node. A
 *   supervisor takes it as the end of the child and restarts it there, by its restart type,
 *   intensity and backoff; without a backoff of its own a child that ended with NOCONNECTION
 *   waits COGO_PLACEMENT_BACKOFF_MIN_NS, doubled each time up to _MAX_NS, so that the default
 *   intensity bears a node that is away for long.
 * Different are: args go by the record that behavior->name is registered with here, or as
 * bytes; memory_limit_bytes is refused; a full mailbox over there is dead letters there, not
 * COGO_EFULL here; a sender of a third node is not known over there; what the real one says
 * comes from itself. */
#ifndef COGO_PLACEMENT_H
#define COGO_PLACEMENT_H

#include <cogo/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    COGO_PLACEMENT_BEHAVIORS_MAX = 1024, /**< Registered in one system, a count. */
    COGO_PLACEMENT_ARGS_MAX = 65536,     /**< Bytes of args on their way. */
};

/** Within it a node says that a placed actor has begun. */
#define COGO_PLACEMENT_SPAWN_NS       UINT64_C(10000000000)
/** First delay before a child is begun again after NOCONNECTION, if its spec has no backoff. */
#define COGO_PLACEMENT_BACKOFF_MIN_NS UINT64_C(500000000)
/** Last. */
#define COGO_PLACEMENT_BACKOFF_MAX_NS UINT64_C(10000000000)

/**
 * Peers may spawn actors of @p behavior in @p system, by behavior->name.
 *
 * Ownership: keeps @p behavior and @p args, which outlive the system.
 * Threads:   any thread.
 * @param system   the system.
 * @param behavior what such an actor does.
 * @param args     what start() gets: a struct that this describes. NULL: bytes as they came,
 *                 which nobody has checked.
 * @return COGO_OK (also when it is registered already); COGO_EINVAL; COGO_EEXIST (another one
 *         has this name); COGO_ELIMIT; COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_behavior_register(cogo_system *system,
                                                       const cogo_behavior *behavior,
                                                       const cogo_record *args);

/** What to spawn on another node. Zero-initialise, then set struct_size and behavior. */
typedef struct cogo_remote_spawn {
    size_t struct_size;             /**< sizeof(cogo_remote_spawn). */
    const char *behavior;           /**< Registered over there, 1 to 255 bytes. */
    const void *args;               /**< Copied; NULL: none. */
    size_t args_size_bytes;         /**< Of args, if args_record is NULL. */
    const cogo_record *args_record; /**< args is a struct that this describes. */
    const char *name;               /**< Registered over there; NULL: none. */
    uint32_t flags;                 /**< COGO_SPAWN_LINK, _DETACHED, _TRAP_EXIT. */
    uint32_t mailbox_limit;         /**< As of cogo_spawn_options. */
    cogo_pressure pressure;         /**< FAIL, DROP_NEW or DROP_OLD. */
} cogo_remote_spawn;

/**
 * Spawns an actor on @p node: COGO_MSG_SPAWNED with its id comes back, or COGO_MSG_ASK_FAILED:
 * COGO_ENOTFOUND (nothing of that name is registered there), COGO_EDECODE (the args),
 * COGO_EEXIST (the name is taken), COGO_EGONE (the link was lost), COGO_ETIMEOUT, and what
 * cogo_spawn() can give. When nobody waits for it any more, what was spawned is killed; but if
 * the link is lost on the way nobody knows: with COGO_SPAWN_LINK it ends then.
 *
 * Ownership: copies @p what and all it points to.
 * Threads:   inside a behaviour. Never blocks.
 * @param ctx        the running actor.
 * @param node       index of a peer.
 * @param what       what to spawn.
 * @param timeout_ns nanoseconds, at least 1.
 * @param out_ask    as of cogo_ask().
 * @return as cogo_ask(); COGO_EINVAL (@p what).
 */
COGO_API COGO_MUST_USE cogo_err cogo_node_spawn_ask(cogo_context *ctx, uint32_t node,
                                                    const cogo_remote_spawn *what,
                                                    uint64_t timeout_ns, uint64_t *out_ask);
/** As cogo_node_spawn_ask() without COGO_SPAWN_LINK, and waits for the answer. Threads: any
 * that is not a lane. @return COGO_OK with @p *out_id; as of COGO_MSG_ASK_FAILED; as
 * cogo_system_ask(). */
COGO_API COGO_MUST_USE cogo_err cogo_node_spawn(cogo_system *system, uint32_t node,
                                                const cogo_remote_spawn *what,
                                                uint64_t timeout_ns, cogo_actor_id *out_id);

#ifdef __cplusplus
}
#endif
#endif
