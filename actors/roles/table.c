/* Which roles this program offers, which worker type has which, and what every role shares. */
#include "actors/roles/role.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ROLE_TEXT_MAX = 1024, ROLE_TEXTS_MAX = 1000 };

extern const role role_echo, role_code_indexer, role_code_validator, role_security_scanner,
    role_test_runner, role_sandbox_executor, role_sandbox_doctor;

const role *const role_table[] = {
    &role_echo,        &role_code_indexer,     &role_code_validator, &role_security_scanner,
    &role_test_runner, &role_sandbox_executor, &role_sandbox_doctor, NULL,
};

/* Only what is offered: a worker of another type registers with echo alone and says so. */
static const char *const quality_assurance[] = {"code-validator", "test-runner",
                                                "security-scanner", NULL};
static const char *const sandbox[] = {"sandbox-executor", "sandbox-doctor", NULL};
static const char *const indexing[] = {"code-indexer", NULL};
static const char *const echo_only[] = {NULL};

const worker_type worker_type_table[] = {
    {"code-generation", echo_only},
    {"quality-assurance", quality_assurance},
    {"knowledge-management", echo_only},
    {"integration-testing", echo_only},
    {"research", echo_only},
    {"sandbox", sandbox},
    {"indexing", indexing},
    {"deployment", echo_only},
    {NULL, NULL},
};

const role *role_find(const char *name)
{
    for (size_t i = 0; name != NULL && role_table[i] != NULL; i++) {
        if (strcmp(role_table[i]->name, name) == 0) {
            return role_table[i];
        }
    }
    return NULL;
}

const worker_type *worker_type_find(const char *name)
{
    for (const worker_type *type = worker_type_table; name != NULL && type->name != NULL;
         type++) {
        if (strcmp(type->name, name) == 0) {
            return type;
        }
    }
    return NULL;
}

/* Text that is no UTF-8 (a file name, a tool's output) must not get lost: each byte that is not
 * plain ASCII becomes '?'. Beyond the limit the last text says that more was left out. */
__attribute__((format(printf, 2, 0))) static void add_text(json_t *array, const char *format,
                                                           va_list args)
{
    char text[ROLE_TEXT_MAX];
    (void)vsnprintf(text, sizeof text, format, args);
    if (json_array_size(array) >= ROLE_TEXTS_MAX) {
        return;
    }
    if (json_array_size(array) == ROLE_TEXTS_MAX - 1) {
        (void)json_array_append_new(array, json_string("more of these were left out"));
        return;
    }
    json_t *string = json_string(text);
    if (string == NULL) {
        for (char *c = text; *c != '\0'; c++) {
            *c = (unsigned char)*c < 0x80 ? *c : '?';
        }
        string = json_string(text);
    }
    (void)json_array_append_new(array, string); // Out of memory: the job fails elsewhere.
}

void role_error(role_job *job, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_text(job->errors, format, args);
    va_end(args);
}

void role_skip(role_job *job, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_text(job->skipped, format, args);
    va_end(args);
}

bool role_spend(role_job *job, const role_usage *took, const role_usage *next,
                char why[ROLE_WHY_SIZE])
{
    why[0] = '\0';
    if (job->spend == NULL) {
        return true;
    }
    job->used.tokens += took->tokens;
    job->used.cost += took->cost;
    job->used.calls += took->calls;
    if (!job->spend(job, &job->used, next, why)) {
        return false;
    }
    job->used.tokens += next->tokens;
    job->used.cost += next->cost;
    job->used.calls += next->calls;
    return true;
}

bool role_cancelled(const role_job *job)
{
    struct pollfd waiting = {.fd = job->cancel_fd, .events = POLLIN};
    return job->cancel_fd >= 0 && poll(&waiting, 1, 0) > 0;
}
