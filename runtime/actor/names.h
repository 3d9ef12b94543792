/* Names of actors, and of children under their supervisors.
 * Used by spawn, by lookups, and at the end of an actor.
 * Never on the way of a message: one lock guards it. */
#ifndef COGO_ACTOR_NAMES_H
#define COGO_ACTOR_NAMES_H

#include "runtime/base/alloc.h"
#include "runtime/base/lock.h"

#include <cogo/actor.h>

enum { COGO__NAME_MAX = 255 }; /**< Bytes. */

struct cogo__name;

/* `scope` 0 for names of the system; a supervisor's slot and generation for its children. */
typedef struct cogo__names {
    cogo__lock lock;
    struct cogo__name **by_name, **by_slot; /**< Chains. */
    uint32_t bucket_count, count;
    const cogo_allocator *from;
} cogo__names;

cogo_err cogo__names_init(cogo__names *names, const cogo_allocator *from);
void cogo__names_finish(cogo__names *names);
/** @p shown false: taken, but not found before cogo__names_show(). */
cogo_err cogo__names_add(cogo__names *names, uint64_t scope, const char *name, cogo_actor_id id,
                         bool shown);
/** All names of @p id are found from here on. */
void cogo__names_show(cogo__names *names, cogo_actor_id id);
cogo_err cogo__names_remove(cogo__names *names, uint64_t scope, const char *name);
/** All names of @p id. */
void cogo__names_remove_actor(cogo__names *names, cogo_actor_id id);
cogo_actor_id cogo__names_find(cogo__names *names, uint64_t scope, const char *name);
/** As above, also of a name that is not shown yet: who took it. */
cogo_actor_id cogo__names_holder(cogo__names *names, uint64_t scope, const char *name);
/** One name of @p id, cut to @p size, or "". */
void cogo__names_of(cogo__names *names, cogo_actor_id id, char *out, size_t size);

#endif
