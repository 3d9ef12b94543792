/* What the workloads share: the outcome of one run, small spawns and sends.
 * Used by the files of this room only.
 * Never hides a failed spawn or send: the run then ends as failed. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "bench/bench.h"
#include "bench/histogram.h"

enum { WORKLOAD_SAMPLE_EVERY = 64 }; /* One operation of so many is timed alone. */

/* Message types of all workloads; what they carry is said where they are sent. */
enum {
    WORKLOAD_GO = COGO_MSG_USER,
    WORKLOAD_PING,
    WORKLOAD_PONG,
    WORKLOAD_COUNT,  /* Asks for a number. */
    WORKLOAD_NUMBER, /* Carries one. */
    WORKLOAD_OVER,
};

/* One run. The driver alone writes it; who started the driver reads it after the driver's end.
 */
typedef struct workload_outcome {
    uint64_t operations; /* To do. */
    uint64_t began_ns, ended_ns;
    bool right;         /* All was done, and checked. */
    histogram *samples; /* In ns. Only the driver adds to it. */
} workload_outcome;

/* Argument of every driver. */
typedef struct workload_args {
    workload_outcome *outcome;
} workload_args;

/* Spawns an actor that ends with the running one. False: failed, and the driver fails too. */
bool workload_spawn(cogo_context *ctx, const cogo_behavior *behavior, const void *args,
                    size_t args_size_bytes, cogo_actor_id *out_id);
/* As workload_spawn(), for an actor that ends by itself. */
bool workload_spawn_free(cogo_context *ctx, const cogo_behavior *behavior, const void *args,
                         size_t args_size_bytes, cogo_actor_id *out_id);

/* A message without payload, and one that carries a number. */
cogo_err workload_send(cogo_context *ctx, cogo_actor_id to, cogo_msg_type type);
cogo_err workload_send_number(cogo_context *ctx, cogo_actor_id to, cogo_msg_type type,
                              uint64_t number);
uint64_t workload_number(cogo_msg *msg);

/* The clock starts, and stops. */
void workload_begin(cogo_context *ctx, workload_outcome *outcome);
void workload_end(cogo_context *ctx, workload_outcome *outcome);
/* The driver ends, and all that are linked to it; @p right: the work was done. */
void workload_finish(cogo_context *ctx, workload_outcome *outcome, bool right);

extern const cogo_behavior workload_ping_pong, workload_thread_ring, workload_counting,
    workload_fork_join, workload_create, workload_chameneos, workload_big, workload_n_to_1,
    workload_skynet, workload_chain, workload_ask, workload_monitored;

#endif
