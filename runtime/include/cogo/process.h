/* Child processes of the same program on the same machine, in which actors run that may crash.
 * Used where C code can't be trusted with the whole process: a fault, an abort or no memory
 * there ends one child process, and is an end like any other for who supervises, links or
 * monitors.
 *
 * A pool keeps some child processes. An actor whose placement is "process:POOL" (placement.h)
 * begins in the one that has the fewest; its deputy here ends with COGO_EXIT_ERROR when that
 * process ends, with COGO_EFAULT and a text that names the signal, or the exit status, and the
 * behaviour that ran: "SIGSEGV in parser". So do monitors of the actor itself and links with
 * it; when only the link has ended, as with one that stands still, they get
 * COGO_EXIT_NOCONNECTION. Where it was, as a backtrace, is logged. The pool starts the process
 * again, the supervisor the actor.
 *
 * A child process is a node of its own, linked over two socket pairs with the protocol of all
 * links; its name is "process:POOL.N". It ends when the link or its parent does. It runs in a
 * process group of its own, and inherits the environment and what is open as 1 and 2, nothing
 * else. Who stands still for four heartbeats is killed. A stack that is overflown leaves no
 * backtrace. */
#ifndef COGO_PROCESS_H
#define COGO_PROCESS_H

#include <cogo/system.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    COGO_PROCESS_NAME_MAX = 64,  /**< Bytes of a pool's name. */
    COGO_PROCESS_COUNT_MAX = 64, /**< Processes of a pool, a count. */
    COGO_PROCESS_WORDS_MAX =
        4096, /**< Bytes that are kept of what a process says at its end. */
};

/** Within it a child process must have begun: to be linked, and to say that an actor has. */
#define COGO_PROCESS_BEGIN_NS UINT64_C(30000000000)
/** So long a process may go on when its link has ended; then it is killed. */
#define COGO_PROCESS_GRACE_NS UINT64_C(2000000000)

/** What the program is in a child process. Zero-initialise, then set struct_size and setup. */
typedef struct cogo_process_program {
    size_t struct_size;               /**< sizeof(cogo_process_program). */
    const cogo_system_config *config; /**< Of the system there; NULL: defaults. */
    /** Registers behaviours (cogo_behavior_register()) and message types. An error ends the
     * process. */
    cogo_err (*setup)(cogo_system *system, void *arg);
    void *arg; /**< Given to setup. */
} cogo_process_program;

/**
 * In a child process of a pool: runs it until its parent lets it end. In any other process:
 * does nothing. To be called first of all in main(), before threads and files are opened, by
 * each program that starts pools: a child process is this program, started anew.
 *
 * Threads: the first.
 * @param program  what to set up there.
 * @param out_code what main() is to return.
 * @return true in a child process, which is over now; false: go on.
 */
COGO_API COGO_MUST_USE bool cogo_process_main(const cogo_process_program *program,
                                              int *out_code);

/** A pool. Zero-initialise, then set struct_size and name. */
typedef struct cogo_process_pool {
    size_t struct_size;    /**< sizeof(cogo_process_pool). */
    const char *name;      /**< 1 to COGO_PROCESS_NAME_MAX letters, digits, '-', '_' and '.'. */
    uint32_t count;        /**< Processes, at most COGO_PROCESS_COUNT_MAX. 0: 1. */
    uint64_t memory_bytes; /**< Address space of each (RLIMIT_AS). 0: no limit. */
    /** More restarts of its processes in period_ns end the pool, and so what runs there. 0: 5.
     */
    uint32_t intensity;
    uint64_t period_ns;      /**< 0: 5 s. */
    uint64_t backoff_min_ns; /**< Before a process is started again, as of a child spec. */
    uint64_t backoff_max_ns; /**< As of a child spec. */
    uint64_t shutdown_ns; /**< For a process to end when asked to; then it is killed. 0: 5 s. */
} cogo_process_pool;

/**
 * Starts a pool, below the node of @p system, which ends it when it stops.
 *
 * Ownership: copies @p pool and its name.
 * Threads:   any thread that is not a lane.
 * @return COGO_OK (its processes begin in the background); COGO_EINVAL; COGO_ESTATE (no node
 *         runs: cogo_node_start() with nothing but a name is enough); COGO_EEXIST; COGO_ENOMEM;
 *         COGO_ETIMEOUT; COGO_EGONE (it ended at once: no process can be started, which is
 * logged, or another actor has a name of its).
 */
COGO_API COGO_MUST_USE cogo_err cogo_process_pool_start(cogo_system *system,
                                                        const cogo_process_pool *pool);
/** Stops the pool @p name, and waits; actors placed there end with SHUTDOWN. Threads: any that
 * is not a lane. @return COGO_OK; COGO_ENOTFOUND; COGO_ESTATE; COGO_ENOMEM; COGO_ETIMEOUT. */
COGO_API cogo_err cogo_process_pool_stop(cogo_system *system, const char *name);

#ifdef __cplusplus
}
#endif
#endif
