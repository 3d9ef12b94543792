/* The actor that answers questions, from what is committed. */
#include "actors/store/actors.h"
#include "actors/store/journal.h"

#include <string.h>

enum { LOOKUP_BYTES_MAX = 512 * 1024 * 1024 }; /* Memory of one answer while it is made. */

static cogo_err reader_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(journal_reader *));
    return COGO_OK;
}

static void answer_artifact(cogo_context *ctx, cogo_msg *msg, journal_reader *reader,
                            cogo_arena *arena)
{
    artifact_content out;
    const char *why = NULL;
    switch ((int)journal_artifact(reader, cogo_msg_payload(msg), arena, &out, &why)) {
    case COGO_OK:
        store_answer(ctx, msg, MSG_ARTIFACT, &out);
        break;
    case COGO_ENOTFOUND:
        store_answer_problem(ctx, msg, 404, "ARTIFACT_NOT_FOUND",
                             "The task has no such artifact.");
        break;
    default:
        store_answer_problem(ctx, msg, 503, "STORE_UNAVAILABLE", why);
        break;
    }
}

static void answer(cogo_context *ctx, cogo_msg *msg, journal_reader *reader, cogo_arena *arena)
{
    const void *asked = cogo_msg_payload(msg);
    union {
        store_recovered recovered;
        store_found found;
        token_page tokens;
        audit_page audit;
    } out;
    switch (cogo_msg_type_of(msg)) {
    case MSG_STORE_RECOVER:
        journal_recover(reader, asked, arena, &out.recovered);
        store_answer(ctx, msg, MSG_STORE_RECOVERED, &out);
        break;
    case MSG_STORE_LOOKUP:
        journal_find(reader, asked, arena, &out.found);
        store_answer(ctx, msg, MSG_STORE_FOUND, &out);
        break;
    case MSG_TOKEN_LIST:
        journal_tokens(reader, asked, arena, &out.tokens);
        store_answer(ctx, msg, MSG_TOKEN_PAGE, &out);
        break;
    case MSG_AUDIT_LIST:
        journal_audit(reader, asked, arena, &out.audit);
        store_answer(ctx, msg, MSG_AUDIT_PAGE, &out);
        break;
    case MSG_ARTIFACT_GET:
        answer_artifact(ctx, msg, reader, arena);
        break;
    case MSG_HEALTH_READ:
        store_answer_health(ctx, msg, "store reader: ok", true);
        break;
    default:
        break;
    }
}

static cogo_err reader_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    cogo_arena arena;
    cogo_arena_init(&arena, LOOKUP_BYTES_MAX);
    answer(ctx, msg, *(journal_reader **)state, &arena);
    cogo_arena_finish(&arena);
    return COGO_OK;
}

static void reader_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)ctx;
    (void)reason;
    journal_reader_close(*(journal_reader **)state);
}

const cogo_behavior store_reader = {
    .struct_size = sizeof(cogo_behavior),
    .name = "store.reader",
    .state_size_bytes = sizeof(journal_reader *),
    .start = reader_start,
    .receive = reader_receive,
    .stop = reader_stop,
};
