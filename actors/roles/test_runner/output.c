#include "actors/roles/test_runner/output.h"

#include "actors/roles/secret.h"

#include <stdlib.h>
#include <string.h>

const char output_schema[] =
    "{\"type\":\"object\",\"properties\":{"
    "\"framework\":{\"type\":[\"string\",\"null\"]},"
    "\"command\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},"
    "\"folder\":{\"type\":\"string\"},\"why\":{\"type\":\"string\"},"
    "\"format\":{\"type\":\"string\"},"
    "\"build\":{\"type\":[\"object\",\"null\"],\"properties\":{\"ok\":{\"type\":\"boolean\"},"
    "\"command\":{\"type\":\"array\"},\"log\":{\"type\":[\"string\",\"null\"]},"
    "\"errors\":{\"type\":\"array\"}}},"
    "\"passed\":{\"type\":\"integer\"},\"failed\":{\"type\":\"integer\"},"
    "\"skipped\":{\"type\":\"integer\"},\"flaky\":{\"type\":\"integer\"},"
    "\"runs\":{\"type\":\"integer\"},"
    "\"cases\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
    "\"name\":{\"type\":\"string\"},\"suite\":{\"type\":[\"string\",\"null\"]},"
    "\"status\":{\"enum\":[\"passed\",\"failed\",\"skipped\",\"error\",\"flaky\"]},"
    "\"message\":{\"type\":[\"string\",\"null\"]},\"file\":{\"type\":[\"string\",\"null\"]},"
    "\"line\":{\"type\":[\"integer\",\"null\"]},\"durationMs\":{\"type\":[\"integer\",\"null\"]}}}},"
    "\"casesLeftOut\":{\"type\":\"integer\"},\"log\":{\"type\":[\"string\",\"null\"]},"
    "\"limitHit\":{\"type\":[\"string\",\"null\"]},\"level\":{\"type\":\"string\"},"
    "\"evidence\":{\"type\":\"array\"}}}";

static json_t *masked(const char *text)
{
    char *copy = text == NULL ? NULL : strdup(text);
    if (copy == NULL) {
        return json_null();
    }
    secret_mask_text(copy);
    json_t *json = json_string(copy);
    free(copy);
    return json == NULL ? json_null() : json;
}

static json_t *words_of(const suite *s, const plan_step *step)
{
    json_t *array = json_array();
    if (step->label != NULL) {
        (void)json_array_append_new(array, json_string(step->label));
        return array;
    }
    for (size_t i = 0; step->argv[i] != NULL; i++) {
        size_t tree = strlen(s->ws->tree);
        bool inside =
            strncmp(step->argv[i], s->ws->tree, tree) == 0 && step->argv[i][tree] == '/';
        (void)json_array_append_new(array, masked(step->argv[i] + (inside ? tree + 1 : 0)));
    }
    return array;
}

/* "tree/src/a.c", "../tests/a.c" or "a.c" as the path below the tree, when just one fits. */
static const char *path_below(const workspace *ws, const char *file)
{
    size_t tree = strlen(ws->tree);
    if (strncmp(file, ws->tree, tree) == 0 && file[tree] == '/') {
        return file + tree + 1;
    }
    while (strncmp(file, "../", 3) == 0 || strncmp(file, "./", 2) == 0) {
        file += file[1] == '/' ? 2 : 3;
    }
    if (file[0] == '/' || workspace_find(ws, file) != NULL) {
        return file;
    }
    if (ws->count > OUTPUT_GUESS_FILES_MAX) {
        return file;
    }
    const char *only = NULL;
    size_t size = strlen(file);
    for (size_t i = 0; i < ws->count; i++) {
        const char *path = ws->files[i].path;
        size_t length = strlen(path);
        if (length > size && path[length - size - 1] == '/'
            && strcmp(path + length - size, file) == 0) {
            if (only != NULL) {
                return file;
            }
            only = path;
        }
    }
    return only == NULL ? file : only;
}

static json_t *case_json(const suite *s, const case_record *record)
{
    json_t *line = record->line > 0 ? json_integer(record->line) : json_null();
    json_t *ms = record->duration_ms >= 0 ? json_integer(record->duration_ms) : json_null();
    const char *file = record->file == NULL ? NULL : path_below(s->ws, record->file);
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "name", masked(record->name),
                     "suite", masked(record->suite), "status", case_status_name(record->status),
                     "message", masked(record->message), "file", masked(file), "line", line,
                     "durationMs", ms);
}

static bool matters(const case_record *record)
{
    return record->status != CASE_PASSED && record->status != CASE_SKIPPED;
}

/* In the suite's order, but when there are too many, those that matter are kept. */
static json_t *cases_json(const suite *s, size_t *out_left_out)
{
    json_t *array = json_array();
    size_t important = 0, plain = 0;
    for (size_t i = 0; i < s->cases.count; i++) {
        important += matters(&s->cases.items[i]);
    }
    size_t room = important < OUTPUT_CASES_MAX ? OUTPUT_CASES_MAX - important : 0;
    for (size_t i = 0; i < s->cases.count && json_array_size(array) < OUTPUT_CASES_MAX; i++) {
        const case_record *record = &s->cases.items[i];
        if (matters(record) || plain < room) {
            plain += !matters(record);
            (void)json_array_append_new(array, case_json(s, record));
        }
    }
    *out_left_out = s->cases.count - json_array_size(array);
    return array;
}

static json_t *build_json(const suite *s)
{
    if (!s->built || (s->refused && !s->build_ok)) { /* Not tried: job->skipped says why. */
        return json_null();
    }
    json_t *errors = json_array();
    for (size_t i = 0; i < s->build_error_count; i++) {
        const char *text = s->build_errors[i], *file;
        size_t size;
        int64_t line;
        json_t *error = json_pack("{s:o}", "message", masked(text));
        if (error != NULL && case_locate(text, strlen(text), &file, &size, &line)) {
            char *path = cogo_arena_copy(&s->job->arena, file, size);
            (void)json_object_set_new(
                error, "file", path == NULL ? json_null() : masked(path_below(s->ws, path)));
            (void)json_object_set_new(error, "line", json_integer(line));
        }
        (void)json_array_append_new(errors, error);
    }
    return json_pack("{s:b, s:o, s:o, s:o}", "ok", s->build_ok, "command",
                     words_of(s, s->build_step), "log", masked(s->build_log), "errors", errors);
}

json_t *output_of(const suite *s)
{
    case_totals totals = case_count(&s->cases);
    size_t left_out = 0;
    json_t *cases = cases_json(s, &left_out);
    return json_pack(
        "{s:s, s:o, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:i, s:o, s:I, s:o, s:s?, s:s, s:O}",
        "framework", s->plan->framework, "command", words_of(s, &s->plan->test), "folder",
        s->plan->folder, "why", s->plan->why == NULL ? "" : s->plan->why, "format",
        s->format == FORMAT_AUTO ? "exit" : format_name(s->format), "build", build_json(s),
        "passed", (json_int_t)totals.passed, "failed", (json_int_t)totals.failed, "skipped",
        (json_int_t)totals.skipped, "flaky", (json_int_t)totals.flaky, "runs", (int)s->runs,
        "cases", cases, "casesLeftOut", (json_int_t)left_out, "log", masked(s->log), "limitHit",
        s->limit_hit, "level", sandbox_level_name(s->level), "evidence", s->box->evidence);
}

json_t *output_without_tests(void)
{
    return json_pack("{s:n, s:[], s:n, s:i, s:i, s:i, s:i, s:i, s:[], s:n, s:[]}", "framework",
                     "command", "build", "passed", 0, "failed", 0, "skipped", 0, "flaky", 0,
                     "runs", 0, "cases", "limitHit", "evidence");
}
