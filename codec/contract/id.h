/* Prefixed, sortable ids: "tsk_" and 26 characters of Crockford base 32 (48 bits of wall-clock
 * ms, 80 random bits), as in the ULID specification. Used by the orchestrator and by doors that
 * check what they are given. Never reads a clock or random numbers itself. */
#ifndef CONTRACT_ID_H
#define CONTRACT_ID_H

#include <stdbool.h>
#include <stdint.h>

enum { ID_SIZE = 32 }; /* Bytes of the longest id with its NUL. */

/* Writes an id with the three-letter @p prefix. */
void id_make(char out[ID_SIZE], const char *prefix, int64_t wall_ms, uint64_t random_high,
             uint64_t random_low);

/* True when @p text is a well-formed id with @p prefix. NULL is not. */
bool id_check(const char *text, const char *prefix);

#endif
