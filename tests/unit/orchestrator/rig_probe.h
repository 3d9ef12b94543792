/* Probes: actors that send what a test thread tells them and keep what they receive, in order.
 * Used by the rig of this folder to play clients and workers.
 * Nothing here sleeps: taking a message waits for it. */
#ifndef TESTS_UNIT_ORCHESTRATOR_RIG_PROBE_H
#define TESTS_UNIT_ORCHESTRATOR_RIG_PROBE_H

#include "actors/orchestrator/orchestrator.h"
#include "codec/contract/messages.h"
#include "tests/unit/test.h"

#include <cogo/cogo.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RIG_PATIENCE_NS UINT64_C(5000000000)

enum { BOX_SIZE = 4096, STORED_MAX = 4096, PROBES_MAX = 16 };

/* What a probe or the store is told: bytes of a COGO_MSG_BYTES message. */
typedef struct rig_order {
    enum {
        ORDER_SEND,
        ORDER_ASK,
        ORDER_END,
        ORDER_VANISH, /* Ends as if the link to its node were lost. */
        ORDER_BLOCK,  /* Handles nothing until the gate is posted. */
        ORDER_HOLD,
        ORDER_GO,
        ORDER_FULL,
        ORDER_FAIL
    } what;
    cogo_actor_id to;
    cogo_msg *msg;
    sem_t *gate;
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
typedef struct rig_defined {
    char kind[32], name[64];
    void *bytes;
    size_t size;
} rig_defined;

typedef struct rig_store {
    rig_defined defined[64];
    size_t defined_count;
    store_definition definitions[64]; /* Of the answer being made. */
    pthread_mutex_t lock;
    rig_stored rows[STORED_MAX];
    task tasks[STORED_MAX]; /* Of the answer being made. */
    store_mark marks[STORED_MAX];
    size_t count;
    int64_t write_count, event_gaps, context_rewrites, removed_unfinished, sweep_count;
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
        } else if (order->what == ORDER_VANISH) {
            cogo_exit(ctx, COGO_EXIT_NOCONNECTION, "told to vanish");
        } else if (order->what == ORDER_BLOCK) {
            sem_wait(order->gate);
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

/* With @p limit messages in its mailbox more are refused; 0: no limit. */
static inline rig_probe probe_limited(rig *r, uint32_t limit)
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
                                  .args_size_bytes = sizeof probe.box,
                                  .mailbox_limit = limit};
    cr_expect_eq(cogo_system_spawn(r->system, &options, &probe.id), COGO_OK);
    r->probes[r->probe_count++] = probe;
    return probe;
}

static inline rig_probe probe_new(rig *r)
{
    return probe_limited(r, 0);
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
    end.tv_sec += 60;
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

#endif
