/* The epoll descriptor of one system: descriptors in, messages out.
 * Used by the calls of cogo/io.h; waited for by whichever lane would sleep.
 * Never reads or writes a watched descriptor, and never has a thread of its own. */
#ifndef COGO_IO_LOOP_H
#define COGO_IO_LOOP_H

#include "runtime/sched/poller.h"

#include <cogo/io.h>

typedef struct cogo__io cogo__io;

/** The system's, made when first asked for. NULL: it can't be made. */
cogo__io *cogo__io_of(cogo_system *system);
/** Adds @p fd for the reference @p number; nothing is wanted yet. COGO_OK; COGO_EEXIST;
 * COGO_EIO (not a descriptor that can be waited for); COGO_ENOMEM. Any thread. */
cogo_err cogo__io_add(cogo__io *io, int fd, uint64_t number);
/** COGO_IO_* to be told of once. Any thread. */
cogo_err cogo__io_want(cogo__io *io, cogo_context *here, int fd, uint64_t number,
                       uint32_t events);
/** Any thread, before @p fd is closed. */
void cogo__io_remove(cogo__io *io, int fd);

/** The actor that watches is nudged from now on when something is ready, or gets a message as
 * others do if it is at work: each time that it is drained it takes what is told. Its
 * reference, up to cogo_io_unwatch(). */
cogo__ref *cogo__io_quiet(cogo_context *ctx, uint64_t watch);

/** COGO_IO_* that are ready since the last time; 0: none. Whoever watches. */
static inline uint32_t cogo__io_take(cogo__ref *ref)
{
    // relaxed: who nudged came before this turn; who did not sends a message.
    uint64_t told = cogo__u64_load_relaxed(&ref->told);
    // acq_rel: as accept() in turn.c does.
    return (uint32_t)told == 0
               ? 0
               : (uint32_t)cogo__u64_swap_acq_rel(&ref->told, told & ~(uint64_t)UINT32_MAX);
}

#endif
