/* A joiner: opens both connections of a link to one address, and opens them again when they
 * were lost, later each time that it fails. */
#include "runtime/actor/extra.h"
#include "runtime/actor/send.h"
#include "runtime/node/node.h"

#include <stdio.h>
#include <string.h>

enum {
    USUAL_FACTOR = 10
}; // The last wait is so many times longer where there is a link already.

typedef struct joiner {
    cogo__join join;
    cogo_actor_id connections[COGO__CONNECTIONS];
    uint64_t wait_ms;
    bool usual;   /* The last refusal: there is a link already, or nobody else. */
    bool linked;  /* Since its connections were made. */
    char why[64]; /* It failed with, as it was logged last. */
} joiner;

static void end_all(cogo_context *ctx, joiner *j)
{
    for (int i = 0; i < COGO__CONNECTIONS; i++) {
        if (cogo_actor_id_is_set(j->connections[i])) {
            cogo_exit_actor(cogo_context_system(ctx), j->connections[i], COGO_EXIT_SHUTDOWN,
                            "the other connection was lost");
        }
    }
}

/* Doubles up to the limit; a random quarter is left off, so that not all come at once. The
 * link that is there may be one that ends at this moment, so the first tries come soon in
 * any case. */
static cogo_err try_later(cogo_context *ctx, joiner *j)
{
    const cogo_node_config *config = &j->join.node->config;
    uint64_t most = (uint64_t)config->reconnect_max_ms * (j->usual ? USUAL_FACTOR : 1);
    uint64_t ns = (j->wait_ms < most ? j->wait_ms : most) * 1000000;
    ns -= cogo_system_random(cogo_context_system(ctx)) % (ns / 4 + 1);
    j->wait_ms = j->wait_ms * 2 < most ? j->wait_ms * 2 : most;
    return cogo_timer_start(ctx, ns, 0, 0, NULL);
}

/* The same reason is no news. */
static void explain(cogo_context *ctx, joiner *j, const char *why)
{
    cogo__node *node = j->join.node;
    j->usual = cogo__refusal_is_usual(cogo__refusal_of(COGO_OK, why, false));
    if (!j->linked) {
        char address[COGO__ADDRESS_TEXT];
        cogo__address_text(&j->join.address, address);
        bool again = strncmp(j->why, why, sizeof j->why - 1) == 0;
        (void)snprintf(j->why, sizeof j->why, "%s", why);
        cogo__log(cogo_context_system(ctx), j->usual || again ? COGO_LOG_DEBUG : COGO_LOG_WARN,
                  "node %s: %s not joined, tried again: %s", node->name, address, why);
    }
    j->linked = false;
}

/* A link that is there stays: the address may only have become unready. This is said again with
 * each look that does not find it. */
static cogo_err leave(cogo_context *ctx, const joiner *j)
{
    if (!j->linked) {
        cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the address is not listed any more");
    }
    return COGO_OK;
}

static bool open_one(cogo_context *ctx, joiner *j, uint32_t number)
{
    cogo__node *node = j->join.node;
    cogo__connect how = {.node = node,
                         .owner = cogo_self(ctx),
                         .fd = -1,
                         .address = j->join.address,
                         .number = number};
    if (cogo__connection_spawn(ctx, &how, &j->connections[number]) == COGO_OK) {
        return true;
    }
    j->connections[number] = COGO_NO_ACTOR;
    return false;
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    joiner *j = state;
    j->join = *(const cogo__join *)args;
    j->wait_ms = j->join.node->config.reconnect_min_ms;
    return open_one(ctx, j, COGO__CONTROL) ? COGO_OK : try_later(ctx, j);
}

static cogo_err lost(cogo_context *ctx, joiner *j, cogo_actor_id who, const char *why)
{
    bool any = false, mine = false;
    for (int i = 0; i < COGO__CONNECTIONS; i++) {
        if (cogo_actor_id_equal(j->connections[i], who)) {
            j->connections[i] = COGO_NO_ACTOR;
            mine = true;
        }
        any = any || cogo_actor_id_is_set(j->connections[i]);
    }
    if (any && mine) {
        end_all(ctx, j);
    }
    if (any || !mine) {
        return COGO_OK;
    }
    if (j->linked && cogo_actor_id_is_set(j->join.owner)) {
        cogo__post(j->join.node->system, ctx, j->join.owner, COGO__MSG_LOST, 0, 0, "", 0);
    }
    explain(ctx, j, why);
    return try_later(ctx, j);
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    joiner *j = state;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_EXIT: {
        const cogo_down *down = cogo_msg_payload(msg);
        bool owned = cogo_actor_id_is_set(j->join.owner);
        if (cogo_actor_id_equal(down->actor,
                                owned ? j->join.owner : ctx->cell->extra->supervisor)) {
            cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the node stops");
            return COGO_OK;
        }
        return lost(ctx, j, down->actor, down->reason.text);
    }
    case COGO__MSG_LEAVE:
        return leave(ctx, j);
    case COGO_MSG_TIMER:
        return open_one(ctx, j, COGO__CONTROL) ? COGO_OK : try_later(ctx, j);
    case COGO__MSG_OPENED: {
        const cogo__opened *opened = cogo_msg_payload(msg);
        bool there = cogo_actor_id_is_set(j->connections[COGO__CONTROL]);
        if (opened->connection == COGO__DATA) {
            j->wait_ms = j->join.node->config.reconnect_min_ms;
            j->linked = true;
            j->why[0] = '\0';
        } else if (there && !open_one(ctx, j, COGO__DATA)) {
            end_all(ctx, j);
        }
        return COGO_OK;
    }
    default:
        return COGO_OK;
    }
}

const cogo_behavior cogo__joiner_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "cogo.node.joiner",
    .state_size_bytes = sizeof(joiner),
    .start = start,
    .receive = receive,
};
