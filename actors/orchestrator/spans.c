#include "actors/orchestrator/spans.h"

#include "codec/contract/trace_context.h"

#include <stdio.h>
#include <string.h>

enum { ATTRIBUTES_MAX = 8 };

/* The span of a task has a number that follows from its id, and that of an attempt from its
 * lease as well: so nothing has to be remembered, also not across a restart. */
static uint64_t number_of(const char *task_id, int64_t salt)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)salt;
    for (; *task_id != '\0'; task_id++) {
        hash = (hash ^ (unsigned char)*task_id) * UINT64_C(0x100000001b3);
    }
    hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 33;
}

/* The trace of @p t, with the span that it is below. One without a caller's context, as after a
 * restart, has a trace of its own. */
static void context_of(const orc *o, const orc_task *t, trace_context *out)
{
    if (!trace_context_parse(t->traceparent, out)) {
        trace_context_begin(out, number_of(t->record->task_id, -1),
                            number_of(t->record->task_id, -2), o->config.trace_ratio);
    }
}

static bool collects(const orc *o)
{
    return cogo_actor_id_is_set(o->config.spans);
}

const char *orc_spans_traceparent(orc *o, const orc_task *t, int64_t lease)
{
    trace_context context;
    char *out = collects(o) ? cogo_arena_alloc(&o->scratch, TRACEPARENT_SIZE) : NULL;
    if (out == NULL) {
        return t->traceparent;
    }
    context_of(o, t, &context);
    span_id_format(number_of(t->record->task_id, lease), context.span_id);
    trace_context_format(&context, out);
    return out;
}

void orc_spans_trace_id(const orc *o, const orc_task *t, char out[40])
{
    trace_context context;
    context_of(o, t, &context);
    memcpy(out, context.trace_id, sizeof context.trace_id);
}

static void send(orc *o, const orc_task *t, const trace_context *context, span *s)
{
    const task *r = t->record;
    span_attribute all[ATTRIBUTES_MAX] = {{.key = "cogo.task.id", .text = r->task_id},
                                          {.key = "cogo.role", .text = r->role},
                                          {.key = "cogo.task.attempt", .number = r->attempt}};
    size_t count = 3;
    const char *const more[][2] = {
        {"cogo.worker.id", r->attempt > 0 ? r->worker_id : NULL},
        {"cogo.workflow.id", r->workflow_id},
        {"cogo.tenant", r->tenant},
    };
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        if (more[i][1] != NULL) {
            all[count++] = (span_attribute){.key = more[i][0], .text = more[i][1]};
        }
    }
    all[count++] =
        (span_attribute){.key = "cogo.task.state", .text = task_state_names[r->state]};
    s->trace_id = context->trace_id;
    s->attributes = (cogo_records){.items = all, .count = count};
    s->end_ns = s->end_ns < s->start_ns ? s->start_ns : s->end_ns;
    if (cogo_send(o->ctx, o->config.spans, cogo_msg_create_record(o->system, MSG_SPAN, s))
        != COGO_OK) {
        o->spans_dropped++;
    }
}

/* What a state is called as a phase. */
static const char *phase_of(int32_t state)
{
    switch ((task_state)state) {
    case TASK_BLOCKED:
        return "blocked";
    case TASK_QUEUED:
        return "queued";
    case TASK_SCHEDULED:
        return "dispatch";
    case TASK_RUNNING:
        return "run";
    case TASK_RETRYING:
        return "backoff";
    case TASK_SUCCEEDED:
    case TASK_PARTIAL:
    case TASK_FAILED:
    case TASK_CANCELLED:
    case TASK_EXPIRED:
    case TASK_DEADLETTERED:
    case TASK_STATE_COUNT:
        break;
    }
    return NULL; // What has ended takes no time.
}

static bool with_worker(int32_t state)
{
    return state == TASK_SCHEDULED || state == TASK_RUNNING;
}

static int64_t ns(int64_t ms)
{
    return ms * (int64_t)NS_PER_MS;
}

static void send_attempt(orc *o, const orc_task *t, const trace_context *context,
                         const char *task_span, const char *attempt_span, int64_t since_ms)
{
    const task *r = t->record;
    bool failed = !life_succeeded(r->state);
    int64_t began_ms = t->run != NULL ? t->run->offered_wall : since_ms;
    span attempt = {.span_id = attempt_span,
                    .parent_id = task_span,
                    .name = cogo_arena_printf(&o->scratch, "attempt %s", r->role),
                    .start_ns = ns(began_ms),
                    .end_ns = ns(r->updated_at),
                    .error =
                        failed ? r->error != NULL ? r->error : "it did not succeed" : NULL};
    send(o, t, context, &attempt);
}

void orc_spans_moved(orc *o, const orc_task *t, int32_t before, int64_t since_ms)
{
    const task *r = t->record;
    trace_context context;
    char task_span[SPAN_ID_SIZE], attempt_span[SPAN_ID_SIZE], phase_span[SPAN_ID_SIZE];
    const char *name = phase_of(before);
    if (!collects(o) || name == NULL) {
        return;
    }
    context_of(o, t, &context);
    if (!context.sampled) {
        return;
    }
    bool at_worker = with_worker(before);
    span_id_format(number_of(r->task_id, 0), task_span);
    span_id_format(number_of(r->task_id, t->lease), attempt_span);
    span_id_format(cogo_system_random(o->system), phase_span);
    span phase = {.span_id = phase_span,
                  .parent_id = at_worker ? attempt_span : task_span,
                  .name = name,
                  .start_ns = ns(since_ms),
                  .end_ns = ns(r->updated_at)};
    send(o, t, &context, &phase);
    if (at_worker && !with_worker(r->state)) {
        send_attempt(o, t, &context, task_span, attempt_span, since_ms);
    }
    if (life_ended(r->state)) {
        span whole = {.span_id = task_span,
                      .parent_id = context.span_id[0] != '\0' ? context.span_id : NULL,
                      .name = cogo_arena_printf(&o->scratch, "task %s", r->role),
                      .start_ns = ns(r->created_at),
                      .end_ns = ns(r->updated_at),
                      .error = life_succeeded(r->state) ? NULL
                               : r->error != NULL       ? r->error
                                                        : task_state_names[r->state]};
        send(o, t, &context, &whole);
    }
}

void orc_spans_metrics(orc *o, metric_list *list)
{
    if (collects(o)) {
        metric_list_family(list, "cogo_spans_refused_total",
                           "Spans of tasks that the exporter had no room for.", "counter");
        metric_list_sample(list, "", NULL, (double)o->spans_dropped);
    }
}
