/* Answers: records, and problems as in RFC 9457. */
#include "actors/orchestrator/audit.h"
#include "codec/contract/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DETAIL_SIZE = 512 };

static const struct {
    const char *code, *title;
} titles[] = {
    {"VALIDATION", "The request is not valid"},
    {"UNKNOWN_ROLE", "Unknown role"},
    {"ROLE_UNAVAILABLE", "No worker offers this role"},
    {"UNKNOWN_DEPENDENCY", "Unknown dependency"},
    {"DEPENDENCY_CYCLE", "The dependencies form a cycle"},
    {"DEPENDENCY_REFUSED", "A dependency was refused"},
    {"IDEMPOTENCY_KEY_REUSED", "The idempotency key belongs to another request"},
    {"TOO_MANY_TASKS", "Too many unfinished tasks"},
    {"STORE_UNAVAILABLE", "The store is not available"},
    {"NOT_READY", "The orchestrator is starting"},
    {"NO_LEADER", "No orchestrator leads"},
    {"TASK_NOT_FOUND", "No such task"},
    {"UNKNOWN_PARENT", "Unknown parent"},
    {"BUDGET_EXHAUSTED", "The budget is used up"},
    {"NO_APPROVAL", "No approval is asked for"},
    {"ALREADY_DECIDED", "It was decided already"},
    {"LIMIT_NOT_FOUND", "No such limit"},
    {"UNKNOWN_LIMIT", "Unknown limit"},
    {"TOO_MANY_LIMITS", "Too many limits"},
    {"SCHEDULE_NOT_FOUND", "No such schedule"},
    {"TOO_MANY_SCHEDULES", "Too many schedules"},
    {"WORKFLOW_NOT_FOUND", "No such workflow"},
    {"WORKER_NOT_FOUND", "No such worker"},
    {"TASK_FINISHED", "The task is finished"},
    {"TASK_NOT_FINISHED", "The task is not finished"},
    {"TASK_SUCCEEDED", "The task has succeeded"},
    {"TASK_NOT_DEADLETTERED", "The task is no dead letter"},
    {"DEPENDENCY_FAILED", "A dependency did not succeed"},
    {"WORKER_ID_TAKEN", "The worker id is taken"},
    {"TOO_MANY_WORKERS", "Too many workers"},
    {"CONTEXT_TOO_LARGE", "The context is too large"},
    {"ARTIFACT_TOO_LARGE", "The artifact is too large"},
    {"TOO_MANY_ARTIFACTS", "Too many artifacts"},
    {"ATTEMPT_OVER", "The attempt is over"},
};

const char *orc_title(const char *code)
{
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        if (strcmp(titles[i].code, code) == 0) {
            return titles[i].title;
        }
    }
    return "The request was refused";
}

void orc_answer(orc *o, cogo_actor_id to, cogo_msg_type type, const void *record)
{
    if (o->audit_open.count > 0) {
        orc_audit_answered(o, to, type, record);
    }
    // An asker that has ended or gave up is no concern of ours.
    (void)cogo_send(o->ctx, to, cogo_msg_create_record(o->system, type, record));
}

void orc_refuse(orc *o, cogo_actor_id to, int64_t status, const char *code, const char *format,
                ...)
{
    char detail[DETAIL_SIZE];
    va_list args;
    va_start(args, format);
    text_format(detail, sizeof detail, format, args);
    va_end(args);
    problem why = {.title = orc_title(code), .status = status, .detail = detail, .code = code};
    if (status == 503) {
        bool store = o->phase == ORC_STORE_WAITING || o->phase == ORC_STORE_FAILED;
        why.retry_after_ms = store ? STORE_RETRY_AFTER_MS : BUSY_RETRY_AFTER_MS;
    }
    orc_answer(o, to, MSG_PROBLEM, &why);
}

void orc_refuse_field(orc *o, cogo_actor_id to, const char *pointer, const char *detail)
{
    field_problem error = {.pointer = pointer, .detail = detail};
    problem why = {.title = orc_title("VALIDATION"),
                   .status = 422,
                   .code = "VALIDATION",
                   .detail = detail,
                   .errors = {.items = &error, .count = 1}};
    orc_answer(o, to, MSG_PROBLEM, &why);
}

bool orc_unavailable(orc *o, cogo_actor_id to)
{
    switch (o->phase) {
    case ORC_READY:
        return false;
    case ORC_FOLLOWING:
        orc_refuse(o, to, 503, "NO_LEADER",
                   "This orchestrator stands by, and the one that leads is not known.");
        return true;
    case ORC_RECOVERING:
        orc_refuse(o, to, 503, "NOT_READY", "The orchestrator is loading its tasks.");
        return true;
    case ORC_STORE_WAITING:
        orc_refuse(o, to, 503, "STORE_UNAVAILABLE",
                   "The store can't be written now and tries again: %s.", o->store_error);
        return true;
    case ORC_STORE_FAILED:
        orc_refuse(o, to, 503, "STORE_UNAVAILABLE", "The store can't be written: %s.",
                   o->store_error);
        return true;
    }
    return true;
}
