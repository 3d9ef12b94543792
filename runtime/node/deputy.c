/* The deputy: an actor here that stands for one that is placed on another node, or in a child
 * process, which is a node too. It has that one begun, linked with it, passes on what it gets,
 * and ends as it ended. So whoever spawns, supervises, links or sends needs to know nothing of
 * the other node. Of the end of a child process the process itself knows more than its link: so
 * a deputy waits for that. */
#include "runtime/actor/extra.h"
#include "runtime/actor/life.h"
#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"
#include "runtime/base/alloc.h"
#include "runtime/node/process.h"

#include <cogo/placement.h>
#include <cogo/supervisor.h>

#include <stdio.h>
#include <string.h>

#define ON_NODE    "node:"
#define IN_PROCESS COGO__PROCESS_PREFIX

enum { NAME_SHOWN = 24 }; // Bytes of the name of a node or a pool in a reason, which has 55.

#define NEWS_NS (2 * COGO_PROCESS_GRACE_NS) // For a process to say how it ended.

/* What there is to begin over there. */
typedef struct errand {
    uint32_t flags, mailbox_limit, pressure, args_size;
    bool in_process;
    char where[COGO__NODE_NAME_MAX + 1]; /* A node, or a pool. */
    char behavior[COGO__NAME_MAX + 1];
    uint8_t args[];
} errand;

typedef struct deputy {
    bool in_process;
    char where[COGO__NODE_NAME_MAX + 1];
    cogo_actor_id actor; /* The one over there, once it has begun. */
    uint64_t ask;        /* Not answered yet; else 0. */
    uint64_t monitor;    /* Of the process. */
    bool chosen;         /* There is one, and it counts us at `place`. */
    uint32_t place;
    errand *errand; /* Until it is known which node the process is. */
} deputy;

/* --- Spawning. ---------------------------------------------------------------------------- */

/* What goes over there as args: of a record, if the behaviour is registered here with one. */
static cogo_err encode(cogo_system *system, const cogo_spawn_options *o, cogo_arena *arena,
                       cogo_value *out)
{
    cogo__offer offer;
    cogo_err err = COGO_OK;
    *out = (cogo_value){o->args, o->args_size_bytes};
    if (cogo__offers_find(&system->offers, o->behavior->name, &offer) && offer.args != NULL) {
        err =
            o->args != NULL ? cogo_record_encode(offer.args, o->args, arena, out) : COGO_EINVAL;
    }
    return err == COGO_OK && out->size_bytes > COGO_PLACEMENT_ARGS_MAX ? COGO_ELIMIT : err;
}

static cogo_err make_errand(cogo_system *system, const cogo_spawn_options *o, const char *where,
                            bool in_process, errand **out_errand, size_t *out_size)
{
    cogo_arena arena;
    cogo_value args;
    cogo_arena_init(&arena, 0);
    cogo_err err = encode(system, o, &arena, &args);
    errand *e = NULL;
    if (err == COGO_OK) {
        *out_size = sizeof *e + args.size_bytes;
        e = cogo__alloc_zeroed(system->config.allocator, 1, *out_size);
        err = e != NULL ? COGO_OK : COGO_ENOMEM;
    }
    if (err == COGO_OK) {
        e->flags = o->flags & (COGO_SPAWN_DETACHED | COGO_SPAWN_TRAP_EXIT);
        e->mailbox_limit = o->mailbox_limit;
        e->pressure = o->pressure <= COGO_PRESSURE_DROP_OLD ? o->pressure : COGO_PRESSURE_FAIL;
        e->args_size = (uint32_t)args.size_bytes;
        e->in_process = in_process;
        (void)snprintf(e->where, sizeof e->where, "%s", where);
        (void)snprintf(e->behavior, sizeof e->behavior, "%s", o->behavior->name);
        if (args.size_bytes != 0) {
            memcpy(e->args, args.data, args.size_bytes);
        }
        *out_errand = e;
    }
    cogo_arena_finish(&arena);
    return err;
}

/* --- The actor. --------------------------------------------------------------------------- */

static void fail(cogo_context *ctx, const deputy *d, cogo_exit_kind kind, cogo_err err,
                 const char *why)
{
    char text[sizeof ctx->reason.text];
    (void)snprintf(text, sizeof text, "%s %.*s %s", d->in_process ? "process" : "node",
                   NAME_SHOWN, d->where, why);
    cogo__log(ctx->system, COGO_LOG_WARN, "placement: %s", text);
    cogo__context_end(ctx, kind, err, text);
}

/* Its link is gone. A process has yet to say why. */
static void lose(cogo_context *ctx, const deputy *d, const char *why)
{
    if (!d->in_process || cogo_timer_start(ctx, NEWS_NS, 0, 0, NULL) != COGO_OK) {
        fail(ctx, d, COGO_EXIT_NOCONNECTION, COGO_EGONE, why);
    }
}

static void fail_to_begin(cogo_context *ctx, const deputy *d, cogo_err err)
{
    char why[sizeof ctx->reason.text];
    if (err == COGO_EGONE) {
        lose(ctx, d, "is not linked");
    } else if (err == COGO_ETIMEOUT) {
        fail(ctx, d, COGO_EXIT_NOCONNECTION, err, "did not answer in time");
    } else if (err == COGO_EFULL) { // Too much waits for it, which is over when it is not.
        fail(ctx, d, COGO_EXIT_NOCONNECTION, err, "takes no more now");
    } else {
        (void)snprintf(why, sizeof why, "refuses: %s", cogo_strerror(err));
        fail(ctx, d, COGO_EXIT_ERROR, err, why);
    }
}

static void begin(cogo_context *ctx, deputy *d, uint32_t node, const errand *e)
{
    const cogo_remote_spawn what = {
        .struct_size = sizeof what,
        .behavior = e->behavior,
        .args = e->args_size != 0 ? e->args : NULL,
        .args_size_bytes = e->args_size,
        .flags = e->flags | COGO_SPAWN_LINK,
        .mailbox_limit = e->mailbox_limit,
        .pressure = (cogo_pressure)e->pressure,
    };
    cogo_err err = node != 0
                       ? cogo_node_spawn_ask(ctx, node, &what, COGO_PLACEMENT_SPAWN_NS, &d->ask)
                       : COGO_EGONE;
    if (err != COGO_OK) {
        d->ask = 0;
        fail_to_begin(ctx, d, err);
    }
}

static void find_process(cogo_context *ctx, deputy *d, const errand *e)
{
    cogo_actor_id process = COGO_NO_ACTOR;
    const size_t size = sizeof *e + e->args_size;
    cogo_err err = cogo__process_choose(ctx->system, e->where, &process, &d->place);
    if (err != COGO_OK) {
        fail(ctx, d, COGO_EXIT_ERROR, err, "has no pool of this name");
        return;
    }
    d->chosen = true;
    d->errand = cogo__alloc(ctx->system->config.allocator, size);
    err = d->errand != NULL ? cogo_monitor(ctx, process, &d->monitor) : COGO_ENOMEM;
    err = err == COGO_OK ? cogo__process_ask(ctx, process, &d->ask) : err;
    if (err != COGO_OK) {
        d->ask = 0;
        fail_to_begin(ctx, d, err);
        return;
    }
    memcpy(d->errand, e, size);
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    deputy *d = state;
    const errand *e = args;
    memcpy(d->where, e->where, sizeof d->where);
    d->in_process = e->in_process;
    if (e->in_process) {
        find_process(ctx, d, e);
    } else {
        begin(ctx, d, cogo_node_find(ctx->system, e->where), e);
    }
    return COGO_OK;
}

/* Keeps sender, trace and request: an answer passes us by. */
static void pass_on(cogo_context *ctx, const deputy *d, cogo_msg *msg)
{
    cogo_msg_take(ctx, msg);
    if ((msg->flags & COGO__MSG_REQUEST) != 0) {
        cogo__answered(ctx, msg->ask); // We owe it no more.
    }
    msg->flags &= COGO__MSG_BLOCK | COGO__MSG_ASKED;
    msg->enqueued_ns = 0;
    (void)cogo__deliver(ctx->system, ctx, d->actor, msg, true);
}

/* COGO_STASH_MAX wait already, or there is no memory. */
static void refuse(cogo_context *ctx, cogo_msg *msg)
{
    cogo_msg_take(ctx, msg);
    if ((msg->flags & COGO__MSG_REQUEST) != 0) {
        cogo__answered(ctx, msg->ask);
    }
    cogo__count(ctx->system, ctx, COGO__SENT, 1); // To nobody; we have handled it already.
    cogo__dead_letter(ctx->system, ctx, msg, ctx->self, COGO_DEAD_FULL);
    cogo__msg_free(ctx->heap, msg);
}

/* From whoever may end it: the one over there decides. A normal end over a link of ours means
 * nothing, as for an actor that does not trap. */
static void on_exit_signal(cogo_context *ctx, const deputy *d, const cogo_msg *msg,
                           const cogo_down *down)
{
    bool over_link = msg->ask != 0;
    if (over_link && down->reason.kind == COGO_EXIT_NORMAL) {
        return;
    }
    cogo__signal signal = {.from = down->actor.node == 0 ? down->actor : ctx->self,
                           .reason = down->reason};
    if (!cogo_actor_id_is_set(d->actor)
        || cogo__signal_send(ctx->system, ctx, d->actor, COGO__SIG_EXIT, &signal) != COGO_OK) {
        cogo__context_end(ctx, down->reason.kind, down->reason.err, down->reason.text);
    }
}

static void on_exit(cogo_context *ctx, deputy *d, const cogo_msg *msg, const cogo_down *down)
{
    if (msg->ask == 0 || !cogo_actor_id_equal(down->actor, d->actor)) {
        on_exit_signal(ctx, d, msg, down);
        return;
    }
    d->actor = COGO_NO_ACTOR;
    if (down->reason.kind == COGO_EXIT_NOCONNECTION) {
        lose(ctx, d, "was lost");
    } else {
        cogo__context_end(ctx, down->reason.kind, down->reason.err, down->reason.text);
    }
}

static void on_answer(cogo_context *ctx, deputy *d, cogo_msg *msg)
{
    d->ask = 0;
    if (msg->type == COGO__MSG_WHERE) {
        begin(ctx, d, *(const uint32_t *)cogo__msg_body(msg), d->errand);
        cogo__free(d->errand);
        d->errand = NULL;
    } else if (msg->type == COGO_MSG_SPAWNED) {
        memcpy(&d->actor, cogo__msg_body(msg), sizeof d->actor);
        (void)cogo_unstash_all(ctx);
    } else {
        fail_to_begin(ctx, d, ((const cogo_ask_failed *)cogo__msg_body(msg))->err);
    }
}

static void on_news(cogo_context *ctx, deputy *d, cogo_msg *msg)
{
    const cogo_down *down = cogo__msg_body(msg);
    if (msg->type == COGO_MSG_EXIT) {
        on_exit(ctx, d, msg, down);
    } else if (msg->type == COGO_MSG_DOWN) { // Of the process: so it ended.
        d->actor = COGO_NO_ACTOR;
        cogo__context_end(ctx, down->reason.kind, down->reason.err, down->reason.text);
    } else if (msg->type == COGO_MSG_TIMER) {
        fail(ctx, d, COGO_EXIT_NOCONNECTION, COGO_EGONE, "was lost");
    }
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    deputy *d = state;
    if ((msg->flags & COGO__MSG_ANSWER) != 0) {
        on_answer(ctx, d, msg);
    } else if ((msg->flags & COGO__MSG_RUNTIME) != 0) {
        on_news(ctx, d, msg);
    } else if (cogo_actor_id_is_set(d->actor)) {
        pass_on(ctx, d, msg);
    } else if (cogo_stash(ctx, msg) != COGO_OK) { // Until it has begun.
        refuse(ctx, msg);
    }
    return COGO_OK;
}

/* It does not outlive us, also if it traps exits. */
static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    const deputy *d = state;
    cogo__free(d->errand);
    if (d->chosen) {
        cogo__process_leave(ctx->system, d->where, d->place);
    }
    if (cogo_actor_id_is_set(d->actor)) {
        cogo_exit_actor(ctx->system, d->actor, COGO_EXIT_KILLED, reason->text);
    }
}

static const cogo_behavior deputy_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "cogo.node.deputy",
    .state_size_bytes = sizeof(deputy),
    .start = start,
    .receive = receive,
    .stop = stop,
};

cogo_err cogo__deputy_place(cogo__remote *remote, const cogo_spawn_options *o,
                            cogo_spawn_options *out, void **out_block)
{
    cogo__node *node = (cogo__node *)(void *)remote;
    errand *e = NULL;
    size_t size = 0;
    bool in_process = strncmp(o->placement, IN_PROCESS, sizeof IN_PROCESS - 1) == 0;
    if (!in_process && strncmp(o->placement, ON_NODE, sizeof ON_NODE - 1) != 0) {
        return COGO_EINVAL;
    }
    const char *name = o->placement + (in_process ? sizeof IN_PROCESS : sizeof ON_NODE) - 1;
    size_t length = strnlen(name, COGO__NODE_NAME_MAX + 1);
    if (length == 0 || length > COGO__NODE_NAME_MAX) {
        return COGO_EINVAL;
    }
    if (cogo__u32_load_seq_cst(&node->running) == 0) {
        return COGO_ESTATE;
    }
    *out = *o;
    out->placement = NULL;
    if (!in_process && strcmp(name, node->name) == 0) {
        return COGO_OK;
    }
    if (o->memory_limit_bytes != 0 || o->behavior == cogo_supervisor_behavior()
        || strnlen(o->behavior->name, COGO__NAME_MAX + 1) > COGO__NAME_MAX) {
        return COGO_EINVAL;
    }
    cogo_err err = make_errand(node->system, o, name, in_process, &e, &size);
    if (err == COGO_OK) {
        out->behavior = &deputy_behavior;
        out->flags = (o->flags & ~(uint32_t)COGO_SPAWN_DETACHED) | COGO_SPAWN_TRAP_EXIT;
        out->args = *out_block = e;
        out->args_size_bytes = size;
    }
    return err;
}
