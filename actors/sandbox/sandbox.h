/* Runs a program that nobody here wrote, with as little power as this machine allows.
 * Used by roles for every build, test, analyzer and generated program.
 * Never runs with less isolation than asked for: it fails closed instead. */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include <cogo/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The ladder; higher is stronger. */
typedef enum sandbox_level {
    SANDBOX_NONE = 0,
    SANDBOX_LIMITS = 1,   /* rlimits, own session, plain uid, no new privileges, closed fds. */
    SANDBOX_LANDLOCK = 2, /* + Landlock file rules and a seccomp filter. */
    SANDBOX_NAMESPACES =
        3, /* bubblewrap: user, pid, net, ipc, uts, mount namespaces + seccomp. */
} sandbox_level;

typedef struct sandbox_limits { /* 0: the default of sandbox_limits_default. */
    uint64_t cpu_ms;
    uint64_t wall_ms;
    /* Resident memory of each process; of all together four times that. Looked at every 10 ms
     * at first and while it grows, later every 100 ms: a process overshoots by what it touches
     * between two looks. */
    uint64_t mem_bytes;
    uint64_t pids;
    uint64_t fs_bytes;  /* Growth of the writable folder; also the largest file. */
    uint64_t out_bytes; /* stdout and stderr, each; beyond it the output is cut, and
                           beyond 64 times that the run ends. */
} sandbox_limits;

/* Below it not even a shell starts everywhere; sandbox_run refuses less. */
#define SANDBOX_MEM_BYTES_MIN (16ull << 20)

extern const sandbox_limits
    sandbox_limits_default; /* 60 s, 120 s, 2 GiB, 128, 512 MiB, 1 MiB */

typedef struct sandbox_request {
    const char *const *argv; /* Ends with NULL. argv[0] is looked up in /usr/bin:/bin inside. */
    const char *const
        *env; /* "NAME=value", ends with NULL; NULL: PATH, HOME, LANG, TMPDIR only. */
    const char *
        workdir; /* Host folder, writable inside, at the same path. The program starts there. */
    const char *start_in; /* Folder below workdir to start in; NULL: workdir. */
    const char *const
        *readable; /* More host folders, read only, at the same path; NULL: none. The system's
                      own (/usr, /lib, /etc parts) are always there. */
    const char *stdin_text; /* NULL: empty. */
    bool net_loopback; /* A loopback interface of its own; else no network at all. Never the
                          host's. */
    sandbox_level min_level; /* Refuse to run below it. */
    sandbox_limits limits;
    /* Also bounds the private memory that each process may ask for, by twice mem_bytes and
     * 64 MiB: however fast it is, it holds no more. Programs built with AddressSanitizer or
     * ThreadSanitizer don't start then. Needs limits.mem_bytes. */
    bool mem_ceiling;
    bool merge_stderr;    /* stderr goes where stdout goes, in order. */
    int cancel_fd;        /* Readable: kill now. -1: none. */
    uint64_t deadline_ns; /* CLOCK_MONOTONIC; 0: limits only. */
    void (*on_output)(void *ctx, const char *bytes,
                      size_t size); /* Each piece of stdout as it comes; may be NULL. */
    void *on_output_ctx;
} sandbox_request;

typedef enum sandbox_end {
    SANDBOX_EXITED,
    SANDBOX_SIGNALLED,
    SANDBOX_LIMIT, /* limit_hit says which. */
    SANDBOX_CANCELLED,
    SANDBOX_REFUSED, /* Not run: error says why (level, missing program, workdir). */
} sandbox_end;

typedef struct sandbox_result {
    sandbox_end end;
    int exit_code; /* With SANDBOX_EXITED; -1 otherwise. */
    int signal;    /* With SANDBOX_SIGNALLED, or what ended it. */
    const char
        *limit_hit;      /* "cpu", "wall", "mem", "pids", "fs", "out"; NULL: none. Constant. */
    sandbox_level level; /* Really used. */
    char *out;           /* NUL-terminated, may hold NULs before; at most out_bytes. */
    size_t out_size;
    bool out_cut;
    char *err;
    size_t err_size;
    bool err_cut;
    uint64_t wall_ms, cpu_ms;
    uint64_t max_rss_bytes; /* Of the largest process: the program's own, nothing of ours. At
                               least; exact when it is more than we held at the start. */
    char error[200];        /* With SANDBOX_REFUSED, and for people. */
} sandbox_result;

/* Runs one program to its end, and kills everything it started. Blocks; thread-safe.
 * Ownership: fills @p result, to be ended with sandbox_result_finish() whatever is returned.
 * Returns COGO_OK when it ran (see end), COGO_EUNSUPPORTED when refused, COGO_ENOMEM, COGO_EIO.
 */
COGO_MUST_USE cogo_err sandbox_run(const sandbox_request *request, sandbox_result *result);
void sandbox_result_finish(sandbox_result *result);

/* The strongest level that really works here; probed once per process by running it.
 * Thread-safe. */
sandbox_level sandbox_level_best(void);
const char *
sandbox_level_name(sandbox_level level); /* "none", "limits", "landlock", "namespaces" */
bool sandbox_level_parse(const char *name, sandbox_level *out);

/* Makes @p path (mode 0700; 0750 when we are root) a folder that sandboxed programs can write
 * as their workdir: owned by the uid that they run as. Its parent must exist; so may the
 * folder, if it is our own. */
COGO_MUST_USE cogo_err sandbox_folder_create(const char *path);
/* Removes @p path and all below it, also what the sandbox uid made unreadable. Follows no
 * links. */
void sandbox_folder_remove(const char *path);

typedef struct sandbox_import_report {
    uint64_t files, bytes, skipped_files;
    char first_skipped[256]; /* "path: why" */
    bool limit_hit;
} sandbox_import_report;

/* Copies the tree @p from into the folder @p to: regular files and folders, symbolic links as
 * links when they stay inside; never devices, sockets, pipes; leaves out .git and what can't be
 * read. At most @p max_files files and @p max_bytes bytes. */
COGO_MUST_USE cogo_err sandbox_import(const char *from, const char *to, uint64_t max_files,
                                      uint64_t max_bytes, sandbox_import_report *report);

/* One escape attempt of the self-test. */
typedef struct sandbox_probe {
    const char *name; /* "read /etc/shadow", "connect out", "fork bomb", ... */
    bool contained;
    bool applicable; /* False: this level does not promise it. */
    char detail[160];
} sandbox_probe;

/* Runs every escape attempt at @p level. Returns how many probes were written (at most
 * capacity). */
size_t sandbox_self_test(sandbox_level level, sandbox_probe *out, size_t capacity);

#endif
