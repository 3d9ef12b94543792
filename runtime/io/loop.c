/* The actor's own thread tells epoll what it wants, also while a lane waits; so a descriptor is
 * never touched by anybody else, and may be closed as soon as it is removed. An event carries
 * the number of the reference, never a pointer: one that comes too late finds nobody. */
#include "runtime/io/loop.h"

#include "runtime/actor/send.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 64 }; // Taken from the kernel at a time.

#define BELL UINT64_MAX // The number of no reference.

struct cogo__io {
    cogo__poller poller; // First.
    cogo_system *system;
    int epoll, bell;
};

static cogo__io *io_of(cogo__poller *poller)
{
    return (cogo__io *)(void *)poller;
}

static void quiet_bell(cogo__io *io)
{
    uint64_t rings;
    ssize_t got = read(io->bell, &rings, sizeof rings);
    (void)got; // Non-blocking: whoever rang has been heard, or nobody rang.
}

/* The owner may be gone, or another one's by now: the message is checked against the number
 * again when it is dispatched. */
static void tell(cogo__io *io, cogo_context *here, const struct epoll_event *event)
{
    uint64_t number = event->data.u64;
    const cogo__ref *ref = cogo__ref_find(&io->system->refs, number);
    if (ref == NULL) {
        return;
    }
    // Hang-up and error show in both directions: reading or writing tells which.
    uint32_t any = event->events & (uint32_t)(EPOLLHUP | EPOLLERR);
    cogo_io_ready ready = {.watch = number};
    ready.events = (event->events & EPOLLIN) != 0 || any != 0 ? COGO_IO_READ : 0;
    ready.events |= (event->events & EPOLLOUT) != 0 || any != 0 ? COGO_IO_WRITE : 0;
    cogo__post(io->system, here, cogo__ref_owner(io->system, ref), COGO_MSG_IO, number, 0,
               &ready, sizeof ready);
}

static void poll(cogo__poller *poller, cogo_context *here, uint64_t timeout_ns)
{
    cogo__io *io = io_of(poller);
    struct epoll_event events[EVENTS_MAX];
    struct timespec limit = {.tv_sec = (time_t)(timeout_ns / 1000000000),
                             .tv_nsec = (long)(timeout_ns % 1000000000)};
    int count = epoll_pwait2(io->epoll, events, EVENTS_MAX,
                             timeout_ns == UINT64_MAX ? NULL : &limit, NULL);
    if (count < 0 && errno == ENOSYS) { // Linux before 5.11; rounded up.
        uint64_t ms = timeout_ns / 1000000 + (timeout_ns % 1000000 != 0);
        int most = timeout_ns == UINT64_MAX ? -1 : ms < INT32_MAX ? (int)ms : INT32_MAX;
        count = epoll_wait(io->epoll, events, EVENTS_MAX, most);
    }
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == BELL) {
            quiet_bell(io);
        } else {
            tell(io, here, &events[i]);
        }
    }
}

static void ring(cogo__poller *poller)
{
    const uint64_t one = 1;
    ssize_t put = write(io_of(poller)->bell, &one, sizeof one);
    (void)put; // Full means rung.
}

static void forget(cogo__poller *poller, const cogo__ref *ref)
{
    cogo__io_remove(io_of(poller), ref->fd);
}

static void finish(cogo__poller *poller)
{
    cogo__io *io = io_of(poller);
    if (io->epoll >= 0) {
        (void)close(io->epoll);
    }
    if (io->bell >= 0) {
        (void)close(io->bell);
    }
    cogo__free(io);
}

static cogo__io *create(cogo_system *system)
{
    cogo__io *io = cogo__alloc_zeroed(system->config.allocator, 1, sizeof *io);
    if (io == NULL) {
        return NULL;
    }
    struct epoll_event bell = {.events = EPOLLIN, .data.u64 = BELL};
    io->poller.poll = poll;
    io->poller.ring = ring;
    io->poller.forget = forget;
    io->poller.finish = finish;
    io->system = system;
    io->epoll = epoll_create1(EPOLL_CLOEXEC);
    io->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (io->epoll < 0 || io->bell < 0
        || epoll_ctl(io->epoll, EPOLL_CTL_ADD, io->bell, &bell) != 0) {
        finish(&io->poller);
        return NULL;
    }
    return io;
}

cogo__io *cogo__io_of(cogo_system *system)
{
    cogo__poller *there = cogo__poller_of(system);
    if (there != NULL) {
        return io_of(there);
    }
    cogo__io *io = create(system);
    if (io == NULL) {
        return NULL;
    }
    there = cogo__poller_set(system, &io->poller);
    if (there != &io->poller) {
        finish(&io->poller); // Somebody was faster.
    }
    return io_of(there);
}

cogo_err cogo__io_add(cogo__io *io, int fd, uint64_t number)
{
    struct epoll_event event = {.events = EPOLLONESHOT, .data.u64 = number};
    if (epoll_ctl(io->epoll, EPOLL_CTL_ADD, fd, &event) == 0) {
        return COGO_OK;
    }
    return errno == EEXIST                      ? COGO_EEXIST
           : errno == ENOMEM || errno == ENOSPC ? COGO_ENOMEM
                                                : COGO_EIO;
}

cogo_err cogo__io_want(cogo__io *io, cogo_context *here, int fd, uint64_t number,
                       uint32_t events)
{
    struct epoll_event event = {.events = EPOLLONESHOT, .data.u64 = number};
    event.events |= (events & COGO_IO_READ) != 0 ? (uint32_t)EPOLLIN : 0;
    event.events |= (events & COGO_IO_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0;
    if (epoll_ctl(io->epoll, EPOLL_CTL_MOD, fd, &event) != 0) {
        return COGO_EIO; // Closed before it was unwatched.
    }
    cogo__poller_needed(io->system, here);
    return COGO_OK;
}

void cogo__io_remove(cogo__io *io, int fd)
{
    (void)epoll_ctl(io->epoll, EPOLL_CTL_DEL, fd, NULL); // Fails if it is closed: gone, too.
}
