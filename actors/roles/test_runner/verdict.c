#include "actors/roles/test_runner/verdict.h"

#include "actors/roles/secret.h"
#include "actors/roles/test_runner/lines.h"

#include <stdlib.h>
#include <string.h>

/* The end of what was printed: there a build says why it stopped. Secrets are hidden. */
const char *suite__tail(suite *s, const sandbox_result *run)
{
    size_t size = run->out == NULL ? 0 : run->out_size;
    size_t from = size > SUITE_LOG_BYTES ? size - SUITE_LOG_BYTES : 0;
    const char *tail = case_text(&s->cases, run->out + from, size - from, SUITE_LOG_BYTES);
    char *masked = cogo_arena_strdup(&s->job->arena, tail);
    if (masked != NULL) {
        secret_mask_text(masked);
    }
    return masked;
}

static bool is_build_error(line at)
{
    static const char *const marks[] = {
        " error: ",    "fatal error:", "undefined reference", "SyntaxError:", "No rule to make",
        "CMake Error", "ERROR: ",      "command not found",   ": not found",  "error: "};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (line_find(at, marks[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* The first errors; those after them mostly follow from them. */
void suite__note_build_errors(suite *s, const sandbox_result *run)
{
    line_walk walk = line_walk_of(run->out, run->out == NULL ? 0 : run->out_size);
    for (line at; s->build_error_count < SUITE_BUILD_ERRORS_MAX && line_next(&walk, &at);) {
        if (!is_build_error(at)) {
            continue;
        }
        const char *text = case_text(&s->cases, at.text, at.size, CASE_TEXT_MAX);
        char *masked = cogo_arena_strdup(&s->job->arena, text);
        if (masked != NULL) {
            secret_mask_text(masked);
            s->build_errors[s->build_error_count++] = masked;
        }
    }
}

/* ctest's and meson's reports leave out how a test died; what they print does not. */
static void add_words(const suite *s, const sandbox_result *run, case_list *out)
{
    case_list printed;
    case_list_init(&printed);
    (void)format_parse(s->plan->format, run->out, run->out_size, &printed);
    unsigned searches = 0;
    for (size_t i = 0; i < out->count && searches < CASE_SEARCHES_MAX; i++) {
        case_record *record = &out->items[i];
        bool bad = record->status == CASE_FAILED || record->status == CASE_ERROR;
        searches += bad && record->message == NULL;
        for (size_t p = 0; bad && record->message == NULL && p < printed.count; p++) {
            const case_record *other = &printed.items[p];
            if (strcmp(other->name, record->name) == 0 && other->message != NULL) {
                record->message = cogo_arena_strdup(&out->arena, other->message);
            }
        }
    }
    case_list_finish(&printed);
}

/* From the report file if there is one, else from what was printed, in the expected format or
 * any other. */
void suite__parse_run(suite *s, const sandbox_result *run, case_list *out)
{
    format_id used = FORMAT_AUTO;
    const char *folder = s->plan->folder;
    if (s->plan->report != NULL) {
        const char *path = cogo_arena_printf(&s->job->arena, "%s%s", folder, s->plan->report);
        size_t size = 0;
        char *text = path == NULL ? NULL : suite_read_report(s->ws->tree, path, &size);
        used = text == NULL ? FORMAT_AUTO : format_parse(FORMAT_JUNIT, text, size, out);
        free(text);
        if (used != FORMAT_AUTO && run->out != NULL) {
            add_words(s, run, out);
        }
    }
    size_t size = run->out == NULL ? 0 : run->out_size;
    if (used == FORMAT_AUTO && s->plan->format != FORMAT_AUTO) {
        used = format_parse(s->plan->format, run->out, size, out);
    }
    if (used == FORMAT_AUTO) {
        used = format_parse(FORMAT_AUTO, run->out, size, out);
    }
    s->format = used == FORMAT_AUTO ? s->format : used;
}

static void add_whole(suite *s, const tool_result *result, case_list *out, case_status status,
                      const char *message)
{
    const char *name = suite_label(s, &s->plan->test);
    case_record *record = case_add(out, NULL, 0, name, strlen(name), status);
    if (record == NULL) {
        return;
    }
    record->duration_ms = (int64_t)result->run.wall_ms;
    record->message = message;
    if (status != CASE_PASSED && status != CASE_SKIPPED && result->run.out != NULL) {
        size_t size = result->run.out_size;
        size_t from = size > SUITE_LOG_BYTES ? size - SUITE_LOG_BYTES : 0;
        case_explain(out, record, result->run.out + from, size - from);
    }
}

/* The last words that are not make's own; text NULL: there are none. */
static line last_words(const sandbox_result *run)
{
    size_t size = run->out == NULL ? 0 : run->out_size;
    size_t from = size > SUITE_LOG_BYTES ? size - SUITE_LOG_BYTES : 0;
    line last = {NULL, 0};
    line_walk walk = line_walk_of(size == 0 ? NULL : run->out + from, size - from);
    for (line at; line_next(&walk, &at);) {
        line copy = at;
        line_trim(&at.text, &at.size);
        if (at.size > 0 && !line_take(&copy, "make") && !line_take(&copy, "Making ")) {
            last = at;
        }
    }
    return last;
}

/* "exit status 127: sh: 1: jest: not found" */
static const char *exit_words(const sandbox_result *run, case_list *out)
{
    line last = last_words(run);
    const char *words = case_text(out, last.text, last.size, CASE_TEXT_MAX);
    return cogo_arena_printf(&out->arena, "exit status %d%s%s", run->exit_code,
                             words == NULL ? "" : ": ", words == NULL ? "" : words);
}

/* "make[1]: Nothing to be done for 'check'." and no other words. */
static bool ran_nothing(const sandbox_result *run)
{
    line all = {run->out, run->out == NULL ? 0 : run->out_size};
    return line_find(all, "Nothing to be done for") != NULL && last_words(run).text == NULL;
}

/* "sh: 1: jest: not found", or make's "make: jest: No such file or directory", before the exit
 * status 127: nothing was tested. text NULL: it is not that. */
static line missing_program(const sandbox_result *run)
{
    line all = {run->out, run->out == NULL ? 0 : run->out_size}, none = {NULL, 0};
    if (run->exit_code != 127 && line_find(all, "] Error 127") == NULL) {
        return none;
    }
    line_walk walk = line_walk_of(all.text, all.size);
    for (line at; line_next(&walk, &at);) {
        if (line_ends_with(at, ": not found") || line_ends_with(at, ": command not found")
            || line_ends_with(at, ": No such file or directory")) {
            return at;
        }
    }
    return none;
}

/* A module of the tree itself that can't be imported is the tree's own fault. */
static bool is_in_tree(const workspace *ws, const char *module, size_t size)
{
    for (size_t i = 0; i < ws->count; i++) {
        for (const char *part = ws->files[i].path; part != NULL;) {
            if (strncmp(part, module, size) == 0
                && (part[size] == '/' || strcmp(part + size, ".py") == 0)) {
                return true;
            }
            part = strchr(part, '/');
            part = part == NULL ? NULL : part + 1;
        }
    }
    return false;
}

/* "ModuleNotFoundError: No module named 'a.b'": "a". */
static line missing_module(const char *message)
{
    static const char words[] = "No module named ";
    const char *at = message == NULL ? NULL : strstr(message, words);
    if (at == NULL) {
        return (line){NULL, 0};
    }
    at += sizeof words - 1;
    at += *at == '\'' || *at == '"';
    return (line){at, strcspn(at, ".'\" \n")};
}

void suite__excuse_missing(suite *s, case_list *out)
{
    for (size_t i = 0; i < out->count; i++) {
        case_record *record = &out->items[i];
        line module = missing_module(record->message);
        if (record->status != CASE_ERROR || module.size == 0
            || is_in_tree(s->ws, module.text, module.size)) {
            continue;
        }
        record->status = CASE_SKIPPED;
        if (s->missing == NULL) {
            s->missing = cogo_arena_printf(
                &s->job->arena,
                "No module named %.*s (apt-get install python3-%.*s or ship it)",
                (int)module.size, module.text, (int)module.size, module.text);
        }
    }
}

/* The command's own end is a verdict too: the only one for suites that name no tests, and one
 * more when it contradicts the tests that were named. */
void suite__judge_end(suite *s, const tool_result *result, case_list *out)
{
    const sandbox_result *run = &result->run;
    case_totals totals = case_count(out);
    bool good = result->end == TOOL_EXITED && run->exit_code == 0;
    bool loud = run->limit_hit == NULL && run->out_cut;
    if (run->limit_hit != NULL || result->end == TOOL_TIMEOUT || s->cancelled) {
        const char *limit = run->limit_hit != NULL ? run->limit_hit : "wall";
        add_whole(s, result, out, CASE_ERROR,
                  s->cancelled ? "stopped: the job was cancelled"
                               : cogo_arena_printf(&out->arena, "stopped: limit %s", limit));
    } else if (result->end == TOOL_DIED) {
        add_whole(s, result, out, CASE_ERROR,
                  cogo_arena_printf(&out->arena, "ended by signal %d", run->signal));
    } else if (loud) {
        add_whole(s, result, out, CASE_ERROR,
                  cogo_arena_printf(&out->arena,
                                    "printed more than %u bytes: the rest was not read",
                                    SUITE_OUT_BYTES));
    } else if (out->count == 0 && good && ran_nothing(run)) {
        add_whole(s, result, out, CASE_SKIPPED, "it ran no test");
    } else if (out->count == 0 && !good && s->build_ok && missing_program(run).text != NULL) {
        line said = missing_program(run);
        s->missing = case_text(&s->cases, said.text, said.size, CASE_NAME_MAX);
    } else if (out->count == 0 && (good || s->build_ok)) {
        add_whole(s, result, out, good ? CASE_PASSED : CASE_FAILED,
                  good ? NULL : exit_words(run, out));
    } else if (out->count > 0 && !good && totals.failed == 0 && s->missing == NULL) {
        add_whole(s, result, out, CASE_ERROR,
                  cogo_arena_printf(&out->arena, "exit status %d though no test failed",
                                    run->exit_code));
    }
}

/* A suite whose test programs do not even compile has no verdict on any test. */
bool suite__failed_to_build(suite *s, const tool_result *result, const case_list *run)
{
    if (run->count > 0 || result->end != TOOL_EXITED || result->run.exit_code == 0) {
        return false;
    }
    s->build_error_count = s->build_ok ? 0 : s->build_error_count;
    if (s->build_ok) {
        suite__note_build_errors(s, &result->run);
    }
    bool compiler = false;
    for (size_t i = 0; i < s->build_error_count; i++) {
        compiler = compiler || strstr(s->build_errors[i], " error: ") != NULL
                   || strstr(s->build_errors[i], "undefined reference") != NULL
                   || strstr(s->build_errors[i], "No rule to make") != NULL;
    }
    if (!s->build_ok || compiler) {
        s->built = true;
        s->build_ok = false;
        s->build_step = s->build_step == NULL ? &s->plan->test : s->build_step;
        s->build_log = s->build_log == NULL ? suite__tail(s, &result->run) : s->build_log;
        return true;
    }
    s->build_error_count = 0;
    return false;
}
