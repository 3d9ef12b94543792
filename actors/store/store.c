/* The two actors of the store. Both run on threads of their own: their callbacks wait for
 * disks. */
#include "actors/store/store.h"

#include "actors/store/journal.h"
#include "codec/contract/failpoint.h"

#include <cogo/system.h>

#include <stdio.h>
#include <string.h>

enum {
    COMMIT_CHANGES_MAX = 4096,            /* A transaction commits early beyond it, */
    COMMIT_WRITES_MAX = 4096,             /* or beyond so many writes. */
    TOKEN_RETRY_AFTER_MS = 5000,          /* Told to who wants a token while it is away. */
    LOOKUP_BYTES_MAX = 512 * 1024 * 1024, /* Memory of one answer while it is made. */
};

#define START_TIMEOUT_NS UINT64_C(10000000000)
#define FULL_MIN_NS      UINT64_C(250000000) /* Between two tries while the disk is full, */
#define FULL_MAX_NS      UINT64_C(5000000000)
#define AWAY_MIN_NS      UINT64_C(50000000) /* or while the engine can't be reached. */
#define AWAY_MAX_NS      UINT64_C(2000000000)

enum { TIMER_RETRY = 1, TIMER_RENEW };

/* The writes of one transaction come from one sender; another sender's begin the next one. They
 * are kept until they are on disk: a full disk or a lost connection undoes them all, and they
 * are applied again. */
typedef struct writer {
    journal *journal;
    cogo_msg *kept[COMMIT_WRITES_MAX]; /* Oldest first. */
    size_t kept_count;
    size_t unsure_count;     /* Of them are in a transaction whose commit was lost, */
    int64_t unsure_sequence; /* up to this write. */
    uint64_t delay_ns;       /* Before the next try; 0: nothing has to wait. */
    uint64_t waits_since_ns; /* While delay_ns is set. */
    cogo_actor_id candidate; /* Is told of the right to write. */
    cogo_actor_id sender;
    int64_t applied;         /* Sequence of its last write in the open transaction. */
    int64_t committed;       /* Sequence of its last write on disk. */
    int64_t writes, changes; /* In the open transaction. */
    uint64_t began_ns;
    bool failed; /* `error` is final: for this sender, or for all when the engine is broken. */
    bool broken;
    char error[JOURNAL_ERROR_SIZE];
} writer;

static void tell_wait(cogo_context *ctx, writer *w)
{
    w->waits_since_ns = cogo_now_ns(ctx);
    cogo_log(cogo_context_system(ctx), COGO_LOG_WARN,
             "the store can't be written now, trying again: %s", w->error);
}

/* Nothing has to wait any more. */
static void end_wait(cogo_context *ctx, writer *w)
{
    if (w->delay_ns > 0) {
        cogo_log(cogo_context_system(ctx), COGO_LOG_INFO,
                 "the store can be written again, after %.1f s",
                 (double)(cogo_now_ns(ctx) - w->waits_since_ns) / 1e9);
    }
    w->delay_ns = 0;
}

static cogo_err writer_start(cogo_context *ctx, void *state, const void *args)
{
    writer *w = state;
    memcpy(&w->journal, args, sizeof w->journal);
    uint64_t every_ns = journal_renew_ns(w->journal), timer;
    return every_ns == 0 ? COGO_OK
                         : cogo_timer_start(ctx, every_ns, every_ns, TIMER_RENEW, &timer);
}

static void report(cogo_context *ctx, writer *w)
{
    store_committed done = {
        .sequence = w->committed,
        .writes = w->writes,
        .changes = w->changes,
        .commit_us = w->writes == 0 ? 0 : (int64_t)((cogo_now_ns(ctx) - w->began_ns) / 1000),
        .error = w->failed || w->delay_ns > 0 ? w->error : NULL,
        .retrying = !w->failed && w->delay_ns > 0,
        .stale_writes = journal_stale(w->journal),
    };
    // A sender that is gone has nobody waiting.
    (void)cogo_send(
        ctx, w->sender,
        cogo_msg_create_record(cogo_context_system(ctx), MSG_STORE_COMMITTED, &done));
    w->writes = 0;
    w->changes = 0;
}

/* The @p count oldest need not be kept any more. */
static void forget_kept(writer *w, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cogo_msg_destroy(w->kept[i]);
    }
    w->kept_count -= count;
    memmove(w->kept, w->kept + count, w->kept_count * sizeof(cogo_msg *));
}

/* Nothing more is written: for this sender, or for all when the engine is broken. */
static void give_up(cogo_context *ctx, writer *w, bool broken)
{
    w->failed = true;
    w->broken = w->broken || broken;
    w->delay_ns = 0;
    w->writes = 0;
    w->changes = 0;
    forget_kept(w, w->kept_count);
    report(ctx, w);
}

/* Twice as long each time, and by chance up to half of it less: several that lost the same
 * server don't come back in step. */
static uint64_t next_delay(cogo_context *ctx, uint64_t last_ns, uint64_t min_ns,
                           uint64_t max_ns)
{
    uint64_t delay_ns = last_ns < min_ns ? min_ns : last_ns > max_ns / 2 ? max_ns : last_ns * 2;
    return delay_ns - cogo_system_random(cogo_context_system(ctx)) % (delay_ns / 2);
}

/* The transaction is undone, or its outcome unknown; what is kept is applied again after a
 * while. The sender hears of it once. */
static void wait(cogo_context *ctx, writer *w, bool away)
{
    bool first = w->delay_ns == 0;
    uint64_t timer;
    w->delay_ns = next_delay(ctx, w->delay_ns, away ? AWAY_MIN_NS : FULL_MIN_NS,
                             away ? AWAY_MAX_NS : FULL_MAX_NS);
    w->writes = 0;
    w->changes = 0;
    if (cogo_timer_start(ctx, w->delay_ns, 0, TIMER_RETRY, &timer) != COGO_OK) {
        (void)snprintf(w->error, sizeof w->error, "no memory for a timer");
        give_up(ctx, w, true);
    } else if (first) {
        tell_wait(ctx, w);
        report(ctx, w);
    }
}

/* False: it did not work, and that is reported. */
static bool commit(cogo_context *ctx, writer *w)
{
    if (w->writes == 0) {
        return true;
    }
    failpoint("store.commit.before");
    cogo_err err = journal_commit(w->journal, w->error);
    if (err == COGO_EFULL || err == COGO_ECLOSED) {
        w->unsure_count = err == COGO_ECLOSED ? w->kept_count : 0;
        w->unsure_sequence = w->applied;
        wait(ctx, w, err == COGO_ECLOSED);
        return false;
    }
    if (err != COGO_OK) {
        give_up(ctx, w, true);
        return false;
    }
    failpoint("store.commit.after");
    w->committed = w->applied;
    end_wait(ctx, w);
    forget_kept(w, w->kept_count);
    report(ctx, w);
    failpoint("store.told.after");
    return true;
}

/* What was applied before the refused write is still made durable and reported as such. When
 * there is no room for that, the refused one waits too, and is refused again. */
static void refuse(cogo_context *ctx, writer *w)
{
    char why[JOURNAL_ERROR_SIZE];
    memcpy(why, w->error, sizeof why);
    if (commit(ctx, w)) {
        memcpy(w->error, why, sizeof why);
        give_up(ctx, w, false);
    }
}

/* False: the transaction is over, and that is reported. */
static bool apply(cogo_context *ctx, writer *w, const store_write *write)
{
    if (w->writes == 0) {
        w->began_ns = cogo_now_ns(ctx);
    }
    bool keeps = write_keeps(write);
    failpoint("store.apply.before");
    if (keeps) {
        failpoint("store.keep.before");
    }
    journal_verdict verdict = journal_apply(w->journal, write, w->error);
    switch (verdict) {
    case JOURNAL_APPLIED:
        break;
    case JOURNAL_REFUSED:
        refuse(ctx, w);
        return false;
    case JOURNAL_FULL:
    case JOURNAL_AWAY:
        wait(ctx, w, verdict == JOURNAL_AWAY);
        return false;
    case JOURNAL_BROKEN:
        give_up(ctx, w, true);
        return false;
    }
    failpoint("store.apply.after");
    if (keeps) {
        failpoint("store.keep.after");
    }
    w->applied = write->sequence;
    w->writes++;
    w->changes += (int64_t)write->changes.count;
    return true;
}

static void take_write(cogo_context *ctx, writer *w, cogo_msg *msg)
{
    w->kept[w->kept_count++] = msg;
    cogo_msg_take(ctx, msg);
    if (w->delay_ns == 0 && apply(ctx, w, cogo_msg_payload(msg))
        && (w->changes >= COMMIT_CHANGES_MAX || w->kept_count == COMMIT_WRITES_MAX)) {
        (void)commit(ctx, w);
    }
}

/* The engine is there again: what its last commit made durable is told, the rest done again. */
static void catch_up(cogo_context *ctx, writer *w, bool committed)
{
    if (committed) {
        w->committed = w->unsure_sequence;
        forget_kept(w, w->unsure_count);
    }
    w->unsure_count = 0;
    for (size_t i = 0; i < w->kept_count; i++) {
        if (!apply(ctx, w, cogo_msg_payload(w->kept[i]))) {
            return;
        }
    }
    if (w->writes > 0) {
        (void)commit(ctx, w);
        return;
    }
    end_wait(ctx, w); // Nothing was left to be done.
    report(ctx, w);
}

static void try_again(cogo_context *ctx, writer *w)
{
    bool committed = false;
    switch (journal_resume(w->journal, &committed, w->error)) {
    case JOURNAL_APPLIED:
        catch_up(ctx, w, committed);
        break;
    case JOURNAL_AWAY:
    case JOURNAL_FULL:
        wait(ctx, w, true);
        break;
    case JOURNAL_REFUSED:
    case JOURNAL_BROKEN:
        give_up(ctx, w, true);
        break;
    }
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
    switch (journal_renew(w->journal, w->error)) {
    case JOURNAL_APPLIED:
        tell_candidate(ctx, w);
        break;
    case JOURNAL_AWAY:
    case JOURNAL_FULL:
        wait(ctx, w, true);
        break;
    case JOURNAL_REFUSED:
    case JOURNAL_BROKEN:
        give_up(ctx, w, true);
        break;
    }
}

/* False: its write is refused. Whoever comes while another one's writes wait for room, or has
 * more on its way than is ever kept, knows nothing of the limits. */
static bool take_sender(cogo_context *ctx, writer *w, cogo_actor_id sender)
{
    bool same = cogo_actor_id_equal(w->sender, sender);
    if (!same) {
        (void)commit(ctx, w);
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
        give_up(ctx, w, false);
        return false;
    }
    if (!same) {
        w->sender = sender;
        w->committed = 0;
        w->failed = w->broken;
        if (w->delay_ns > 0) {
            report(ctx, w);
        }
    }
    return true;
}

static void answer_health(cogo_context *ctx, const cogo_msg *msg, const char *check, bool ready)
{
    health out = {.ready = ready, .checks = {&check, 1}};
    (void)cogo_reply(ctx, msg,
                     cogo_msg_create_record(cogo_context_system(ctx), MSG_HEALTH, &out));
}

static void answer_problem(cogo_context *ctx, const cogo_msg *msg, int64_t status,
                           const char *code, const char *detail)
{
    problem out = {.status = status,
                   .code = code,
                   .detail = detail,
                   .retry_after_ms = status == 503 ? TOKEN_RETRY_AFTER_MS : 0};
    (void)cogo_reply(ctx, msg,
                     cogo_msg_create_record(cogo_context_system(ctx), MSG_PROBLEM, &out));
}

/* A transaction of its own: tokens change rarely. */
static void change_token(cogo_context *ctx, writer *w, cogo_msg *msg)
{
    access_token token;
    char why[JOURNAL_ERROR_SIZE] = "the store can't be written now";
    (void)commit(ctx, w);
    failpoint("store.token.before");
    cogo_err err = w->broken || w->delay_ns > 0 || journal_term(w->journal) == 0
                       ? COGO_ECLOSED
                       : journal_token(w->journal, cogo_msg_payload(msg), &token, why);
    failpoint("store.token.after");
    switch ((int)err) {
    case COGO_OK:
        (void)cogo_reply(ctx, msg,
                         cogo_msg_create_record(cogo_context_system(ctx), MSG_TOKEN, &token));
        break;
    case COGO_ENOTFOUND:
        answer_problem(ctx, msg, 404, "TOKEN_NOT_FOUND", "No such token, or it was revoked.");
        break;
    case COGO_ELIMIT:
        answer_problem(ctx, msg, 409, "TOO_MANY_TOKENS",
                       "Too many tokens are good; revoke some first.");
        break;
    case COGO_EINVAL:
        answer_problem(ctx, msg, 422, "VALIDATION", why);
        break;
    default:
        answer_problem(ctx, msg, 503, "STORE_UNAVAILABLE", why);
        break;
    }
}

static cogo_err writer_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    writer *w = state;
    if (cogo_msg_type_of(msg) == MSG_HEALTH_READ) {
        const char *check = w->broken         ? w->error
                            : w->delay_ns > 0 ? "store: retrying"
                                              : "store: ok";
        answer_health(ctx, msg, check, !w->broken && w->delay_ns == 0);
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) == COGO_MSG_TIMER) {
        const cogo_timer_fired *fired = cogo_msg_payload(msg);
        if (fired->cookie == TIMER_RENEW) {
            (void)commit(ctx, w);
            renew(ctx, w);
        } else if (w->delay_ns > 0) {
            try_again(ctx, w);
        }
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) == MSG_STORE_STAND) {
        w->candidate = cogo_msg_sender(msg);
        tell_candidate(ctx, w);
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) == MSG_TOKEN_CHANGE) {
        change_token(ctx, w, msg);
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) != MSG_STORE_WRITE
        || !take_sender(ctx, w, cogo_msg_sender(msg))) {
        return COGO_OK;
    }
    if (w->failed) {
        report(ctx, w);
        return COGO_OK;
    }
    take_write(ctx, w, msg);
    return COGO_OK;
}

static cogo_err writer_drained(cogo_context *ctx, void *state)
{
    (void)commit(ctx, state);
    return COGO_OK;
}

static void writer_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)reason;
    writer *w = state;
    (void)commit(ctx, w);
    forget_kept(w, w->kept_count); // Never acknowledged.
    journal_close(w->journal);
}

static const cogo_behavior writer_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "store.writer",
    .state_size_bytes = sizeof(writer),
    .start = writer_start,
    .receive = writer_receive,
    .drained = writer_drained,
    .stop = writer_stop,
};

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
        (void)cogo_reply(ctx, msg,
                         cogo_msg_create_record(cogo_context_system(ctx), MSG_ARTIFACT, &out));
        break;
    case COGO_ENOTFOUND:
        answer_problem(ctx, msg, 404, "ARTIFACT_NOT_FOUND", "The task has no such artifact.");
        break;
    default:
        answer_problem(ctx, msg, 503, "STORE_UNAVAILABLE", why);
        break;
    }
}

static cogo_err reader_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    journal_reader *reader = *(journal_reader **)state;
    cogo_system *system = cogo_context_system(ctx);
    cogo_arena arena;
    cogo_arena_init(&arena, LOOKUP_BYTES_MAX);
    if (cogo_msg_type_of(msg) == MSG_STORE_RECOVER) {
        store_recovered out;
        journal_recover(reader, cogo_msg_payload(msg), &arena, &out);
        (void)cogo_reply(ctx, msg, cogo_msg_create_record(system, MSG_STORE_RECOVERED, &out));
    } else if (cogo_msg_type_of(msg) == MSG_STORE_LOOKUP) {
        store_found out;
        journal_find(reader, cogo_msg_payload(msg), &arena, &out);
        (void)cogo_reply(ctx, msg, cogo_msg_create_record(system, MSG_STORE_FOUND, &out));
    } else if (cogo_msg_type_of(msg) == MSG_TOKEN_LIST) {
        token_page out;
        journal_tokens(reader, cogo_msg_payload(msg), &arena, &out);
        (void)cogo_reply(ctx, msg, cogo_msg_create_record(system, MSG_TOKEN_PAGE, &out));
    } else if (cogo_msg_type_of(msg) == MSG_AUDIT_LIST) {
        audit_page out;
        journal_audit(reader, cogo_msg_payload(msg), &arena, &out);
        (void)cogo_reply(ctx, msg, cogo_msg_create_record(system, MSG_AUDIT_PAGE, &out));
    } else if (cogo_msg_type_of(msg) == MSG_ARTIFACT_GET) {
        answer_artifact(ctx, msg, reader, &arena);
    } else if (cogo_msg_type_of(msg) == MSG_HEALTH_READ) {
        answer_health(ctx, msg, "store reader: ok", true);
    }
    cogo_arena_finish(&arena);
    return COGO_OK;
}

static void reader_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)ctx;
    (void)reason;
    journal_reader_close(*(journal_reader **)state);
}

static const cogo_behavior reader_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "store.reader",
    .state_size_bytes = sizeof(journal_reader *),
    .start = reader_start,
    .receive = reader_receive,
    .stop = reader_stop,
};

static void close_reader(const void *handle)
{
    journal_reader_close(*(journal_reader *const *)handle);
}

static void close_writer(const void *handle)
{
    journal_close(*(journal *const *)handle);
}

/* The actor owns what @p handle points to from its start() on, which has run when this returns
 * COGO_OK: an actor that is stopped before its start() would never close it. */
static cogo_err spawn(cogo_system *system, const cogo_behavior *behavior, const void *handle,
                      void (*close_handle)(const void *handle), cogo_actor_id *out)
{
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = behavior,
        .args = handle,
        .args_size_bytes = sizeof(void *),
        .name = behavior->name,
        .flags = COGO_SPAWN_DETACHED,
    };
    cogo_err err = cogo_system_spawn(system, &options, out);
    if (err != COGO_OK) {
        close_handle(handle);
        return err;
    }
    cogo_msg *answer = NULL;
    err = cogo_system_ask(system, *out,
                          cogo_msg_create_record(system, MSG_HEALTH_READ, &(empty){false}),
                          START_TIMEOUT_NS, &answer);
    cogo_msg_destroy(answer);
    if (err != COGO_OK) {
        cogo_exit_actor(system, *out, COGO_EXIT_SHUTDOWN, "store");
    }
    return err;
}

cogo_err store_start(cogo_system *system, const store_config *config, cogo_actor_id *out_writer,
                     cogo_actor_id *out_reader, int64_t *out_term, char error[256])
{
    journal *j = NULL;
    journal_reader *r = NULL;
    cogo_actor_id writer_id, reader_id;
    cogo_err err = journal_open(config, &j, out_term, error);
    if (err != COGO_OK) {
        return err;
    }
    if (*out_term != 0) {
        failpoint("store.term.after");
    }
    err = journal_reader_open(config->path, &r, error);
    if (err != COGO_OK) {
        journal_close(j);
        return err;
    }
    err = spawn(system, &reader_behavior, &r, close_reader, &reader_id);
    if (err != COGO_OK) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot start the store: %s",
                       cogo_strerror(err));
        journal_close(j);
        return err;
    }
    err = spawn(system, &writer_behavior, &j, close_writer, &writer_id);
    if (err != COGO_OK) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "cannot start the store: %s",
                       cogo_strerror(err));
        cogo_exit_actor(system, reader_id, COGO_EXIT_SHUTDOWN, "store");
        return err;
    }
    *out_writer = writer_id;
    *out_reader = reader_id;
    return COGO_OK;
}
