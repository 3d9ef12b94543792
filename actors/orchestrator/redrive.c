/* Dead letters are tried again, many at once: those that are named, or the newest of some
 * roles. Each is answered by itself. */
#include "actors/orchestrator/room.h"
#include "codec/contract/failpoint.h"
#include "codec/contract/text.h"

#include <string.h>

/* True: all of them, and what their retries need, are in memory. */
static bool load_all(orc *o, orc_ask *ask, const cogo_strings *ids)
{
    if (!orc_load_ids(o, ask, *ids)) {
        return false;
    }
    for (size_t i = 0; i < ids->count; i++) {
        const orc_task *t = orc_task_find(o, ids->items[i]);
        if (t != NULL && t->record->state == TASK_DEADLETTERED && !orc_retry_load(o, ask, t)) {
            return false;
        }
    }
    return true;
}

static const problem *refusal(orc *o, int64_t status, const char *code, const char *detail)
{
    problem *why = cogo_arena_alloc(&o->scratch, sizeof *why);
    if (why != NULL) {
        *why = (problem){
            .title = orc_title(code), .status = status, .code = code, .detail = detail};
    }
    return why;
}

/* A task that was retried leaves the state, so one that is named twice is retried once. */
static submit_item redrive_one(orc *o, const char *id, const char *tenant)
{
    const char *detail = NULL;
    orc_task *t = orc_task_find(o, id);
    if (t == NULL || !orc_sees(tenant, t->record->tenant)) {
        detail = text_print(&o->scratch, "No such task: %.80s.", id);
        return (submit_item){.problem = refusal(o, 404, "TASK_NOT_FOUND", detail)};
    }
    if (t->record->state != TASK_DEADLETTERED) {
        detail = text_print(&o->scratch, "The task %s is %s, no dead letter.", id,
                            task_state_names[t->record->state]);
        return (submit_item){.problem = refusal(o, 409, "TASK_NOT_DEADLETTERED", detail)};
    }
    const char *code = orc_retry_refused(o, t, &detail);
    if (code != NULL) {
        return (submit_item){.problem = refusal(o, 409, code, detail)};
    }
    orc_retry_begin(o, t);
    return (submit_item){.task = t->record};
}

static void redrive_all(orc *o, orc_ask *ask)
{
    const cogo_strings *ids = ask->own;
    const redrive *asked = cogo_msg_payload(ask->request);
    if (!load_all(o, ask, ids) || orc_unavailable(o, ask->reply_to)) {
        return;
    }
    submit_item *items = cogo_arena_alloc(&o->scratch, (ids->count + 1) * sizeof *items);
    orc_journal_flush_all(o);
    failpoint("orchestrator.redrive.before");
    for (size_t i = 0; i < ids->count && items != NULL; i++) {
        items[i] = redrive_one(o, ids->items[i], asked->tenant);
    }
    redriven answer = {.tasks = {.items = items, .count = items == NULL ? 0 : ids->count}};
    cogo_msg *msg = cogo_msg_create_record(o->system, MSG_REDRIVEN, &answer);
    orc_journal_flush_all(o);
    failpoint("orchestrator.redrive.after");
    orc_outbox_put(o, ask->reply_to, msg, true);
}

static void remember(orc_ask *ask, const cogo_strings *ids)
{
    cogo_strings *own = cogo_arena_alloc(&ask->memory, sizeof *own);
    const char **items = cogo_arena_alloc(&ask->memory, (ids->count + 1) * sizeof *items);
    ask->own = own;
    if (own == NULL || items == NULL) {
        return;
    }
    for (size_t i = 0; i < ids->count; i++) {
        items[i] = cogo_arena_strdup(&ask->memory, ids->items[i]);
    }
    *own = (cogo_strings){.items = items, .count = ids->count};
}

static void listed(orc *o, orc_ask *ask, const store_found *found, const char *error)
{
    if (found == NULL) {
        orc_lookup_failed(o, ask, error);
        return;
    }
    const task *tasks = found->tasks.items;
    const char **ids = cogo_arena_alloc(&o->scratch, (found->tasks.count + 1) * sizeof *ids);
    for (size_t i = 0; i < found->tasks.count && ids != NULL; i++) {
        ids[i] = tasks[i].task_id;
    }
    remember(ask, &(cogo_strings){.items = ids, .count = ids == NULL ? 0 : found->tasks.count});
    if (ask->own != NULL) {
        redrive_all(o, ask);
    }
}

/* NULL, or the field and what is wrong with it. */
static const char *wrong(const redrive *asked, const char **out_pointer)
{
    size_t ways = 0;
    ways += asked->task_ids.count > 0 ? 1 : 0;
    ways += asked->roles.count > 0 ? 1 : 0;
    ways += asked->all ? 1 : 0;
    *out_pointer = "/taskIds";
    if (ways != 1) {
        return ways == 0 ? "Name taskIds or roles, or say all: true."
                         : "taskIds, roles and all exclude each other.";
    }
    cogo_record_error error;
    *out_pointer = "";
    return cogo_record_check(&redrive_record, asked, &error) == COGO_OK
               ? NULL
               : "The request is beyond a limit.";
}

void orc_on_redrive(orc *o, cogo_msg *msg)
{
    static const char *const dead[] = {"deadlettered"};
    const redrive *asked = cogo_msg_payload(msg);
    const char *pointer;
    const char *detail = wrong(asked, &pointer);
    if (detail != NULL) {
        orc_refuse_field(o, cogo_msg_reply_to(msg), pointer, detail);
        return;
    }
    if (orc_unavailable(o, cogo_msg_reply_to(msg))) {
        return;
    }
    orc_ask *ask = orc_ask_create(o, cogo_msg_reply_to(msg), msg);
    cogo_msg_take(o->ctx, msg);
    ask->resume = redrive_all;
    ask->fail = orc_lookup_failed;
    if (asked->task_ids.count > 0) {
        remember(ask, &asked->task_ids);
        redrive_all(o, ask);
    } else {
        task_list list = {.states = {.items = dead, .count = 1},
                          .roles = asked->roles,
                          .tenant = asked->tenant,
                          .page_size = asked->limit == 0 ? REDRIVE_DEFAULT : asked->limit};
        orc_ask_send(o, ask, &(store_lookup){.list = &list}, listed);
    }
    orc_ask_leave(o, ask);
}
