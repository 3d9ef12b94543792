/* One run of a program for somebody, from its context to its output.
 * Used by the files of this role only. */
#ifndef ROLES_SANDBOX_EXECUTOR_EXECUTION_H
#define ROLES_SANDBOX_EXECUTOR_EXECUTION_H

#include "actors/roles/role.h"
#include "actors/sandbox/sandbox.h"

enum { EXECUTION_CHANGED_MAX = 1000 }; /* Files that are listed as changed. */

typedef struct execution {
    role_job *job;
    sandbox_request request;
    const char **argv;
    char **env;
    size_t env_count;
    char workdir[4096];
    int workdir_fd;
    /* path -> "type size mtime inode" before the run; what is seen again leaves. */
    json_t *before;
    json_t *changed;
    size_t seen, changed_left_out;
    bool noting_before;
} execution;

/* request.c: all of the context but the files, into x->request. False: job->errors says why. */
bool execution_read(execution *x);
void execution_finish(execution *x);

/* given.c: writes the files of the context into the folder. False: job->errors says why. */
bool execution_write_files(execution *x);

/* changes.c: notes what is there before the run; afterwards what has changed, in x->changed. */
void execution_look(execution *x, bool before);

#endif
