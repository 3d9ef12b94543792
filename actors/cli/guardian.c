#include "actors/cli/guardian.h"

#include "codec/contract/messages.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ALARM_TEXT_SIZE = 160 };
#define RESTART_DELAY_NS     UINT64_C(1000000000)
#define RESTART_DELAY_MAX_NS UINT64_C(30000000000)
#define CALM_NS              UINT64_C(60000000000) /* Who lived so long is begun again soon. */

typedef struct state {
    guardian_config config;
    uint64_t vital_monitors[GUARDIAN_VITAL_MAX];
    cogo_actor_id workers[GUARDIAN_WORKERS_MAX];
    uint64_t worker_monitors[GUARDIAN_WORKERS_MAX]; /* 0: there is none now. */
    bool leaving;
    uint64_t delays_ns[GUARDIAN_WORKERS_MAX]; /* Doubles with each restart that is not calm. */
    uint64_t begun_ns[GUARDIAN_WORKERS_MAX];
} state;

static void start_again_later(cogo_context *ctx, state *s, size_t worker)
{
    uint64_t timer;
    bool calm = cogo_now_ns(ctx) - s->begun_ns[worker] >= CALM_NS;
    uint64_t delay = calm ? RESTART_DELAY_NS : s->delays_ns[worker];
    s->delays_ns[worker] = 2 * delay < RESTART_DELAY_MAX_NS ? 2 * delay : RESTART_DELAY_MAX_NS;
    if (cogo_timer_start(ctx, delay, 0, worker, &timer) != COGO_OK) {
        cogo_exit(ctx, COGO_EXIT_ERROR, "no memory for a timer");
    }
}

static void start_worker(cogo_context *ctx, state *s, size_t worker)
{
    if (s->leaving) {
        return;
    }
    s->begun_ns[worker] = cogo_now_ns(ctx);
    if (worker_start(cogo_context_system(ctx), &s->config.workers[worker], &s->workers[worker])
            != COGO_OK
        || cogo_monitor(ctx, s->workers[worker], &s->worker_monitors[worker]) != COGO_OK) {
        s->worker_monitors[worker] = 0;
        start_again_later(ctx, s, worker);
    }
}

static cogo_err start(cogo_context *ctx, void *memory, const void *args)
{
    state *s = memory;
    memcpy(&s->config, args, sizeof s->config);
    for (size_t i = 0; i < s->config.vital_count; i++) {
        cogo_err err = cogo_monitor(ctx, s->config.vital[i], &s->vital_monitors[i]);
        if (err != COGO_OK) {
            return err;
        }
    }
    for (size_t i = 0; i < s->config.worker_count; i++) {
        s->delays_ns[i] = RESTART_DELAY_NS;
        start_worker(ctx, s, i);
    }
    return COGO_OK;
}

static void fire(int fd)
{
    uint64_t one = 1;
    (void)!write(fd, &one, sizeof one); /* Full means readable already. */
}

static void raise_alarm(state *s, const char *name, const cogo_reason *reason)
{
    if (reason->kind == COGO_EXIT_SHUTDOWN) {
        return; /* The node is being stopped. */
    }
    snprintf(s->config.alarm_text, ALARM_TEXT_SIZE, "%s ended: %s%s%s", name,
             reason->kind == COGO_EXIT_ERROR ? cogo_strerror(reason->err) : "unexpectedly",
             reason->text[0] != '\0' ? ": " : "", reason->text);
    fire(s->config.alarm_fd);
}

static void tell_if_left(const state *s)
{
    size_t there = 0;
    for (size_t i = 0; i < s->config.worker_count; i++) {
        there += s->worker_monitors[i] != 0;
    }
    if (s->leaving && there == 0) {
        fire(s->config.left_fd);
    }
}

static void on_leave(cogo_context *ctx, state *s, const worker_leave *order)
{
    s->leaving = true;
    for (size_t i = 0; i < s->config.worker_count; i++) {
        if (s->worker_monitors[i] != 0) {
            (void)worker_leave_order(ctx, s->workers[i], order->grace_ms);
        }
    }
    tell_if_left(s);
}

static void on_worker_down(cogo_context *ctx, state *s, size_t worker, const cogo_reason *why)
{
    s->worker_monitors[worker] = 0;
    if (s->leaving) {
        tell_if_left(s);
    } else if (why->kind != COGO_EXIT_SHUTDOWN) {
        start_again_later(ctx, s, worker);
    }
}

static cogo_err receive(cogo_context *ctx, void *memory, cogo_msg *msg)
{
    state *s = memory;
    if (cogo_msg_type_of(msg) == COGO_MSG_TIMER) {
        const cogo_timer_fired *fired = cogo_msg_payload(msg);
        start_worker(ctx, s, fired->cookie);
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) == MSG_WORKER_LEAVE) {
        on_leave(ctx, s, cogo_msg_payload(msg));
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) != COGO_MSG_DOWN) {
        return COGO_OK;
    }
    const cogo_down *down = cogo_msg_payload(msg);
    for (size_t i = 0; i < s->config.vital_count; i++) {
        if (down->monitor == s->vital_monitors[i]) {
            raise_alarm(s, s->config.vital_names[i], &down->reason);
        }
    }
    for (size_t i = 0; i < s->config.worker_count; i++) {
        if (down->monitor == s->worker_monitors[i]) {
            on_worker_down(ctx, s, i, &down->reason);
        }
    }
    return COGO_OK;
}

void guardian_leave(cogo_system *system, cogo_actor_id guardian, int64_t grace_ms)
{
    worker_leave order = {.grace_ms = grace_ms};
    (void)cogo_system_send(system, guardian,
                           cogo_msg_create_record(system, MSG_WORKER_LEAVE, &order));
}

cogo_err guardian_start(cogo_system *system, const guardian_config *config,
                        cogo_actor_id *out_id)
{
    static const cogo_behavior behavior = {
        .struct_size = sizeof(cogo_behavior),
        .name = "guardian",
        .state_size_bytes = sizeof(state),
        .start = start,
        .receive = receive,
    };
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &behavior,
        .args = config,
        .args_size_bytes = sizeof *config,
        .name = "guardian",
    };
    return cogo_system_spawn(system, &options, out_id);
}
