/* The table of roles, and echo. */
#include "actors/roles/role.h"
#include "codec/contract/names.h"
#include "tests/unit/test.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static bool is_schema(const char *text)
{
    json_t *schema = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    bool right = json_is_object(schema) && json_object_get(schema, "type") != NULL;
    json_decref(schema);
    return right;
}

Test(roles, each_role_is_known_to_the_contract_and_describes_itself)
{
    for (size_t i = 0; role_table[i] != NULL; i++) {
        const role *r = role_table[i];
        cr_expect(contract_role_known(r->name), "%s", r->name);
        cr_expect_eq(role_find(r->name), r, "%s", r->name);
        cr_expect(is_schema(r->input_schema), "%s", r->name);
        cr_expect(is_schema(r->output_schema), "%s", r->name);
        cr_expect(r->title[0] != '\0' && r->default_timeout_ms > 0 && r->execute != NULL);
        cr_expect(strcmp(r->llm, "none") == 0 || strcmp(r->llm, "optional") == 0
                  || strcmp(r->llm, "required") == 0);
    }
    cr_expect_null(role_find("no-such-role"));
    cr_expect_null(role_find(NULL));
}

Test(roles, worker_types_are_the_contracts_and_offer_only_what_exists)
{
    size_t count = 0;
    for (const contract_worker_type *type = contract_worker_types; type->name != NULL; type++) {
        const worker_type *ours = worker_type_find(type->name);
        cr_assert_not_null(ours, "%s", type->name);
        for (size_t i = 0; ours->roles[i] != NULL; i++) {
            cr_expect_not_null(role_find(ours->roles[i]), "%s", ours->roles[i]);
        }
        count++;
    }
    cr_expect_eq(count, 8u);
    cr_expect_null(worker_type_find("baking"));
}

static role_job job_of(const char *context)
{
    return (role_job){.context = json_loads(context, 0, NULL),
                      .cancel_fd = -1,
                      .errors = json_array(),
                      .skipped = json_array()};
}

static void job_finish(role_job *job)
{
    json_decref(job->context);
    json_decref(job->output);
    json_decref(job->errors);
    json_decref(job->skipped);
}

Test(roles, echo_answers_with_its_context_and_asks_for_the_delay)
{
    role_job job = job_of("{\"delayMs\":250,\"a\":[1]}");
    cr_expect_eq(role_find("echo")->execute(&job), ROLE_SUCCESS);
    cr_expect_eq(job.delay_ms, 250);
    cr_expect(json_equal(job.output, job.context));
    job_finish(&job);
}

Test(roles, echo_refuses_a_delay_that_is_none)
{
    static const char *const contexts[] = {"{\"delayMs\":-1}", "{\"delayMs\":\"1\"}",
                                           "{\"delayMs\":1.5}", "{\"delayMs\":3600001}",
                                           "{\"delayMs\":null}"};
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++) {
        role_job job = job_of(contexts[i]);
        cr_expect_eq(role_find("echo")->execute(&job), ROLE_FAILED, "%s", contexts[i]);
        cr_expect_not_null(strstr(json_string_value(json_array_get(job.errors, 0)), "delayMs"));
        job_finish(&job);
    }
}

/* File names and tool output are not always UTF-8; the sentence must still arrive. */
Test(roles, errors_and_skipped_take_any_bytes_and_have_a_limit)
{
    role_job job = job_of("{}");
    role_error(&job, "file %s", "caf\xE9");
    cr_expect_str_eq(json_string_value(json_array_get(job.errors, 0)), "file caf?");
    for (int i = 0; i < 5000; i++) {
        role_skip(&job, "line %d", i);
    }
    size_t count = json_array_size(job.skipped);
    cr_expect(count < 5000);
    cr_expect_not_null(
        strstr(json_string_value(json_array_get(job.skipped, count - 1)), "left out"));
    job_finish(&job);
}

Test(roles, a_job_is_cancelled_once_its_eventfd_is_readable)
{
    role_job job = job_of("{}");
    cr_expect_not(role_cancelled(&job), "no eventfd at all");
    job.cancel_fd = eventfd(0, EFD_CLOEXEC);
    cr_expect_not(role_cancelled(&job));
    uint64_t one = 1;
    cr_assert_eq(write(job.cancel_fd, &one, sizeof one), (ssize_t)sizeof one);
    cr_expect(role_cancelled(&job));
    cr_expect(role_cancelled(&job), "and stays so");
    close(job.cancel_fd);
    job_finish(&job);
}
