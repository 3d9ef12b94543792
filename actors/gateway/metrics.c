#include "actors/gateway/metrics.h"

#include <cogo/system.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_value(FILE *out, double value)
{
    if (isinf(value)) {
        fputs(value > 0 ? "+Inf\n" : "-Inf\n", out);
    } else if (isnan(value)) {
        fputs("NaN\n", out);
    } else {
        fprintf(out, "%.15g\n", value);
    }
}

static void write_head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_one(FILE *out, const char *name, const char *type, const char *help,
                      double value)
{
    write_head(out, name, type, help);
    fprintf(out, "%s ", name);
    write_value(out, value);
}

static void write_family(FILE *out, const metric_family *f)
{
    const metric_sample *samples = f->samples.items;
    write_head(out, f->name, f->type != NULL ? f->type : "untyped",
               f->help != NULL ? f->help : "");
    for (size_t i = 0; i < f->samples.count; i++) {
        const metric_sample *s = &samples[i];
        const char *suffix = s->suffix != NULL ? s->suffix : "";
        if (s->labels != NULL && s->labels[0] != '\0') {
            fprintf(out, "%s%s{%s} ", f->name, suffix, s->labels);
        } else {
            fprintf(out, "%s%s ", f->name, suffix);
        }
        write_value(out, s->value);
    }
}

/* Bucket i of the runtime holds waits below 2^i microseconds that no smaller one holds. */
static void write_waits(FILE *out, const cogo_system_stats *stats)
{
    enum { BUCKETS = sizeof stats->wait_us_log2 / sizeof stats->wait_us_log2[0] };
    uint64_t sum = 0;
    write_head(out, "cogo_mailbox_wait_seconds", "histogram",
               "Time from enqueue to dispatch of sampled messages.");
    for (int i = 0; i < BUCKETS - 1; i++) {
        sum += stats->wait_us_log2[i];
        fprintf(out, "cogo_mailbox_wait_seconds_bucket{le=\"%.9g\"} %llu\n", ldexp(1e-6, i),
                (unsigned long long)sum);
    }
    sum += stats->wait_us_log2[BUCKETS - 1];
    fprintf(out, "cogo_mailbox_wait_seconds_bucket{le=\"+Inf\"} %llu\n",
            (unsigned long long)sum);
    fprintf(out, "cogo_mailbox_wait_seconds_sum %.9g\n", (double)stats->wait_sum_ns / 1e9);
    fprintf(out, "cogo_mailbox_wait_seconds_count %llu\n", (unsigned long long)sum);
}

static void write_runtime(FILE *out, cogo_system *system)
{
    cogo_system_stats stats;
    memset(&stats, 0, sizeof stats);
    cogo_system_stats_read(system, &stats);
    write_one(out, "cogo_actors", "gauge", "Actors that are alive.", (double)stats.actors);
    write_one(out, "cogo_mailbox_depth", "gauge", "Messages that wait in mailboxes.",
              (double)stats.mailbox_depth);
    write_waits(out, &stats);
    write_one(out, "cogo_lanes", "gauge", "Scheduler threads.", stats.lane_count);
    write_one(out, "cogo_messages_total", "counter", "Messages handled by actors.",
              (double)stats.messages_handled);
    write_one(out, "cogo_dead_letters_total", "counter", "Messages that no actor got.",
              (double)stats.dead_letters);
    write_one(out, "cogo_actor_restarts_total", "counter", "Restarts by supervisors.",
              (double)stats.restarts);
}

static void write_requests(FILE *out, counts *c)
{
    counts_item *items = calloc(COUNTS_MAX, sizeof *items);
    size_t used = items != NULL ? counts_read(c, items, COUNTS_MAX) : 0;
    write_head(out, "cogo_orchestration_requests_total", "counter",
               "Requests to the HTTP door by method, route and status code.");
    for (size_t i = 0; i < used; i++) {
        fprintf(
            out,
            "cogo_orchestration_requests_total{method=\"%s\",route=\"%s\",code=\"%d\"} %llu\n",
            http_method_name(items[i].method), items[i].route, items[i].code,
            (unsigned long long)items[i].value);
    }
    free(items);
}

char *metrics_text(const desk *d, const metrics *from_orchestrator)
{
    char *text = NULL;
    size_t size = 0;
    const metric_family *families = from_orchestrator->families.items;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < from_orchestrator->families.count; i++) {
        write_family(out, &families[i]);
    }
    write_runtime(out, d->system);
    write_requests(out, d->counts);
    write_head(out, "cogo_build_info", "gauge", "1, with the version of this program.");
    fprintf(out, "cogo_build_info{version=\"%s\"} 1\n", cogo_version());
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
