/* cogo dev: orchestrator and all workers in one process, the journal in SQLite or PostgreSQL.
 */
#include "actors/cli/keep.h"
#include "actors/cli/log.h"
#include "actors/cli/serve.h"

#include <limits.h>

static cli_exit dev(const args *a)
{
    char host[256], error[256], state[PATH_MAX];
    node_config config = {.host = host, .workers = args_value(a, "workers")};
    if (!log_configure(error)) {
        return cli_fail(CLI_USAGE, "%s", error);
    }
    if (!serve_split(args_value(a, "listen"), host, sizeof host, &config.port)) {
        return cli_fail(CLI_USAGE, "--listen '%s' is not HOST:PORT", args_value(a, "listen"));
    }
    cli_exit code = serve_slots(a, &config.slots);
    code = code == CLI_OK ? keep_take(a, &config.keep) : code;
    config.no_migrate = args_flag(a, "no-migrate");
    code = code == CLI_OK ? serve_drain(a, &config.drain_ms) : code;
    if (code != CLI_OK) {
        return code;
    }
    node_state_folder(state, sizeof state);
    config.data_dir = args_value(a, "data") != NULL ? args_value(a, "data") : state;
    config.store = args_value(a, "database-url");
    config.token = args_value(a, "api-token");
    config.tenant_rates = args_value(a, "tenant-rates");
    config.trace = args_value(a, "trace");
    return serve_node(&config);
}

static const args_option dev_options[] = {
    {.name = "listen",
     .value = "HOST:PORT",
     .fallback = "127.0.0.1:3000",
     .env = "COGO_LISTEN",
     .doc = "address of the HTTP door; off loopback COGO_API_TOKEN must be set"},
    {.name = "data",
     .value = "DIR",
     .env = "COGO_DATA",
     .doc = "folder of the journal (default: the XDG state folder)"},
    {.name = "database-url",
     .value = "URL",
     .env = "DATABASE_URL",
     .no_flag = true,
     .doc = "the journal in PostgreSQL (postgres://...) or another file (sqlite:PATH)"},
    {.name = "workers",
     .value = "TYPE,...",
     .env = "WORKER_TYPE",
     .doc = "worker types to start (default: all)"},
    {.name = "worker-slots",
     .value = "N",
     .doc = "blocking roles that one worker runs at the same time (default 3)"},
    {.name = "tenant-rates",
     .value = "N,TENANT=N,...",
     .env = "COGO_TENANT_RATES",
     .doc =
         "requests a second that each tenant may send, and those of some (default: no limit)"},
    KEEP_OPTIONS,
    {.name = "no-migrate",
     .doc = "don't bring the journal's schema up to date: end when it is not (cogo migrate)"},
    {.name = "drain-timeout",
     .value = "TIME",
     .env = "COGO_DRAIN_TIMEOUT",
     .fallback = "20s",
     .doc = "on SIGTERM: for what runs to end; the rest is given back and costs no attempt"},
    {.name = "trace",
     .value = "FILE",
     .doc = "what the actors did last, for ui.perfetto.dev; written when it stops"},
    {.name = NULL},
};

const cli_command dev_commands[] = {
    {"dev", NULL, "",
     "a single-node cluster: orchestrator, workers and HTTP door in one process", dev_options,
     0, 0, dev},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
