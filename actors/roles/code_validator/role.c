/* The role code-validator: four dimensions at the same time, one list of findings, one verdict.
 */
#include "actors/roles/code_validator/defines.h"
#include "actors/roles/code_validator/dimension.h"
#include "actors/roles/code_validator/gcc.h"
#include "actors/roles/sarif.h"
#include "actors/roles/security_scanner/sast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const role role_code_validator;

#define BUDGET_MS 45000u

static const char *const tools[] = {"gcc",    "clang-tidy", "cppcheck", "flawfinder",
                                    "bandit", "shellcheck", "python3",  "bash",
                                    "node",   "pyflakes3",  "mypy",     NULL};

/* Whose evidence is shown with which dimension. */
static const char *const dimension_tools[FINDING_DIMENSIONS][10] = {
    [FINDING_SYNTAX] = {"gcc", "python", "bash -n", "node --check", "json", NULL},
    [FINDING_SEMANTICS] = {"gcc -fanalyzer", "g++ -Wall", "clang-tidy", "pyflakes3", "mypy",
                           "shellcheck", NULL},
    [FINDING_ARCHITECTURE] = {"architecture", NULL},
    [FINDING_SECURITY] = {"cppcheck", "flawfinder", "bandit", "shellcheck", "python rules",
                          "c rules", "secrets", NULL},
};

typedef struct validation {
    dimension_job jobs[FINDING_DIMENSIONS];
    bool wanted[FINDING_DIMENSIONS];
    pthread_mutex_t lock;
    unsigned total, done;
} validation;

typedef struct dimension_task {
    validation *v;
    finding_dimension dimension;
} dimension_task;

static bool read_dimensions(role_job *job, bool wanted[FINDING_DIMENSIONS])
{
    json_t *list = json_object_get(job->context, "dimensions");
    for (size_t i = 0; i < FINDING_DIMENSIONS; i++) {
        wanted[i] = list == NULL || json_is_null(list);
    }
    if (list == NULL || json_is_null(list)) {
        return true;
    }
    size_t i = 0;
    json_t *item = NULL;
    bool any = false;
    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(item);
        bool known = false;
        for (int k = 0; name != NULL && k < FINDING_DIMENSIONS; k++) {
            if (strcmp(name, finding_dimension_name((finding_dimension)k)) == 0) {
                wanted[k] = known = any = true;
            }
        }
        if (!known) {
            role_error(job,
                       "context.dimensions: \"%.60s\" is none of syntax, semantics, "
                       "architecture, security",
                       name != NULL ? name : "(not a string)");
            return false;
        }
    }
    if (!any) {
        role_error(job,
                   "context.dimensions: must be a list of at least one of syntax, semantics, "
                   "architecture, security");
    }
    return any;
}

static void run_dimension(void *ctx)
{
    const dimension_task *task = ctx;
    validation *v = task->v;
    dimension_job *d = &v->jobs[task->dimension];
    switch (task->dimension) {
    case FINDING_SYNTAX:
        dimension_syntax(d);
        break;
    case FINDING_SEMANTICS:
        dimension_semantics(d);
        break;
    case FINDING_ARCHITECTURE:
        dimension_architecture(d);
        break;
    case FINDING_SECURITY:
        sast_run(d->s, d->budget_ms, !v->wanted[FINDING_SEMANTICS]);
        break;
    case FINDING_DIMENSIONS:
        break;
    }
    pthread_mutex_lock(&v->lock);
    v->done++;
    double percent = 10 + 75.0 * v->done / v->total;
    pthread_mutex_unlock(&v->lock);
    role_job *job = d->s->box->job;
    job->progress(job, percent, finding_dimension_name(task->dimension), "done");
}

static void run_all(validation *v, scan *s, const char *flags, const char *defines)
{
    tool_task tasks[FINDING_DIMENSIONS];
    dimension_task contexts[FINDING_DIMENSIONS];
    size_t count = 0;
    uint64_t budget_ms = tool_time_left(s->box->job, BUDGET_MS);
    for (int i = 0; i < FINDING_DIMENSIONS; i++) {
        if (v->wanted[i]) {
            v->jobs[i] = (dimension_job){.s = s,
                                         .budget_ms = budget_ms,
                                         .gcc_flags = flags,
                                         .defines = defines,
                                         .security_runs = v->wanted[FINDING_SECURITY]};
            contexts[count] = (dimension_task){v, (finding_dimension)i};
            tasks[count] = (tool_task){run_dimension, &contexts[count]};
            count++;
        }
    }
    v->total = (unsigned)count;
    tool_parallel(tasks, count);
}

/* How many files the tools of a dimension looked at; the most that one of them did per language
 * would be better, but a file counts once per tool that knows it, and those are one per
 * language. */
static uint64_t files_seen(const tool_box *box, finding_dimension dimension,
                           uint64_t *out_checked)
{
    uint64_t unchecked = 0;
    uint64_t files = 0;
    size_t i = 0;
    json_t *entry = NULL;
    json_array_foreach(box->evidence, i, entry)
    {
        const char *tool = json_string_value(json_object_get(entry, "tool"));
        for (const char *const *name = dimension_tools[dimension]; *name != NULL; name++) {
            if (strcmp(*name, tool) == 0) {
                files += (uint64_t)json_integer_value(json_object_get(entry, "files"));
                unchecked += (uint64_t)json_integer_value(json_object_get(entry, "unchecked"));
            }
        }
    }
    *out_checked = unchecked < files ? files - unchecked : 0;
    return files;
}

static json_t *dimension_json(const validation *v, const scan *s, finding_dimension dimension,
                              uint64_t lines)
{
    char evidence[700];
    size_t findings = 0;
    for (int i = 0; i < FINDING_SEVERITIES; i++) {
        findings += finding_count(s->findings, dimension, (finding_severity)i);
    }
    char *used = sast_evidence(s->box, dimension_tools[dimension]);
    uint64_t checked = 0, files = files_seen(s->box, dimension, &checked);
    const char *names = used != NULL && used[0] != '\0' ? used : NULL;
    if (dimension == FINDING_ARCHITECTURE) {
        (void)snprintf(evidence, sizeof evidence, "%s", v->jobs[dimension].note);
    } else if (names == NULL) {
        (void)snprintf(evidence, sizeof evidence,
                       "not judged: no tool checked a file of its kind");
    } else if (dimension == FINDING_SYNTAX) {
        (void)snprintf(evidence, sizeof evidence,
                       "%s: %s%llu of %llu file%s checked, %zu error%s", names,
                       checked * 2 < files ? "only " : "", (unsigned long long)checked,
                       (unsigned long long)files, files == 1 ? "" : "s", findings,
                       findings == 1 ? "" : "s");
    } else if (checked * 2 < files) { /* One file counts once per tool that should read it. */
        (void)snprintf(evidence, sizeof evidence,
                       "%s: only %llu of %llu readings of files were possible, %zu finding%s",
                       names, (unsigned long long)checked, (unsigned long long)files, findings,
                       findings == 1 ? "" : "s");
    } else {
        (void)snprintf(evidence, sizeof evidence, "%s: %zu finding%s", names, findings,
                       findings == 1 ? "" : "s");
    }
    free(used);
    bool judged =
        (names != NULL && checked > 0) || dimension == FINDING_ARCHITECTURE || findings > 0;
    json_t *score =
        judged ? json_real(finding_score(s->findings, dimension, lines)) : json_null();
    return json_pack("{s:o, s:s, s:I}", "score", score, "evidence", evidence, "findings",
                     (json_int_t)findings);
}

static void answer(role_job *job, const validation *v, const scan *s)
{
    uint64_t lines = scan_code_lines(s->ws), left_out = 0;
    json_t *dimensions = json_object();
    double sum = 0;
    unsigned count = 0;
    for (int i = 0; i < FINDING_DIMENSIONS; i++) {
        if (v->wanted[i]) {
            finding_dimension d = (finding_dimension)i;
            json_t *one = dimension_json(v, s, d, lines);
            const json_t *score = json_object_get(one, "score");
            sum += json_number_value(score);
            count += json_is_number(score);
            (void)json_object_set_new(dimensions, finding_dimension_name(d), one);
        }
    }
    json_t *findings = finding_list_json(s->findings, &left_out);
    if (left_out > 0) {
        tool_skip(s->box, "%llu more minor findings are not listed",
                  (unsigned long long)left_out);
    }
    job->output = json_pack(
        "{s:s, s:o, s:o, s:I, s:O, s:o}", "verdict", finding_verdict(s->findings), "dimensions",
        dimensions, "findings", findings, "unlisted", (json_int_t)left_out, "evidence",
        s->box->evidence, "sarif", sarif_document(s->findings, s->box->evidence));
    job->quality = count > 0 ? sum / count : 1.0;
    job->confidence = tool_confidence(s->box);
}

static role_status execute(role_job *job)
{
    workspace ws;
    tool_box box;
    finding_list findings;
    validation v = {.lock = PTHREAD_MUTEX_INITIALIZER};
    if (!read_dimensions(job, v.wanted) || !workspace_open(job, &ws)) {
        return ROLE_FAILED;
    }
    char *flags = gcc_flags_of(&ws);
    char *defines = defines_of(&ws);
    if (flags == NULL || defines == NULL || !tool_box_init(&box, job)) {
        free(flags);
        free(defines);
        workspace_close(&ws);
        return ROLE_FAILED;
    }
    finding_list_init(&findings);
    workspace_say_generated(job, &ws);
    scan s = {&box, &ws, &findings};
    job->progress(job, 10, "validate", "four dimensions");
    run_all(&v, &s, flags, defines);
    job->progress(job, 90, "merge", "findings");
    finding_list_merge(&findings, &ws);
    answer(job, &v, &s);
    finding_list_finish(&findings);
    tool_box_finish(&box);
    workspace_close(&ws);
    free(flags);
    free(defines);
    return job->output == NULL   ? ROLE_FAILED
           : role_cancelled(job) ? ROLE_PARTIAL
                                 : ROLE_SUCCESS;
}

const role role_code_validator = {
    .name = "code-validator",
    .title = "Checks syntax, semantics, architecture and security of a source tree",
    .input_schema = "{\"type\":\"object\",\"properties\":{" WORKSPACE_SCHEMA
                    ",\"dimensions\":{\"type\":\"array\",\"minItems\":1,\"items\":{\"enum\":"
                    "[\"syntax\",\"semantics\",\"architecture\",\"security\"]}}}}",
    .output_schema =
        "{\"type\":\"object\",\"properties\":{"
        "\"verdict\":{\"enum\":[\"pass\",\"warn\",\"fail\"]},"
        "\"dimensions\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\","
        "\"properties\":{\"score\":{\"type\":[\"number\",\"null\"]},\"evidence\":{\"type\":\"string\"},"
        "\"findings\":{\"type\":\"integer\"}}}},"
        "\"findings\":{\"type\":\"array\"},\"unlisted\":{\"type\":\"integer\"},"
        "\"evidence\":{\"type\":\"array\"},"
        "\"sarif\":{\"type\":\"object\",\"description\":\"SARIF 2.1.0\"}}}",
    .default_timeout_ms = 240000,
    .blocking = true,
    .llm = "none",
    .tools = tools,
    .execute = execute,
};
