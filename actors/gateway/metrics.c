#include "actors/gateway/metrics.h"

#include "actors/gateway/metrics_runtime.h"

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

static void write_families(FILE *out, const metrics *all)
{
    const metric_family *families = all->families.items;
    for (size_t i = 0; i < all->families.count; i++) {
        write_family(out, &families[i]);
    }
}

/* False: out of memory. */
static bool write_runtime(FILE *out, cogo_system *system)
{
    cogo_arena arena;
    metrics own;
    cogo_arena_init(&arena, 0);
    bool ok = metrics_runtime(system, &arena, &own) == COGO_OK;
    if (ok) {
        write_families(out, &own);
    }
    cogo_arena_finish(&arena);
    return ok;
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

static void write_door(FILE *out, const desk *d)
{
    write_head(out, "cogo_http_accept_rests_total", "counter",
               "Times that there was no descriptor or memory for a new connection.");
    fprintf(out, "cogo_http_accept_rests_total %llu\n",
            (unsigned long long)counts_rests(d->counts));
    write_head(out, "cogo_websockets", "gauge", "Open WebSockets.");
    fprintf(out, "cogo_websockets %zu\n", d->socket_count);
    write_head(out, "cogo_websocket_frames_total", "counter", "Messages that WebSockets sent.");
    fprintf(out, "cogo_websocket_frames_total %llu\n", (unsigned long long)d->socket_frames);
    write_head(out, "cogo_rate_limited_total", "counter",
               "Requests and frames refused because there were too many, by door.");
    fprintf(out,
            "cogo_rate_limited_total{door=\"http\"} %llu\n"
            "cogo_rate_limited_total{door=\"ws\"} %llu\n",
            (unsigned long long)d->rates->refused,
            (unsigned long long)d->socket_rates->refused);
    if (cogo_actor_id_is_set(d->spans)) {
        write_head(out, "cogo_http_spans_refused_total", "counter",
                   "Spans of requests that the exporter had no room for.");
        fprintf(out, "cogo_http_spans_refused_total %llu\n",
                (unsigned long long)d->spans_refused);
    }
}

char *metrics_text(const desk *d, const void *const *all, size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        write_families(out, all[i]);
    }
    bool failed = !write_runtime(out, d->system);
    write_requests(out, d->counts);
    write_door(out, d);
    write_head(out, "cogo_build_info", "gauge", "1, with the version of this program.");
    fprintf(out, "cogo_build_info{version=\"%s\"} 1\n", cogo_version());
    failed = failed || ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
