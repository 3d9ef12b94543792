/* The end: gives all memory back, in the order in which things lean on each other. Nothing is
 * answered: who waits learns from the runtime that the orchestrator has ended. */
#include "actors/orchestrator/audit.h"
#include "actors/orchestrator/schedule.h"
#include "actors/orchestrator/share.h"
#include "actors/orchestrator/sticky.h"

/* Taking an entry out may move a later one to its place: the cursor steps back over it. */
static void clear_asks(orc *o)
{
    size_t cursor = 0;
    for (orc_ask *ask; (ask = orc_map_next(&o->asks, &cursor)) != NULL; cursor--) {
        orc_ask_destroy(o, ask);
    }
    cursor = 0;
    for (orc_key *key; (key = orc_map_next(&o->keys, &cursor)) != NULL; cursor--) {
        orc_key_destroy(o, key);
    }
}

static void free_waiters(orc_waiter *first)
{
    while (first != NULL) {
        orc_waiter *next = first->next;
        orc_free(first);
        first = next;
    }
}

static void clear_tasks(orc *o)
{
    size_t cursor = 0;
    for (orc_workflow *w; (w = orc_map_next(&o->workflows, &cursor)) != NULL; cursor--) {
        free_waiters(w->waiters);
        orc_workflow_destroy(o, w);
    }
    cursor = 0;
    for (orc_task *t; (t = orc_map_next(&o->tasks, &cursor)) != NULL; cursor--) {
        free_waiters(t->waiters);
        orc_task_destroy(o, t);
    }
}

static void clear_workers(orc *o)
{
    size_t cursor = 0;
    for (orc_run *run; (run = orc_map_next(&o->runs, &cursor)) != NULL; cursor--) {
        run->task = NULL;
        orc_run_end(o, run);
    }
    cursor = 0;
    for (orc_worker *w; (w = orc_map_next(&o->workers, &cursor)) != NULL; cursor--) {
        orc_worker_destroy(o, w);
    }
    cursor = 0;
    for (orc_worker *w; (w = orc_map_next(&o->adrift, &cursor)) != NULL; cursor--) {
        orc_worker_destroy(o, w);
    }
}

static void clear_roles(orc *o)
{
    while (o->hungry != NULL) {
        orc_line_fed(o, o->hungry);
    }
    size_t cursor = 0;
    for (orc_line *line; (line = orc_map_next(&o->lines, &cursor)) != NULL;) {
        orc_free(line->labels_block);
        orc_free(line->key);
        orc_free(line);
    }
    cursor = 0;
    for (orc_role *role; (role = orc_map_next(&o->roles, &cursor)) != NULL;) {
        orc_free(role->workers);
        orc_free(role->name);
        orc_free(role);
    }
}

void orc_clear(orc *o)
{
    orc_outbox_finish(o);
    orc_journal_finish(o);
    orc_keep_finish(o);
    orc_schedule_finish(o);
    orc_sweep_finish(o);
    clear_asks(o);
    clear_workers(o);
    clear_tasks(o);
    orc_share_finish(o);
    clear_roles(o);
    orc_sticky_finish(o);
    orc_audit_finish(o);
    orc_map *const maps[] = {&o->tasks, &o->workers, &o->workers_by_monitor,
                             &o->roles, &o->lines,   &o->workflows,
                             &o->keys,  &o->asks,    &o->runs,
                             &o->adrift};
    for (size_t i = 0; i < sizeof maps / sizeof(orc_map *); i++) {
        orc_map_finish(maps[i]);
    }
    orc_relay_finish(o);
    orc_deadlines_finish(&o->deadlines);
    orc_free(o->followers);
    orc_free(o->known_roles);
    cogo_arena_finish(&o->scratch);
}
