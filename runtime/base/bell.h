/* A bell: a file descriptor that a foreign event loop can wait on.
 * Used by systems that are polled by their host's loop.
 * Never blocks the one who rings; many rings before an answer are one. */
#ifndef COGO_BASE_BELL_H
#define COGO_BASE_BELL_H

#include "runtime/base/atomic.h"

#include <cogo/error.h>

typedef struct cogo__bell {
    int fd;           /**< Readable while it rings; -1: none. */
    cogo__au32 rings; /**< 1: the descriptor is readable, or will be in a moment. */
} cogo__bell;

/** COGO_OK or COGO_EIO (no descriptor left). */
cogo_err cogo__bell_open(cogo__bell *bell);
void cogo__bell_close(cogo__bell *bell);
/** Any thread. */
void cogo__bell_ring(cogo__bell *bell);
/** The one who waits: silent again. What the ringer did before is seen after. True: it rang. */
bool cogo__bell_answer(cogo__bell *bell);
/** Sleeps until it rings, at most @p timeout_ns (UINT64_MAX: no limit). May return early. */
void cogo__bell_wait(const cogo__bell *bell, uint64_t timeout_ns);

#endif
