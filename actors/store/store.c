/* The two actors of the store. Both run on threads of their own: their callbacks wait for
 * disks. */
#include "actors/store/store.h"

#include "actors/store/journal.h"

#include <stdio.h>
#include <string.h>

enum {
    COMMIT_CHANGES_MAX = 4096,            /* A transaction commits early beyond it. */
    LOOKUP_BYTES_MAX = 512 * 1024 * 1024, /* Memory of one answer while it is made. */
};

#define START_TIMEOUT_NS UINT64_C(10000000000)

/* The writes of one transaction come from one sender; another sender's begin the next one. */
typedef struct writer {
    journal *journal;
    cogo_actor_id sender;
    int64_t applied;         /* Sequence of its last write in the open transaction. */
    int64_t committed;       /* Sequence of its last write on disk. */
    int64_t writes, changes; /* In the open transaction. */
    uint64_t began_ns;
    bool failed; /* `error` is final: for this sender, or for all when the engine is broken. */
    bool broken;
    char error[JOURNAL_ERROR_SIZE];
} writer;

static cogo_err writer_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    writer *w = state;
    memcpy(&w->journal, args, sizeof w->journal);
    return COGO_OK;
}

static void report(cogo_context *ctx, writer *w)
{
    store_committed done = {
        .sequence = w->committed,
        .writes = w->writes,
        .changes = w->changes,
        .commit_us = w->writes == 0 ? 0 : (int64_t)((cogo_now_ns(ctx) - w->began_ns) / 1000),
        .error = w->failed ? w->error : NULL,
    };
    // A sender that is gone has nobody waiting.
    (void)cogo_send(
        ctx, w->sender,
        cogo_msg_create_record(cogo_context_system(ctx), MSG_STORE_COMMITTED, &done));
    w->writes = 0;
    w->changes = 0;
}

static void commit(cogo_context *ctx, writer *w)
{
    if (w->writes == 0) {
        return;
    }
    if (journal_commit(w->journal, w->error) == COGO_OK) {
        w->committed = w->applied;
    } else {
        w->failed = true;
        w->broken = true;
        w->writes = 0;
        w->changes = 0;
    }
    report(ctx, w);
}

static void take_sender(cogo_context *ctx, writer *w, cogo_actor_id sender)
{
    if (cogo_actor_id_equal(w->sender, sender)) {
        return;
    }
    commit(ctx, w);
    w->sender = sender;
    w->committed = 0;
    w->failed = w->broken;
}

/* What was applied before the refused write is still made durable and reported as such. */
static void fail(cogo_context *ctx, writer *w, journal_verdict verdict)
{
    char why[JOURNAL_ERROR_SIZE];
    memcpy(why, w->error, sizeof why);
    if (verdict == JOURNAL_REFUSED) {
        commit(ctx, w);
    }
    w->failed = true;
    w->broken = w->broken || verdict == JOURNAL_BROKEN;
    w->writes = 0;
    w->changes = 0;
    memcpy(w->error, why, sizeof why);
    report(ctx, w);
}

static void apply(cogo_context *ctx, writer *w, const store_write *write)
{
    if (w->writes == 0) {
        w->began_ns = cogo_now_ns(ctx);
    }
    journal_verdict verdict = journal_apply(w->journal, write, w->error);
    if (verdict != JOURNAL_APPLIED) {
        fail(ctx, w, verdict);
        return;
    }
    w->applied = write->sequence;
    w->writes++;
    w->changes += (int64_t)write->changes.count;
    if (w->changes >= COMMIT_CHANGES_MAX) {
        commit(ctx, w);
    }
}

static void answer_health(cogo_context *ctx, const cogo_msg *msg, const char *check, bool ready)
{
    health out = {.ready = ready, .checks = {&check, 1}};
    (void)cogo_reply(ctx, msg,
                     cogo_msg_create_record(cogo_context_system(ctx), MSG_HEALTH, &out));
}

static cogo_err writer_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    writer *w = state;
    if (cogo_msg_type_of(msg) == MSG_HEALTH_READ) {
        answer_health(ctx, msg, w->broken ? w->error : "store: ok", !w->broken);
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) != MSG_STORE_WRITE) {
        return COGO_OK;
    }
    take_sender(ctx, w, cogo_msg_sender(msg));
    if (w->failed) {
        report(ctx, w);
        return COGO_OK;
    }
    apply(ctx, w, cogo_msg_payload(msg));
    return COGO_OK;
}

static cogo_err writer_drained(cogo_context *ctx, void *state)
{
    commit(ctx, state);
    return COGO_OK;
}

static void writer_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)reason;
    writer *w = state;
    commit(ctx, w);
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
