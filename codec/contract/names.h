/* The role names and worker types of the outer contract, and the nearest known name to a wrong
 * one. Used by the orchestrator, the doors and the command line for "Unknown role: x (did you
 * mean y?)". Never says whether a role is offered: the registered workers do. */
#ifndef CONTRACT_NAMES_H
#define CONTRACT_NAMES_H

#include <stddef.h>

typedef struct contract_worker_type {
    const char *name;
    const char *const
        *roles; /* Ends with NULL; `echo` belongs to each type and is not listed. */
} contract_worker_type;

extern const contract_worker_type contract_worker_types[]; /* Ends with a type without name. */

/* True for every role of every type, and for "echo". NULL is none. */
int contract_role_known(const char *name);

/* Writes up to @p capacity of @p known (ends with NULL) that are nearest to @p name by edit
 * distance and not absurdly far, best first. Returns how many. */
size_t names_nearest(const char *name, const char *const *known, const char **out,
                     size_t capacity);

#endif
