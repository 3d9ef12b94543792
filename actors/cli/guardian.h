/* The guardian of a node: starts its workers again when they end, and raises the alarm when an
 * actor ends that the node can't live without.
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
    char *alarm_text; /* 160 bytes; written once, before alarm_fd becomes readable. */
} guardian_config;

COGO_MUST_USE cogo_err guardian_start(cogo_system *system, const guardian_config *config,
                                      cogo_actor_id *out_id);

#endif
