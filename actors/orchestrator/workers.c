/* Workers: who they are, whether they live, what they may be given. */
#include "actors/orchestrator/sticky.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static uint64_t lease_ns(const orc *o)
{
    return (uint64_t)o->config.lease_ms * NS_PER_MS;
}

static orc_worker *find(orc *o, const char *worker_id)
{
    return worker_id == NULL ? NULL : orc_map_get_text(&o->workers, worker_id);
}

/* The worker with this id, if it is the sender that speaks. */
static orc_worker *speaker(orc *o, const char *worker_id, cogo_actor_id sender)
{
    orc_worker *w = find(o, worker_id);
    return w != NULL && cogo_actor_id_equal(w->actor, sender) ? w : NULL;
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

static void join_role(orc_role *role, orc_worker *w)
{
    if (role->worker_count == role->worker_capacity) {
        role->worker_capacity = role->worker_capacity == 0 ? 4 : role->worker_capacity * 2;
        role->workers =
            orc_realloc(role->workers, role->worker_capacity * sizeof *role->workers);
    }
    role->workers[role->worker_count++] = w;
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

static void seen(orc *o, orc_worker *w)
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
    orc_worker *old = find(o, as->worker_id);
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
    seen(o, w);
    welcome(o, to, w);
    orc_worker_hungry(o, w);
}

void orc_on_status(orc *o, cogo_msg *msg)
{
    const worker_agent_status *status = cogo_msg_payload(msg);
    orc_worker *w = speaker(o, status->agent_id, cogo_msg_sender(msg));
    if (w == NULL || w->away) {
        return; // Removed, never registered, or not yet again.
    }
    seen(o, w);
    for (const orc_run *run = w->running; run != NULL; run = run->next) {
        orc_run_stop_again(o, run);
    }
    void *block = orc_copy(&worker_agent_status_record, status);
    orc_free(w->status_block);
    w->status_block = block;
    w->status = block;
    w->draining = w->draining || status->draining;
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

worker_state orc_worker_state(const orc_worker *w)
{
    if (w->lost || w->away) {
        return WORKER_OFFLINE;
    }
    if (w->status != NULL && w->status->status == WORKER_ERROR) {
        return WORKER_ERROR;
    }
    if (w->running_count == 0) {
        return WORKER_IDLE;
    }
    return w->used >= w->registered->slots && w->used > 0 ? WORKER_BUSY : WORKER_WORKING;
}

static worker_agent_status status_of(const orc_worker *w)
{
    const worker_register *as = w->registered;
    const orc_run *run = w->running;
    worker_agent_status status = {.agent_id = as->worker_id,
                                  .worker_type = as->worker_type,
                                  .status = (int32_t)orc_worker_state(w),
                                  .capabilities = as->capabilities,
                                  .last_heartbeat = w->seen_wall,
                                  .slots = as->slots,
                                  .slots_used = w->used,
                                  .labels = as->labels,
                                  .draining = w->draining};
    if (run != NULL && run->task != NULL) {
        status.current_role = run->offer->role->name;
        status.current_task = run->task_id;
    }
    if (w->status != NULL) {
        status.performance = w->status->performance;
    }
    return status;
}

static void answer_page(orc *o, cogo_actor_id to, const worker_agent_status *items,
                        size_t count)
{
    worker_page page = {.workers = {.items = items, .count = count}};
    orc_answer(o, to, MSG_WORKER_PAGE, &page);
}

void orc_on_deregister(orc *o, cogo_msg *msg)
{
    const worker_command *command = cogo_msg_payload(msg);
    orc_worker *w = speaker(o, command->worker_id, cogo_msg_sender(msg));
    if (w == NULL) {
        return;
    }
    if (!cogo_actor_id_equal(cogo_msg_reply_to(msg), cogo_msg_sender(msg))) { // It asks.
        worker_agent_status status = status_of(w);
        status.status = WORKER_OFFLINE;
        answer_page(o, cogo_msg_reply_to(msg), &status, 1);
    }
    orc_worker_destroy(o, w);
}

static int by_id(const void *a, const void *b)
{
    const worker_agent_status *left = a;
    const worker_agent_status *right = b;
    return strcmp(left->agent_id, right->agent_id);
}

void orc_on_worker_list(orc *o, cogo_msg *msg)
{
    const worker_command *command = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    if (command->worker_id != NULL) {
        orc_worker *w = find(o, command->worker_id);
        if (w == NULL) {
            orc_refuse(o, to, 404, "WORKER_NOT_FOUND", "No such worker: %s.",
                       command->worker_id);
            return;
        }
        worker_agent_status status = status_of(w);
        answer_page(o, to, &status, 1);
        return;
    }
    worker_agent_status *all = orc_alloc((o->workers.count + 1) * sizeof *all);
    size_t cursor = 0;
    size_t count = 0;
    for (orc_worker *w; (w = orc_map_next(&o->workers, &cursor)) != NULL;) {
        all[count++] = status_of(w);
    }
    qsort(all, count, sizeof *all, by_id);
    answer_page(o, to, all, count);
    orc_free(all);
}

/* NULL: @p to has been told. */
static orc_worker *find_asked(orc *o, cogo_actor_id to, const char *worker_id)
{
    orc_worker *w = find(o, worker_id);
    if (w == NULL) {
        orc_refuse(o, to, 404, "WORKER_NOT_FOUND", "No such worker: %s.",
                   worker_id == NULL ? "(no id)" : worker_id);
    }
    return w;
}

/* No more offers; what runs is finished. */
void orc_on_worker_drain(orc *o, cogo_msg *msg)
{
    const worker_command *command = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    orc_worker *w = find_asked(o, to, command->worker_id);
    if (w == NULL) {
        return;
    }
    w->draining = true;
    orc_answer(o, w->actor, MSG_WORKER_DRAIN, command);
    worker_agent_status status = status_of(w);
    answer_page(o, to, &status, 1);
}

void orc_on_worker_remove(orc *o, cogo_msg *msg)
{
    const worker_command *command = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    orc_worker *w = find_asked(o, to, command->worker_id);
    if (w == NULL) {
        return;
    }
    for (const orc_run *run = w->running; run != NULL; run = run->next) {
        instruction_cancel stop = {
            .task_id = run->task_id, .lease = run->lease, .reason = "worker removed"};
        orc_answer(o, w->actor, MSG_INSTRUCTION_CANCEL, &stop);
    }
    orc_answer(o, w->actor, MSG_WORKER_REMOVE, command);
    worker_agent_status status = status_of(w);
    status.status = WORKER_OFFLINE;
    answer_page(o, to, &status, 1);
    orc_worker_destroy(o, w);
}
