#include "actors/cli/process.h"

#include "actors/cli/log.h"
#include "codec/contract/messages.h"
#include "codec/contract/names.h"

#include <cogo/process.h>

#include <stdio.h>
#include <string.h>

/* A process that ends at once, again and again, is begun this often and never given up. */
#define BACKOFF_MIN_NS UINT64_C(250000000)
#define BACKOFF_MAX_NS UINT64_C(10000000000)
enum { INTENSITY = 1000000 };

static const char everyone[] = "all";

/* --- In the child process.
 * --------------------------------------------------------------------
 */

static cogo_err set_up(cogo_system *system, void *arg)
{
    (void)arg;
    cogo_err err = messages_register(system);
    return err == COGO_OK ? worker_register_behavior(system) : err;
}

bool process_main(int *out_code)
{
    // One lane is enough for a worker: roles that take long have threads of their own.
    const cogo_system_config config = {
        .struct_size = sizeof config, .lane_count = 1, .log = log_runtime_line};
    const cogo_process_program program = {
        .struct_size = sizeof program, .config = &config, .setup = set_up};
    char error[256];
    (void)log_configure(error); // The parent has said what is wrong with it.
    return cogo_process_main(&program, out_code);
}

/* --- In its parent. --------------------------------------------------------------------------
 */

static bool choose_one(guardian_config *config, const char *type, char error[256])
{
    const char *started[GUARDIAN_WORKERS_MAX + 1] = {NULL};
    bool found = false;
    for (size_t i = 0; i < config->worker_count; i++) {
        worker_config *w = &config->workers[i];
        started[i] = w->type;
        if (strcmp(w->type, type) == 0) {
            w->pool = w->type;
            found = true;
        }
    }
    if (!found) {
        const char *near = NULL;
        bool hint = names_nearest(type, started, &near, 1) == 1;
        snprintf(error, 256, "--worker-processes: no worker of type '%s' is started%s%s%s",
                 type, hint ? " (did you mean '" : "", hint ? near : "", hint ? "'?)" : "");
    }
    return found;
}

bool process_choose(guardian_config *config, const char *which, char error[256])
{
    for (size_t i = 0;
         which != NULL && strcmp(which, everyone) == 0 && i < config->worker_count; i++) {
        config->workers[i].pool = config->workers[i].type;
    }
    if (which == NULL || strcmp(which, everyone) == 0) {
        return true;
    }
    for (const char *p = which; *p != '\0';) {
        char type[64];
        size_t length = strcspn(p, ",");
        (void)snprintf(type, sizeof type, "%.*s", (int)length, p);
        if (!choose_one(config, type, error)) {
            return false;
        }
        p += length + (p[length] == ',');
    }
    return true;
}

cogo_err process_pools_start(cogo_system *system, const guardian_config *config,
                             char error[256])
{
    for (size_t i = 0; i < config->worker_count; i++) {
        const cogo_process_pool pool = {.struct_size = sizeof pool,
                                        .name = config->workers[i].pool,
                                        .intensity = INTENSITY,
                                        .backoff_min_ns = BACKOFF_MIN_NS,
                                        .backoff_max_ns = BACKOFF_MAX_NS};
        cogo_err err = pool.name != NULL ? cogo_process_pool_start(system, &pool) : COGO_OK;
        if (err != COGO_OK && err != COGO_EEXIST) { // Two workers of one type share a process.
            snprintf(error, 256, "the child process of %s did not start: %s", pool.name,
                     cogo_strerror(err));
            return err;
        }
    }
    return COGO_OK;
}
