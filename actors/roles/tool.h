/* Runs installed analyzers, compilers and test programs in the sandbox, and keeps the evidence.
 * Used by roles; one box per job, shared by the threads of that job.
 * Never runs anything outside the sandbox, never believes a tool's output by itself. */
#ifndef ROLES_TOOL_H
#define ROLES_TOOL_H

#include "actors/roles/role.h"
#include "actors/sandbox/sandbox.h"

#include <pthread.h>

#define TOOL_PARALLEL_MAX 2u     /* Programs of one job at the same time. */
#define TOOL_TASKS_MAX    8u     /* Threads of one tool_parallel(). */
#define TOOL_CHUNK_BYTES  65536u /* File names per run, in bytes. */
#define TOOL_OUT_BYTES    (8u * 1024 * 1024)
#define TOOL_WALL_MS      30000u

typedef struct tool_spec {
    const char *name;        /* In the evidence, such as "gcc -fanalyzer"; NULL: argv[0]. */
    const char *program;     /* Whose presence and version count; NULL: argv[0]. */
    const char *package;     /* The Debian package that brings the program; NULL: same name. */
    const char *purpose;     /* What is lost without it, for the skipped list; may be NULL. */
    const char *const *argv; /* argv[0] without folder; ends with NULL. */
    size_t file_count;       /* How many source files this run looks at, for the evidence. */
    const char *workdir;     /* NULL: a new scratch folder, removed after the run. */
    const char *start_in;
    const char *const *readable; /* NULL: none. */
    const char *const *env;
    const char *stdin_text;
    bool merge_stderr;
    bool net_loopback;
    sandbox_level min_level; /* 0: SANDBOX_LIMITS. */
    sandbox_limits limits;   /* 0: TOOL_WALL_MS, TOOL_OUT_BYTES, and the sandbox's defaults. */
} tool_spec;

typedef enum tool_end {
    TOOL_EXITED,    /* By itself; see run.exit_code. */
    TOOL_DIED,      /* By a signal or a limit other than time; run.out may hold a part. */
    TOOL_TIMEOUT,   /* Its time was over; run.out may hold a part. */
    TOOL_CANCELLED, /* The job was. */
    TOOL_MISSING,   /* Not installed; said in skipped. */
    TOOL_REFUSED,   /* The sandbox did not run it; said in skipped. */
} tool_end;

typedef struct tool_result {
    tool_end end;
    const char *version; /* "12.2.0"; "" when unknown. Lives as long as the process. */
    sandbox_result run;
} tool_result;

/* The fields are those of tool.c and tool_evidence.c, except as the comments say. */
typedef struct tool_box {
    role_job *job;
    pthread_mutex_t lock;
    pthread_mutex_t budget; /* Held while the budget is asked. */
    pthread_cond_t free_slot;
    unsigned running;
    uint64_t scratch_number;
    json_t *evidence; /* Array; read it when no thread runs any more. */
    unsigned applicable,
        completed; /* Different tools that had something to do / that did it. */
} tool_box;

bool tool_box_init(tool_box *box, role_job *job);
void tool_box_finish(tool_box *box);

/* Runs one program and records {tool, version, argv, exit, ms, level, runs, files}; several
 * runs under one name are one record. Waits while TOOL_PARALLEL_MAX others run. Thread-safe.
 * Ownership: end @p result with tool_result_finish() whatever is returned.
 * Returns result->end. Missing and refused tools are already in job->skipped. */
tool_end tool_run(tool_box *box, const tool_spec *spec, tool_result *result);
void tool_result_finish(tool_result *result);

/* Is the program there for sandboxed programs? Its version, or "" when it does not tell one.
 * NULL: not installed. Thread-safe; asked once per process. */
const char *tool_version(const char *program, const role_job *job);

/* As role_skip() and role_error(), from any thread of the job; the same line is said once. */
void tool_skip(tool_box *box, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tool_error(tool_box *box, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* tool_evidence.c: what tool_run() records. */
void tool_record(tool_box *box, const tool_spec *spec, const tool_result *result);
/* A program that gave no usable answer counts as not completed. Thread-safe. */
void tool_failed(tool_box *box, const char *name, const char *why);
/* The same, for one that had no time to answer: whoever stopped it says why. Thread-safe. */
void tool_useless(tool_box *box, const char *name);
/* Of the files that @p name was given, @p count it could not judge. Thread-safe. */
void tool_unchecked(tool_box *box, const char *name, size_t count);
/* A check of our own, without a program: evidence, and counted as completed. Thread-safe. */
void tool_own(tool_box *box, const char *name, size_t file_count, uint64_t ms);

/* completed / applicable; 1 when nothing was applicable. */
double tool_confidence(const tool_box *box);

/* Milliseconds left until the job's deadline, at most @p want_ms. 0: none, or cancelled. */
uint64_t tool_time_left(const role_job *job, uint64_t want_ms);
uint64_t tool_now_ns(void);

typedef struct tool_task {
    void (*run)(void *ctx);
    void *ctx;
} tool_task;

/* Runs the tasks in threads of their own and waits for all (at most TOOL_TASKS_MAX). */
void tool_parallel(const tool_task *tasks, size_t count);

#endif
