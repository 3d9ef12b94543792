/* Who belongs to which group, watches it, or subscribed to a topic (a group of its own scope).
 * Used by the public calls and at the end of an actor that has a bond.
 * Never on the way of a message to one actor: one lock guards all of it. */
#ifndef COGO_ACTOR_GROUPS_H
#define COGO_ACTOR_GROUPS_H

#include "runtime/base/alloc.h"
#include "runtime/base/lock.h"

#include <cogo/topic.h>

struct cogo_context;

typedef enum cogo__bond_kind {
    COGO__BOND_MEMBER,
    COGO__BOND_WATCHER, /**< Of the group, or of the scope if the group's name is "". */
} cogo__bond_kind;

struct cogo__group;

/* One actor in one group. */
typedef struct cogo__bond {
    struct cogo__bond *slot_next; /**< Of actors in the same chain. */
    struct cogo__group *group;
    cogo__bond_kind kind;
    uint32_t index; /**< Among those of its kind in the group. */
    cogo_actor_id id;
    uint64_t number; /**< WATCHER: the watch. MEMBER of a topic: the message type. */
} cogo__bond;

typedef struct cogo__bonds {
    cogo__bond **items;
    uint32_t count, capacity;
} cogo__bonds;

enum {
    COGO__GROUP_BUCKETS = 1024,
    COGO__GROUP_PEER_MAX = 262144, /**< Memberships of one other node, a count. */
};

typedef struct cogo__group {
    struct cogo__group *next;        /**< In its chain. */
    struct cogo__group *prefix_next; /**< Topics that end in '*'. */
    cogo__bonds bonds[2];            /**< By kind. */
    char scope[COGO_GROUP_NAME_MAX + 1], name[COGO_GROUP_NAME_MAX + 1];
} cogo__group;

typedef struct cogo__groups {
    cogo__lock lock;
    cogo__group **by_name; /**< Chains, made with the first group. */
    cogo__bond **by_slot;
    cogo__group *prefixes;
    uint32_t count; /**< Bonds. */
    uint64_t last_watch;
    const cogo_allocator *from;
} cogo__groups;

#define COGO__TOPIC_SCOPE "\x01topic" // No user's scope: those are checked.

void cogo__groups_init(cogo__groups *groups, const cogo_allocator *from);
void cogo__groups_finish(cogo__groups *groups);
/** All bonds of @p id, which has ended. */
void cogo__groups_remove_actor(cogo_system *system, struct cogo_context *here,
                               cogo_actor_id id);
/** Adds, or finds, the bond of @p id; its number is new then, if it is a topic's. */
cogo_err cogo__groups_add(cogo_system *system, const char *scope, const char *name,
                          cogo__bond_kind kind, cogo_actor_id id, uint64_t number);
cogo_err cogo__groups_remove(cogo_system *system, const char *scope, const char *name,
                             cogo_actor_id id);
/** COGO_OK or COGO_ENOTFOUND. */
cogo_err cogo__groups_unwatch(cogo_system *system, struct cogo_context *here,
                              cogo_actor_id watcher, uint64_t watch);
/** As cogo__groups_add() for a member on another node; @p out_new: it was none before. */
cogo_err cogo__groups_add_far(cogo_system *system, const char *scope, const char *name,
                              cogo_actor_id id, uint64_t number, bool *out_new);
/** All memberships of actors of @p node, which is lost. */
void cogo__groups_remove_node(cogo_system *system, struct cogo_context *here, uint32_t node);
/** Calls @p see for each membership of an actor of this node, under the lock. */
void cogo__groups_each(cogo_system *system, void (*see)(void *arg, const cogo__bond *bond),
                       void *arg);
/** NULL if it has no bond. The caller holds the lock. */
cogo__group *cogo__groups_find(const cogo__groups *groups, const char *scope, const char *name);
bool cogo__group_name_valid(const char *name);

#endif
