/* A child process as an actor: it starts it, opens the link with it, hears of its end and ends
 * with that reason. */
#include "runtime/node/process.h"

#include "runtime/actor/life.h"
#include "runtime/actor/send.h"

#include <cogo/io.h>
#include <cogo/supervisor.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct process {
    cogo__process_plan plan;
    cogo__launched child;
    cogo_actor_id connections[COGO__CONNECTIONS];
    uint64_t words_watch, end_watch;
    uint32_t node; /* Its index, when it is linked; else 0. */
    bool asked;    /* To end. */
    bool silent;   /* It was killed because it did not end with its link. */
    char end[48];  /* How it ended; "": it has not. */
    size_t words_size;
    char words[COGO_PROCESS_WORDS_MAX + 1];
} process;

/* --- Its end. ----------------------------------------------------------------------------- */

static void read_words(process *p)
{
    ssize_t got = 1;
    while (got > 0) {
        char rest[512]; // What is too much is read and forgotten, so that the child goes on.
        size_t room = COGO_PROCESS_WORDS_MAX - p->words_size;
        char *into = room != 0 ? p->words + p->words_size : rest;
        got = read(p->child.words, into, room != 0 ? room : sizeof rest);
        if (got < 0 && errno == EINTR) {
            got = 1;
        } else if (got > 0 && room != 0) {
            p->words_size += (size_t)got;
        }
    }
}

/* The first line says what, all others where: those are for the log. */
static void say_end(cogo_context *ctx, process *p)
{
    char text[sizeof ctx->reason.text];
    size_t first = strcspn(p->words, "\n");
    if (p->silent) {
        (void)snprintf(text, sizeof text, "SIGKILL: it stood still");
    } else if (first != 0) {
        (void)snprintf(text, sizeof text, "%.*s", (int)(first < 54 ? first : 54), p->words);
    } else {
        (void)snprintf(text, sizeof text, "%s", p->end);
    }
    (void)cogo__u64_add_relaxed(&p->plan.node->tally.process_ends, 1);
    cogo__log(ctx->system, COGO_LOG_ERROR, "%s: %s", p->plan.name, text);
    for (const char *at = p->words + first; *at == '\n' && at[1] != '\0';) {
        size_t size = strcspn(++at, "\n");
        cogo__log(ctx->system, COGO_LOG_ERROR, "%s: its last words: %.*s", p->plan.name,
                  (int)size, at);
        at += size;
    }
    cogo__context_end(ctx, COGO_EXIT_ERROR, COGO_EFAULT, text);
}

static bool is_linked(const process *p)
{
    return cogo_actor_id_is_set(p->connections[COGO__CONTROL])
           || cogo_actor_id_is_set(p->connections[COGO__DATA]);
}

static void end_links(cogo_context *ctx, const process *p, const char *why)
{
    for (int i = 0; i < COGO__CONNECTIONS; i++) {
        if (cogo_actor_id_is_set(p->connections[i])) {
            cogo_exit_actor(ctx->system, p->connections[i], COGO_EXIT_SHUTDOWN, why);
        }
    }
}

/* The process is gone, and nothing that came from it is on its way any more. */
static void end_if_over(cogo_context *ctx, process *p)
{
    if (p->end[0] == '\0' || is_linked(p)) {
        return;
    }
    if (p->asked) {
        cogo__context_end(ctx, COGO_EXIT_SHUTDOWN, COGO_OK, "it was asked to end");
    } else {
        say_end(ctx, p);
    }
}

static cogo_err on_io(cogo_context *ctx, process *p, uint64_t watch)
{
    if (watch == p->words_watch) {
        size_t before = p->words_size;
        read_words(p);
        bool more = p->words_size != before; // Else it is the end, or too much.
        return more ? cogo_io_want(ctx, p->words_watch, COGO_IO_READ) : COGO_OK;
    }
    if (!cogo__launched_reap(&p->child, false, p->end, sizeof p->end)) {
        return cogo_io_want(ctx, p->end_watch, COGO_IO_READ);
    }
    read_words(p);
    cogo__peer_cut(p->plan.node, p->plan.name, cogo_self(ctx));
    end_links(ctx, p, p->end);
    end_if_over(ctx, p);
    return COGO_OK;
}

/* --- Its link. ---------------------------------------------------------------------------- */

static cogo_err open_one(cogo_context *ctx, process *p, uint32_t number)
{
    int *fd = number == COGO__CONTROL ? &p->child.control : &p->child.data;
    cogo__connect how = {.node = p->plan.node,
                         .owner = cogo_self(ctx),
                         .fd = *fd,
                         .number = number,
                         .opens = true,
                         .kin = true};
    cogo_err err = cogo__connection_spawn(ctx, &how, &p->connections[number]);
    if (err == COGO_OK) {
        *fd = -1; // The connection's now.
    } else {
        p->connections[number] = COGO_NO_ACTOR;
    }
    return err;
}

static cogo_err on_opened(cogo_context *ctx, process *p, const cogo__opened *opened)
{
    if (opened->connection == COGO__CONTROL) {
        bool there = cogo_actor_id_is_set(p->connections[COGO__CONTROL]);
        return there && !p->asked ? open_one(ctx, p, COGO__DATA) : COGO_OK;
    }
    p->node = cogo_node_find(ctx->system, p->plan.name);
    (void)cogo_unstash_all(ctx);
    return COGO_OK;
}

static void tell_where(cogo_context *ctx, const process *p, cogo_msg *msg)
{
    if (p->node == 0 && !p->asked && cogo_stash(ctx, msg) == COGO_OK) {
        return; // Until it is linked, be it in its next life.
    }
    if (p->node == 0) {
        (void)cogo_refuse(ctx, cogo_msg_reply_to(msg), COGO_EGONE);
        return;
    }
    cogo_msg *answer = cogo_msg_create(ctx->system, COGO__MSG_WHERE, sizeof p->node);
    if (answer != NULL) {
        memcpy(cogo_msg_payload(answer), &p->node, sizeof p->node);
    }
    (void)cogo_reply(ctx, msg, answer); // None: the ask fails when this actor ends, or in time.
}

/* A connection of ours, or who wants us to end. */
static cogo_err on_exit(cogo_context *ctx, process *p, const cogo_down *down)
{
    bool mine = false;
    for (int i = 0; i < COGO__CONNECTIONS; i++) {
        if (cogo_actor_id_equal(p->connections[i], down->actor)) {
            p->connections[i] = COGO_NO_ACTOR;
            mine = true;
        }
    }
    p->node = 0;
    if (!mine) {
        p->asked = true;
        if (!is_linked(p)) {
            cogo__launched_kill(&p->child); // It has not begun: nobody would tell it.
        }
    }
    end_links(ctx, p, down->reason.text);
    end_if_over(ctx, p);
    return p->asked || p->end[0] != '\0' || is_linked(p)
               ? COGO_OK // Or its supervisor has a deadline.
               : cogo_timer_start(ctx, COGO_PROCESS_GRACE_NS, 0, 0, NULL);
}

/* Its link has ended, and it goes on. Who knows its actors by their own ids waits no longer. */
static void go_on_without(cogo_context *ctx, process *p)
{
    const cogo_reason lost = {.kind = COGO_EXIT_NOCONNECTION};
    p->silent = p->end[0] == '\0';
    cogo__launched_kill(&p->child);
    cogo__peer_disown(p->plan.node, ctx, p->plan.name, &lost);
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    process *p = state;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_IO:
        return on_io(ctx, p, ((const cogo_io_ready *)cogo_msg_payload(msg))->watch);
    case COGO__MSG_OPENED:
        return on_opened(ctx, p, cogo_msg_payload(msg));
    case COGO__MSG_WHERE:
        if ((msg->flags & COGO__MSG_INSIDE) != 0) {
            tell_where(ctx, p, msg);
        }
        return COGO_OK;
    case COGO_MSG_EXIT:
        return on_exit(ctx, p, cogo_msg_payload(msg));
    case COGO_MSG_TIMER:
        go_on_without(ctx, p);
        return COGO_OK;
    default:
        return COGO_OK;
    }
}

/* --- Its begin. --------------------------------------------------------------------------- */

static void abandon(process *p)
{
    char text[sizeof p->end];
    cogo__launched_kill(&p->child);
    (void)cogo__launched_reap(&p->child, true, text, sizeof text);
    cogo__launched_close(&p->child);
}

static cogo_err watch(cogo_context *ctx, int fd, uint64_t *out_watch)
{
    cogo_err err = cogo_io_watch(ctx, fd, 0, out_watch);
    return err == COGO_OK ? cogo_io_want(ctx, *out_watch, COGO_IO_READ) : err;
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    process *p = state;
    p->plan = *(const cogo__process_plan *)args;
    cogo_err err = cogo__launch(ctx->system->config.allocator, p->plan.name,
                                p->plan.memory_bytes, &p->child);
    if (err != COGO_OK) {
        cogo__log(ctx->system, COGO_LOG_ERROR, "%s does not start: %s", p->plan.name,
                  strerrordesc_np(errno));
        return err;
    }
    err = watch(ctx, p->child.pidfd, &p->end_watch);
    err = err == COGO_OK ? watch(ctx, p->child.words, &p->words_watch) : err;
    err = err == COGO_OK ? open_one(ctx, p, COGO__CONTROL) : err;
    if (err != COGO_OK) {
        cogo_io_unwatch(ctx, p->end_watch);
        cogo_io_unwatch(ctx, p->words_watch);
        abandon(p);
    }
    return err;
}

/* Also when it is killed: no process is left behind. A killed one ends at once, so the wait is
 * short. */
static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    process *p = state;
    abandon(p);
    cogo__peer_disown(p->plan.node, ctx, p->plan.name, reason);
}

const cogo_behavior cogo__process_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "cogo.node.process",
    .state_size_bytes = sizeof(process),
    .start = start,
    .receive = receive,
    .stop = stop,
};

cogo_err cogo__process_ask(cogo_context *ctx, cogo_actor_id whom, uint64_t *out_ask)
{
    cogo_msg *msg = cogo_msg_create(ctx->system, COGO__MSG_WHERE, 0);
    if (msg == NULL) {
        return COGO_ENOMEM;
    }
    msg->flags |= COGO__MSG_INSIDE;
    return cogo_ask(ctx, whom, msg, COGO_PROCESS_BEGIN_NS, out_ask);
}
