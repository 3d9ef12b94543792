/* The journal: changed tasks go to the store in the order in which they changed, some writes
 * ahead of its answers; what may only be said after they are on disk waits in the outbox.
 *
 * Each task that becomes dirty gets the next number, and so does everything else that is to be
 * written (keep.c). The dirty list is in that order, and all else leaves with the next write,
 * so a write covers all numbers below that of the first task that is still dirty. A parcel
 * needs the last number that was given out when it was put in: that covers its own tasks,
 * whatever it is about. */
#include "actors/orchestrator/artifact.h"
#include "codec/contract/failpoint.h"

#include <stdio.h>
#include <string.h>

enum { SIZE_OF_CHANGE = 512 /* About, without context and result. */ };

void orc_journal_touch(orc *o, orc_task *t)
{
    if (t->dirty) {
        return;
    }
    t->dirty = true;
    if (!t->unsaved) {
        t->unsaved = true;
        if (t->workflow != NULL) {
            t->workflow->unsaved_count++;
        }
    }
    t->next_dirty = NULL;
    if (o->last_dirty != NULL) {
        o->last_dirty->next_dirty = t;
    } else {
        o->first_dirty = t;
        o->dirty_since_ns = cogo_now_ns(o->ctx);
    }
    o->last_dirty = t;
    o->dirty_count++;
    t->number = ++o->next_number;
}

/* How many of the dirty tasks the next write takes: all within the limits, but a keyed request
 * is never cut in two, because the store learns its key and its tasks together. */
static size_t portion(const orc *o)
{
    size_t count = 0;
    size_t bytes = 0;
    const char *key = NULL;
    for (const orc_task *t = o->first_dirty; t != NULL; t = t->next_dirty) {
        bool same_key = key != NULL && t->key != NULL && strcmp(key, t->key) == 0;
        if ((count >= WRITE_CHANGES_MAX || bytes >= WRITE_BYTES_MAX) && !same_key) {
            break;
        }
        key = t->key;
        bytes += SIZE_OF_CHANGE + (t->journaled ? 0 : t->size_bytes)
                 + (t->large == NULL ? 0 : orc_artifact_fresh_size(t));
        count++;
    }
    return count;
}

static void fill_change(orc *o, orc_task *t, store_change *change, task *copy)
{
    *copy = *t->record;
    if (t->journaled) {
        copy->context = (cogo_value){0}; // The store has it.
    }
    if (!life_ended(copy->state)) {
        copy->result = NULL; // Of an attempt that did not end the task: not recorded.
    }
    size_t count = 0;
    for (const orc_event *event = t->first_event; event != NULL; event = event->next) {
        count++;
    }
    task_event *events = orc_alloc((count + 1) * sizeof *events);
    count = 0;
    for (const orc_event *event = t->first_event; event != NULL; event = event->next) {
        events[count++] = (task_event){.task_id = copy->task_id,
                                       .sequence = event->sequence,
                                       .type = orc_event_type(event->state),
                                       .time = event->time,
                                       .data = event->data};
    }
    *change = (store_change){.task = copy,
                             .events = {.items = events, .count = count},
                             .lease = t->lease,
                             .idempotency_key = t->key,
                             .request_hash = t->hash,
                             .artifacts = orc_artifact_fresh(o, t)};
    if (t->workflow != NULL && !t->workflow->journaled) {
        t->workflow->journaled = true;
        change->workflow = orc_workflow_record(o, t->workflow, false);
    }
}

static void clean_task(orc_task *t)
{
    for (orc_event *event = t->first_event; event != NULL;) {
        orc_event *next = event->next;
        orc_free(event);
        event = next;
    }
    t->first_event = NULL;
    t->last_event = NULL;
    orc_artifact_written(t);
    orc_free(t->key);
    orc_free(t->hash);
    t->key = NULL;
    t->hash = NULL;
    t->dirty = false;
    t->journaled = true;
    t->end_unsaved = false;
    t->in_flight_count++;
}

/* Takes @p count dirty tasks, those without a key first: the store counts all new tasks that
 * follow a key as its. */
static orc_task **take_dirty(orc *o, size_t count)
{
    orc_task **tasks = orc_alloc(count * sizeof *tasks);
    orc_task **keyed = orc_alloc(count * sizeof *keyed);
    size_t plain_count = 0;
    size_t keyed_count = 0;
    for (size_t i = 0; i < count; i++) {
        orc_task *t = o->first_dirty;
        o->first_dirty = t->next_dirty;
        if (t->key == NULL) {
            tasks[plain_count++] = t;
        } else {
            keyed[keyed_count++] = t;
        }
    }
    memcpy(tasks + plain_count, keyed, keyed_count * sizeof *keyed);
    orc_free(keyed);
    if (o->first_dirty == NULL) {
        o->last_dirty = NULL;
    }
    o->dirty_count -= count;
    o->dirty_since_ns = cogo_now_ns(o->ctx);
    return tasks;
}

static bool has_news(const orc *o)
{
    return o->first_dirty != NULL || orc_keep_waits(o);
}

static void send_write(orc *o)
{
    size_t count = portion(o);
    orc_task **tasks = take_dirty(o, count);
    orc_carried *carried = orc_alloc(count * sizeof *carried);
    store_change *changes = orc_alloc(count * sizeof *changes);
    task *copies = orc_alloc(count * sizeof *copies);
    for (size_t i = 0; i < count; i++) {
        fill_change(o, tasks[i], &changes[i], &copies[i]);
    }
    store_write write = {.sequence = ++o->next_sequence,
                         .term = o->config.term,
                         .changes = {.items = changes, .count = count}};
    orc_write sent = {.sequence = write.sequence, .tasks = carried, .task_count = count};
    orc_keep_fill(o, &write, &sent);
    failpoint("orchestrator.write.before");
    cogo_err err = cogo_send(o->ctx, o->config.store_writer,
                             cogo_msg_create_record(o->system, MSG_STORE_WRITE, &write));
    failpoint("orchestrator.write.after");
    for (size_t i = 0; i < count; i++) {
        void *events = NULL; // The copies in the message are flat; this list was ours.
        memcpy(&events, &changes[i].events.items, sizeof events);
        orc_free(events);
        carried[i] = (orc_carried){
            .task = tasks[i], .ended = tasks[i]->end_unsaved ? tasks[i]->record->state : -1};
        clean_task(tasks[i]);
    }
    orc_keep_sent(o);
    orc_free(tasks);
    orc_free(copies);
    orc_free(changes);
    if (o->write_count == o->write_capacity) {
        o->write_capacity = o->write_capacity == 0 ? 4 : o->write_capacity * 2;
        o->writes = orc_realloc(o->writes, o->write_capacity * sizeof *o->writes);
    }
    sent.covers = o->first_dirty == NULL ? o->next_number : o->first_dirty->number - 1;
    o->writes[o->write_count++] = sent;
    if (err != COGO_OK) {
        orc_journal_failed(o, cogo_strerror(err));
    }
}

void orc_journal_flush(orc *o)
{
    while (has_news(o) && o->phase == ORC_READY && o->write_count < WRITES_IN_FLIGHT_MAX) {
        send_write(o);
    }
}

void orc_journal_flush_all(orc *o)
{
    while (has_news(o) && o->phase == ORC_READY) {
        send_write(o);
    }
}

void orc_journal_flush_if_due(orc *o)
{
    if (o->dirty_count >= FLUSH_CHANGES
        || (o->dirty_count > 0
            && cogo_now_ns(o->ctx) - o->dirty_since_ns >= FLUSH_AGE_MS * NS_PER_MS)) {
        orc_journal_flush(o);
    }
}

static void saved(orc *o, orc_carried *carried)
{
    orc_task *t = carried->task;
    if (carried->ended >= 0) {
        t->line->role->ended[carried->ended]++;
        o->dead_count += carried->ended == TASK_DEADLETTERED ? 1 : 0;
    }
    t->in_flight_count--;
    if (t->in_flight_count > 0 || t->dirty) {
        return;
    }
    t->unsaved = false;
    if (t->workflow != NULL) {
        t->workflow->unsaved_count--;
    }
    orc_task_release(o, t);
}

void orc_journal_committed(orc *o, const store_committed *committed)
{
    o->stale_writes = committed->stale_writes;
    if (committed->error != NULL && committed->retrying) {
        o->phase = o->phase == ORC_READY ? ORC_STORE_WAITING : o->phase;
        (void)snprintf(o->store_error, sizeof o->store_error, "%s", committed->error);
        return;
    }
    if (committed->error != NULL) {
        orc_journal_failed(o, committed->error);
        return;
    }
    o->phase = o->phase == ORC_STORE_WAITING ? ORC_READY : o->phase;
    if (committed->changes > 0) { // Else the store only tells that it is there again.
        metric_histogram_observe(&o->commit_seconds, (double)committed->commit_us / 1e6);
        metric_histogram_observe(&o->batch_size, (double)committed->changes);
    }
    size_t done = 0;
    while (done < o->write_count && o->writes[done].sequence <= committed->sequence) {
        o->committed_number = o->writes[done].covers;
        done++;
    }
    // First the answers, then the memory: a parcel may be about a task that leaves.
    failpoint("orchestrator.committed.before");
    orc_outbox_deliver(o);
    failpoint("orchestrator.committed.after");
    for (size_t i = 0; i < done; i++) {
        for (size_t j = 0; j < o->writes[i].task_count; j++) {
            saved(o, &o->writes[i].tasks[j]);
        }
        if (o->writes[i].sweeps) {
            orc_sweep_saved(o);
        }
        orc_free(o->writes[i].tasks);
    }
    o->write_count -= done;
    memmove(o->writes, o->writes + done, o->write_count * sizeof *o->writes);
}

/* Nothing after the last commit will ever be on disk: whoever waits is told so, and this actor
 * ends, and with it the node. The next start begins from what is on disk. */
void orc_journal_failed(orc *o, const char *error)
{
    if (o->phase == ORC_STORE_FAILED) {
        return;
    }
    o->phase = ORC_STORE_FAILED;
    (void)snprintf(o->store_error, sizeof o->store_error, "%s", error);
    orc_outbox_fail(o);
    orc_wait_fail(o);
    cogo_reason reason = {0};
    const char *why = strstr(error, ": "); // What was being done is less than what went wrong.
    (void)snprintf(reason.text, sizeof reason.text, "store: %s", why == NULL ? error : why + 2);
    cogo_exit(o->ctx, COGO_EXIT_ERROR, reason.text);
}

void orc_journal_finish(orc *o)
{
    for (size_t i = 0; i < o->write_count; i++) {
        orc_free(o->writes[i].tasks);
    }
    orc_free(o->writes);
}
