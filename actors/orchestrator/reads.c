/* Reading: what is live comes from memory, all else from the store. */
#include "actors/orchestrator/room.h"
#include "codec/contract/text.h"

#include <string.h>

/* The store says "field: what is wrong" when the question was bad. */
static void refuse_read(orc *o, orc_ask *ask, const char *error)
{
    static const char *const fields[] = {"pageToken", "pageSize", "state", "ids", "taskId"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strncmp(error, fields[i], strlen(fields[i])) == 0) {
            orc_refuse(o, ask->reply_to, 422, "VALIDATION", "%s.", error);
            return;
        }
    }
    orc_lookup_failed(o, ask, error);
}

static void ask_store(orc *o, cogo_msg *msg, const store_lookup *lookup,
                      void (*answered)(orc *o, orc_ask *self, const store_found *found,
                                       const char *error))
{
    orc_ask *ask = orc_ask_create(o, cogo_msg_reply_to(msg), msg);
    cogo_msg_take(o->ctx, msg);
    orc_ask_send(o, ask, lookup, answered);
    orc_ask_leave(o, ask);
}

static void task_found(orc *o, orc_ask *ask, const store_found *found, const char *error)
{
    const task_get *get = cogo_msg_payload(ask->request);
    if (found == NULL) {
        refuse_read(o, ask, error);
    } else if (found->tasks.count == 0) {
        orc_task_unknown(o, ask->reply_to, get->task_id);
    } else {
        orc_answer(o, ask->reply_to, MSG_TASK, found->tasks.items);
    }
}

void orc_on_get(orc *o, cogo_msg *msg)
{
    const task_get *get = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    if (!id_check(get->task_id, "tsk_") && !id_check(get->task_id, "ins_")) {
        orc_task_unknown(o, to, get->task_id);
        return;
    }
    orc_task *t = orc_task_find(o, get->task_id);
    if (t == NULL) {
        const char *const ids[] = {get->task_id};
        ask_store(o, msg, &(store_lookup){.ids = {.items = ids, .count = 1}}, task_found);
        return;
    }
    if (get->wait > 0 && !life_ended(t->record->state) && orc_wait(o, to, t, NULL, get->wait)) {
        return;
    }
    if (!t->unsaved) {
        orc_answer(o, to, MSG_TASK, t->record);
    } else if (!orc_unavailable(o, to)) {
        // What is not on disk yet may turn out never to have happened.
        orc_outbox_put(o, to, cogo_msg_create_record(o->system, MSG_TASK, t->record), true);
    }
}

static void list_found(orc *o, orc_ask *ask, const store_found *found, const char *error)
{
    if (found == NULL) {
        refuse_read(o, ask, error);
        return;
    }
    if (cogo_msg_type_of(ask->request) == MSG_TASK_LIST) {
        orc_answer(
            o, ask->reply_to, MSG_TASK_PAGE,
            &(task_page){.tasks = found->tasks, .next_page_token = found->next_page_token});
    } else {
        orc_answer(o, ask->reply_to, MSG_WORKFLOW_PAGE,
                   &(workflow_page){.workflows = found->workflows,
                                    .next_page_token = found->next_page_token});
    }
}

void orc_on_list(orc *o, cogo_msg *msg)
{
    store_lookup lookup = {.list = cogo_msg_payload(msg)};
    ask_store(o, msg, &lookup, list_found);
}

void orc_on_workflow_list(orc *o, cogo_msg *msg)
{
    store_lookup lookup = {.workflow_list = cogo_msg_payload(msg)};
    ask_store(o, msg, &lookup, list_found);
}

static void events_found(orc *o, orc_ask *ask, const store_found *found, const char *error)
{
    const task_events *get = cogo_msg_payload(ask->request);
    if (found == NULL) {
        refuse_read(o, ask, error);
        return;
    }
    const task *stored = found->tasks.items;
    const store_mark *mark = found->marks.items;
    if (found->tasks.count == 0) {
        orc_task_unknown(o, ask->reply_to, get->task_id);
        return;
    }
    const task_event *events = found->events.items;
    int64_t last =
        found->events.count == 0 ? get->after : events[found->events.count - 1].sequence;
    // Events that were removed are no reason to wait for more.
    bool all =
        found->marks.count > 0 && (last >= mark->event_sequence || found->events.count == 0);
    event_page page = {.events = found->events, .ended = all && life_ended(stored->state)};
    orc_answer(o, ask->reply_to, MSG_EVENT_PAGE, &page);
}

void orc_events_look_up(orc *o, orc_ask *ask)
{
    store_lookup lookup = {.events = cogo_msg_payload(ask->request)};
    orc_ask_send(o, ask, &lookup, events_found);
}

/* Who follows a task first and reads then must find every earlier event in one of the two: what
 * happened before the follower came and is not on disk yet is waited for. */
void orc_on_events(orc *o, cogo_msg *msg)
{
    const task_events *get = cogo_msg_payload(msg);
    if (!id_check(get->task_id, "tsk_") && !id_check(get->task_id, "ins_")) {
        orc_task_unknown(o, cogo_msg_reply_to(msg), get->task_id);
        return;
    }
    const orc_task *t = orc_task_find(o, get->task_id);
    if (t != NULL && t->unsaved && orc_unavailable(o, cogo_msg_reply_to(msg))) {
        return;
    }
    orc_ask *ask = orc_ask_create(o, cogo_msg_reply_to(msg), msg);
    cogo_msg_take(o->ctx, msg);
    if (t != NULL && t->unsaved) {
        orc_outbox_put_read(o, ask);
        return;
    }
    orc_events_look_up(o, ask);
    orc_ask_leave(o, ask);
}

void orc_on_health(orc *o, cogo_msg *msg)
{
    bool led = cogo_actor_id_is_set(o->leader);
    const char *store = o->phase == ORC_STORE_WAITING
                            ? text_print(&o->scratch, "store: retrying: %s", o->store_error)
                            : "store: ok";
    const char *tasks = o->phase == ORC_RECOVERING  ? "tasks: loading"
                        : o->phase != ORC_FOLLOWING ? "tasks: ok"
                        : led                       ? "tasks: ok (another orchestrator leads)"
                                                    : "tasks: no orchestrator leads";
    size_t live = 0;
    size_t cursor = 0;
    for (const orc_worker *w; (w = orc_map_next(&o->workers, &cursor)) != NULL;) {
        live += w->lost ? 0 : 1;
    }
    const char *workers = cogo_arena_printf(&o->scratch, "workers: ok (%zu live)", live);
    const char *const checks[] = {store, tasks, workers};
    health answer = {.ready = o->phase == ORC_READY || (o->phase == ORC_FOLLOWING && led),
                     .checks = {.items = checks, .count = 3}};
    orc_answer(o, cogo_msg_reply_to(msg), MSG_HEALTH, &answer);
}
