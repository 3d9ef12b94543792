/* Waiting for file descriptors: an actor gets a message when one is ready.
 * Used by actors that speak to sockets and pipes; one of the system's idle lanes waits for all
 * of them, so there is no thread in between. Never reads or writes: the actor does, without
 * blocking. */
#ifndef COGO_IO_H
#define COGO_IO_H

#include <cogo/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    COGO_IO_READ = 1 << 0,  /**< There is something to read, or the end, or an error. */
    COGO_IO_WRITE = 1 << 1, /**< There is room to write, or an error. */
    COGO_IO_STAYS = 1 << 2, /**< To cogo_io_want(): each change is told, without a new want. */
    COGO_IO_END = 1 << 3,   /**< Told unasked: the other side has ended, or an error. */
};

/** Payload of COGO_MSG_IO. */
typedef struct cogo_io_ready {
    uint64_t watch;  /**< What cogo_io_watch() gave. */
    uint64_t cookie; /**< As given to cogo_io_watch(). */
    uint32_t events; /**< COGO_IO_*: what is ready, of what was wanted; COGO_IO_END. */
} cogo_io_ready;

/**
 * Watches @p fd for this actor. Nothing is waited for until cogo_io_want().
 *
 * Ownership: borrows @p fd, which must be non-blocking and stay open until cogo_io_unwatch(),
 * or until the actor's stop() (its watches are gone by then).
 *
 * Threads: inside a behaviour.
 * @param cookie comes back in each cogo_io_ready.
 * @return COGO_OK; COGO_EINVAL (negative @p fd); COGO_EEXIST (this system watches it already);
 *         COGO_ENOMEM; COGO_EIO (not a descriptor that can be waited for, such as a file);
 *         COGO_EUNSUPPORTED in a polled system.
 */
COGO_API COGO_MUST_USE cogo_err cogo_io_watch(cogo_context *ctx, int fd, uint64_t cookie,
                                              uint64_t *out_watch);
/**
 * One COGO_MSG_IO will arrive when @p fd is ready for any of @p events (an error is told as all
 * of them); then nothing more until this is called again. Replaces what was wanted before; 0
 * wants nothing.
 *
 * With COGO_IO_STAYS they go on arriving, without a system call each: one when @p fd is ready
 * now, and one for each time that more comes or more room is made; what changes before it is
 * handled is told by the same. So whoever is told reads until there is no more (less than asked
 * for is enough, unless COGO_IO_END is told), or writes until there is no room, else it waits
 * for ever for what is there already.
 *
 * Threads: the actor that watches.
 * @return COGO_OK; COGO_ENOTFOUND (no such watch); COGO_EIO (the descriptor was closed).
 */
COGO_API cogo_err cogo_io_want(cogo_context *ctx, uint64_t watch, uint32_t events);
/**
 * No COGO_MSG_IO of @p watch arrives after this, also if one is in the mailbox already; its
 * file descriptor may be closed then.
 *
 * Threads: the actor that watches.
 */
COGO_API void cogo_io_unwatch(cogo_context *ctx, uint64_t watch);

#ifdef __cplusplus
}
#endif
#endif
