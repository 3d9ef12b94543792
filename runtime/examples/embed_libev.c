/* Actors inside a libev loop: one I/O watcher for the system's descriptor, one timer for its
 * time-out. Everything here runs on the loop's thread. */
#include <cogo/cogo.h>

#include <ev.h>
#include <stdio.h>

enum { PING = COGO_MSG_USER, ROUNDS = 100, MS = 1000000 };
#define NS_PER_S 1e9

typedef struct embedded {
    cogo_system *system;
    ev_io bell;
    ev_timer timer;
    unsigned rounds; // Of the actor.
} embedded;

/* Polls, then tells libev when to come back. */
static void turn(struct ev_loop *loop, embedded *e)
{
    uint64_t timeout_ns = 0;
    if (cogo_system_poll(e->system, MS, &timeout_ns) != COGO_OK || e->rounds >= ROUNDS) {
        ev_break(loop, EVBREAK_ALL);
        return;
    }
    ev_timer_stop(loop, &e->timer);
    if (timeout_ns != UINT64_MAX) {
        ev_timer_set(&e->timer, (double)timeout_ns / NS_PER_S, 0.);
        ev_timer_start(loop, &e->timer);
    }
}

static void on_bell(struct ev_loop *loop, ev_io *watcher, int events)
{
    (void)events;
    turn(loop, watcher->data);
}

static void on_timer(struct ev_loop *loop, ev_timer *watcher, int events)
{
    (void)events;
    turn(loop, watcher->data);
}

/* Sends itself the next ping by a timer or at once, in turn. */
static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)msg;
    embedded *e = *(embedded **)state;
    if (++e->rounds % 10 == 0) {
        return cogo_timer_start(ctx, MS, 0, 0, NULL);
    }
    return cogo_send(ctx, cogo_self(ctx), cogo_msg_create(cogo_context_system(ctx), PING, 0));
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    *(embedded **)state = *(embedded *const *)args;
    return cogo_send(ctx, cogo_self(ctx), cogo_msg_create(cogo_context_system(ctx), PING, 0));
}

static const cogo_behavior pinger = {
    .struct_size = sizeof(cogo_behavior),
    .name = "pinger",
    .state_size_bytes = sizeof(embedded *),
    .start = start,
    .receive = receive,
};

int main(void)
{
    static embedded e;
    embedded *self = &e;
    cogo_system_config config = {.struct_size = sizeof config, .flags = COGO_SYSTEM_POLLED};
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &pinger,
        .args = &self,
        .args_size_bytes = sizeof self,
    };
    cogo_actor_id id;
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    if (loop == NULL || cogo_system_create(&config, &e.system) != COGO_OK) {
        return 1;
    }
    if (cogo_system_spawn(e.system, &options, &id) == COGO_OK) {
        ev_io_init(&e.bell, on_bell, cogo_system_poll_fd(e.system), EV_READ);
        ev_timer_init(&e.timer, on_timer, 0., 0.);
        e.bell.data = e.timer.data = &e;
        ev_io_start(loop, &e.bell);
        turn(loop, &e);
        ev_run(loop, 0);
    }
    printf("%u rounds\n", e.rounds);
    (void)cogo_system_stop(e.system, UINT64_C(1000) * MS);
    cogo_system_destroy(e.system);
    ev_loop_destroy(loop);
    return e.rounds < ROUNDS;
}
