/* The orchestrator: takes tasks, keeps them in the store, gives them to workers, records
 * results. Used by whoever builds a node; everybody else talks to it by messages
 * (contract/messages.h). Never answers a submit before it is on disk. */
#ifndef ORCHESTRATOR_ORCHESTRATOR_H
#define ORCHESTRATOR_ORCHESTRATOR_H

#include <cogo/actor.h>

#define ORCHESTRATOR_NAME "orchestrator" /* Its registered name. */

typedef struct orchestrator_config {
    cogo_actor_id store_writer;
    cogo_actor_id store_reader;
    int64_t term;         /* 0: stands by, until the writer has the right to write. */
    int64_t heartbeat_ms; /* 0: 5000. */
    int64_t lease_ms;     /* 0: 15000; a worker silent for so long is lost. */
    int64_t away_ms;      /* 0: 5000; for a worker to come back when its link was lost. */
    int64_t
        reattach_ms; /* 0: 10000; after a start, for workers to come back with what they run. */
    int64_t retry_min_ms;     /* 0: 1000; first backoff, doubled and jittered. */
    int64_t retry_max_ms;     /* 0: 60000. */
    int64_t grace_ms;         /* 0: 5000; waited for a worker beyond an attempt's timeout. */
    int64_t unfinished_limit; /* 0: 1000000 tasks; beyond it submits get 503. */
    int64_t keep_tasks_ms;    /* Finished tasks are removed after it; 0: never. */
    int64_t keep_dead_ms;     /* The same of dead letters. */
    cogo_actor_id spans;      /* Who exports them; COGO_NO_ACTOR: nobody. */
    double trace_ratio;       /* Of tasks without a trace that get one. */
    int64_t keep_audit_ms;    /* Who did what is forgotten after it; 0: never. */
    int64_t keep_events_ms;   /* Events of finished tasks are removed after it; 0: never. */
    int64_t keep_tasks;       /* So many of the newest tasks are kept; 0: all. */
    int64_t sweep_ms;         /* 0: 60000; between two looks for what is to be removed. */
    bool closed_world; /* No other worker will come: a role that none offers is refused at
                          submit. */
} orchestrator_config;

COGO_MUST_USE cogo_err orchestrator_start(cogo_system *system,
                                          const orchestrator_config *config,
                                          cogo_actor_id *out_id);

#endif
