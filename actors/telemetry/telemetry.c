#include "actors/telemetry/telemetry.h"

#include "actors/llm/http.h"
#include "actors/telemetry/otlp.h"
#include "codec/contract/metric_text.h"

#include <cogo/system.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRIES_MAX = 6,      /* Of one batch; then it is given up. */
    RETRY_MIN_MS = 1000,  /* Doubled each time, and up to half of it less by chance. */
    RETRY_MAX_MS = 30000, /* Also of what the collector asks for. */
    LAST_MS = 3000,       /* For what is left when it stops. */
    ANSWER_MAX = 65536,   /* Bytes of an answer. */
    HEADER_MAX = 1024,    /* Bytes of one header. */
    TIMER_BATCH = 1,
    TIMER_RETRY = 2,
};

#define NS_PER_MS UINT64_C(1000000)

typedef struct exporter {
    telemetry_settings *settings; /* Own. */
    cogo_msg **queue;             /* Ring of spans, oldest first. */
    size_t first, count;
    size_t batch; /* Of them are being sent; 0: none. */
    int tries;    /* Of that batch. */
    bool waits;   /* For its next try. */
    bool timed;   /* The timer of the next batch runs. */
    bool failing;
    char why[200];
    uint64_t sent, dropped, failed;
} exporter;

static bool start_timer(cogo_context *ctx, uint64_t delay_ms, uint64_t cookie)
{
    uint64_t timer;
    return cogo_timer_start(ctx, delay_ms * NS_PER_MS, 0, cookie, &timer) == COGO_OK;
}

static size_t place(const exporter *e, size_t at)
{
    return (e->first + at) % (size_t)e->settings->queue_max;
}

static void forget(exporter *e, size_t count)
{
    for (; count > 0; count--) {
        cogo_msg_destroy(e->queue[e->first]);
        e->first = place(e, 1);
        e->count--;
    }
}

/* What became of one request. */
typedef enum outcome { SENT, REFUSED, AGAIN } outcome;

static outcome judge(exporter *e, http_outcome said, const http_response *answer,
                     uint64_t *out_after_ms)
{
    char after[24];
    int status = answer->status;
    if (said != HTTP_ANSWERED) {
        (void)snprintf(e->why, sizeof e->why, "%.160s", answer->error);
        return said == HTTP_INVALID ? REFUSED : AGAIN;
    }
    if (status >= 200 && status < 300) {
        return SENT;
    }
    (void)snprintf(e->why, sizeof e->why, "the collector answered %d", status);
    if (http_response_header(answer, "Retry-After", after, sizeof after)) {
        long seconds = strtol(after, NULL, 10);
        seconds = seconds < 0                     ? 0
                  : seconds > RETRY_MAX_MS / 1000 ? RETRY_MAX_MS / 1000
                                                  : seconds;
        *out_after_ms = (uint64_t)seconds * 1000;
    }
    return status == 429 || status == 502 || status == 503 || status == 504 ? AGAIN : REFUSED;
}

static outcome post(exporter *e, const char *text, uint64_t timeout_ms, int64_t *out_rejected,
                    uint64_t *out_after_ms)
{
    char lines[SETTINGS_PAIRS_MAX][HEADER_MAX];
    const char *headers[SETTINGS_PAIRS_MAX + 1] = {NULL};
    const settings_pairs *pairs = &e->settings->headers;
    for (size_t i = 0; i < pairs->count; i++) {
        (void)snprintf(lines[i], HEADER_MAX, "%s: %s", pairs->names[i], pairs->values[i]);
        headers[i] = lines[i];
    }
    http_response answer;
    http_request request = {.method = "POST",
                            .url = e->settings->url,
                            .body = text,
                            .body_size = strlen(text),
                            .headers = headers,
                            .timeout_ms = timeout_ms,
                            .response_limit = ANSWER_MAX};
    http_outcome said = http_send(&request, &answer);
    outcome result = judge(e, said, &answer, out_after_ms);
    *out_rejected = result == SENT ? otlp_rejected(answer.body, answer.body_size) : 0;
    http_response_finish(&answer);
    return result;
}

/* NULL: out of memory. */
static char *encode(const exporter *e, size_t count)
{
    const span **spans = calloc(count, sizeof(const span *));
    for (size_t i = 0; i < count && spans != NULL; i++) {
        spans[i] = cogo_msg_payload(e->queue[place(e, i)]);
    }
    char *text = spans == NULL ? NULL : otlp_request(e->settings, spans, count);
    free(spans);
    return text;
}

static void tell(cogo_context *ctx, exporter *e, bool failing)
{
    if (failing && !e->failing) {
        cogo_log(cogo_context_system(ctx), COGO_LOG_WARN, "spans can't be exported: %s",
                 e->why);
    } else if (!failing && e->failing) {
        cogo_log(cogo_context_system(ctx), COGO_LOG_INFO, "spans are exported again");
    }
    e->failing = failing;
}

static bool wait_for_next_try(cogo_context *ctx, exporter *e, uint64_t after_ms)
{
    uint64_t delay_ms = (uint64_t)RETRY_MIN_MS << (e->tries - 1);
    delay_ms = delay_ms > RETRY_MAX_MS ? RETRY_MAX_MS : delay_ms;
    delay_ms -= cogo_system_random(cogo_context_system(ctx)) % (delay_ms / 2);
    e->waits = start_timer(ctx, after_ms > delay_ms ? after_ms : delay_ms, TIMER_RETRY);
    return e->waits;
}

static void finish_batch(exporter *e, bool sent, int64_t rejected)
{
    uint64_t lost = !sent                           ? e->batch
                    : (uint64_t)rejected < e->batch ? (uint64_t)rejected
                                                    : e->batch;
    e->failed += lost;
    e->sent += e->batch - lost;
    forget(e, e->batch);
    e->batch = 0;
}

/* One request, with the batch in hand or the next one. True: it is dealt with. */
static bool send_batch(cogo_context *ctx, exporter *e, uint64_t timeout_ms, bool last)
{
    uint64_t after_ms = 0;
    int64_t rejected = 0;
    if (e->batch == 0) {
        size_t most = (size_t)e->settings->batch_max;
        e->batch = e->count < most ? e->count : most;
        e->tries = 0;
    }
    char *text = encode(e, e->batch);
    outcome result = text == NULL ? REFUSED : post(e, text, timeout_ms, &rejected, &after_ms);
    free(text);
    e->tries++;
    tell(ctx, e, result != SENT);
    if (result == AGAIN && !last && e->tries <= RETRIES_MAX
        && wait_for_next_try(ctx, e, after_ms)) {
        return false;
    }
    finish_batch(e, result == SENT, rejected);
    return true;
}

static void flush(cogo_context *ctx, exporter *e, bool all)
{
    size_t least = all ? 1 : (size_t)e->settings->batch_max;
    while (!e->waits && e->count >= least
           && send_batch(ctx, e, (uint64_t)e->settings->timeout_ms, false)) {
    }
}

static void take_span(cogo_context *ctx, exporter *e, cogo_msg *msg)
{
    if (e->count == (size_t)e->settings->queue_max) {
        e->dropped++; // The newest: what waits is nearer to being sent.
        return;
    }
    cogo_msg_take(ctx, msg);
    e->queue[place(e, e->count++)] = msg;
    if (!e->timed) {
        e->timed = start_timer(ctx, (uint64_t)e->settings->delay_ms, TIMER_BATCH);
    }
}

static void answer(cogo_context *ctx, const cogo_msg *msg, cogo_msg_type type,
                   const void *record)
{
    (void)cogo_reply(ctx, msg, cogo_msg_create_record(cogo_context_system(ctx), type, record));
}

static void answer_metrics(cogo_context *ctx, const cogo_msg *msg, const exporter *e)
{
    static const char *const outcomes[] = {"sent", "dropped", "failed"};
    static const char *const name = "outcome";
    const uint64_t counts[] = {e->sent, e->dropped, e->failed};
    cogo_arena arena;
    metric_list list;
    metrics all = {0};
    cogo_arena_init(&arena, 0);
    metric_list_init(&list, &arena);
    metric_list_family(
        &list, "cogo_otlp_spans_total",
        "Spans for the collector: sent, dropped because too many waited, failed.", "counter");
    for (size_t i = 0; i < 3; i++) {
        metric_list_sample(&list, "", metric_labels(&arena, &name, &outcomes[i], 1),
                           (double)counts[i]);
    }
    metric_list_family(&list, "cogo_otlp_queue", "Spans that wait for the collector.", "gauge");
    metric_list_sample(&list, "", NULL, (double)e->count);
    if (metric_list_finish(&list, &all) == COGO_OK) {
        answer(ctx, msg, MSG_METRICS, &all);
    }
    cogo_arena_finish(&arena);
}

/* A collector that is away makes nothing unready. */
static void answer_health(cogo_context *ctx, const cogo_msg *msg, const exporter *e)
{
    char text[256];
    const char *check = text;
    (void)snprintf(text, sizeof text, "spans: %s%s", e->failing ? "failing: " : "ok",
                   e->failing ? e->why : "");
    answer(ctx, msg, MSG_HEALTH, &(health){.ready = true, .checks = {&check, 1}});
}

static void on_timer(cogo_context *ctx, exporter *e, const cogo_timer_fired *fired)
{
    if (fired->cookie == TIMER_RETRY) {
        e->waits = false;
        if (!send_batch(ctx, e, (uint64_t)e->settings->timeout_ms, false)) {
            return;
        }
        flush(ctx, e, false);
    } else {
        e->timed = false;
        flush(ctx, e, true);
    }
    if (e->count > 0 && !e->timed) {
        e->timed = start_timer(ctx, (uint64_t)e->settings->delay_ms, TIMER_BATCH);
    }
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    exporter *e = state;
    (void)ctx;
    memcpy(&e->settings, args, sizeof e->settings);
    e->queue = calloc((size_t)e->settings->queue_max, sizeof(cogo_msg *));
    return e->queue == NULL ? COGO_ENOMEM : COGO_OK;
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    exporter *e = state;
    switch (cogo_msg_type_of(msg)) {
    case MSG_SPAN:
        take_span(ctx, e, msg);
        break;
    case COGO_MSG_TIMER:
        on_timer(ctx, e, cogo_msg_payload(msg));
        break;
    case MSG_METRICS_READ:
        answer_metrics(ctx, msg, e);
        break;
    case MSG_HEALTH_READ:
        answer_health(ctx, msg, e);
        break;
    default:
        break;
    }
    return COGO_OK;
}

/* Whole batches don't wait for the timer. */
static cogo_err drained(cogo_context *ctx, void *state)
{
    flush(ctx, state, false);
    return COGO_OK;
}

static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    exporter *e = state;
    (void)reason;
    uint64_t end_ns = cogo_now_ns(ctx) + LAST_MS * NS_PER_MS;
    for (uint64_t now_ns; e->queue != NULL && e->count > 0
                          && (now_ns = cogo_now_ns(ctx)) < end_ns - NS_PER_MS;) {
        (void)send_batch(ctx, e, (end_ns - now_ns) / NS_PER_MS, true);
    }
    forget(e, e->queue == NULL ? 0 : e->count);
    free(e->queue);
    free(e->settings);
}

cogo_err telemetry_start(cogo_system *system, telemetry_settings *settings,
                         cogo_actor_id *out_id)
{
    static const cogo_behavior behavior = {.struct_size = sizeof(cogo_behavior),
                                           .name = "telemetry",
                                           .state_size_bytes = sizeof(exporter),
                                           .start = start,
                                           .receive = receive,
                                           .drained = drained,
                                           .stop = stop};
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &behavior,
                                  .args = &settings,
                                  .args_size_bytes = sizeof settings,
                                  .name = behavior.name,
                                  .mailbox_limit = (uint32_t)settings->queue_max,
                                  .flags = COGO_SPAWN_DETACHED};
    cogo_err err = cogo_system_spawn(system, &options, out_id);
    if (err != COGO_OK) {
        free(settings);
    }
    return err;
}
