/* Group commit: the transaction that is open, what is kept until it is on disk, and what is
 * done when it can't be. */
#include "actors/store/writer.h"
#include "codec/contract/failpoint.h"

#include <cogo/system.h>

#include <stdio.h>
#include <string.h>

#define FULL_MIN_NS UINT64_C(250000000) /* Between two tries while the disk is full, */
#define FULL_MAX_NS UINT64_C(5000000000)
#define AWAY_MIN_NS UINT64_C(50000000) /* or while the engine can't be reached. */
#define AWAY_MAX_NS UINT64_C(2000000000)

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

void writer_report(cogo_context *ctx, writer *w)
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

void writer_forget(writer *w, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cogo_msg_destroy(w->kept[i]);
    }
    w->kept_count -= count;
    memmove(w->kept, w->kept + count, w->kept_count * sizeof(cogo_msg *));
}

void writer_give_up(cogo_context *ctx, writer *w, bool broken)
{
    w->failed = true;
    w->broken = w->broken || broken;
    w->delay_ns = 0;
    w->writes = 0;
    w->changes = 0;
    writer_forget(w, w->kept_count);
    writer_report(ctx, w);
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
        writer_give_up(ctx, w, true);
    } else if (first) {
        tell_wait(ctx, w);
        writer_report(ctx, w);
    }
}

bool writer_goes_on(cogo_context *ctx, writer *w, journal_verdict verdict)
{
    switch (verdict) {
    case JOURNAL_APPLIED:
        return true;
    case JOURNAL_FULL:
    case JOURNAL_AWAY:
        wait(ctx, w, verdict == JOURNAL_AWAY);
        return false;
    case JOURNAL_REFUSED:
    case JOURNAL_BROKEN:
        break;
    }
    writer_give_up(ctx, w, true);
    return false;
}

bool writer_commit(cogo_context *ctx, writer *w)
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
        writer_give_up(ctx, w, true);
        return false;
    }
    failpoint("store.commit.after");
    w->committed = w->applied;
    end_wait(ctx, w);
    writer_forget(w, w->kept_count);
    writer_report(ctx, w);
    failpoint("store.told.after");
    return true;
}

/* What was applied before the refused write is still made durable and reported as such. When
 * there is no room for that, the refused one waits too, and is refused again. */
static void refuse(cogo_context *ctx, writer *w)
{
    char why[JOURNAL_ERROR_SIZE];
    memcpy(why, w->error, sizeof why);
    if (writer_commit(ctx, w)) {
        memcpy(w->error, why, sizeof why);
        writer_give_up(ctx, w, false);
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
    if (verdict == JOURNAL_REFUSED) {
        refuse(ctx, w);
        return false;
    }
    if (!writer_goes_on(ctx, w, verdict)) {
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

void writer_take(cogo_context *ctx, writer *w, cogo_msg *msg)
{
    w->kept[w->kept_count++] = msg;
    cogo_msg_take(ctx, msg);
    if (w->delay_ns == 0 && apply(ctx, w, cogo_msg_payload(msg))
        && (w->changes >= COMMIT_CHANGES_MAX || w->kept_count == COMMIT_WRITES_MAX)) {
        (void)writer_commit(ctx, w);
    }
}

/* The engine is there again: what its last commit made durable is told, the rest done again. */
static void catch_up(cogo_context *ctx, writer *w, bool committed)
{
    if (committed) {
        w->committed = w->unsure_sequence;
        writer_forget(w, w->unsure_count);
    }
    w->unsure_count = 0;
    for (size_t i = 0; i < w->kept_count; i++) {
        if (!apply(ctx, w, cogo_msg_payload(w->kept[i]))) {
            return;
        }
    }
    if (w->writes > 0) {
        (void)writer_commit(ctx, w);
        return;
    }
    end_wait(ctx, w); // Nothing was left to be done.
    writer_report(ctx, w);
}

void writer_try_again(cogo_context *ctx, writer *w)
{
    bool committed = false;
    if (writer_goes_on(ctx, w, journal_resume(w->journal, &committed, w->error))) {
        catch_up(ctx, w, committed);
    }
}
