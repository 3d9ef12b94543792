/* A worker registers: for the first time, again, or in the place of another one. */
#include "actors/orchestrator/room.h"

#include <stdlib.h>
#include <string.h>

static const char *wrong_with(const worker_register *as)
{
    if (as->worker_id == NULL || as->worker_id[0] == '\0') {
        return "workerId is missing";
    }
    if (as->worker_type == NULL || as->worker_type[0] == '\0') {
        return "workerType is missing";
    }
    if (as->slots < 0) {
        return "slots must not be negative";
    }
    if (as->capabilities.count == 0 || as->capabilities.count > WORKER_ROLES_MAX) {
        return "capabilities must name 1 to 256 roles";
    }
    const role_capability *capabilities = as->capabilities.items;
    for (size_t i = 0; i < as->capabilities.count; i++) {
        if (capabilities[i].role == NULL || capabilities[i].role[0] == '\0') {
            return "a capability has no role";
        }
    }
    return NULL;
}

static void join_role(orc_role *role, orc_worker *w)
{
    if (role->worker_count == role->worker_capacity) {
        role->worker_capacity = role->worker_capacity == 0 ? 4 : role->worker_capacity * 2;
        role->workers =
            orc_realloc(role->workers, role->worker_capacity * sizeof *role->workers);
    }
    role->workers[role->worker_count++] = w;
}

static void add_offers(orc *o, orc_worker *w)
{
    const worker_register *as = w->registered;
    const role_capability *capabilities = as->capabilities.items;
    w->offers = orc_alloc((as->capabilities.count + 1) * sizeof *w->offers);
    for (size_t i = 0; i < as->capabilities.count; i++) {
        const role_capability *capability = &capabilities[i];
        orc_role *role = orc_role_of(o, capability->role);
        if (orc_worker_offer(w, role) != NULL) {
            continue;
        }
        // More slots than the whole worker: the role does not wait for the worker's slots.
        w->offers[w->offer_count++] =
            (orc_offer){.role = role,
                        .slots = capability->slots,
                        .default_timeout = capability->default_timeout,
                        .own_slots = capability->slots > as->slots};
        join_role(role, w);
    }
}

/* After a broken connection a worker comes back with leases that have been given to others
 * meanwhile: it is told to stop that work. */
static void stop_stale(orc *o, const worker_register *as, cogo_actor_id actor)
{
    for (size_t i = 0; i < as->running.count; i++) {
        const char *colon = strrchr(as->running.items[i], ':');
        if (colon == NULL) {
            continue;
        }
        char *end = NULL;
        int64_t lease = strtoll(colon + 1, &end, 10);
        if (*end != '\0' || orc_map_get(&o->runs, &lease, sizeof lease) != NULL) {
            continue;
        }
        instruction_cancel stop = {
            .task_id = cogo_arena_printf(
                &o->scratch, "%.*s", (int)(colon - as->running.items[i]), as->running.items[i]),
            .lease = lease,
            .reason = "fenced"};
        orc_answer(o, actor, MSG_INSTRUCTION_CANCEL, &stop);
    }
}

/* The run of the @p i-th lease that is named, if @p old has it and was not lost. */
static orc_run *named_run(orc *o, const worker_register *as, size_t i, const orc_worker *old)
{
    const char *colon = strrchr(as->running.items[i], ':');
    int64_t lease = colon == NULL ? 0 : strtoll(colon + 1, NULL, 10);
    orc_run *run = orc_map_get(&o->runs, &lease, sizeof lease);
    return run != NULL && run->worker == old && !old->lost ? run : NULL;
}

/* Whoever knows a lease of @p old is the same worker, at another door perhaps. */
static bool is_known(orc *o, const worker_register *as, const orc_worker *old)
{
    for (size_t i = 0; i < as->running.count; i++) {
        if (named_run(o, as, i, old) != NULL) {
            return true;
        }
    }
    return false;
}

/* A worker that registers again, without having been lost, goes on with what it names. */
static void keep_running(orc *o, const worker_register *as, const orc_worker *old,
                         orc_worker *w)
{
    for (size_t i = 0; i < as->running.count; i++) {
        orc_run *run = named_run(o, as, i, old);
        if (run != NULL) {
            orc_run_move(o, run, w);
            o->leases_taken_over += old->adrift;
        }
    }
}

/* @p w comes in the place of @p old. */
static void replace(orc *o, const worker_register *as, orc_worker *old, orc_worker *w,
                    bool known)
{
    bool same = cogo_actor_id_equal(old->actor, w->actor);
    keep_running(o, as, old, w);
    if (!same && !old->adrift && known) {
        orc_answer(
            o, old->actor, MSG_WORKER_REMOVE,
            &(worker_command){.worker_id = as->worker_id, .reason = "it came back elsewhere"});
    } else if (!same && !old->adrift) {
        orc_worker_lost(o, old, NULL); // It was away, and another one has come in its place.
    }
    orc_worker_destroy(o, old);
}

static void welcome(orc *o, cogo_actor_id to, const orc_worker *w)
{
    worker_welcome answer = {.worker_id = w->registered->worker_id,
                             .epoch = w->epoch,
                             .heartbeat_ms = o->config.heartbeat_ms,
                             .lease_ms = o->config.lease_ms};
    orc_answer(o, to, MSG_WORKER_WELCOME, &answer);
}

void orc_on_register(orc *o, cogo_msg *msg)
{
    const worker_register *as = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    cogo_actor_id actor = cogo_msg_sender(msg);
    const char *wrong = wrong_with(as);
    if (wrong != NULL) {
        orc_refuse(o, to, 422, "VALIDATION", "The worker can't be registered: %s.", wrong);
        return;
    }
    orc_worker *old = orc_worker_find(o, as->worker_id);
    old = old != NULL ? old : orc_adrift_find(o, as->worker_id);
    bool known =
        old != NULL && (cogo_actor_id_equal(old->actor, actor) || is_known(o, as, old));
    if (old != NULL && !old->lost && !old->away && !known) {
        orc_refuse(o, to, 409, "WORKER_ID_TAKEN", "Another live worker has the id %s.",
                   as->worker_id);
        return;
    }
    if (o->workers.count >= WORKERS_MAX) {
        orc_refuse(o, to, 503, "TOO_MANY_WORKERS", "%d workers are registered.", WORKERS_MAX);
        return;
    }
    orc_worker *w = orc_alloc(sizeof *w);
    w->registered_block = orc_copy(&worker_register_record, as);
    w->registered = w->registered_block;
    w->actor = actor;
    w->epoch = ++o->next_epoch;
    if (cogo_monitor(o->ctx, actor, &w->monitor) == COGO_OK) {
        orc_map_put(&o->workers_by_monitor, &w->monitor, sizeof w->monitor, w);
    }
    add_offers(o, w);
    if (old != NULL) {
        replace(o, as, old, w, known);
    }
    orc_map_put_text(&o->workers, w->registered->worker_id, w);
    stop_stale(o, as, actor);
    orc_worker_seen(o, w);
    welcome(o, to, w);
    orc_worker_hungry(o, w);
}
