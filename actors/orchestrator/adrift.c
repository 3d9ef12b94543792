/* Attempts that ran when this orchestrator started, under leases of an earlier term. Their
 * workers may still be at them: until they come back and say so, each is kept as a worker
 * without an actor, away, in a map of its own. Who does not come back in time has its tasks
 * tried again. */
#include "actors/orchestrator/room.h"

static void not_back(void *room, void *owner)
{
    orc_worker_destroy(room, owner);
}

static orc_worker *adrift_worker(orc *o, const char *worker_id)
{
    orc_worker *w = orc_map_get_text(&o->adrift, worker_id);
    if (w != NULL || o->adrift.count >= WORKERS_MAX) {
        return w;
    }
    worker_register as = {.worker_id = worker_id, .worker_type = ""};
    w = orc_alloc(sizeof *w);
    w->registered_block = orc_copy(&worker_register_record, &as);
    w->registered = w->registered_block;
    w->offers = orc_alloc(WORKER_ROLES_MAX * sizeof *w->offers);
    w->adrift = true;
    w->away = true;
    w->deadline.fire = not_back;
    w->deadline.owner = w;
    orc_deadline_set(&o->deadlines, &w->deadline,
                     cogo_now_ns(o->ctx) + (uint64_t)o->config.reattach_ms * NS_PER_MS);
    orc_map_put_text(&o->adrift, w->registered->worker_id, w);
    return w;
}

static orc_offer *adrift_offer(orc_worker *w, orc_role *role)
{
    orc_offer *offer = orc_worker_offer(w, role);
    if (offer == NULL && w->offer_count < WORKER_ROLES_MAX) {
        offer = &w->offers[w->offer_count++];
        *offer = (orc_offer){.role = role};
    }
    return offer;
}

bool orc_adrift_hold(orc *o, orc_task *t)
{
    const task *r = t->record;
    // In a closed world the workers ended with the orchestrator.
    if (o->config.closed_world || r->worker_id == NULL || r->worker_id[0] == '\0'
        || t->lease == 0 || orc_map_get(&o->runs, &t->lease, sizeof t->lease) != NULL) {
        return false;
    }
    orc_worker *w = adrift_worker(o, r->worker_id);
    orc_offer *offer = w == NULL ? NULL : adrift_offer(w, t->line->role);
    if (offer == NULL) {
        return false;
    }
    orc_run_resume(o, w, offer, t);
    return true;
}

orc_worker *orc_adrift_find(orc *o, const char *worker_id)
{
    return worker_id == NULL ? NULL : orc_map_get_text(&o->adrift, worker_id);
}
