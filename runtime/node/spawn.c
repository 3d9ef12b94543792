/* Actors that begin on another node: what is asked, and what is done about it. */
#include "runtime/actor/extra.h"
#include "runtime/actor/life.h"
#include "runtime/actor/send.h"
#include "runtime/node/connection.h"

#include <string.h>

enum {
    FLAGS = COGO_SPAWN_LINK | COGO_SPAWN_DETACHED | COGO_SPAWN_TRAP_EXIT,
    DECODED_SHARE = 16, // Decoded args may take so many times COGO_PLACEMENT_ARGS_MAX.
};

/* --- Asking. ------------------------------------------------------------------------------ */

/* Body of the request: then behaviour, name and args, without ends. */
typedef struct order {
    uint32_t flags, mailbox_limit, pressure;
    uint32_t behavior_size, name_size, args_size;
    uint8_t bytes[];
} order;

static cogo_err check(const cogo_remote_spawn *what)
{
    bool ok = what != NULL && what->struct_size >= sizeof *what && what->behavior != NULL
              && what->behavior[0] != '\0'
              && strnlen(what->behavior, COGO__NAME_MAX + 1) <= COGO__NAME_MAX
              && (what->name == NULL
                  || (what->name[0] != '\0'
                      && strnlen(what->name, COGO__NAME_MAX + 1) <= COGO__NAME_MAX))
              && (what->args_size_bytes == 0 || what->args != NULL)
              && (what->args_record == NULL || what->args != NULL)
              && (what->flags & ~(uint32_t)FLAGS) == 0
              && (uint32_t)what->pressure <= COGO_PRESSURE_DROP_OLD;
    return ok ? COGO_OK : COGO_EINVAL;
}

static cogo_err request(cogo_system *system, const cogo_remote_spawn *what, cogo_msg **out_msg)
{
    cogo_arena arena;
    cogo_value args = {NULL, 0};
    cogo_err err = check(what);
    if (err != COGO_OK) {
        return err;
    }
    cogo_arena_init(&arena, 0);
    if (what->args_record != NULL) {
        err = cogo_record_encode(what->args_record, what->args, &arena, &args);
    } else {
        args = (cogo_value){what->args, what->args_size_bytes};
    }
    err = err == COGO_OK && args.size_bytes > COGO_PLACEMENT_ARGS_MAX ? COGO_ELIMIT : err;
    const char *name = what->name != NULL ? what->name : "";
    size_t behavior_size = strlen(what->behavior), name_size = strlen(name);
    size_t size = sizeof(order) + behavior_size + name_size + args.size_bytes;
    cogo_msg *msg = err == COGO_OK ? cogo_msg_create(system, COGO_MSG_SPAWNED, size) : NULL;
    if (msg != NULL) {
        order *o = cogo__msg_body(msg);
        *o = (order){what->flags,
                     what->mailbox_limit,
                     (uint32_t)what->pressure,
                     (uint32_t)behavior_size,
                     (uint32_t)name_size,
                     (uint32_t)args.size_bytes};
        memcpy(o->bytes, what->behavior, behavior_size);
        memcpy(o->bytes + behavior_size, name, name_size);
        if (args.size_bytes != 0) {
            memcpy(o->bytes + behavior_size + name_size, args.data, args.size_bytes);
        }
        msg->flags |= COGO__MSG_INSIDE;
        *out_msg = msg;
    } else if (err == COGO_OK) {
        err = COGO_ENOMEM;
    }
    cogo_arena_finish(&arena);
    return err;
}

cogo_err cogo_node_spawn_ask(cogo_context *ctx, uint32_t node, const cogo_remote_spawn *what,
                             uint64_t timeout_ns, uint64_t *out_ask)
{
    cogo_msg *msg = NULL;
    cogo_err err = node != 0 ? request(ctx->system, what, &msg) : COGO_EINVAL;
    return err == COGO_OK
               ? cogo_ask(ctx, cogo__node_id(ctx->system, node), msg, timeout_ns, out_ask)
               : err;
}

cogo_err cogo_node_spawn(cogo_system *system, uint32_t node, const cogo_remote_spawn *what,
                         uint64_t timeout_ns, cogo_actor_id *out_id)
{
    cogo_msg *msg = NULL, *answer = NULL;
    bool valid = node != 0 && what != NULL && out_id != NULL;
    cogo_err err = valid ? request(system, what, &msg) : COGO_EINVAL;
    if (err == COGO_OK && (what->flags & COGO_SPAWN_LINK) != 0) {
        cogo_msg_destroy(msg); // There is nobody to be linked with.
        err = COGO_EINVAL;
    }
    if (err == COGO_OK) {
        err = cogo_system_ask(system, cogo__node_id(system, node), msg, timeout_ns, &answer);
    }
    if (err == COGO_OK) {
        memcpy(out_id, cogo_msg_payload(answer), sizeof *out_id);
        cogo_msg_destroy(answer);
    }
    return err;
}

cogo_err cogo__spawn_send(cogo__connection *c, cogo_msg *msg)
{
    const order *o = cogo__msg_body(msg);
    bool asked_here = msg->sender.node == 0 && msg->sender.slot != 0;
    const uint8_t *name = o->bytes + o->behavior_size;
    cogo__frame frame = {.kind = COGO__FRAME_SPAWN};
    frame.spawn = (cogo__frame_spawn){
        .request = msg->ask,
        .from = asked_here ? cogo__to_wire(msg->sender.slot, msg->sender.generation) : 0,
        .flags = o->flags,
        .mailbox_limit = o->mailbox_limit,
        .pressure = o->pressure,
        .behavior = {o->bytes, o->behavior_size},
        .name = {name, o->name_size},
        .args = {name + o->name_size, o->args_size},
    };
    return cogo__session_send(c->session, &frame);
}

cogo_err cogo__spawn_on_spawned(cogo__connection *c, const cogo__frame_spawned *s)
{
    cogo_system *system = c->node->system;
    cogo_err err = s->err <= COGO_EAUTH ? (cogo_err)s->err : COGO_EFAULT;
    bool waits = cogo__waits_for_peer(c, s->request);
    if (err != COGO_OK) {
        if (waits) {
            cogo__ask_fail(system, c->ctx, s->request, err);
        }
        return COGO_OK;
    }
    if (s->actor == 0) {
        return COGO_EDECODE;
    }
    cogo_actor_id id = cogo__from_wire(c->peer, s->actor);
    if (!waits || !cogo__remote_spawned(system, c->ctx, s->request, id, s->link)) {
        cogo_exit_actor(system, id, COGO_EXIT_KILLED, "nobody waits for it any more");
    }
    return COGO_OK;
}

/* --- Being asked. ------------------------------------------------------------------------- */

/* A text of a frame as a C string. False: it has a NUL. */
static bool take_text(cogo_value value, char out[COGO__NAME_MAX + 1])
{
    if (value.size_bytes > COGO__NAME_MAX
        || (value.size_bytes != 0 && memchr(value.data, 0, value.size_bytes) != NULL)) {
        return false;
    }
    if (value.size_bytes != 0) {
        memcpy(out, value.data, value.size_bytes);
    }
    out[value.size_bytes] = '\0';
    return true;
}

/* The args as the behaviour wants them: in @p arena, or the bytes themselves. */
static cogo_err take_args(const cogo__offer *offer, cogo_value args, cogo_arena *arena,
                          const void **out_args, size_t *out_size)
{
    *out_args = args.size_bytes != 0 ? args.data : NULL;
    *out_size = args.size_bytes;
    if (offer->args == NULL) {
        return COGO_OK;
    }
    cogo_err err = cogo_record_decode(offer->args, args, 0, arena, out_args, NULL);
    *out_size = err == COGO_OK ? cogo_record_flat_size(offer->args, *out_args) : 0;
    return err;
}

/* Its link with who asked is there from the beginning. */
static cogo_err link_to(cogo__connection *c, cogo__birth *birth, cogo__wire_actor from,
                        uint64_t *out_number)
{
    cogo_system *system = c->node->system;
    cogo__extra *extra = cogo__birth_extra(system, birth);
    *out_number = cogo__tie_number(system);
    cogo__phase_change(birth->cell, COGO__CELL_FAR, 0); // First, see cogo__remote_lost().
    return extra != NULL ? cogo__tie_add(extra, *out_number, cogo__from_wire(c->peer, from))
                         : COGO_ENOMEM;
}

static cogo_err spawn(cogo__connection *c, const cogo__frame_spawn *s, cogo_arena *arena,
                      cogo__frame_spawned *out)
{
    cogo_system *system = c->node->system;
    char behavior[COGO__NAME_MAX + 1], name[COGO__NAME_MAX + 1];
    cogo__offer offer;
    cogo__birth birth;
    bool linked = (s->flags & COGO_SPAWN_LINK) != 0;
    if (!take_text(s->behavior, behavior) || !take_text(s->name, name)
        || (s->flags & ~(uint64_t)FLAGS) != 0 || s->pressure > COGO_PRESSURE_DROP_OLD
        || (linked && s->from == 0)) {
        return COGO_EINVAL;
    }
    if (!cogo__offers_find(&system->offers, behavior, &offer)) {
        return COGO_ENOTFOUND;
    }
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = offer.behavior,
        .name = name[0] != '\0' ? name : NULL,
        .flags = (uint32_t)s->flags & ~(uint32_t)COGO_SPAWN_LINK,
        .mailbox_limit = (uint32_t)s->mailbox_limit,
        .pressure = (cogo_pressure)s->pressure,
    };
    const void *record = NULL;
    cogo_err err = take_args(&offer, s->args, arena, &record, &options.args_size_bytes);
    options.args = record;
    uint8_t *flat = NULL;
    if (err == COGO_OK && offer.args != NULL) {
        flat = cogo_arena_alloc(arena, options.args_size_bytes);
        err = flat != NULL ? COGO_OK : COGO_ENOMEM;
        options.args = flat;
    }
    if (err == COGO_OK && flat != NULL) {
        cogo_record_flatten(offer.args, record, flat);
    }
    err = err == COGO_OK ? cogo__birth_prepare(system, c->ctx, &options, false, &birth) : err;
    if (err != COGO_OK) {
        return err;
    }
    if (flat != NULL) { // Again, where it stays: what it points to lies in it.
        cogo_record_flatten(offer.args, record, cogo__birth_args(&birth)->args);
    }
    err = linked ? link_to(c, &birth, s->from, &out->link) : COGO_OK;
    if (err != COGO_OK) {
        cogo__birth_undo(system, c->ctx, &birth);
        return err;
    }
    out->actor = cogo__to_wire(birth.id.slot, birth.id.generation);
    cogo__birth_commit(system, c->ctx, &birth);
    return COGO_OK;
}

cogo_err cogo__spawn_on_spawn(cogo__connection *c, const cogo__frame_spawn *s)
{
    cogo__frame frame = {.kind = COGO__FRAME_SPAWNED, .spawned = {.request = s->request}};
    cogo_arena arena;
    cogo_arena_init(&arena, (size_t)COGO_PLACEMENT_ARGS_MAX * DECODED_SHARE);
    cogo_err err = spawn(c, s, &arena, &frame.spawned);
    cogo_arena_finish(&arena);
    frame.spawned.err = err;
    // Before anything that the new actor says: that waits for this very actor to send it.
    return cogo__session_send(c->session, &frame);
}
