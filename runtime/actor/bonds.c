#include "runtime/actor/bonds.h"

#include <string.h>

enum { CAPACITY_FIRST = 4 };

static uint64_t fnv_1a(uint64_t hash, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
    }
    return hash;
}

static uint32_t bucket_of(const char *scope, const char *name)
{
    uint64_t hash = fnv_1a(UINT64_C(14695981039346656037), scope);
    hash = fnv_1a((hash ^ 0xff) * UINT64_C(1099511628211), name);
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

/* The chains; they come with the first group. */
static bool make_chains(cogo__groups *groups)
{
    if (groups->by_name != NULL) {
        return true;
    }
    cogo__group **by_name =
        cogo__alloc_zeroed(groups->from, COGO__GROUP_BUCKETS, sizeof(cogo__group *));
    cogo__bond **by_slot =
        cogo__alloc_zeroed(groups->from, COGO__GROUP_BUCKETS, sizeof(cogo__bond *));
    if (by_name == NULL || by_slot == NULL) {
        cogo__free(by_name);
        cogo__free(by_slot);
        return false;
    }
    groups->by_name = by_name;
    groups->by_slot = by_slot;
    return true;
}

cogo__group *cogo__group_make(cogo__groups *groups, const char *scope, const char *name)
{
    cogo__group *group =
        make_chains(groups) ? cogo__alloc_zeroed(groups->from, 1, sizeof *group) : NULL;
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

void cogo__group_drop_if_empty(cogo__groups *groups, cogo__group *group)
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

cogo__bond *cogo__bond_find(const cogo__groups *groups, const cogo__group *group,
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

cogo__bond *cogo__bond_make(cogo__groups *groups, cogo__group *group, cogo__bond_kind kind,
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

void cogo__bond_take(cogo__groups *groups, cogo__bond *bond)
{
    cogo__bonds *bonds = &bond->group->bonds[bond->kind];
    cogo__bond **at = &groups->by_slot[bond->id.slot % COGO__GROUP_BUCKETS];
    while (*at != bond) {
        at = &(*at)->slot_next;
    }
    *at = bond->slot_next;
    bonds->items[bond->index] = bonds->items[--bonds->count];
    bonds->items[bond->index]->index = bond->index;
    groups->count--;
}
