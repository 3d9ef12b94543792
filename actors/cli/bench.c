/* cogo bench: how fast the runtime is on this machine. */
#include "bench/bench.h"

#include "actors/cli/bench_durable.h"
#include "actors/cli/cli.h"
#include "actors/cli/output.h"
#include "bench/burners.h"
#include "codec/contract/names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { BENCH_NAMES_MAX = 32 };

static bool number_of(const args *a, const char *name, unsigned long min, unsigned long max,
                      uint32_t *out)
{
    const char *text = args_value(a, name);
    char *end = NULL;
    unsigned long value = text != NULL ? strtoul(text, &end, 10) : 0;
    if (text != NULL
        && (text[0] < '0' || text[0] > '9' || *end != '\0' || value < min || value > max)) {
        (void)cli_fail(CLI_USAGE, "--%s takes a number from %lu to %lu, not '%s'", name, min,
                       max, text);
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

static json_t *share_of(const bench_result *r, double value)
{
    return r->sampled ? json_real(value) : json_null();
}

/* What only some workloads have. */
static void add_json(json_t *line, const bench_result *r)
{
    if (r->mode != NULL) {
        (void)json_object_set_new(line, "rate", json_integer((json_int_t)r->rate));
        (void)json_object_set_new(line, "mode", json_string(r->mode));
    }
    if (r->size_bytes != 0) {
        (void)json_object_set_new(line, "size", json_integer((json_int_t)r->size_bytes));
    }
    if (r->bench->base != NULL) {
        (void)json_object_set_new(line, "base", json_string(r->bench->base));
        (void)json_object_set_new(line, "base_median", json_real(r->base_median));
        (void)json_object_set_new(line, "ratio", json_real(r->median / r->base_median));
    }
}

/* One line per result, so that a file of them can grow and be read line by line. */
static void print_json(const bench_result *r)
{
    char machine[BENCH_TEXT_SIZE];
    bench_machine(machine);
    json_t *line =
        json_pack("{s:s, s:i, s:s, s:f, s:f, s:f, s:i, s:o, s:o, s:o, s:s, s:s, s:s}", "bench",
                  r->bench->name, "lanes", (int)r->lanes, "unit", r->bench->unit, "median",
                  r->median, "min", r->min, "max", r->max, "n", (int)r->runs, "p50",
                  share_of(r, r->p50), "p99", share_of(r, r->p99), "p999", share_of(r, r->p999),
                  "commit", bench_commit(), "compiler", bench_compiler(), "machine", machine);
    add_json(line, r);
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6));
    puts(text != NULL ? text : "{}");
    free(text);
    json_decref(line);
}

static void print_row(const bench_result *r)
{
    printf("%-22s %5u %10.1f %10.1f %10.1f  %s", r->bench->name, r->lanes, r->median, r->min,
           r->max, r->bench->unit);
    if (r->mode != NULL) {
        printf(" %s", r->mode);
    }
    if (r->rate != 0) {
        printf(" %" PRIu64 "/s", r->rate);
    }
    if (r->size_bytes != 0) {
        printf(" of %" PRIu64 " bytes", r->size_bytes);
    }
    if (r->bench->base != NULL) {
        printf(" %.2f times %s", r->median / r->base_median, r->bench->base);
    }
    if (r->sampled) {
        printf(" p50 %.0f p99 %.0f p99.9 %.0f", r->p50, r->p99, r->p999);
    }
    putchar('\n');
}

/* Those that need more than the runtime. */
static const bench *const durable_benches[] = {&bench_durable, &bench_kept};
enum { DURABLE_COUNT = 2 };

static const bench *find(const char *name)
{
    for (size_t i = 0; i < DURABLE_COUNT; i++) {
        if (strcmp(name, durable_benches[i]->name) == 0) {
            return durable_benches[i];
        }
    }
    return bench_find(name);
}

static const bench *named(const char *name)
{
    const bench *found = find(name);
    if (found != NULL) {
        return found;
    }
    const char *known[BENCH_NAMES_MAX + 1] = {NULL};
    size_t count = 0;
    for (; bench_table[count].name != NULL && count < BENCH_NAMES_MAX - DURABLE_COUNT;
         count++) {
        known[count] = bench_table[count].name;
    }
    for (size_t i = 0; i < DURABLE_COUNT; i++) {
        known[count + i] = durable_benches[i]->name;
    }
    const char *near = NULL;
    if (names_nearest(name, known, &near, 1) == 1) {
        (void)cli_fail(CLI_USAGE, "no workload '%s' (did you mean '%s'?)", name, near);
    } else {
        (void)cli_fail(CLI_USAGE, "no workload '%s'; see cogo bench --list", name);
    }
    return NULL;
}

static cli_exit measure(const args *a, const bench *b, uint32_t lanes, uint32_t runs)
{
    bench_report report;
    char error[BENCH_ERROR_SIZE] = "";
    const bench_order order = {.lanes = lanes,
                               .runs = runs,
                               .operations = args_flag(a, "small") ? b->small : b->operations};
    if (bench_run(b, &order, &report, error) != COGO_OK) {
        return cli_fail(CLI_FAILED, "%s", error);
    }
    for (size_t i = 0; i < report.count; i++) {
        if (args_flag(a, "json")) {
            print_json(&report.results[i]);
        } else {
            print_row(&report.results[i]);
        }
    }
    (void)fflush(stdout);
    return CLI_OK;
}

/* Those named, or all. */
static cli_exit measure_all(const args *a, uint32_t lanes, uint32_t runs)
{
    cli_exit code = CLI_OK;
    if (!args_flag(a, "json")) {
        printf("%-22s %5s %10s %10s %10s  %s\n", "WORKLOAD", "LANES", "MEDIAN", "MIN", "MAX",
               "UNIT");
        (void)fflush(stdout);
    }
    for (size_t i = 0; i < a->positional_count && code == CLI_OK; i++) {
        code = measure(a, find(a->positionals[i]), lanes, runs);
    }
    for (const bench *b = bench_table;
         a->positional_count == 0 && b->name != NULL && code == CLI_OK; b++) {
        code = measure(a, b, lanes, runs);
    }
    if (a->positional_count == 0 && code == CLI_OK) {
        code = measure(a, &bench_durable, lanes, runs);
    }
    return code;
}

static cli_exit run(const args *a)
{
    uint32_t lanes = 0, runs = 0, burner_count = 0;
    if (!number_of(a, "lanes", 1, BENCH_LANES_MAX, &lanes)
        || !number_of(a, "runs", 1, BENCH_RUNS_MAX, &runs)
        || !number_of(a, "burners", 0, BURNERS_MAX, &burner_count)) {
        return CLI_USAGE;
    }
    if (args_flag(a, "list")) {
        for (const bench *b = bench_table; b->name != NULL; b++) {
            printf("%-22s %-14s %s\n", b->name, b->unit, b->doc);
        }
        for (size_t i = 0; i < DURABLE_COUNT; i++) {
            const bench *b = durable_benches[i];
            printf("%-22s %-14s %s\n", b->name, b->unit, b->doc);
        }
        return CLI_OK;
    }
    for (size_t i = 0; i < a->positional_count; i++) {
        if (named(a->positionals[i]) == NULL) {
            return CLI_USAGE;
        }
    }
    burners burning;
    if (!burners_start(burner_count, &burning)) {
        return cli_fail(CLI_FAILED, "can't start %u burners: %s", burner_count,
                        strerror(errno));
    }
    cli_exit code = measure_all(a, lanes, runs);
    burners_stop(&burning);
    return code;
}

static const args_option bench_options[] = {
    {.name = "lanes", .value = "N", .doc = "scheduler threads (default: one per CPU)"},
    {.name = "runs",
     .value = "N",
     .fallback = "5",
     .doc = "runs that count; one more goes before them"},
    {.name = "burners",
     .value = "N",
     .fallback = "0",
     .doc = "processes that only burn CPU meanwhile (2 per CPU: 200 %)"},
    {.name = "small", .doc = "few operations: to see that it works, not how fast it is"},
    {.name = "list", .doc = "only say what there is"},
    {.name = NULL},
};

const cli_command bench_commands[] = {
    {"bench", NULL, "[NAME...]", "measure the actor runtime on this machine", bench_options, 0,
     ARGS_POSITIONALS_MAX, run},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
