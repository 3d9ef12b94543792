/* What the files of a worker's actor share: its frames (outworker.c, outspend.c) and its
 * standing with the orchestrator that leads (outlead.c). Used inside this room only. */
#ifndef GATEWAY_OUTWORKER_INSIDE_H
#define GATEWAY_OUTWORKER_INSIDE_H

#include "actors/gateway/outworker.h"
#include "codec/contract/messages.h"
#include "codec/json/json.h"

enum { OUTWORKER_LEASES_MAX = 4096 }; /* In the worker's hands; more are not kept. */
enum { OUTSPENDS_MAX = 64 };          /* Frames that wait for what the budget says. */
enum { TIMER_AWAY = 1, TIMER_LOOK, TIMER_BEAT };

/* An attempt that the worker has: named when another orchestrator leads. */
typedef struct held_lease {
    char task_id[64];
    int64_t lease;
    void *
        result; /* instruction_result in one block, until it is acknowledged; NULL: it works. */
} held_lease;

typedef struct out_spend {
    uint64_t ask; /* 0: free. */
    char frame_id[129];
} out_spend;

typedef struct outworker {
    outworker_args who;
    cogo_context *ctx;
    cogo_system *system;
    uint64_t exchange; /* 0: the worker is away. */
    bool packed;
    worker_register *as;        /* What it registered as, in one block; NULL: not yet. */
    cogo_actor_id orchestrator; /* That leads; or none. */
    uint32_t node;              /* That was asked last who leads. */
    bool locating;              /* The ask is such a question. */
    bool registered, welcomed;  /* With the one that leads now; ever. */
    bool asked;                 /* Its register frame waits for the welcome. */
    bool draining;
    uint64_t monitor, gateway_monitor; /* Of the two. */
    uint64_t ask, away_timer, beat_timer, look_timer;
    uint64_t look_ms; /* Until it looks again who leads. */
    held_lease *leases;
    size_t lease_count, lease_capacity;
    char frame_id[129]; /* Of the register frame. */
    json_t *kept;       /* Frames for a worker that is away. */
    out_spend spends[OUTSPENDS_MAX];
} outworker;

/* outworker.c: a frame to the worker; takes @p data, which may be NULL. */
void outworker_reply(outworker *o, const char *type, const char *id, json_t *data);
/* A problem; @p code NULL: the one of @p status. */
void outworker_refuse(outworker *o, const char *id, int64_t status, const char *code,
                      const char *detail);
void outworker_deliver(outworker *o, json_t *frame);
/* What was said to it while it was away. */
void outworker_deliver_kept(outworker *o);

/* outspend.c: the frame @p id asks; and, true: @p msg was the answer to one of them. */
void outspend_ask(outworker *o, const char *id, const budget_ask *said);
bool outspend_answer(outworker *o, cogo_msg *msg);

/* outlead.c: registers as @p as says, as soon as there is one that leads. */
void outlead_register(outworker *o, const worker_register *as);
void outlead_answer(outworker *o, cogo_msg *msg);
void outlead_look(outworker *o);
void outlead_lost(outworker *o);
/* The worker lives. */
void outlead_beat(outworker *o);
/* To the one that leads; lost when there is none. */
void outlead_forward(outworker *o, cogo_msg_type type, const void *record);
/* An attempt began, a result came, an attempt is over. */
void outlead_hold(outworker *o, const char *task_id, int64_t lease);
void outlead_result(outworker *o, const instruction_result *result);
void outlead_release(outworker *o, int64_t lease);
void outlead_finish(outworker *o);

#endif
