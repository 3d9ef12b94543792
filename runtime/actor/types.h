/* Message types by number.
 * Used when a record message is made.
 * Never shrinks; lookups take no lock. */
#ifndef COGO_ACTOR_TYPES_H
#define COGO_ACTOR_TYPES_H

#include "runtime/base/alloc.h"
#include "runtime/base/atomic.h"
#include "runtime/base/lock.h"

#include <cogo/message.h>

struct cogo__type_table;

typedef struct cogo__types {
    cogo__aptr table; /**< Replaced by a bigger one; old ones live until the end. */
    cogo__lock lock;
    const cogo_allocator *from;
} cogo__types;

cogo_err cogo__types_init(cogo__types *types, const cogo_allocator *from);
void cogo__types_finish(cogo__types *types);
/** NULL if the number is not registered. Any thread. */
const cogo_type *cogo__types_find(const cogo__types *types, cogo_msg_type number);
/** What people call it: its registered name, the runtime's own, or the number; cut to @p size.
 * Any thread. */
void cogo__type_name(const cogo__types *types, cogo_msg_type number, char *out, size_t size);
/** NULL if no type has this name. Any thread; takes the lock. */
const cogo_type *cogo__types_find_name(cogo__types *types, const char *name);

#endif
