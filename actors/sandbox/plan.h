/* Everything a run needs, worked out before the fork: after it nothing may be allocated.
 * Made by the runner, carried out by the keeper and the child (confine.c).
 * Never decides about limits during the run. */
#ifndef SANDBOX_PLAN_H
#define SANDBOX_PLAN_H

#include "actors/sandbox/filter.h"
#include "actors/sandbox/sandbox.h"
#include "actors/sandbox/slot.h"
#include "actors/sandbox/tree.h"

#include <sys/resource.h>

enum {
    PLAN_READABLE_MAX = 16,
    PLAN_ENV_MAX = 256,
    PLAN_OPEN_FILES = 1024,
    PLAN_PASS_MAX = 8,
    PLAN_RLIMITS_MAX = 9,
    PLAN_WRAPPERS = 2, /* bubblewrap itself, outside and as the init inside. */
};

/* A growing list of owned strings, ended by NULL; `failed` once memory ran out. */
typedef struct sandbox__list {
    char **at;
    size_t count, capacity;
    bool failed;
} sandbox__list;

void sandbox__list_add(sandbox__list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sandbox__list_finish(sandbox__list *list);

typedef struct sandbox__rlimit {
    int resource;
    struct rlimit value;
} sandbox__rlimit;

typedef struct sandbox__plan {
    const sandbox_request *request;
    sandbox_limits limits; /* Filled up with the defaults. */
    sandbox_level level;
    sandbox__slot slot;
    sandbox__net net;
    const struct sock_fprog *filter;
    char workdir[4096]; /* Without links. */
    char start[4096];
    char program[4096]; /* What argv[0] stands for. */
    char scratch[4096]; /* TMPDIR below the workdir where /tmp is not our own; else empty. */
    int workdir_fd;

    bool stage;            /* Bind the folders to a private place before giving up root. */
    sandbox__list folders; /* Host paths: the workdir, then the readable ones. */
    sandbox__list env;
    sandbox__list argv; /* Of what is executed: bubblewrap, or the program itself. */
    const char *executable;
    sandbox__rlimit rlimits[PLAN_RLIMITS_MAX];
    size_t rlimit_count;

    int in_fd, out_fd, err_fd; /* The child's. */
    int report_fd, control_fd; /* The keeper's. */
    int pass[PLAN_PASS_MAX];   /* Descriptors for bubblewrap; it closes them. */
    size_t pass_count;
    sandbox__tree *tree; /* For the keeper's scans. */
} sandbox__plan;

/* False: refused (or, with @p why empty, out of memory). Ended by plan_finish in any case. */
bool sandbox__plan_init(sandbox__plan *plan, const sandbox_request *request,
                        sandbox_level level, char *why, size_t why_size);
void sandbox__plan_finish(sandbox__plan *plan);
/* What the child alone needed; called in the parent once it is forked too. */
void sandbox__plan_close_child_fds(sandbox__plan *plan);

/* Adds bubblewrap's command line; the report of its own goes to @p json_fd, which is taken. */
bool sandbox__plan_namespaces(sandbox__plan *plan, int json_fd);
/* The command is the program itself. */
bool sandbox__plan_direct(sandbox__plan *plan);

/* A sealed memory file holding @p bytes, at its start. -1 when that fails. */
int sandbox__memory_file(const void *bytes, size_t size);

#endif
