#include "actors/cli/link.h"

#include <cogo/cluster.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
    SECRET_MIN = 16,
    SECRET_MAX = 256,
    QUEUE_BYTES = 8388608,   /* For one peer: a burst of offers finds room. */
    RECONNECT_MAX_MS = 2000, /* A restarted orchestrator has its workers back soon. */
};

bool link_name(const node_config *config, char out[COGO_NODE_NAME_SIZE], char error[256])
{
    struct utsname os;
    if (config->links.name != NULL) {
        size_t size = strlen(config->links.name);
        if (size == 0 || size >= COGO_NODE_NAME_SIZE) {
            snprintf(error, 256, "--node-name must have 1 to %d bytes",
                     COGO_NODE_NAME_SIZE - 1);
            return false;
        }
        snprintf(out, COGO_NODE_NAME_SIZE, "%s", config->links.name);
        return true;
    }
    if (uname(&os) != 0) {
        snprintf(error, 256, "the name of this host: %s; give --node-name", strerror(errno));
        return false;
    }
    if (config->part == NODE_ORCHESTRATOR) {
        snprintf(out, COGO_NODE_NAME_SIZE, "orchestrator@%.64s", os.nodename);
    } else {
        snprintf(out, COGO_NODE_NAME_SIZE, "%s.%ld@%.64s",
                 config->part == NODE_ALL ? "dev" : "worker", (long)getpid(), os.nodename);
    }
    return true;
}

/* What is wrong with the addresses, as far as the runtime told. */
static void explain(cogo_err err, const node_links *links, char error[256])
{
    const char *listen = links->listen != NULL ? links->listen : "";
    const char *join = links->join != NULL ? links->join : "";
    if (err == COGO_EINVAL && (links->members != NULL || links->advertise != NULL)) {
        snprintf(
            error, 256,
            "--members is NAME,... (at most %d) or NAME-0..2, --advertise and --listen-node are "
            "ADDRESS:PORT; one is not: members '%.60s', advertise '%.60s', listen '%.40s'",
            COGO_CLUSTER_VOTERS_MAX, links->members != NULL ? links->members : "",
            links->advertise != NULL ? links->advertise : "", listen);
    } else if (err == COGO_EINVAL) {
        snprintf(error, 256,
                 "nodes listen on ADDRESS:PORT and join ADDRESS:PORT, [V6]:PORT or NAME:PORT; "
                 "one of these is neither: listen '%.60s', join '%.80s'",
                 listen, join);
    } else if (err == COGO_EAUTH) {
        snprintf(
            error, 256,
            "a node address that is not loopback needs COGO_CLUSTER_SECRET or certificates: "
            "listen '%.60s', join '%.80s'",
            listen, join);
    } else if (err == COGO_EIO) {
        snprintf(error, 256, "cannot listen for nodes on %.120s: is it in use?", listen);
    } else {
        snprintf(error, 256, "the links did not start: %s", cogo_strerror(err));
    }
}

cogo_err link_start(cogo_system *system, const char *name, const node_links *links,
                    char error[256])
{
    size_t secret_size = links->secret != NULL ? strlen(links->secret) : 0;
    if (links->secret != NULL && (secret_size < SECRET_MIN || secret_size > SECRET_MAX)) {
        snprintf(error, 256, "COGO_CLUSTER_SECRET must have %d to %d bytes", SECRET_MIN,
                 SECRET_MAX);
        return COGO_EINVAL;
    }
    if (links->cluster != NULL && strlen(links->cluster) >= COGO_NODE_NAME_SIZE) {
        snprintf(error, 256, "--cluster must have at most %d bytes", COGO_NODE_NAME_SIZE - 1);
        return COGO_EINVAL;
    }
    cogo_node_config config = {
        .struct_size = sizeof config,
        .name = name,
        .cluster = links->cluster,
        .listen = links->listen,
        .join = links->join,
        .members = links->members,
        .advertise = links->advertise,
        .secret = links->secret,
        .secret_size_bytes = secret_size,
        .tls_cert = links->tls_cert,
        .tls_key = links->tls_key,
        .tls_ca = links->tls_ca,
        .queue_bytes = QUEUE_BYTES,
        .reconnect_max_ms = RECONNECT_MAX_MS,
    };
    cogo_err err = cogo_node_start(system, &config);
    if (err != COGO_OK) {
        explain(err, links, error);
    }
    return err == COGO_EIO ? COGO_EEXIST : err;
}
