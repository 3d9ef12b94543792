/* The state of one worker actor, shared by its files: worker.c (who it is and what it hears),
 * offer.c and result.c (attempts from offer to acknowledgement), register.c (its standing with
 * the orchestrator), leave.c. Never used outside this room. */
#ifndef WORKER_ROOM_H
#define WORKER_ROOM_H

#include "actors/worker/attempt.h"
#include "actors/worker/runner.h"
#include "actors/worker/worker.h"

#define NS_PER_MS            UINT64_C(1000000)
#define ORCHESTRATOR_DEFAULT "orchestrator" /* Its registered name. */

enum {
    SLOTS_DEFAULT = 2,
    SLOTS_MAX = 256,
    ATTEMPTS_HELD_MAX = 8192,   /* Running or not acknowledged; more offers are refused. */
    REGISTER_TIMEOUT_MS = 5000, /* Of one try. */
    LINK_RETRY_MS = 20,         /* What a full link did not take is sent again. */
    REFUSAL_SIZE = 160,
    REGISTER_DELAY_MIN_MS = 20, /* Before the second try; doubled up to the greatest. */
    REGISTER_DELAY_MAX_MS = 5000,
    HEARTBEAT_MIN_MS = 10,
    TIMEOUT_GRACE_MS = 3000, /* For a role to return after its deadline. */
    LEAVE_STOP_MS = 3000,    /* For roles to return that were told to stop, */
    LEAVE_TIMEOUT_MS = 2000, /* and for the orchestrator to hear that the worker left. */
    RESULT_SENDS_MAX = 50,   /* Of one result, one per heartbeat. */
};

typedef enum leaving {
    LEAVING_NOT,
    LEAVING_GRACE, /* What runs may end. */
    LEAVING_STOP,  /* What runs was told to stop. */
    LEAVING_LAST,  /* The orchestrator is told. */
} leaving;

typedef struct worker {
    char type_name[64];
    char id[WORKER_ID_SIZE];
    char orchestrator_name[256];
    char labels[512]; /* "key=value" with commas. */
    char state_dir[JOB_PATH_MAX];
    const worker_type *type;
    int64_t slots;

    cogo_actor_id orchestrator;
    uint64_t orchestrator_monitor;
    uint64_t ask;  /* Of the registration or question under way; 0: none. */
    uint32_t node; /* That was asked last who the orchestrator is; 0: the round is over. */
    bool locating; /* The ask is such a question. */
    bool stalled;  /* A full link refused a result: all results wait for the next tick. */
    char refusal[REFUSAL_SIZE]; /* Logged last. */
    uint64_t tick;              /* The timer of the next try or heartbeat. */
    uint64_t register_delay_ms;
    uint64_t heartbeat_ms;
    bool registered;
    bool draining;
    leaving leaving;
    uint64_t leave_timer, leave_ask; /* 0: none. */

    attempts attempts;
    int64_t slots_used;
    int64_t light_used; /* Attempts that need no slot and wait for their delay. */

    int64_t completed, failed, total_ms;
    uint64_t busy_ns;    /* Slot time used since the last heartbeat. */
    uint64_t counted_ns; /* Up to when busy_ns is right. */
    uint64_t window_ns;  /* Begin of the window of busy_ns. */
} worker;

extern const cogo_behavior worker_behavior;
/* Of worker_config: how it gets into a child process. */
extern const cogo_record worker_config_record;

/* porter.c */
cogo_err porter_start(cogo_system *system, const worker_config *config, cogo_actor_id *out_id);

/* register.c */
void worker_tick(cogo_context *ctx, worker *w);
void worker_heartbeat(cogo_context *ctx, worker *w);
void worker_on_welcome(cogo_context *ctx, worker *w, const worker_welcome *welcome);
/* @p why: what the orchestrator said; NULL: nothing. */
void worker_on_refused(cogo_context *ctx, worker *w, const char *why);
void worker_on_located(cogo_context *ctx, worker *w, cogo_actor_id orchestrator);
/* A link to another node came up: the orchestrator may be there. */
void worker_on_linked(cogo_context *ctx, worker *w);
/* Does not wait for the tick that is due: after LINK_RETRY_MS. */
void worker_on_stalled(cogo_context *ctx, worker *w);
/* Who it was registered with may not know it any more, or is there again. */
void worker_on_rejoin(cogo_context *ctx, worker *w);
void worker_on_orchestrator_lost(cogo_context *ctx, worker *w);
void worker_deregister(cogo_context *ctx, worker *w);

/* leave.c */
void worker_on_leave(cogo_context *ctx, worker *w, const worker_leave *order);
void worker_on_leave_timer(cogo_context *ctx, worker *w);
void worker_on_farewell(cogo_context *ctx, worker *w);
/* Ends the worker when it leaves and holds nothing any more. */
void worker_leave_look(cogo_context *ctx, worker *w);

/* offer.c */
/* Stops all that runs; what did not end by then is for other workers. */
void worker_give_back(cogo_context *ctx, worker *w);
void worker_on_offer(cogo_context *ctx, worker *w, const instruction_offer *offer);
void worker_on_cancel(cogo_context *ctx, worker *w, const instruction_cancel *cancel);
void worker_on_progress(cogo_context *ctx, worker *w, const instruction_progress *said);
/* The ask of one of its runners is the orchestrator's to answer. */
void worker_on_budget_ask(cogo_context *ctx, worker *w, cogo_msg *msg);
void worker_on_attempt_timer(cogo_context *ctx, worker *w, int64_t lease);
void worker_on_runner_down(cogo_context *ctx, worker *w, const cogo_down *down);

/* result.c */
void worker_on_result(cogo_context *ctx, worker *w, cogo_actor_id from,
                      const instruction_result *said);
void worker_on_ack(cogo_context *ctx, worker *w, const instruction_cancel *ack);
void worker_resend(cogo_context *ctx, worker *w);

/* Moves busy_ns up to now; called before slots_used changes and before it is read. */
void worker_count_busy(cogo_context *ctx, worker *w);

/* To the orchestrator, when registered. As cogo_send(); COGO_EGONE when not registered. */
cogo_err worker_tell(cogo_context *ctx, worker *w, cogo_msg_type type, const void *record);

#endif
