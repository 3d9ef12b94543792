/* What a program learns of its node and of others: who is there, figures, names over there. */
#include "runtime/actor/send.h"
#include "runtime/node/node.h"

#include <stdio.h>
#include <string.h>

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
