#include "runtime/actor/names.h"

#include <stdio.h>
#include <string.h>

enum { BUCKETS_FIRST = 64, LOAD_MAX = 2 };

struct cogo__name {
    struct cogo__name *name_next, *slot_next;
    uint64_t scope, hash;
    cogo_actor_id id;
    bool shown;
    char text[];
};

/* FNV-1a, started with the scope. */
static uint64_t hash_of(uint64_t scope, const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ (scope * UINT64_C(0x9e3779b97f4a7c15));
    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    }
    return hash ^ hash >> 32;
}

static struct cogo__name **name_chain(const cogo__names *names, uint64_t hash)
{
    return &names->by_name[hash & (names->bucket_count - 1)];
}

static struct cogo__name **slot_chain(const cogo__names *names, uint32_t slot)
{
    return &names->by_slot[slot & (names->bucket_count - 1)];
}

cogo_err cogo__names_init(cogo__names *names, const cogo_allocator *from)
{
    names->from = from;
    names->by_name = cogo__alloc_zeroed(from, BUCKETS_FIRST, sizeof *names->by_name);
    names->by_slot = cogo__alloc_zeroed(from, BUCKETS_FIRST, sizeof *names->by_slot);
    names->bucket_count = BUCKETS_FIRST;
    names->count = 0;
    cogo__lock_init(&names->lock);
    return names->by_name != NULL && names->by_slot != NULL ? COGO_OK : COGO_ENOMEM;
}

void cogo__names_finish(cogo__names *names)
{
    if (names->bucket_count == 0) {
        return; // Never initialised.
    }
    for (uint32_t i = 0; names->by_name != NULL && i < names->bucket_count; i++) {
        while (names->by_name[i] != NULL) {
            struct cogo__name *entry = names->by_name[i];
            names->by_name[i] = entry->name_next;
            cogo__free(entry);
        }
    }
    cogo__free(names->by_name);
    cogo__free(names->by_slot);
    cogo__lock_finish(&names->lock);
    memset(names, 0, sizeof *names);
}

static void insert(cogo__names *names, struct cogo__name *entry)
{
    struct cogo__name **chain = name_chain(names, entry->hash);
    entry->name_next = *chain;
    *chain = entry;
    chain = slot_chain(names, entry->id.slot);
    entry->slot_next = *chain;
    *chain = entry;
}

/* Out of memory is no failure here: the chains only grow longer. */
static void grow(cogo__names *names)
{
    cogo__names bigger = {.bucket_count = names->bucket_count * 2};
    bigger.by_name =
        cogo__alloc_zeroed(names->from, bigger.bucket_count, sizeof *bigger.by_name);
    bigger.by_slot =
        cogo__alloc_zeroed(names->from, bigger.bucket_count, sizeof *bigger.by_slot);
    if (bigger.by_name == NULL || bigger.by_slot == NULL) {
        cogo__free(bigger.by_name);
        cogo__free(bigger.by_slot);
        return;
    }
    for (uint32_t i = 0; i < names->bucket_count; i++) {
        while (names->by_name[i] != NULL) {
            struct cogo__name *entry = names->by_name[i];
            names->by_name[i] = entry->name_next;
            insert(&bigger, entry);
        }
    }
    cogo__free(names->by_name);
    cogo__free(names->by_slot);
    names->by_name = bigger.by_name;
    names->by_slot = bigger.by_slot;
    names->bucket_count = bigger.bucket_count;
}

static struct cogo__name *find(const cogo__names *names, uint64_t scope, const char *name)
{
    uint64_t hash = hash_of(scope, name);
    struct cogo__name *entry = *name_chain(names, hash);
    while (
        entry != NULL
        && (entry->hash != hash || entry->scope != scope || strcmp(entry->text, name) != 0)) {
        entry = entry->name_next;
    }
    return entry;
}

static void destroy(cogo__names *names, struct cogo__name *entry)
{
    struct cogo__name **at = name_chain(names, entry->hash);
    while (*at != entry) {
        at = &(*at)->name_next;
    }
    *at = entry->name_next;
    at = slot_chain(names, entry->id.slot);
    while (*at != entry) {
        at = &(*at)->slot_next;
    }
    *at = entry->slot_next;
    names->count--;
    cogo__free(entry);
}

cogo_err cogo__names_add(cogo__names *names, uint64_t scope, const char *name, cogo_actor_id id,
                         bool shown)
{
    size_t length = name != NULL ? strnlen(name, COGO__NAME_MAX + 1) : 0;
    if (length == 0 || length > COGO__NAME_MAX) {
        return COGO_EINVAL;
    }
    struct cogo__name *entry = cogo__alloc(names->from, sizeof *entry + length + 1);
    if (entry == NULL) {
        return COGO_ENOMEM;
    }
    memcpy(entry->text, name, length + 1);
    entry->scope = scope;
    entry->hash = hash_of(scope, name);
    entry->id = id;
    entry->shown = shown;
    cogo__lock_take(&names->lock);
    bool taken = find(names, scope, name) != NULL;
    if (!taken) {
        if (names->count >= names->bucket_count * LOAD_MAX) {
            grow(names);
        }
        insert(names, entry);
        names->count++;
    }
    cogo__lock_give(&names->lock);
    if (taken) {
        cogo__free(entry);
    }
    return taken ? COGO_EEXIST : COGO_OK;
}

cogo_err cogo__names_remove(cogo__names *names, uint64_t scope, const char *name)
{
    cogo__lock_take(&names->lock);
    struct cogo__name *entry = find(names, scope, name);
    if (entry != NULL) {
        destroy(names, entry);
    }
    cogo__lock_give(&names->lock);
    return entry != NULL ? COGO_OK : COGO_ENOTFOUND;
}

void cogo__names_remove_actor(cogo__names *names, cogo_actor_id id)
{
    cogo__lock_take(&names->lock);
    struct cogo__name *entry = *slot_chain(names, id.slot);
    while (entry != NULL) {
        struct cogo__name *next = entry->slot_next;
        if (cogo_actor_id_equal(entry->id, id)) {
            destroy(names, entry);
        }
        entry = next;
    }
    cogo__lock_give(&names->lock);
}

void cogo__names_show(cogo__names *names, cogo_actor_id id)
{
    cogo__lock_take(&names->lock);
    struct cogo__name *entry = *slot_chain(names, id.slot);
    for (; entry != NULL; entry = entry->slot_next) {
        entry->shown = entry->shown || cogo_actor_id_equal(entry->id, id);
    }
    cogo__lock_give(&names->lock);
}

static cogo_actor_id look_up(cogo__names *names, uint64_t scope, const char *name, bool hidden)
{
    cogo__lock_take(&names->lock);
    struct cogo__name *entry = find(names, scope, name);
    cogo_actor_id id = entry != NULL && (entry->shown || hidden) ? entry->id : COGO_NO_ACTOR;
    cogo__lock_give(&names->lock);
    return id;
}

cogo_actor_id cogo__names_find(cogo__names *names, uint64_t scope, const char *name)
{
    return look_up(names, scope, name, false);
}

cogo_actor_id cogo__names_holder(cogo__names *names, uint64_t scope, const char *name)
{
    return look_up(names, scope, name, true);
}

void cogo__names_of(cogo__names *names, cogo_actor_id id, char *out, size_t size)
{
    out[0] = '\0';
    cogo__lock_take(&names->lock);
    struct cogo__name *entry = *slot_chain(names, id.slot);
    while (entry != NULL && !cogo_actor_id_equal(entry->id, id)) {
        entry = entry->slot_next;
    }
    if (entry != NULL) {
        size_t length = strnlen(entry->text, size - 1);
        memcpy(out, entry->text, length);
        out[length] = '\0';
    }
    cogo__lock_give(&names->lock);
}
