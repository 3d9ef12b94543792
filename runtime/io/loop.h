/* The libev loop of one system: descriptors in, messages out.
 * Used by the calls of cogo/io.h; run by whichever lane would sleep.
 * Never reads or writes a watched descriptor, and never has a thread of its own. */
#ifndef COGO_IO_LOOP_H
#define COGO_IO_LOOP_H

#include "runtime/sched/poller.h"

#include <cogo/io.h>

typedef struct cogo__io_watch cogo__io_watch;
typedef struct cogo__io cogo__io;

/** The system's loop, made when first asked for. NULL: it can't be made. */
cogo__io *cogo__io_of(cogo_system *system);
/** A watch that wants nothing, for the reference @p number of @p actor. NULL: out of memory. */
cogo__io_watch *cogo__io_watch_create(cogo__io *io, int fd, cogo_actor_id actor,
                                      uint64_t number, uint64_t cookie);
/** Replaces what is wanted. Any thread. */
void cogo__io_watch_want(cogo__io *io, cogo_context *here, cogo__io_watch *watch,
                         uint32_t events);
/** Wants nothing any more; the loop frees it. Any thread. */
void cogo__io_watch_leave(cogo__io *io, cogo__io_watch *watch);

#endif
