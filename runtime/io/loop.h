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

#endif
