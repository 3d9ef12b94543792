#include "bench/far.h"

#include "bench/measure.h"
#include "bench/workload.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_NS (UINT64_C(5) * 1000 * 1000 * 1000)

typedef struct answerer {
    uint64_t every, count;
} answerer;

static cogo_err answer(cogo_context *ctx, void *state, cogo_msg *msg)
{
    answerer *a = state;
    cogo_system *system = cogo_context_system(ctx);
    switch (cogo_msg_type_of(msg)) {
    case FAR_PING: {
        size_t size = cogo_msg_size(msg);
        cogo_msg *pong = cogo_msg_create(system, FAR_PONG, size);
        if (pong != NULL) {
            memcpy(cogo_msg_payload(pong), cogo_msg_payload(msg), size);
        }
        return cogo_send(ctx, cogo_msg_sender(msg), pong);
    }
    case FAR_BEGIN:
        *a = (answerer){.every = workload_number(msg)};
        return COGO_OK;
    case FAR_COUNT:
        a->count++;
        return a->count % a->every == 0
                   ? workload_send_number(ctx, cogo_msg_sender(msg), FAR_COUNTED, a->count)
                   : COGO_OK;
    default:
        return COGO_EINVAL;
    }
}

static const cogo_behavior answerer_behavior = {.struct_size = sizeof answerer_behavior,
                                                .name = FAR_ACTOR,
                                                .state_size_bytes = sizeof(answerer),
                                                .receive = answer};

cogo_err far_types(cogo_system *system)
{
    static const cogo_type types[] = {
        {sizeof(cogo_type), FAR_PING, "bench.ping", NULL},
        {sizeof(cogo_type), FAR_PONG, "bench.pong", NULL},
        {sizeof(cogo_type), FAR_BEGIN, "bench.begin", NULL},
        {sizeof(cogo_type), FAR_COUNT, "bench.count", NULL},
        {sizeof(cogo_type), FAR_COUNTED, "bench.counted", NULL},
    };
    cogo_err err = COGO_OK;
    for (size_t i = 0; i < sizeof types / sizeof types[0] && err == COGO_OK; i++) {
        err = cogo_type_register(system, &types[i]);
    }
    return err;
}

/* The other process: says its port, then works until its input ends. */
static int serve(uint32_t lanes, int say, int listen_to)
{
    cogo_system *system = NULL;
    cogo_actor_id id;
    const cogo_node_config config = {
        .struct_size = sizeof config, .name = "far", .listen = "127.0.0.1:0"};
    const cogo_spawn_options options = {.struct_size = sizeof options,
                                        .behavior = &answerer_behavior};
    cogo_err err = measure_open(lanes, &system, &lanes);
    if (err != COGO_OK) {
        return 1;
    }
    err = far_types(system);
    err = err == COGO_OK ? cogo_system_spawn(system, &options, &id) : err;
    err = err == COGO_OK ? cogo_name_register(system, FAR_ACTOR, id) : err;
    err = err == COGO_OK ? cogo_node_start(system, &config) : err;
    uint16_t port = err == COGO_OK ? cogo_node_port(system) : 0;
    char end;
    bool said = write(say, &port, sizeof port) == (ssize_t)sizeof port;
    while (said && read(listen_to, &end, 1) < 0 && errno == EINTR) {
    }
    (void)cogo_node_stop(system, STOP_NS);
    return measure_close(system) && err == COGO_OK ? 0 : 1;
}

cogo_err far_start(uint32_t lanes, far *out)
{
    const pid_t parent = getpid();
    int says[2], keeps[2];
    if (pipe(says) != 0) {
        return COGO_EIO;
    }
    if (pipe(keeps) != 0) {
        (void)close(says[0]);
        (void)close(says[1]);
        return COGO_EIO;
    }
    *out = (far){.pid = fork(), .keep = keeps[1]};
    if (out->pid == 0) {
        (void)close(says[0]);
        (void)close(keeps[1]);
        // A parent that has died before this call would never be noticed.
        bool tied = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
        _exit(tied ? serve(lanes, says[1], keeps[0]) : 1);
    }
    (void)close(says[1]);
    (void)close(keeps[0]);
    bool there = out->pid > 0
                 && read(says[0], &out->port, sizeof out->port) == (ssize_t)sizeof out->port
                 && out->port != 0;
    (void)close(says[0]);
    if (!there) {
        far_stop(out);
    }
    return there ? COGO_OK : COGO_EIO;
}

void far_stop(far *f)
{
    (void)close(f->keep);
    while (f->pid > 0 && waitpid(f->pid, NULL, 0) < 0 && errno == EINTR) {
    }
}
