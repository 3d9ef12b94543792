/* A store in memory: writer and reader in one actor, which can hold its commits back or fail.
 * Used by the rig of this folder. Never forgets: it is there for the next orchestrator too. */
#ifndef TESTS_UNIT_ORCHESTRATOR_RIG_STORE_H
#define TESTS_UNIT_ORCHESTRATOR_RIG_STORE_H

#include "tests/unit/orchestrator/rig_probe.h"

static inline rig_stored *stored(rig_store *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (strcmp(s->rows[i].record->task_id, id) == 0
            || strcmp(s->rows[i].record->instruction_id, id) == 0) {
            return &s->rows[i];
        }
    }
    return NULL;
}

static inline void store_change_apply(rig_store *s, const store_change *change)
{
    rig_stored *row = stored(s, change->task->task_id);
    task whole = *change->task;
    if (row == NULL) {
        row = &s->rows[s->count++];
        row->key = change->idempotency_key == NULL ? NULL : strdup(change->idempotency_key);
        row->hash = change->request_hash == NULL ? NULL : strdup(change->request_hash);
    } else {
        s->context_rewrites += whole.context.size_bytes > 0 ? 1 : 0;
        whole.context = row->record->context;
    }
    task *copy = malloc(cogo_record_flat_size(&task_record, &whole));
    cogo_record_flatten(&task_record, &whole, copy);
    free(row->record);
    row->record = copy;
    row->lease = change->lease;
    const task_event *events = change->events.items;
    for (size_t i = 0; i < change->events.count; i++) {
        s->event_gaps += events[i].sequence == row->events + 1 ? 0 : 1;
        row->events = events[i].sequence;
    }
}

static inline void store_define(rig_store *s, const store_definition *what)
{
    size_t at = 0;
    while (at < s->defined_count
           && (strcmp(s->defined[at].kind, what->kind) != 0
               || strcmp(s->defined[at].name, what->name) != 0)) {
        at++;
    }
    rig_defined *d = &s->defined[at];
    s->defined_count += at == s->defined_count ? 1 : 0;
    free(d->bytes);
    *d = (rig_defined){.size = what->record.size_bytes};
    if (d->size == 0) {
        *d = s->defined[--s->defined_count];
        s->defined[s->defined_count] = (rig_defined){0};
        return;
    }
    (void)snprintf(d->kind, sizeof d->kind, "%s", what->kind);
    (void)snprintf(d->name, sizeof d->name, "%s", what->name);
    d->bytes = malloc(d->size);
    memcpy(d->bytes, what->record.data, d->size);
}

static inline void store_remove(rig_store *s, const char *id)
{
    rig_stored *row = stored(s, id);
    s->removed_unfinished += row != NULL && row->record->state < TASK_SUCCEEDED ? 1 : 0;
    if (row != NULL) {
        free(row->record);
        free(row->key);
        free(row->hash);
        *row = s->rows[--s->count];
    }
}

/* All that has ended may go, dead letters apart when they are kept longer. */
static inline void store_sweep_all(rig_store *s, const store_sweep *sweep, store_found *found)
{
    static const char *remove[STORED_MAX], *dead[STORED_MAX];
    static store_swept swept;
    swept = (store_swept){.remove = {.items = remove}, .dead = {.items = dead}};
    for (size_t i = 0; i < s->count; i++) {
        const task *t = s->rows[i].record;
        if (t->state == TASK_DEADLETTERED && sweep->dead_before > 0) {
            dead[swept.dead.count++] = t->task_id;
        } else if (t->state >= TASK_SUCCEEDED && t->state != TASK_DEADLETTERED) {
            remove[swept.remove.count++] = t->task_id;
        }
    }
    s->sweep_count++;
    found->swept = &swept;
}

static inline void store_committed_send(cogo_context *ctx, cogo_actor_id to, int64_t sequence,
                                        const char *error, bool retrying)
{
    store_committed done = {.sequence = sequence,
                            .writes = 1,
                            .changes = 1,
                            .commit_us = 100,
                            .error = error,
                            .retrying = retrying};
    (void)cogo_send(
        ctx, to, cogo_msg_create_record(cogo_context_system(ctx), MSG_STORE_COMMITTED, &done));
}

static inline void store_find(cogo_context *ctx, rig_store *s, cogo_msg *msg)
{
    const store_lookup *lookup = cogo_msg_payload(msg);
    task *tasks = s->tasks;
    store_mark *marks = s->marks;
    store_found found = {0};
    size_t count = 0;
    workflow flow = {0};
    if (lookup->sweep != NULL) {
        store_sweep_all(s, lookup->sweep, &found);
    }
    for (size_t i = 0; i < s->count; i++) {
        rig_stored *row = &s->rows[i];
        bool fits = lookup->idempotency_key != NULL && row->key != NULL
                    && strcmp(row->key, lookup->idempotency_key) == 0;
        if (fits) {
            found.request_hash = row->hash;
        }
        for (size_t j = 0; j < lookup->ids.count; j++) {
            fits = fits || strcmp(lookup->ids.items[j], row->record->task_id) == 0
                   || strcmp(lookup->ids.items[j], row->record->instruction_id) == 0;
        }
        for (size_t j = 0; lookup->list != NULL && j < lookup->list->states.count; j++) {
            fits =
                fits
                || strcmp(lookup->list->states.items[j], task_state_names[row->record->state])
                       == 0;
        }
        fits = fits
               || (lookup->events != NULL
                   && strcmp(lookup->events->task_id, row->record->task_id) == 0);
        fits = fits
               || (lookup->workflow_id != NULL && row->record->workflow_id != NULL
                   && strcmp(lookup->workflow_id, row->record->workflow_id) == 0);
        if (fits) {
            tasks[count] = *row->record;
            marks[count++] = (store_mark){.task_id = row->record->task_id,
                                          .event_sequence = row->events,
                                          .lease = row->lease};
        }
    }
    found.tasks = (cogo_records){.items = tasks, .count = count};
    found.marks = (cogo_records){.items = marks, .count = count};
    task_event last = {.type = "cogo.task.last"};
    if (lookup->events != NULL && count > 0) {
        last.task_id = tasks[0].task_id;
        last.sequence = marks[0].event_sequence;
        found.events = (cogo_records){.items = &last, .count = 1};
    }
    if (lookup->workflow_id != NULL && count > 0) {
        flow = (workflow){.workflow_id = lookup->workflow_id,
                          .name = "found",
                          .state = "running",
                          .created_at = 1,
                          .tasks = found.tasks};
        found = (store_found){.workflows = {.items = &flow, .count = 1}};
    }
    (void)cogo_reply(ctx, msg,
                     cogo_msg_create_record(cogo_context_system(ctx), MSG_STORE_FOUND, &found));
}

static inline void store_recover_all(cogo_context *ctx, rig_store *s, cogo_msg *msg)
{
    task *tasks = s->tasks;
    store_mark *marks = s->marks;
    store_recovered page = {0};
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        const rig_stored *row = &s->rows[i];
        page.lease_max = row->lease > page.lease_max ? row->lease : page.lease_max;
        if (row->record->state < TASK_SUCCEEDED) {
            tasks[count] = *row->record;
            marks[count++] = (store_mark){.task_id = row->record->task_id,
                                          .event_sequence = row->events,
                                          .lease = row->lease};
        }
    }
    page.tasks = (cogo_records){.items = tasks, .count = count};
    page.marks = (cogo_records){.items = marks, .count = count};
    for (size_t i = 0; i < s->defined_count; i++) {
        const rig_defined *d = &s->defined[i];
        s->definitions[i] =
            (store_definition){.kind = d->kind,
                               .name = d->name,
                               .record = {.data = d->bytes, .size_bytes = d->size}};
    }
    page.definitions = (cogo_records){.items = s->definitions, .count = s->defined_count};
    page.error = s->fail ? "the disk is gone" : NULL;
    (void)cogo_reply(
        ctx, msg, cogo_msg_create_record(cogo_context_system(ctx), MSG_STORE_RECOVERED, &page));
}

static inline void store_ordered(cogo_context *ctx, rig_store *s, const rig_order *what)
{
    s->hold = what->what == ORDER_HOLD || what->what == ORDER_FULL
              || (s->hold && what->what != ORDER_GO);
    if (what->what == ORDER_FULL) {
        store_committed_send(ctx, what->to, 0, "disk full", true);
    }
    s->fail = s->fail || what->what == ORDER_FAIL;
    if (s->hold && !s->fail) {
        return;
    }
    for (size_t i = 0; i < s->held_count; i++) {
        store_committed_send(ctx, what->to, s->held[i], s->fail ? "disk full" : NULL, false);
    }
    s->held_count = 0;
}

static inline cogo_err store_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    rig_store *s = *(rig_store **)state;
    pthread_mutex_lock(&s->lock);
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_BYTES:
        store_ordered(ctx, s, cogo_msg_payload(msg));
        break;
    case MSG_STORE_WRITE: {
        const store_write *write = cogo_msg_payload(msg);
        const store_change *changes = write->changes.items;
        s->write_count++;
        for (size_t i = 0; i < write->changes.count && !s->fail; i++) {
            store_change_apply(s, &changes[i]);
        }
        const store_definition *definitions = write->definitions.items;
        for (size_t i = 0; i < write->definitions.count && !s->fail; i++) {
            store_define(s, &definitions[i]);
        }
        for (size_t i = 0; i < write->remove.count && !s->fail; i++) {
            store_remove(s, write->remove.items[i]);
        }
        if (s->hold) {
            s->held[s->held_count++] = write->sequence;
        } else {
            store_committed_send(ctx, cogo_msg_sender(msg), write->sequence,
                                 s->fail ? "disk full" : NULL, false);
        }
        break;
    }
    case MSG_STORE_LOOKUP:
        store_find(ctx, s, msg);
        break;
    case MSG_STORE_RECOVER:
        store_recover_all(ctx, s, msg);
        break;
    default:
        break;
    }
    pthread_mutex_unlock(&s->lock);
    return COGO_OK;
}

static const cogo_behavior store_behavior = {.struct_size = sizeof(cogo_behavior),
                                             .name = "fake-store",
                                             .state_size_bytes = sizeof(rig_store *),
                                             .start = probe_start,
                                             .receive = store_receive};

#endif
