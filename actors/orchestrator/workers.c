/* Workers: whether they live, what they may be given, and what becomes of their tasks when they
 * end.
 */
#include "actors/orchestrator/sticky.h"

static uint64_t lease_ns(const orc *o)
{
    return (uint64_t)o->config.lease_ms * NS_PER_MS;
}

orc_worker *orc_worker_find(orc *o, const char *worker_id)
{
    return worker_id == NULL ? NULL : orc_map_get_text(&o->workers, worker_id);
}

/* What an attempt that ends without a result costs its task. */
typedef enum cost {
    COST_NOTHING,
    COST_ATTEMPT,
    COST_RESTART, /* The attempt counts, but never ends the task. */
} cost;

static void take_tasks_back(orc *o, orc_worker *w, cost costs, const char *why)
{
    while (w->running != NULL) {
        orc_run *run = w->running;
        orc_task *t = run->task;
        orc_run_end(o, run);
        if (t == NULL) {
            continue;
        }
        if (costs == COST_ATTEMPT) {
            o->leases_expired++;
            orc_attempt_failed(o, t, false, true, why);
        } else {
            t->record->attempt -= costs == COST_NOTHING;
            if (orc_transition(o, t, LIFE_RETURN, why)) {
                orc_enqueue(o, t, true);
            }
        }
    }
}

static void forget(void *room, void *owner)
{
    orc_worker_destroy(room, owner);
}

void orc_worker_lost(orc *o, orc_worker *w, const char *why)
{
    if (w->lost) {
        return;
    }
    const char *id = w->registered->worker_id;
    w->lost = true;
    orc_sticky_worker_gone(o, w);
    w->deadline.fire = forget;
    orc_deadline_set(&o->deadlines, &w->deadline,
                     cogo_now_ns(o->ctx) + (uint64_t)WORKER_FORGET_MS * NS_PER_MS);
    take_tasks_back(o, w, COST_ATTEMPT,
                    why == NULL || why[0] == '\0'
                        ? cogo_arena_printf(&o->scratch, "worker %s was lost", id)
                        : cogo_arena_printf(&o->scratch, "worker %s was lost: %s", id, why));
}

static void away_over(void *room, void *owner)
{
    orc_worker_lost(room, owner, NULL);
}

/* Its node may be alive: a link is lost by a broken wire, too. Its work goes on meanwhile. */
static void go_away(orc *o, orc_worker *w)
{
    w->away = true;
    w->deadline.fire = away_over;
    w->deadline.owner = w;
    orc_deadline_set(&o->deadlines, &w->deadline,
                     cogo_now_ns(o->ctx) + (uint64_t)o->config.away_ms * NS_PER_MS);
}

bool orc_worker_down(orc *o, const cogo_down *down)
{
    orc_worker *w = orc_map_take(&o->workers_by_monitor, &down->monitor, sizeof down->monitor);
    if (w == NULL) {
        return false;
    }
    w->monitor = 0;
    if (down->reason.kind == COGO_EXIT_NOCONNECTION && !w->lost) {
        go_away(o, w);
    } else {
        orc_worker_lost(o, w, down->reason.text);
    }
    return true;
}

static void pause_over(void *room, void *owner)
{
    orc_worker *w = owner;
    w->paused = false;
    orc_worker_hungry(room, w);
}

void orc_worker_pause(orc *o, orc_worker *w)
{
    w->paused = true;
    w->pause.fire = pause_over;
    w->pause.owner = w;
    orc_deadline_set(&o->deadlines, &w->pause,
                     cogo_now_ns(o->ctx) + (uint64_t)WORKER_PAUSE_MS * NS_PER_MS);
}

static void silence(void *room, void *owner)
{
    orc *o = room;
    orc_worker *w = owner;
    uint64_t end_ns = w->seen_ns + lease_ns(o);
    if (cogo_now_ns(o->ctx) < end_ns) {
        orc_deadline_set(&o->deadlines, &w->deadline, end_ns);
        return;
    }
    orc_worker_lost(o, w, NULL);
}

void orc_worker_seen(orc *o, orc_worker *w)
{
    w->seen_ns = cogo_now_ns(o->ctx);
    w->seen_wall = cogo_system_wall_ms(o->system);
    if (w->lost) {
        w->lost = false; // It was only silent. Its old leases stay fenced.
        orc_worker_hungry(o, w);
    }
    w->deadline.fire = silence;
    w->deadline.owner = w;
    if (w->deadline.place == 0 || w->deadline.at_ns > w->seen_ns + lease_ns(o)) {
        orc_deadline_set(&o->deadlines, &w->deadline, w->seen_ns + lease_ns(o));
    }
}

static void leave_role(orc_role *role, const orc_worker *w)
{
    for (size_t i = 0; i < role->worker_count; i++) {
        if (role->workers[i] == w) {
            role->workers[i] = role->workers[--role->worker_count];
            return;
        }
    }
}

void orc_worker_destroy(orc *o, orc_worker *w)
{
    if (w->adrift) {
        take_tasks_back(
            o, w, COST_RESTART,
            "the orchestrator was restarted, and its worker did not come back with it");
    } else {
        take_tasks_back(o, w, COST_NOTHING, "its worker left");
    }
    for (orc_worker **at = &o->hungry_workers; *at != NULL; at = &(*at)->next_hungry) {
        if (*at == w) {
            *at = w->next_hungry;
            break;
        }
    }
    orc_sticky_worker_gone(o, w);
    for (size_t i = 0; i < w->offer_count; i++) {
        leave_role(w->offers[i].role, w);
    }
    if (w->monitor != 0) {
        (void)orc_map_take(&o->workers_by_monitor, &w->monitor, sizeof w->monitor);
        cogo_demonitor(o->ctx, w->monitor);
    }
    orc_deadline_clear(&o->deadlines, &w->deadline);
    orc_deadline_clear(&o->deadlines, &w->pause);
    (void)orc_map_take_text(w->adrift ? &o->adrift : &o->workers, w->registered->worker_id);
    orc_free(w->offers);
    orc_free(w->registered_block);
    orc_free(w->status_block);
    orc_free(w);
}
