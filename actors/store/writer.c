/* The actor that writes: who may, until when, and what else it is asked. */
#include "actors/store/writer.h"

#include "actors/store/actors.h"
#include "codec/contract/failpoint.h"

#include <cogo/system.h>

#include <stdio.h>
#include <string.h>

static cogo_err writer_start(cogo_context *ctx, void *state, const void *args)
{
    writer *w = state;
    memcpy(&w->journal, args, sizeof w->journal);
    uint64_t every_ns = journal_renew_ns(w->journal), timer;
    return every_ns == 0 ? COGO_OK
                         : cogo_timer_start(ctx, every_ns, every_ns, TIMER_RENEW, &timer);
}

static void tell_candidate(cogo_context *ctx, writer *w)
{
    store_elected elected = {.term = journal_term(w->journal)};
    if (elected.term != 0 && cogo_actor_id_is_set(w->candidate)) {
        failpoint("store.term.after");
        (void)cogo_send(
            ctx, w->candidate,
            cogo_msg_create_record(cogo_context_system(ctx), MSG_STORE_ELECTED, &elected));
        w->candidate = COGO_NO_ACTOR;
    }
}

/* Also finds out that the engine is gone when nobody writes. */
static void renew(cogo_context *ctx, writer *w)
{
    if (w->broken || w->delay_ns > 0) {
        return;
    }
    if (writer_goes_on(ctx, w, journal_renew(w->journal, w->error))) {
        tell_candidate(ctx, w);
    }
}

/* False: its write is refused. Whoever comes while another one's writes wait for room, or has
 * more on its way than is ever kept, knows nothing of the limits. */
static bool take_sender(cogo_context *ctx, writer *w, cogo_actor_id sender)
{
    bool same = cogo_actor_id_equal(w->sender, sender);
    if (!same) {
        (void)writer_commit(ctx, w);
    }
    if (w->delay_ns > 0 && !same && w->kept_count > 0) {
        store_committed no = {.error = "the writes of another one wait for the store"};
        (void)cogo_send(
            ctx, sender,
            cogo_msg_create_record(cogo_context_system(ctx), MSG_STORE_COMMITTED, &no));
        return false;
    }
    if (w->delay_ns > 0 && w->kept_count == COMMIT_WRITES_MAX) {
        (void)snprintf(w->error, sizeof w->error, "too many writes wait for the store");
        writer_give_up(ctx, w, false);
        return false;
    }
    if (!same) {
        w->sender = sender;
        w->committed = 0;
        w->failed = w->broken;
        if (w->delay_ns > 0) {
            writer_report(ctx, w);
        }
    }
    return true;
}

/* A transaction of its own: tokens change rarely. */
static void change_token(cogo_context *ctx, writer *w, cogo_msg *msg)
{
    access_token token;
    char why[JOURNAL_ERROR_SIZE] = "the store can't be written now";
    (void)writer_commit(ctx, w);
    failpoint("store.token.before");
    cogo_err err = w->broken || w->delay_ns > 0 || journal_term(w->journal) == 0
                       ? COGO_ECLOSED
                       : journal_token(w->journal, cogo_msg_payload(msg), &token, why);
    failpoint("store.token.after");
    switch ((int)err) {
    case COGO_OK:
        store_answer(ctx, msg, MSG_TOKEN, &token);
        break;
    case COGO_ENOTFOUND:
        store_answer_problem(ctx, msg, 404, "TOKEN_NOT_FOUND",
                             "No such token, or it was revoked.");
        break;
    case COGO_ELIMIT:
        store_answer_problem(ctx, msg, 409, "TOO_MANY_TOKENS",
                             "Too many tokens are good; revoke some first.");
        break;
    case COGO_EINVAL:
        store_answer_problem(ctx, msg, 422, "VALIDATION", why);
        break;
    default:
        store_answer_problem(ctx, msg, 503, "STORE_UNAVAILABLE", why);
        break;
    }
}

static void answer_health(cogo_context *ctx, const writer *w, const cogo_msg *msg)
{
    const char *check = w->broken         ? w->error
                        : w->delay_ns > 0 ? "store: retrying"
                                          : "store: ok";
    store_answer_health(ctx, msg, check, !w->broken && w->delay_ns == 0);
}

static void on_timer(cogo_context *ctx, writer *w, const cogo_timer_fired *fired)
{
    if (fired->cookie == TIMER_RENEW) {
        (void)writer_commit(ctx, w);
        renew(ctx, w);
    } else if (w->delay_ns > 0) {
        writer_try_again(ctx, w);
    }
}

static void take_write(cogo_context *ctx, writer *w, cogo_msg *msg)
{
    if (!take_sender(ctx, w, cogo_msg_sender(msg))) {
        return;
    }
    if (w->failed) {
        writer_report(ctx, w);
    } else {
        writer_take(ctx, w, msg);
    }
}

static cogo_err writer_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    writer *w = state;
    switch (cogo_msg_type_of(msg)) {
    case MSG_STORE_WRITE:
        take_write(ctx, w, msg);
        break;
    case COGO_MSG_TIMER:
        on_timer(ctx, w, cogo_msg_payload(msg));
        break;
    case MSG_STORE_STAND:
        w->candidate = cogo_msg_sender(msg);
        tell_candidate(ctx, w);
        break;
    case MSG_TOKEN_CHANGE:
        change_token(ctx, w, msg);
        break;
    case MSG_HEALTH_READ:
        answer_health(ctx, w, msg);
        break;
    default:
        break;
    }
    return COGO_OK;
}

static cogo_err writer_drained(cogo_context *ctx, void *state)
{
    (void)writer_commit(ctx, state);
    return COGO_OK;
}

static void writer_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)reason;
    writer *w = state;
    (void)writer_commit(ctx, w);
    writer_forget(w, w->kept_count); // Never acknowledged.
    journal_close(w->journal);
}

const cogo_behavior store_writer = {
    .struct_size = sizeof(cogo_behavior),
    .name = "store.writer",
    .state_size_bytes = sizeof(writer),
    .start = writer_start,
    .receive = writer_receive,
    .drained = writer_drained,
    .stop = writer_stop,
};
