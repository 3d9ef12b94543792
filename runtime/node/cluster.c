/* The calls of cogo/cluster.h, and how a view begins. */
#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"
#include "runtime/node/node.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define AWAKE_NS UINT64_C(1000000000) /* The actors of a node have begun, or lack memory. */

/* Where others reach a node that listens there; "": it is not known yet (any address). */
static void own_address(const cogo__node *node, const cogo__address *listens,
                        char out[COGO__ADDRESS_TEXT])
{
    cogo__address at = *listens;
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&at.at;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&at.at;
    out[0] = '\0';
    bool any = at.at.ss_family == AF_INET ? v4->sin_addr.s_addr == INADDR_ANY
                                          : IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
    if (!any) {
        v4->sin_port = htons(node->port); // Both families have it in the same place.
        cogo__address_text(&at, out);
    }
}

cogo_err cogo__cluster_begin(cogo__node *node, const cogo__address *listens,
                             const char *members, const char *advertise)
{
    cogo__cluster *c = &node->cluster_view;
    cogo__member self = {.state = COGO_MEMBER_ALIVE,
                         .incarnation = cogo__u64_load_relaxed(&node->incarnation)};
    memcpy(self.name, node->name, sizeof self.name);
    if (advertise != NULL) {
        (void)snprintf(self.address, sizeof self.address, "%s", advertise);
    } else if (listens != NULL) {
        own_address(node, listens, self.address);
    }
    cogo__lock_take(&c->lock);
    cogo_err err =
        cogo__view_begin(&c->view, &self, members, cogo__world_now(node->system->world));
    cogo__u64_store_relaxed(&c->digest, c->view.digest);
    cogo__lock_give(&c->lock);
    return err;
}

bool cogo__cluster_decides(const cogo__node *node)
{
    return node->cluster_view.view.listed != 0 || node->store.take != NULL;
}

static bool is_awake(cogo__node *node)
{
    cogo__cluster *c = &node->cluster_view;
    cogo__lock_take(&c->lock);
    bool awake = cogo_actor_id_is_set(c->actor)
                 && (!cogo__cluster_decides(node) || cogo_actor_id_is_set(c->claims));
    cogo__lock_give(&c->lock);
    return awake;
}

void cogo__cluster_await(cogo__node *node)
{
    uint64_t until = cogo__world_now(node->system->world) + AWAKE_NS;
    while (!is_awake(node) && cogo__world_now(node->system->world) < until) {
        cogo__sched_sleep(node->system, &node->stopper, until);
    }
}

void cogo__cluster_tell(cogo__node *node, cogo_context *ctx, const cogo__told *told)
{
    cogo__cluster *c = &node->cluster_view;
    bool claim = told->kind == COGO__TOLD_FRAME && told->frame >= COGO__FRAME_CLAIM;
    cogo__lock_take(&c->lock);
    cogo_actor_id actor = claim ? c->claims : c->actor;
    cogo__lock_give(&c->lock);
    if (cogo_actor_id_is_set(actor)) {
        cogo__post(node->system, ctx, actor, COGO__MSG_TOLD, 0, 0, told, sizeof *told);
    }
}

void cogo__cluster_say(cogo__node *node, cogo_context *ctx, uint32_t index,
                       const cogo__told *told)
{
    cogo__peer *peer = cogo__peer_find(node, index);
    if (peer == NULL) {
        return;
    }
    cogo__lock_take(&peer->lock);
    cogo_actor_id control = peer->up ? peer->control : COGO_NO_ACTOR;
    cogo__lock_give(&peer->lock);
    if (cogo_actor_id_is_set(control)) {
        cogo__post(node->system, ctx, control, COGO__MSG_SAY, 0, 0, told, sizeof *told);
    }
}

/* --- What others read. -------------------------------------------------------------------- */

void cogo__cluster_describe(const cogo__entry *entry, cogo_member *out)
{
    *out = (cogo_member){.struct_size = sizeof *out,
                         .state = entry->known.state,
                         .incarnation = entry->known.incarnation,
                         .version = entry->known.version,
                         .node = entry->node,
                         .linked = entry->linked || entry->self,
                         .listed = entry->listed,
                         .self = entry->self};
    memcpy(out->name, entry->known.name, sizeof out->name);
    memcpy(out->address, entry->known.address, sizeof out->address);
}

static cogo__node *running(cogo_system *system)
{
    cogo__node *node = cogo__node_of(system);
    return node != NULL && cogo__u32_load_seq_cst(&node->running) != 0 ? node : NULL;
}

size_t cogo_cluster_list(cogo_system *system, uint32_t *cursor, cogo_member *out,
                         size_t capacity)
{
    cogo__node *node = running(system);
    size_t count = 0, size = capacity != 0 ? out[0].struct_size : 0;
    uint32_t at = *cursor;
    if (node == NULL || size == 0) {
        *cursor = 0;
        return 0;
    }
    cogo__cluster *c = &node->cluster_view;
    cogo__lock_take(&c->lock);
    for (; at < c->view.count && count < capacity; at++) {
        cogo_member member;
        cogo__cluster_describe(&c->view.entries[at], &member);
        member.struct_size = size;
        memcpy((char *)out + count++ * size, &member,
               size < sizeof member ? size : sizeof member);
    }
    *cursor = at < c->view.count ? at : 0;
    cogo__lock_give(&c->lock);
    return count;
}

cogo_err cogo_cluster_find(cogo_system *system, const char *name, cogo_member *out)
{
    cogo__node *node = running(system);
    size_t size = out->struct_size;
    cogo_member member;
    if (size == 0 || name == NULL) {
        return COGO_EINVAL;
    }
    if (node == NULL) {
        return COGO_ESTATE;
    }
    cogo__lock_take(&node->cluster_view.lock);
    const cogo__entry *entry = cogo__view_find(&node->cluster_view.view, name);
    if (entry != NULL) {
        cogo__cluster_describe(entry, &member);
    }
    cogo__lock_give(&node->cluster_view.lock);
    if (entry == NULL) {
        return COGO_ENOTFOUND;
    }
    member.struct_size = size;
    memcpy(out, &member, size < sizeof member ? size : sizeof member);
    return COGO_OK;
}

cogo_err cogo_cluster_stats_read(cogo_system *system, cogo_cluster_stats *out)
{
    cogo__node *node = running(system);
    size_t size = out->struct_size;
    if (size == 0) {
        return COGO_EINVAL;
    }
    if (node == NULL) {
        return COGO_ESTATE;
    }
    cogo__cluster *c = &node->cluster_view;
    cogo__lock_take(&c->lock);
    cogo_cluster_stats stats = c->counts;
    stats.struct_size = size;
    stats.epoch = c->view.epoch;
    stats.forgotten = c->view.forgotten;
    stats.late_ns = c->pulse.late_ns;
    stats.late_max_ns = c->pulse.late_max_ns;
    stats.strain = c->pulse.strain;
    for (uint32_t i = 0; i < c->view.count; i++) {
        stats.members[c->view.entries[i].known.state]++;
    }
    cogo__view_count(&c->view, &stats.voters, &stats.voters_here);
    cogo__lock_give(&c->lock);
    stats.majority = stats.voters_here * 2 > stats.voters;
    memcpy(out, &stats, size < sizeof stats ? size : sizeof stats);
    return COGO_OK;
}

/* Caller holds the lock. */
static void tell_present(cogo__node *node, cogo_actor_id who)
{
    const cogo__view *view = &node->cluster_view.view;
    for (uint32_t i = 0; i < view->count; i++) {
        cogo_member_event event = {.before = COGO_MEMBER_UNKNOWN};
        cogo__cluster_describe(&view->entries[i], &event.member);
        cogo__post(node->system, cogo__here_in(node->system), who, COGO_MSG_MEMBER, 0, 0,
                   &event, sizeof event);
    }
}

cogo_err cogo_cluster_subscribe(cogo_system *system, cogo_actor_id subscriber)
{
    cogo__node *node = running(system);
    cogo_err err = COGO_ELIMIT;
    if (node == NULL) {
        return COGO_ESTATE;
    }
    cogo__cluster *c = &node->cluster_view;
    cogo__lock_take(&c->lock);
    for (int i = 0; i < COGO_CLUSTER_SUBSCRIBERS_MAX && err != COGO_OK; i++) {
        if (cogo__cell_find(system, c->subscribers[i]) == NULL) { // Free, or has ended.
            c->subscribers[i] = subscriber;
            tell_present(node, subscriber);
            err = COGO_OK;
        }
    }
    cogo__lock_give(&c->lock);
    return err;
}

const char *cogo_member_state_name(cogo_member_state state)
{
    static const char *const names[COGO_MEMBER_STATES] = {
        [COGO_MEMBER_UNKNOWN] = "unknown", [COGO_MEMBER_ALIVE] = "alive",
        [COGO_MEMBER_SUSPECT] = "suspect", [COGO_MEMBER_DEAD] = "dead",
        [COGO_MEMBER_LEFT] = "left",
    };
    return (uint32_t)state < COGO_MEMBER_STATES ? names[state] : "unknown";
}
