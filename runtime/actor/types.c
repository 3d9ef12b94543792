#include "runtime/actor/types.h"

#include "runtime/actor/core.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TABLE_FIRST = 64 };

/* Open addressing. A slot goes from NULL to a type once and stays, so readers need no lock. */
struct cogo__type_table {
    struct cogo__type_table *older;
    uint32_t size, count;
    cogo__aptr slots[];
};

static struct cogo__type_table *table_create(const cogo_allocator *from, uint32_t size,
                                             struct cogo__type_table *older)
{
    struct cogo__type_table *table =
        cogo__alloc_zeroed(from, 1, sizeof *table + size * sizeof *table->slots);
    if (table != NULL) {
        table->size = size;
        table->older = older;
    }
    return table;
}

cogo_err cogo__types_init(cogo__types *types, const cogo_allocator *from)
{
    struct cogo__type_table *table = table_create(from, TABLE_FIRST, NULL);
    types->from = from;
    cogo__ptr_store_relaxed(&types->table, table); // Nobody else knows the system yet.
    cogo__lock_init(&types->lock);
    return table != NULL ? COGO_OK : COGO_ENOMEM;
}

void cogo__types_finish(cogo__types *types)
{
    struct cogo__type_table *table = cogo__ptr_load_relaxed(&types->table);
    for (uint32_t i = 0; table != NULL && i < table->size; i++) {
        cogo__free(cogo__ptr_load_relaxed(&table->slots[i])); // The newest table has them all.
    }
    while (table != NULL) {
        struct cogo__type_table *older = table->older;
        cogo__free(table);
        table = older;
    }
    cogo__ptr_store_relaxed(&types->table, NULL);
}

static cogo__aptr *slot_of(struct cogo__type_table *table, cogo_msg_type number)
{
    uint32_t at = number * UINT32_C(2654435769);
    for (;; at++) { // Ends: at most half of the slots are taken.
        cogo__aptr *slot = &table->slots[at & (table->size - 1)];
        const cogo_type *type = cogo__ptr_load_acquire(slot);
        if (type == NULL || type->number == number) {
            return slot;
        }
    }
}

const cogo_type *cogo__types_find(const cogo__types *types, cogo_msg_type number)
{
    // acquire: pairs with the releases in add(): table and type are seen whole.
    struct cogo__type_table *table = cogo__ptr_load_acquire(&types->table);
    return cogo__ptr_load_acquire(slot_of(table, number));
}

void cogo__type_name(const cogo__types *types, cogo_msg_type number, char *out, size_t size)
{
    static const char *const own[] = {
        [0] = "",
        [COGO_MSG_BYTES] = "bytes",
        [COGO_MSG_DOWN] = "down",
        [COGO_MSG_EXIT] = "exit",
        [COGO_MSG_TIMER] = "timer",
        [COGO_MSG_ASK_FAILED] = "ask failed",
        [COGO_MSG_DEAD_LETTER] = "dead letter",
        [COGO_MSG_MEMORY] = "memory",
        [COGO_MSG_CHILDREN] = "children",
        [COGO_MSG_POOL_STATS] = "pool stats",
        [COGO_MSG_GROUP] = "group",
        [COGO_MSG_IO] = "io",
        [COGO_MSG_NODE] = "node",
        [COGO_MSG_NAME] = "name",
        [COGO_MSG_SPAWNED] = "spawned",
    };
    const cogo_type *type = cogo__types_find(types, number);
    if (type != NULL) {
        (void)snprintf(out, size, "%s", type->name);
    } else if (number < sizeof own / sizeof *own && own[number] != NULL) {
        (void)snprintf(out, size, "%s", own[number]);
    } else {
        (void)snprintf(out, size, "%" PRIu32, number);
    }
}

const cogo_type *cogo__types_find_name(cogo__types *types, const char *name)
{
    const cogo_type *found = NULL;
    cogo__lock_take(&types->lock);
    struct cogo__type_table *table = cogo__ptr_load_relaxed(&types->table);
    for (uint32_t i = 0; found == NULL && i < table->size; i++) {
        const cogo_type *type = cogo__ptr_load_relaxed(&table->slots[i]);
        found = type != NULL && strcmp(type->name, name) == 0 ? type : NULL;
    }
    cogo__lock_give(&types->lock);
    return found;
}

/* Caller holds the lock. */
static cogo_err add(cogo__types *types, const cogo_type *type)
{
    struct cogo__type_table *table = cogo__ptr_load_relaxed(&types->table);
    const cogo_type *found = cogo__ptr_load_relaxed(slot_of(table, type->number));
    if (found != NULL) {
        return strcmp(found->name, type->name) == 0 ? COGO_OK : COGO_EEXIST;
    }
    if (table->count * 2 >= table->size) {
        struct cogo__type_table *bigger = table_create(types->from, table->size * 2, table);
        if (bigger == NULL) {
            return COGO_ENOMEM;
        }
        for (uint32_t i = 0; i < table->size; i++) {
            cogo_type *old = cogo__ptr_load_relaxed(&table->slots[i]);
            if (old != NULL) {
                cogo__ptr_store_relaxed(slot_of(bigger, old->number), old);
            }
        }
        bigger->count = table->count;
        cogo__ptr_store_release(&types->table, bigger);
        table = bigger;
    }
    cogo_type *copy = cogo__alloc(types->from, sizeof *copy);
    if (copy == NULL) {
        return COGO_ENOMEM;
    }
    *copy = *type;
    cogo__ptr_store_release(slot_of(table, type->number), copy);
    table->count++;
    return COGO_OK;
}

cogo_err cogo_type_register(cogo_system *system, const cogo_type *type)
{
    if (type == NULL || type->struct_size < sizeof *type || type->number < COGO_MSG_USER
        || type->name == NULL || type->name[0] == '\0') {
        return COGO_EINVAL;
    }
    cogo__lock_take(&system->types.lock);
    cogo_err err = add(&system->types, type);
    cogo__lock_give(&system->types.lock);
    return err;
}
