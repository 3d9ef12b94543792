/* The listener: accepts connections, as many at a time as strangers are allowed. */
#include "runtime/actor/extra.h"
#include "runtime/node/node.h"

#include <cogo/io.h>

#include <unistd.h>

enum { ACCEPTS_MAX = 64 }; // Per turn.

typedef struct listener {
    cogo__node *node;
    uint64_t watch;
} listener;

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    listener *l = state;
    l->node = *(cogo__node *const *)args;
    cogo_err err = cogo_io_watch(ctx, l->node->listen_fd, 0, &l->watch);
    return err == COGO_OK ? cogo_io_want(ctx, l->watch, COGO_IO_READ) : err;
}

/* The connection is an actor of its own, linked to us; it closes @p fd. */
static void take_in(cogo_context *ctx, const listener *l, int fd)
{
    cogo__connect how = {.node = l->node, .owner = cogo_self(ctx), .fd = fd};
    cogo_actor_id id;
    if (cogo__u32_load_relaxed(&l->node->strangers) >= l->node->config.strangers_max) {
        (void)close(fd); // Those that are there have a deadline; the next one may come in then.
        cogo__tally_refused(&l->node->tally, COGO_REFUSED_LIMIT);
        if (cogo__tally_may_log(&l->node->tally, cogo_now_ns(ctx))) {
            cogo__log(l->node->system, COGO_LOG_WARN,
                      "node %s: a connection was refused: too many strangers", l->node->name);
        }
        return;
    }
    if (cogo__connection_spawn(ctx, &how, &id) != COGO_OK) {
        (void)close(fd);
    }
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    const listener *l = state;
    if (cogo_msg_type_of(msg) == COGO_MSG_EXIT) {
        const cogo_down *down = cogo_msg_payload(msg);
        if (cogo_actor_id_equal(down->actor, ctx->cell->extra->supervisor)) {
            cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the node stops");
        }
        return COGO_OK; // Else a connection has ended.
    }
    if (cogo_msg_type_of(msg) != COGO_MSG_IO) {
        return COGO_OK;
    }
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int fd = cogo__address_accept(l->node->listen_fd);
        if (fd < 0) {
            break;
        }
        take_in(ctx, l, fd);
    }
    return cogo_io_want(ctx, l->watch, COGO_IO_READ);
}

const cogo_behavior cogo__listener_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "cogo.node.listener",
    .state_size_bytes = sizeof(listener),
    .start = start,
    .receive = receive,
};
