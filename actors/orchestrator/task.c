/* Tasks in memory: what is made once lives in one block, what changes in blocks of its own. */
#include "actors/orchestrator/artifact.h"

#include <string.h>

/* Sortable also within one millisecond: the random part counts up. */
void orc_id(orc *o, char out[ID_SIZE], const char *prefix)
{
    int64_t now = cogo_system_wall_ms(o->system);
    if (now > o->id_ms) {
        o->id_ms = now;
        o->id_high = cogo_system_random(o->system);
        o->id_low = cogo_system_random(o->system) >> 1U; // Room to count without a carry.
    } else {
        o->id_low++;
    }
    id_make(out, prefix, o->id_ms, o->id_high, o->id_low);
}

/* A task and its instruction share all of their id but the prefix, so one map finds both. */
orc_task *orc_task_find(orc *o, const char *id)
{
    if (id_check(id, "tsk_")) {
        return orc_map_get_text(&o->tasks, id);
    }
    if (id_check(id, "ins_")) {
        char task_id[ID_SIZE];
        memcpy(task_id, "tsk_", 4);
        memcpy(task_id + 4, id + 4, strlen(id + 4) + 1);
        return orc_map_get_text(&o->tasks, task_id);
    }
    return NULL;
}

orc_task *orc_task_create(orc *o, const task *from)
{
    size_t flat_size = cogo_record_flat_size(&task_record, from);
    _Static_assert(sizeof(orc_task) % _Alignof(max_align_t) == 0
                       || sizeof(orc_task) % sizeof(void *) == 0,
                   "the record after it is aligned");
    orc_task *t = orc_alloc(sizeof *t + flat_size);
    t->record = (task *)(void *)(t + 1);
    t->size_bytes = sizeof *t + flat_size;
    cogo_record_flatten(&task_record, from, t->record);
    t->line = orc_line_of(o, t->record);
    if (from->spent != NULL) {
        t->spent = *from->spent;
        t->record->spent = &t->spent;
    }
    orc_map_put_text(&o->tasks, t->record->task_id, t);
    if (!life_ended(t->record->state)) {
        o->unfinished_count++;
    }
    return t;
}

void orc_task_destroy(orc *o, orc_task *t)
{
    (void)orc_map_take_text(&o->tasks, t->record->task_id);
    orc_line_leave(o, t->line);
    for (orc_event *event = t->first_event; event != NULL;) {
        orc_event *next = event->next;
        orc_free(event);
        event = next;
    }
    orc_free(t->edges);
    orc_free(t->worker_block);
    orc_free(t->error_block);
    orc_free(t->result_block);
    orc_free(t->progress_block);
    orc_free(t->approval_block);
    orc_artifact_free(t);
    orc_free(t->traceparent);
    orc_free(t->key);
    orc_free(t->hash);
    orc_free(t);
}

/* The new text is copied before the old one goes: it may be a part of it. */
void orc_task_set_text(void **block, const char **field, const char *text)
{
    char *copy = orc_strdup(text);
    orc_free(*block);
    *block = copy;
    *field = copy;
}

void orc_task_set_result(orc_task *t, const agent_result *result)
{
    void *block = result == NULL ? NULL : orc_copy(&agent_result_record, result);
    orc_free(t->result_block);
    t->result_block = block;
    t->record->result = block;
}

void orc_task_set_progress(orc_task *t, const task_progress *progress)
{
    void *block = progress == NULL ? NULL : orc_copy(&task_progress_record, progress);
    orc_free(t->progress_block);
    t->progress_block = block;
    t->record->progress = block;
}

void orc_task_depend(orc_task *t, orc_task *const *dependencies, size_t count)
{
    t->edges = orc_alloc(count * sizeof *t->edges);
    t->edge_count = count;
    for (size_t i = 0; i < count; i++) {
        orc_edge *edge = &t->edges[i];
        orc_task *on = dependencies[i];
        *edge = (orc_edge){.dependency = on, .dependant = t, .next = on->dependants};
        if (edge->next != NULL) {
            edge->next->previous = edge;
        }
        on->dependants = edge;
        t->unfinished_count += life_ended(on->record->state) ? 0 : 1;
    }
}

/* One after the other: a dependency that is still linked keeps its workflow, and so the others.
 * No task is in there twice: whoever makes the list leaves doubles out. */
void orc_task_undepend(orc *o, orc_task *t)
{
    orc_edge *edges = t->edges;
    size_t count = t->edge_count;
    t->edges = NULL;
    t->edge_count = 0;
    t->unfinished_count = 0;
    for (size_t i = 0; i < count; i++) {
        orc_edge *edge = &edges[i];
        if (edge->previous != NULL) {
            edge->previous->next = edge->next;
        } else {
            edge->dependency->dependants = edge->next;
        }
        if (edge->next != NULL) {
            edge->next->previous = edge->previous;
        }
        orc_task_release(o, edge->dependency);
    }
    orc_free(edges);
}

bool orc_task_needed(const orc_task *t)
{
    return t->unsaved || t->ended_listed || t->dependants != NULL || t->waiters != NULL
           || t->run != NULL || t->pin_count > 0;
}

void orc_task_release(orc *o, orc_task *t)
{
    if (!life_ended(t->record->state) || orc_task_needed(t)) {
        return;
    }
    if (t->workflow != NULL) {
        orc_workflow_release(o, t->workflow);
        return;
    }
    orc_task_destroy(o, t);
}
