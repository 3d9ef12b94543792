/* Dispatch latency. An open loop: this thread sends to idle actors at a fixed rate, whatever
 * they do. A message carries the time at which it should have been sent, so that a send that
 * comes late makes a late message (no coordinated omission). */
#include "bench/measure.h"
#include "bench/workload.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ACTORS = 16, WINDOWS = 4, LEAD_NS = 1000000, PAUSE_NS = 20000000 };
#define SECOND_NS UINT64_C(1000000000)
#define COUNT_NS  (60 * SECOND_NS)
#define FASTEST   UINT64_C(1000000) /* bench.operations is for this rate. */

/* `parked`: lanes have nothing else to do, and sleep when they want to. `awake`: two other
 * actors keep a lane turning. */
static const struct load {
    uint64_t rate; /* Messages a second. */
    const char *mode;
} loads[] = {{10000, "parked"}, {100000, "parked"}, {FASTEST, "parked"},
             {10000, "awake"},  {100000, "awake"},  {FASTEST, "awake"}};
enum { LOADS = sizeof loads / sizeof loads[0] };
_Static_assert((size_t)LOADS <= (size_t)BENCH_RESULTS_MAX, "each load has a result");

/* --- The idle actors, and those that keep a lane awake. ----------------------------------- */

typedef struct receiver {
    histogram *late;
    uint64_t seen;
} receiver;

static cogo_err receiver_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(&((receiver *)state)->late, args, sizeof(histogram *));
    return COGO_OK;
}

/* COUNT is an ask: how many came, those that only warmed up included. */
static cogo_err receiver_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    receiver *r = state;
    if (cogo_msg_type_of(msg) == WORKLOAD_COUNT) {
        cogo_msg *answer =
            cogo_msg_create(cogo_context_system(ctx), WORKLOAD_NUMBER, sizeof r->seen);
        if (answer != NULL) {
            memcpy(cogo_msg_payload(answer), &r->seen, sizeof r->seen);
        }
        return cogo_reply(ctx, msg, answer);
    }
    uint64_t now = cogo_now_ns(ctx), due = workload_number(msg);
    r->seen++;
    if (due != 0) {
        histogram_add(r->late, now > due ? now - due : 0);
    }
    return COGO_OK;
}

static const cogo_behavior receiver_behavior = {.struct_size = sizeof receiver_behavior,
                                                .name = "bench.receiver",
                                                .state_size_bytes = sizeof(receiver),
                                                .start = receiver_start,
                                                .receive = receiver_receive};

/* The first starts the second, which serves; the ball is in play until the system stops. */
static cogo_err player_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    return workload_send(ctx, cogo_msg_sender(msg), WORKLOAD_PING);
}

static cogo_err server_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    return workload_send(ctx, *(const cogo_actor_id *)args, WORKLOAD_PING);
}

static const cogo_behavior server = {.struct_size = sizeof server,
                                     .name = "bench.server",
                                     .start = server_start,
                                     .receive = player_receive};

static cogo_err player_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    (void)args;
    const cogo_actor_id self = cogo_self(ctx);
    cogo_actor_id other;
    (void)workload_spawn(ctx, &server, &self, sizeof self, &other);
    return COGO_OK;
}

static const cogo_behavior player = {.struct_size = sizeof player,
                                     .name = "bench.player",
                                     .start = player_start,
                                     .receive = player_receive};

/* --- The loop. ---------------------------------------------------------------------------- */

typedef struct court {
    cogo_system *system;
    cogo_actor_id actors[ACTORS];
    histogram late[ACTORS]; /* One per actor: they may run at the same time. */
} court;

static cogo_err spawn_all(court *c, const char *mode)
{
    cogo_err err = COGO_OK;
    cogo_actor_id id;
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &receiver_behavior};
    for (int i = 0; i < ACTORS && err == COGO_OK; i++) {
        histogram *late = &c->late[i];
        options.args = &late;
        options.args_size_bytes = sizeof late;
        err = cogo_system_spawn(c->system, &options, &c->actors[i]);
    }
    if (err == COGO_OK && strcmp(mode, "awake") == 0) {
        options = (cogo_spawn_options){.struct_size = sizeof options, .behavior = &player};
        err = cogo_system_spawn(c->system, &options, &id);
    }
    return err;
}

static cogo_err window(const court *c, uint64_t count, uint64_t step_ns, bool counts)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    uint64_t now = cogo_system_now_ns(c->system), due = now + LEAD_NS;
    cogo_err err = COGO_OK;
    for (uint64_t i = 0; i < count && err == COGO_OK; i++, due += step_ns) {
        uint64_t stamp = counts ? due : 0;
        cogo_msg *msg = cogo_msg_create(c->system, WORKLOAD_PING, sizeof stamp);
        if (msg != NULL) {
            memcpy(cogo_msg_payload(msg), &stamp, sizeof stamp);
        }
        while (now < due) { // Sleeping would come too late. Who is behind needs no clock.
            now = cogo_system_now_ns(c->system);
        }
        err = cogo_system_send(c->system, c->actors[i % ACTORS], msg);
    }
    (void)nanosleep(&pause, NULL);
    return err;
}

/* The answer comes after all that was sent before, so then the histograms are at rest. */
static cogo_err count_all(const court *c, uint64_t *out_seen)
{
    cogo_err err = COGO_OK;
    *out_seen = 0;
    for (int i = 0; i < ACTORS && err == COGO_OK; i++) {
        cogo_msg *answer = NULL;
        err = cogo_system_ask(c->system, c->actors[i],
                              cogo_msg_create(c->system, WORKLOAD_COUNT, 0), COUNT_NS, &answer);
        if (err == COGO_OK) {
            *out_seen += workload_number(answer);
            cogo_msg_destroy(answer);
        }
    }
    return err;
}

static cogo_err run_once(court *c, const struct load *load, uint64_t operations,
                         histogram *out_late)
{
    uint64_t each = operations * load->rate / FASTEST / WINDOWS, seen = 0;
    each = each == 0 ? 1 : each;
    cogo_err err = spawn_all(c, load->mode);
    for (int w = 0; w <= WINDOWS && err == COGO_OK; w++) { // The first warms up.
        err = window(c, each, SECOND_NS / load->rate, w > 0);
    }
    if (err == COGO_OK) {
        err = count_all(c, &seen);
    }
    for (int i = 0; i < ACTORS && err == COGO_OK; i++) {
        histogram_merge(out_late, &c->late[i]);
    }
    return err != COGO_OK                                                      ? err
           : seen == each * (WINDOWS + 1) && out_late->total == each * WINDOWS ? COGO_OK
                                                                               : COGO_EFAULT;
}

/* One load, all runs; the figure of a run is its median. */
static cogo_err measure_load(const bench_order *order, const struct load *load, double *values,
                             bench_result *out)
{
    cogo_err err = COGO_ENOMEM;
    court *c = malloc(sizeof *c);
    histogram *all = calloc(1, sizeof *all), *one = calloc(1, sizeof *one);
    bool closed = true;
    for (uint32_t i = 0; i < order->runs && c != NULL && all != NULL && one != NULL && closed;
         i++) {
        memset(c, 0, sizeof *c);
        memset(one, 0, sizeof *one);
        err = measure_open(order->lanes, &c->system, &out->lanes);
        if (err == COGO_OK) {
            err = run_once(c, load, order->operations, one);
            closed = measure_close(c->system);
        }
        if (err != COGO_OK) {
            break;
        }
        values[i] = (double)histogram_at(one, 0.5);
        histogram_merge(all, one);
    }
    if (err == COGO_OK) {
        out->rate = load->rate;
        out->mode = load->mode;
        measure_summarise(values, order->runs, out);
        measure_share(all, out);
        out->min = (double)all->min;
        out->max = (double)all->max;
    }
    free(all);
    free(one);
    if (closed) { // Else an actor still has its histogram.
        free(c);
    }
    return err;
}

cogo_err measure_dispatch(const bench *b, const bench_order *order, bench_report *out,
                          char error[BENCH_ERROR_SIZE])
{
    double *values = calloc(order->runs, sizeof *values);
    cogo_err err = values != NULL ? COGO_OK : COGO_ENOMEM;
    for (size_t i = 0; i < LOADS && err == COGO_OK; i++) {
        out->results[i] = (bench_result){.bench = b};
        err = measure_load(order, &loads[i], values, &out->results[i]);
        out->count = i + 1;
    }
    free(values);
    return err == COGO_OK ? COGO_OK : measure_fail(b, err, cogo_strerror(err), error);
}
