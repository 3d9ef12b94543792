/* Names and bytes of artifacts: what they are called by, and how their bytes travel in
 * messages. Used by the store, the orchestrator and the doors. Never keeps anything. */
#ifndef CONTRACT_ARTIFACT_H
#define CONTRACT_ARTIFACT_H

#include "codec/contract/records.h"

#include <cogo/arena.h>

enum {
    ARTIFACT_INLINE_MAX = 256 * 1024,      /* Bytes of a value that stays in its record. */
    ARTIFACT_BYTES_MAX = 16 * 1024 * 1024, /* Of one artifact. */
    ARTIFACTS_OF_TASK_MAX = 256,           /* Of all attempts of one task, */
};
#define ARTIFACTS_BYTES_MAX (INT64_C(256) * 1024 * 1024) /* and their bytes. */

/* 1 to 128 of A-Z, a-z, 0-9, '.', '-' and '_', not beginning with '.'. */
bool artifact_name_valid(const char *name);

/* Any bytes as one MessagePack value (a bin), in @p arena. Size 0: out of memory, or more than
 * 4 GiB. */
cogo_value artifact_wrap(const void *bytes, size_t size, cogo_arena *arena);

/* The bytes in such a value, which stays their owner. False: it is none. */
bool artifact_unwrap(cogo_value value, const uint8_t **out_bytes, size_t *out_size);

/* The latest artifact of @p t with this name; NULL: none. */
const artifact *artifact_of(const task *t, const char *name);

#endif
