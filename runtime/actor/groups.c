#include "runtime/actor/groups.h"

#include "runtime/actor/remote.h"
#include "runtime/actor/send.h"

#include <string.h>

enum { CAPACITY_FIRST = 4 };

/* FNV-1a over both names. */
static uint32_t bucket_of(const char *scope, const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (const char *at = scope; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    }
    hash = (hash ^ 0xff) * UINT64_C(1099511628211);
    for (const char *at = name; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    }
    return (uint32_t)(hash ^ hash >> 32) % COGO__GROUP_BUCKETS;
}

bool cogo__group_name_valid(const char *name)
{
    size_t length = name != NULL ? strnlen(name, COGO_GROUP_NAME_MAX + 1) : 0;
    return length != 0 && length <= COGO_GROUP_NAME_MAX && name[0] != '\x01';
}

void cogo__groups_init(cogo__groups *groups, const cogo_allocator *from)
{
    groups->from = from;
    cogo__lock_init(&groups->lock);
}

void cogo__groups_finish(cogo__groups *groups)
{
    for (uint32_t i = 0; groups->by_name != NULL && i < COGO__GROUP_BUCKETS; i++) {
        while (groups->by_name[i] != NULL) {
            cogo__group *group = groups->by_name[i];
            groups->by_name[i] = group->next;
            for (int kind = 0; kind < 2; kind++) {
                for (uint32_t b = 0; b < group->bonds[kind].count; b++) {
                    cogo__free(group->bonds[kind].items[b]);
                }
                cogo__free(group->bonds[kind].items);
            }
            cogo__free(group);
        }
    }
    cogo__free(groups->by_name);
    cogo__free(groups->by_slot);
    cogo__lock_finish(&groups->lock);
}

cogo__group *cogo__groups_find(const cogo__groups *groups, const char *scope, const char *name)
{
    cogo__group *group =
        groups->by_name != NULL ? groups->by_name[bucket_of(scope, name)] : NULL;
    while (group != NULL
           && (strcmp(group->name, name) != 0 || strcmp(group->scope, scope) != 0)) {
        group = group->next;
    }
    return group;
}

static cogo__group *make_group(cogo__groups *groups, const char *scope, const char *name)
{
    if (groups->by_name == NULL) {
        groups->by_name =
            cogo__alloc_zeroed(groups->from, COGO__GROUP_BUCKETS, sizeof(cogo__group *));
        groups->by_slot =
            cogo__alloc_zeroed(groups->from, COGO__GROUP_BUCKETS, sizeof(cogo__bond *));
        if (groups->by_name == NULL || groups->by_slot == NULL) {
            cogo__free(groups->by_name);
            cogo__free(groups->by_slot);
            groups->by_name = NULL;
            groups->by_slot = NULL;
            return NULL;
        }
    }
    cogo__group *group = cogo__alloc_zeroed(groups->from, 1, sizeof *group);
    if (group == NULL) {
        return NULL;
    }
    memcpy(group->scope, scope, strnlen(scope, COGO_GROUP_NAME_MAX));
    memcpy(group->name, name, strnlen(name, COGO_GROUP_NAME_MAX));
    cogo__group **chain = &groups->by_name[bucket_of(scope, name)];
    group->next = *chain;
    *chain = group;
    size_t length = strlen(name);
    if (length != 0 && name[length - 1] == '*' && strcmp(scope, COGO__TOPIC_SCOPE) == 0) {
        group->prefix_next = groups->prefixes;
        groups->prefixes = group;
    }
    return group;
}

/* A group without bonds is gone. */
static void drop_if_empty(cogo__groups *groups, cogo__group *group)
{
    if (group->bonds[0].count != 0 || group->bonds[1].count != 0) {
        return;
    }
    cogo__group **at = &groups->by_name[bucket_of(group->scope, group->name)];
    while (*at != group) {
        at = &(*at)->next;
    }
    *at = group->next;
    for (at = &groups->prefixes; *at != NULL; at = &(*at)->prefix_next) {
        if (*at == group) {
            *at = group->prefix_next;
            break;
        }
    }
    cogo__free(group->bonds[0].items);
    cogo__free(group->bonds[1].items);
    cogo__free(group);
}

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

static cogo__bond *find_bond(const cogo__groups *groups, const cogo__group *group,
                             cogo__bond_kind kind, cogo_actor_id id)
{
    cogo__bond *bond = groups->by_slot[id.slot % COGO__GROUP_BUCKETS];
    while (
        bond != NULL
        && (bond->group != group || bond->kind != kind || !cogo_actor_id_equal(bond->id, id))) {
        bond = bond->slot_next;
    }
    return bond;
}

static cogo__bond *make_bond(cogo__groups *groups, cogo__group *group, cogo__bond_kind kind,
                             cogo_actor_id id, uint64_t number)
{
    cogo__bonds *bonds = &group->bonds[kind];
    if (bonds->count == bonds->capacity) {
        uint32_t wanted = bonds->capacity != 0 ? bonds->capacity * 2 : CAPACITY_FIRST;
        cogo__bond **bigger =
            cogo__realloc(groups->from, bonds->items, wanted * sizeof(cogo__bond *));
        if (bigger == NULL) {
            return NULL;
        }
        bonds->items = bigger;
        bonds->capacity = wanted;
    }
    cogo__bond *bond = cogo__alloc_zeroed(groups->from, 1, sizeof *bond);
    if (bond == NULL) {
        return NULL;
    }
    *bond = (cogo__bond){.group = group, .kind = kind, .index = bonds->count, .id = id};
    bond->number = number;
    bonds->items[bonds->count++] = bond;
    cogo__bond **chain = &groups->by_slot[id.slot % COGO__GROUP_BUCKETS];
    bond->slot_next = *chain;
    *chain = bond;
    groups->count++;
    return bond;
}

/* Caller holds the lock. The group may be gone afterwards. */
static void destroy_bond(cogo_system *system, cogo_context *here, cogo__bond *bond)
{
    cogo__groups *groups = &system->groups;
    cogo__group *group = bond->group;
    cogo__bonds *bonds = &group->bonds[bond->kind];
    cogo__bond **at = &groups->by_slot[bond->id.slot % COGO__GROUP_BUCKETS];
    while (*at != bond) {
        at = &(*at)->slot_next;
    }
    *at = bond->slot_next;
    bonds->items[bond->index] = bonds->items[--bonds->count];
    bonds->items[bond->index]->index = bond->index;
    groups->count--;
    if (bond->kind == COGO__BOND_MEMBER) {
        tell_all(system, here, group, COGO_GROUP_LEFT, bond->id);
        cogo__remote_share(system, here, bond, false);
    }
    cogo__free(bond);
    drop_if_empty(groups, group);
}

/* Caller holds the lock. */
static cogo_err add(cogo_system *system, const char *scope, const char *name,
                    cogo__bond_kind kind, cogo_actor_id id, uint64_t number)
{
    cogo__groups *groups = &system->groups;
    cogo_context *here = cogo__here_in(system);
    cogo__group *group = cogo__groups_find(groups, scope, name);
    cogo__bond *bond =
        group != NULL && kind == COGO__BOND_MEMBER ? find_bond(groups, group, kind, id) : NULL;
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
    group = group != NULL ? group : make_group(groups, scope, name);
    bond = group != NULL ? make_bond(groups, group, kind, id, number) : NULL;
    if (bond == NULL) {
        if (group != NULL) {
            drop_if_empty(groups, group);
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
    cogo__bond *bond = group != NULL ? find_bond(groups, group, COGO__BOND_MEMBER, id) : NULL;
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
    cogo__bond *bond =
        groups->by_slot != NULL ? groups->by_slot[id.slot % COGO__GROUP_BUCKETS] : NULL;
    while (bond != NULL) {
        cogo__bond *next = bond->slot_next;
        if (cogo_actor_id_equal(bond->id, id)) {
            destroy_bond(system, here, bond);
        }
        bond = next;
    }
    cogo__lock_give(&groups->lock);
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

/* --- Public calls of groups. -------------------------------------------------------------- */

cogo_err cogo_group_join(cogo_system *system, const char *scope, const char *group,
                         cogo_actor_id id)
{
    bool valid = cogo__group_name_valid(scope) && cogo__group_name_valid(group);
    return valid ? cogo__groups_add(system, scope, group, COGO__BOND_MEMBER, id, 0)
                 : COGO_EINVAL;
}

cogo_err cogo_group_leave(cogo_system *system, const char *scope, const char *group,
                          cogo_actor_id id)
{
    bool valid = cogo__group_name_valid(scope) && cogo__group_name_valid(group);
    return valid ? cogo__groups_remove(system, scope, group, id) : COGO_ENOTFOUND;
}

static size_t members(cogo_system *system, const char *scope, const char *name,
                      cogo_actor_id *out, size_t capacity, bool local)
{
    size_t count = 0;
    if (!cogo__group_name_valid(scope) || !cogo__group_name_valid(name)) {
        return 0;
    }
    cogo__lock_take(&system->groups.lock);
    const cogo__group *group = cogo__groups_find(&system->groups, scope, name);
    for (uint32_t i = 0; group != NULL && i < group->bonds[COGO__BOND_MEMBER].count; i++) {
        cogo_actor_id id = group->bonds[COGO__BOND_MEMBER].items[i]->id;
        if (local && id.node != 0) {
            continue;
        }
        if (count < capacity) {
            out[count] = id;
        }
        count++;
    }
    cogo__lock_give(&system->groups.lock);
    return count;
}

size_t cogo_group_members(cogo_system *system, const char *scope, const char *group,
                          cogo_actor_id *out, size_t capacity)
{
    return members(system, scope, group, out, capacity, false);
}

size_t cogo_group_local_members(cogo_system *system, const char *scope, const char *group,
                                cogo_actor_id *out, size_t capacity)
{
    return members(system, scope, group, out, capacity, true);
}

cogo_err cogo_group_watch(cogo_context *ctx, const char *scope, const char *group,
                          uint64_t *out_watch)
{
    if (!cogo__group_name_valid(scope) || (group != NULL && !cogo__group_name_valid(group))) {
        return COGO_EINVAL;
    }
    cogo__groups *groups = &ctx->system->groups;
    cogo__lock_take(&groups->lock);
    uint64_t watch = ++groups->last_watch;
    cogo__lock_give(&groups->lock);
    if (out_watch != NULL) {
        *out_watch = watch;
    }
    return cogo__groups_add(ctx->system, scope, group != NULL ? group : "", COGO__BOND_WATCHER,
                            ctx->self, watch);
}

cogo_err cogo_group_unwatch(cogo_context *ctx, uint64_t watch)
{
    cogo__groups *groups = &ctx->system->groups;
    cogo__lock_take(&groups->lock);
    cogo__bond *bond =
        groups->by_slot != NULL ? groups->by_slot[ctx->self.slot % COGO__GROUP_BUCKETS] : NULL;
    while (bond != NULL
           && (bond->kind != COGO__BOND_WATCHER || bond->number != watch
               || !cogo_actor_id_equal(bond->id, ctx->self))) {
        bond = bond->slot_next;
    }
    if (bond != NULL) {
        destroy_bond(ctx->system, ctx, bond);
    }
    cogo__lock_give(&groups->lock);
    return bond != NULL ? COGO_OK : COGO_ENOTFOUND;
}
