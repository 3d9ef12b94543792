/* Workflows: named groups of tasks that stay in memory together until all of them are finished.
 */
#include "actors/orchestrator/room.h"

#include <string.h>

orc_workflow *orc_workflow_create(orc *o, const char *id, const char *name, int64_t created_at)
{
    orc_workflow *w = orc_alloc(sizeof *w);
    (void)memccpy(w->id, id, '\0', sizeof w->id - 1);
    w->name = orc_strdup(name);
    w->created_at = created_at;
    orc_map_put_text(&o->workflows, w->id, w);
    return w;
}

void orc_workflow_add(orc_workflow *w, orc_task *t)
{
    if (t->workflow != NULL) {
        return;
    }
    if (w->task_count == w->task_capacity) {
        w->task_capacity = w->task_capacity == 0 ? 8 : w->task_capacity * 2;
        w->tasks = orc_realloc(w->tasks, w->task_capacity * sizeof(orc_task *));
    }
    w->tasks[w->task_count++] = t;
    t->workflow = w;
    w->ended_count += life_ended(t->record->state) ? 1 : 0;
    w->unsaved_count += t->unsaved ? 1 : 0;
    if (t->record->finished_at > w->finished_at) {
        w->finished_at = t->record->finished_at;
    }
}

void orc_workflow_destroy(orc *o, orc_workflow *w)
{
    (void)orc_map_take_text(&o->workflows, w->id);
    orc_free(w->tasks);
    orc_free(w->name);
    orc_free(w);
}

void orc_workflow_release(orc *o, orc_workflow *w)
{
    if (w->ended_count < w->task_count || w->unsaved_count > 0 || w->waiters != NULL) {
        return;
    }
    for (size_t i = 0; i < w->task_count; i++) {
        if (orc_task_needed(w->tasks[i])) {
            return;
        }
    }
    for (size_t i = 0; i < w->task_count; i++) {
        orc_task_destroy(o, w->tasks[i]);
    }
    orc_workflow_destroy(o, w);
}

/* The worst of its tasks tells. */
const char *orc_workflow_state(const orc_workflow *w)
{
    size_t counts[TASK_STATE_COUNT] = {0};
    if (w->ended_count < w->task_count) {
        return "running";
    }
    for (size_t i = 0; i < w->task_count; i++) {
        counts[w->tasks[i]->record->state]++;
    }
    if (counts[TASK_FAILED] + counts[TASK_EXPIRED] + counts[TASK_DEADLETTERED] > 0) {
        return "failed";
    }
    if (counts[TASK_CANCELLED] > 0) {
        return "cancelled";
    }
    return counts[TASK_PARTIAL] > 0 ? "partial" : "succeeded";
}

const workflow *orc_workflow_record(orc *o, const orc_workflow *w, bool with_tasks)
{
    workflow *record = cogo_arena_alloc(&o->scratch, sizeof *record);
    task *tasks =
        with_tasks ? cogo_arena_alloc(&o->scratch, (w->task_count + 1) * sizeof *tasks) : NULL;
    if (record == NULL) {
        return NULL;
    }
    *record = (workflow){.workflow_id = w->id,
                         .name = w->name,
                         .state = orc_workflow_state(w),
                         .created_at = w->created_at,
                         .finished_at = w->ended_count == w->task_count ? w->finished_at : 0};
    for (size_t i = 0; i < w->task_count && tasks != NULL; i++) {
        tasks[i] = *w->tasks[i]->record;
    }
    record->tasks = (cogo_records){.items = tasks, .count = tasks == NULL ? 0 : w->task_count};
    return record;
}

static void found(orc *o, orc_ask *ask, const store_found *stored, const char *error)
{
    const workflow_get *get = cogo_msg_payload(ask->request);
    if (stored == NULL) {
        orc_lookup_failed(o, ask, error);
    } else if (stored->workflows.count == 0) {
        orc_refuse(o, ask->reply_to, 404, "WORKFLOW_NOT_FOUND", "No such workflow: %.80s.",
                   get->workflow_id);
    } else {
        orc_answer(o, ask->reply_to, MSG_WORKFLOW, stored->workflows.items);
    }
}

void orc_on_workflow_get(orc *o, cogo_msg *msg)
{
    const workflow_get *get = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    if (!id_check(get->workflow_id, "wfl_")) {
        orc_refuse(o, to, 404, "WORKFLOW_NOT_FOUND", "No such workflow: %.80s.",
                   get->workflow_id == NULL ? "(no id)" : get->workflow_id);
        return;
    }
    orc_workflow *w = orc_map_get_text(&o->workflows, get->workflow_id);
    if (w == NULL) {
        orc_ask *ask = orc_ask_create(o, to, msg);
        cogo_msg_take(o->ctx, msg);
        orc_ask_send(o, ask, &(store_lookup){.workflow_id = get->workflow_id}, found);
        orc_ask_leave(o, ask);
        return;
    }
    if (get->wait > 0 && w->ended_count < w->task_count
        && orc_wait(o, to, NULL, w, get->wait)) {
        return;
    }
    if (orc_unavailable(o, to)) {
        return;
    }
    orc_outbox_put(
        o, to, cogo_msg_create_record(o->system, MSG_WORKFLOW, orc_workflow_record(o, w, true)),
        true);
}
