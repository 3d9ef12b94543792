/* The member actor's life: beats, links that come and go, and joiners for those that it heard
 * of. */
#include "runtime/node/member.h"

#include "runtime/actor/extra.h"
#include "runtime/actor/send.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* --- Links. ------------------------------------------------------------------------------- */

static void link_came(cogo__member_actor *m, const cogo_node_event *event)
{
    cogo__member news = {.state = COGO_MEMBER_ALIVE, .incarnation = event->incarnation};
    (void)snprintf(news.name, sizeof news.name, "%s", event->name);
    cogo__gossip_link(m, &news, event->node);
}

static void link_went(cogo__member_actor *m, const cogo_node_event *event)
{
    cogo__lock_take(&m->cluster->lock);
    cogo__entry *entry = cogo__view_find(&m->cluster->view, event->name);
    if (entry != NULL && entry->node == event->node) {
        entry->linked = false;
        entry->unlinked_ns = cogo_now_ns(m->ctx);
    }
    cogo__lock_give(&m->cluster->lock);
}

/* An event that found no memory is made up for here. */
static void look_at_links(cogo__member_actor *m)
{
    cogo__view *view = &m->cluster->view;
    for (uint32_t i = 1; i < view->count; i++) {
        cogo__entry *entry = &view->entries[i];
        cogo__peer *peer = cogo__peer_find(m->node, entry->node);
        if (peer != NULL) {
            cogo__lock_take(&peer->lock);
            bool up = peer->up;
            cogo__lock_give(&peer->lock);
            entry->unlinked_ns =
                entry->linked && !up ? cogo_now_ns(m->ctx) : entry->unlinked_ns;
            entry->linked = up;
        }
    }
}

/* --- Joiners for members that others told of. --------------------------------------------- */

static cogo__opener *opener_of(cogo__member_actor *m, const char *name)
{
    for (uint32_t i = 0; i < m->opener_count; i++) {
        if (strcmp(m->openers[i].name, name) == 0) {
            return &m->openers[i];
        }
    }
    return NULL;
}

/* Both sides find each other; the smaller name goes first, so that there are not two. */
static bool wants_link(const cogo__member_actor *m, const cogo__entry *entry, uint64_t now_ns)
{
    bool first = strcmp(m->node->name, entry->known.name) < 0;
    uint64_t wait = first ? COGO__MESH_FIRST_BEATS : COGO__MESH_OTHER_BEATS;
    return !entry->self && !entry->linked && entry->known.address[0] != '\0'
           && !cogo__member_is_final(entry->known.state)
           && now_ns - entry->unlinked_ns >= wait * m->beat_ns;
}

static void open_link(cogo__member_actor *m, const cogo__entry *entry)
{
    cogo__opener *opener = &m->openers[m->opener_count];
    cogo__join join = {.node = m->node, .owner = cogo_self(m->ctx)};
    const char *address = entry->known.address;
    bool numeric = cogo__address_parse(address, &join.address) == COGO_OK;
    if (m->opener_count == COGO_CLUSTER_MESH_MAX
        || (numeric ? !(m->node->tls || cogo__node_may_reach(&m->node->config, &join.address))
                    : cogo__address_parse_name(address, join.host, &join.port) != COGO_OK)) {
        return;
    }
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = numeric ? &cogo__joiner_behavior
                                                      : &cogo__resolver_behavior,
                                  .args = &join,
                                  .args_size_bytes = sizeof join,
                                  .flags = COGO_SPAWN_LINK | COGO_SPAWN_TRAP_EXIT};
    if (cogo_spawn(m->ctx, &options, &opener->joiner) == COGO_OK) {
        memcpy(opener->address, address, sizeof opener->address);
        memcpy(opener->name, entry->known.name, sizeof opener->name);
        m->opener_count++;
    } // Else with the next beat.
}

/* Opens links that are missing, and gives up those to where nobody is any more. */
static void mesh(cogo__member_actor *m, uint64_t now_ns)
{
    const cogo__view *view = &m->cluster->view;
    for (uint32_t i = 1; i < view->count; i++) {
        if (wants_link(m, &view->entries[i], now_ns)
            && opener_of(m, view->entries[i].known.name) == NULL) {
            open_link(m, &view->entries[i]);
        }
    }
    for (uint32_t i = 0; i < m->opener_count; i++) {
        const cogo__entry *entry = cogo__view_find(view, m->openers[i].name);
        if (entry == NULL || cogo__member_is_final(entry->known.state)
            || strcmp(m->openers[i].address, entry->known.address) != 0) {
            cogo__post(m->node->system, m->ctx, m->openers[i].joiner, COGO__MSG_LEAVE, 0, 0, "",
                       0);
        }
    }
}

static void forget_opener(cogo__member_actor *m, cogo_actor_id joiner)
{
    for (uint32_t i = 0; i < m->opener_count; i++) {
        if (cogo_actor_id_equal(m->openers[i].joiner, joiner)) {
            m->openers[i] = m->openers[--m->opener_count];
            return;
        }
    }
}

/* --- The actor. --------------------------------------------------------------------------- */

static void beat(cogo__member_actor *m)
{
    cogo__cluster *c = m->cluster;
    uint64_t now = cogo_now_ns(m->ctx);
    cogo__lock_take(&c->lock);
    uint64_t late = cogo__pulse_beat(&c->pulse, now, m->beat_ns);
    cogo__u32_store_relaxed(&c->throttled_ms, (uint32_t)(late / 1000000));
    cogo__u32_store_relaxed(&c->strain, c->pulse.strain);
    cogo__view_age(&c->view, now);
    look_at_links(m);
    cogo__probe_beat(m, now);
    mesh(m, now);
    cogo__gossip_publish(m);
    cogo__lock_give(&c->lock);
}

static void take_address(cogo__member_actor *m, const char *address)
{
    cogo__lock_take(&m->cluster->lock);
    cogo__entry *self = &m->cluster->view.entries[0];
    if (self->known.address[0] == '\0') {
        cogo__member known = self->known;
        (void)snprintf(known.address, sizeof known.address, "%s", address);
        known.version++; // So that it is news.
        cogo__gossip_set(m, self, &known);
    }
    cogo__lock_give(&m->cluster->lock);
}

static void take_frame(cogo__member_actor *m, const cogo__told *told)
{
    uint64_t now = cogo_now_ns(m->ctx);
    if (told->frame == COGO__FRAME_MEMBER) {
        cogo__gossip_take(m, &told->member, told->peer);
        return;
    }
    cogo__lock_take(&m->cluster->lock);
    if (told->frame == COGO__FRAME_PROBE) {
        cogo__probe_asked(m, told, now);
    } else {
        cogo__probe_answered(m, told, now);
    }
    cogo__lock_give(&m->cluster->lock);
}

static void take_told(cogo__member_actor *m, const cogo__told *told)
{
    switch (told->kind) {
    case COGO__TOLD_ADDRESS:
        take_address(m, told->member.address);
        break;
    case COGO__TOLD_REFUSED: // What was refused may be this node's past already.
        if (told->member.incarnation == cogo__u64_load_relaxed(&m->node->incarnation)) {
            cogo__gossip_reborn(m, told->number);
        }
        break;
    case COGO__TOLD_FRAME:
        take_frame(m, told);
        break;
    }
}

/* Links that were there before this actor was. */
static void find_links(cogo__member_actor *m)
{
    uint32_t end = cogo__u32_load_acquire(&m->node->peers.fresh);
    for (uint32_t i = 1; i < end; i++) {
        cogo__peer *peer = cogo__peer_find(m->node, i);
        if (peer == NULL) {
            continue;
        }
        cogo_node_event event = {.node = i, .up = true, .incarnation = peer->incarnation};
        memcpy(event.name, peer->name, sizeof event.name);
        cogo__lock_take(&peer->lock);
        bool up = peer->up;
        cogo__lock_give(&peer->lock);
        if (up) {
            link_came(m, &event);
        }
    }
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    cogo__member_actor *m = state;
    m->node = *(cogo__node *const *)args;
    m->cluster = &m->node->cluster_view;
    m->ctx = ctx;
    m->beat_ns = (uint64_t)m->node->config.heartbeat_ms * 1000000;
    cogo__lock_take(&m->cluster->lock);
    m->cluster->actor = cogo_self(ctx);
    m->cluster->pulse.due_ns = 0;
    cogo__gossip_publish(m);
    cogo__lock_give(&m->cluster->lock);
    cogo__world_wake(m->node->system->world, &m->node->stopper); // Who started the node waits.
    find_links(m);
    return cogo_timer_start(ctx, m->beat_ns, m->beat_ns, 0, NULL);
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    cogo__member_actor *m = state;
    m->ctx = ctx;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_TIMER:
        beat(m);
        break;
    case COGO__MSG_TOLD:
        take_told(m, cogo_msg_payload(msg));
        break;
    case COGO_MSG_NODE: {
        const cogo_node_event *event = cogo_msg_payload(msg);
        if (event->up) {
            link_came(m, event);
        } else {
            link_went(m, event);
        }
        break;
    }
    case COGO_MSG_EXIT: {
        const cogo_down *down = cogo_msg_payload(msg);
        if (cogo_actor_id_equal(down->actor, ctx->cell->extra->supervisor)) {
            cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the node stops");
        } else {
            forget_opener(m, down->actor);
        }
        break;
    }
    default:
        break;
    }
    return COGO_OK;
}

static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    cogo__member_actor *m = state;
    (void)ctx;
    (void)reason;
    cogo__lock_take(&m->cluster->lock);
    m->cluster->actor = COGO_NO_ACTOR;
    cogo__lock_give(&m->cluster->lock);
}

const cogo_behavior cogo__member_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "cogo.node.member",
    .state_size_bytes = sizeof(cogo__member_actor),
    .start = start,
    .receive = receive,
    .stop = stop,
};
