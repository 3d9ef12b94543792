#include "actors/orchestrator/audit.h"

#include "actors/orchestrator/log.h"
#include "actors/orchestrator/spans.h"

#include <cogo/system.h>

#include <string.h>

static void free_audit(orc_audit *a)
{
    orc_free(a->entry);
    orc_free(a->subject);
    orc_free(a->outcome);
    orc_free(a->detail);
    orc_free(a);
}

static void log_entry(const orc *o, const audit_entry *e)
{
    bool often = strcmp(e->action, "task.submit") == 0;
    char subject[LOG_WORD_SIZE];
    cogo_log(o->system, often ? COGO_LOG_DEBUG : COGO_LOG_INFO,
             "audit action=%s subject=%s outcome=%s token=%s tenant=%s door=%s request=%s",
             e->action, orc_log_word(e->subject, subject), e->outcome,
             e->token_id == NULL ? "-" : e->token_id, e->tenant == NULL ? "*" : e->tenant,
             e->door, e->request_id == NULL ? "-" : e->request_id);
}

/* It leaves with the next write. */
static void append(orc *o, orc_audit *a, const char *subject, const char *outcome,
                   const char *detail)
{
    a->subject = orc_strdup(subject != NULL ? subject : a->entry->subject);
    a->outcome = orc_strdup(outcome);
    a->detail = orc_strdup(detail);
    a->entry->subject = a->subject;
    a->entry->outcome = a->outcome;
    a->entry->detail = a->detail;
    log_entry(o, a->entry);
    a->next = NULL;
    *(o->last_audit != NULL ? &o->last_audit->next : &o->first_audit) = a;
    o->last_audit = a;
    o->audits++;
    o->next_number++;
}

static orc_audit *take(orc_map *from, cogo_actor_id key)
{
    return from->count == 0 ? NULL : orc_map_take(from, &key, sizeof key);
}

/* Rather an entry that says little than none. */
static void bounded_put(orc *o, orc_map *into, orc_audit *a, cogo_actor_id key)
{
    if (into->count >= AUDITS_OPEN_MAX) {
        append(o, a, NULL, "asked", NULL);
        return;
    }
    a->key = key;
    orc_map_put(into, &a->key, sizeof a->key, a);
}

void orc_on_audit(orc *o, cogo_msg *msg)
{
    const audit_entry *said = cogo_msg_payload(msg);
    if (said->action == NULL || said->door == NULL) {
        return;
    }
    orc_audit *before = take(&o->audit_next, cogo_msg_sender(msg));
    if (before != NULL) { // Its ask could not be sent: nothing was done.
        free_audit(before);
    }
    orc_audit *a = orc_alloc(sizeof *a);
    a->entry = orc_copy(&audit_entry_record, said);
    bounded_put(o, &o->audit_next, a, cogo_msg_sender(msg));
}

void orc_audit_asked(orc *o, cogo_msg *msg)
{
    orc_audit *a = take(&o->audit_next, cogo_msg_sender(msg));
    if (a != NULL) {
        bounded_put(o, &o->audit_open, a, cogo_msg_reply_to(msg));
    }
}

void orc_audit_pass(orc *o, cogo_msg *msg, cogo_actor_id leader)
{
    orc_audit *a = take(&o->audit_next, cogo_msg_sender(msg));
    if (a != NULL && cogo_actor_id_is_set(leader)) {
        (void)cogo_send(o->ctx, leader, cogo_msg_create_record(o->system, MSG_AUDIT, a->entry));
    }
    if (a != NULL) { // Else it would be taken for that of the sender's next request.
        free_audit(a);
    }
}

/* What an answer is about. */
static const char *subject_of(orc *o, cogo_msg_type type, const void *record,
                              const char **out_detail)
{
    const task_submitted *submitted = record;
    const submit_item *items;
    const redriven *again;
    switch (type) {
    case MSG_TASK:
        return ((const task *)record)->task_id;
    case MSG_SCHEDULE:
        return ((const schedule *)record)->schedule_id;
    case MSG_LIMIT:
        return ((const task_limit *)record)->name;
    case MSG_REDRIVEN:
        again = record;
        items = again->tasks.items;
        *out_detail = cogo_arena_printf(&o->scratch, "%zu dead letters", again->tasks.count);
        return again->tasks.count > 0 && items[0].task != NULL ? items[0].task->task_id : NULL;
    case MSG_TASK_SUBMITTED:
        items = submitted->items.items;
        if (submitted->items.count > 1) {
            const task *last = items[submitted->items.count - 1].task;
            *out_detail =
                cogo_arena_printf(&o->scratch, "%zu tasks, the last %s", submitted->items.count,
                                  last == NULL ? "was refused" : last->task_id);
        }
        return submitted->workflow_id != NULL                        ? submitted->workflow_id
               : submitted->items.count > 0 && items[0].task != NULL ? items[0].task->task_id
                                                                     : NULL;
    default:
        return NULL;
    }
}

void orc_audit_answered(orc *o, cogo_actor_id to, cogo_msg_type type, const void *record)
{
    orc_audit *a = take(&o->audit_open, to);
    if (a == NULL) {
        return;
    }
    if (type == MSG_TASK_SUBMITTED && ((const task_submitted *)record)->replayed) {
        free_audit(a); // Nothing was done this time.
        return;
    }
    const char *detail = NULL;
    const char *subject = subject_of(o, type, record, &detail);
    const char *code = type == MSG_PROBLEM ? ((const problem *)record)->code : "ok";
    append(o, a, subject, code == NULL ? "refused" : code, detail);
}

void orc_audit_token(orc *o, cogo_msg *msg)
{
    const token_change *change = cogo_msg_payload(msg);
    const access_token *made = change->create;
    orc_audit *a = take(&o->audit_open, cogo_msg_reply_to(msg));
    if (a == NULL) {
        return;
    }
    const char *detail =
        made == NULL ? NULL
                     : cogo_arena_printf(&o->scratch, "a token of tenant %s", made->tenant);
    a->entry->action = made != NULL ? "token.create" : "token.revoke";
    append(o, a, made != NULL ? made->token_id : change->revoke, "asked", detail);
    orc_journal_flush_all(o); // Before the change: both go the same way.
}

bool orc_audit_waits(const orc *o)
{
    return o->first_audit != NULL;
}

void orc_audit_fill(orc *o, store_write *write)
{
    size_t count = 0;
    for (const orc_audit *a = o->first_audit; a != NULL; a = a->next) {
        count++;
    }
    audit_entry *all = cogo_arena_alloc(&o->scratch, (count + 1) * sizeof *all);
    count = 0;
    for (const orc_audit *a = o->first_audit; a != NULL && all != NULL; a = a->next) {
        all[count++] = *a->entry;
    }
    write->audits = (cogo_records){.items = all, .count = count};
    write->audits_before = o->audits_before;
}

void orc_audit_sent(orc *o)
{
    while (o->first_audit != NULL) {
        orc_audit *next = o->first_audit->next;
        free_audit(o->first_audit);
        o->first_audit = next;
    }
    o->last_audit = NULL;
    o->audits_before = 0;
}

void orc_audit_finish(orc *o)
{
    orc_map *const maps[] = {&o->audit_next, &o->audit_open};
    orc_audit_sent(o);
    for (size_t i = 0; i < sizeof maps / sizeof(orc_map *); i++) {
        size_t cursor = 0;
        for (orc_audit *a; (a = orc_map_next(maps[i], &cursor)) != NULL;) {
            free_audit(a);
        }
        orc_map_finish(maps[i]);
    }
}

void orc_audit_metrics(orc *o, metric_list *list)
{
    metric_list_family(list, "cogo_audit_entries_total", "Entries of the audit log.",
                       "counter");
    metric_list_sample(list, "", NULL, (double)o->audits);
}
