#include "actors/roles/role.h"
#include "actors/roles/utf8.h"
#include "actors/sandbox/sandbox.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

extern const role role_sandbox_executor, role_sandbox_doctor;

typedef struct execution {
    char folder[64];
    role_job job;
    role_status status;
} execution;

static execution execute(const role *role, const char *context)
{
    execution x = {.folder = "/tmp/cogo-role-XXXXXX"};
    if (mkdtemp(x.folder) == NULL || chmod(x.folder, 0755) != 0) {
        abort();
    }
    x.job = (role_job){.task_id = "tsk_1",
                       .role = role->name,
                       .context = json_loads(context, 0, NULL),
                       .state_dir = x.folder,
                       .deadline_ns = UINT64_MAX,
                       .cancel_fd = -1,
                       .errors = json_array(),
                       .skipped = json_array(),
                       .retryable = true};
    x.status = role->execute(&x.job);
    return x;
}

static void finish(execution *x)
{
    json_decref(x->job.context);
    json_decref(x->job.output);
    json_decref(x->job.errors);
    json_decref(x->job.skipped);
    sandbox_folder_remove(x->folder);
}

static const char *text(const execution *x, const char *name)
{
    const char *value = json_string_value(json_object_get(x->job.output, name));
    return value == NULL ? "" : value;
}

Test(sandbox_executor, runs_given_files_and_lists_what_changed)
{
    execution x = execute(
        &role_sandbox_executor,
        "{\"argv\": [\"./run.sh\", \"an arg\"], \"stdin\": \"typed\", \"env\": {\"NAME\": \"value\"},"
        " \"files\": {\"run.sh\": \"#!/bin/sh\\necho \\\"$1\\\" $NAME; cat; echo no >&2; echo more >>"
        " sub/data; echo 12345 > new; exit 4\\n\", \"sub/data\": \"x\\n\", \"same\": \"y\"}}");
    cr_expect_eq(x.status, ROLE_SUCCESS);
    cr_expect_str_eq(text(&x, "stdout"), "an arg value\ntyped");
    cr_expect_str_eq(text(&x, "stderr"), "no\n");
    cr_expect_eq(json_integer_value(json_object_get(x.job.output, "exit")), 4);
    cr_expect(json_is_null(json_object_get(x.job.output, "signal")));
    cr_expect(json_is_null(json_object_get(x.job.output, "limitHit")));
    cr_expect_str_eq(text(&x, "level"), sandbox_level_name(sandbox_level_best()));
    cr_expect(json_is_object(json_object_get(x.job.output, "usage")));
    const json_t *changed = json_object_get(x.job.output, "changed");
    cr_expect_eq(json_array_size(changed), 2u);
    for (size_t i = 0; i < json_array_size(changed); i++) {
        const json_t *one = json_array_get(changed, i);
        const char *path = json_string_value(json_object_get(one, "path"));
        const char *kind = json_string_value(json_object_get(one, "kind"));
        bool is_new = strcmp(path, "new") == 0;
        cr_expect(is_new || strcmp(path, "sub/data") == 0);
        cr_expect_str_eq(kind, is_new ? "created" : "changed");
        cr_expect_eq(json_integer_value(json_object_get(one, "size")), is_new ? 6 : 7);
    }
    finish(&x);
}

/* "created folder"; "" for what is not listed. */
static const char *change_of(const execution *x, const char *path)
{
    static char words[40];
    words[0] = '\0';
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(x->job.output, "changed"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "path")), path) == 0) {
            (void)snprintf(words, sizeof words, "%s %s",
                           json_string_value(json_object_get(one, "kind")),
                           json_string_value(json_object_get(one, "type")));
        }
    }
    return words;
}

Test(sandbox_executor, what_was_removed_and_what_is_no_file_is_listed_too)
{
    execution x = execute(
        &role_sandbox_executor,
        "{\"argv\": [\"sh\", \"-c\", \"rm gone old/a; rmdir old; mkdir folder; ln -s same link;"
        " mkfifo pipe; rm turned; mkdir turned; echo more >> grown; : > empty\"],"
        " \"files\": {\"gone\": \"x\", \"old/a\": \"x\", \"same\": \"x\", \"turned\": \"x\","
        " \"grown\": \"x\", \"kept/b\": \"x\"}}");
    static const char *const changes[][2] = {
        {"gone", "removed file"},
        {"old", "removed folder"},
        {"old/a", "removed file"},
        {"folder", "created folder"},
        {"link", "created link"},
        {"pipe", "created other"},
        {"turned", "created folder"},
        {"grown", "changed file"},
        {"empty", "created file"},
        {"same", ""},
        {"kept", ""},
        {"kept/b", ""},
    };
    cr_expect_eq(x.status, ROLE_SUCCESS);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        cr_expect_str_eq(change_of(&x, changes[i][0]), changes[i][1], "%s", changes[i][0]);
    }
    cr_expect_eq(json_array_size(json_object_get(x.job.output, "changed")), 9u);
    finish(&x);
}

/* The first error names the field; the task must not be tried again. */
Test(sandbox_executor, bad_contexts_fail_with_the_name_of_the_field)
{
    static const struct {
        const char *context, *field;
    } cases[] = {
        {"{}", "argv"},
        {"{\"argv\": \"ls\"}", "argv"},
        {"{\"argv\": []}", "argv"},
        {"{\"argv\": [1]}", "argv[0]"},
        {"{\"argv\": [\"no-such-program\"]}", "argv"},
        {"{\"argv\": [\"true\"], \"files\": []}", "files"},
        {"{\"argv\": [\"true\"], \"files\": {\"../x\": \"\"}}", "files"},
        {"{\"argv\": [\"true\"], \"files\": {\"/etc/x\": \"\"}}", "files"},
        {"{\"argv\": [\"true\"], \"files\": {\"a//b\": \"\"}}", "files"},
        {"{\"argv\": [\"true\"], \"files\": {\"a\": 1}}", "files.a"},
        {"{\"argv\": [\"true\"], \"files\": {\"a\": \"\", \"a/b\": \"\"}}", "files.a/b"},
        {"{\"argv\": [\"true\"], \"stdin\": 1}", "stdin"},
        {"{\"argv\": [\"true\"], \"env\": {\"A B\": \"\"}}", "env.A B"},
        {"{\"argv\": [\"true\"], \"env\": {\"A\": 1}}", "env.A"},
        {"{\"argv\": [\"true\"], \"net\": \"host\"}", "net"},
        {"{\"argv\": [\"true\"], \"minLevel\": \"vm\"}", "minLevel"},
        {"{\"argv\": [\"true\"], \"limits\": {\"wallMs\": 0}}", "limits.wallMs"},
        {"{\"argv\": [\"true\"], \"limits\": {\"wallMs\": 1e99}}", "limits.wallMs"},
        {"{\"argv\": [\"true\"], \"limits\": {\"wall\": 1}}", "limits.wall"},
        {"{\"argv\": [\"true\"], \"limits\": {\"memBytes\": 1000}}", "limits.memBytes"},
        {"{\"argv\": [\"true\"], \"shell\": true}", "shell"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        execution x = execute(&role_sandbox_executor, cases[i].context);
        const char *error = json_string_value(json_array_get(x.job.errors, 0));
        cr_expect_eq(x.status, ROLE_FAILED);
        cr_expect_not(x.job.retryable);
        cr_expect(error != NULL && strncmp(error, cases[i].field, strlen(cases[i].field)) == 0,
                  "%s: %s", cases[i].context, error);
        finish(&x);
    }
}

Test(sandbox_executor, a_limit_gives_a_partial_result_that_names_it)
{
    execution x =
        execute(&role_sandbox_executor,
                "{\"argv\": [\"sh\", \"-c\", \"trap '' TERM; echo begun; sleep 30; sleep "
                "30\"], \"limits\": {\"wallMs\": 200}}");
    cr_expect_eq(x.status, ROLE_PARTIAL);
    cr_expect_str_eq(text(&x, "limitHit"), "wall");
    cr_expect_str_eq(text(&x, "stdout"), "begun\n");
    cr_expect(json_is_null(json_object_get(x.job.output, "exit")));
    cr_expect_eq(json_integer_value(json_object_get(x.job.output, "signal")), 9);
    cr_expect_lt(x.job.quality, 1.0);
    finish(&x);
}

Test(sandbox_executor, output_that_is_no_text_becomes_text)
{
    execution x = execute(&role_sandbox_executor,
                          "{\"argv\": [\"printf\", \"a\\\\377\\\\000\\\\303\\\\244\"]}");
    cr_expect_eq(x.status, ROLE_SUCCESS);
    cr_expect_str_eq(text(&x, "stdout"), "a\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4");
    finish(&x);
}

Test(utf8, only_well_formed_sequences_stay)
{
    static const struct {
        const char *bytes, *clean;
    } cases[] = {
        {"plain", "plain"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},                 /* Overlong. */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* Surrogate. */
        {"\xf4\x90\x80\x80",
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* Too large. */
        {"a\xe2\x82", "a\xef\xbf\xbd\xef\xbf\xbd"},           /* Cut short. */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *clean = utf8_json(cases[i].bytes, strlen(cases[i].bytes));
        cr_expect_str_eq(json_string_value(clean), cases[i].clean);
        json_decref(clean);
    }
}

Test(sandbox_doctor, refuses_what_it_does_not_know)
{
    static const char *const contexts[] = {"{\"level\": \"none\"}", "{\"level\": 3}",
                                           "{\"levels\": \"landlock\"}"};
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++) {
        execution x = execute(&role_sandbox_doctor, contexts[i]);
        cr_expect_eq(x.status, ROLE_FAILED);
        cr_expect_not(x.job.retryable);
        cr_expect_eq(json_array_size(x.job.errors), 1u);
        finish(&x);
    }
}

Test(sandbox_doctor, tells_of_every_probe)
{
    execution x = execute(&role_sandbox_doctor, "{}");
    const json_t *probes = json_object_get(x.job.output, "probes");
    cr_expect_eq(x.status, ROLE_SUCCESS);
    cr_expect_eq(x.job.quality, 1.0);
    cr_expect_geq(json_array_size(probes), 15u);
    cr_expect_str_eq(text(&x, "level"), sandbox_level_name(sandbox_level_best()));
    finish(&x);
}
