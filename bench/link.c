/* Two processes, a link over loopback TCP between them: how long a round trip takes, and how
 * many messages a second reach the actor at the other end. */
#include "bench/far.h"
#include "bench/measure.h"
#include "bench/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SMALL = 64, /* Bytes of a message. */
    KILO = 1024,
    LARGE = 65536,
    TRIES = 10000, /* To see the link. */
    TRY_NS = 1000000,
    IN_FLIGHT = 1000000, /* Bytes sent and not yet counted: just below the default queue. */
    HEAD = 64,           /* Bytes that the queue counts besides the payload. */
    ACKS = 4,            /* The count is told so many times within what is in flight. */
};
#define SECOND_NS  (UINT64_C(1000) * 1000 * 1000)
#define RUN_NS_MAX (120 * SECOND_NS)

typedef struct link_args {
    workload_outcome *outcome;
    cogo_actor_id far;
    uint64_t size_bytes;
} link_args;

/* --- Round trips. ------------------------------------------------------------------------ */

typedef struct pinger {
    link_args args;
    uint64_t left, sent_ns;
} pinger;

static cogo_err send_sized(cogo_context *ctx, const link_args *args, cogo_msg_type type)
{
    cogo_msg *msg = cogo_msg_create(cogo_context_system(ctx), type, args->size_bytes);
    if (msg != NULL) {
        memset(cogo_msg_payload(msg), 1, args->size_bytes);
    }
    return cogo_send(ctx, args->far, msg);
}

static cogo_err ping(cogo_context *ctx, pinger *p)
{
    p->sent_ns = cogo_now_ns(ctx);
    return send_sized(ctx, &p->args, FAR_PING);
}

static cogo_err pinger_start(cogo_context *ctx, void *state, const void *args)
{
    pinger *p = state;
    p->args = *(const link_args *)args;
    p->left = p->args.outcome->operations;
    workload_begin(ctx, p->args.outcome);
    return ping(ctx, p);
}

static cogo_err pinger_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    pinger *p = state;
    bool right = cogo_msg_type_of(msg) == FAR_PONG && cogo_msg_size(msg) == p->args.size_bytes;
    histogram_add(p->args.outcome->samples, cogo_now_ns(ctx) - p->sent_ns);
    if (right && --p->left > 0) {
        return ping(ctx, p);
    }
    workload_end(ctx, p->args.outcome);
    workload_finish(ctx, p->args.outcome, right);
    return COGO_OK;
}

static const cogo_behavior pinger_behavior = {.struct_size = sizeof pinger_behavior,
                                              .name = "bench.link.pinger",
                                              .state_size_bytes = sizeof(pinger),
                                              .start = pinger_start,
                                              .receive = pinger_receive};

/* --- One way. ---------------------------------------------------------------------------- */

typedef struct sender {
    link_args args;
    uint64_t sent, counted, most; /* `most`: sent and not yet counted. */
} sender;

static cogo_err send_more(cogo_context *ctx, sender *s)
{
    cogo_err err = COGO_OK;
    while (err == COGO_OK && s->sent < s->args.outcome->operations
           && s->sent - s->counted < s->most) {
        err = send_sized(ctx, &s->args, FAR_COUNT);
        s->sent++;
    }
    return err;
}

static cogo_err sender_start(cogo_context *ctx, void *state, const void *args)
{
    sender *s = state;
    s->args = *(const link_args *)args;
    uint64_t every = IN_FLIGHT / (s->args.size_bytes + HEAD) / ACKS;
    while (s->args.outcome->operations % every != 0) { // So that the last count is of all.
        every--;
    }
    s->most = every * ACKS;
    workload_begin(ctx, s->args.outcome);
    cogo_err err = workload_send_number(ctx, s->args.far, FAR_BEGIN, every);
    return err == COGO_OK ? send_more(ctx, s) : err;
}

static cogo_err sender_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    sender *s = state;
    s->counted = workload_number(msg);
    if (cogo_msg_type_of(msg) == FAR_COUNTED && s->counted < s->args.outcome->operations) {
        return send_more(ctx, s);
    }
    workload_end(ctx, s->args.outcome);
    workload_finish(ctx, s->args.outcome, s->counted == s->args.outcome->operations);
    return COGO_OK;
}

static const cogo_behavior sender_behavior = {.struct_size = sizeof sender_behavior,
                                              .name = "bench.link.sender",
                                              .state_size_bytes = sizeof(sender),
                                              .start = sender_start,
                                              .receive = sender_receive};

/* --- Both processes. --------------------------------------------------------------------- */

typedef struct link_scene {
    far there;
    cogo_system *system;
    cogo_actor_id far;
    uint32_t lanes;
    histogram samples;
} link_scene;

static cogo_err join(link_scene *s)
{
    const struct timespec pause = {.tv_nsec = TRY_NS};
    char address[32];
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", s->there.port);
    const cogo_node_config config = {
        .struct_size = sizeof config, .name = "near", .join = address};
    cogo_err err = far_types(s->system);
    err = err == COGO_OK ? cogo_node_start(s->system, &config) : err;
    uint32_t index = 0;
    for (int i = 0; i < TRIES && err == COGO_OK && index == 0; i++) {
        index = cogo_node_find(s->system, "far");
        if (index == 0) {
            (void)nanosleep(&pause, NULL);
        }
    }
    return err != COGO_OK ? err
           : index == 0   ? COGO_ETIMEOUT
                        : cogo_node_name_find(s->system, index, FAR_ACTOR, RUN_NS_MAX, &s->far);
}

/* False: an actor does not end, and keeps using the scene. */
static bool close_scene(link_scene *s)
{
    bool closed = true;
    if (s->system != NULL) {
        (void)cogo_node_stop(s->system, SECOND_NS);
        closed = measure_close(s->system);
    }
    far_stop(&s->there);
    return closed;
}

static cogo_err open_scene(uint32_t lanes, link_scene *s)
{
    cogo_err err = far_start(lanes, &s->there);
    if (err != COGO_OK) {
        return err;
    }
    err = measure_open(lanes, &s->system, &s->lanes);
    err = err == COGO_OK ? join(s) : err;
    if (err != COGO_OK) {
        (void)close_scene(s);
    }
    return err;
}

static cogo_err run_once(link_scene *s, const cogo_behavior *behavior, uint64_t size_bytes,
                         uint64_t operations, double *out_ns)
{
    histogram *samples = calloc(1, sizeof *samples);
    workload_outcome outcome = {.operations = operations, .samples = samples};
    const link_args args = {&outcome, s->far, size_bytes};
    const cogo_spawn_options options = {.struct_size = sizeof options,
                                        .behavior = behavior,
                                        .args = &args,
                                        .args_size_bytes = sizeof args};
    cogo_actor_id id;
    cogo_reason reason;
    cogo_err err = samples != NULL ? cogo_system_spawn(s->system, &options, &id) : COGO_ENOMEM;
    err = err == COGO_OK ? cogo_system_await(s->system, id, RUN_NS_MAX, &reason) : err;
    if (err == COGO_OK && outcome.right) {
        *out_ns = (double)(outcome.ended_ns - outcome.began_ns) / (double)operations;
        histogram_merge(&s->samples, samples);
    }
    free(samples);
    return err == COGO_OK && !outcome.right ? COGO_EFAULT : err;
}

/* All runs of one size; the first is not counted. */
static cogo_err measure_size(link_scene *s, const cogo_behavior *behavior, uint64_t size_bytes,
                             const bench_order *order, bench_result *out)
{
    double *values = calloc((size_t)order->runs + 1, sizeof *values);
    cogo_err err = values != NULL ? COGO_OK : COGO_ENOMEM;
    for (uint32_t i = 0; i <= order->runs && err == COGO_OK; i++) {
        memset(&s->samples, 0, i <= 1 ? sizeof s->samples : 0);
        err = run_once(s, behavior, size_bytes, order->operations, &values[i]);
    }
    if (err == COGO_OK) {
        out->lanes = s->lanes;
        out->size_bytes = size_bytes;
        measure_summarise(values + 1, order->runs, out);
        measure_share(&s->samples, out);
    }
    free(values);
    return err;
}

static cogo_err measure_all(const bench *b, const bench_order *order,
                            const cogo_behavior *behavior, size_t sizes, bench_report *out,
                            char error[BENCH_ERROR_SIZE])
{
    static const uint64_t size_bytes[] = {SMALL, KILO, LARGE};
    static const uint64_t share[] = {1, 2, 50}; // Large messages take longer.
    link_scene *s = calloc(1, sizeof *s);
    cogo_err err = s != NULL ? open_scene(order->lanes, s) : COGO_ENOMEM;
    bool open = err == COGO_OK;
    for (size_t i = 0; i < sizes && err == COGO_OK; i++) {
        bench_order each = *order;
        each.operations = order->operations / share[i] > 0 ? order->operations / share[i] : 1;
        out->results[i] = (bench_result){.bench = b};
        err = measure_size(s, behavior, size_bytes[i], &each, &out->results[i]);
        out->count = i + 1;
    }
    if (!open || close_scene(s)) {
        free(s);
    }
    return err == COGO_OK ? COGO_OK : measure_fail(b, err, cogo_strerror(err), error);
}

cogo_err measure_link_rtt(const bench *b, const bench_order *order, bench_report *out,
                          char error[BENCH_ERROR_SIZE])
{
    return measure_all(b, order, &pinger_behavior, 1, out, error);
}

cogo_err measure_link_throughput(const bench *b, const bench_order *order, bench_report *out,
                                 char error[BENCH_ERROR_SIZE])
{
    return measure_all(b, order, &sender_behavior, 3, out, error);
}
