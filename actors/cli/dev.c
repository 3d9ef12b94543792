/* cogo dev: orchestrator and all workers in one process, SQLite in a folder. */
#include "actors/cli/cli.h"
#include "actors/cli/log.h"
#include "actors/cli/node.h"

#include <errno.h>
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

/* "HOST:PORT", "[V6]:PORT" or ":PORT". */
static bool split_listen(const char *text, char *host, size_t host_size, int *port)
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

/* Waits for a signal or for the node to fail. */
static cli_exit serve(node *n, int signal_fd)
{
    struct pollfd fds[] = {{.fd = signal_fd, .events = POLLIN},
                           {.fd = node_failed_fd(n), .events = POLLIN}};
    while (poll(fds, 2, -1) < 0 && errno == EINTR) {
    }
    if (fds[1].revents != 0) {
        log_line(COGO_LOG_ERROR, "stopping: %s", node_failure(n));
        return CLI_FAILED;
    }
    struct signalfd_siginfo info;
    (void)!read(signal_fd, &info, sizeof info);
    log_line(COGO_LOG_INFO, "stopping on signal %u (again: at once)", info.ssi_signo);
    return CLI_OK;
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
    struct rlimit none = {0, 0}; /* A core file would hold the token. */
    (void)setrlimit(RLIMIT_CORE, &none);
}

static cli_exit dev(const args *a)
{
    char host[256], error[256], state[PATH_MAX];
    int64_t slots = 0;
    node_config config = {.host = host, .workers = args_value(a, "workers")};
    if (!log_configure(error)) {
        return cli_fail(CLI_USAGE, "%s", error);
    }
    if (!split_listen(args_value(a, "listen"), host, sizeof host, &config.port)) {
        return cli_fail(CLI_USAGE, "--listen '%s' is not HOST:PORT", args_value(a, "listen"));
    }
    const char *wanted_slots = args_value(a, "worker-slots");
    if (wanted_slots != NULL) {
        char *end = NULL;
        slots = strtol(wanted_slots, &end, 10);
        if (*end != '\0' || slots < 1 || slots > 64) {
            return cli_fail(CLI_USAGE, "--worker-slots '%s' is not 1 to 64", wanted_slots);
        }
    }
    node_state_folder(state, sizeof state);
    config.data_dir = args_value(a, "data") != NULL ? args_value(a, "data") : state;
    config.token = args_value(a, "api-token");
    config.slots = slots;
    config.trace = args_value(a, "trace");
    no_core_dumps();
    sigset_t set;
    int signal_fd = block_signals(&set);
    node *n = NULL;
    cogo_err err = node_start(&config, &n, error);
    if (err != COGO_OK) {
        close(signal_fd);
        return cli_fail(err == COGO_EEXIST   ? CLI_CONFLICT
                        : err == COGO_EINVAL ? CLI_USAGE
                                             : CLI_FAILED,
                        "%s", error);
    }
    bool v6 = strchr(host, ':') != NULL;
    log_line(COGO_LOG_INFO, "cogo %s serves http://%s%s%s:%d, data in %s", cogo_version(),
             v6 ? "[" : "", host, v6 ? "]" : "", node_port(n), node_data_folder(n));
    cli_exit code = serve(n, signal_fd);
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigaction(SIGINT, &plain, NULL);
    sigaction(SIGTERM, &plain, NULL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL); /* A second signal ends the process at once. */
    close(signal_fd);
    node_stop(n, STOP_DEADLINE_NS);
    node_destroy(n);
    return code;
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
    {.name = "workers",
     .value = "TYPE,...",
     .env = "WORKER_TYPE",
     .doc = "worker types to start (default: all)"},
    {.name = "worker-slots",
     .value = "N",
     .doc = "blocking roles that one worker runs at the same time (default 3)"},
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
