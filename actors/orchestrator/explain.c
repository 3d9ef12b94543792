/* Why a task waits, or where it ran: one sentence, and one per worker or dependency. */
#include "actors/orchestrator/share.h"
#include "actors/orchestrator/sticky.h"

#include <inttypes.h>
#include <string.h>

typedef struct reasons {
    orc *o;
    const char *items[REASONS_MAX];
    size_t count;
} reasons;

static void add(reasons *all, const char *text)
{
    if (text != NULL && all->count < REASONS_MAX) {
        all->items[all->count++] = text;
    }
}

static const char *worker_reason(orc *o, const orc_worker *w, const orc_line *line)
{
    cogo_arena *arena = &o->scratch;
    const char *id = w->registered->worker_id;
    const char *label = NULL;
    const orc_offer *offer = orc_worker_offer(w, line->role);
    switch (orc_worker_refuses(w, line, &label)) {
    case REFUSAL_NONE:
        return cogo_arena_printf(arena, "worker %s could take it now", id);
    case REFUSAL_LOST:
        return cogo_arena_printf(arena, "worker %s is offline", id);
    case REFUSAL_LINK:
        return cogo_arena_printf(arena, "the link to worker %s is full", id);
    case REFUSAL_DRAINING:
        return cogo_arena_printf(arena, "worker %s is draining", id);
    case REFUSAL_ROLE:
        return NULL;
    case REFUSAL_LABEL:
        return cogo_arena_printf(arena, "worker %s does not have the label %s", id, label);
    case REFUSAL_SLOTS:
        return offer != NULL && offer->slots > 0 && offer->used + line->slot_cost > offer->slots
                   ? cogo_arena_printf(arena,
                                       "worker %s has no free slot for %s (%" PRId64
                                       " of %" PRId64 " used)",
                                       id, line->role->name, offer->used, offer->slots)
                   : cogo_arena_printf(
                       arena, "worker %s has no free slot (%" PRId64 " of %" PRId64 " used)",
                       id, w->used, w->registered->slots);
    }
    return NULL;
}

static const char *explain_queued(reasons *all, orc_task *t, int64_t *out_position)
{
    orc *o = all->o;
    const orc_role *role = t->line->role;
    if (!t->waiting.queued) {
        return "It waits for a large value, which is being read from the store.";
    }
    *out_position =
        (int64_t)orc_queue_position(&t->line->queue, &t->waiting, cogo_now_ns(o->ctx));
    const orc_group *group = t->waiting.group;
    for (size_t i = 0; group != NULL && i < group->gate_count; i++) {
        add(all, orc_gate_closed(o, group->gates[i]));
    }
    if (group != NULL && group->parked != NULL) {
        return "It waits for a limit.";
    }
    add(all, orc_sticky_reason(o, t));
    for (size_t i = 0; i < role->worker_count; i++) {
        add(all, worker_reason(o, role->workers[i], t->line));
    }
    if (role->worker_count == 0) {
        return cogo_arena_printf(&o->scratch, "It waits: no worker offers the role %s.",
                                 role->name);
    }
    return cogo_arena_printf(&o->scratch,
                             "It waits for a worker, at position %" PRId64 " of its line.",
                             *out_position);
}

static const char *explain_blocked(reasons *all, const orc_task *t)
{
    orc *o = all->o;
    for (size_t i = 0; i < t->edge_count; i++) {
        const task *on = t->edges[i].dependency->record;
        if (!life_ended(on->state)) {
            add(all, cogo_arena_printf(&o->scratch, "dependency %s (%s) is %s", on->task_id,
                                       on->role, task_state_names[on->state]));
        }
    }
    if (orc_approval_waits(t->record)) {
        add(all, t->record->approval->prompt);
        return "It waits for an approval.";
    }
    return cogo_arena_printf(&o->scratch, "It waits for %zu of its %zu dependencies.",
                             t->unfinished_count, t->edge_count);
}

static const char *explain_running(orc *o, const orc_task *t)
{
    const task *r = t->record;
    double held_s =
        t->run == NULL ? 0 : (double)(cogo_now_ns(o->ctx) - t->run->offered_ns) / NS_PER_S;
    return cogo_arena_printf(&o->scratch,
                             "Worker %s has it for %.1f s (attempt %" PRId64 " of %" PRId64
                             ", lease %" PRId64 ").",
                             r->worker_id, held_s, r->attempt, r->max_attempts, t->lease);
}

static const char *explain_retrying(reasons *all, const orc_task *t)
{
    orc *o = all->o;
    const task *r = t->record;
    uint64_t now_ns = cogo_now_ns(o->ctx);
    double left_s = t->backoff.place != 0 && t->backoff.at_ns > now_ns
                        ? (double)(t->backoff.at_ns - now_ns) / NS_PER_S
                        : 0;
    add(all, r->error);
    return cogo_arena_printf(&o->scratch,
                             "Attempt %" PRId64 " of %" PRId64
                             " failed; the next one follows in %.1f s.",
                             r->attempt, r->max_attempts, left_s);
}

static const char *explain_ended(reasons *all, const task *r)
{
    add(all, r->error);
    return cogo_arena_printf(&all->o->scratch, "It is %s after %" PRId64 " attempt%s%s%s.",
                             task_state_names[r->state], r->attempt, r->attempt == 1 ? "" : "s",
                             r->worker_id == NULL ? "" : ", the latest on worker ",
                             r->worker_id == NULL ? "" : r->worker_id);
}

static void send_explanation(reasons *all, cogo_actor_id to, const task *r, const char *summary,
                             int64_t position)
{
    explanation answer = {.task_id = r->task_id,
                          .state = task_state_names[r->state],
                          .summary = summary,
                          .reasons = {.items = all->items, .count = all->count},
                          .queue_position = position};
    orc_answer(all->o, to, MSG_EXPLANATION, &answer);
}

static void found(orc *o, orc_ask *ask, const store_found *stored, const char *error)
{
    const task_command *command = cogo_msg_payload(ask->request);
    reasons all = {.o = o};
    if (stored == NULL) {
        orc_lookup_failed(o, ask, error);
    } else if (stored->tasks.count == 0) {
        orc_task_unknown(o, ask->reply_to, command->task_id);
    } else {
        const task *r = stored->tasks.items;
        send_explanation(&all, ask->reply_to, r, explain_ended(&all, r), 0);
    }
}

static const char *explain(reasons *all, orc_task *t, int64_t *out_position)
{
    switch ((task_state)t->record->state) {
    case TASK_QUEUED:
        return explain_queued(all, t, out_position);
    case TASK_BLOCKED:
        return explain_blocked(all, t);
    case TASK_SCHEDULED:
    case TASK_RUNNING:
        add(all, orc_sticky_reason(all->o, t));
        return explain_running(all->o, t);
    case TASK_RETRYING:
        return explain_retrying(all, t);
    case TASK_SUCCEEDED:
    case TASK_PARTIAL:
    case TASK_FAILED:
    case TASK_CANCELLED:
    case TASK_EXPIRED:
    case TASK_DEADLETTERED:
    case TASK_STATE_COUNT:
        break;
    }
    return explain_ended(all, t->record);
}

void orc_on_explain(orc *o, cogo_msg *msg)
{
    const task_command *command = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    if (!id_check(command->task_id, "tsk_") && !id_check(command->task_id, "ins_")) {
        orc_task_unknown(o, to, command->task_id);
        return;
    }
    orc_task *t = orc_task_find(o, command->task_id);
    if (t == NULL) {
        const char *const ids[] = {command->task_id};
        orc_ask *ask = orc_ask_create(o, to, msg);
        cogo_msg_take(o->ctx, msg);
        orc_ask_send(o, ask, &(store_lookup){.ids = {.items = ids, .count = 1}}, found);
        orc_ask_leave(o, ask);
        return;
    }
    reasons all = {.o = o};
    int64_t position = 0;
    const char *summary = explain(&all, t, &position);
    send_explanation(&all, to, t->record, summary, position);
}
