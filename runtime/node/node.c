/* The calls of cogo/node.h. */
#include "runtime/node/node.h"

#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"
#include "runtime/base/alloc.h"
#include "runtime/node/proof.h"

#include <cogo/supervisor.h>

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    WINDOW_LEAST = 524288, // Bytes: a frame and a quarter of the window have room in it.
    INTENSITY = 1000000,   // Joiners and the listener fail only for want of memory.
};

cogo__node *cogo__node_of(cogo_system *system)
{
    return (cogo__node *)cogo__ptr_load_acquire(&system->remote);
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

/* What members tell each other: an address, or a name that each looks up for itself. */
static bool can_be_told(const char *advertise)
{
    cogo__address address;
    char host[COGO__HOST_SIZE];
    uint16_t port = 0;
    return strlen(advertise) < COGO_CLUSTER_ADDRESS_SIZE && strchr(advertise, ',') == NULL
           && (cogo__address_parse(advertise, &address) == COGO_OK
               || cogo__address_parse_name(advertise, host, &port) == COGO_OK);
}

static cogo_err fill_config(const cogo_node_config *given, cogo_node_config *c)
{
    memset(c, 0, sizeof *c);
    if (given == NULL || given->struct_size < offsetof(cogo_node_config, window_bytes)) {
        return COGO_EINVAL;
    }
    memcpy(c, given, given->struct_size < sizeof *c ? given->struct_size : sizeof *c);
    c->struct_size = sizeof *c;
    c->cluster = c->cluster != NULL ? c->cluster : "";
    c->window_bytes = or_default(c->window_bytes, 1048576);
    c->queue_bytes = or_default(c->queue_bytes, 1048576);
    c->message_bytes = or_default(c->message_bytes, 16777216);
    c->heartbeat_ms = or_default(c->heartbeat_ms, 1000);
    c->reconnect_min_ms = or_default(c->reconnect_min_ms, 100);
    c->reconnect_max_ms = or_default(c->reconnect_max_ms, 10000);
    c->resolve_ms = or_default(c->resolve_ms, 10000);
    c->handshake_ms = or_default(c->handshake_ms, 5000);
    c->strangers_max = or_default(c->strangers_max, 64);
    c->links_max = or_default(c->links_max, 1024);
    c->lease_ms = or_default(c->lease_ms, 10 * c->heartbeat_ms);
    bool reachable = c->advertise == NULL || can_be_told(c->advertise);
    bool named = c->name != NULL && c->name[0] != '\0' && strlen(c->name) <= COGO__NODE_NAME_MAX
                 && strlen(c->cluster) <= COGO__NODE_NAME_MAX;
    bool secret = c->secret == NULL ? c->secret_size_bytes == 0
                                    : c->secret_size_bytes >= COGO__SESSION_SECRET_MIN
                                          && c->secret_size_bytes <= COGO__SECRET_MAX;
    const cogo_cluster_store *store = c->store;
    bool usable =
        store == NULL
        || (store->struct_size >= sizeof *store && store->take != NULL && store->give != NULL);
    int files = (c->tls_cert != NULL) + (c->tls_key != NULL) + (c->tls_ca != NULL);
    return named && secret && reachable && usable && cogo__view_list_is_valid(c->members)
                   && (files == 0 || files == 3) && c->window_bytes >= WINDOW_LEAST
                   && c->message_bytes <= INT32_MAX / 8
               ? COGO_OK
               : COGO_EINVAL;
}

/* Without a secret or certificates anybody who reaches the port is let in: so only this machine
 * may. */
bool cogo__node_may_reach(const cogo_node_config *config, const cogo__address *address)
{
    return config->secret_size_bytes != 0 || config->tls_cert != NULL
           || cogo__address_is_loopback(address);
}

static cogo_err parse(const cogo_node_config *c, const char *text, cogo__address *out)
{
    cogo_err err = cogo__address_parse(text, out);
    return err == COGO_OK && !cogo__node_may_reach(c, out) ? COGO_EAUTH : err;
}

/* An address, or a name that will be looked up. */
static cogo_err parse_join(const cogo_node_config *c, const char *text, cogo__join *out)
{
    memset(out, 0, sizeof *out);
    cogo_err err = parse(c, text, &out->address);
    return err == COGO_EINVAL ? cogo__address_parse_name(text, out->host, &out->port) : err;
}

static cogo_err parse_joins(const cogo_node_config *c, cogo__node *node, cogo__join *joins,
                            size_t *out_count)
{
    size_t count = 0;
    for (const char *at = c->join; at != NULL && *at != '\0'; count++) {
        cogo_err err =
            count < COGO_NODE_JOIN_MAX ? parse_join(c, at, &joins[count]) : COGO_EINVAL;
        if (err != COGO_OK) {
            return err;
        }
        joins[count].node = node;
        at += strcspn(at, ",");
        at += *at == ',';
    }
    *out_count = count;
    return COGO_OK;
}

/* --- The node of a system: made once, and there until the system ends. ---------------------
 */

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

static void take_config(cogo__node *node, const cogo_node_config *c)
{
    node->config = *c;
    (void)snprintf(node->name, sizeof node->name, "%s", c->name);
    (void)snprintf(node->cluster, sizeof node->cluster, "%s", c->cluster);
    if (c->secret != NULL) {
        memcpy(node->secret, c->secret, c->secret_size_bytes);
    }
    node->config.name = node->config.cluster = node->config.listen = node->config.join = NULL;
    node->config.secret = NULL;
    node->tls = c->tls_cert != NULL;
    node->config.tls_cert = node->config.tls_key = node->config.tls_ca = NULL;
    node->config.members = node->config.advertise = NULL;
    node->store = c->store != NULL ? *c->store : (cogo_cluster_store){.take = NULL};
    node->config.store = NULL;
    // A later one than that of an earlier start, whatever the clock says.
    uint64_t second = node->system->born_s;
    uint64_t before = cogo__u64_load_relaxed(&node->incarnation) >> 32;
    second = second > before ? second : before + 1;
    cogo__u64_store_relaxed(&node->incarnation, second << 32 | node->system->incarnation);
}

static cogo_err start_tree(cogo__node *node, const cogo__join *joins, size_t join_count)
{
    cogo_child_spec children[COGO_NODE_JOIN_MAX + 3];
    char ids[COGO_NODE_JOIN_MAX + 3][16];
    memset(children, 0, sizeof children);
    size_t count = 1;
    children[0].id = "member"; // Before anybody who has something to tell it.
    children[0].options.behavior = &cogo__member_behavior;
    children[0].options.args = &node;
    children[0].options.args_size_bytes = sizeof(cogo__node *);
    if (cogo__cluster_decides(node)) { // Else nobody knows whose majority it would be.
        children[1] = children[0];
        children[1].id = "claims";
        children[1].options.behavior = &cogo__claims_behavior;
        count++;
    }
    if (node->listen_fd >= 0) {
        children[count].id = "listener";
        children[count].options.behavior = &cogo__listener_behavior;
        children[count].options.args = &node;
        children[count].options.args_size_bytes = sizeof(cogo__node *);
        count++;
    }
    for (size_t i = 0; i < join_count; i++, count++) {
        (void)snprintf(ids[count], sizeof ids[count], "join-%zu", i);
        children[count].id = ids[count];
        children[count].options.behavior =
            joins[i].host[0] != '\0' ? &cogo__resolver_behavior : &cogo__joiner_behavior;
        children[count].options.args = &joins[i];
        children[count].options.args_size_bytes = sizeof joins[i];
    }
    for (size_t i = 0; i < count; i++) {
        children[i].options.struct_size = sizeof children[i].options;
        children[i].options.flags = COGO_SPAWN_TRAP_EXIT;
    }
    cogo_supervisor_spec spec = {.struct_size = sizeof spec,
                                 .strategy = COGO_ONE_FOR_ONE,
                                 .intensity = INTENSITY,
                                 .children = children,
                                 .child_count = count};
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

cogo_err cogo_node_start(cogo_system *system, const cogo_node_config *config)
{
    cogo_node_config c;
    cogo__address at;
    cogo__join joins[COGO_NODE_JOIN_MAX];
    size_t join_count = 0;
    uint32_t stopped = 0;
    if ((system->config.flags & COGO_SYSTEM_POLLED) != 0) {
        return COGO_ESTATE;
    }
    cogo_err err = fill_config(config, &c);
    if (err == COGO_OK && c.listen != NULL) {
        err = parse(&c, c.listen, &at);
    }
    cogo__node *node = cogo__node_of(system);
    node = node != NULL || err != COGO_OK ? node : make(system);
    if (err == COGO_OK) {
        err = node == NULL ? COGO_ENOMEM : parse_joins(&c, node, joins, &join_count);
    }
    if (err != COGO_OK) {
        return err;
    }
    if (!cogo__u32_cas_seq_cst(&node->running, &stopped, 1)) {
        return COGO_ESTATE;
    }
    take_config(node, &c);
    if (c.tls_cert != NULL) {
        err = read_keys(node, &c);
    }
    if (err == COGO_OK && c.listen != NULL) {
        err = cogo__address_listen(&at, &node->listen_fd, &node->port);
    }
    if (err == COGO_OK) {
        err = cogo__cluster_begin(node, c.listen != NULL ? &at : NULL, c.members, c.advertise);
    }
    err = err == COGO_OK ? start_tree(node, joins, join_count) : err;
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
        (void)cogo__u32_swap_seq_cst(&node->running, 0);
    } else {
        (void)cogo__u32_swap_seq_cst(&node->running, 1); // May be stopped again.
    }
    return err;
}

uint16_t cogo_node_port(cogo_system *system)
{
    const cogo__node *node = cogo__node_of(system);
    return node != NULL ? node->port : 0;
}

/* --- What is known of peers. -------------------------------------------------------------- */

static uint64_t both(const cogo__au64 of[COGO__CONNECTIONS])
{
    return cogo__u64_load_relaxed(&of[COGO__CONTROL]) + cogo__u64_load_relaxed(&of[COGO__DATA]);
}

static void describe(cogo__peer *peer, cogo_node_info *out)
{
    cogo_node_info info = {.struct_size = sizeof info,
                           .node = peer->index,
                           .incarnation = peer->incarnation,
                           .rtt_ns = cogo__u64_load_relaxed(&peer->rtt_ns),
                           .bytes_in = both(peer->bytes_in),
                           .bytes_out = both(peer->bytes_out),
                           .nacks = cogo__u64_load_relaxed(&peer->nacks)};
    (void)snprintf(info.name, sizeof info.name, "%s", peer->name);
    info.rtt_sum_ns = cogo__u64_load_relaxed(&peer->rtt_sum_ns);
    for (int i = 0; i < COGO_NODE_RTT_BUCKETS; i++) {
        info.rtt_counts[i] = cogo__u32_load_relaxed(&peer->rtt_counts[i]);
    }
    cogo__lock_take(&peer->lock);
    info.up = peer->up;
    info.queued_bytes = peer->up ? peer->queued_bytes : 0;
    cogo__lock_give(&peer->lock);
    *out = info;
}

size_t cogo_node_list(cogo_system *system, uint32_t *cursor, cogo_node_info *out,
                      size_t capacity)
{
    cogo__node *node = cogo__node_of(system);
    size_t count = 0, size = capacity != 0 ? out[0].struct_size : 0;
    uint32_t end = node != NULL ? cogo__u32_load_acquire(&node->peers.fresh) : 0;
    uint32_t index = *cursor != 0 ? *cursor : 1;
    for (; size != 0 && index < end && count < capacity; index++) {
        cogo__peer *peer = cogo__peer_find(node, index);
        if (peer != NULL) {
            cogo_node_info info;
            describe(peer, &info);
            info.struct_size = size;
            memcpy((char *)out + count++ * size, &info,
                   size < sizeof info ? size : sizeof info);
        }
    }
    *cursor = size != 0 && index < end ? index : 0;
    return count;
}

cogo_err cogo_node_stats_read(cogo_system *system, cogo_node_stats *out)
{
    cogo__node *node = cogo__node_of(system);
    size_t size = out->struct_size;
    if (size == 0) {
        return COGO_EINVAL;
    }
    if (node == NULL || cogo__u32_load_seq_cst(&node->running) == 0) {
        return COGO_ESTATE;
    }
    cogo_node_stats stats = {
        .struct_size = size,
        .incarnation = cogo__u64_load_relaxed(&node->incarnation),
        .links_up = cogo__u64_load_relaxed(&node->tally.links_up),
        .links_lost = cogo__u64_load_relaxed(&node->tally.links_lost),
        .process_ends = cogo__u64_load_relaxed(&node->tally.process_ends),
    };
    (void)snprintf(stats.name, sizeof stats.name, "%s", node->name);
    (void)snprintf(stats.cluster, sizeof stats.cluster, "%s", node->cluster);
    for (int i = 0; i < COGO_NODE_REFUSALS; i++) {
        stats.refused[i] = cogo__u64_load_relaxed(&node->tally.refused[i]);
    }
    cogo__lock_take(&node->lock);
    stats.links = node->links;
    cogo__lock_give(&node->lock);
    memcpy(out, &stats, size < sizeof stats ? size : sizeof stats);
    return COGO_OK;
}

uint32_t cogo_node_find(cogo_system *system, const char *name)
{
    cogo__node *node = cogo__node_of(system);
    uint32_t end = node != NULL ? cogo__u32_load_acquire(&node->peers.fresh) : 0;
    for (uint32_t i = 1; name != NULL && i < end; i++) {
        cogo__peer *peer = cogo__peer_find(node, i);
        if (peer == NULL || strcmp(peer->name, name) != 0) {
            continue;
        }
        cogo__lock_take(&peer->lock);
        bool up = peer->up;
        cogo__lock_give(&peer->lock);
        if (up) {
            return i;
        }
    }
    return 0;
}

/* Caller holds the node's lock: no link comes or goes meanwhile. */
static void tell_present(cogo__node *node, cogo_actor_id who)
{
    uint32_t end = cogo__u32_load_acquire(&node->peers.fresh);
    for (uint32_t i = 1; i < end; i++) {
        const cogo__peer *peer = cogo__peer_find(node, i);
        if (peer == NULL || !peer->mourned) {
            continue;
        }
        cogo_node_event event = {.node = i, .up = true, .incarnation = peer->incarnation};
        memcpy(event.name, peer->name, sizeof event.name);
        cogo__post(node->system, cogo__here_in(node->system), who, COGO_MSG_NODE, 0, 0, &event,
                   sizeof event);
    }
}

cogo_err cogo_node_subscribe(cogo_system *system, cogo_actor_id subscriber)
{
    cogo__node *node = cogo__node_of(system);
    cogo_err err = COGO_ELIMIT;
    if (node == NULL) {
        return COGO_ESTATE;
    }
    cogo__lock_take(&node->lock);
    for (int i = 0; i < COGO_NODE_SUBSCRIBERS_MAX && err != COGO_OK; i++) {
        if (cogo__cell_find(system, node->subscribers[i]) == NULL) { // Free, or has ended.
            node->subscribers[i] = subscriber;
            tell_present(node, subscriber);
            err = COGO_OK;
        }
    }
    cogo__lock_give(&node->lock);
    return err;
}

/* --- Names. ------------------------------------------------------------------------------- */

cogo_actor_id cogo__node_id(cogo_system *system, uint32_t index)
{
    cogo__node *node = cogo__node_of(system);
    const cogo__peer *peer = node != NULL ? cogo__peer_find(node, index) : NULL;
    return (cogo_actor_id){index, peer != NULL ? (uint32_t)peer->incarnation : 0, 0, 1};
}

static cogo_msg *question(cogo_system *system, uint32_t node, const char *name)
{
    size_t size = name != NULL ? strlen(name) : 0;
    cogo_msg *msg = size != 0 && size <= COGO__NAME_MAX && node != 0
                        ? cogo_msg_create(system, COGO_MSG_NAME, size)
                        : NULL;
    if (msg != NULL) {
        memcpy(cogo_msg_payload(msg), name, size);
    }
    return msg;
}

cogo_err cogo_node_name_ask(cogo_context *ctx, uint32_t node, const char *name,
                            uint64_t timeout_ns, uint64_t *out_ask)
{
    return cogo_ask(ctx, cogo__node_id(ctx->system, node), question(ctx->system, node, name),
                    timeout_ns, out_ask);
}

cogo_err cogo_node_name_find(cogo_system *system, uint32_t node, const char *name,
                             uint64_t timeout_ns, cogo_actor_id *out_id)
{
    cogo_msg *answer = NULL;
    cogo_err err = cogo_system_ask(system, cogo__node_id(system, node),
                                   question(system, node, name), timeout_ns, &answer);
    if (err != COGO_OK) {
        return err;
    }
    cogo_actor_id id;
    memcpy(&id, cogo_msg_payload(answer), sizeof id);
    cogo_msg_destroy(answer);
    if (!cogo_actor_id_is_set(id)) {
        return COGO_ENOTFOUND;
    }
    *out_id = id;
    return COGO_OK;
}
