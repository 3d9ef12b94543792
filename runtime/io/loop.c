/* Any thread says what it wants by queueing a change; only the thread with the right touches
 * the libev loop. A watch is one-shot: it is stopped when it fires, and started again by the
 * next change; libev turns a stop and a start between two waits into no system call at all. */
#include "runtime/io/loop.h"

#include "runtime/actor/send.h"
#include "runtime/base/lock.h"

#include <ev.h>
#include <stdlib.h>

struct cogo__io_watch {
    ev_io ev;             // First: the loop's.
    cogo__io_watch *next; // In `changes`; this and what follows are guarded by the lock.
    cogo__io_watch *all_next, *all_prev;
    cogo_actor_id actor;
    uint64_t number, cookie;
    int fd;
    uint32_t wanted;
    bool queued, gone;
};

struct cogo__io {
    cogo__poller poller; // First.
    cogo_system *system;
    struct ev_loop *loop;
    ev_async bell;
    ev_timer alarm;
    cogo_context *here; // Of the thread with the right.
    cogo__lock lock;
    cogo__io_watch *changes, **changes_end, *all;
};

static cogo__io *io_of(cogo__poller *poller)
{
    return (cogo__io *)(void *)poller;
}

/* Caller holds the lock. */
static void queue(cogo__io *io, cogo__io_watch *watch)
{
    if (!watch->queued) {
        watch->queued = true;
        watch->next = NULL;
        *io->changes_end = watch;
        io->changes_end = &watch->next;
    }
}

/* Caller holds the lock. */
static void destroy(cogo__io *io, cogo__io_watch *watch)
{
    if (watch->all_prev != NULL) {
        watch->all_prev->all_next = watch->all_next;
    } else {
        io->all = watch->all_next;
    }
    if (watch->all_next != NULL) {
        watch->all_next->all_prev = watch->all_prev;
    }
    free(watch);
}

/* It fires once. A change that waits already says what is wanted now, so this event is void. */
static void on_ready(struct ev_loop *loop, ev_io *ev, int revents)
{
    cogo__io *io = ev_userdata(loop);
    cogo__io_watch *watch = (cogo__io_watch *)(void *)ev;
    ev_io_stop(loop, ev);
    cogo__lock_take(&io->lock);
    cogo_io_ready ready = {.watch = watch->number, .cookie = watch->cookie};
    cogo_actor_id actor = watch->actor;
    ready.events = (revents & EV_READ) != 0 ? COGO_IO_READ : 0;
    ready.events |= (revents & EV_WRITE) != 0 ? COGO_IO_WRITE : 0;
    if ((revents & EV_ERROR) != 0) { // The descriptor is bad: reading it will tell.
        ready.events = watch->wanted;
    }
    bool post = !watch->queued && !watch->gone;
    watch->wanted = post ? 0 : watch->wanted;
    cogo__lock_give(&io->lock);
    if (post) {
        cogo__post(io->system, io->here, actor, COGO_MSG_IO, ready.watch, 0, &ready,
                   sizeof ready);
    }
}

static void on_bell(struct ev_loop *loop, ev_async *ev, int revents)
{
    (void)loop, (void)ev, (void)revents; // It ends the wait.
}

static void on_alarm(struct ev_loop *loop, ev_timer *ev, int revents)
{
    (void)loop, (void)ev, (void)revents; // It ends the wait.
}

static void apply_changes(cogo__io *io)
{
    cogo__lock_take(&io->lock);
    cogo__io_watch *watch = io->changes;
    io->changes = NULL;
    io->changes_end = &io->changes;
    while (watch != NULL) {
        cogo__io_watch *next = watch->next;
        watch->queued = false;
        ev_io_stop(io->loop, &watch->ev);
        if (watch->gone) {
            destroy(io, watch);
        } else if (watch->wanted != 0) {
            int events = (watch->wanted & COGO_IO_READ) != 0 ? EV_READ : 0;
            events |= (watch->wanted & COGO_IO_WRITE) != 0 ? EV_WRITE : 0;
            ev_io_set(&watch->ev, watch->fd, events);
            ev_io_start(io->loop, &watch->ev);
        }
        watch = next;
    }
    cogo__lock_give(&io->lock);
}

static void poll(cogo__poller *poller, cogo_context *here, uint64_t timeout_ns)
{
    cogo__io *io = io_of(poller);
    io->here = here;
    apply_changes(io);
    if (timeout_ns != 0 && timeout_ns != UINT64_MAX) {
        ev_now_update(io->loop);
        ev_timer_set(&io->alarm, (double)timeout_ns / 1e9, 0.);
        ev_timer_start(io->loop, &io->alarm);
    }
    (void)ev_run(io->loop, timeout_ns == 0 ? EVRUN_NOWAIT : EVRUN_ONCE);
    ev_timer_stop(io->loop, &io->alarm);
}

static void ring(cogo__poller *poller)
{
    cogo__io *io = io_of(poller);
    ev_async_send(io->loop, &io->bell);
}

static void forget(cogo__poller *poller, cogo__ref *ref)
{
    cogo__io_watch_leave(io_of(poller), cogo__ptr_load_relaxed(&ref->answer));
}

static void finish(cogo__poller *poller)
{
    cogo__io *io = io_of(poller);
    while (io->all != NULL) {
        ev_io_stop(io->loop, &io->all->ev);
        destroy(io, io->all);
    }
    if (io->loop != NULL) {
        ev_async_stop(io->loop, &io->bell);
        ev_loop_destroy(io->loop);
    }
    cogo__lock_finish(&io->lock);
    free(io);
}

static cogo__io *create(cogo_system *system)
{
    cogo__io *io = calloc(1, sizeof *io);
    if (io == NULL) {
        return NULL;
    }
    io->poller.poll = poll;
    io->poller.ring = ring;
    io->poller.forget = forget;
    io->poller.finish = finish;
    io->system = system;
    io->changes_end = &io->changes;
    cogo__lock_init(&io->lock);
    // No environment, no extra descriptor for clock jumps: only monotonic time is used.
    io->loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_NOTIMERFD | EVBACKEND_EPOLL);
    if (io->loop == NULL) {
        finish(&io->poller);
        return NULL;
    }
    ev_set_userdata(io->loop, io);
    ev_async_init(&io->bell, on_bell);
    ev_async_start(io->loop, &io->bell);
    ev_init(&io->alarm, on_alarm);
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

cogo__io_watch *cogo__io_watch_create(cogo__io *io, int fd, cogo_actor_id actor,
                                      uint64_t number, uint64_t cookie)
{
    cogo__io_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return NULL;
    }
    ev_io_init(&watch->ev, on_ready, fd, EV_READ);
    watch->fd = fd;
    watch->actor = actor;
    watch->number = number;
    watch->cookie = cookie;
    cogo__lock_take(&io->lock);
    watch->all_next = io->all;
    if (io->all != NULL) {
        io->all->all_prev = watch;
    }
    io->all = watch;
    cogo__lock_give(&io->lock);
    return watch;
}

void cogo__io_watch_want(cogo__io *io, cogo_context *here, cogo__io_watch *watch,
                         uint32_t events)
{
    cogo__lock_take(&io->lock);
    watch->wanted = events;
    queue(io, watch);
    cogo__lock_give(&io->lock);
    cogo__poller_changed(io->system, here);
}

void cogo__io_watch_leave(cogo__io *io, cogo__io_watch *watch)
{
    cogo__lock_take(&io->lock);
    watch->gone = true;
    queue(io, watch);
    cogo__lock_give(&io->lock);
    // Freed by the next poll: there is no hurry, its reference is gone.
}
