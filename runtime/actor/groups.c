#include "runtime/actor/groups.h"

#include "runtime/actor/bonds.h"
#include "runtime/actor/remote.h"
#include "runtime/actor/send.h"

#include <string.h>

static void tell(cogo_system *system, cogo_context *here, const cogo__bond *watcher,
                 cogo_group_change change, const cogo__group *group, cogo_actor_id member)
{
    cogo_group_event event = {.watch = watcher->number, .change = change, .member = member};
    memcpy(event.group, group->name, sizeof event.group);
    cogo__post(system, here, watcher->id, COGO_MSG_GROUP, 0, 0, &event, sizeof event);
}

/* Under the lock, so that every watcher hears of all changes in one order. */
static void tell_all(cogo_system *system, cogo_context *here, const cogo__group *group,
                     cogo_group_change change, cogo_actor_id member)
{
    const cogo__bonds *watchers = &group->bonds[COGO__BOND_WATCHER];
    for (uint32_t i = 0; i < watchers->count; i++) {
        tell(system, here, watchers->items[i], change, group, member);
    }
    const cogo__group *scope = cogo__groups_find(&system->groups, group->scope, "");
    for (uint32_t i = 0; scope != NULL && i < scope->bonds[COGO__BOND_WATCHER].count; i++) {
        tell(system, here, scope->bonds[COGO__BOND_WATCHER].items[i], change, group, member);
    }
}

static void tell_members(cogo_system *system, cogo_context *here, const cogo__bond *watcher,
                         const cogo__group *group)
{
    const cogo__bonds *members = &group->bonds[COGO__BOND_MEMBER];
    for (uint32_t i = 0; i < members->count; i++) {
        tell(system, here, watcher, COGO_GROUP_HERE, group, members->items[i]->id);
    }
}

static void tell_snapshot(cogo_system *system, cogo_context *here, const cogo__bond *watcher)
{
    const cogo__group *group = watcher->group;
    cogo__groups *groups = &system->groups;
    bool whole = group->name[0] == '\0';
    for (uint32_t i = 0; whole && i < COGO__GROUP_BUCKETS; i++) {
        for (const cogo__group *g = groups->by_name[i]; g != NULL; g = g->next) {
            if (strcmp(g->scope, group->scope) == 0) {
                tell_members(system, here, watcher, g);
            }
        }
    }
    if (!whole) {
        tell_members(system, here, watcher, group);
    }
    tell(system, here, watcher, COGO_GROUP_READY, group, COGO_NO_ACTOR);
}

/* Caller holds the lock. The group may be gone afterwards. */
static void destroy_bond(cogo_system *system, cogo_context *here, cogo__bond *bond)
{
    cogo__groups *groups = &system->groups;
    cogo__group *group = bond->group;
    cogo__bond_take(groups, bond);
    if (bond->kind == COGO__BOND_MEMBER) {
        tell_all(system, here, group, COGO_GROUP_LEFT, bond->id);
        cogo__remote_share(system, here, bond, false);
    }
    cogo__free(bond);
    cogo__group_drop_if_empty(groups, group);
}

/* Caller holds the lock. */
static cogo_err add(cogo_system *system, const char *scope, const char *name,
                    cogo__bond_kind kind, cogo_actor_id id, uint64_t number)
{
    cogo__groups *groups = &system->groups;
    cogo_context *here = cogo__here_in(system);
    cogo__group *group = cogo__groups_find(groups, scope, name);
    cogo__bond *bond = group != NULL && kind == COGO__BOND_MEMBER
                           ? cogo__bond_find(groups, group, kind, id)
                           : NULL;
    if (bond != NULL) {
        bool other = bond->number != number;
        bond->number = number;
        if (other) {
            cogo__remote_share(system, here, bond, true);
        }
        return COGO_OK;
    }
    if (groups->count >= COGO_GROUP_BONDS_MAX) {
        return COGO_ELIMIT;
    }
    group = group != NULL ? group : cogo__group_make(groups, scope, name);
    bond = group != NULL ? cogo__bond_make(groups, group, kind, id, number) : NULL;
    if (bond == NULL) {
        if (group != NULL) {
            cogo__group_drop_if_empty(groups, group);
        }
        return COGO_ENOMEM;
    }
    if (kind == COGO__BOND_MEMBER) {
        tell_all(system, here, group, COGO_GROUP_JOINED, id);
        cogo__remote_share(system, here, bond, true);
    } else {
        tell_snapshot(system, here, bond);
    }
    return COGO_OK;
}

/* The actor may end at any moment. It bumps its generation, then looks for the mark; we set the
 * mark, then look at the generation: one of us takes the bond away (all seq_cst). */
cogo_err cogo__groups_add(cogo_system *system, const char *scope, const char *name,
                          cogo__bond_kind kind, cogo_actor_id id, uint64_t number)
{
    cogo__cell *cell = cogo__cell_find(system, id);
    if (cell == NULL) {
        return COGO_EGONE;
    }
    cogo__lock_take(&system->groups.lock);
    cogo_err err = add(system, scope, name, kind, id, number);
    cogo__lock_give(&system->groups.lock);
    if (err != COGO_OK) {
        return err;
    }
    uint32_t seen = cogo__u32_load_relaxed(&cell->phase);
    while (!cogo__u32_cas_seq_cst(&cell->phase, &seen, seen | COGO__CELL_BONDED)) {
    }
    if (cogo__u32_load_seq_cst(&cell->generation) != id.generation) {
        cogo__groups_remove_actor(system, cogo__here_in(system), id);
        return COGO_EGONE;
    }
    return COGO_OK;
}

cogo_err cogo__groups_remove(cogo_system *system, const char *scope, const char *name,
                             cogo_actor_id id)
{
    cogo__groups *groups = &system->groups;
    cogo__lock_take(&groups->lock);
    cogo__group *group = cogo__groups_find(groups, scope, name);
    cogo__bond *bond =
        group != NULL ? cogo__bond_find(groups, group, COGO__BOND_MEMBER, id) : NULL;
    if (bond != NULL) {
        destroy_bond(system, cogo__here_in(system), bond);
    }
    cogo__lock_give(&groups->lock);
    return bond != NULL ? COGO_OK : COGO_ENOTFOUND;
}

void cogo__groups_remove_actor(cogo_system *system, cogo_context *here, cogo_actor_id id)
{
    cogo__groups *groups = &system->groups;
    cogo__lock_take(&groups->lock);
    cogo__bond *bond = cogo__bonds_of_slot(groups, id.slot);
    while (bond != NULL) {
        cogo__bond *next = bond->slot_next;
        if (cogo_actor_id_equal(bond->id, id)) {
            destroy_bond(system, here, bond);
        }
        bond = next;
    }
    cogo__lock_give(&groups->lock);
}

cogo_err cogo__groups_unwatch(cogo_system *system, cogo_context *here, cogo_actor_id watcher,
                              uint64_t watch)
{
    cogo__groups *groups = &system->groups;
    cogo__lock_take(&groups->lock);
    cogo__bond *bond = cogo__bonds_of_slot(groups, watcher.slot);
    while (bond != NULL
           && (bond->kind != COGO__BOND_WATCHER || bond->number != watch
               || !cogo_actor_id_equal(bond->id, watcher))) {
        bond = bond->slot_next;
    }
    if (bond != NULL) {
        destroy_bond(system, here, bond);
    }
    cogo__lock_give(&groups->lock);
    return bond != NULL ? COGO_OK : COGO_ENOTFOUND;
}

/* --- Members on other nodes. ------------------------------------------------------------- */

cogo_err cogo__groups_add_far(cogo_system *system, const char *scope, const char *name,
                              cogo_actor_id id, uint64_t number, bool *out_new)
{
    cogo__groups *groups = &system->groups;
    cogo__lock_take(&groups->lock);
    uint32_t before = groups->count;
    cogo_err err = add(system, scope, name, COGO__BOND_MEMBER, id, number);
    *out_new = groups->count != before;
    cogo__lock_give(&groups->lock);
    return err;
}

void cogo__groups_remove_node(cogo_system *system, cogo_context *here, uint32_t node)
{
    cogo__groups *groups = &system->groups;
    cogo__lock_take(&groups->lock);
    for (uint32_t i = 0; groups->by_slot != NULL && i < COGO__GROUP_BUCKETS; i++) {
        for (cogo__bond *bond = groups->by_slot[i], *next = NULL; bond != NULL; bond = next) {
            next = bond->slot_next;
            if (bond->id.node == node) {
                destroy_bond(system, here, bond);
            }
        }
    }
    cogo__lock_give(&groups->lock);
}

void cogo__groups_each(cogo_system *system, void (*see)(void *arg, const cogo__bond *bond),
                       void *arg)
{
    cogo__groups *groups = &system->groups;
    cogo__lock_take(&groups->lock);
    for (uint32_t i = 0; groups->by_slot != NULL && i < COGO__GROUP_BUCKETS; i++) {
        for (const cogo__bond *bond = groups->by_slot[i]; bond != NULL;
             bond = bond->slot_next) {
            if (bond->id.node == 0 && bond->kind == COGO__BOND_MEMBER) {
                see(arg, bond);
            }
        }
    }
    cogo__lock_give(&groups->lock);
}
