/* Tasks of this door until they have finished: their events go to the results in order, each
 * together with the sequence that was reached, so whoever goes on after us leaves none out and
 * doubles none. */
#include "actors/queue/room.h"
#include "codec/json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static followed **bucket_of(queue *q, const char *task_id)
{
    uint32_t hash = 2166136261u; /* FNV-1a. */
    for (const char *c = task_id; *c != '\0'; c++) {
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    }
    return &q->buckets[hash & (FOLLOWED_BUCKETS - 1)];
}

/* Where the task is, or would be. */
static followed **find(queue *q, const char *task_id)
{
    followed **at = bucket_of(q, task_id);
    while (*at != NULL && strcmp((*at)->task_id, task_id) != 0) {
        at = &(*at)->next;
    }
    return at;
}

static void forget(queue *q, followed *f)
{
    followed **at = find(q, f->task_id);
    *at = f->next;
    q->followed_count--;
    free(f);
}

void follow_forget(queue *q)
{
    for (size_t b = 0; b < FOLLOWED_BUCKETS; b++) {
        while (q->buckets[b] != NULL) {
            followed *f = q->buckets[b];
            q->buckets[b] = f->next;
            free(f);
        }
    }
    q->followed_count = 0;
    q->line_first = q->line_last = NULL;
    memset(q->page_asks, 0, sizeof q->page_asks); /* Their answers go nowhere. */
    q->page_ask_count = 0;
}

static void get_in_line(followed *f)
{
    queue *q = f->queue;
    if (f->in_line) {
        return;
    }
    f->in_line = true;
    f->later = NULL;
    if (q->line_last != NULL) {
        q->line_last->later = f;
    } else {
        q->line_first = f;
    }
    q->line_last = f;
}

static void put_reached(queue *q, const followed *f, int64_t sequence)
{
    command reached = {0};
    char where[ENTRY_ID_SIZE + 24];
    snprintf(where, sizeof where, "%lld %s", (long long)sequence, f->entry);
    COMMAND(&reached, "HSET", STREAM_FOLLOWED, f->task_id, where);
    batch_put(q, &reached);
}

/* Takes @p json. False: out of memory, or not to be written. */
static bool put_told(queue *q, const followed *f, const char *type, int64_t sequence,
                     json_t *json)
{
    command told = {0};
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text == NULL) {
        return false;
    }
    COMMAND(&told, "XADD", STREAM_OUT, "MAXLEN", "~", q->keep, "*", "type", type, "entry",
            f->entry, "taskId", f->task_id);
    if (sequence > 0) {
        command_add(&told, "sequence");
        command_number(&told, sequence);
    }
    COMMAND(&told, "data", text);
    batch_put(q, &told);
    free(text);
    q->written++;
    return true;
}

static void ask_page(feed *f, const task_events *what)
{
    followed *mine = (followed *)f;
    mine->what = *what;
    get_in_line(mine);
}

/* Progress is not recorded and not written. */
static void write_event(feed *f, const task_event *event)
{
    followed *mine = (followed *)f;
    queue *q = mine->queue;
    if (event->sequence > 0
        && put_told(q, mine, event->type, event->sequence,
                    json_from_record(&task_event_record, event))) {
        put_reached(q, mine, event->sequence);
    }
}

static void end_feed(feed *f)
{
    followed *mine = (followed *)f;
    mine->ended = true;
    get_in_line(mine); /* For its result. */
}

void follow_task(queue *q, const char *task_id, const char *entry, int64_t after)
{
    static const feed_reader reader = {.ask = ask_page, .write = write_event, .end = end_feed};
    followed **at = find(q, task_id);
    followed *f = *at == NULL && strlen(task_id) < ID_SIZE ? calloc(1, sizeof *f) : NULL;
    if (f == NULL) {
        return; /* Followed already: a key that was known. */
    }
    f->queue = q;
    snprintf(f->task_id, sizeof f->task_id, "%s", task_id);
    snprintf(f->entry, sizeof f->entry, "%s", entry);
    f->feed = (feed){.reader = &reader, .task_id = f->task_id, .last = after};
    *at = f;
    q->followed_count++;
    if (after == 0) {
        put_reached(q, f, 0);
    }
    feed_read(&f->feed);
}

void follow_event(queue *q, const task_event *event)
{
    followed *f = *find(q, event->task_id);
    if (f == NULL || f->ended) {
        return;
    }
    if (wire_busy(&q->writer) && !f->feed.reading) {
        feed_read(&f->feed); /* When there is room again. */
    } else {
        feed_take(&f->feed, event);
    }
}

static void put_result(queue *q, followed *f, const task *t)
{
    command del = {0};
    if (put_told(q, f, "result", 0, json_from_record(&task_record, t))) {
        COMMAND(&del, "HDEL", STREAM_FOLLOWED, f->task_id);
        batch_put(q, &del);
        forget(q, f);
    } else {
        get_in_line(f);
    }
}

bool follow_answered(queue *q, uint64_t ask, cogo_msg *msg)
{
    page_ask *a = q->page_asks;
    while (a < q->page_asks + READS_MAX && (a->of == NULL || a->ask != ask)) {
        a++;
    }
    if (a == q->page_asks + READS_MAX) {
        return false;
    }
    followed *f = a->of;
    *a = (page_ask){0};
    q->page_ask_count--;
    if (cogo_msg_type_of(msg) == MSG_TASK && f->ended) {
        put_result(q, f, cogo_msg_payload(msg));
    } else if (cogo_msg_type_of(msg) == MSG_EVENT_PAGE && !f->ended) {
        feed_page(&f->feed, cogo_msg_payload(msg));
    } else if (cogo_msg_type_of(msg) == MSG_PROBLEM
               && ((const problem *)cogo_msg_payload(msg))->status == 404) {
        command del = {0}; /* It was kept no longer. */
        COMMAND(&del, "HDEL", STREAM_FOLLOWED, f->task_id);
        batch_put(q, &del);
        forget(q, f);
    } else {
        get_in_line(f);
    }
    return true;
}

void follow_pump(queue *q)
{
    while (q->line_first != NULL && q->page_ask_count < READS_MAX && !wire_busy(&q->writer)) {
        followed *f = q->line_first;
        page_ask *a = q->page_asks;
        while (a->of != NULL) {
            a++;
        }
        f->what.task_id = f->task_id;
        task_get get = {.task_id = f->task_id};
        cogo_msg *question = f->ended
                                 ? cogo_msg_create_record(q->system, MSG_TASK_GET, &get)
                                 : cogo_msg_create_record(q->system, MSG_TASK_EVENTS, &f->what);
        if (cogo_ask(q->ctx, q->orchestrator, question, ASK_MS * UINT64_C(1000000), &a->ask)
            != COGO_OK) {
            return; /* The next message or tick tries again. */
        }
        a->of = f;
        q->page_ask_count++;
        q->line_first = f->later;
        q->line_last = q->line_first == NULL ? NULL : q->line_last;
        f->in_line = false;
    }
}
