/* The start: all unfinished tasks come back from the store, then what they need of finished
 * ones, then the orchestrator takes its name. Tasks that were given to workers wait a moment
 * for these to come back with them (adrift.c), and are tried again if they don't. */
#include "actors/orchestrator/budget.h"
#include "actors/orchestrator/schedule.h"
#include "actors/orchestrator/sticky.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cogo_err ask_page(orc *o, const char *token)
{
    store_recover request = {.page_token = token};
    return cogo_ask(o->ctx, o->config.store_reader,
                    cogo_msg_create_record(o->system, MSG_STORE_RECOVER, &request),
                    (uint64_t)RECOVERY_TIMEOUT_MS * NS_PER_MS, &o->recovery_ask);
}

cogo_err orc_recovery_start(orc *o)
{
    return ask_page(o, NULL);
}

void orc_recovery_failed(orc *o, const char *why)
{
    char text[56];
    (void)snprintf(text, sizeof text, "recovery: %s", why);
    cogo_exit(o->ctx, COGO_EXIT_ERROR, text);
}

static int by_id(const void *a, const void *b)
{
    const orc_task *const *left = a;
    const orc_task *const *right = b;
    return strcmp((*left)->record->task_id, (*right)->record->task_id);
}

/* All tasks in memory in the order in which they came: ids sort by time. */
static orc_task **all_tasks(orc *o, size_t *out_count)
{
    orc_task **tasks = orc_alloc((o->tasks.count + 1) * sizeof *tasks);
    size_t cursor = 0;
    size_t count = 0;
    for (orc_task *t; (t = orc_map_next(&o->tasks, &cursor)) != NULL;) {
        tasks[count++] = t;
    }
    qsort(tasks, count, sizeof(orc_task *), by_id);
    *out_count = count;
    return tasks;
}

/* False: the store is asked for some of them. */
static bool load_dependencies(orc *o, orc_ask *ask, orc_task *const *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const task *r = tasks[i]->record;
        if (!life_ended(r->state) && !orc_load_ids(o, ask, r->dependencies)) {
            return false;
        }
    }
    return true;
}

static bool load_workflows(orc *o, orc_ask *ask, orc_task *const *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const task *r = tasks[i]->record;
        if (!life_ended(r->state) && r->workflow_id != NULL
            && !orc_load_workflow(o, ask, r->workflow_id)) {
            return false;
        }
    }
    return true;
}

/* What is wrong with the dependencies of @p t, or NULL. */
static const char *broken_dependency(orc *o, const orc_task *t)
{
    if (t->edge_count < t->record->dependencies.count) {
        return "a dependency is not known any more";
    }
    for (size_t i = 0; i < t->edge_count; i++) {
        const task *on = t->edges[i].dependency->record;
        if (life_ended(on->state) && !life_succeeded(on->state)) {
            return cogo_arena_printf(&o->scratch, "dependency %s is %s", on->task_id,
                                     task_state_names[on->state]);
        }
    }
    return NULL;
}

static void restart(orc *o, orc_task *t)
{
    const char *broken = NULL;
    switch ((task_state)t->record->state) {
    case TASK_SCHEDULED:
    case TASK_RUNNING:
        if (orc_adrift_hold(o, t)) {
            break;
        }
        // The attempt counts: it may be what ended the process.
        (void)orc_transition(o, t, LIFE_RETURN, "the orchestrator was restarted");
        break;
    case TASK_RETRYING:
        (void)orc_transition(o, t, LIFE_REQUEUE, t->record->error);
        break;
    case TASK_BLOCKED:
        broken = broken_dependency(o, t);
        if (broken != NULL) {
            orc_cancel(o, t, broken);
        } else if (t->unfinished_count == 0) {
            (void)orc_transition(o, t, LIFE_UNBLOCK, NULL);
        }
        break;
    case TASK_QUEUED:
    case TASK_SUCCEEDED:
    case TASK_PARTIAL:
    case TASK_FAILED:
    case TASK_CANCELLED:
    case TASK_EXPIRED:
    case TASK_DEADLETTERED:
    case TASK_STATE_COUNT:
        break;
    }
    orc_due_arm(o, t);
    if (t->record->state == TASK_QUEUED) {
        orc_enqueue(o, t, false);
    }
}

static void complete(orc *o, orc_task *const *tasks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!life_ended(tasks[i]->record->state)) {
            orc_relink(o, tasks[i]);
            orc_budget_begin(o, tasks[i], false);
            if (tasks[i]->record->state == TASK_BLOCKED) {
                orc_approval_begin(o, tasks[i]);
            }
        }
    }
    o->phase = ORC_READY;
    orc_sweep_start(o);
    orc_schedule_start(o);
    for (size_t i = 0; i < count; i++) {
        restart(o, tasks[i]);
    }
    cogo_err err = cogo_name_register(o->system, ORCHESTRATOR_NAME, cogo_self(o->ctx));
    if (err != COGO_OK) {
        orc_recovery_failed(o, cogo_strerror(err));
    }
}

static void go_on(orc *o, orc_ask *ask)
{
    size_t count = 0;
    orc_task **tasks = all_tasks(o, &count);
    if (load_dependencies(o, ask, tasks, count) && load_workflows(o, ask, tasks, count)) {
        complete(o, tasks, count);
    }
    orc_free(tasks);
}

static void fail(orc *o, orc_ask *ask, const char *error)
{
    (void)ask;
    orc_recovery_failed(o, error);
}

void orc_on_recovered(orc *o, cogo_msg *msg)
{
    const store_recovered *page = cogo_msg_payload(msg);
    const task *tasks = page->tasks.items;
    const store_mark *marks = page->marks.items;
    if (page->error != NULL || page->marks.count < page->tasks.count) {
        orc_recovery_failed(o, page->error == NULL ? "a page without marks" : page->error);
        return;
    }
    for (size_t i = 0; i < page->tasks.count; i++) {
        (void)orc_load_task(o, &tasks[i], &marks[i]);
    }
    o->dead_count += page->dead_count;
    const store_definition *definitions = page->definitions.items;
    for (size_t i = 0; i < page->definitions.count; i++) {
        orc_limit_recover(o, &definitions[i]);
        orc_schedule_recover(o, &definitions[i]);
        orc_sticky_recover(o, &definitions[i]);
    }
    if (o->next_lease <= page->lease_max) {
        o->next_lease = page->lease_max + 1;
    }
    if (page->next_page_token != NULL) {
        cogo_err err = ask_page(o, page->next_page_token);
        if (err != COGO_OK) {
            orc_recovery_failed(o, cogo_strerror(err));
        }
        return;
    }
    orc_ask *ask = orc_ask_create(o, COGO_NO_ACTOR, NULL);
    ask->resume = go_on;
    ask->fail = fail;
    go_on(o, ask);
    orc_ask_leave(o, ask);
}
