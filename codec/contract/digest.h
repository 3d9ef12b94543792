/* SHA-256 as text: names of contents, and what is kept of secrets.
 * Used by the doors and the orchestrator. Never compares anything. */
#ifndef CONTRACT_DIGEST_H
#define CONTRACT_DIGEST_H

#include <stddef.h>

enum { DIGEST_SIZE = 65 /* 64 hexadecimal digits and a NUL. */ };

void digest_hex(const void *bytes, size_t size, char out[DIGEST_SIZE]);

#endif
