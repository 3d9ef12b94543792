/* Idempotency keys of submits. Used by all doors. Never decides whether a key is known: the
 * orchestrator does. */
#ifndef DOORS_KEY_H
#define DOORS_KEY_H

#include "codec/contract/messages.h"

enum { KEY_MAX = 255 }; /* Bytes of a client's key. */

/* 1 to KEY_MAX printable ASCII characters. */
bool key_valid(const char *key);

/* Puts the key of a client of submit->tenant into @p submit, and what it is for: @p bytes of
 * the request. Keys of different tenants never meet. False: out of memory. */
bool key_put(task_submit *submit, const char *key, const void *bytes, size_t size,
             cogo_arena *arena);

#endif
