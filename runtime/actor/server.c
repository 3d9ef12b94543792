/* Servers: a table between the mailbox and the handlers. Nothing is kept here: who waits is in
 * the runtime's references already, and the table is constant. */
#include "runtime/actor/extra.h"
#include "runtime/actor/send.h"

#include <cogo/server.h>

#include <string.h>

struct cogo_call {
    cogo_msg *request, *answer;
    cogo_caller caller;
    cogo_err refused; /* COGO_OK: it is not. */
    bool later;
};

/* The table lies behind the behaviour, as large as the program knew it. */
static const cogo_server_table *table_of(const cogo_behavior *behavior)
{
    if (behavior->receive != cogo_server_receive) {
        return NULL;
    }
    const void *behind = (const char *)behavior + behavior->struct_size;
    const cogo_server_table *table = behind;
    return table->struct_size >= sizeof *table ? table : NULL;
}

/* It reached its actor, which has no use for it. */
static void turn_away(cogo_context *ctx, cogo_msg *msg)
{
    if ((msg->flags & COGO__MSG_REQUEST) != 0) {
        cogo__answered(ctx, msg->ask); // Decided by the dead letter.
    }
    cogo__count(ctx->system, ctx, COGO__HANDLED, UINT64_MAX);
    cogo__dead_letter(ctx->system, ctx, msg, ctx->self, COGO_DEAD_REFUSED);
}

/* --- Calls. ------------------------------------------------------------------------------- */

static cogo_err run_call(cogo_context *ctx, void *state, const cogo_server_call *entry,
                         cogo_msg *msg)
{
    cogo_call call = {
        .request = msg,
        .answer = cogo_msg_create(ctx->system, entry->type, entry->answer_size_bytes),
        .caller = {.reply_to = cogo_msg_reply_to(msg), .type = entry->type},
    };
    if (call.answer == NULL) { // The caller may try again; the server has done nothing yet.
        (void)cogo_server_refuse(ctx, call.caller, COGO_ENOMEM);
        return COGO_OK;
    }
    memset(cogo_msg_payload(call.answer), 0, entry->answer_size_bytes);
    cogo_err err = entry->handle(ctx, state, cogo_msg_payload(msg), &call);
    bool waits = err == COGO_OK && !call.later && call.refused == COGO_OK
                 && cogo_actor_id_is_set(call.caller.reply_to);
    if (waits) {
        (void)cogo_send(ctx, call.caller.reply_to, call.answer);
        return COGO_OK;
    }
    cogo_msg_destroy(call.answer);
    if (call.refused != COGO_OK && !call.later) {
        (void)cogo_server_refuse(ctx, call.caller, call.refused);
    }
    return err;
}

void *cogo_call_answer(cogo_call *call)
{
    return cogo_msg_payload(call->answer);
}

cogo_msg *cogo_call_message(cogo_call *call)
{
    return call->request;
}

cogo_caller cogo_call_later(cogo_call *call)
{
    call->later = true;
    return call->caller;
}

void cogo_call_refuse(cogo_call *call, cogo_err err)
{
    call->refused = err;
}

cogo_err cogo_server_reply(cogo_context *ctx, cogo_caller caller, const void *answer,
                           size_t size_bytes)
{
    cogo_msg *msg = cogo_msg_create(ctx->system, caller.type, size_bytes);
    if (msg == NULL) {
        return COGO_ENOMEM;
    }
    if (size_bytes != 0) {
        memcpy(cogo_msg_payload(msg), answer, size_bytes);
    }
    return cogo_send(ctx, caller.reply_to, msg);
}

cogo_err cogo_server_refuse(cogo_context *ctx, cogo_caller caller, cogo_err err)
{
    return cogo_refuse(ctx, caller.reply_to, err);
}

/* --- Messages. ---------------------------------------------------------------------------- */

static cogo_err run_outcome(cogo_context *ctx, void *state, const cogo_server_table *table,
                            cogo_msg *msg)
{
    if (table->answered == NULL) {
        return table->info != NULL ? table->info(ctx, state, msg) : COGO_OK;
    }
    if (msg->type == COGO_MSG_ASK_FAILED) {
        const cogo_ask_failed *failed = cogo_msg_payload(msg);
        return table->answered(ctx, state, msg->ask, failed->err, NULL);
    }
    return table->answered(ctx, state, msg->ask, COGO_OK, msg);
}

cogo_err cogo_server_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    const cogo_server_table *table = table_of(cogo__ptr_load_relaxed(&ctx->cell->behavior));
    if (table == NULL) {
        return COGO_ESTATE;
    }
    if ((msg->flags & COGO__MSG_ANSWER) != 0) {
        return run_outcome(ctx, state, table, msg);
    }
    for (size_t i = 0; i < table->call_count; i++) {
        const cogo_server_call *call = &table->calls[i];
        if (call->type == msg->type) {
            if (cogo_msg_size(msg) >= call->request_size_bytes) {
                return run_call(ctx, state, call, msg);
            }
            turn_away(ctx, msg);
            return COGO_OK;
        }
    }
    bool refuse = (msg->flags & COGO__MSG_REQUEST) != 0; // Nobody would answer it.
    for (size_t i = 0; i < table->cast_count && !refuse; i++) {
        const cogo_server_cast *cast = &table->casts[i];
        if (cast->type == msg->type && cogo_msg_size(msg) >= cast->payload_size_bytes) {
            return cast->handle(ctx, state, cogo_msg_payload(msg));
        }
        refuse = cast->type == msg->type;
    }
    if (refuse) {
        turn_away(ctx, msg);
        return COGO_OK;
    }
    return table->info != NULL ? table->info(ctx, state, msg) : COGO_OK;
}

/* --- Who asks. ---------------------------------------------------------------------------- */

static cogo_msg *message(cogo_system *system, cogo_msg_type type, const void *bytes,
                         size_t size_bytes)
{
    cogo_msg *msg = cogo_msg_create(system, type, size_bytes);
    if (msg != NULL && size_bytes != 0) {
        memcpy(cogo_msg_payload(msg), bytes, size_bytes);
    }
    return msg;
}

cogo_err cogo_server_call_start(cogo_context *ctx, cogo_actor_id server, cogo_msg_type type,
                                const void *request, size_t size_bytes, uint64_t timeout_ns,
                                uint64_t *out_ask)
{
    cogo_msg *msg = message(ctx->system, type, request, size_bytes);
    return msg != NULL ? cogo_ask(ctx, server, msg, timeout_ns, out_ask) : COGO_ENOMEM;
}

cogo_err cogo_server_call_wait(cogo_system *system, cogo_actor_id server, cogo_msg_type type,
                               const void *request, size_t size_bytes, uint64_t timeout_ns,
                               void *answer, size_t answer_size_bytes)
{
    cogo_msg *msg = message(system, type, request, size_bytes), *got = NULL;
    cogo_err err =
        msg != NULL ? cogo_system_ask(system, server, msg, timeout_ns, &got) : COGO_ENOMEM;
    if (err != COGO_OK) {
        return err;
    }
    err = cogo_msg_size(got) == answer_size_bytes ? COGO_OK : COGO_EDECODE;
    if (err == COGO_OK && answer_size_bytes != 0) {
        memcpy(answer, cogo_msg_payload(got), answer_size_bytes);
    }
    cogo_msg_destroy(got);
    return err;
}

cogo_err cogo_server_cast_send(cogo_context *ctx, cogo_actor_id server, cogo_msg_type type,
                               const void *payload, size_t size_bytes)
{
    cogo_msg *msg = message(ctx->system, type, payload, size_bytes);
    return msg != NULL ? cogo_send(ctx, server, msg) : COGO_ENOMEM;
}

cogo_err cogo_system_cast_send(cogo_system *system, cogo_actor_id server, cogo_msg_type type,
                               const void *payload, size_t size_bytes)
{
    cogo_msg *msg = message(system, type, payload, size_bytes);
    return msg != NULL ? cogo_system_send(system, server, msg) : COGO_ENOMEM;
}
