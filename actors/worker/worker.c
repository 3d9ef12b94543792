/* The worker actor: who it is, and what becomes of each message. */
#include "actors/worker/room.h"
#include "actors/worker/scratch.h"
#include "codec/contract/messages.h"

#include <cogo/node.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define ORCHESTRATOR_DEFAULT "orchestrator"

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    worker *w = state;
    memcpy(w, args, sizeof *w);
    w->type = worker_type_find(w->type_name);
    w->counted_ns = cogo_now_ns(ctx);
    w->window_ns = w->counted_ns;
    w->register_delay_ms = REGISTER_DELAY_MIN_MS;
    // Without it (no node, too many subscribers) the orchestrator is found only a little later.
    (void)!cogo_node_subscribe(cogo_context_system(ctx), cogo_self(ctx));
    worker_tick(ctx, w);
    return COGO_OK;
}

static void on_timer(cogo_context *ctx, worker *w, const cogo_timer_fired *fired)
{
    if (fired->timer == w->tick) {
        w->tick = 0;
        worker_tick(ctx, w);
    } else if (fired->timer == w->leave_timer) {
        worker_on_leave_timer(ctx, w);
    } else {
        worker_on_attempt_timer(ctx, w, (int64_t)fired->cookie);
    }
}

static void on_down(cogo_context *ctx, worker *w, const cogo_down *down)
{
    if (down->monitor == w->orchestrator_monitor) {
        worker_on_orchestrator_lost(ctx, w);
    } else {
        worker_on_runner_down(ctx, w, down);
    }
}

/* What was removed is not offered again; it ends, and whoever supervises it decides further. */
static void on_remove(cogo_context *ctx, worker *w)
{
    w->registered = false;
    cogo_exit(ctx, COGO_EXIT_NORMAL, "removed");
}

static void on_drain(cogo_context *ctx, worker *w)
{
    w->draining = true;
    worker_heartbeat(ctx, w);
}

static void on_answer(cogo_context *ctx, worker *w, cogo_msg *msg)
{
    cogo_msg_type type = cogo_msg_type_of(msg);
    w->ask = 0;
    if (w->locating) {
        cogo_actor_id found = COGO_NO_ACTOR;
        if (type == COGO_MSG_NAME) {
            memcpy(&found, cogo_msg_payload(msg), sizeof found);
        }
        worker_on_located(ctx, w, found);
    } else if (type == MSG_WORKER_WELCOME) {
        worker_on_welcome(ctx, w, cogo_msg_payload(msg));
    } else {
        const problem *why = type == MSG_PROBLEM ? cogo_msg_payload(msg) : NULL;
        worker_on_refused(ctx, w, why != NULL ? why->detail : NULL);
    }
}

static void on_message(cogo_context *ctx, worker *w, cogo_msg *msg)
{
    void *payload = cogo_msg_payload(msg);
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_TIMER:
        on_timer(ctx, w, payload);
        break;
    case COGO_MSG_DOWN:
        on_down(ctx, w, payload);
        break;
    case COGO_MSG_NODE:
        if (((const cogo_node_event *)payload)->up) {
            worker_on_linked(ctx, w);
        }
        break;
    case MSG_INSTRUCTION_OFFER:
        worker_on_offer(ctx, w, payload);
        break;
    case MSG_INSTRUCTION_CANCEL:
        worker_on_cancel(ctx, w, payload);
        break;
    case MSG_INSTRUCTION_PROGRESS:
        worker_on_progress(ctx, w, payload);
        break;
    case MSG_INSTRUCTION_RESULT:
        worker_on_result(ctx, w, cogo_msg_sender(msg), payload);
        break;
    case MSG_RESULT_ACK:
        worker_on_ack(ctx, w, payload);
        break;
    case MSG_WORKER_DRAIN:
        on_drain(ctx, w);
        break;
    case MSG_WORKER_REMOVE:
        on_remove(ctx, w);
        break;
    case MSG_WORKER_LEAVE:
        worker_on_leave(ctx, w, payload);
        break;
    default:
        break; // A message of a later version.
    }
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    worker *w = state;
    uint64_t ask = cogo_msg_ask(msg);
    if (ask == 0) {
        on_message(ctx, w, msg);
    } else if (ask == w->ask) {
        on_answer(ctx, w, msg);
    } else if (ask == w->leave_ask) {
        worker_on_farewell(ctx, w);
    } // Else of a try that was given up.
    worker_leave_look(ctx, w);
    return COGO_OK;
}

static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)reason;
    worker *w = state;
    worker_deregister(ctx, w);
    while (w->attempts.first != NULL) {
        attempts_remove(&w->attempts, w->attempts.first);
    }
}

static const cogo_behavior worker_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "worker",
    .state_size_bytes = sizeof(worker),
    .start = start,
    .receive = receive,
    .stop = stop,
};

/* False when it does not fit. */
static bool copy_text(char *to, size_t size, const char *from)
{
    int length = snprintf(to, size, "%s", from == NULL ? "" : from);
    return length >= 0 && (size_t)length < size;
}

cogo_err worker_leave_order(cogo_context *ctx, cogo_actor_id who, int64_t grace_ms)
{
    worker_leave order = {.grace_ms = grace_ms};
    return cogo_send(
        ctx, who, cogo_msg_create_record(cogo_context_system(ctx), MSG_WORKER_LEAVE, &order));
}

cogo_err worker_start(cogo_system *system, const worker_config *config, cogo_actor_id *out_id)
{
    worker w = {.slots = config->slots == 0 ? SLOTS_DEFAULT : config->slots};
    if (w.slots < 1 || w.slots > SLOTS_MAX || worker_type_find(config->type) == NULL) {
        return COGO_EINVAL;
    }
    char id[WORKER_ID_SIZE];
    (void)snprintf(id, sizeof id, "%s-%012" PRIx64, config->type,
                   cogo_system_random(system) >> 16);
    if (!copy_text(w.type_name, sizeof w.type_name, config->type)
        || !copy_text(w.id, sizeof w.id, config->worker_id == NULL ? id : config->worker_id)
        || !copy_text(w.state_dir, sizeof w.state_dir, config->state_dir)
        || !copy_text(w.labels, sizeof w.labels, config->labels == NULL ? "" : config->labels)
        || !copy_text(w.orchestrator_name, sizeof w.orchestrator_name,
                      config->orchestrator == NULL ? ORCHESTRATOR_DEFAULT
                                                   : config->orchestrator)) {
        return COGO_EINVAL;
    }
    // Others may pass through but not look: programs in the sandbox run as another user.
    if (w.state_dir[0] != '\0' && mkdir(w.state_dir, 0711) != 0 && errno != EEXIST) {
        return COGO_EIO;
    }
    scratch_sweep(w.state_dir);
    return cogo_system_spawn(system,
                             &(cogo_spawn_options){
                                 .struct_size = sizeof(cogo_spawn_options),
                                 .behavior = &worker_behavior,
                                 .args = &w,
                                 .args_size_bytes = sizeof w,
                             },
                             out_id);
}
