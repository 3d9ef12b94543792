/* The scene of the durable benches: its node, and what it is asked. */
#include "actors/cli/bench_scene.h"

#include "actors/cli/folder.h"
#include "actors/cli/log.h"
#include "actors/cli/place.h"
#include "actors/orchestrator/orchestrator.h"
#include "actors/sandbox/sandbox.h"
#include "bench/bench.h"
#include "codec/contract/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_NS UINT64_C(60000000000)
#define STOP_NS   UINT64_C(10000000000)
#define WORKERS   "indexing"

bool bench_scene_fail(const bench_scene *s, const char *what)
{
    (void)snprintf(s->error, BENCH_ERROR_SIZE, "durable: %s", what);
    return false;
}

cogo_msg *bench_scene_ask(const bench_scene *s, cogo_msg_type type, const void *record,
                          cogo_msg_type wanted)
{
    cogo_msg *answer = NULL;
    cogo_err err =
        cogo_system_ask(s->system, s->orchestrator,
                        cogo_msg_create_record(s->system, type, record), ANSWER_NS, &answer);
    if (err == COGO_OK && cogo_msg_type_of(answer) == wanted) {
        return answer;
    }
    bool refused = err == COGO_OK && cogo_msg_type_of(answer) == MSG_PROBLEM;
    (void)bench_scene_fail(s, refused ? ((const problem *)cogo_msg_payload(answer))->detail
                                      : cogo_strerror(err));
    cogo_msg_destroy(answer);
    return NULL;
}

static const metric_family *find_family(const metrics *all, const char *name)
{
    const metric_family *family = all->families.items;
    for (size_t i = 0; i < all->families.count; i++) {
        if (strcmp(family[i].name, name) == 0) {
            return &family[i];
        }
    }
    return NULL;
}

/* One of several that may stand by has to take over first, which can make it another actor. */
static bool await_leader(bench_scene *s)
{
    uint64_t end = cogo_system_now_ns(s->system) + ANSWER_NS;
    bool leads = false;
    while (!leads && cogo_system_now_ns(s->system) < end) {
        s->orchestrator = cogo_name_find(s->system, ORCHESTRATOR_NAME);
        cogo_msg *answer = bench_scene_ask(s, MSG_METRICS_READ, &(empty){false}, MSG_METRICS);
        const metric_family *family =
            answer == NULL ? NULL : find_family(cogo_msg_payload(answer), "cogo_leader");
        leads = family != NULL && ((const metric_sample *)family->samples.items)->value == 1;
        cogo_msg_destroy(answer);
        (void)usleep(leads ? 0 : 10000);
    }
    return leads;
}

int64_t bench_scene_recorded(const bench_scene *s)
{
    cogo_msg *answer = bench_scene_ask(s, MSG_METRICS_READ, &(empty){false}, MSG_METRICS);
    if (answer == NULL) {
        return -1;
    }
    const metric_family *family = find_family(cogo_msg_payload(answer), "cogo_tasks_total");
    double sum = 0;
    for (size_t i = 0; family != NULL && i < family->samples.count; i++) {
        const metric_sample *sample = (const metric_sample *)family->samples.items + i;
        sum += strstr(sample->labels, "succeeded") != NULL ? sample->value : 0;
    }
    cogo_msg_destroy(answer);
    return (int64_t)sum;
}

bool bench_scene_await(const bench_scene *s, int64_t wanted)
{
    uint64_t end = cogo_system_now_ns(s->system) + ANSWER_NS;
    while (cogo_system_now_ns(s->system) < end) {
        int64_t now = bench_scene_recorded(s);
        if (now < 0 || now >= wanted) {
            return now >= wanted;
        }
        (void)usleep(1000); // No event tells how many there are; this bounds the error to 1 ms.
    }
    return bench_scene_fail(s, "not all tasks were recorded within 60 s");
}

bool bench_scene_dispatched(const bench_scene *s, bench_dispatched *since, histogram *out)
{
    cogo_msg *answer = bench_scene_ask(s, MSG_METRICS_READ, &(empty){false}, MSG_METRICS);
    const metric_family *family =
        answer == NULL ? NULL : find_family(cogo_msg_payload(answer), "cogo_dispatch_seconds");
    size_t at = 0;
    double below = 0; // Counts of a metric's buckets include those before.
    for (size_t i = 0; family != NULL && i < family->samples.count; i++) {
        const metric_sample *sample = (const metric_sample *)family->samples.items + i;
        if (strcmp(sample->suffix, "_bucket") != 0 || at == 32) {
            continue;
        }
        double bound_s = strtod(strchr(sample->labels, '"') + 1, NULL);
        uint64_t bound_ns = bound_s < 1e6 ? (uint64_t)(bound_s * 1e9) : UINT64_MAX; // +Inf
        double grown = sample->value - since->counts[at];
        for (double n = below; out != NULL && n < grown; n++) {
            histogram_add(out, bound_ns);
        }
        below = grown;
        since->counts[at++] = sample->value;
    }
    cogo_msg_destroy(answer);
    return at > 0 || bench_scene_fail(s, "no times of dispatch");
}

/* The same program, as a node that works for this one; it ends with this process. */
static _Noreturn void work(uint16_t port, const char *folder, pid_t parent)
{
    char join[32], data[96];
    snprintf(join, sizeof join, "127.0.0.1:%u", port);
    snprintf(data, sizeof data, "%s/worker", folder);
    const char *const words[] = {"cogo",     "node",        "--role", "worker", "--type",
                                 WORKERS,    "--join",      join,     "--data", data,
                                 "--listen", "127.0.0.1:0", NULL};
    char *const env[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
    char *argv[sizeof words / sizeof *words];
    memcpy(argv, words, sizeof words);
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t none;
    sigemptyset(&none);
    if (nowhere >= 0 && dup2(nowhere, 0) == 0 && dup2(nowhere, 1) == 1 && dup2(nowhere, 2) == 2
        && sigprocmask(SIG_SETMASK, &none, NULL) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0
        && getppid() == parent) {
        execve("/proc/self/exe", argv, env);
    }
    _exit(1);
}

bool bench_scene_open(bench_scene *s, bool far, char *error)
{
    char why[256];
    *s = (bench_scene){.error = error};
    snprintf(s->folder, sizeof s->folder, "/tmp/cogo-bench-XXXXXX");
    log_set_level(COGO_LOG_ERROR);
    signal(SIGPIPE, SIG_IGN);
    place_sweep();
    if (mkdtemp(s->folder) == NULL) {
        s->folder[0] = '\0';
        return bench_scene_fail(s, "no temporary folder");
    }
    node_config config = {.data_dir = s->folder,
                          .part = far ? NODE_ORCHESTRATOR : NODE_ALL,
                          .links = {.name = "bench", .listen = "127.0.0.1:0"},
                          .store = getenv("DATABASE_URL"),
                          .host = "127.0.0.1",
                          .workers = WORKERS};
    if (node_start(&config, &s->node, why) != COGO_OK) {
        return bench_scene_fail(s, why);
    }
    s->system = node_system(s->node);
    if (!await_leader(s)) {
        return bench_scene_fail(s, "nobody leads within 60 s");
    }
    pid_t parent = getpid();
    s->worker = far ? fork() : 0;
    if (far && s->worker == 0) {
        work(cogo_node_port(s->system), s->folder, parent);
    }
    return s->worker >= 0 || bench_scene_fail(s, "no second process");
}

void bench_scene_close(bench_scene *s)
{
    char work_folder[256];
    if (s->worker > 0) {
        (void)kill(s->worker, SIGKILL);
        while (waitpid(s->worker, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    if (s->node != NULL) {
        node_stop(s->node, STOP_NS);
        node_destroy(s->node);
    }
    if (s->folder[0] != '\0') {
        if (folder_of_work(s->folder, work_folder, sizeof work_folder)) {
            sandbox_folder_remove(work_folder);
        }
        sandbox_folder_remove(s->folder);
    }
}
