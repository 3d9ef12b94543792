/* The node of a system, from its start to its stop. */
#include "runtime/node/node.h"

#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"
#include "runtime/base/alloc.h"
#include "runtime/node/config.h"
#include "runtime/node/proof.h"

#include <cogo/supervisor.h>

#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

enum { INTENSITY = 1000000 }; // Joiners and the listener fail only for want of memory.

cogo__node *cogo__node_of(cogo_system *system)
{
    return (cogo__node *)cogo__ptr_load_acquire(&system->remote);
}

static void finish(cogo__remote *remote)
{
    cogo__node *node = (cogo__node *)(void *)remote;
    uint32_t end = cogo__u32_load_relaxed(&node->peers.fresh);
    for (uint32_t i = 1; i < end; i++) {
        cogo__peer *peer = cogo__peer_find(node, i);
        if (peer != NULL) {
            cogo__stage_clear(&peer->stage);
            cogo__lock_finish(&peer->lock);
        }
    }
    if (node->listen_fd >= 0) {
        (void)close(node->listen_fd);
    }
    cogo__table_finish(&node->peers);
    cogo__loads_finish(&node->loads);
    cogo__lock_finish(&node->lock);
    cogo__view_finish(&node->cluster_view.view);
    cogo__lock_finish(&node->cluster_view.lock);
    cogo__tls_keys_drop(node->keys);
    cogo__proof_wipe(node, sizeof *node);
    cogo__free(node);
}

static void abandon(cogo__remote *remote, const cogo_behavior *behavior, const void *args)
{
    (void)remote;
    if (behavior == &cogo__connection_behavior) {
        cogo__connection_abandon(args);
    }
}

static cogo__node *make(cogo_system *system)
{
    void *nobody = NULL;
    cogo__node *node = cogo__alloc_zeroed(system->config.allocator, 1, sizeof *node);
    if (node == NULL) {
        return NULL;
    }
    node->system = system;
    node->listen_fd = -1;
    node->remote.finish = finish;
    node->remote.abandon = abandon;
    cogo__queue_init(&node->remote);
    node->remote.place = cogo__deputy_place;
    node->remote.share = cogo__share;
    cogo__lock_init(&node->lock);
    cogo__lock_init(&node->cluster_view.lock);
    node->cluster_view.view.from = system->config.allocator;
    if (cogo__table_init(&node->peers, system->config.allocator, sizeof(cogo__peer),
                         offsetof(cogo__peer, next_free), COGO__PEERS_MAX, 1)
        != COGO_OK) {
        cogo__lock_finish(&node->lock);
        cogo__lock_finish(&node->cluster_view.lock);
        cogo__free(node);
        return NULL;
    }
    if (cogo__ptr_cas_acq_rel(&system->remote, &nobody, node)) {
        return node;
    }
    finish(&node->remote); // Somebody was faster.
    return nobody;
}

typedef struct tree {
    cogo_child_spec children[COGO_NODE_JOIN_MAX + 3];
    size_t count;
} tree;

static void add_child(tree *t, const char *id, const cogo_behavior *behavior, const void *args,
                      size_t args_size_bytes)
{
    t->children[t->count++] = (cogo_child_spec){
        .id = id,
        .options = {.struct_size = sizeof t->children->options,
                    .behavior = behavior,
                    .args = args,
                    .args_size_bytes = args_size_bytes,
                    .flags = COGO_SPAWN_TRAP_EXIT},
    };
}

static cogo_err start_tree(cogo__node *node, const cogo__join *joins, size_t join_count)
{
    tree t = {.count = 0};
    char ids[COGO_NODE_JOIN_MAX][16];
    // Before anybody who has something to tell it.
    add_child(&t, "member", &cogo__member_behavior, &node, sizeof(cogo__node *));
    if (cogo__cluster_decides(node)) { // Else nobody knows whose majority it would be.
        add_child(&t, "claims", &cogo__claims_behavior, &node, sizeof(cogo__node *));
    }
    if (node->listen_fd >= 0) {
        add_child(&t, "listener", &cogo__listener_behavior, &node, sizeof(cogo__node *));
    }
    for (size_t i = 0; i < join_count; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "join-%zu", i);
        add_child(&t, ids[i],
                  joins[i].host[0] != '\0' ? &cogo__resolver_behavior : &cogo__joiner_behavior,
                  &joins[i], sizeof joins[i]);
    }
    cogo_supervisor_spec spec = {.struct_size = sizeof spec,
                                 .strategy = COGO_ONE_FOR_ONE,
                                 .intensity = INTENSITY,
                                 .children = t.children,
                                 .child_count = t.count};
    return cogo_supervisor_start(node->system, &spec, &node->root);
}

static cogo_err read_keys(cogo__node *node, const cogo_node_config *c)
{
    char why[256] = "";
    cogo_err err =
        cogo__tls_keys_read(c->tls_cert, c->tls_key, c->tls_ca, &node->keys, why, sizeof why);
    if (err != COGO_OK) {
        cogo__log(node->system, COGO_LOG_ERROR, "node %s: %s", node->name,
                  why[0] != '\0' ? why : cogo_strerror(err));
    }
    return err;
}

/* No connection is left. */
static void end_config(cogo__node *node)
{
    cogo__lock_take(&node->lock);
    cogo__tls_keys *keys = node->keys;
    node->keys = NULL;
    cogo__lock_give(&node->lock);
    cogo__tls_keys_drop(keys);
    if (node->listen_fd >= 0) {
        (void)close(node->listen_fd);
        node->listen_fd = -1;
    }
    node->port = 0;
    cogo__proof_wipe(node->secret, sizeof node->secret);
}

/* What the program said, checked and filled in. */
typedef struct order {
    cogo_node_config config;
    cogo__address listens;
    cogo__join joins[COGO_NODE_JOIN_MAX];
    size_t join_count;
} order;

static cogo_err begin(cogo__node *node, const order *o)
{
    const cogo_node_config *c = &o->config;
    bool listens = c->listen != NULL;
    cogo__config_keep(node, c);
    cogo_err err = c->tls_cert != NULL ? read_keys(node, c) : COGO_OK;
    if (err == COGO_OK && listens) {
        err = cogo__address_listen(&o->listens, &node->listen_fd, &node->port);
    }
    if (err == COGO_OK) {
        err = cogo__cluster_begin(node, listens ? &o->listens : NULL, c->members, c->advertise);
    }
    return err == COGO_OK ? start_tree(node, o->joins, o->join_count) : err;
}

cogo_err cogo_node_start(cogo_system *system, const cogo_node_config *config)
{
    order o = {.join_count = 0};
    uint32_t stopped = 0;
    if ((system->config.flags & COGO_SYSTEM_POLLED) != 0) {
        return COGO_ESTATE;
    }
    cogo_err err = cogo__config_fill(config, &o.config);
    if (err == COGO_OK && o.config.listen != NULL) {
        err = cogo__config_address(&o.config, o.config.listen, &o.listens);
    }
    cogo__node *node = cogo__node_of(system);
    node = node != NULL || err != COGO_OK ? node : make(system);
    if (err == COGO_OK) {
        err = node == NULL ? COGO_ENOMEM
                           : cogo__config_joins(&o.config, node, o.joins, &o.join_count);
    }
    if (err != COGO_OK) {
        return err;
    }
    if (!cogo__u32_cas_seq_cst(&node->running, &stopped, 1)) {
        return COGO_ESTATE;
    }
    err = begin(node, &o);
    if (err != COGO_OK) {
        end_config(node);
        (void)cogo__u32_swap_seq_cst(&node->running, 0);
    } else {
        cogo__cluster_await(node);
    }
    return err;
}

cogo_err cogo_node_stop(cogo_system *system, uint64_t deadline_ns)
{
    cogo__node *node = cogo__node_of(system);
    uint32_t running = 1;
    if (node == NULL || (cogo__here != NULL && cogo__here->is_lane)
        || !cogo__u32_cas_seq_cst(&node->running, &running, 2)) {
        return COGO_ESTATE;
    }
    uint64_t now = cogo__world_now(system->world);
    uint64_t until = deadline_ns < UINT64_MAX - now ? now + deadline_ns : UINT64_MAX;
    cogo__signal shutdown = {.reason = {.kind = COGO_EXIT_SHUTDOWN, .text = "the node stops"}};
    cogo_err err =
        cogo__signal_send(system, NULL, node->root, COGO__SIG_EXIT, &shutdown) != COGO_ENOMEM
            ? cogo_system_await(system, node->root, deadline_ns, NULL)
            : COGO_ENOMEM;
    // Connections end by their links to who made them, each with a good-bye.
    // acquire: pairs with one_less() of each: none of them touches the node any more.
    while (err == COGO_OK && cogo__u32_load_acquire(&node->alive) != 0) {
        if (cogo__world_now(system->world) >= until) {
            err = COGO_ETIMEOUT;
        } else {
            cogo__sched_sleep(system, &node->stopper, until);
        }
    }
    if (err == COGO_OK) {
        end_config(node);
    }
    (void)cogo__u32_swap_seq_cst(&node->running, err == COGO_OK ? 0 : 1); // 1: again, perhaps.
    return err;
}

uint16_t cogo_node_port(cogo_system *system)
{
    const cogo__node *node = cogo__node_of(system);
    return node != NULL ? node->port : 0;
}
