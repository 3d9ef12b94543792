/* The queue of each peer: filled by whoever sends, emptied by the data connection. */
#include "runtime/actor/send.h"
#include "runtime/node/node.h"

void cogo__line_add(cogo__line *line, cogo_msg *msg)
{
    cogo__ptr_store_relaxed(&msg->link.next, NULL);
    if (line->last != NULL) {
        cogo__ptr_store_relaxed(&line->last->link.next, msg);
    } else {
        line->first = msg;
    }
    line->last = msg;
}

cogo_msg *cogo__line_take(cogo__line *line)
{
    cogo_msg *msg = line->first;
    if (msg != NULL) {
        line->first = cogo__ptr_load_relaxed(&msg->link.next);
        line->last = line->first != NULL ? line->last : NULL;
    }
    return msg;
}

void cogo__line_drop(cogo_system *system, cogo_context *ctx, const cogo__peer *peer,
                     cogo__line *line)
{
    cogo_msg *msg = NULL;
    while ((msg = cogo__line_take(line)) != NULL) {
        if (!cogo__is_signal(msg)) {
            cogo_actor_id to = {peer->index, (uint32_t)peer->incarnation,
                                (uint32_t)msg->enqueued_ns, msg->target};
            cogo__dead_letter(system, ctx, msg, to, COGO_DEAD_GONE);
        }
        cogo__msg_free(ctx->heap, msg);
    }
}

static cogo__node *node_of(cogo__remote *remote)
{
    return (cogo__node *)(void *)remote;
}

/* May a message of this kind leave the node? */
static bool may_pass(const cogo__node *node, const cogo_msg *msg, cogo_dead_reason *out_why)
{
    bool runtime = (msg->flags & COGO__MSG_RUNTIME) != 0;
    if (runtime && (cogo__is_signal(msg) || msg->type == COGO_MSG_DOWN)) {
        return true;
    }
    bool known = msg->type == COGO_MSG_BYTES || msg->type == COGO_MSG_NAME
                 || (msg->type == COGO_MSG_SPAWNED && (msg->flags & COGO__MSG_INSIDE) != 0)
                 || (msg->type >= COGO_MSG_USER
                     && cogo__types_find(&node->system->types, msg->type) != NULL);
    if (!known) {
        *out_why = COGO_DEAD_UNTYPED;
        return false;
    }
    *out_why = COGO_DEAD_LARGE;
    return msg->size_bytes <= node->config.message_bytes;
}

cogo__frame_user cogo__queue_head(const cogo_msg *msg)
{
    bool here = msg->sender.node == 0 && msg->sender.slot != 0;
    return (cogo__frame_user){
        .to = (uint64_t)msg->target << 32 | (uint32_t)msg->enqueued_ns,
        .from = here ? (uint64_t)msg->sender.generation << 32 | msg->sender.slot : 0,
        .type = msg->type,
        .ask = (msg->flags & COGO__MSG_REQUEST) != 0 ? msg->ask : 0,
        .trace = msg->trace,
    };
}

/* Becomes a frame here and now? Caller holds the peer's lock. */
static bool stage(const cogo__node *node, cogo__peer *peer, cogo_msg *msg)
{
    cogo__stage *stage = &peer->stage;
    uint64_t sent = cogo__u64_load_relaxed(&peer->sent) + cogo__queued_cost(msg);
    if (!stage->open || (msg->flags & COGO__MSG_RUNTIME) != 0
        || msg->size_bytes > COGO__STAGE_PAYLOAD || !cogo__stage_speaks(stage, msg->type)
        || sent - cogo__u64_load_relaxed(&peer->acknowledged) > stage->window) {
        return false;
    }
    cogo__frame frame = {.kind = COGO__FRAME_USER, .user = cogo__queue_head(msg)};
    frame.user.payload = (cogo_value){cogo_msg_payload(msg), msg->size_bytes};
    if (!cogo__stage_add(stage, node->system->config.allocator, &frame)) {
        return false;
    }
    stage->cost += cogo__queued_cost(msg);
    cogo__u64_store_relaxed(&peer->sent, sent);
    return true;
}

/* Caller holds the peer's lock. */
static cogo_err take_in(const cogo__node *node, cogo__peer *peer, cogo_msg *msg,
                        bool *out_staged, cogo_dead_reason *out_why)
{
    // What the runtime says is never refused: it is bounded by what there is to say it about.
    bool bounded = (msg->flags & COGO__MSG_RUNTIME) == 0;
    *out_staged = false;
    *out_why = COGO_DEAD_GONE;
    if (!peer->up) {
        return COGO_EGONE;
    }
    if (bounded && peer->queued_bytes >= node->config.queue_bytes) {
        *out_why = COGO_DEAD_LINK;
        return COGO_EFULL;
    }
    *out_staged = stage(node, peer, msg);
    if (!*out_staged) {
        peer->stage.open = false;
        cogo__line_add(&peer->queue, msg);
    }
    peer->queued_bytes += cogo__queued_cost(msg);
    return COGO_OK;
}

/* Whom to tell, if a report is due: when a quarter of the window has been consumed since.
 * Caller holds the peer's lock. */
static __attribute__((noinline)) cogo_actor_id
note_consumed(const cogo__node *node, cogo__peer *peer, uint32_t link, uint32_t bytes)
{
    if ((uint32_t)peer->current != link) { // It came over an earlier link.
        return COGO_NO_ACTOR;
    }
    peer->consumed += bytes;
    if (peer->report_due || peer->consumed - peer->reported < node->config.window_bytes / 4) {
        return COGO_NO_ACTOR;
    }
    peer->report_due = true;
    return peer->control;
}

/* What this turn has consumed of the peer's goes back with what it says, for which the lock is
 * taken anyway. As note_consumed(). */
static inline cogo_actor_id settle(const cogo__node *node, cogo_context *here, cogo__peer *peer)
{
    if (here == NULL || here->owed.bytes == 0 || here->owed.node != peer->index) {
        return COGO_NO_ACTOR;
    }
    uint32_t bytes = here->owed.bytes;
    here->owed.bytes = 0;
    return note_consumed(node, peer, here->owed.link, bytes);
}

static __attribute__((noinline)) void flush(cogo__node *node, cogo_context *here,
                                            cogo_actor_id connection)
{
    cogo__post(node->system, here, connection, COGO__MSG_FLUSH, 0, 0, "", 0);
}

static cogo_err put(cogo__node *node, cogo_context *here, cogo__peer *peer, cogo_msg *msg,
                    cogo_dead_reason *out_why)
{
    cogo_actor_id wake = COGO_NO_ACTOR;
    bool staged = false;
    cogo__lock_take(&peer->lock);
    cogo_actor_id report = settle(node, here, peer);
    cogo_err err = take_in(node, peer, msg, &staged, out_why);
    if (err == COGO_OK) {
        if (cogo__u32_load_relaxed(&peer->looked_after) == COGO__LOOKS_NOBODY) {
            cogo__u32_store_relaxed(&peer->looked_after, COGO__LOOKS_TOLD);
            wake = peer->data;
        }
    }
    cogo__lock_give(&peer->lock);
    if (cogo_actor_id_is_set(report)) {
        flush(node, here, report);
    }
    if (cogo_actor_id_is_set(wake) && !cogo__nudge(node->system, here, wake)) {
        flush(node, here, wake);
    }
    if (staged) {
        cogo__count(node->system, here, COGO__HANDLED, 1);
        cogo__msg_free(here != NULL ? here->heap : NULL, msg);
    }
    return err;
}

static cogo_err pass(cogo__remote *remote, cogo_context *here, cogo_actor_id to, cogo_msg *msg,
                     cogo_dead_reason *out_why)
{
    cogo__node *node = node_of(remote);
    cogo__peer *peer = cogo__peer_find(node, to.node);
    if (peer == NULL || (uint32_t)peer->incarnation != to.incarnation) {
        *out_why = COGO_DEAD_GONE;
        return COGO_EGONE;
    }
    if ((to.slot & COGO__SLOT_ALIAS) != 0) {
        (void)cogo__u32_add_relaxed(&peer->relays, UINT32_MAX);
    }
    msg->enqueued_ns = to.slot; // Where what waits for a link keeps it.
    msg->target = to.generation;
    return may_pass(node, msg, out_why) ? put(node, here, peer, msg, out_why) : COGO_EINVAL;
}

static void refuse(cogo__remote *remote, cogo_context *here, cogo_actor_id asker, cogo_err err)
{
    cogo_dead_reason why = COGO_DEAD_GONE;
    cogo_msg *msg = cogo__msg_alloc(node_of(remote)->system, here != NULL ? here->heap : NULL,
                                    COGO__MSG_NACK, sizeof err);
    if (msg == NULL) {
        cogo__log(node_of(remote)->system, COGO_LOG_ERROR, "out of memory: a refusal is lost");
        return;
    }
    *(cogo_err *)cogo__msg_body(msg) = err;
    msg->flags |= COGO__MSG_RUNTIME;
    if (pass(remote, here, asker, msg, &why) != COGO_OK) {
        cogo__msg_free(here != NULL ? here->heap : NULL, msg);
    }
}

static void consumed(cogo__remote *remote, cogo_context *here, uint32_t index,
                     const cogo__remote_cost *cost)
{
    cogo__node *node = node_of(remote);
    cogo__peer *peer = cogo__peer_find(node, index);
    cogo__lock_take(&peer->lock);
    cogo_actor_id report = note_consumed(node, peer, cost->link, cost->bytes);
    cogo__lock_give(&peer->lock);
    if (cogo_actor_id_is_set(report)) {
        flush(node, here, report);
    }
}

void cogo__queue_init(cogo__remote *remote)
{
    remote->pass = pass;
    remote->refuse = refuse;
    remote->consumed = consumed;
}
