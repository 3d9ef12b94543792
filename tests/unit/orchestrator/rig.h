/* A rig around the orchestrator: a store in memory, and probes that play clients and workers.
 * Used by the tests of this folder.
 * Never touches a disk, and never sleeps. */
#ifndef TESTS_UNIT_ORCHESTRATOR_RIG_H
#define TESTS_UNIT_ORCHESTRATOR_RIG_H

#include "tests/unit/orchestrator/rig_store.h"

/* Asks until the orchestrator says that it is, or is not, ready. */
static inline bool client_told(rig *r, bool wanted)
{
    for (;;) {
        ask(r, &r->client, MSG_HEALTH_READ, &(empty){0});
        cogo_msg *msg = take(&r->client, MSG_HEALTH);
        if (msg == NULL) {
            return false;
        }
        bool ready = ((const health *)cogo_msg_payload(msg))->ready;
        cogo_msg_destroy(msg);
        if (ready == wanted) {
            return true;
        }
    }
}

static inline bool client_ready(rig *r)
{
    return client_told(r, true);
}

static inline orchestrator_config rig_config(const rig *r)
{
    return (orchestrator_config){.store_writer = r->store_id,
                                 .store_reader = r->store_id,
                                 .term = 1,
                                 .reattach_ms = 1,
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
    for (size_t i = 0; i < r->store->defined_count; i++) {
        free(r->store->defined[i].bytes);
    }
    cr_expect_eq(r->store->event_gaps, 0);
    cr_expect_eq(r->store->context_rewrites, 0);
    cr_expect_eq(r->store->removed_unfinished, 0);
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

/* As hold; the orchestrator is told that the store tries again until store_go(). */
static inline void store_full(rig *r)
{
    order(r, r->store_id, (rig_order){.what = ORDER_FULL, .to = r->orchestrator});
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

static inline rig_offer offer_in(cogo_msg *msg)
{
    const instruction_offer *got = cogo_msg_payload(msg);
    rig_offer offer = {.lease = got->lease,
                       .attempt = got->context->attempt,
                       .previous_count = got->context->previous_results.count};
    (void)snprintf(offer.task_id, sizeof offer.task_id, "%s", got->instruction->task_id);
    return offer;
}

static inline rig_offer take_offer(const rig_worker *w)
{
    rig_offer offer = {0};
    cogo_msg *msg = take(&w->probe, MSG_INSTRUCTION_OFFER);
    cr_expect_not_null(msg);
    if (msg != NULL) {
        offer = offer_in(msg);
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

static inline bool ack_says(cogo_msg *msg, const char *reason)
{
    return strcmp(((const instruction_cancel *)cogo_msg_payload(msg))->reason, reason) == 0;
}

static inline bool take_ack(const rig_worker *w, const char *reason)
{
    cogo_msg *msg = take(&w->probe, MSG_RESULT_ACK);
    bool right = msg != NULL && ack_says(msg, reason);
    cogo_msg_destroy(msg);
    return right;
}

/* The acknowledgement of an attempt waits for the disk, the offer of the next for its backoff:
 * they come in either order. */
static inline bool take_ack_and_offer(const rig_worker *w, const char *reason, rig_offer *out)
{
    bool acknowledged = false, offered = false;
    for (int i = 0; i < 2; i++) {
        cogo_msg *msg = take_any(&w->probe);
        cogo_msg_type type = msg != NULL ? cogo_msg_type_of(msg) : 0;
        if (type == MSG_INSTRUCTION_OFFER) {
            *out = offer_in(msg);
            offered = true;
        } else if (type == MSG_RESULT_ACK) {
            acknowledged = ack_says(msg, reason);
        }
        cogo_msg_destroy(msg);
    }
    return acknowledged && offered;
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
            offers[offered] = offer_in(msg);
            say_result(r, w, &offers[offered++], RESULT_SUCCESS, false);
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
