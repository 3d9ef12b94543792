/* What workers say of themselves, and what people ask of them: lists, drain, removal. */
#include "actors/orchestrator/room.h"

#include <stdlib.h>
#include <string.h>

/* The worker with this id, if it is the sender that speaks. */
static orc_worker *speaker(orc *o, const char *worker_id, cogo_actor_id sender)
{
    orc_worker *w = orc_worker_find(o, worker_id);
    return w != NULL && cogo_actor_id_equal(w->actor, sender) ? w : NULL;
}

void orc_on_status(orc *o, cogo_msg *msg)
{
    const worker_agent_status *status = cogo_msg_payload(msg);
    orc_worker *w = speaker(o, status->agent_id, cogo_msg_sender(msg));
    if (w == NULL || w->away) {
        return; // Removed, never registered, or not yet again.
    }
    orc_worker_seen(o, w);
    for (const orc_run *run = w->running; run != NULL; run = run->next) {
        orc_run_stop_again(o, run);
    }
    void *block = orc_copy(&worker_agent_status_record, status);
    orc_free(w->status_block);
    w->status_block = block;
    w->status = block;
    w->draining = w->draining || status->draining;
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

/* NULL: @p to has been told. */
static orc_worker *find_asked(orc *o, cogo_actor_id to, const char *worker_id)
{
    orc_worker *w = orc_worker_find(o, worker_id);
    if (w == NULL) {
        orc_refuse(o, to, 404, "WORKER_NOT_FOUND", "No such worker: %s.",
                   worker_id == NULL ? "(no id)" : worker_id);
    }
    return w;
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
        orc_worker *w = find_asked(o, to, command->worker_id);
        if (w != NULL) {
            worker_agent_status status = status_of(w);
            answer_page(o, to, &status, 1);
        }
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
