/* What a role is: a name, its schemas, and one function that does the work.
 * Used by workers to run roles and by doors to describe them.
 * A role never talks to the orchestrator, the store or the network by itself. */
#ifndef ROLES_ROLE_H
#define ROLES_ROLE_H

#include <cogo/arena.h>

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum role_status { ROLE_SUCCESS, ROLE_PARTIAL, ROLE_FAILED } role_status;

enum { ROLE_WHY_SIZE = 256 };

/* What a job takes of the budgets that it counts for. */
typedef struct role_usage {
    int64_t tokens; /* Of models, in and out. */
    double cost;    /* US dollars. */
    int64_t calls;  /* Of models and tools. */
} role_usage;

/* One execution. The worker fills the first part; the role fills the second. */
typedef struct role_job {
    const char *task_id;
    const char *role;
    json_t *context;  /* Borrowed; an object. */
    json_t *previous; /* Borrowed; array of {taskId, ref, role, status, output}. */
    int64_t attempt;
    uint64_t deadline_ns;  /* CLOCK_MONOTONIC. */
    const char *state_dir; /* Private scratch folder of this attempt; removed by the worker. */
    int cancel_fd; /* eventfd: readable once the job is cancelled or past its deadline. */
    void (*progress)(struct role_job *job, double percent, const char *phase,
                     const char *message); /* Thread-safe; cheap; may be called often. */
    /* Tells what the job took in all, and asks for what it is about to take; see role_spend().
     * NULL: nothing is limited. Thread-safe; waits for an answer. */
    bool (*spend)(struct role_job *job, const role_usage *used, const role_usage *next,
                  char why[ROLE_WHY_SIZE]);
    void *owner;     /* The worker's. */
    role_usage used; /* role_spend()'s. */

    cogo_arena arena;  /* For anything that lives as long as the job. */
    json_t *output;    /* Owned by the job: any JSON, NULL counts as null. */
    json_t *errors;    /* Array of strings; never NULL. */
    json_t *skipped;   /* Array of strings: what was left out, and how to get it. */
    double quality;    /* 0..1, from evidence. */
    double confidence; /* 0..1. */
    bool retryable;    /* With ROLE_FAILED: another attempt may succeed. */
    int64_t
        delay_ms; /* With a non-blocking role: the worker delivers the result after so long. */
} role_job;

typedef struct role {
    const char *name;
    const char *title;         /* One sentence for people. */
    const char *input_schema;  /* JSON Schema text of the context. */
    const char *output_schema; /* JSON Schema text of the output. */
    int64_t default_timeout_ms;
    bool blocking;   /* Runs on a thread of its own; else it must return within microseconds. */
    const char *llm; /* "none", "optional" or "required". */
    const char *const
        *tools; /* Programs it uses when installed; ends with NULL; may be NULL. */
    role_status (*execute)(role_job *job);
} role;

/* All roles, in the order of the contract; ends with NULL. */
extern const role *const role_table[];

typedef struct worker_type {
    const char *name;
    const char *const *roles; /* Ends with NULL; `echo` is added to each. */
} worker_type;

extern const worker_type worker_type_table[]; /* Ends with a type without name. */

/* NULL when unknown. */
const role *role_find(const char *name);
const worker_type *worker_type_find(const char *name);

/* Printf into errors or skipped. */
void role_error(role_job *job, const char *format, ...) __attribute__((format(printf, 2, 3)));
void role_skip(role_job *job, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* To be called before each use of a model or tool, with what it will take at most, and with
 * what the one before took beyond that. False: the job's budget, or one above it, does not
 * allow it;
 * @p why is a sentence for job->skipped. Not for two threads at once. */
bool role_spend(role_job *job, const role_usage *took, const role_usage *next,
                char why[ROLE_WHY_SIZE]);

/* True once cancel_fd is readable. */
bool role_cancelled(const role_job *job);

#endif
