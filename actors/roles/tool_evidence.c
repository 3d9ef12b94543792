/* What is known of the tools of a job: evidence, confidence, and what is said to its reader. */
#include "actors/roles/tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 512 };

static json_t *find_record(const tool_box *box, const char *name)
{
    size_t i = 0;
    json_t *entry = NULL;
    json_array_foreach(box->evidence, i, entry)
    {
        if (strcmp(json_string_value(json_object_get(entry, "tool")), name) == 0) {
            return entry;
        }
    }
    return NULL;
}

static void add_to(json_t *entry, const char *key, uint64_t more)
{
    json_int_t old = json_integer_value(json_object_get(entry, key));
    (void)json_object_set_new(entry, key, json_integer(old + (json_int_t)more));
}

/* The entry of @p name, made when it is the first; counts the tool as applicable and as good
 * so far. Lock held. */
static json_t *entry_of(tool_box *box, const char *name)
{
    json_t *entry = find_record(box, name);
    if (entry == NULL) {
        entry = json_pack("{s:s, s:b}", "tool", name, "usable", 1);
        if (entry == NULL || json_array_append_new(box->evidence, entry) != 0) {
            return NULL;
        }
        box->applicable++;
        box->completed++;
    }
    return entry;
}

static void mark_failed(tool_box *box, json_t *entry)
{
    if (json_is_true(json_object_get(entry, "usable"))) {
        box->completed--;
        (void)json_object_set_new(entry, "usable", json_false());
    }
}

static json_t *argv_json(const char *const *argv)
{
    enum { ARGV_SHOWN = 24 };
    json_t *array = json_array();
    for (size_t i = 0; argv[i] != NULL && i < ARGV_SHOWN; i++) {
        /* A whole program in an argument is no evidence, only long. */
        bool program = strchr(argv[i], '\n') != NULL;
        (void)json_array_append_new(array, json_string(program ? "(script)" : argv[i]));
    }
    return array;
}

void tool_record(tool_box *box, const tool_spec *spec, const tool_result *result)
{
    pthread_mutex_lock(&box->lock);
    json_t *entry = entry_of(box, spec->name != NULL ? spec->name : spec->argv[0]);
    if (entry != NULL) {
        bool first = json_object_get(entry, "runs") == NULL;
        int exit_code = result->end == TOOL_EXITED ? result->run.exit_code : -1;
        json_int_t worst = json_integer_value(json_object_get(entry, "exit"));
        if (first) {
            (void)json_object_set_new(entry, "version", json_string(result->version));
            (void)json_object_set_new(entry, "argv", argv_json(spec->argv));
        }
        if (first || exit_code < 0 || (worst >= 0 && exit_code > worst)) {
            (void)json_object_set_new(entry, "exit", json_integer(exit_code));
        }
        add_to(entry, "runs", result->end == TOOL_MISSING ? 0 : 1);
        add_to(entry, "files", spec->file_count);
        add_to(entry, "ms", result->run.wall_ms);
        (void)json_object_set_new(entry, "level",
                                  json_string(sandbox_level_name(result->run.level)));
        if (result->end == TOOL_MISSING || result->end == TOOL_REFUSED) {
            mark_failed(box, entry);
        }
    }
    pthread_mutex_unlock(&box->lock);
}

void tool_failed(tool_box *box, const char *name, const char *why)
{
    tool_skip(box, "%s: %s", name, why);
    tool_useless(box, name);
}

void tool_useless(tool_box *box, const char *name)
{
    pthread_mutex_lock(&box->lock);
    json_t *entry = entry_of(box, name);
    if (entry != NULL) {
        mark_failed(box, entry);
    }
    pthread_mutex_unlock(&box->lock);
}

void tool_unchecked(tool_box *box, const char *name, size_t count)
{
    pthread_mutex_lock(&box->lock);
    json_t *entry = count > 0 ? entry_of(box, name) : NULL;
    if (entry != NULL) {
        add_to(entry, "unchecked", count);
    }
    pthread_mutex_unlock(&box->lock);
}

void tool_own(tool_box *box, const char *name, size_t file_count, uint64_t ms)
{
    pthread_mutex_lock(&box->lock);
    json_t *entry = entry_of(box, name);
    if (entry != NULL) {
        (void)json_object_set_new(entry, "version", json_string(COGO_VERSION));
        (void)json_object_set_new(entry, "argv", json_array());
        (void)json_object_set_new(entry, "exit", json_integer(0));
        add_to(entry, "runs", 1);
        add_to(entry, "files", file_count);
        add_to(entry, "ms", ms);
        (void)json_object_set_new(entry, "level", json_string("none"));
    }
    pthread_mutex_unlock(&box->lock);
}

double tool_confidence(const tool_box *box)
{
    return box->applicable == 0 ? 1.0 : (double)box->completed / (double)box->applicable;
}

static bool said(const json_t *lines, const char *line)
{
    size_t i = 0;
    json_t *old = NULL;
    json_array_foreach(lines, i, old)
    {
        if (strcmp(json_string_value(old), line) == 0) {
            return true;
        }
    }
    return false;
}

__attribute__((format(printf, 3, 0))) static void say(tool_box *box, bool error,
                                                      const char *format, va_list args)
{
    char line[LINE_BYTES];
    (void)vsnprintf(line, sizeof line, format, args);
    pthread_mutex_lock(&box->lock);
    if (!said(error ? box->job->errors : box->job->skipped, line)) {
        (error ? role_error : role_skip)(box->job, "%s", line);
    }
    pthread_mutex_unlock(&box->lock);
}

void tool_skip(tool_box *box, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(box, false, format, args);
    va_end(args);
}

void tool_error(tool_box *box, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(box, true, format, args);
    va_end(args);
}
