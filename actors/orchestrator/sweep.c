/* What is kept no longer: the store is asked for finished tasks that are old enough, a stretch
 * at a time, and those that nothing in memory needs are removed with the next write; audit
 * entries that are old enough go with it. So only the one that leads removes anything, and
 * never what a dependant, a client or a retry has loaded. */
#include "actors/orchestrator/room.h"
#include "codec/contract/failpoint.h"

#include <string.h>

static void ask_store(void *room, void *owner);

static void again_in(orc *o, int64_t delay_ms)
{
    o->sweep.deadline.fire = ask_store;
    orc_deadline_set(&o->deadlines, &o->sweep.deadline,
                     cogo_now_ns(o->ctx) + (uint64_t)delay_ms * NS_PER_MS);
}

static bool keeps_all(const orchestrator_config *config)
{
    return config->keep_tasks_ms + config->keep_dead_ms + config->keep_tasks
               + config->keep_events_ms + config->keep_audit_ms
           == 0;
}

/* Ids that nothing in memory needs, those that are to be removed into the map. */
static size_t take(orc *o, const cogo_strings *from, const char **into, size_t count, bool gone)
{
    for (size_t i = 0; i < from->count; i++) {
        if (orc_task_find(o, from->items[i]) != NULL) {
            continue;
        }
        into[count++] = from->items[i];
        o->dead_count -= gone ? 1 : 0;
    }
    return count;
}

static void answered(orc *o, orc_ask *ask, const store_found *found, const char *error)
{
    (void)ask;
    (void)error;
    const store_swept *swept = found == NULL ? NULL : found->swept;
    if (swept == NULL || o->phase != ORC_READY) {
        again_in(o, o->config.sweep_ms);
        return;
    }
    size_t most = swept->remove.count + swept->dead.count + swept->trim.count + 1;
    const char **remove = cogo_arena_alloc(&o->scratch, most * sizeof *remove);
    const char **trim = cogo_arena_alloc(&o->scratch, most * sizeof *trim);
    if (remove == NULL || trim == NULL) {
        again_in(o, o->config.sweep_ms);
        return;
    }
    store_swept going = {.remove = {.items = remove}, .trim = {.items = trim}};
    going.remove.count = take(o, &swept->remove, remove, 0, false);
    going.remove.count = take(o, &swept->dead, remove, going.remove.count, true);
    going.trim.count = take(o, &swept->trim, trim, 0, false);
    o->sweep.after = swept->next;
    o->sweep.audits = swept->audits;
    o->audits_before = swept->audits ? o->sweep.audits_before : 0;
    if (going.remove.count + going.trim.count == 0 && !swept->audits) {
        again_in(o, swept->next == 0 ? o->config.sweep_ms : SWEEP_PAUSE_MS);
        return;
    }
    o->sweep.going = orc_copy(&store_swept_record, &going);
    for (size_t i = 0; i < o->sweep.going->remove.count; i++) {
        const char *id = o->sweep.going->remove.items[i];
        orc_map_put_text(&o->sweep.ids, id, o->sweep.going);
    }
    failpoint("orchestrator.sweep.before");
    o->sweep.waits = true;
    o->next_number++;
}

static void ask_store(void *room, void *owner)
{
    (void)owner;
    orc *o = room;
    const orchestrator_config *keep = &o->config;
    if (o->phase != ORC_READY || o->sweep.going != NULL) {
        again_in(o, keep->sweep_ms);
        return;
    }
    int64_t now = cogo_system_wall_ms(o->system);
    o->sweep.audits_before = keep->keep_audit_ms > 0 ? now - keep->keep_audit_ms : 0;
    store_sweep sweep = {
        .after = o->sweep.after,
        .finished_before = keep->keep_tasks_ms > 0 ? now - keep->keep_tasks_ms : 0,
        .dead_before = keep->keep_dead_ms > 0 ? now - keep->keep_dead_ms : 0,
        .events_before = keep->keep_events_ms > 0 ? now - keep->keep_events_ms : 0,
        .audits_before = o->sweep.audits_before,
        .keep = keep->keep_tasks};
    orc_ask *ask = orc_ask_create(o, COGO_NO_ACTOR, NULL);
    orc_ask_send(o, ask, &(store_lookup){.sweep = &sweep}, answered);
    orc_ask_leave(o, ask);
}

void orc_sweep_start(orc *o)
{
    memcpy(o->sweep.ids.seed, o->tasks.seed, sizeof o->sweep.ids.seed);
    if (!keeps_all(&o->config)) {
        again_in(o, o->config.sweep_ms);
    }
}

void orc_sweep_saved(orc *o)
{
    failpoint("orchestrator.sweep.after");
    o->sweep.tasks += o->sweep.going->remove.count;
    o->sweep.events += o->sweep.going->trim.count;
    orc_sweep_finish(o);
    bool more = o->sweep.after != 0 || o->sweep.audits;
    again_in(o, more ? SWEEP_PAUSE_MS : o->config.sweep_ms);
}

bool orc_sweep_takes(const orc *o, const char *task_id)
{
    return o->sweep.going != NULL && orc_map_get_text(&o->sweep.ids, task_id) != NULL;
}

void orc_sweep_finish(orc *o)
{
    orc_map_finish(&o->sweep.ids); // The seed stays.
    orc_free(o->sweep.going);
    o->sweep.going = NULL;
}
