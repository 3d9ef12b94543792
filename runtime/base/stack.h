/* Where a thread is right now, seen from another one.
 * Used by the watcher for a callback that does not return.
 * Never touches the process-wide table of signal handlers unless the program asked for it. */
#ifndef COGO_BASE_STACK_H
#define COGO_BASE_STACK_H

#include "runtime/base/world.h"

#include <stddef.h>

enum {
    COGO__STACK_FRAMES = 32,
    COGO__STACK_TEXT = 64, /**< Bytes for one frame as text. */
    COGO__STACK_WAIT_NS =
        20000000, /**< A thread that does not answer for so long has no stack. */
};

/* Filled by the signal handler on the thread that is asked. Lives as long as that thread. */
typedef struct cogo__stack {
    void *frames[COGO__STACK_FRAMES];
    uint32_t count;
    cogo__au32 done;      /**< release: the rest is written. */
    cogo__parker *parker; /**< Who asks sleeps here. */
} cogo__stack;

/** Makes @p signal fill stacks. COGO_OK (also when it did before); COGO_EEXIST: the program has
 * a handler of its own for it; COGO_EINVAL: no such signal. */
cogo_err cogo__stack_install(int signal);
/** The calling thread answers @p signal from now on. */
void cogo__stack_listen(int signal);
/** A frame as "function+0x12" or "module+0x1234", which addr2line understands. */
void cogo__stack_text(const void *frame, char out[COGO__STACK_TEXT]);

#endif
