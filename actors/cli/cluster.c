/* cogo node: one node of a cluster, orchestrator or workers. */
#include "actors/cli/log.h"
#include "actors/cli/serve.h"

#include <string.h>

static const char scheme[] = "cogo://";

/* What to join: the option, else the cluster's URL when it names a node. False: it has said
 * what is wrong. */
static bool find_join(const args *a, const char **out_join)
{
    const char *url = args_value(a, "server");
    *out_join = args_value(a, "join");
    if (*out_join != NULL || url == NULL) {
        return true;
    }
    if (strncmp(url, scheme, sizeof scheme - 1) == 0) {
        *out_join = url + sizeof scheme - 1;
        return true;
    }
    if (strcmp(args_value(a, "role"), "worker") != 0) {
        return true; // An orchestrator has no use for it.
    }
    (void)cli_fail(CLI_USAGE,
                   "ORCHESTRATOR_URL '%s' is not cogo://HOST:PORT, where a worker node finds "
                   "its orchestrator",
                   url);
    return false;
}

static char door_host[256]; /* Of the one node that a process is. */

static cli_exit take_door(const char *listen, node_config *config)
{
    if (!serve_split(listen, door_host, sizeof door_host, &config->port)) {
        return cli_fail(CLI_USAGE, "--listen '%s' is not HOST:PORT", listen);
    }
    config->host = door_host;
    return CLI_OK;
}

static cli_exit as_orchestrator(const args *a, node_config *config)
{
    const char *listen = args_value(a, "listen");
    if (args_value(a, "type") != NULL || config->worker_id != NULL
        || config->processes != NULL) {
        return cli_fail(CLI_USAGE,
                        "--type, --worker-id and --worker-processes go with --role worker");
    }
    config->part = NODE_ORCHESTRATOR;
    return take_door(listen != NULL ? listen : "127.0.0.1:3000", config);
}

static cli_exit as_worker(const args *a, node_config *config)
{
    config->part = NODE_WORKER;
    config->workers = args_value(a, "type");
    if (config->workers == NULL) {
        return cli_fail(CLI_USAGE, "--role worker needs --type TYPE,... (or WORKER_TYPE)");
    }
    if (config->worker_id != NULL && strchr(config->workers, ',') != NULL) {
        return cli_fail(CLI_USAGE, "--worker-id names one worker, --type lists several");
    }
    if (config->links.join == NULL && config->links.listen == NULL) {
        return cli_fail(CLI_USAGE, "--role worker needs --join HOST:PORT (or "
                                   "ORCHESTRATOR_URL=cogo://HOST:PORT)");
    }
    const char *listen = args_value(a, "listen");
    return listen != NULL ? take_door(listen, config) : CLI_OK;
}

static cli_exit node_run(const args *a)
{
    char error[256];
    const char *role = args_value(a, "role");
    node_config config = {.worker_id = args_value(a, "worker-id"),
                          .links = {.name = args_value(a, "node-name"),
                                    .cluster = args_value(a, "cluster"),
                                    .listen = args_value(a, "listen-node"),
                                    .members = args_value(a, "members"),
                                    .advertise = args_value(a, "advertise"),
                                    .secret = args_value(a, "cluster-secret"),
                                    .tls_cert = args_value(a, "tls-cert"),
                                    .tls_key = args_value(a, "tls-key"),
                                    .tls_ca = args_value(a, "tls-ca")}};
    if (!log_configure(error)) {
        return cli_fail(CLI_USAGE, "%s", error);
    }
    if (role == NULL || (strcmp(role, "orchestrator") != 0 && strcmp(role, "worker") != 0)) {
        return cli_fail(CLI_USAGE, "--role must be orchestrator or worker");
    }
    cli_exit code = serve_take(a, &config);
    if (code == CLI_OK && !find_join(a, &config.links.join)) {
        code = CLI_USAGE;
    }
    if (code == CLI_OK) {
        code = role[0] == 'w' ? as_worker(a, &config) : as_orchestrator(a, &config);
    }
    return code == CLI_OK ? serve_node(&config) : code;
}

static const args_option node_options[] = {
    {.name = "role", .value = "ROLE", .doc = "orchestrator or worker"},
    {.name = "type",
     .value = "TYPE,...",
     .env = "WORKER_TYPE",
     .doc = "worker types that a worker node runs"},
    {.name = "join",
     .value = "HOST:PORT,...",
     .doc =
         "nodes to link with; all addresses of a name (dns:NAME:PORT is the same), looked up "
         "again every 10 s; default: ORCHESTRATOR_URL if it is cogo://HOST:PORT"},
    {.name = "listen-node",
     .value = "ADDRESS:PORT",
     .doc = "where other nodes may link with this one"},
    {.name = "listen",
     .value = "HOST:PORT",
     .env = "COGO_LISTEN",
     .doc =
         "HTTP door of an orchestrator (default 127.0.0.1:3000), or of a worker node (health "
         "and metrics; default: none); off loopback COGO_API_TOKEN must be set"},
    {.name = "advertise",
     .value = "HOST:PORT",
     .doc =
         "where other members reach this node, address or name, which they look up (default: "
         "--listen-node)"},
    {.name = "members",
     .value = "NAME,...",
     .doc = "nodes whose majority declares one dead, or NAME-0..2 for three in a row; the same "
            "on all nodes (default: all that are known)"},
    {.name = "node-name",
     .value = "NAME",
     .doc = "unique in the cluster (default: of role, process and host)"},
    {.name = "cluster",
     .value = "NAME",
     .doc = "only nodes that say the same are let in (default: no name)"},
    {.name = "worker-id",
     .value = "ID",
     .env = "WORKER_ID",
     .doc = "id of the worker; while one with this id lives another is refused"},
    SERVE_OPTIONS,
    {.name = "tls-cert",
     .value = "FILE",
     .env = "COGO_TLS_CERT",
     .doc =
         "TLS 1.3 on all links: certificate of this node (PEM, with those between it and the "
         "CA), one of its DNS names is --node-name; read again on SIGHUP or when it changes"},
    {.name = "tls-key",
     .value = "FILE",
     .env = "COGO_TLS_KEY",
     .doc = "its private key (PEM, no password)"},
    {.name = "tls-ca",
     .value = "FILE",
     .env = "COGO_TLS_CA",
     .doc = "authorities whose certificates other nodes may show (PEM)"},
    {.name = "cluster-secret",
     .env = "COGO_CLUSTER_SECRET",
     .no_flag = true,
     .value = "SECRET"},
    {.name = NULL},
};

const cli_command node_commands[] = {
    {"node", NULL, "", "one node of a cluster: the orchestrator, or workers", node_options, 0,
     0, node_run},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, NULL},
};
