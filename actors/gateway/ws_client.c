/* What clients do over a WebSocket, and the table of all frames. */
#include "actors/doors/key.h"
#include "actors/gateway/gate.h"
#include "actors/gateway/submit.h"
#include "actors/gateway/ws.h"

#include <stdlib.h>
#include <string.h>

/* One subscription. */
typedef struct ws_feed {
    desk_feed feed; /* First: a feed of ours is one. */
    struct ws_feed *next;
    socket_link *socket;
    char task_id[ID_SIZE];
    char frame_id[WS_FRAME_ID_MAX + 1]; /* Of the subscribe frame, until it is answered. */
    bool opened;
} ws_feed;

static void invalid(const ws_frame *f, const char *pointer, const char *detail)
{
    field_problem field = {.pointer = pointer, .detail = detail};
    ws_refuse(f, &(problem){.status = 422, .detail = detail, .errors = {&field, 1}});
}

static void on_submitted(ws_ask *a, cogo_msg *msg)
{
    const task_submitted *submitted = cogo_msg_payload(msg);
    const submit_item *item = submitted->items.items;
    ws_frame f = {.socket = a->socket};
    memcpy(f.id, a->id, sizeof f.id);
    if (submitted->items.count != 1 || item->task == NULL) {
        ws_refuse(&f, submitted->items.count == 1 && item->problem != NULL
                          ? item->problem
                          : &(problem){.status = 500, .detail = "The task got no answer."});
        return;
    }
    ws_send(a->socket,
            json_pack("{s:s, s:s*, s:b, s:o}", "type", "submitted", "id",
                      a->id[0] != '\0' ? a->id : NULL, "replayed", submitted->replayed, "data",
                      json_from_record(&task_record, item->task)));
}

/* The key and what it was used for. False: refused. */
static bool take_key(ws_frame *f, task_submit *submit)
{
    const json_t *key = json_object_get(f->json, "idempotencyKey");
    const char *text = json_string_value(key);
    if (key == NULL) {
        return true;
    }
    if (text == NULL || !key_valid(text)) {
        invalid(f, "/idempotencyKey", "Not 1 to 255 printable ASCII characters.");
        return false;
    }
    char *body = json_dumps(f->data, JSON_COMPACT | JSON_SORT_KEYS);
    bool put = body != NULL && key_put(submit, text, body, strlen(body), &f->arena);
    free(body);
    if (!put) {
        ws_refuse(f, &(problem){.status = 503, .detail = "Out of memory."});
    }
    return put;
}

static void handle_submit(ws_frame *f)
{
    cogo_record_error error = {"", ""};
    const void *one = NULL;
    task_submit submit = {.atomic = true,
                          .tenant = grant_tenant(&f->socket->grant),
                          .traceparent = f->socket->traceparent};
    if (json_to_record(&instruction_record, f->data, COGO_RECORD_STRICT, &f->arena, &one,
                       &error)
        != COGO_OK) {
        invalid(f, cogo_arena_printf(&f->arena, "/data%s", error.pointer),
                cogo_arena_printf(&f->arena, "/data%s: %s", error.pointer, error.detail));
    } else if (take_key(f, &submit)) {
        submit.instructions = (cogo_records){.items = one, .count = 1};
        (void)ws_ask_for(f->socket, f->id, MSG_TASK_SUBMIT, &submit, MSG_TASK_SUBMITTED,
                         on_submitted);
    }
}

/* The task id of the frame; NULL: refused. */
static const char *subject_of(const ws_frame *f)
{
    const char *subject = json_string_value(json_object_get(f->json, "subject"));
    if (subject == NULL || strlen(subject) >= ID_SIZE) {
        invalid(f, "/subject", "/subject: The id of a task is required.");
        return NULL;
    }
    return subject;
}

static void unknown_task(const ws_frame *f, const char *id)
{
    char detail[160];
    snprintf(detail, sizeof detail, "No such task: %.80s.", id);
    ws_refuse(f, &(problem){.status = 404,
                            .code = "TASK_NOT_FOUND",
                            .title = "No such task",
                            .detail = detail});
}

static ws_feed *find_feed(const socket_link *s, const char *task_id)
{
    ws_feed *w = s->feeds;
    while (w != NULL && strcmp(w->task_id, task_id) != 0) {
        w = w->next;
    }
    return w;
}

static void stop_feed(ws_feed *w)
{
    socket_link *s = w->socket;
    feeds_stop(&w->feed);
    for (ws_feed **at = &s->feeds; *at != NULL; at = &(*at)->next) {
        if (*at == w) {
            *at = w->next;
            break;
        }
    }
    for (ws_ask *a = s->asks; a != NULL; a = a->next) {
        a->feed = a->feed == w ? NULL : a->feed; /* Its answer goes nowhere. */
    }
    s->feed_count--;
    free(w);
}

void ws_forget_feeds(socket_link *s)
{
    while (s->feeds != NULL) {
        stop_feed(s->feeds);
    }
}

static void on_page(ws_ask *a, cogo_msg *msg)
{
    ws_feed *w = a->feed;
    if (w == NULL) {
        return; /* Unsubscribed meanwhile. */
    }
    if (cogo_msg_type_of(msg) != MSG_EVENT_PAGE) {
        ws_frame f = {.socket = a->socket};
        memcpy(f.id, w->frame_id, sizeof f.id);
        problem lost = {.status = 503, .detail = "The events can't be read now."};
        ws_refuse(&f, cogo_msg_type_of(msg) == MSG_PROBLEM ? cogo_msg_payload(msg) : &lost);
        stop_feed(w);
        return;
    }
    if (!w->opened) {
        w->opened = true;
        ws_send(a->socket, json_pack("{s:s, s:s*, s:s, s:I}", "type", "subscribed", "id",
                                     w->frame_id[0] != '\0' ? w->frame_id : NULL, "subject",
                                     w->task_id, "after", (json_int_t)w->feed.feed.last));
    }
    feed_page(&w->feed.feed, cogo_msg_payload(msg));
}

static void ask_page(feed *f, const task_events *what)
{
    ws_feed *w = (ws_feed *)f;
    ws_ask *a = ws_ask_for(w->socket, w->frame_id, MSG_TASK_EVENTS, what, 0, on_page);
    if (a != NULL) {
        a->feed = w;
    } else {
        f->reading = false; /* The next event tries again. */
    }
}

/* CloudEvents 1.0. Progress has no sequence: it is not recorded. */
static void write_event(feed *f, const task_event *event)
{
    ws_feed *w = (ws_feed *)f;
    char id[80], source[80];
    json_t *plain = json_from_record(&task_event_record, event);
    snprintf(id, sizeof id, "%.40s:%lld", event->task_id, (long long)event->sequence);
    snprintf(source, sizeof source, "/v1/tasks/%.40s", event->task_id);
    json_t *e =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O*, s:O*}", "specversion", "1.0", "type",
                  event->type, "id", id, "source", source, "subject", event->task_id,
                  "datacontenttype", "application/json", "time", json_object_get(plain, "time"),
                  "data", json_object_get(plain, "data"));
    if (event->sequence > 0) {
        (void)json_object_set_new(e, "sequence", json_integer(event->sequence));
    } else {
        (void)json_object_del(e, "id");
        (void)json_object_set_new(e, "id", json_string(source));
    }
    json_decref(plain);
    ws_send(w->socket, e);
}

static void end_feed(feed *f)
{
    ws_feed *w = (ws_feed *)f;
    ws_send(w->socket, json_pack("{s:s, s:s, s:I}", "type", "ended", "subject", w->task_id,
                                 "sequence", (json_int_t)w->feed.feed.last));
    stop_feed(w);
}

static const feed_reader reader = {.ask = ask_page, .write = write_event, .end = end_feed};

static void subscribe(socket_link *s, const char *frame_id, const char *task_id, int64_t after)
{
    ws_feed *w = calloc(1, sizeof *w);
    if (w == NULL) {
        ws_send(s, NULL);
        return;
    }
    w->socket = s;
    snprintf(w->task_id, sizeof w->task_id, "%s", task_id);
    snprintf(w->frame_id, sizeof w->frame_id, "%s", frame_id);
    w->feed = (desk_feed){.feed = {.reader = &reader, .task_id = w->task_id, .last = after},
                          .desk = s->desk};
    w->next = s->feeds;
    s->feeds = w;
    s->feed_count++;
    feeds_start(&w->feed);
}

static void on_task(ws_ask *a, cogo_msg *msg)
{
    ws_frame f = {.socket = a->socket};
    memcpy(f.id, a->id, sizeof f.id);
    ws_reply(&f, "task", json_from_record(&task_record, cogo_msg_payload(msg)));
}

static void on_owner(ws_ask *a, cogo_msg *msg)
{
    ws_frame f = {.socket = a->socket};
    memcpy(f.id, a->id, sizeof f.id);
    const task *t = cogo_msg_payload(msg);
    if (cogo_msg_type_of(msg) != MSG_TASK) {
        problem lost = {.status = 503, .detail = "The orchestrator did not answer."};
        ws_refuse(&f, cogo_msg_type_of(msg) == MSG_PROBLEM ? cogo_msg_payload(msg) : &lost);
    } else if (!gate_sees(&a->socket->grant, t->tenant)) {
        unknown_task(&f, t->task_id);
    } else if (a->wish == MSG_TASK_GET) {
        on_task(a, msg);
    } else if (a->wish == MSG_TASK_CANCEL) {
        task_command cancel = {.task_id = t->task_id};
        (void)ws_ask_for(a->socket, a->id, MSG_TASK_CANCEL, &cancel, MSG_TASK, on_task);
    } else if (find_feed(a->socket, t->task_id) != NULL) {
        ws_refuse(&f, &(problem){.status = 409, .detail = "It is subscribed to already."});
    } else if (a->socket->feed_count >= WS_SUBSCRIPTIONS_MAX) {
        ws_refuse(&f, &(problem){.status = 429,
                                 .code = "TOO_MANY_SUBSCRIPTIONS",
                                 .detail = "A socket has at most 256 subscriptions."});
    } else {
        subscribe(a->socket, a->id, t->task_id, a->after);
    }
}

/* A task is shown, followed or cancelled only when it is known whose it is. */
static void ask_owner(ws_frame *f, cogo_msg_type wish, int64_t after)
{
    const char *subject = subject_of(f);
    if (subject == NULL) {
        return;
    }
    task_get get = {.task_id = subject};
    ws_ask *a = ws_ask_for(f->socket, f->id, MSG_TASK_GET, &get, 0, on_owner);
    if (a != NULL) {
        a->wish = wish;
        a->after = after;
    }
}

static void handle_subscribe(ws_frame *f)
{
    const json_t *after = json_object_get(f->json, "after");
    if (after != NULL && (!json_is_integer(after) || json_integer_value(after) < 0)) {
        invalid(f, "/after", "/after: Not the sequence of an event.");
        return;
    }
    ask_owner(f, MSG_TASK_EVENTS, json_integer_value(after));
}

static void handle_unsubscribe(ws_frame *f)
{
    const char *subject = subject_of(f);
    ws_feed *w = subject != NULL ? find_feed(f->socket, subject) : NULL;
    if (w != NULL) {
        stop_feed(w);
        ws_reply(f, "unsubscribed", NULL);
    } else if (subject != NULL) {
        ws_refuse(f, &(problem){.status = 404, .detail = "There is no such subscription."});
    }
}

static void handle_get(ws_frame *f)
{
    ask_owner(f, MSG_TASK_GET, 0);
}

static void handle_cancel(ws_frame *f)
{
    ask_owner(f, MSG_TASK_CANCEL, 0);
}

const ws_kind ws_kinds[] = {
    {"submit", SCOPE_SUBMIT, &instruction_record, "idempotencyKey",
     "Submits one task; answered with submitted once it is on disk.", handle_submit},
    {"subscribe", SCOPE_READ, NULL, "subject! after",
     "Asks for the events of a task with a sequence greater than after, and then those to come.",
     handle_subscribe},
    {"unsubscribe", SCOPE_READ, NULL, "subject!", "Ends a subscription.", handle_unsubscribe},
    {"get", SCOPE_READ, NULL, "subject!", "Asks for a task.", handle_get},
    {"cancel", SCOPE_SUBMIT, NULL, "subject!", "Cancels a task that has not finished.",
     handle_cancel},
    {"register", SCOPE_WORK, &worker_register_record, "session",
     "A worker offers its roles. session is a secret of its own (16 to 32 letters and digits), or "
     "of an earlier welcome: it proves after a lost connection that it is still the same; running "
     "names what it still has.",
     NULL},
    {"heartbeat", SCOPE_WORK, NULL, "",
     "The worker lives. Not needed: so long as its connection does, so does the worker.", NULL},
    {"started", SCOPE_WORK, &instruction_cancel_record, "",
     "An attempt has begun. Not needed: it has when its offer was sent.", NULL},
    {"progress", SCOPE_WORK, &instruction_progress_record, "", "How far an attempt is.", NULL},
    {"spend", SCOPE_WORK, &budget_ask_record, "",
     "What an attempt took and is about to take, before it does; answered with budget.", NULL},
    {"result", SCOPE_WORK, &instruction_result_record, "",
     "The end of an attempt; repeated on the next connection until it is acknowledged.", NULL},
    {"drain", SCOPE_WORK, NULL, "", "The worker wants no more offers.", NULL},
    {"deregister", SCOPE_WORK, NULL, "", "The worker leaves; its attempts do not count.", NULL},
    {"hello", 0, NULL, "data", "The first frame: limits of this door.", NULL},
    {"submitted", 0, &task_record, "replayed", "The task; replayed: the key was known.", NULL},
    {"budget", 0, &budget_left_record, "", "Whether it may, and what is left.", NULL},
    {"problem", 0, &problem_record, "", "Why the frame with this id was refused.", NULL},
    {"task", 0, &task_record, "", "The task that was asked for.", NULL},
    {"subscribed", 0, NULL, "subject! after!", "Events follow.", NULL},
    {"unsubscribed", 0, NULL, "", "No more events follow.", NULL},
    {"ended", 0, NULL, "subject! sequence!", "The task is finished; its last event was sent.",
     NULL},
    {"welcome", 0, &worker_welcome_record, "session!",
     "The worker is registered; session proves who it is when it comes back.", NULL},
    {"offer", 0, &instruction_offer_record, "", "One attempt for the worker.", NULL},
    {"stop", 0, &instruction_cancel_record, "", "The worker has to stop an attempt.", NULL},
    {"ack", 0, &instruction_cancel_record, "",
     "A result is on disk (accepted), or came too late (fenced).", NULL},
    {"drained", 0, NULL, "", "The worker gets no more offers.", NULL},
    {"removed", 0, NULL, "", "The worker was removed.", NULL},
    {NULL, 0, NULL, NULL, NULL, NULL},
};
