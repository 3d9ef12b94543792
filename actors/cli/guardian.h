/* The guardian of a node: starts its workers again when they end, and raises the alarm when an
 * actor ends that the node can't live without; lets the workers leave when the node stops.
 * Used by node.c. Never restarts the orchestrator or the store: their state is the journal, and
 * a service manager starts the process again. */
#ifndef CLI_GUARDIAN_H
#define CLI_GUARDIAN_H

#include "actors/worker/worker.h"

enum { GUARDIAN_VITAL_MAX = 4, GUARDIAN_WORKERS_MAX = 16 };

typedef struct guardian_config {
    cogo_actor_id vital[GUARDIAN_VITAL_MAX];
    const char *vital_names[GUARDIAN_VITAL_MAX]; /* Constant strings. */
    size_t vital_count;
    worker_config workers[GUARDIAN_WORKERS_MAX]; /* Their strings outlive the system. */
    size_t worker_count;
    int alarm_fd;     /* eventfd. */
    int left_fd;      /* eventfd; readable when guardian_leave() is done. */
    char *alarm_text; /* 160 bytes; written once, before alarm_fd becomes readable. */
} guardian_config;

/* Lets all workers leave, each within @p grace_ms and some seconds; none is started again. */
void guardian_leave(cogo_system *system, cogo_actor_id guardian, int64_t grace_ms);

COGO_MUST_USE cogo_err guardian_start(cogo_system *system, const guardian_config *config,
                                      cogo_actor_id *out_id);

#endif
