/* Groups: named sets of actors, in named scopes.
 * Used to find all who offer something, and to hear who comes and goes.
 * Never keeps an actor that has ended: it leaves all its groups with its end.
 *
 * A group has members of all nodes that are linked with this one (not of those behind them):
 * each node tells the others who joins and leaves there. The members of a node are here when
 * the link has come up, a moment later, and leave at once when it is lost; ids say which node
 * they are of. What one node tells comes in order; between two nodes there is none. */
#ifndef COGO_GROUP_H
#define COGO_GROUP_H

#include <cogo/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    COGO_GROUP_NAME_MAX = 127,     /**< Bytes of the name of a scope, group or topic. */
    COGO_GROUP_BONDS_MAX = 1 << 22 /**< Members, watchers and subscriptions of a system. */
};

/** What a watcher is told. */
typedef enum cogo_group_change {
    COGO_GROUP_HERE,   /**< Was a member when the watch began. */
    COGO_GROUP_READY,  /**< All who were members have been told; from here on it is news. */
    COGO_GROUP_JOINED, /**< Became a member. */
    COGO_GROUP_LEFT,   /**< Is a member no more. */
} cogo_group_change;

/** Payload of COGO_MSG_GROUP. */
typedef struct cogo_group_event {
    uint64_t watch;                      /**< What cogo_group_watch() gave. */
    cogo_group_change change;            /**< What happened. */
    cogo_actor_id member;                /**< Not with READY. */
    char group[COGO_GROUP_NAME_MAX + 1]; /**< Its name. */
} cogo_group_event;

/**
 * Makes @p id a member of @p group in @p scope. An actor may be in many groups; one that its
 * supervisor restarts stays in them, as it keeps its id.
 *
 * Ownership: copies the names, 1 to COGO_GROUP_NAME_MAX bytes each.
 * Threads:   any thread.
 * @return COGO_OK (also when it is one already); COGO_EGONE (also for one of another node);
 * COGO_EINVAL; COGO_ENOMEM; COGO_ELIMIT.
 */
COGO_API COGO_MUST_USE cogo_err cogo_group_join(cogo_system *system, const char *scope,
                                                const char *group, cogo_actor_id id);
/** Ends a membership. Threads: any thread. @return COGO_OK or COGO_ENOTFOUND. */
COGO_API cogo_err cogo_group_leave(cogo_system *system, const char *scope, const char *group,
                                   cogo_actor_id id);
/**
 * The members of a group, in no order.
 *
 * Threads: any thread.
 * @return how many there are; up to @p capacity of them are in @p out.
 */
COGO_API size_t cogo_group_members(cogo_system *system, const char *scope, const char *group,
                                   cogo_actor_id *out, size_t capacity);
/** As cogo_group_members(), only those of this node. */
COGO_API size_t cogo_group_local_members(cogo_system *system, const char *scope,
                                         const char *group, cogo_actor_id *out,
                                         size_t capacity);
/**
 * Tells the running actor by COGO_MSG_GROUP who is a member of @p group, and then who joins and
 * leaves: first HERE for each member, then READY, then each change once and in order; nothing
 * is missed and nothing told twice. Ends with the actor.
 *
 * Threads: inside a behaviour.
 * @param group NULL: all groups of the scope.
 * @return COGO_OK; COGO_EINVAL; COGO_ENOMEM; COGO_ELIMIT.
 */
COGO_API COGO_MUST_USE cogo_err cogo_group_watch(cogo_context *ctx, const char *scope,
                                                 const char *group, uint64_t *out_watch);
/** Ends a watch; what is in the mailbox already still comes. Threads: inside a behaviour.
 * @return COGO_OK or COGO_ENOTFOUND. */
COGO_API cogo_err cogo_group_unwatch(cogo_context *ctx, uint64_t watch);

#ifdef __cplusplus
}
#endif
#endif
