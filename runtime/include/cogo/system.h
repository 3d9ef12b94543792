/* A system: lanes, actors, names and timers of one runtime in this process.
 * Used by whoever starts and stops one; many can live, start and stop side by side.
 * Never touches process-wide state: no signals, no environment, no standard streams. */
#ifndef COGO_SYSTEM_H
#define COGO_SYSTEM_H

#include <cogo/actor.h>
#include <cogo/allocator.h>
#include <cogo/dead_letter.h>
#include <cogo/error.h>
#include <cogo/message.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How much a log line matters. */
typedef enum cogo_log_level {
    COGO_LOG_ERROR,
    COGO_LOG_WARN,
    COGO_LOG_INFO,
    COGO_LOG_DEBUG,
} cogo_log_level;

/** Gets each log line of the runtime. Called from any thread; must be thread-safe. */
typedef void (*cogo_log_fn)(void *ctx, cogo_log_level level, const char *line);

/** A callback that has not returned for stuck_ns, or one that did in the end. */
typedef struct cogo_stuck {
    size_t struct_size;   /**< sizeof(cogo_stuck) of the library. */
    cogo_actor_id actor;  /**< Whose callback it is. */
    const char *behavior; /**< Name of its behaviour. */
    cogo_msg_type type;   /**< Message that it handles; 0: it is in start, stop or drained. */
    uint32_t lane;        /**< Which lane it holds up; spare ones count from lane_count. */
    uint64_t duration_ns; /**< It lasts at least so long. */
    bool returned;        /**< False: noticed. True: it was noticed before and came back. */
    const char *where;    /**< What its thread does, for people; may be "". In the call only. */
    void *const *frames;  /**< Its stack, innermost first; during the call only. */
    uint32_t frame_count; /**< 0 without stuck_signal, or when the thread did not answer. */
} cogo_stuck;

/** Gets each callback that is stuck, and once more when it returns. Called on a thread of the
 * runtime while that callback still runs: must not block and must not stop the system. */
typedef void (*cogo_stuck_fn)(void *ctx, const cogo_stuck *stuck);

enum {
    /** No lane threads: the program's own loop runs the actors; see poll.h. lane_count is 1. */
    COGO_SYSTEM_POLLED = 1 << 0,
};

/** Zero-initialise, then set struct_size; 0 means the default of each field. */
typedef struct cogo_system_config {
    size_t struct_size;   /**< sizeof(cogo_system_config). */
    uint32_t lane_count;  /**< Scheduler threads. Default: CPUs allowed by affinity and cgroup
                             quota. */
    uint32_t actor_limit; /**< A count. Default: 4194304. */
    uint32_t batch_messages; /**< Messages per turn of one actor. Default: 64. */
    uint64_t batch_ns;       /**< Time per turn of one actor. Default: 200000. */
    uint64_t timer_slack_ns; /**< Timers may fire this much late to share a wake. Default:
                                1000000. */
    cogo_log_fn log;         /**< Default: none. */
    void *log_ctx;           /**< Given to log. */
    uint64_t seed;          /**< Of cogo_system_random(). Default: from the operating system. */
    uint64_t stuck_ns;      /**< A callback that lasts longer is logged, counted and told to
                               on_stuck.      Default: 100000000. UINT64_MAX: never. */
    cogo_stuck_fn on_stuck; /**< Default: none. */
    void *on_stuck_ctx;     /**< Given to on_stuck. */
    uint32_t
        offload_threads_max; /**< For cogo_offload(); a count. Default: 16, at most 1024. */
    uint32_t offload_threads_min; /**< So many stay when idle. Default: 0. */
    uint32_t offload_queue_limit; /**< Jobs that may wait for a thread. Default: 1024. */
    uint64_t offload_idle_ns;     /**< An idle thread ends after this. Default: 5000000000. */
    uint32_t flags;               /**< COGO_SYSTEM_*. Default: none. */
    /** How often a lane that has nothing to do looks for work before it sleeps, about 50 ns
     * each; it takes fewer when that rarely helps. None with more lanes than CPUs, and while
     * the process is throttled or loses CPUs to others. Default: 1024. UINT32_MAX: never. */
    uint32_t spin_rounds;
    /** A real-time signal (such as SIGRTMIN + 4) that may be sent to a lane whose callback is
     * stuck, to get its stack. A handler for it is then installed for the whole process, and
     * stays; system calls of that callback may be interrupted. Default: 0, no stack is taken
     * and no handler is ever installed. */
    int stuck_signal;
    /** After so many sends in one callback the actors that wait for them run in between, on the
     * same thread, each for its turn and all for at most batch_ns: so a callback must not hold
     * a lock of its own while it floods. Default: 256. UINT32_MAX: never. */
    uint32_t relief_sends;
    /** Where memory comes from; borrowed until cogo_system_destroy() has returned and the last
     * payload of the system was dropped. Default: malloc, and mmap for large regions. */
    const cogo_allocator *allocator;
    /** Threads that take the place of lanes whose callback is stuck (for stuck_ns), each for
     * one of them and until it returns; made when first needed. Default: 1, and none in a
     * system of one lane, where having one costs each message an exchange. UINT32_MAX: none.
     * With lane_count at most 256. Not for polled systems. */
    uint32_t spare_lanes;
} cogo_system_config;

/** Counters since the start, and levels now. One reading is not a consistent cut. */
typedef struct cogo_system_stats {
    size_t struct_size;        /**< sizeof(cogo_system_stats), set by the caller. */
    uint32_t lane_count;       /**< Scheduler threads. */
    uint64_t actors;           /**< Alive now. */
    uint64_t actors_spawned;   /**< Since the start. */
    uint64_t messages_sent;    /**< Since the start; dead letters too. */
    uint64_t messages_handled; /**< By receive(), since the start. */
    uint64_t dead_letters;     /**< Messages that reached nobody. */
    uint64_t mailbox_depth;    /**< User messages waiting now, over all actors. */
    uint64_t steals;           /**< Actors that a lane took from another. */
    uint64_t parks;            /**< How often a lane went to sleep. */
    uint64_t wakes;            /**< How often a lane was woken. */
    uint64_t restarts;         /**< By supervisors. */
    uint64_t timers;           /**< Armed now. */
    /** Sampled time from enqueue to dispatch: [i] counts waits below 2^i microseconds, the last
     * all others; a wait within 1/16 of a limit may be counted above it. cogo_lane_waits_read()
     * tells it finer. */
    uint64_t wait_us_log2[24];
    uint64_t wait_count;       /**< Of all that were sampled. */
    uint64_t wait_sum_ns;      /**< Of all that were sampled. */
    uint64_t watches;          /**< Looks of the watcher; none while all lanes sleep. */
    uint64_t rescues;          /**< Actors taken over from a lane whose callback lasted. */
    uint64_t stuck;            /**< Callbacks that are stuck now. */
    uint64_t stuck_total;      /**< Callbacks that were found stuck. */
    uint64_t offloads;         /**< Jobs that the offload pool accepted. */
    uint64_t offloads_refused; /**< For want of a place or a thread. */
    uint64_t offloads_waiting; /**< For a thread, now. */
    uint64_t offload_threads;  /**< Now. */
    uint64_t dead_letters_by[COGO_DEAD_REASONS]; /**< By cogo_dead_reason. */
    uint64_t diverted;      /**< Messages that went to another actor by COGO_PRESSURE_DIVERT. */
    uint64_t memory_alarms; /**< Times that an actor or a subtree came above its limit. */
    uint32_t spare_lanes;   /**< That there may be; they count as lanes from lane_count on. */
    uint64_t spare_lanes_working; /**< In the place of stuck ones, now. */
    uint64_t takeovers;           /**< Times that a spare lane began to work. */
} cogo_system_stats;

/** What an actor does now. */
typedef enum cogo_actor_state {
    COGO_ACTOR_IDLE,      /**< Waits for a message. */
    COGO_ACTOR_QUEUED,    /**< Has something to do and waits for its turn. */
    COGO_ACTOR_RUNNING,   /**< In one of its callbacks, or between two of them. */
    COGO_ACTOR_SUSPENDED, /**< Ended; its supervisor decides whether it begins again. */
} cogo_actor_state;

/** One actor, as seen from outside. */
typedef struct cogo_actor_info {
    size_t struct_size;        /**< sizeof(cogo_actor_info), set by the caller. */
    cogo_actor_id id;          /**< Which one. */
    char name[64];             /**< Registered name, cut, or "". */
    char behavior[48];         /**< Name of its behaviour, cut. */
    bool detached;             /**< Runs on a thread of its own. */
    uint32_t mailbox_depth;    /**< Messages that wait; approximate while several send. */
    uint64_t messages_handled; /**< Since it was spawned, over its restarts. */
    /** With a memory limit, its own or its supervisor's: state, mailbox, timers and what it
     * noted; of a supervisor also its children's. Else the actor and its state, without its
     * mailbox. */
    uint64_t memory_bytes;
    uint64_t memory_limit_bytes; /**< Its own; 0: none. */
    cogo_actor_state state;      /**< What it does now. */
    cogo_msg_type message_type;  /**< While it runs: of its latest message; else 0. */
    uint32_t restarts;           /**< By its supervisor, since it was spawned. */
    uint32_t links;              /**< At most 65535 is told. */
    uint32_t watchers;           /**< Monitors that others have on it; at most 65535 is told. */
    char message_name[48];       /**< Of message_type, cut: as registered, or its number; "" for
                                    0. */
} cogo_actor_info;

/**
 * Starts a system: its lanes run when this returns.
 *
 * Ownership: the caller owns @p *out_system: cogo_system_stop(), then cogo_system_destroy().
 * Threads:   any thread.
 * @param config may be NULL: all defaults.
 * @return COGO_OK; COGO_EINVAL; COGO_ENOMEM; COGO_EIO when a thread can't be started. After an
 * error all is given back.
 */
COGO_API COGO_MUST_USE cogo_err cogo_system_create(const cogo_system_config *config,
                                                   cogo_system **out_system);
/**
 * Stops: no new spawns; every actor gets the exit signal SHUTDOWN, supervisors stop their trees
 * children first; what is alive at the deadline is killed. An actor that traps exits gets
 * COGO_MSG_EXIT and has to end itself with cogo_exit(). Returns when no actor is left.
 *
 * Threads: any thread that is not a lane. A second call waits for the first.
 * @param deadline_ns how long actors may take, in nanoseconds from now.
 * @return COGO_OK; COGO_ETIMEOUT when some had to be killed; COGO_EFAULT when an actor's
 * callback or an offloaded function did not return within another deadline of at least 100 ms
 * (its thread is left behind, nothing may be freed).
 */
COGO_API cogo_err cogo_system_stop(cogo_system *system, uint64_t deadline_ns);
/** Frees a stopped system. NULL is allowed. Threads: any thread, no other call may be running.
 */
COGO_API void cogo_system_destroy(cogo_system *system);

/**
 * Reads counters and levels.
 *
 * Ownership: borrows @p out.
 * Threads:   any thread.
 * @param system the system.
 * @param out    its struct_size says how much of it is written.
 * @return COGO_OK; COGO_EINVAL (no struct_size).
 */
COGO_API cogo_err cogo_system_stats_read(cogo_system *system, cogo_system_stats *out);
/**
 * Facts about one actor. It goes on meanwhile; the cost does not depend on its mailbox.
 *
 * Ownership: borrows @p out.
 * Threads:   any thread.
 * @param system the system.
 * @param id     the actor.
 * @param out    its struct_size says how much of it is written.
 * @return COGO_OK; COGO_EGONE; COGO_EINVAL (no struct_size).
 */
COGO_API COGO_MUST_USE cogo_err cogo_actor_info_read(cogo_system *system, cogo_actor_id id,
                                                     cogo_actor_info *out);
/**
 * Facts about up to @p capacity living actors. They go on meanwhile.
 *
 * Ownership: borrows @p out.
 * Threads:   any thread.
 * @param system   the system.
 * @param cursor   where to begin: 0 at first; set to where to go on, 0 at the end.
 * @param out      an array; the struct_size of its first element is that of all.
 * @param capacity elements of @p out.
 * @return how many were written; 0 when there is no struct_size.
 */
COGO_API size_t cogo_actor_list(cogo_system *system, uint32_t *cursor, cogo_actor_info *out,
                                size_t capacity);

/**
 * Writes a line to the log of @p system, as the runtime itself does. Longer ones are cut.
 *
 * Threads: any thread, and inside a behaviour.
 * @param system the system.
 * @param level  how much it matters.
 * @param format as of printf().
 */
COGO_API void cogo_log(cogo_system *system, cogo_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Version of the library, "major.minor.patch". Threads: any thread. */
COGO_API const char *cogo_version(void);

#ifdef __cplusplus
}
#endif
#endif
