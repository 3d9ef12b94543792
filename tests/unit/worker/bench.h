/* A bench for one worker: a system, a probe that plays the orchestrator, and roles of its own.
 * Used by the worker's tests. The probe keeps what it hears until a test takes it. */
#ifndef TESTS_WORKER_BENCH_H
#define TESTS_WORKER_BENCH_H

#include "actors/worker/worker.h"
#include "codec/contract/messages.h"
#include "tests/unit/test.h"

#include <cogo/cogo.h>

#include <stdatomic.h>
#include <stdlib.h>

enum { HEARD_MAX = 4096, BENCH_WAIT_MS = 60000 };

typedef struct bench {
    cogo_system *system;
    cogo_actor_id probe;
    cogo_actor_id worker;
    char folder[64];
} bench;

/* A system whose probe is registered as "orchestrator" and welcomes after @p refusals problems.
 */
bool bench_start(bench *b, int refusals);

/* Starts the worker of type "research" with @p slots. */
bool bench_worker(bench *b, int64_t slots);

/* Another probe, when the first one was ended. */
bool bench_probe(bench *b, int refusals);

void bench_finish(bench *b);

/* The next message of @p type that the probe heard, NULL when none comes in time. Owned by the
 * caller. Messages of other types that came before it are kept. */
cogo_msg *bench_hear(cogo_msg_type type);

/* How many of @p type wait to be taken. */
int bench_heard(cogo_msg_type type);

/* Offers task "tsk_LEASE". */
void bench_offer(bench *b, int64_t lease, const char *role, const char *context,
                 int64_t timeout_ms);
/* To another worker than the bench's. */
void bench_offer_to(bench *b, cogo_actor_id worker, int64_t lease, const char *role,
                    const char *context, int64_t timeout_ms);
void bench_cancel(bench *b, int64_t lease);
void bench_leave(bench *b, int64_t grace_ms);
/* True once the worker has ended because it was told to leave. */
bool bench_left(bench *b);
void bench_ack(bench *b, int64_t lease);

/* Set to let the role "stubborn" return. */
extern atomic_bool bench_release;
/* What the role "folder" saw. */
extern char bench_folder_seen[1024];

#endif
