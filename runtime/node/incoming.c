/* Frames become messages and signals of this node. Nothing that a frame says is believed
 * without a look: types, sizes, numbers of asks and monitors. */
#include "runtime/actor/send.h"
#include "runtime/node/connection.h"

#include <string.h>

enum { DECODED_SHARE = 4 }; // A decoded record may take so many times the largest message.

static cogo_err nack(cogo__connection *c, const cogo__frame_user *u, cogo_err err)
{
    cogo__frame frame = {.kind = COGO__FRAME_NACK};
    frame.nack = (cogo__frame_nack){
        .code = err, .type = u->type, .to = u->to, .from = u->from, .ask = u->ask};
    cogo__u64_store_relaxed(&c->peer->nacks, cogo__u64_load_relaxed(&c->peer->nacks) + 1);
    return cogo__session_send(c->session, &frame);
}

bool cogo__waits_for_peer(const cogo__connection *c, uint64_t number)
{
    cogo__ref *ref = cogo__ref_find(&c->node->system->refs, number);
    return ref != NULL
           && cogo__u64_load_relaxed(&ref->far)
                  == ((number >> 32) << 32 | (uint64_t)c->peer->index);
}

/* Who sent it is told. So is who waits for it, if it is an answer. */
static cogo_err turn_down(cogo__connection *c, const cogo__frame_user *u, cogo_err err)
{
    uint32_t slot = (uint32_t)u->to;
    uint64_t number =
        cogo__ref_number((uint32_t)(u->to >> 32), slot & ~(uint32_t)COGO__SLOT_ALIAS);
    if ((slot & COGO__SLOT_ALIAS) != 0 && cogo__waits_for_peer(c, number)) {
        cogo__ask_fail(c->node->system, c->ctx, number, err);
    }
    return nack(c, u, err);
}

static void consume_now(cogo__connection *c, uint32_t bytes)
{
    cogo__remote_cost cost = {bytes, (uint32_t)c->link};
    c->node->remote.consumed(&c->node->remote, c->ctx, c->peer->index, &cost);
}

/* A message with room for what it costs behind its payload. */
static cogo_msg *make(const cogo__connection *c, cogo_msg_type type, size_t size_bytes,
                      uint32_t cost_bytes)
{
    cogo__remote_cost cost = {cost_bytes, (uint32_t)c->link};
    cogo_msg *msg =
        cogo__msg_alloc(c->node->system, c->ctx->heap, type, size_bytes + sizeof cost);
    if (msg != NULL) {
        msg->size_bytes = (uint32_t)size_bytes;
        msg->flags |= COGO__MSG_REMOTE;
        memcpy((char *)cogo__msg_body(msg) + size_bytes, &cost, sizeof cost);
    }
    return msg;
}

/* The record that the payload holds, in one flat block. */
static cogo_err decode_record(const cogo__connection *c, const cogo_type *type,
                              cogo_value payload, uint32_t cost, cogo_msg **out_msg)
{
    cogo_arena arena;
    const void *record = NULL;
    cogo_arena_init(&arena, (size_t)c->node->config.message_bytes * DECODED_SHARE);
    cogo_err err = cogo_record_decode(type->record, payload, 0, &arena, &record, NULL);
    if (err == COGO_OK) {
        size_t size = cogo_record_flat_size(type->record, record);
        *out_msg = make(c, type->number, size, cost);
        if (*out_msg != NULL) {
            cogo_record_flatten(type->record, record, cogo__msg_body(*out_msg));
        }
        err = *out_msg != NULL ? COGO_OK : COGO_ENOMEM;
    }
    cogo_arena_finish(&arena);
    return err;
}

/* An actor on the wire, as the payload of an answer to a question for a name. */
static cogo_err decode_name(const cogo__connection *c, cogo_value payload, uint32_t cost,
                            cogo_msg **out_msg)
{
    cogo__wire_actor actor = 0;
    if (payload.size_bytes != sizeof actor) {
        return COGO_EDECODE;
    }
    for (size_t i = 0; i < sizeof actor; i++) {
        actor = actor << 8 | payload.data[i];
    }
    cogo_actor_id id = actor != 0 ? cogo__from_wire(c->peer, actor) : COGO_NO_ACTOR;
    *out_msg = make(c, COGO_MSG_NAME, sizeof id, cost);
    if (*out_msg == NULL) {
        return COGO_ENOMEM;
    }
    memcpy(cogo__msg_body(*out_msg), &id, sizeof id);
    return COGO_OK;
}

/* NULL: it was not announced, or has no meaning here. */
static const cogo_type *type_of(cogo__connection *c, uint64_t number)
{
    cogo__incoming *in = &c->incoming;
    const void *known = NULL;
    if (in->latest != number || in->latest_type == NULL) {
        (void)cogo__numbers_get(&in->types, (uint32_t)number, &known);
        in->latest = number;
        in->latest_type = known;
    }
    return in->latest_type;
}

static cogo_err decode(cogo__connection *c, const cogo__frame_user *u, uint32_t cost,
                       cogo_msg **out_msg)
{
    cogo_msg_type number = COGO_MSG_BYTES;
    if (u->type == COGO_MSG_NAME) {
        bool answer = ((uint32_t)u->to & COGO__SLOT_ALIAS) != 0;
        return answer ? decode_name(c, u->payload, cost, out_msg) : COGO_EINVAL;
    }
    if (u->type != COGO_MSG_BYTES) {
        const cogo_type *type = type_of(c, u->type);
        if (type == NULL) {
            return COGO_ENOTFOUND;
        }
        if (type->record != NULL) {
            return decode_record(c, type, u->payload, cost, out_msg);
        }
        number = type->number;
    }
    *out_msg = make(c, number, u->payload.size_bytes, cost);
    if (*out_msg == NULL) {
        return COGO_ENOMEM;
    }
    if (u->payload.size_bytes != 0) {
        memcpy(cogo__msg_body(*out_msg), u->payload.data, u->payload.size_bytes);
    }
    return COGO_OK;
}

static cogo_actor_id alias_of(const cogo__connection *c, uint64_t ask)
{
    return (cogo_actor_id){c->peer->index, (uint32_t)c->peer->incarnation,
                           (uint32_t)ask | COGO__SLOT_ALIAS, (uint32_t)(ask >> 32)};
}

/* "Who has this name?" is answered here, without an actor in between. */
static cogo_err on_name_wanted(cogo__connection *c, const cogo__frame_user *u)
{
    char name[COGO__NAME_MAX + 1];
    if (u->type != COGO_MSG_NAME || u->ask == 0 || u->payload.size_bytes >= sizeof name) {
        return nack(c, u, COGO_EINVAL);
    }
    if (u->payload.size_bytes != 0) {
        memcpy(name, u->payload.data, u->payload.size_bytes);
    }
    name[u->payload.size_bytes] = '\0';
    cogo_actor_id id = cogo_name_find(c->node->system, name);
    cogo__wire_actor actor = cogo__to_wire(id.slot, id.generation);
    cogo_msg *msg = cogo__msg_alloc(c->node->system, c->ctx->heap, COGO_MSG_NAME, sizeof actor);
    if (msg == NULL) {
        return nack(c, u, COGO_ENOMEM);
    }
    uint8_t *bytes = cogo__msg_body(msg);
    for (size_t i = 0; i < sizeof actor; i++) {
        bytes[i] = (uint8_t)(actor >> (56 - 8 * i));
    }
    (void)cogo__u32_add_relaxed(&c->peer->relays, 1); // Given back when the answer passes.
    (void)cogo__deliver(c->node->system, c->ctx, alias_of(c, u->ask), msg, true);
    return COGO_OK;
}

static cogo_err ask_here(cogo__connection *c, const cogo__frame_user *u, cogo_msg *msg)
{
    if (u->ask == 0) {
        return COGO_OK;
    }
    if (cogo__u32_load_relaxed(&c->peer->relays) >= COGO__RELAYS_MAX) {
        return COGO_EFULL;
    }
    uint64_t number = cogo__relay_create(c->node->system, c->ctx, alias_of(c, u->ask));
    if (number == 0) {
        return COGO_ENOMEM;
    }
    (void)cogo__u32_add_relaxed(&c->peer->relays, 1);
    msg->ask = number;
    msg->flags |= COGO__MSG_ASKED;
    return COGO_OK;
}

/* @p err: what is wrong with it, if something is. */
static inline __attribute__((always_inline)) cogo_err deliver(cogo__connection *c,
                                                              const cogo__frame_user *u,
                                                              uint32_t cost, cogo_msg *msg,
                                                              cogo_err err)
{
    if (err == COGO_OK) {
        err = ask_here(c, u, msg);
    }
    if (err != COGO_OK) {
        if (msg != NULL) {
            cogo__msg_free(c->ctx->heap, msg);
        }
        consume_now(c, cost);
        return turn_down(c, u, err);
    }
    msg->sender = cogo__from_wire(c->peer, u->from);
    msg->trace = u->trace;
    cogo__chain_add(c->node->system, c->ctx, &c->incoming.chain, cogo__local(c, u->to), msg);
    return COGO_OK;
}

/* @p cost: bytes that the peer gets back when the message has been handled. */
static cogo_err on_user(cogo__connection *c, const cogo__frame_user *u, uint32_t cost)
{
    const cogo__wire_actor the_node = cogo__to_wire(0, 1);
    cogo_msg *msg = NULL;
    cogo_err err = u->asker.size_bytes != 0 ? COGO_EUNSUPPORTED : COGO_OK;
    if (u->to == the_node) {
        consume_now(c, cost);
        return on_name_wanted(c, u);
    }
    err = err == COGO_OK ? decode(c, u, cost, &msg) : err;
    return deliver(c, u, cost, msg, err);
}

/* @p part is of @p stream; with the last one it is a message. */
static cogo_err add_part(cogo__connection *c, cogo__stream *stream, cogo_value part)
{
    cogo_err err = cogo__stream_add(c, stream, part);
    if (err == COGO_OK && stream->have == stream->total) {
        cogo__frame_user whole = stream->head;
        whole.payload = (cogo_value){stream->bytes, stream->total};
        err = on_user(c, &whole, 0);
        cogo__stream_end(stream);
    }
    return err;
}

static cogo_err on_first(cogo__connection *c, const cogo__frame_first *f)
{
    cogo__frame_user head = {
        .to = f->to, .from = f->from, .type = f->type, .ask = f->ask, .trace = f->trace};
    cogo__stream *stream = NULL;
    cogo_err err = cogo__stream_open(c, f, &head, &stream);
    if (err == COGO_ELIMIT) {
        return turn_down(c, &head, err); // Its parts find no stream and are dropped.
    }
    return err == COGO_OK ? add_part(c, stream, f->payload) : err;
}

static cogo_err on_part(cogo__connection *c, const cogo__frame_part *p)
{
    cogo__stream *stream = cogo__stream_find(c, p->stream);
    return stream != NULL ? add_part(c, stream, p->payload) : COGO_OK;
}

static cogo_err on_type(cogo__connection *c, const cogo__frame_type *t)
{
    char name[256];
    if (t->number > UINT32_MAX || t->number < COGO_MSG_USER
        || t->name.size_bytes >= sizeof name) {
        return COGO_EDECODE;
    }
    memcpy(name, t->name.data, t->name.size_bytes);
    name[t->name.size_bytes] = '\0';
    const cogo_type *type = cogo__types_find_name(&c->node->system->types, name);
    c->incoming.latest_type = NULL;
    return cogo__numbers_put(&c->incoming.types, (uint32_t)t->number, type);
}

static cogo_err on_nack(cogo__connection *c, const cogo__frame_nack *n)
{
    cogo_err err = n->code != 0 && n->code <= COGO_EAUTH ? (cogo_err)n->code : COGO_EFAULT;
    cogo__u64_store_relaxed(&c->peer->nacks, cogo__u64_load_relaxed(&c->peer->nacks) + 1);
    if (n->ask != 0 && cogo__waits_for_peer(c, n->ask)) {
        cogo__ask_fail(c->node->system, c->ctx, n->ask, err);
    } else if (n->ask == 0) {
        cogo__log(c->node->system, COGO_LOG_WARN,
                  "node %s: a message of type %u was refused: %s", c->peer->name,
                  (uint32_t)n->type, cogo_strerror(err));
    }
    return COGO_OK;
}

/* The peer may have no more under way than the window that it was given. */
static cogo_err take_credit(cogo__connection *c, size_t payload_bytes, uint32_t *out_cost)
{
    *out_cost = COGO__MESSAGE_COST + (uint32_t)payload_bytes;
    c->incoming.received += *out_cost;
    const uint64_t most = c->node->config.window_bytes;
    if (c->incoming.received - c->incoming.consumed <= most) {
        return COGO_OK; // It has consumed no less since.
    }
    cogo__lock_take(&c->peer->lock);
    bool mine = c->peer->current == c->link;
    c->incoming.consumed = mine ? c->peer->consumed : c->incoming.received;
    cogo__lock_give(&c->peer->lock);
    return c->incoming.received - c->incoming.consumed <= most ? COGO_OK : COGO_ELIMIT;
}

cogo_err cogo__incoming_frame(cogo__connection *c, const cogo__frame *frame)
{
    uint32_t cost = 0;
    cogo_err err = COGO_OK;
    if (frame->kind != COGO__FRAME_USER) { // Nothing that is newer comes first.
        cogo__incoming_push(c);
    }
    switch (frame->kind) {
    case COGO__FRAME_TYPE:
        return on_type(c, &frame->type);
    case COGO__FRAME_USER:
        if (__builtin_expect(frame->user.payload.size_bytes >= COGO__LANDING_LEAST, 0)) {
            c->incoming.large = true; // More of that size may follow.
        }
        err = take_credit(c, frame->user.payload.size_bytes, &cost);
        return err == COGO_OK ? on_user(c, &frame->user, cost) : err;
    case COGO__FRAME_FIRST:
        err = take_credit(c, frame->first.payload.size_bytes, &cost);
        consume_now(c, cost);
        return err == COGO_OK ? on_first(c, &frame->first) : err;
    case COGO__FRAME_PART:
        err = take_credit(c, frame->part.payload.size_bytes, &cost);
        consume_now(c, cost);
        return err == COGO_OK ? on_part(c, &frame->part) : err;
    case COGO__FRAME_LINK:
    case COGO__FRAME_UNLINK:
    case COGO__FRAME_UNLINKED:
    case COGO__FRAME_MONITOR:
    case COGO__FRAME_DEMONITOR:
    case COGO__FRAME_FORGET:
        return cogo__ties_relation(c, frame->kind, &frame->link);
    case COGO__FRAME_EXIT:
        return cogo__ties_exit(c, &frame->exit);
    case COGO__FRAME_DOWN:
        return cogo__ties_down(c, &frame->exit);
    case COGO__FRAME_SPAWN:
        return cogo__spawn_on_spawn(c, &frame->spawn);
    case COGO__FRAME_SPAWNED:
        return cogo__spawn_on_spawned(c, &frame->spawned);
    case COGO__FRAME_JOIN:
    case COGO__FRAME_LEAVE:
        return cogo__share_on_group(c, frame->kind == COGO__FRAME_JOIN, &frame->group);
    case COGO__FRAME_NACK:
        return on_nack(c, &frame->nack);
    case COGO__FRAME_MEMBER: // Who leaves says so on either connection.
        cogo__told_frame(c, frame);
        return COGO_OK;
    default:
        return COGO_ESTATE; // Belongs on the control connection.
    }
}

cogo_msg *cogo__incoming_place(cogo__connection *c, const cogo__frame_user *u,
                               uint32_t *out_cost)
{
    const cogo_type *type = u->type != COGO_MSG_BYTES ? type_of(c, u->type) : NULL;
    bool bytes = u->type == COGO_MSG_BYTES || (type != NULL && type->record == NULL);
    if (!bytes || u->to == cogo__to_wire(0, 1)) {
        return NULL;
    }
    cogo_msg *msg = make(c, type != NULL ? type->number : COGO_MSG_BYTES, u->payload.size_bytes,
                         COGO__MESSAGE_COST + (uint32_t)u->payload.size_bytes);
    cogo_err err = msg != NULL ? take_credit(c, u->payload.size_bytes, out_cost) : COGO_OK;
    if (err != COGO_OK) {
        cogo__msg_free(c->ctx->heap, msg);
        cogo__session_close(c->session, err, "a frame that can't be accepted");
        msg = NULL;
    }
    return msg;
}

cogo_err cogo__incoming_placed(cogo__connection *c, const cogo__frame_user *u, uint32_t cost,
                               cogo_msg *msg)
{
    return deliver(c, u, cost, msg, COGO_OK);
}

void cogo__incoming_push(cogo__connection *c)
{
    cogo__chain_push(c->node->system, c->ctx, &c->incoming.chain);
}

void cogo__incoming_finish(cogo__connection *c)
{
    for (int i = 0; i < COGO__STREAMS_MAX; i++) {
        cogo__stream_end(&c->incoming.streams[i]);
    }
    if (c->incoming.landing.msg != NULL) {
        cogo__msg_free(c->ctx->heap, c->incoming.landing.msg);
    }
    cogo__numbers_finish(&c->incoming.types);
}
