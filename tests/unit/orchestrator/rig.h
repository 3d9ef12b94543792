/* A rig around the orchestrator: a store in memory, and probes that play clients and workers.
 * Used by the tests of this folder. A test thread tells a probe what to send and takes what it
 * received, in order; nothing here sleeps. */
#ifndef TESTS_UNIT_ORCHESTRATOR_RIG_H
#define TESTS_UNIT_ORCHESTRATOR_RIG_H

#include "actors/orchestrator/orchestrator.h"
#include "codec/contract/messages.h"
#include "tests/unit/test.h"

#include <cogo/cogo.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RIG_PATIENCE_NS UINT64_C(5000000000)

enum { BOX_SIZE = 4096, STORED_MAX = 4096, PROBES_MAX = 16 };

/* What a probe or the store is told: bytes of a COGO_MSG_BYTES message. */
typedef struct rig_order {
    enum { ORDER_SEND, ORDER_ASK, ORDER_END, ORDER_HOLD, ORDER_GO, ORDER_FAIL } what;
    cogo_actor_id to;
    cogo_msg *msg;
} rig_order;

/* Messages that a probe received and the test has not taken. */
typedef struct rig_box {
    pthread_mutex_t lock;
    pthread_cond_t news;
    cogo_msg *msgs[BOX_SIZE];
    size_t first, count;
} rig_box;

typedef struct rig_probe {
    rig_box *box;
    cogo_actor_id id;
} rig_probe;

typedef struct rig_stored {
    task *record;
    int64_t events, lease;
    char *key, *hash;
} rig_stored;

/* Shared by the store actor and the test; the test looks only while nothing happens. */
typedef struct rig_store {
    pthread_mutex_t lock;
    rig_stored rows[STORED_MAX];
    task tasks[STORED_MAX]; /* Of the answer being made. */
    store_mark marks[STORED_MAX];
    size_t count;
    int64_t write_count, event_gaps, context_rewrites;
    int64_t held[64]; /* Sequences not committed yet. */
    size_t held_count;
    bool hold, fail;
} rig_store;

typedef struct rig {
    cogo_system *system;
    rig_store *store;
    cogo_actor_id store_id, orchestrator;
    rig_probe client;
    rig_probe probes[PROBES_MAX];
    size_t probe_count;
} rig;

static inline cogo_err probe_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    rig_box *box = *(rig_box **)state;
    if (cogo_msg_type_of(msg) == COGO_MSG_BYTES) {
        const rig_order *order = cogo_msg_payload(msg);
        uint64_t ask = 0;
        if (order->what == ORDER_SEND) {
            (void)cogo_send(ctx, order->to, order->msg);
        } else if (order->what == ORDER_ASK) {
            return cogo_ask(ctx, order->to, order->msg, RIG_PATIENCE_NS, &ask);
        } else {
            cogo_exit(ctx, COGO_EXIT_ERROR, "told to end");
        }
        return COGO_OK;
    }
    cogo_msg_take(ctx, msg);
    pthread_mutex_lock(&box->lock);
    box->msgs[(box->first + box->count++) % BOX_SIZE] = msg;
    pthread_cond_signal(&box->news);
    pthread_mutex_unlock(&box->lock);
    return COGO_OK;
}

static inline cogo_err probe_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(rig_box *));
    return COGO_OK;
}

static const cogo_behavior probe_behavior = {.struct_size = sizeof(cogo_behavior),
                                             .name = "probe",
                                             .state_size_bytes = sizeof(rig_box *),
                                             .start = probe_start,
                                             .receive = probe_receive};

static inline rig_probe probe_new(rig *r)
{
    rig_probe probe = {.box = calloc(1, sizeof(rig_box))};
    pthread_mutex_init(&probe.box->lock, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&probe.box->news, &clock);
    pthread_condattr_destroy(&clock);
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &probe_behavior,
                                  .args = &probe.box,
                                  .args_size_bytes = sizeof probe.box};
    cr_expect_eq(cogo_system_spawn(r->system, &options, &probe.id), COGO_OK);
    r->probes[r->probe_count++] = probe;
    return probe;
}

static inline void probe_drop(rig_probe *probe)
{
    for (size_t i = 0; i < probe->box->count; i++) {
        cogo_msg_destroy(probe->box->msgs[(probe->box->first + i) % BOX_SIZE]);
    }
    pthread_mutex_destroy(&probe->box->lock);
    pthread_cond_destroy(&probe->box->news);
    free(probe->box);
}

static inline void order(rig *r, cogo_actor_id who, rig_order what)
{
    cogo_msg *msg = cogo_msg_create(r->system, COGO_MSG_BYTES, sizeof what);
    memcpy(cogo_msg_payload(msg), &what, sizeof what);
    cr_expect_eq(cogo_system_send(r->system, who, msg), COGO_OK);
}

/* The probe sends or asks the orchestrator. */
static inline void tell(rig *r, const rig_probe *probe, cogo_msg_type type, const void *record)
{
    order(r, probe->id,
          (rig_order){.what = ORDER_SEND,
                      .to = r->orchestrator,
                      .msg = cogo_msg_create_record(r->system, type, record)});
}

static inline void ask(rig *r, const rig_probe *probe, cogo_msg_type type, const void *record)
{
    order(r, probe->id,
          (rig_order){.what = ORDER_ASK,
                      .to = r->orchestrator,
                      .msg = cogo_msg_create_record(r->system, type, record)});
}

/* The next message of the probe, which the test owns; NULL, and a failed test, when none comes.
 */
static inline cogo_msg *take_any(const rig_probe *probe)
{
    rig_box *box = probe->box;
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += 5;
    cogo_msg *msg = NULL;
    pthread_mutex_lock(&box->lock);
    while (box->count == 0 && pthread_cond_timedwait(&box->news, &box->lock, &end) == 0) {
    }
    if (box->count > 0) {
        msg = box->msgs[box->first];
        box->first = (box->first + 1) % BOX_SIZE;
        box->count--;
    }
    pthread_mutex_unlock(&box->lock);
    return msg;
}

static inline cogo_msg *take(const rig_probe *probe, cogo_msg_type type)
{
    cogo_msg *msg = take_any(probe);
    if (msg == NULL || cogo_msg_type_of(msg) != type) {
        fprintf(stderr, "expected message %u, got %u\n", type,
                msg == NULL ? 0 : cogo_msg_type_of(msg));
        if (msg != NULL && cogo_msg_type_of(msg) == MSG_PROBLEM) {
            const problem *why = cogo_msg_payload(msg);
            fprintf(stderr, "problem: %s: %s\n", why->code, why->detail);
        }
        cogo_msg_destroy(msg);
        return NULL;
    }
    return msg;
}

/* Takes a problem and compares its code; its detail must contain @p words. */
static inline bool take_problem(const rig_probe *probe, int64_t status, const char *code,
                                const char *words)
{
    cogo_msg *msg = take(probe, MSG_PROBLEM);
    if (msg == NULL) {
        return false;
    }
    const problem *why = cogo_msg_payload(msg);
    bool right = why->status == status && strcmp(why->code, code) == 0
                 && strstr(why->detail, words) != NULL;
    if (!right) {
        fprintf(stderr, "problem %lld %s: %s\n", (long long)why->status, why->code,
                why->detail);
    }
    cogo_msg_destroy(msg);
    return right;
}

/* ---- The store. ---- */

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

static inline void store_committed_send(cogo_context *ctx, cogo_actor_id to, int64_t sequence,
                                        const char *error)
{
    store_committed done = {
        .sequence = sequence, .writes = 1, .changes = 1, .commit_us = 100, .error = error};
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
    page.error = s->fail ? "the disk is gone" : NULL;
    (void)cogo_reply(
        ctx, msg, cogo_msg_create_record(cogo_context_system(ctx), MSG_STORE_RECOVERED, &page));
}

static inline void store_ordered(cogo_context *ctx, rig_store *s, const rig_order *what)
{
    s->hold = what->what == ORDER_HOLD ? true : what->what == ORDER_GO ? false : s->hold;
    s->fail = s->fail || what->what == ORDER_FAIL;
    if (s->hold && !s->fail) {
        return;
    }
    for (size_t i = 0; i < s->held_count; i++) {
        store_committed_send(ctx, what->to, s->held[i], s->fail ? "disk full" : NULL);
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
        if (s->hold) {
            s->held[s->held_count++] = write->sequence;
        } else {
            store_committed_send(ctx, cogo_msg_sender(msg), write->sequence,
                                 s->fail ? "disk full" : NULL);
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

/* ---- The rig. ---- */

static inline bool client_ready(rig *r)
{
    for (;;) {
        ask(r, &r->client, MSG_HEALTH_READ, &(empty){0});
        cogo_msg *msg = take(&r->client, MSG_HEALTH);
        if (msg == NULL) {
            return false;
        }
        bool ready = ((const health *)cogo_msg_payload(msg))->ready;
        cogo_msg_destroy(msg);
        if (ready) {
            return true;
        }
    }
}

static inline orchestrator_config rig_config(const rig *r)
{
    return (orchestrator_config){.store_writer = r->store_id,
                                 .store_reader = r->store_id,
                                 .term = 1,
                                 .retry_min_ms = 1,
                                 .retry_max_ms = 4};
}

static inline void rig_open(rig *r)
{
    *r = (rig){.store = calloc(1, sizeof(rig_store))};
    pthread_mutex_init(&r->store->lock, NULL);
    cogo_system_config config = {.struct_size = sizeof config, .lane_count = 2};
    cr_expect_eq(cogo_system_create(&config, &r->system), COGO_OK);
    cr_expect_eq(messages_register(r->system), COGO_OK);
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &store_behavior,
                                  .args = &r->store,
                                  .args_size_bytes = sizeof r->store};
    cr_expect_eq(cogo_system_spawn(r->system, &options, &r->store_id), COGO_OK);
    r->client = probe_new(r);
}

static inline void rig_run(rig *r, const orchestrator_config *config)
{
    cr_expect_eq(orchestrator_start(r->system, config, &r->orchestrator), COGO_OK);
    cr_expect(client_ready(r));
}

static inline void rig_start(rig *r)
{
    rig_open(r);
    orchestrator_config config = rig_config(r);
    rig_run(r, &config);
}

/* Ends the orchestrator as a crash would. */
static inline void rig_crash(rig *r)
{
    cogo_exit_actor(r->system, r->orchestrator, COGO_EXIT_KILLED, "crash");
    cr_expect_eq(cogo_system_await(r->system, r->orchestrator, RIG_PATIENCE_NS, NULL), COGO_OK);
}

static inline void rig_end(rig *r)
{
    cr_expect_eq(cogo_system_stop(r->system, RIG_PATIENCE_NS), COGO_OK);
    for (size_t i = 0; i < r->probe_count; i++) {
        probe_drop(&r->probes[i]);
    }
    cogo_system_destroy(r->system);
    for (size_t i = 0; i < r->store->count; i++) {
        free(r->store->rows[i].record);
        free(r->store->rows[i].key);
        free(r->store->rows[i].hash);
    }
    cr_expect_eq(r->store->event_gaps, 0);
    cr_expect_eq(r->store->context_rewrites, 0);
    pthread_mutex_destroy(&r->store->lock);
    free(r->store);
}

static inline void store_hold(rig *r)
{
    order(r, r->store_id, (rig_order){.what = ORDER_HOLD, .to = r->orchestrator});
}

static inline void store_go(rig *r)
{
    order(r, r->store_id, (rig_order){.what = ORDER_GO, .to = r->orchestrator});
}

static inline void store_fail(rig *r)
{
    order(r, r->store_id, (rig_order){.what = ORDER_FAIL, .to = r->orchestrator});
}

/* True when nothing was sent to the client before the answer to a question asked now. */
static inline bool client_has_nothing(rig *r)
{
    ask(r, &r->client, MSG_HEALTH_READ, &(empty){0});
    cogo_msg *msg = take(&r->client, MSG_HEALTH);
    cogo_msg_destroy(msg);
    return msg != NULL;
}

/* ---- Workers and clients. ---- */

typedef struct rig_worker {
    rig_probe probe;
    char id[32];
} rig_worker;

static inline rig_worker worker_with(rig *r, const char *id, const char *role, int64_t slots,
                                     cogo_strings labels)
{
    rig_worker w = {.probe = probe_new(r)};
    (void)snprintf(w.id, sizeof w.id, "%s", id);
    role_capability capability = {.role = role, .version = 1, .slots = slots, .llm = "none"};
    worker_register as = {.worker_id = id,
                          .worker_type = "indexing",
                          .capabilities = {.items = &capability, .count = 1},
                          .slots = slots,
                          .labels = labels};
    ask(r, &w.probe, MSG_WORKER_REGISTER, &as);
    cogo_msg *msg = take(&w.probe, MSG_WORKER_WELCOME);
    cr_expect_not_null(msg);
    cogo_msg_destroy(msg);
    return w;
}

static inline rig_worker worker_new(rig *r, const char *id, int64_t slots)
{
    return worker_with(r, id, "echo", slots, (cogo_strings){0});
}

typedef struct rig_offer {
    char task_id[40], worker[32];
    int64_t lease, attempt;
    size_t previous_count;
} rig_offer;

static inline rig_offer take_offer(const rig_worker *w)
{
    rig_offer offer = {0};
    cogo_msg *msg = take(&w->probe, MSG_INSTRUCTION_OFFER);
    cr_expect_not_null(msg);
    if (msg != NULL) {
        const instruction_offer *got = cogo_msg_payload(msg);
        (void)snprintf(offer.task_id, sizeof offer.task_id, "%s", got->instruction->task_id);
        offer.lease = got->lease;
        offer.attempt = got->context->attempt;
        offer.previous_count = got->context->previous_results.count;
        cogo_msg_destroy(msg);
    }
    return offer;
}

static inline void say_started(rig *r, const rig_worker *w, const rig_offer *offer)
{
    tell(r, &w->probe, MSG_INSTRUCTION_STARTED,
         &(instruction_cancel){.task_id = offer->task_id, .lease = offer->lease});
}

static inline void say_result(rig *r, const rig_worker *w, const rig_offer *offer,
                              int32_t status, bool retryable)
{
    const char *const errors[] = {"it broke"};
    result_metadata about = {.errors = {.items = errors, .count = status == RESULT_FAILED}};
    agent_result result = {.result_id = "res_of_worker",
                           .instruction_id = "ins",
                           .task_id = offer->task_id,
                           .status = status,
                           .metadata = &about};
    tell(r, &w->probe, MSG_INSTRUCTION_RESULT,
         &(instruction_result){.worker_id = w->id,
                               .lease = offer->lease,
                               .result = &result,
                               .retryable = retryable});
}

static inline bool take_ack(const rig_worker *w, const char *reason)
{
    cogo_msg *msg = take(&w->probe, MSG_RESULT_ACK);
    if (msg == NULL) {
        return false;
    }
    bool right =
        strcmp(((const instruction_cancel *)cogo_msg_payload(msg))->reason, reason) == 0;
    cogo_msg_destroy(msg);
    return right;
}

/* Answers everything: the acknowledgement of one task and the offer of the next come in either
 * order. Returns the offers in the order in which they came. */
static inline size_t work_all(rig *r, const rig_worker *w, rig_offer *offers, size_t count)
{
    size_t offered = 0;
    size_t acknowledged = 0;
    while (acknowledged < count) {
        cogo_msg *msg = take_any(&w->probe);
        if (msg == NULL) {
            return offered;
        }
        if (cogo_msg_type_of(msg) == MSG_INSTRUCTION_OFFER) {
            const instruction_offer *got = cogo_msg_payload(msg);
            rig_offer *offer = &offers[offered++];
            (void)snprintf(offer->task_id, sizeof offer->task_id, "%s",
                           got->instruction->task_id);
            offer->lease = got->lease;
            offer->previous_count = got->context->previous_results.count;
            say_result(r, w, offer, RESULT_SUCCESS, false);
        } else {
            acknowledged++;
        }
        cogo_msg_destroy(msg);
    }
    return offered;
}

static inline void submit_many(rig *r, const instruction *asked, size_t count, bool atomic,
                               const char *flow, const char *key, const char *hash)
{
    ask(r, &r->client, MSG_TASK_SUBMIT,
        &(task_submit){.instructions = {.items = asked, .count = count},
                       .atomic = atomic,
                       .workflow = flow,
                       .idempotency_key = key,
                       .request_hash = hash});
}

typedef struct rig_ids {
    char ids[32][40];
    size_t count;
    bool replayed;
    char flow[40];
} rig_ids;

static inline rig_ids take_submitted(rig *r)
{
    rig_ids got = {0};
    cogo_msg *msg = take(&r->client, MSG_TASK_SUBMITTED);
    cr_expect_not_null(msg);
    if (msg == NULL) {
        return got;
    }
    const task_submitted *answer = cogo_msg_payload(msg);
    const submit_item *items = answer->items.items;
    for (size_t i = 0; i < answer->items.count && i < 32; i++) {
        (void)snprintf(got.ids[got.count++], 40, "%s",
                       items[i].task == NULL ? "" : items[i].task->task_id);
    }
    got.replayed = answer->replayed;
    (void)snprintf(got.flow, sizeof got.flow, "%s",
                   answer->workflow_id == NULL ? "" : answer->workflow_id);
    cogo_msg_destroy(msg);
    return got;
}

static inline rig_ids submit(rig *r, const instruction *asked, size_t count)
{
    submit_many(r, asked, count, true, NULL, NULL, NULL);
    return take_submitted(r);
}

static inline rig_ids submit_echo(rig *r)
{
    return submit(r, &(instruction){.role = "echo", .priority = -1}, 1);
}

/* The task after it has ended; flat memory that the test frees. */
static inline task *await_end(rig *r, const char *task_id)
{
    ask(r, &r->client, MSG_TASK_GET, &(task_get){.task_id = task_id, .wait = 5000});
    cogo_msg *msg = take(&r->client, MSG_TASK);
    if (msg == NULL) {
        return NULL;
    }
    const task *got = cogo_msg_payload(msg);
    task *copy = malloc(cogo_record_flat_size(&task_record, got));
    cogo_record_flatten(&task_record, got, copy);
    cogo_msg_destroy(msg);
    return copy;
}

static inline int32_t end_state(rig *r, const char *task_id)
{
    task *t = await_end(r, task_id);
    int32_t state = t == NULL ? -1 : t->state;
    free(t);
    return state;
}

#endif
