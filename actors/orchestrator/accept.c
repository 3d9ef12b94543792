/* Makes tasks of a submit that was found good. */
#include "actors/orchestrator/artifact.h"
#include "actors/orchestrator/budget.h"
#include "actors/orchestrator/submission.h"

#include <string.h>

/* Ids of everything that the new task waits for, those of its own request included. */
static cogo_strings dependency_ids(submission *s, const submit_entry *entry,
                                   char (*ids)[ID_SIZE])
{
    size_t count = entry->dependency_count + entry->ref_count;
    const char **items = cogo_arena_alloc(&s->o->scratch, (count + 1) * sizeof *items);
    for (size_t i = 0; i < entry->dependency_count; i++) {
        items[i] = entry->dependencies[i]->record->task_id;
    }
    for (size_t i = 0; i < entry->ref_count; i++) {
        items[entry->dependency_count + i] = ids[entry->refs[i]];
    }
    return (cogo_strings){.items = items, .count = count};
}

/* A task with a dependency that failed is blocked for a moment, then cancelled. */
static bool is_ready(const submit_entry *entry)
{
    for (size_t i = 0; i < entry->dependency_count; i++) {
        if (!life_succeeded(entry->dependencies[i]->record->state)) {
            return false;
        }
    }
    return entry->ref_count == 0 && entry->asked->approval == NULL;
}

static orc_task *make(submission *s, const submit_entry *entry, char (*ids)[ID_SIZE], size_t at,
                      const orc_workflow *w)
{
    orc *o = s->o;
    const instruction *asked = entry->asked;
    char instruction_id[ID_SIZE];
    memcpy(instruction_id, ids[at], ID_SIZE);
    memcpy(instruction_id, "ins_", 4);
    int64_t now = cogo_system_wall_ms(o->system);
    bool ready = is_ready(entry), large = orc_value_large(asked->context);
    task from = {
        .task_id = ids[at],
        .instruction_id = instruction_id,
        .workflow_id = w == NULL ? NULL : w->id,
        .tenant = s->request->tenant,
        .ref = asked->ref,
        .role = asked->role,
        .state = ready ? TASK_QUEUED : TASK_BLOCKED,
        .priority = asked->priority < 0 ? PRIORITY_MEDIUM : asked->priority,
        .max_attempts = asked->max_attempts == 0 ? ATTEMPTS_DEFAULT : asked->max_attempts,
        .timeout = asked->timeout,
        .context = large ? (cogo_value){0} : asked->context,
        .dependencies = dependency_ids(s, entry, ids),
        .expected_output = asked->expected_output,
        .labels = asked->labels,
        .preferred_labels = asked->preferred_labels,
        .fairness_key = asked->fairness_key,
        .limits = asked->limits,
        .slot_cost = asked->slot_cost,
        .schedule_timeout = asked->schedule_timeout,
        .deadline = asked->deadline,
        .approval = asked->approval,
        .parent_id = asked->parent,
        .budget = asked->budget,
        .traceparent = cogo_actor_id_is_set(o->config.spans) ? s->request->traceparent : NULL,
        .sticky_key = asked->sticky_key,
        .sticky_policy = asked->sticky_key == NULL  ? -1
                         : asked->sticky_policy < 0 ? STICKY_PREFER
                                                    : asked->sticky_policy,
        .sticky_timeout = asked->sticky_timeout,
        .created_at = now,
        .queued_at = ready ? now : 0,
        .updated_at = now};
    orc_task *t = orc_task_create(o, &from);
    if (large) {
        orc_artifact_context(o, t, asked->context);
    }
    orc_approval_begin(o, t);
    orc_budget_begin(o, t, true);
    t->traceparent = orc_strdup(s->request->traceparent);
    t->key = orc_strdup(s->request->idempotency_key);
    t->hash = t->key == NULL ? NULL : orc_strdup(s->request->request_hash);
    if (t->key != NULL && t->hash == NULL) {
        t->hash = orc_strdup("");
    }
    return t;
}

static void link_dependencies(submission *s, submit_entry *entry)
{
    size_t count = entry->dependency_count + entry->ref_count;
    if (count == 0) {
        return;
    }
    orc_task **on = orc_alloc(count * sizeof *on);
    for (size_t i = 0; i < count; i++) {
        on[i] = i < entry->dependency_count
                    ? entry->dependencies[i]
                    : s->entries[entry->refs[i - entry->dependency_count]].made;
    }
    orc_task_depend(entry->made, on, count);
    orc_free(on);
}

static void begin(orc *o, orc_task *t)
{
    orc_event_add(o, t);
    orc_due_arm(o, t);
    if (t->record->state == TASK_QUEUED) {
        orc_enqueue(o, t, false);
        return;
    }
    for (size_t i = 0; i < t->edge_count; i++) {
        const task *on = t->edges[i].dependency->record;
        if (life_ended(on->state) && !life_succeeded(on->state)) {
            orc_cancel(o, t,
                       cogo_arena_printf(&o->scratch, "dependency %s is %s", on->task_id,
                                         task_state_names[on->state]));
            return;
        }
    }
}

static void answer(submission *s, const orc_workflow *w)
{
    submit_item *items = cogo_arena_alloc(&s->o->scratch, s->count * sizeof *items);
    problem *problems = cogo_arena_alloc(&s->o->scratch, s->count * sizeof *problems);
    for (size_t i = 0; i < s->count && items != NULL && problems != NULL; i++) {
        const submit_entry *entry = &s->entries[i];
        if (entry->made != NULL) {
            items[i].task = entry->made->record;
        } else {
            problems[i] = orc_entry_problem(entry);
            items[i].problem = &problems[i];
        }
    }
    task_submitted answer = {.items = {.items = items, .count = items == NULL ? 0 : s->count},
                             .workflow_id = w == NULL ? NULL : w->id};
    orc_submit_answer(s->o, s->ask, &answer);
}

void orc_accept(submission *s)
{
    orc *o = s->o;
    orc_workflow *w = NULL;
    if (s->request->workflow != NULL) {
        char id[ID_SIZE];
        orc_id(o, id, "wfl_");
        w = orc_workflow_create(o, id, s->request->workflow, cogo_system_wall_ms(o->system));
    }
    char(*ids)[ID_SIZE] = orc_alloc(s->count * ID_SIZE);
    for (size_t i = 0; i < s->count; i++) {
        orc_id(o, ids[i], "tsk_");
    }
    for (size_t i = 0; i < s->count; i++) {
        submit_entry *entry = &s->entries[i];
        if (entry->code == NULL) {
            entry->made = make(s, entry, ids, i, w);
            if (w != NULL) {
                orc_workflow_add(w, entry->made);
            }
        }
    }
    for (size_t i = 0; i < s->count; i++) {
        if (s->entries[i].made != NULL) {
            link_dependencies(s, &s->entries[i]);
        }
    }
    for (size_t i = 0; i < s->count; i++) {
        if (s->entries[i].made != NULL) {
            begin(o, s->entries[i].made);
        }
    }
    orc_free(ids);
    if (w != NULL && w->task_count == 0) {
        orc_workflow_destroy(o, w);
        w = NULL;
    }
    answer(s, w);
}
