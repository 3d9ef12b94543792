/* A submit: checked entry by entry (check.c), then what they depend on (depend.c), then the
 * whole. */
#include "actors/orchestrator/submission.h"

#include <string.h>

void orc_on_submit(orc *o, cogo_msg *msg)
{
    if (orc_unavailable(o, cogo_msg_reply_to(msg))) {
        return;
    }
    const task_submit *request = cogo_msg_payload(msg);
    orc_ask *ask = orc_ask_create(o, cogo_msg_reply_to(msg), msg);
    cogo_msg_take(o->ctx, msg);
    if (request->idempotency_key == NULL || !orc_key_begin(o, ask)) {
        orc_submit(o, ask);
    }
    orc_ask_leave(o, ask);
}

problem orc_entry_problem(const submit_entry *entry)
{
    return (problem){.title = orc_title(entry->code),
                     .status = strcmp(entry->code, "CONTEXT_TOO_LARGE") == 0 ? 413 : 422,
                     .detail = entry->detail,
                     .code = entry->code,
                     .errors = {.items = entry->errors, .count = entry->error_count}};
}

/* All errors of all entries, under the code of the first. */
static void refuse_all(submission *s)
{
    field_problem *errors = cogo_arena_alloc(&s->o->scratch, FIELD_ERRORS_MAX * sizeof *errors);
    problem why = {0};
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        const submit_entry *entry = &s->entries[i];
        if (entry->code == NULL) {
            continue;
        }
        if (why.code == NULL) {
            why = orc_entry_problem(entry);
        }
        for (size_t j = 0; errors != NULL && j < entry->error_count && count < FIELD_ERRORS_MAX;
             j++) {
            errors[count++] = entry->errors[j];
        }
    }
    why.errors = (cogo_records){.items = errors, .count = count};
    orc_submit_refuse(s->o, s->ask, &why);
}

void orc_submit_refuse_whole(submission *s, int64_t status, const char *code,
                             const char *pointer, const char *detail)
{
    field_problem error = {.pointer = pointer, .detail = detail};
    problem why = {.title = orc_title(code),
                   .status = status,
                   .detail = detail,
                   .code = code,
                   .errors = {.items = &error, .count = pointer == NULL ? 0 : 1},
                   .retry_after_ms = status == 503 ? BUSY_RETRY_AFTER_MS : 0};
    orc_submit_refuse(s->o, s->ask, &why);
}

static void decide(submission *s)
{
    bool cyclic = orc_find_cycle(s);
    size_t good = 0;
    orc_refuse_dependants(s);
    for (size_t i = 0; i < s->count; i++) {
        good += s->entries[i].code == NULL ? 1 : 0;
    }
    if (cyclic || (s->request->atomic && good < s->count)) {
        refuse_all(s);
    } else if (s->o->unfinished_count + (int64_t)good > s->o->config.unfinished_limit) {
        orc_submit_refuse_whole(s, 503, "TOO_MANY_TASKS", NULL,
                                "Too many tasks are unfinished; try again later.");
    } else {
        orc_accept(s);
    }
}

void orc_submit(orc *o, orc_ask *ask)
{
    const task_submit *request = cogo_msg_payload(ask->request);
    const instruction *asked = request->instructions.items;
    submission s = {
        .o = o, .ask = ask, .request = request, .count = request->instructions.count};
    if (o->phase != ORC_READY) { // The store failed while it was asked.
        orc_submit_refuse_whole(&s, 503, "STORE_UNAVAILABLE", NULL,
                                "The store can't be written.");
        return;
    }
    if (s.count == 0 || s.count > INSTRUCTIONS_MAX) {
        orc_submit_refuse_whole(&s, 422, "VALIDATION", "/instructions",
                                s.count == 0 ? "At least one instruction is needed."
                                             : "One request holds at most 10000 instructions.");
        return;
    }
    s.entries = cogo_arena_alloc(&o->scratch, s.count * sizeof *s.entries);
    if (s.entries == NULL) {
        orc_submit_refuse_whole(&s, 503, "TOO_MANY_TASKS", NULL,
                                "Out of memory; try again later.");
        return;
    }
    o->submit_stamp++;
    for (size_t i = 0; i < s.count; i++) {
        s.entries[i].asked = &asked[i];
        orc_check_entry(&s, i);
    }
    if (orc_resolve(&s)) {
        decide(&s);
    }
}
