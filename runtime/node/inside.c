/* A child process from inside: it becomes a node that is linked with its parent over inherited
 * sockets, and ends when that link does. */
#include "runtime/node/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define STOP_NS UINT64_C(5000000000) /* For its actors to end. */

enum { FAILED = 1, WORD_MAX = 24 };

/* What the parent has said. */
typedef struct order {
    long parent;
    unsigned long long memory_bytes;
    char name[COGO__CHILD_NAME];
} order;

/* Holds both connections; their end is its own. */
static cogo_err guardian_start(cogo_context *ctx, void *state, const void *args)
{
    cogo__node *node = cogo__node_of(cogo_context_system(ctx));
    (void)state;
    (void)args;
    for (uint32_t i = 0; i < COGO__CONNECTIONS; i++) {
        cogo_actor_id id;
        cogo__connect how = {.node = node,
                             .owner = cogo_self(ctx),
                             .fd = COGO__CHILD_CONTROL + (int)i,
                             .number = i,
                             .kin = true};
        cogo_err err = cogo__connection_spawn(ctx, &how, &id);
        if (err != COGO_OK) {
            return err;
        }
    }
    return COGO_OK;
}

static cogo_err guardian_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == COGO_MSG_EXIT) {
        // Not NORMAL: the other connection ends with it, by its link.
        cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the link with the parent has ended");
    }
    return COGO_OK;
}

static const cogo_behavior guardian_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "cogo.node.guardian",
    .receive = guardian_receive,
    .start = guardian_start,
};

static cogo_err run(cogo_system *system, const cogo_process_program *program, const char *name)
{
    const cogo_node_config config = {.struct_size = sizeof config, .name = name};
    const cogo_spawn_options options = {.struct_size = sizeof options,
                                        .behavior = &guardian_behavior,
                                        .flags = COGO_SPAWN_TRAP_EXIT};
    cogo_actor_id guardian = COGO_NO_ACTOR;
    cogo_err err = program->setup(system, program->arg);
    err = err == COGO_OK ? cogo_node_start(system, &config) : err;
    err = err == COGO_OK ? cogo_system_spawn(system, &options, &guardian) : err;
    return err == COGO_OK ? cogo_system_await(system, guardian, UINT64_MAX, NULL) : err;
}

/* What it costs the parent when this fails is a process that ends before it is linked. */
static bool obey(const order *o)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != (pid_t)o->parent) {
        return false; // The parent has ended already.
    }
    const struct rlimit limit = {o->memory_bytes, o->memory_bytes};
    if (o->memory_bytes != 0 && setrlimit(RLIMIT_AS, &limit) != 0) {
        return false;
    }
    for (int fd = COGO__CHILD_CONTROL; fd < COGO__CHILD_FDS; fd++) {
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
            return false;
        }
    }
    return true;
}

static bool parse(const char *text, order *out)
{
    char *end = NULL;
    errno = 0;
    out->parent = strtol(text, &end, 10);
    if (end == text || *end != ' ' || errno != 0) {
        return false;
    }
    text = end + 1;
    out->memory_bytes = strtoull(text, &end, 10);
    if (end == text || *end != ' ' || errno != 0) {
        return false;
    }
    size_t length = strnlen(end + 1, sizeof out->name);
    memcpy(out->name, end + 1, length < sizeof out->name ? length + 1 : 0);
    return length != 0 && length < sizeof out->name;
}

static int be_child(const cogo_process_program *program, const order *o)
{
    cogo_system *system = NULL;
    cogo_system_config defaults = {.struct_size = sizeof defaults};
    if (!obey(o)) {
        return FAILED;
    }
    cogo__words_install();
    cogo_err err =
        cogo_system_create(program->config != NULL ? program->config : &defaults, &system);
    if (err != COGO_OK) {
        return FAILED;
    }
    err = run(system, program, o->name);
    (void)cogo_node_stop(system, STOP_NS);
    if (cogo_system_stop(system, STOP_NS) != COGO_OK) {
        return FAILED; // Somebody does not end: the process does.
    }
    cogo_system_destroy(system);
    return err == COGO_OK ? 0 : FAILED;
}

bool cogo_process_main(const cogo_process_program *program, int *out_code)
{
    order o = {0};
    const char *text = getenv(COGO__CHILD_VARIABLE);
    if (text == NULL) {
        return false;
    }
    bool known = parse(text, &o);
    (void)unsetenv(COGO__CHILD_VARIABLE);
    bool valid = known && program != NULL && program->struct_size >= sizeof *program
                 && program->setup != NULL && out_code != NULL;
    int code = valid ? be_child(program, &o) : FAILED;
    if (out_code != NULL) {
        *out_code = code;
    }
    return true;
}
