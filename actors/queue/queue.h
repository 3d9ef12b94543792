/* The Redis door: entries of a stream become tasks, what becomes of them goes to another
 * stream. Used by whoever builds a node with an orchestrator. Never acknowledges an entry
 * before its task is on disk; never decides anything about tasks: asks the orchestrator. */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include <cogo/actor.h>

#define QUEUE_NAME "redis" /* Its registered name. */

typedef struct queue_config {
    const char *url;          /* redis[s]://[USER[:PASSWORD]@]HOST[:PORT][/DB]. Copied. */
    const char *token;        /* The configured token; NULL: none is needed (loopback only). */
    const char *door_token;   /* Of entries that carry none; NULL: they are refused. */
    const char *tenant_rates; /* As rates_init() reads it; NULL: no limits. */
    const char *consumer;     /* Name in the consumer group. Copied. */
    int64_t keep;             /* Entries that the results have; 0: 100000. */
    bool required;            /* Not ready while Redis is away. */
    cogo_actor_id orchestrator;
} queue_config;

/* Starts the actor that serves the door once it is open and this node leads; it answers
 * health.read and metrics.read. @p error gets one sentence, without the URL, on failure. */
COGO_MUST_USE cogo_err queue_start(cogo_system *system, const queue_config *config,
                                   cogo_actor_id *out_id, char error[256]);
/* From now on entries are taken: the node is ready for what is in them. */
void queue_open(cogo_system *system, cogo_actor_id door);

#endif
