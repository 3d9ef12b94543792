#include "runtime/actor/offers.h"

#include "runtime/actor/core.h"

#include <string.h>

enum { CAPACITY_FIRST = 16 };

void cogo__offers_init(cogo__offers *offers, const cogo_allocator *from)
{
    offers->from = from;
    cogo__lock_init(&offers->lock);
}

void cogo__offers_finish(cogo__offers *offers)
{
    cogo__free(offers->list);
    offers->list = NULL;
    offers->count = 0;
    cogo__lock_finish(&offers->lock);
}

/* Caller holds the lock. */
static const cogo__offer *find(const cogo__offers *offers, const char *name)
{
    for (uint32_t i = 0; i < offers->count; i++) {
        if (strcmp(offers->list[i].behavior->name, name) == 0) {
            return &offers->list[i];
        }
    }
    return NULL;
}

bool cogo__offers_find(cogo__offers *offers, const char *name, cogo__offer *out)
{
    cogo__lock_take(&offers->lock);
    const cogo__offer *found = find(offers, name);
    *out = found != NULL ? *found : (cogo__offer){NULL, NULL};
    cogo__lock_give(&offers->lock);
    return found != NULL;
}

/* Caller holds the lock. */
static cogo_err add(cogo__offers *offers, const cogo_behavior *behavior,
                    const cogo_record *args)
{
    const cogo__offer *found = find(offers, behavior->name);
    if (found != NULL) {
        return found->behavior == behavior && found->args == args ? COGO_OK : COGO_EEXIST;
    }
    if (offers->count >= COGO_PLACEMENT_BEHAVIORS_MAX) {
        return COGO_ELIMIT;
    }
    if (offers->count == offers->capacity) {
        uint32_t wanted = offers->capacity != 0 ? offers->capacity * 2 : CAPACITY_FIRST;
        cogo__offer *bigger =
            cogo__realloc(offers->from, offers->list, wanted * sizeof *bigger);
        if (bigger == NULL) {
            return COGO_ENOMEM;
        }
        offers->list = bigger;
        offers->capacity = wanted;
    }
    offers->list[offers->count++] = (cogo__offer){behavior, args};
    return COGO_OK;
}

cogo_err cogo_behavior_register(cogo_system *system, const cogo_behavior *behavior,
                                const cogo_record *args)
{
    size_t length = behavior != NULL && behavior->name != NULL
                        ? strnlen(behavior->name, COGO__NAME_MAX + 1)
                        : 0;
    if (length == 0 || length > COGO__NAME_MAX || behavior->receive == NULL
        || behavior->struct_size < COGO__BEHAVIOR_SIZE_MIN) {
        return COGO_EINVAL;
    }
    cogo__lock_take(&system->offers.lock);
    cogo_err err = add(&system->offers, behavior, args);
    cogo__lock_give(&system->offers.lock);
    return err;
}
