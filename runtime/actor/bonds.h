/* The table of groups and bonds: who is where, and who is told nothing.
 * Used by groups.c, which tells watchers and other nodes. The caller holds the lock. */
#ifndef COGO_ACTOR_BONDS_H
#define COGO_ACTOR_BONDS_H

#include "runtime/actor/groups.h"

/** NULL when out of memory. It has no bond yet: see cogo__group_drop_if_empty(). */
cogo__group *cogo__group_make(cogo__groups *groups, const char *scope, const char *name);
/** A group without bonds is gone. */
void cogo__group_drop_if_empty(cogo__groups *groups, cogo__group *group);

/** The first of the actors in this slot, on any node; others by `slot_next`. NULL: none. */
static inline cogo__bond *cogo__bonds_of_slot(const cogo__groups *groups, uint32_t slot)
{
    return groups->by_slot != NULL ? groups->by_slot[slot % COGO__GROUP_BUCKETS] : NULL;
}

/** NULL: there is none. */
cogo__bond *cogo__bond_find(const cogo__groups *groups, const cogo__group *group,
                            cogo__bond_kind kind, cogo_actor_id id);
/** NULL when out of memory. */
cogo__bond *cogo__bond_make(cogo__groups *groups, cogo__group *group, cogo__bond_kind kind,
                            cogo_actor_id id, uint64_t number);
/** Takes @p bond out of group and table; the caller frees it. The group may be empty then. */
void cogo__bond_take(cogo__groups *groups, cogo__bond *bond);

#endif
