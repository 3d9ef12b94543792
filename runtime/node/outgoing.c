/* Messages and signals become frames, first in, first out for each pair. A large message goes
 * in parts, and messages of other pairs between them. */
#include "runtime/actor/signals.h"
#include "runtime/node/connection.h"

#include <string.h>

enum {
    SMALL_MAX = 16384, // Bytes of a message that may go between the parts of a large one.
    PAIRS_LOOKED = 64, // Messages put aside for a large one that others are compared with.
};

static uint64_t cost_of(size_t payload_bytes)
{
    return COGO__MESSAGE_COST + (uint64_t)payload_bytes;
}

static bool has_credit(const cogo__connection *c, size_t payload_bytes)
{
    uint64_t used = c->out.sent - cogo__u64_load_relaxed(&c->peer->acknowledged);
    return used + cost_of(payload_bytes) <= c->out.window;
}

/* It has left the queue, as a frame or, with an @p err, as a dead letter. */
static void account(cogo__connection *c, cogo_msg *msg, cogo_err err)
{
    c->out.freed += cogo__queued_cost(msg);
    if (cogo__is_signal(msg)) {
        // Signals are not counted.
    } else if (err == COGO_OK) {
        cogo__count(c->node->system, c->ctx, COGO__HANDLED, 1);
    } else {
        cogo_actor_id to =
            cogo__from_wire(c->peer, cogo__to_wire((uint32_t)msg->enqueued_ns, msg->target));
        cogo__dead_letter(c->node->system, c->ctx, msg, to, COGO_DEAD_UNTYPED);
    }
}

static void release(cogo__connection *c, cogo_msg *msg, cogo_err err)
{
    account(c, msg, err);
    cogo__msg_free(c->ctx->heap, msg);
}

static cogo_err send_signal(cogo__connection *c, cogo_msg *msg)
{
    static const uint64_t kinds[] = {
        [COGO__SIG_EXIT - COGO__SIG_START] = COGO__FRAME_EXIT,
        [COGO__SIG_LINK - COGO__SIG_START] = COGO__FRAME_LINK,
        [COGO__SIG_UNLINK - COGO__SIG_START] = COGO__FRAME_UNLINK,
        [COGO__SIG_UNLINK_ACK - COGO__SIG_START] = COGO__FRAME_UNLINKED,
        [COGO__SIG_MONITOR - COGO__SIG_START] = COGO__FRAME_MONITOR,
        [COGO__SIG_DEMONITOR - COGO__SIG_START] = COGO__FRAME_DEMONITOR,
        [COGO__SIG_FORGET - COGO__SIG_START] = COGO__FRAME_FORGET,
        [COGO__SIG_LOST - COGO__SIG_START] = 0,
    };
    const cogo__signal *signal = cogo__msg_body(msg);
    cogo__wire_actor from = cogo__to_wire(signal->from.slot, signal->from.generation);
    cogo__wire_actor to = cogo__to_wire((uint32_t)msg->enqueued_ns, msg->target);
    cogo__frame frame = {.kind = kinds[msg->type - COGO__SIG_START]};
    if (frame.kind == COGO__FRAME_EXIT) {
        frame.exit = (cogo__frame_exit){
            from,
            to,
            signal->number,
            signal->reason.kind,
            signal->reason.err,
            {(const uint8_t *)signal->reason.text, strlen(signal->reason.text)}};
    } else {
        frame.link = (cogo__frame_link){from, to, signal->number};
    }
    return frame.kind != 0 ? cogo__session_send(c->session, &frame) : COGO_OK;
}

static cogo_err send_down(cogo__connection *c, cogo_msg *msg)
{
    const cogo_down *down = cogo__msg_body(msg);
    cogo__frame frame = {.kind = COGO__FRAME_DOWN};
    frame.exit = (cogo__frame_exit){
        cogo__to_wire(down->actor.slot, down->actor.generation),
        cogo__to_wire((uint32_t)msg->enqueued_ns, msg->target),
        down->monitor,
        down->reason.kind,
        down->reason.err,
        {(const uint8_t *)down->reason.text, strlen(down->reason.text)},
    };
    return cogo__session_send(c->session, &frame);
}

static cogo_err send_nack(cogo__connection *c, cogo_msg *msg)
{
    uint32_t slot = (uint32_t)msg->enqueued_ns & ~COGO__SLOT_ALIAS;
    cogo__frame frame = {.kind = COGO__FRAME_NACK};
    frame.nack.code = *(const cogo_err *)cogo__msg_body(msg);
    frame.nack.ask = cogo__ref_number(msg->target, slot);
    return cogo__session_send(c->session, &frame);
}

cogo_err cogo__outgoing_announce(cogo__connection *c, const cogo_type *type)
{
    const void *there = NULL;
    if (type == NULL || type == c->out.latest) {
        return COGO_OK;
    }
    c->out.latest = NULL;
    if (cogo__numbers_get(&c->out.announced, type->number, &there)) {
        c->out.latest = there;
        return COGO_OK;
    }
    cogo__frame frame = {.kind = COGO__FRAME_TYPE};
    frame.type.number = type->number;
    frame.type.version = type->record != NULL ? type->record->version : 0;
    frame.type.hash = type->record != NULL ? cogo_record_hash(type->record) : 0;
    frame.type.name = (cogo_value){(const uint8_t *)type->name, strlen(type->name)};
    cogo_err err = cogo__session_send(c->session, &frame);
    return err == COGO_OK ? cogo__numbers_put(&c->out.announced, type->number, type) : err;
}

static cogo_err payload_of(cogo_msg *msg, const cogo_type *type, cogo_arena *arena,
                           cogo_value *out)
{
    if (type != NULL && type->record != NULL) {
        return cogo_record_encode(type->record, cogo_msg_payload(msg), arena, out);
    }
    *out = (cogo_value){cogo_msg_payload(msg), msg->size_bytes};
    return COGO_OK;
}

static cogo_err send_first(cogo__connection *c, cogo_msg *msg)
{
    cogo__outgoing *out = &c->out;
    cogo__frame_user head = cogo__queue_head(msg);
    cogo__frame frame = {.kind = COGO__FRAME_FIRST};
    frame.first = (cogo__frame_first){
        .stream = ++out->streams,
        .total_bytes = out->large_bytes.size_bytes,
        .to = head.to,
        .from = head.from,
        .type = head.type,
        .ask = head.ask,
        .trace = head.trace,
        .payload = {out->large_bytes.data, COGO__FRAME_PAYLOAD_MAX},
    };
    out->large = msg;
    out->large_at = COGO__FRAME_PAYLOAD_MAX;
    out->sent += cost_of(COGO__FRAME_PAYLOAD_MAX);
    return cogo__session_send(c->session, &frame);
}

static void end_large(cogo__connection *c, cogo_err err)
{
    release(c, c->out.large, err);
    cogo_arena_finish(&c->out.large_arena);
    c->out.large = NULL;
    // What waited for it comes before what is newer.
    cogo_msg *msg = NULL;
    while ((msg = cogo__line_take(&c->out.line)) != NULL) {
        cogo__line_add(&c->out.deferred, msg);
    }
    c->out.line = c->out.deferred;
    c->out.deferred = (cogo__line){NULL, NULL};
}

static cogo_err send_part(cogo__connection *c)
{
    cogo__outgoing *out = &c->out;
    size_t left = out->large_bytes.size_bytes - out->large_at;
    size_t size = left < COGO__FRAME_PAYLOAD_MAX ? left : COGO__FRAME_PAYLOAD_MAX;
    cogo__frame frame = {.kind = COGO__FRAME_PART};
    frame.part =
        (cogo__frame_part){out->streams, {out->large_bytes.data + out->large_at, size}};
    cogo_err err = cogo__session_send(c->session, &frame);
    out->sent += cost_of(size);
    out->large_at += size;
    if (err == COGO_OK && out->large_at == out->large_bytes.size_bytes) {
        end_large(c, COGO_OK);
    }
    return err;
}

/* What waits to be written. */
static size_t output_bytes(const cogo__connection *c)
{
    size_t waiting = 0;
    (void)cogo__session_output(c->session, &waiting);
    return waiting;
}

/* Its payload goes to the socket from where it lies, and then it ends. */
static cogo_err send_from_there(cogo__connection *c, cogo_msg *msg, const cogo__frame *frame)
{
    cogo_err err = cogo__session_send_loose(c->session, frame, &frame->user.payload);
    account(c, msg, err);
    if (err == COGO_OK) {
        cogo__loose_add(&c->out.loose, output_bytes(c), msg, frame->user.payload);
    } else {
        cogo__msg_free(c->ctx->heap, msg);
    }
    return err;
}

/* A message of the program. False: no credit, it stays. */
static bool send_user(cogo__connection *c, cogo_msg *msg, cogo_err *out_err)
{
    const cogo_type *type = msg->type >= COGO_MSG_USER
                                ? cogo__types_find(&c->node->system->types, msg->type)
                                : NULL;
    cogo__frame frame = {.kind = COGO__FRAME_USER, .user = cogo__queue_head(msg)};
    cogo_value payload = {NULL, 0};
    cogo_err err = payload_of(msg, type, &c->out.arena, &payload);
    bool large = payload.size_bytes > COGO__FRAME_PAYLOAD_MAX;
    if (err == COGO_OK && payload.size_bytes > c->node->config.message_bytes) {
        err = COGO_ELIMIT;
    }
    if (err != COGO_OK) { // Its record breaks its own limits: the sender's mistake, not ours.
        cogo_arena_finish(&c->out.arena);
        release(c, msg, err);
        return true;
    }
    size_t first = large ? COGO__FRAME_PAYLOAD_MAX : payload.size_bytes;
    if (!has_credit(c, first)) {
        cogo_arena_finish(&c->out.arena);
        return false;
    }
    err = cogo__outgoing_announce(c, type);
    if (err == COGO_OK && large) {
        c->out.large_bytes = payload;
        c->out.large_arena = c->out.arena;
        cogo_arena_init(&c->out.arena, 0);
        *out_err = send_first(c, msg);
        return true;
    }
    frame.user.payload = payload;
    if (cogo__loose_takes(&c->out.loose, payload.size_bytes) && err == COGO_OK && c->tls == NULL
        && (type == NULL || type->record == NULL)) {
        c->out.sent += cost_of(payload.size_bytes);
        *out_err = send_from_there(c, msg, &frame);
        return true;
    }
    err = err == COGO_OK ? cogo__session_send(c->session, &frame) : err;
    c->out.sent += cost_of(payload.size_bytes);
    cogo_arena_finish(&c->out.arena);
    release(c, msg, err);
    *out_err = err;
    return true;
}

static bool same_pair(const cogo_msg *a, const cogo_msg *b)
{
    // Foreign threads are one sender, whether they ask or send.
    return a->sender.slot == b->sender.slot && a->sender.generation == b->sender.generation
           && a->enqueued_ns == b->enqueued_ns && a->target == b->target;
}

/* May @p msg go before the large one that is under way, and before those deferred? Signals and
 * what is large itself wait. */
static bool may_overtake(const cogo__connection *c, const cogo_msg *msg)
{
    if ((msg->flags & COGO__MSG_RUNTIME) != 0 || msg->size_bytes > SMALL_MAX
        || same_pair(msg, c->out.large)) {
        return false;
    }
    uint32_t looked = 0;
    for (const cogo_msg *m = c->out.deferred.first; m != NULL;
         m = cogo__ptr_load_relaxed(&m->link.next)) {
        if (same_pair(msg, m) || ++looked > PAIRS_LOOKED) {
            return false; // Behind many that wait all wait.
        }
    }
    return true;
}

/* Sends one message of the line, between parts if there are parts. False: nothing. */
static bool send_next(cogo__connection *c, cogo_err *out_err)
{
    cogo_msg *msg = c->out.line.first;
    if (msg == NULL) {
        return false;
    }
    if (c->out.large != NULL && !may_overtake(c, msg)) {
        cogo__line_add(&c->out.deferred, cogo__line_take(&c->out.line));
        return c->out.line.first != NULL;
    }
    cogo_msg *next = cogo__ptr_load_relaxed(&msg->link.next);
    bool gone = true;
    if (cogo__is_signal(msg) || (msg->flags & COGO__MSG_RUNTIME) != 0) {
        *out_err = msg->type == COGO_MSG_DOWN     ? send_down(c, msg)
                   : msg->type == COGO__MSG_NACK  ? send_nack(c, msg)
                   : msg->type == COGO__MSG_SHARE ? cogo__share_send(c, msg)
                                                  : send_signal(c, msg);
        release(c, msg, *out_err);
    } else if (msg->type == COGO_MSG_SPAWNED) {
        *out_err = cogo__spawn_send(c, msg);
        release(c, msg, *out_err);
    } else {
        gone = send_user(c, msg, out_err);
    }
    if (gone) {
        c->out.line.first = next;
        c->out.line.last = next != NULL ? c->out.line.last : NULL;
    }
    return gone;
}

/* The frames that senders made go behind the session's output. False: not now, that is too full
 * still. Caller holds the peer's lock. */
static bool unstage(cogo__connection *c, cogo__stage *stage)
{
    size_t waiting = output_bytes(c);
    if (waiting == 0) {
        cogo__session_swap(c->session, &stage->bytes, &stage->size, &stage->capacity);
    } else if (waiting + c->out.loose.bytes + stage->size > COGO__OUT_HIGH
               || cogo__session_append(c->session, stage->bytes, stage->size) != COGO_OK) {
        return false;
    }
    c->peer->queued_bytes -= stage->cost;
    stage->size = 0;
    stage->cost = 0;
    return true;
}

/* Nothing waits: senders may make their frames themselves. Caller holds the peer's lock. */
static void open_stage(cogo__connection *c, cogo__stage *stage)
{
    const cogo_type *latest = c->out.latest;
    if (latest != NULL && latest->record == NULL) {
        stage->spoken[latest->number % COGO__STAGE_SPOKEN] = latest->number;
    }
    stage->window = c->out.window;
    stage->open = c->out.lent = true;
    cogo__u64_store_relaxed(&c->peer->sent, c->out.sent);
}

/* Takes over what was staged, then what waits in the queue. False: there is nothing to encode.
 * @p out_full: what is staged has to wait, and all that is newer with it. */
static bool refill(cogo__connection *c, bool *out_full)
{
    cogo__outgoing *out = &c->out;
    cogo__peer *peer = c->peer;
    cogo__lock_take(&peer->lock);
    bool mine = peer->current == c->link;
    if (mine) {
        peer->queued_bytes -= out->freed;
        out->sent = out->lent ? cogo__u64_load_relaxed(&peer->sent) : out->sent;
        out->lent = peer->stage.open;
        *out_full = peer->stage.size != 0 && !unstage(c, &peer->stage);
    }
    out->freed = 0;
    if (mine && !*out_full && out->line.first == NULL) {
        out->line = peer->queue;
        peer->queue = (cogo__line){NULL, NULL};
    }
    bool some = out->line.first != NULL || out->large != NULL || out->deferred.first != NULL;
    if (mine) {
        cogo__u32_store_relaxed(&peer->looked_after,
                                some || *out_full ? COGO__LOOKS_ITSELF : COGO__LOOKS_NOBODY);
    }
    if (mine && !some && !*out_full && !peer->stage.open) {
        open_stage(c, &peer->stage);
    }
    cogo__lock_give(&peer->lock);
    return some && !*out_full;
}

bool cogo__outgoing_fill(cogo__connection *c)
{
    bool full = false, waits = false, more = refill(c, &waits);
    cogo_err err = COGO_OK;
    while (more && err == COGO_OK) {
        full = output_bytes(c) + c->out.loose.bytes >= COGO__OUT_HIGH;
        if (full) {
            break;
        }
        bool moved = send_next(c, &err);
        if (err == COGO_OK && c->out.large != NULL && has_credit(c, COGO__FRAME_PAYLOAD_MAX)) {
            err = send_part(c);
            moved = true;
        }
        if (c->out.line.first == NULL && err == COGO_OK) {
            more = refill(c, &waits);
        }
        more = more && moved;
    }
    if (c->out.freed != 0) {
        (void)refill(c, &waits);
    }
    if (!c->out.lent) {
        cogo__u64_store_relaxed(&c->peer->sent, c->out.sent);
    }
    if (err != COGO_OK) {
        cogo__session_close(c->session, err, "a frame could not be made");
    }
    return full || waits;
}

void cogo__outgoing_finish(cogo__connection *c)
{
    cogo__outgoing *out = &c->out;
    if (out->large != NULL) {
        cogo__line_add(&out->deferred, out->large);
        out->large = NULL;
    }
    if (c->peer != NULL) {
        cogo__line_drop(c->node->system, c->ctx, c->peer, &out->deferred);
        cogo__line_drop(c->node->system, c->ctx, c->peer, &out->line);
    }
    cogo__loose_drop(&out->loose, c->ctx->heap);
    cogo_arena_finish(&out->large_arena);
    cogo_arena_finish(&out->arena);
    cogo__numbers_finish(&out->announced);
}
