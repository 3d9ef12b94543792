#include "actors/cli/certificate.h"
#include "actors/cli/folder.h"
#include "actors/cli/guardian.h"
#include "actors/cli/link.h"
#include "actors/cli/node_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LINKS_STOP_NS UINT64_C(2000000000)

static bool take_names(node *n, const node_config *config, char error[256])
{
    const char *listen = config->links.listen;
    n->part = config->part;
    snprintf(n->host, sizeof n->host, "%s", config->host != NULL ? config->host : "");
    snprintf(n->listen, sizeof n->listen, "%s", listen != NULL ? listen : "");
    snprintf(n->workers, sizeof n->workers, "%s",
             config->workers != NULL ? config->workers : "");
    return (config->part == NODE_ALL && config->processes == NULL)
           || link_name(config, n->name, error);
}

cogo_err node_start(const node_config *config, node **out_node, char error[256])
{
    error[0] = '\0';
    node *n = calloc(1, sizeof *n);
    if (n == NULL) {
        snprintf(error, 256, "out of memory");
        return COGO_ENOMEM;
    }
    cogo_err err = COGO_EIO;
    n->alarm_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    n->left_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    n->work_fd = -1;
    if (!take_names(n, config, error) || !certificate_check(&config->links, n->name, error)) {
        err = COGO_EINVAL;
    } else if (!folder_make(config->data_dir)
               || realpath(config->data_dir, n->data_dir) == NULL) {
        snprintf(error, 256, "data folder %s: %s", config->data_dir, strerror(errno));
    } else if (!folder_of_work(n->data_dir, n->work_dir, sizeof n->work_dir)
               || (n->work_fd = folder_hold_work(n->work_dir)) < 0) {
        snprintf(error, 256, "scratch folder %s: %s", n->work_dir, strerror(errno));
    } else if (n->alarm_fd < 0 || n->left_fd < 0) {
        snprintf(error, 256, "eventfd: %s", strerror(errno));
    } else if (!folder_journal(config->store, n->data_dir, n->store_path, sizeof n->store_path,
                               error)) {
        err = COGO_EINVAL;
    } else {
        err = node_start_all(n, config, error);
    }
    if (err != COGO_OK) {
        node_stop(n, UINT64_C(2000000000));
        node_destroy(n);
        return err;
    }
    *out_node = n;
    return COGO_OK;
}

int node_port(const node *n)
{
    return n->door != NULL ? gateway_port(n->door) : 0;
}

cogo_system *node_system(const node *n)
{
    return n->system;
}

int node_failed_fd(const node *n)
{
    return n->alarm_fd;
}

bool node_leave(node *n, int64_t grace_ms)
{
    if (n->part != NODE_ORCHESTRATOR) {
        guardian_leave(n->system, n->guardian, grace_ms);
    }
    return n->part != NODE_ORCHESTRATOR;
}

int node_left_fd(const node *n)
{
    return n->left_fd;
}

static size_t add(char *out, size_t size, size_t used, const char *before, const char *text)
{
    if (text[0] != '\0' && used < size) {
        used += (size_t)snprintf(out + used, size - used, "%s%s", before, text);
    }
    return used < size ? used : size;
}

void node_describe(const node *n, char *out, size_t size)
{
    char port[16] = "";
    size_t used = 0;
    out[0] = '\0';
    if (n->door != NULL && n->part != NODE_WORKER) {
        bool v6 = strchr(n->host, ':') != NULL;
        used = (size_t)snprintf(out, size, "serves http://%s%s%s:%d, data in %.200s",
                                v6 ? "[" : "", n->host, v6 ? "]" : "", gateway_port(n->door),
                                n->data_dir);
        used = used < size ? used : size;
    } else {
        used = add(out, size, used, "works: ", n->workers);
        if (n->door != NULL) {
            snprintf(port, sizeof port, "%d", gateway_port(n->door));
            used = add(out, size, used, "; health and metrics on port ", port);
        }
    }
    used = add(out, size, used, "; node ", n->name);
    if (n->listen[0] != '\0') {
        snprintf(port, sizeof port, "%u", cogo_node_port(n->system));
        (void)add(out, size, used, ", for nodes on port ", port);
    }
}

const char *node_failure(const node *n)
{
    return n->alarm;
}

void node_stop(node *n, uint64_t deadline_ns)
{
    if (n->door != NULL) {
        gateway_stop(n->door, deadline_ns / 2);
    }
    if (n->system == NULL) {
        return;
    }
    if (n->linked) {
        (void)cogo_node_stop(n->system, LINKS_STOP_NS); /* What is left ends with the system. */
    }
    cogo_err err = cogo_system_stop(n->system, deadline_ns);
    trace_end(&n->trace, n->system);
    if (err == COGO_EFAULT) {
        n->system = NULL; /* A callback hangs; its memory must stay. */
        n->door = NULL;
    }
}

void node_destroy(node *n)
{
    if (n == NULL) {
        return;
    }
    gateway_destroy(n->door);
    cogo_system_destroy(n->system);
    if (n->alarm_fd >= 0) {
        close(n->alarm_fd);
    }
    if (n->left_fd >= 0) {
        close(n->left_fd);
    }
    folder_leave_work(n->work_dir, n->work_fd);
    free(n);
}
