/* The worker actor: who it is, and what becomes of each message. */
#include "actors/worker/room.h"
#include "actors/worker/scratch.h"
#include "codec/contract/field.h"
#include "codec/contract/locate.h"
#include "codec/contract/messages.h"

#include <cogo/node.h>
#include <cogo/placement.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* False when it does not fit. */
static bool copy_text(char *to, size_t size, const char *from)
{
    int length = snprintf(to, size, "%s", from == NULL ? "" : from);
    return length >= 0 && (size_t)length < size;
}

static bool take_config(cogo_context *ctx, worker *w, const worker_config *config)
{
    char id[WORKER_ID_SIZE];
    (void)snprintf(id, sizeof id, "%s-%012" PRIx64, config->type,
                   cogo_system_random(cogo_context_system(ctx)) >> 16);
    w->slots = config->slots == 0 ? SLOTS_DEFAULT : config->slots;
    w->type = worker_type_find(config->type);
    return w->type != NULL && copy_text(w->type_name, sizeof w->type_name, config->type)
           && copy_text(w->id, sizeof w->id, config->worker_id == NULL ? id : config->worker_id)
           && copy_text(w->state_dir, sizeof w->state_dir, config->state_dir)
           && copy_text(w->labels, sizeof w->labels, config->labels)
           && copy_text(w->orchestrator_name, sizeof w->orchestrator_name,
                        config->orchestrator == NULL ? ORCHESTRATOR_DEFAULT
                                                     : config->orchestrator);
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    worker *w = state;
    if (!take_config(ctx, w, args)) {
        return COGO_EINVAL;
    }
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
        worker_on_located(ctx, w, locate_found(msg));
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
    case MSG_BUDGET_ASK:
        worker_on_budget_ask(ctx, w, msg);
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
    case MSG_WORKER_REJOIN:
        worker_on_rejoin(ctx, w);
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

const cogo_behavior worker_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "worker",
    .state_size_bytes = sizeof(worker),
    .start = start,
    .receive = receive,
    .stop = stop,
};

static const cogo_field worker_config_fields[] = {
    FIELD(worker_config, type, "type", STRING, REQUIRED, .doc = "Kind of the worker."),
    FIELD(worker_config, worker_id, "workerId", STRING, .doc = "None: made up."),
    FIELD(worker_config, orchestrator, "orchestrator", STRING,
          .doc = "Registered name of who gives it work."),
    FIELD(worker_config, state_dir, "stateDir", STRING, .doc = "Folder for its attempts."),
    FIELD(worker_config, labels, "labels", STRING, .doc = "key=value with commas."),
    FIELD(worker_config, slots, "slots", INT, RANGE(0, SLOTS_MAX), .doc = "0: the default."),
};
RECORD(worker_config, "WorkerConfig", 1, "What a worker in a child process is to be.");

cogo_err worker_register_behavior(cogo_system *system)
{
    return cogo_behavior_register(system, &worker_behavior, &worker_config_record);
}

cogo_err worker_leave_order(cogo_context *ctx, cogo_actor_id who, int64_t grace_ms)
{
    worker_leave order = {.grace_ms = grace_ms};
    return cogo_send(
        ctx, who, cogo_msg_create_record(cogo_context_system(ctx), MSG_WORKER_LEAVE, &order));
}

/* Others may pass through but not look: programs in the sandbox run as another user. */
static bool make_folder(const char *path)
{
    bool wanted = path != NULL && path[0] != '\0';
    if (wanted && mkdir(path, 0711) != 0 && errno != EEXIST) {
        return false;
    }
    scratch_sweep(wanted ? path : "");
    return true;
}

cogo_err worker_start(cogo_system *system, const worker_config *config, cogo_actor_id *out_id)
{
    if (config->slots < 0 || config->slots > SLOTS_MAX
        || worker_type_find(config->type) == NULL) {
        return COGO_EINVAL;
    }
    if (!make_folder(config->state_dir)) {
        return COGO_EIO;
    }
    if (config->pool != NULL) {
        return porter_start(system, config, out_id);
    }
    return cogo_system_spawn(system,
                             &(cogo_spawn_options){
                                 .struct_size = sizeof(cogo_spawn_options),
                                 .behavior = &worker_behavior,
                                 .args = config,
                                 .args_size_bytes = sizeof *config,
                             },
                             out_id);
}
