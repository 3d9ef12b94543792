/* The actor's own thread tells epoll what it wants, also while a lane waits; so a descriptor is
 * never touched by anybody else, and may be closed as soon as it is removed. An event carries
 * the number of the reference, never a pointer: one that comes too late finds nobody. */
#include "runtime/io/loop.h"

#include "runtime/actor/send.h"
#include "runtime/base/call.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { EVENTS_MAX = 64 }; // Taken from the kernel at a time.

#define NS_PER_S UINT64_C(1000000000)
// Numbers of no reference.
#define BELL     UINT64_MAX
#define CLOCK    (UINT64_MAX - 1)

struct cogo__io {
    cogo__poller poller; // First.
    cogo_system *system;
    int epoll, bell, clock;
    uint64_t alarm_ns; // The clock ends a wait then; 0: it is not set. Of who has the right.
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

/* Hang-up and error show in both directions: reading or writing tells which. */
static uint32_t told_by(uint32_t events)
{
    bool any = (events & (uint32_t)(EPOLLHUP | EPOLLERR)) != 0;
    uint32_t told = (events & EPOLLIN) != 0 || any ? COGO_IO_READ : 0;
    told |= (events & EPOLLOUT) != 0 || any ? COGO_IO_WRITE : 0;
    return told | ((events & EPOLLRDHUP) != 0 || any ? COGO_IO_END : 0);
}

/* An idle owner that wants no message: the caller's to run, or NULL. Such an owner is on no
 * thread of its own; who came in its place may be, and is scheduled. While it is held nobody
 * else writes `told`: its owner takes from there in its turns, and we have the right. */
static cogo__cell *nudge(cogo__io *io, cogo_context *here, cogo__ref *ref,
                         const struct epoll_event *event)
{
    bool same = false;
    if (cogo__u32_load_relaxed(&ref->quiet) == 0) {
        return NULL;
    }
    cogo__cell *cell = cogo__nudge_hold(io->system, cogo__ref_owner(io->system, ref), &same);
    if (cell != NULL && !same) {
        cogo__sched_ready(io->system, here, cell);
    }
    if (!same) {
        return NULL;
    }
    uint64_t before = cogo__u64_load_relaxed(&ref->told);
    if (before >> 32 == event->data.u64 >> 32) {
        cogo__u64_store_relaxed(&ref->told, before | told_by(event->events));
    }
    return cell;
}

/* The owner may be gone, or another one's by now: the message is checked against the number
 * again when it is dispatched, and only then takes what it tells from `told`. */
static void tell(cogo__io *io, cogo_context *here, cogo__ref *ref,
                 const struct epoll_event *event)
{
    const uint64_t number = event->data.u64;
    uint64_t before = cogo__u64_load_relaxed(&ref->told);
    do {
        if (before >> 32 != number >> 32) {
            return; // Another's since.
        }
        // acq_rel: pairs with the exchange of accept() in turn.c: who finds bits here comes
        // before it, so what the descriptor had then is there when its owner looks.
    } while (!cogo__u64_cas_acq_rel(&ref->told, &before, before | told_by(event->events)));
    if ((uint32_t)before != 0) {
        return; // A message or a nudge is under way.
    }
    const cogo_actor_id owner = cogo__ref_owner(io->system, ref);
    cogo_io_ready ready = {.watch = number};
    cogo_msg *msg = cogo__msg_alloc(io->system, here->heap, COGO_MSG_IO, sizeof ready);
    if (msg == NULL) { // The next change tries again.
        cogo__u64_store_relaxed(&ref->told, before);
        cogo__log(io->system, COGO_LOG_ERROR,
                  "out of memory: an event of a descriptor is lost");
        return;
    }
    cogo__post_in(io->system, here, msg, owner, COGO_MSG_IO, number, 0, &ready, sizeof ready);
}

/* A wait with a limit of its own costs two settings of a timer, and nearly all waits end long
 * before theirs. So the limit is a clock among the descriptors, which stays set: it is set anew
 * only when it would ring too late. If it rings too early, because what it was set for is over,
 * that is one wait more. */
static void set_clock(cogo__io *io, uint64_t now_ns, uint64_t deadline_ns)
{
    bool in_time =
        deadline_ns == COGO__FOREVER || (io->alarm_ns > now_ns && io->alarm_ns <= deadline_ns);
    if (in_time) {
        return;
    }
    uint64_t left = deadline_ns - now_ns;
    const struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(left / NS_PER_S), .tv_nsec = (long)(left % NS_PER_S)}};
    io->alarm_ns = timerfd_settime(io->clock, 0, &at, NULL) == 0 ? deadline_ns : 0;
}

/* The first one that need only run is the caller's; the others are scheduled. */
static void handle(cogo__io *io, cogo_context *here, const struct epoll_event *event,
                   cogo__cell **ready)
{
    cogo__ref *ref = cogo__ref_find(&io->system->refs, event->data.u64);
    cogo__cell *cell = ref != NULL ? nudge(io, here, ref, event) : NULL;
    if (cell == NULL && ref != NULL) {
        tell(io, here, ref, event);
    } else if (cell != NULL && *ready == NULL) {
        *ready = cell;
    } else if (cell != NULL) {
        cogo__sched_ready(io->system, here, cell);
    }
}

static cogo__cell *poll(cogo__poller *poller, cogo_context *here, uint64_t now_ns,
                        uint64_t deadline_ns)
{
    cogo__io *io = io_of(poller);
    struct epoll_event events[EVENTS_MAX];
    const bool waits = deadline_ns != now_ns;
    cogo__cell *ready = NULL;
    if (waits) {
        set_clock(io, now_ns, deadline_ns);
    }
    int count = cogo__call_epoll_wait(io->epoll, events, EVENTS_MAX, waits ? -1 : 0);
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == BELL) {
            quiet_bell(io);
        } else if (events[i].data.u64 == CLOCK) {
            io->alarm_ns = 0;
        } else {
            handle(io, here, &events[i], &ready);
        }
    }
    return ready;
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
    if (io->clock >= 0) {
        (void)close(io->clock);
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
    // Each time that it rings is a change: it need not be read.
    struct epoll_event clock = {.events = (uint32_t)(EPOLLIN | EPOLLET), .data.u64 = CLOCK};
    io->poller.poll = poll;
    io->poller.ring = ring;
    io->poller.forget = forget;
    io->poller.finish = finish;
    io->system = system;
    io->epoll = epoll_create1(EPOLL_CLOEXEC);
    io->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    io->clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (io->epoll < 0 || io->bell < 0 || io->clock < 0
        || epoll_ctl(io->epoll, EPOLL_CTL_ADD, io->bell, &bell) != 0
        || epoll_ctl(io->epoll, EPOLL_CTL_ADD, io->clock, &clock) != 0) {
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
    bool stays = (events & COGO_IO_STAYS) != 0;
    struct epoll_event event = {.events = stays ? (uint32_t)EPOLLET : (uint32_t)EPOLLONESHOT,
                                .data.u64 = number};
    // The end of input changes nothing that is watched when it comes together with data.
    uint32_t in = stays ? (uint32_t)(EPOLLIN | EPOLLRDHUP) : (uint32_t)EPOLLIN;
    event.events |= (events & COGO_IO_READ) != 0 ? in : 0;
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
