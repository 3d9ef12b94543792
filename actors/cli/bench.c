/* cogo bench: how fast the runtime is on this machine. */
#include "bench/bench.h"

#include "actors/cli/cli.h"
#include "actors/cli/output.h"
#include "codec/contract/names.h"

#include <stdlib.h>

enum { BENCH_NAMES_MAX = 32 };

static bool number_of(const args *a, const char *name, unsigned long max, uint32_t *out)
{
    const char *text = args_value(a, name);
    char *end = NULL;
    unsigned long value = text != NULL ? strtoul(text, &end, 10) : 0;
    if (text != NULL && (text[0] < '0' || text[0] > '9' || *end != '\0' || value > max)) {
        (void)cli_fail(CLI_USAGE, "--%s takes a number up to %lu, not '%s'", name, max, text);
        return false;
    }
    *out = (uint32_t)value;
    return true;
}

static json_t *share_of(const bench_result *r, double value)
{
    return r->sampled ? json_real(value) : json_null();
}

/* One line per result, so that a file of them can grow and be read line by line. */
static void print_json(const bench_result *r)
{
    json_t *line = json_pack(
        "{s:s, s:i, s:s, s:f, s:f, s:f, s:i, s:o, s:o, s:o, s:s}", "bench", r->bench->name,
        "lanes", (int)r->lanes, "unit", r->bench->unit, "median", r->median, "min", r->min,
        "max", r->max, "n", (int)r->runs, "p50", share_of(r, r->p50), "p99",
        share_of(r, r->p99), "p999", share_of(r, r->p999), "commit", bench_commit());
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6));
    puts(text != NULL ? text : "{}");
    free(text);
    json_decref(line);
}

static void print_row(const bench_result *r)
{
    printf("%-22s %5u %10.1f %10.1f %10.1f  %s", r->bench->name, r->lanes, r->median, r->min,
           r->max, r->bench->unit);
    if (r->sampled) {
        printf(" p50 %.0f p99 %.0f p99.9 %.0f", r->p50, r->p99, r->p999);
    }
    putchar('\n');
}

static const bench *named(const char *name)
{
    const bench *found = bench_find(name);
    if (found != NULL) {
        return found;
    }
    const char *known[BENCH_NAMES_MAX + 1] = {NULL};
    for (size_t i = 0; bench_table[i].name != NULL && i < BENCH_NAMES_MAX; i++) {
        known[i] = bench_table[i].name;
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
    bench_result result;
    char error[BENCH_ERROR_SIZE] = "";
    uint64_t operations = args_flag(a, "small") ? b->small : b->operations;
    if (bench_run(b, lanes, runs, operations, &result, error) != COGO_OK) {
        return cli_fail(CLI_FAILED, "%s", error);
    }
    if (args_flag(a, "json")) {
        print_json(&result);
    } else {
        print_row(&result);
    }
    (void)fflush(stdout);
    return CLI_OK;
}

static cli_exit run(const args *a)
{
    uint32_t lanes = 0, runs = 0;
    if (!number_of(a, "lanes", BENCH_LANES_MAX, &lanes)
        || !number_of(a, "runs", BENCH_RUNS_MAX, &runs)) {
        return CLI_USAGE;
    }
    if (args_flag(a, "list")) {
        for (const bench *b = bench_table; b->name != NULL; b++) {
            printf("%-22s %-14s %s\n", b->name, b->unit, b->doc);
        }
        return CLI_OK;
    }
    for (size_t i = 0; i < a->positional_count; i++) {
        if (named(a->positionals[i]) == NULL) {
            return CLI_USAGE;
        }
    }
    if (!args_flag(a, "json")) {
        printf("%-22s %5s %10s %10s %10s  %s\n", "WORKLOAD", "LANES", "MEDIAN", "MIN", "MAX",
               "UNIT");
    }
    cli_exit code = CLI_OK;
    for (size_t i = 0; i < a->positional_count && code == CLI_OK; i++) {
        code = measure(a, bench_find(a->positionals[i]), lanes, runs);
    }
    for (const bench *b = bench_table;
         a->positional_count == 0 && b->name != NULL && code == CLI_OK; b++) {
        code = measure(a, b, lanes, runs);
    }
    return code;
}

static const args_option bench_options[] = {
    {.name = "lanes", .value = "N", .doc = "scheduler threads (default: one per CPU)"},
    {.name = "runs",
     .value = "N",
     .fallback = "5",
     .doc = "runs that count; one more goes before them"},
    {.name = "small", .doc = "few operations: to see that it works, not how fast it is"},
    {.name = "list", .doc = "only say what there is"},
    {.name = NULL},
};

const cli_command bench_commands[] = {
    {"bench", NULL, "[NAME...]", "measure the actor runtime on this machine", bench_options, 0,
     ARGS_POSITIONALS_MAX, run},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
