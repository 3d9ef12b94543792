/* Finished tasks and workflows come back into memory when something unfinished needs them. */
#include "actors/orchestrator/artifact.h"

#include <string.h>

orc_task *orc_load_task(orc *o, const task *from, const store_mark *mark)
{
    orc_task *t = orc_map_get_text(&o->tasks, from->task_id);
    if (t != NULL) {
        return t; // Memory knows better.
    }
    // The store gives it whole; what is kept beside the record there is so here.
    task brief = *from;
    agent_result result = {0};
    cogo_value context = {0}, output = {0};
    if (orc_value_large(from->context) && artifact_of(from, ARTIFACT_CONTEXT) != NULL) {
        context = from->context;
        brief.context = (cogo_value){0};
    }
    if (from->result != NULL && from->result->output_artifact != NULL) {
        result = *from->result;
        output = result.output;
        result.output = (cogo_value){0};
        brief.result = &result;
    }
    t = orc_task_create(o, &brief);
    orc_artifact_loaded(t, context, output);
    t->traceparent = orc_strdup(from->traceparent);
    t->journaled = true;
    t->event_sequence = mark->event_sequence;
    t->lease = mark->lease;
    return t;
}

void orc_load_found(orc *o, orc_ask *ask, const store_found *found)
{
    const task *tasks = found->tasks.items;
    const store_mark *marks = found->marks.items;
    size_t count = found->marks.count < found->tasks.count ? 0 : found->tasks.count;
    ask->pins = orc_realloc(ask->pins, (ask->pin_count + count) * sizeof(orc_task *));
    for (size_t i = 0; i < count; i++) {
        // What is unfinished there and not here has changed since it was read.
        if (orc_task_find(o, tasks[i].task_id) == NULL
            && (!life_ended(tasks[i].state) || orc_sweep_takes(o, tasks[i].task_id))) {
            continue;
        }
        orc_task *t = orc_load_task(o, &tasks[i], &marks[i]);
        t->pin_count++;
        ask->pins[ask->pin_count++] = t;
    }
}

/* One after the other: what is still pinned keeps its workflow, and so the rest of the list. */
void orc_unpin(orc *o, orc_ask *ask)
{
    for (size_t i = 0; i < ask->pin_count; i++) {
        ask->pins[i]->pin_count--;
        orc_task_release(o, ask->pins[i]);
    }
    orc_free(ask->pins);
    ask->pins = NULL;
    ask->pin_count = 0;
}

/* The members of a workflow that was found, until all of them are loaded. */
static void note_family(orc_ask *ask, const workflow *found)
{
    cogo_arena *memory = &ask->memory;
    const task *tasks = found->tasks.items;
    orc_family *family = cogo_arena_alloc(memory, sizeof *family);
    const char **ids = cogo_arena_alloc(memory, (found->tasks.count + 1) * sizeof *ids);
    if (family == NULL || ids == NULL) {
        return;
    }
    for (size_t i = 0; i < found->tasks.count; i++) {
        ids[i] = cogo_arena_strdup(memory, tasks[i].task_id);
    }
    *family = (orc_family){.id = cogo_arena_strdup(memory, found->workflow_id),
                           .name = cogo_arena_strdup(memory, found->name),
                           .created_at = found->created_at,
                           .task_ids = {.items = ids, .count = found->tasks.count}};
    ask->family = family;
}

static void answered(orc *o, orc_ask *ask, const store_found *found, const char *error)
{
    if (found == NULL) {
        ask->fail(o, ask, error);
        return;
    }
    orc_load_found(o, ask, found);
    if (found->workflows.count > 0) {
        note_family(ask, found->workflows.items);
    }
    ask->resume(o, ask);
}

static const char *remember(orc_ask *ask, const char *id)
{
    char *copy = cogo_arena_strdup(&ask->memory, id);
    orc_map_put_text(&ask->asked, copy, copy);
    return copy;
}

bool orc_load_ids(orc *o, orc_ask *ask, cogo_strings ids)
{
    const char **missing = orc_alloc(LOOKUP_IDS_MAX * sizeof *missing);
    store_lookup lookup = {.ids = {.items = missing}, .whole = true};
    for (size_t i = 0; i < ids.count && lookup.ids.count < LOOKUP_IDS_MAX; i++) {
        if (orc_task_find(o, ids.items[i]) == NULL
            && orc_map_get_text(&ask->asked, ids.items[i]) == NULL) {
            missing[lookup.ids.count++] = remember(ask, ids.items[i]);
        }
    }
    bool complete = lookup.ids.count == 0;
    if (!complete) {
        orc_ask_send(o, ask, &lookup, answered);
    }
    orc_free(missing);
    return complete;
}

static void assemble(orc *o, const orc_family *family)
{
    orc_workflow *w = orc_workflow_create(o, family->id, family->name, family->created_at);
    w->journaled = true;
    for (size_t i = 0; i < family->task_ids.count; i++) {
        orc_task *t = orc_task_find(o, family->task_ids.items[i]);
        if (t != NULL) {
            orc_workflow_add(w, t);
        }
    }
}

bool orc_load_workflow(orc *o, orc_ask *ask, const char *id)
{
    if (orc_map_get_text(&o->workflows, id) != NULL) {
        return true;
    }
    if (ask->family != NULL && strcmp(ask->family->id, id) == 0) {
        if (!orc_load_ids(o, ask, ask->family->task_ids)) {
            return false;
        }
        assemble(o, ask->family);
        ask->family = NULL;
        return true;
    }
    if (orc_map_get_text(&ask->asked, id) != NULL) {
        return true; // The store does not know it.
    }
    store_lookup lookup = {.workflow_id = remember(ask, id)};
    orc_ask_send(o, ask, &lookup, answered);
    return false;
}
