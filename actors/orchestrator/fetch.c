/* Large values that are not in memory when a worker is to have them: too many came at once with
 * a start, or a worker stored them before one. The task leaves its line until they are there.
 */
#include "actors/orchestrator/artifact.h"
#include "actors/orchestrator/share.h"

#include <string.h>

enum { FETCH_PAUSE_MS = 100 }; /* Until it is asked again. */

/* Those whose values @p t needs and lack them: itself, or its dependencies. */
static size_t list_missing(const orc_task *t, const char **ids, size_t most)
{
    size_t count = 0;
    bool missing;
    (void)orc_context_of(t, &missing);
    if (missing) {
        ids[count++] = t->record->task_id;
    }
    for (size_t i = 0; i < t->edge_count && count < most; i++) {
        (void)orc_output_of(t->edges[i].dependency, &missing);
        if (missing) {
            ids[count++] = t->edges[i].dependency->record->task_id;
        }
    }
    return count;
}

/* True: something came that was missing. */
static bool take(orc *o, const store_found *found)
{
    const task *tasks = found->tasks.items;
    bool progress = false;
    for (size_t i = 0; i < found->tasks.count; i++) {
        orc_task *of = orc_task_find(o, tasks[i].task_id);
        cogo_value context = {0}, output = {0};
        bool no_context = false, no_output = false;
        if (of == NULL) {
            continue;
        }
        (void)orc_context_of(of, &no_context);
        (void)orc_output_of(of, &no_output);
        if (no_context) {
            context = tasks[i].context;
        }
        if (no_output && tasks[i].result != NULL) {
            output = tasks[i].result->output;
        }
        orc_artifact_loaded(of, context, output);
        progress = progress || context.size_bytes > 0 || output.size_bytes > 0;
    }
    return progress;
}

/* What is not on disk yet can't be read back. */
static bool unsaved(const orc_task *t)
{
    bool any = t->unsaved;
    for (size_t i = 0; i < t->edge_count; i++) {
        any = any || t->edges[i].dependency->unsaved;
    }
    return any;
}

static void again(void *room, void *owner)
{
    orc_enqueue(room, owner, true);
}

static void fetched(orc *o, orc_ask *ask, const store_found *found, const char *error)
{
    orc_task *t = orc_task_find(o, ask->own);
    (void)error;
    if (t == NULL || t->record->state != TASK_QUEUED || t->waiting.queued) {
        return; // It was cancelled meanwhile.
    }
    if (found != NULL && take(o, found)) {
        orc_enqueue(o, t, true);
    } else if (found != NULL && !unsaved(t)) {
        (void)orc_transition(o, t, LIFE_EXHAUST,
                             "a large value that it needs is not in the store");
    } else {
        t->backoff.fire = again;
        t->backoff.owner = t;
        orc_deadline_set(&o->deadlines, &t->backoff,
                         cogo_now_ns(o->ctx) + FETCH_PAUSE_MS * NS_PER_MS);
    }
}

bool orc_artifact_fetch(orc *o, orc_task *t)
{
    const char *ids[LOOKUP_IDS_MAX];
    size_t count = list_missing(t, ids, LOOKUP_IDS_MAX);
    if (count == 0) {
        return false;
    }
    orc_dequeue(o, t);
    orc_ask *ask = orc_ask_create(o, COGO_NO_ACTOR, NULL);
    ask->own = cogo_arena_strdup(&ask->memory, t->record->task_id);
    orc_ask_send(o, ask, &(store_lookup){.ids = {.items = ids, .count = count}, .whole = true},
                 fetched);
    orc_ask_leave(o, ask);
    return true;
}
