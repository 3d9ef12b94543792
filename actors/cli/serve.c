#include "actors/cli/serve.h"

#include "actors/cli/certificate.h"
#include "actors/cli/folder.h"
#include "actors/cli/log.h"
#include "codec/contract/failpoint.h"

#include <cogo/system.h>

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define STOP_DEADLINE_NS UINT64_C(25000000000) /* Within the 30 s that pods are given. */
enum {
    SLOTS_MOST = 64,
    DRAIN_MOST_MS = 3600000,
    LEAVE_MS = 8000, /* Beyond the grace: roles are told to stop, the orchestrator is told. */
};

bool serve_split(const char *text, char *host, size_t host_size, int *port)
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    if (colon == NULL || colon[1] == '\0') {
        return false;
    }
    long number = strtol(colon + 1, &end, 10);
    if (*end != '\0' || number < 0 || number > 65535) {
        return false;
    }
    size_t length = (size_t)(colon - text);
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    snprintf(host, host_size, "%.*s", (int)length, length == 0 ? "" : text);
    if (length == 0) {
        snprintf(host, host_size, "0.0.0.0");
    }
    *port = (int)number;
    return true;
}

static cli_exit take_slots(const args *a, int64_t *out_slots)
{
    const char *wanted = args_value(a, "worker-slots");
    *out_slots = 0;
    if (wanted != NULL) {
        char *end = NULL;
        *out_slots = strtol(wanted, &end, 10);
        if (*end != '\0' || *out_slots < 1 || *out_slots > SLOTS_MOST) {
            return cli_fail(CLI_USAGE, "--worker-slots '%s' is not 1 to %d", wanted,
                            SLOTS_MOST);
        }
    }
    return CLI_OK;
}

static cli_exit take_drain(const args *a, int64_t *out_ms)
{
    const char *wanted = args_value(a, "drain-timeout");
    if (!args_duration_ms(wanted, out_ms) || *out_ms > DRAIN_MOST_MS) {
        return cli_fail(CLI_USAGE, "--drain-timeout '%s' is not a time of at most 1h", wanted);
    }
    return CLI_OK;
}

static char state_folder[PATH_MAX]; /* Of the one node that a process is. */

cli_exit serve_take(const args *a, node_config *config)
{
    const char *data = args_value(a, "data");
    folder_of_state(state_folder, sizeof state_folder);
    config->data_dir = data != NULL ? data : state_folder;
    config->store = args_value(a, "database-url");
    config->token = args_value(a, "api-token");
    config->tenant_rates = args_value(a, "tenant-rates");
    config->trace = args_value(a, "trace");
    config->otlp_endpoint = args_value(a, "otlp-endpoint");
    config->processes = args_value(a, "worker-processes");
    config->no_migrate = args_flag(a, "no-migrate");
    config->redis = (node_redis){.url = args_value(a, "redis-url"),
                                 .token = args_value(a, "redis-token"),
                                 .required = args_flag(a, "redis-required")};
    if (!args_count(args_value(a, "redis-keep"), &config->redis.keep)
        || config->redis.keep < 1) {
        return cli_fail(CLI_USAGE, "--redis-keep '%s' is not a number of entries",
                        args_value(a, "redis-keep"));
    }
    cli_exit code = take_slots(a, &config->slots);
    code = code == CLI_OK ? keep_take(a, &config->keep) : code;
    return code == CLI_OK ? take_drain(a, &config->drain_ms) : code;
}

/* Waits for a signal that ends the node or for the node to fail. Certificates may change
 * meanwhile; a SIGHUP asks for them, if there are any. */
static cli_exit wait_for_end(node *n, int signal_fd, certificate_watch *certificates)
{
    struct pollfd fds[] = {{.fd = signal_fd, .events = POLLIN},
                           {.fd = node_failed_fd(n), .events = POLLIN}};
    int patience_ms = certificates->seen != 0 ? CERTIFICATE_LOOK_MS : -1;
    for (;;) {
        struct signalfd_siginfo info = {0};
        int ready = poll(fds, 2, patience_ms);
        if (ready > 0 && fds[1].revents != 0) {
            log_line(COGO_LOG_ERROR, "stopping: %s", node_failure(n));
            return CLI_FAILED;
        }
        if (ready > 0) {
            (void)!read(signal_fd, &info, sizeof info);
        }
        bool hang_up = info.ssi_signo == SIGHUP;
        if (info.ssi_signo != 0 && !(hang_up && certificates->seen != 0)) {
            log_line(COGO_LOG_INFO, "stopping on signal %u (again: at once)", info.ssi_signo);
            return CLI_OK;
        }
        if (certificates->seen != 0) {
            certificate_look(certificates, n, hang_up);
        }
    }
}

/* Until the workers have left. */
static void drain(node *n, int64_t grace_ms)
{
    struct pollfd left = {.fd = node_left_fd(n), .events = POLLIN};
    if (node_leave(n, grace_ms) && poll(&left, 1, (int)grace_ms + LEAVE_MS) != 1) {
        log_line(COGO_LOG_WARN, "not all workers have left in time");
    }
}

static int block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigprocmask(SIG_BLOCK, set, NULL); /* Before the first thread: all inherit it. */
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, set, SFD_CLOEXEC);
}

static void no_core_dumps(void)
{
    struct rlimit none = {0, 0}; /* A core file would hold the token and the secret. */
    (void)setrlimit(RLIMIT_CORE, &none);
}

cli_exit serve_node(const node_config *config)
{
    char text[512];
    sigset_t set;
    node *n = NULL;
    if (!failpoints_arm(getenv("COGO_FAILPOINT"))) {
        return cli_fail(CLI_USAGE, "COGO_FAILPOINT is not NAME:kill or NAME:stop, with a name "
                                   "of codec/contract/failpoint.h and perhaps :COUNT");
    }
    no_core_dumps();
    int signal_fd = block_signals(&set);
    cogo_err err = node_start(config, &n, text);
    if (err != COGO_OK) {
        close(signal_fd);
        return cli_fail(err == COGO_EEXIST                        ? CLI_CONFLICT
                        : err == COGO_EINVAL || err == COGO_EAUTH ? CLI_USAGE
                        : err == COGO_ECLOSED                     ? CLI_UNAVAILABLE
                                                                  : CLI_FAILED,
                        "%s", text);
    }
    node_describe(n, text, sizeof text);
    log_line(COGO_LOG_INFO, "cogo %s %s", cogo_version(), text);
    certificate_watch certificates;
    certificate_watch_init(&certificates, &config->links);
    cli_exit code = wait_for_end(n, signal_fd, &certificates);
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigaction(SIGINT, &plain, NULL);
    sigaction(SIGTERM, &plain, NULL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL); /* A second signal ends the process at once. */
    close(signal_fd);
    if (code == CLI_OK) {
        drain(n, config->drain_ms);
    }
    node_stop(n, STOP_DEADLINE_NS);
    node_destroy(n);
    return code;
}
