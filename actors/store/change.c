/* What all engines ask of a write and its changes. */
#include "actors/store/engine.h"
#include "codec/contract/artifact.h"

#include <string.h>

bool state_is_terminal(int32_t state)
{
    return state >= TASK_SUCCEEDED;
}

_Static_assert(TASK_RETRYING + 1 == TASK_SUCCEEDED && TASK_DEADLETTERED + 1 == TASK_STATE_COUNT,
               "the states from succeeded on are the terminal ones, as in the schema");

const char *change_malformed(const store_change *change)
{
    const task *t = change->task;
    if (t == NULL) {
        return "it has no task";
    }
    if (t->task_id == NULL || t->instruction_id == NULL || t->role == NULL) {
        return "taskId, instructionId and role must be set";
    }
    if (t->state < 0 || t->state >= TASK_STATE_COUNT || t->priority < 0
        || t->priority >= PRIORITY_COUNT) {
        return "its state or priority is not known";
    }
    if (t->result != NULL && t->result->result_id == NULL) {
        return "its result has no resultId";
    }
    if (change->idempotency_key != NULL && change->request_hash == NULL) {
        return "an idempotency key needs a request hash";
    }
    const artifact_content *artifacts = change->artifacts.items;
    for (size_t i = 0; i < change->artifacts.count; i++) {
        const artifact *about = artifacts[i].about;
        const uint8_t *bytes;
        size_t size;
        if (about == NULL || about->name == NULL || about->sha256 == NULL
            || !artifact_unwrap(artifacts[i].bytes, &bytes, &size)) {
            return "an artifact needs a name, a hash and bytes";
        }
    }
    const task_event *events = change->events.items;
    for (size_t i = 1; i < change->events.count; i++) {
        if (events[i].sequence != events[0].sequence + (int64_t)i) {
            return "its events do not follow each other";
        }
    }
    return NULL;
}

const char *change_tenant(const store_change *change)
{
    const char *tenant = change->task->tenant;
    return tenant != NULL && strcmp(tenant, TENANT_DEFAULT) != 0 ? tenant : NULL;
}

const char *definitions_malformed(const store_write *write)
{
    const store_definition *all = write->definitions.items;
    for (size_t i = 0; i < write->definitions.count; i++) {
        if (all[i].kind == NULL || all[i].name == NULL) {
            return "a definition needs a kind and a name";
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(all[i].kind, all[k].kind) == 0
                && strcmp(all[i].name, all[k].name) == 0) {
                return "a definition occurs twice";
            }
        }
    }
    return NULL;
}

bool write_keeps(const store_write *write)
{
    return write->remove.count + write->trim.count + write->definitions.count > 0;
}

bool write_audits(const store_write *write)
{
    return write->audits.count > 0 || write->audits_before > 0;
}

bool change_retries(const store_change *change)
{
    const task_event *events = change->events.items;
    for (size_t i = 0; i < change->events.count; i++) {
        if (events[i].type != NULL
            && (strcmp(events[i].type, "cogo.task.queued") == 0
                || strcmp(events[i].type, "cogo.task.blocked") == 0)) {
            return true;
        }
    }
    return change->task->state == TASK_QUEUED || change->task->state == TASK_BLOCKED;
}
