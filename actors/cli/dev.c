/* cogo dev: orchestrator and all workers in one process, the journal in SQLite or PostgreSQL.
 */
#include "actors/cli/log.h"
#include "actors/cli/serve.h"

static cli_exit dev(const args *a)
{
    char host[256], error[256];
    node_config config = {.host = host, .workers = args_value(a, "workers")};
    if (!log_configure(error)) {
        return cli_fail(CLI_USAGE, "%s", error);
    }
    if (!serve_split(args_value(a, "listen"), host, sizeof host, &config.port)) {
        return cli_fail(CLI_USAGE, "--listen '%s' is not HOST:PORT", args_value(a, "listen"));
    }
    cli_exit code = serve_take(a, &config);
    return code == CLI_OK ? serve_node(&config) : code;
}

static const args_option dev_options[] = {
    {.name = "listen",
     .value = "HOST:PORT",
     .fallback = "127.0.0.1:3000",
     .env = "COGO_LISTEN",
     .doc = "address of the HTTP door; off loopback COGO_API_TOKEN must be set"},
    {.name = "workers",
     .value = "TYPE,...",
     .env = "WORKER_TYPE",
     .doc = "worker types to start (default: all)"},
    SERVE_OPTIONS,
    {.name = NULL},
};

const cli_command dev_commands[] = {
    {"dev", NULL, "",
     "a single-node cluster: orchestrator, workers and HTTP door in one process", dev_options,
     0, 0, dev},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
