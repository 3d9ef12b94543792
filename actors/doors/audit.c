#include "actors/doors/audit.h"

enum { SUBJECT_MAX = 256 /* Bytes. */ };

/* What is worth an entry, by its wire name. */
static const struct {
    cogo_msg_type type;
    const char *action;
} audited[] = {
    {MSG_TASK_SUBMIT, "task.submit"},         {MSG_TASK_CANCEL, "task.cancel"},
    {MSG_TASK_RETRY, "task.retry"},           {MSG_TASK_DECIDE, "task.decide"},
    {MSG_REDRIVE, "deadletters.redrive"},     {MSG_SCHEDULE_CREATE, "schedule.create"},
    {MSG_SCHEDULE_DELETE, "schedule.delete"}, {MSG_SCHEDULE_PAUSE, "schedule.pause"},
    {MSG_SCHEDULE_RESUME, "schedule.resume"}, {MSG_LIMIT_SET, "limit.set"},
    {MSG_LIMIT_DELETE, "limit.delete"},       {MSG_WORKER_DRAIN, "worker.drain"},
    {MSG_WORKER_REMOVE, "worker.remove"},     {MSG_TOKEN_CHANGE, "token.change"},
    {MSG_ARTIFACT_PUT, "artifact.put"},
};

static const char *action_of(cogo_msg_type type)
{
    for (size_t i = 0; i < sizeof audited / sizeof audited[0]; i++) {
        if (audited[i].type == type) {
            return audited[i].action;
        }
    }
    return NULL;
}

/* Names come from callers: in a log they must stay one word. */
static const char *clean(const char *name, char out[SUBJECT_MAX + 1])
{
    size_t size = 0;
    for (; name != NULL && name[size] != '\0' && size < SUBJECT_MAX; size++) {
        out[size] = name[size] > ' ' && name[size] <= '~' ? name[size] : '?';
    }
    out[size] = '\0';
    return size > 0 ? out : NULL;
}

void audit_tell(cogo_context *ctx, cogo_system *system, cogo_actor_id orchestrator,
                cogo_msg_type type, const audit_who *who)
{
    const char *token = who->grant->token_id;
    const char *tenant = who->grant->tenant;
    char subject[SUBJECT_MAX + 1], request_id[SUBJECT_MAX + 1];
    audit_entry entry = {.at = cogo_system_wall_ms(system),
                         .action = action_of(type),
                         .subject = clean(who->subject, subject),
                         .token_id = token[0] != '\0' ? token : NULL,
                         .tenant = tenant[0] != '\0' ? tenant : NULL,
                         .door = who->door,
                         .request_id = clean(who->request_id, request_id)};
    if (entry.action != NULL) { // Should it not arrive, the ask that follows won't either.
        (void)cogo_send(ctx, orchestrator, cogo_msg_create_record(system, MSG_AUDIT, &entry));
    }
}
