/* What a worker type can do, as the records that it registers with.
 * Used by the worker when it registers. Never runs a program: a tool is looked for, not asked.
 */
#ifndef WORKER_CAPABILITY_H
#define WORKER_CAPABILITY_H

#include "actors/roles/role.h"
#include "codec/contract/records.h"

enum { CAPABILITY_LIGHT_SLOTS = 1024 }; /* Of a role that returns at once. */

/* The role @p name if workers of @p type run it; NULL otherwise. */
const role *capability_role(const worker_type *type, const char *name);

/* One role_capability per role of @p type, and for echo, in @p arena. */
COGO_MUST_USE cogo_err capability_list(const worker_type *type, int64_t slots,
                                       cogo_arena *arena, cogo_records *out);

#endif
