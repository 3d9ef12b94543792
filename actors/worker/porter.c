/* The porter of a worker in a child process: the actor here that has it begun there, speaks for
 * it with the orchestrator, wherever that is, and ends as it ends. A child process is linked
 * with its parent alone, so a worker there takes its porter for the orchestrator; the
 * orchestrator takes the porter for the worker. Requests are passed on as such: their answers
 * pass it by. */
#include "actors/worker/room.h"
#include "codec/contract/id.h"
#include "codec/contract/locate.h"
#include "codec/contract/messages.h"

#include <cogo/group.h>
#include <cogo/node.h>
#include <cogo/placement.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PORTER_NAME_SIZE = 128, PLACE_SIZE = 96 };

typedef struct porter {
    worker_config config;        /* Its strings are whose they were in worker_start(). */
    char name[PORTER_NAME_SIZE]; /* That the worker looks for. */
    cogo_actor_id placed;        /* The worker, for whoever begins and ends it. */
    cogo_actor_id worker;        /* As it spoke last, for what may find its link full. */
    char worker_id[WORKER_ID_SIZE];
    cogo_actor_id orchestrator;
    uint64_t monitor; /* Of the orchestrator. */
    cogo_msg *wish;   /* To register; waits until the orchestrator is found. NULL: none. */
    uint64_t ask;     /* Of the node that is asked who the orchestrator is; 0: none. */
    uint32_t node;    /* That node. */
    bool missing;     /* It was nowhere: a new link may be one with its node. */
    bool registered;
} porter;

/* The group is for those who want to know; without memory for it the work goes on. */
static void set_registered(cogo_context *ctx, porter *p, bool registered)
{
    cogo_system *system = cogo_context_system(ctx);
    if (p->registered && !registered) {
        (void)cogo_group_leave(system, WORKER_SCOPE, WORKER_REGISTERED, cogo_self(ctx));
    } else if (!p->registered && registered) {
        (void)!cogo_group_join(system, WORKER_SCOPE, WORKER_REGISTERED, cogo_self(ctx));
    }
    p->registered = registered;
}

static void let_rejoin(cogo_context *ctx, const porter *p)
{
    static const empty nothing;
    (void)cogo_send(
        ctx, p->placed,
        cogo_msg_create_record(cogo_context_system(ctx), MSG_WORKER_REJOIN, &nothing));
}

static void pass_on(cogo_context *ctx, cogo_actor_id to, cogo_msg *msg)
{
    cogo_msg_take(ctx, msg);
    (void)cogo_send(ctx, to, msg); // When that has ended, its DOWN is on the way.
}

/* --- Who the orchestrator is. ----------------------------------------------------------------
 */

static void drop_wish(porter *p)
{
    cogo_msg_destroy(p->wish);
    p->wish = NULL;
    p->ask = 0;
    p->node = 0;
}

static void register_at(cogo_context *ctx, porter *p, cogo_actor_id orchestrator)
{
    cogo_msg *wish = p->wish;
    cogo_actor_id reply_to = cogo_msg_reply_to(wish);
    p->wish = NULL;
    p->missing = false;
    drop_wish(p);
    cogo_demonitor(ctx, p->monitor);
    p->orchestrator = orchestrator;
    if (cogo_monitor(ctx, orchestrator, &p->monitor) != COGO_OK) {
        cogo_msg_destroy(wish);
        cogo_exit(ctx, COGO_EXIT_ERROR, "no memory for a monitor");
        return;
    }
    if (cogo_send(ctx, orchestrator, wish) != COGO_OK) {
        (void)cogo_refuse(ctx, reply_to, COGO_EGONE);
    }
}

/* The worker itself tries again later, or when it is told of a new link. */
static void look_further(cogo_context *ctx, porter *p)
{
    const char *name = p->config.orchestrator;
    if (!locate_ask(ctx, name, &p->node, &p->ask)) {
        p->missing = true;
        (void)cogo_refuse(ctx, cogo_msg_reply_to(p->wish), COGO_ENOTFOUND);
        drop_wish(p);
    }
}

static void on_wish(cogo_context *ctx, porter *p, cogo_msg *msg)
{
    drop_wish(p); // It has given up waiting for that one.
    set_registered(ctx, p, false);
    cogo_msg_take(ctx, msg);
    p->wish = msg;
    p->worker = cogo_msg_sender(msg);
    (void)snprintf(p->worker_id, sizeof p->worker_id, "%s",
                   ((const worker_register *)cogo_msg_payload(msg))->worker_id);
    cogo_actor_id here = cogo_name_find(cogo_context_system(ctx), p->config.orchestrator);
    if (cogo_actor_id_is_set(here)) {
        register_at(ctx, p, here);
    } else {
        look_further(ctx, p);
    }
}

static void on_answer(cogo_context *ctx, porter *p, cogo_msg *msg)
{
    cogo_actor_id found = locate_found(msg);
    p->ask = 0;
    if (cogo_actor_id_is_set(found)) {
        register_at(ctx, p, found);
    } else {
        look_further(ctx, p);
    }
}

static void on_lost(cogo_context *ctx, porter *p)
{
    p->orchestrator = COGO_NO_ACTOR;
    p->monitor = 0;
    set_registered(ctx, p, false);
    let_rejoin(ctx, p);
}

/* --- Between the two. ------------------------------------------------------------------------
 */

/* Of the worker, or of one of its runners. */
static bool is_from_child(const porter *p, const cogo_msg *msg)
{
    uint32_t node = cogo_msg_sender(msg).node;
    return node != 0 && node == p->worker.node;
}

/* A worker that hears its welcome reports at once: so that tells that it is registered. */
static void to_orchestrator(cogo_context *ctx, porter *p, cogo_msg *msg)
{
    cogo_msg_type type = cogo_msg_type_of(msg);
    if (cogo_actor_id_is_set(p->orchestrator)) {
        set_registered(ctx, p, type != MSG_WORKER_DEREGISTER);
        pass_on(ctx, p->orchestrator, msg);
    } else if (type == MSG_WORKER_STATUS) {
        let_rejoin(ctx, p); // It has not heard, or not yet.
    } else if (!cogo_actor_id_equal(cogo_msg_reply_to(msg), cogo_msg_sender(msg))) { // It asks.
        (void)cogo_refuse(ctx, cogo_msg_reply_to(msg), COGO_EGONE);
    }
}

/* What the link with the child process does not take goes back, and is tried elsewhere or
 * later; what it never would, too, and is tried no more. */
static void give_back(cogo_context *ctx, const porter *p, const instruction_offer *offer,
                      cogo_err why)
{
    cogo_system *system = cogo_context_system(ctx);
    char result_id[ID_SIZE];
    const char *error = why == COGO_ELIMIT
                            ? "the instruction is too large for one message to its worker"
                            : "the link with the process of the worker is full";
    id_make(result_id, "res", cogo_system_wall_ms(system), cogo_system_random(system),
            cogo_system_random(system));
    agent_result result = {.result_id = result_id,
                           .instruction_id = offer->instruction->instruction_id,
                           .task_id = offer->instruction->task_id,
                           .status = RESULT_FAILED};
    result_metadata metadata = {.errors = {&error, 1}};
    result.metadata = &metadata;
    instruction_result said = {.worker_id = p->worker_id,
                               .lease = offer->lease,
                               .result = &result,
                               .retryable = why != COGO_ELIMIT,
                               .returned = why != COGO_ELIMIT};
    (void)cogo_send(ctx, p->orchestrator,
                    cogo_msg_create_record(system, MSG_INSTRUCTION_RESULT, &said));
}

static void on_offer(cogo_context *ctx, const porter *p, const instruction_offer *offer)
{
    cogo_err err = cogo_send(
        ctx, p->worker,
        cogo_msg_create_record(cogo_context_system(ctx), MSG_INSTRUCTION_OFFER, offer));
    if (err == COGO_EFULL || err == COGO_ELIMIT) {
        give_back(ctx, p, offer, err);
    }
}

static void end_as(cogo_context *ctx, const cogo_down *down)
{
    cogo_exit(ctx, down->reason.kind, down->reason.text);
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    porter *p = state;
    if (cogo_msg_ask(msg) != 0 && cogo_msg_ask(msg) == p->ask) {
        on_answer(ctx, p, msg);
        return COGO_OK;
    }
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_EXIT: // Of the worker, or meant for it: then it ends by the link with us.
        end_as(ctx, cogo_msg_payload(msg));
        break;
    case COGO_MSG_DOWN:
        on_lost(ctx, p);
        break;
    case COGO_MSG_NODE:
        if (p->missing && ((const cogo_node_event *)cogo_msg_payload(msg))->up) {
            let_rejoin(ctx, p);
        }
        break;
    case MSG_WORKER_REGISTER:
        on_wish(ctx, p, msg);
        break;
    case MSG_INSTRUCTION_OFFER:
        on_offer(ctx, p, cogo_msg_payload(msg));
        break;
    default:
        if (is_from_child(p, msg)) {
            to_orchestrator(ctx, p, msg);
        } else {
            pass_on(ctx, p->placed, msg);
        }
        break;
    }
    return COGO_OK;
}

/* --- Begin and end. --------------------------------------------------------------------------
 */

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    porter *p = state;
    char place[PLACE_SIZE];
    memcpy(p, args, sizeof *p);
    (void)snprintf(place, sizeof place, "process:%s", p->config.pool);
    worker_config there = p->config;
    there.orchestrator = p->name;
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &worker_behavior,
        .args = &there,
        .args_size_bytes = sizeof there,
        .placement = place,
        .flags = COGO_SPAWN_LINK,
    };
    // Without it (too many subscribers) the orchestrator is found only a little later.
    (void)!cogo_node_subscribe(cogo_context_system(ctx), cogo_self(ctx));
    return cogo_spawn(ctx, &options, &p->placed);
}

static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    porter *p = state;
    (void)reason;
    set_registered(ctx, p, false);
    drop_wish(p);
}

static const cogo_behavior behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "worker.porter",
    .state_size_bytes = sizeof(porter),
    .start = start,
    .receive = receive,
    .stop = stop,
};

cogo_err porter_start(cogo_system *system, const worker_config *config, cogo_actor_id *out_id)
{
    porter p = {.config = *config};
    cogo_err err = worker_register_behavior(system); // Or the worker's args would not be sent.
    if (err != COGO_OK) {
        return err;
    }
    if (p.config.orchestrator == NULL) {
        p.config.orchestrator = ORCHESTRATOR_DEFAULT;
    }
    (void)snprintf(p.name, sizeof p.name, "worker.porter:%s-%012" PRIx64, config->type,
                   cogo_system_random(system) >> 16);
    return cogo_system_spawn(system,
                             &(cogo_spawn_options){
                                 .struct_size = sizeof(cogo_spawn_options),
                                 .behavior = &behavior,
                                 .args = &p,
                                 .args_size_bytes = sizeof p,
                                 .name = p.name,
                                 .flags = COGO_SPAWN_TRAP_EXIT,
                             },
                             out_id);
}
