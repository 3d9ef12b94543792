/* Actors: spawn, send, ask, timers, names, links, monitors, exit.
 * Used by every behaviour (calls that take a cogo_context) and by foreign threads (calls that
 * take a cogo_system). A call with a context may only be made inside that actor's own
 * callbacks. Nothing here blocks, except cogo_system_ask() and cogo_system_await(). */
#ifndef COGO_ACTOR_H
#define COGO_ACTOR_H

#include <cogo/error.h>
#include <cogo/message.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cogo_context
    cogo_context; /**< The running actor; valid inside its callbacks only. */

/** @def COGO_NO_ACTOR
 * Names no actor. */
#ifdef __cplusplus
#    define COGO_NO_ACTOR (cogo_actor_id{0, 0, 0, 0})
#else
#    define COGO_NO_ACTOR ((cogo_actor_id){0, 0, 0, 0})
#endif

/** What an actor does. Constant data that outlives the system. One actor's callbacks never
 * overlap. */
typedef struct cogo_behavior {
    size_t struct_size; /**< sizeof(cogo_behavior). */
    const char *name;   /**< For people, metrics and remote spawn. */
    size_t
        state_size_bytes; /**< Zeroed memory that each actor gets as @c state; 0 gives NULL. */
    /** Before the first message. May be NULL. An error ends the actor with that reason. */
    cogo_err (*start)(cogo_context *ctx, void *state, const void *args);
    /**
     * One message. The runtime frees @p msg afterwards unless cogo_msg_take() was called.
     * An error ends the actor with COGO_EXIT_ERROR.
     */
    cogo_err (*receive)(cogo_context *ctx, void *state, cogo_msg *msg);
    /**
     * After a batch, when the mailbox has been found empty: the place for group commits and
     * flushes. May be NULL. Each message is followed by a drained call before the actor idles.
     */
    cogo_err (*drained)(cogo_context *ctx, void *state);
    /** Last call, whatever the reason. May send. May be NULL. */
    void (*stop)(cogo_context *ctx, void *state, const cogo_reason *reason);
    /**
     * A message that waited when the actor ended for good: not when its supervisor restarts it,
     * for then it keeps its mailbox. After stop(), so without a state; the stash first, then
     * the mailbox, each in order. The program may save it, or take it (cogo_msg_take()) and
     * send it to another: a request stays one, and who takes one answers it, passes it on or
     * refuses it. What is not taken is a dead letter, and so is what comes after
     * COGO_UNDELIVERED_MAX and what was being sent in the very moment of the end. Not for
     * timers, answers and other messages of the runtime. Sends and names may be used; what it
     * starts for its own actor (asks, timers, monitors, links) ends with it at once. May be
     * NULL, or missing: struct_size tells.
     */
    void (*undelivered)(cogo_context *ctx, const cogo_reason *reason, cogo_msg *msg);
} cogo_behavior;

enum { COGO_UNDELIVERED_MAX = 65536 }; /**< Messages of one end, a count. */

enum {
    COGO_SPAWN_LINK = 1 << 0, /**< Linked to the spawner, atomically (context spawns only). */
    COGO_SPAWN_MONITOR =
        1 << 1, /**< Monitored by the spawner; see cogo_spawn_options.out_monitor. */
    COGO_SPAWN_DETACHED = 1 << 2, /**< Runs on a thread of its own: its callbacks may block. */
    COGO_SPAWN_TRAP_EXIT =
        1 << 3, /**< Exit signals of linked actors arrive as COGO_MSG_EXIT. */
};

/** What happens to a message for a full mailbox. */
typedef enum cogo_pressure {
    COGO_PRESSURE_FAIL,     /**< send returns COGO_EFULL, the message is a dead letter. */
    COGO_PRESSURE_DROP_NEW, /**< send returns COGO_OK, the message is a dead letter. */
    /** send returns COGO_OK; the receiver skips the oldest of those that wait, dead letters. It
     * does so when it gets to them: until then up to twice the limit, and at least 1024 above
     * it, may wait; beyond that it is DROP_NEW. */
    COGO_PRESSURE_DROP_OLD,
    /** The sender waits up to wait_ns for a place, then COGO_ETIMEOUT. Only foreign threads and
     * detached actors wait: for an actor on a lane it is FAIL. */
    COGO_PRESSURE_BLOCK,
    COGO_PRESSURE_DIVERT, /**< The message goes to divert_to instead. */
} cogo_pressure;

/** What happens when an actor, with its mailbox, has more than memory_limit_bytes. */
typedef enum cogo_memory_policy {
    COGO_MEMORY_WARN,   /**< It gets COGO_MSG_MEMORY, once until it is well below again. */
    COGO_MEMORY_REFUSE, /**< New messages are refused with COGO_EFULL. */
    COGO_MEMORY_KILL,   /**< As REFUSE, and it ends with KILLED and the text "memory". What was
                             too much in its mailbox is dropped if it is restarted. */
} cogo_memory_policy;

/** Payload of COGO_MSG_MEMORY. */
typedef struct cogo_memory_alarm {
    cogo_actor_id actor;  /**< Who has too much. */
    uint64_t bytes;       /**< What it has. */
    uint64_t limit_bytes; /**< What it may have. */
} cogo_memory_alarm;

/** How to spawn. Zero-initialise, then set struct_size and behavior. */
typedef struct cogo_spawn_options {
    size_t struct_size;            /**< sizeof(cogo_spawn_options). */
    const cogo_behavior *behavior; /**< What it does. Must outlive the system. */
    const void *args;              /**< Copied; given to start(). */
    size_t args_size_bytes;        /**< Of args. */
    const char *name;              /**< Registered before start() runs; NULL: none. Copied. */
    uint32_t flags;                /**< COGO_SPAWN_*. */
    uint32_t mailbox_limit; /**< A count of user messages; 0 means no limit. What an actor sends
                               to itself and what the runtime sends does not count. */
    cogo_pressure pressure; /**< What happens to a message for a full mailbox. */
    uint64_t *out_monitor;  /**< With COGO_SPAWN_MONITOR: the monitor. May be NULL. */
    cogo_actor_id divert_to; /**< Of COGO_PRESSURE_DIVERT: an actor of this node. If it is full
                                too, its own policy is asked, 4 times at most. */
    uint64_t wait_ns;        /**< Of COGO_PRESSURE_BLOCK. 0: 1 s. */
    /** Bytes of its state, mailbox, timers, asks and what cogo_memory_note() says; 0: no limit.
     * At least the state of its behaviour. */
    uint64_t memory_limit_bytes;
    cogo_memory_policy memory_policy; /**< What happens above memory_limit_bytes. */
    /** Where it runs, see placement.h: "local" or NULL is here, "node:NAME" on that node,
     * "process:POOL" in a child process. Copied. */
    const char *placement;
} cogo_spawn_options;

/**
 * Spawns an actor. start() runs in the new actor, later; its failure is an exit of that actor.
 *
 * Ownership: copies what @p options points to, except the behaviour.
 * Threads:   inside a behaviour.
 * @return COGO_OK; COGO_EINVAL; COGO_EEXIST (name taken); COGO_ENOMEM; COGO_ECLOSED (stopping);
 *         COGO_ELIMIT (actor limit of the system, or args too large for another node);
 *         COGO_ESTATE (placed on a node, and this system is none).
 */
COGO_API COGO_MUST_USE cogo_err cogo_spawn(cogo_context *ctx, const cogo_spawn_options *options,
                                           cogo_actor_id *out_id);
/** As cogo_spawn(), from any thread; LINK and MONITOR flags give COGO_EINVAL. */
COGO_API COGO_MUST_USE cogo_err cogo_system_spawn(cogo_system *system,
                                                  const cogo_spawn_options *options,
                                                  cogo_actor_id *out_id);

/**
 * Puts @p msg last in the mailbox of @p to, and wakes the actor if it is idle.
 *
 * Ownership: takes @p msg always, also on failure; the caller must not touch it again.
 * Order:     messages from one sender to one receiver arrive in the order sent.
 * Threads:   inside a behaviour. Never blocks.
 * @return COGO_OK; COGO_EGONE if the actor has ended; COGO_EFULL if its mailbox is at its
 * limit; COGO_EINVAL if @p msg is NULL (so that a failed create may be passed on), or if @p to
 * is on another node and the type is not registered here (node.h).
 */
COGO_API cogo_err cogo_send(cogo_context *ctx, cogo_actor_id to, cogo_msg *msg);
/** As cogo_send(), from any thread; the message has no sender. */
COGO_API cogo_err cogo_system_send(cogo_system *system, cogo_actor_id to, cogo_msg *msg);

/**
 * Sends a request whose answer comes back as a message with cogo_msg_ask() == @p *out_ask, or
 * as COGO_MSG_ASK_FAILED: exactly one of the two. A late answer never enters the mailbox.
 *
 * Ownership: takes @p msg always.
 * Threads:   inside a behaviour. Never blocks.
 * @param timeout_ns nanoseconds, at least 1. Never over early; late by what its lane takes for
 * some turns, when it is busy.
 * @return COGO_OK; otherwise as cogo_send(), and then nothing will arrive.
 */
COGO_API COGO_MUST_USE cogo_err cogo_ask(cogo_context *ctx, cogo_actor_id to, cogo_msg *msg,
                                         uint64_t timeout_ns, uint64_t *out_ask);
/**
 * Sends a request and blocks the calling thread until the answer is there.
 *
 * Ownership: takes @p msg always; the caller owns @p *out_answer (cogo_msg_destroy()).
 * Threads:   any thread that is not a lane; in a detached actor's callback it is allowed.
 * @param timeout_ns how long to wait, in nanoseconds.
 * @return COGO_OK; COGO_ETIMEOUT; COGO_ESTATE on a lane; otherwise as cogo_send().
 */
COGO_API COGO_MUST_USE cogo_err cogo_system_ask(cogo_system *system, cogo_actor_id to,
                                                cogo_msg *msg, uint64_t timeout_ns,
                                                cogo_msg **out_answer);
/**
 * Answers @p request: sends @p answer to cogo_msg_reply_to(). To answer later keep that id.
 *
 * Ownership: takes @p answer, borrows @p request.
 * Threads:   inside a behaviour.
 * @return as cogo_send(); COGO_EGONE when the ask has timed out (the answer is dropped).
 */
COGO_API cogo_err cogo_reply(cogo_context *ctx, const cogo_msg *request, cogo_msg *answer);
/**
 * The ask whose answer would go to @p reply_to (cogo_msg_reply_to()) fails with @p err: its
 * asker gets COGO_MSG_ASK_FAILED, or the error as the result of cogo_system_ask().
 *
 * Threads: inside a behaviour.
 * @return COGO_OK; COGO_EINVAL (@p err is COGO_OK); COGO_EGONE (decided already, or nobody asks
 * there).
 */
COGO_API cogo_err cogo_refuse(cogo_context *ctx, cogo_actor_id reply_to, cogo_err err);
/**
 * Keeps the message that is being handled: the handler owns it from now on.
 *
 * Threads: inside receive() of that message.
 */
COGO_API void cogo_msg_take(cogo_context *ctx, cogo_msg *msg);

/**
 * Charges the turn of the running actor with @p units, each as much as one message: a callback
 * that does the work of many messages lets others run after it as if it had handled so many.
 *
 * Threads: inside a behaviour.
 */
COGO_API void cogo_budget_consume(cogo_context *ctx, uint32_t units);
/**
 * True when the turn of the running actor is over: what was charged reaches batch_messages, its
 * time (from the first such call or its eighth message) reaches batch_ns, or an exit or another
 * signal waits for it. A long callback should then send itself a message to go on with, and
 * return. On a detached actor only a signal or its own end make it true.
 *
 * Threads: inside a behaviour. Costs a reading of the clock.
 */
COGO_API bool cogo_should_yield(cogo_context *ctx);

/**
 * Tells the runtime that the running actor has @p bytes more memory than before, or less: what
 * it allocates by itself counts for its memory limit then. Forgotten when it ends or restarts.
 *
 * Threads: inside a behaviour.
 */
COGO_API void cogo_memory_note(cogo_context *ctx, int64_t bytes);

enum { COGO_STASH_MAX = 65536 }; /**< Messages that one actor may have put aside, a count. */

/**
 * Puts the message that is being handled aside, behind those put aside before. It counts as
 * waiting. Survives a restart: then all that is put aside is handled first, in order, except
 * answers, timers and DOWN, which belonged to the life that ended. An end makes dead letters of
 * it.
 *
 * Ownership: takes @p msg on success only.
 * Order:     kept.
 * Threads:   inside receive() of that message.
 * @return COGO_OK; COGO_EINVAL (not the message that is being handled); COGO_ELIMIT
 * (COGO_STASH_MAX are put aside); COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_stash(cogo_context *ctx, cogo_msg *msg);
/**
 * All that was put aside is handled next, in order, before what is in the mailbox.
 *
 * Threads: inside a behaviour.
 * @return how many messages.
 */
COGO_API uint32_t cogo_unstash_all(cogo_context *ctx);
/**
 * From the next message on the running actor's callbacks are those of @p behavior; its state
 * stays, start() is not called. A restart begins with the behaviour that it was spawned with.
 *
 * Ownership: borrows @p behavior, which outlives the system.
 * Threads:   inside a behaviour.
 * @return COGO_OK; COGO_EINVAL (no behaviour, or a larger state than it was spawned with);
 * COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_become(cogo_context *ctx, const cogo_behavior *behavior);
/** Back to the behaviour that it was spawned with. Threads: inside a behaviour. */
COGO_API void cogo_unbecome(cogo_context *ctx);

/** The running actor. Threads: inside a behaviour. */
COGO_API cogo_actor_id cogo_self(const cogo_context *ctx);
/** The system of the running actor. Threads: inside a behaviour. */
COGO_API cogo_system *cogo_context_system(const cogo_context *ctx);
/** True if both name the same actor. Threads: any thread. */
COGO_API bool cogo_actor_id_equal(cogo_actor_id a, cogo_actor_id b);
/** False for COGO_NO_ACTOR. Threads: any thread. */
COGO_API bool cogo_actor_id_is_set(cogo_actor_id id);

/** Monotonic time in ns; virtual in a simulated world. Threads: inside a behaviour. */
COGO_API uint64_t cogo_now_ns(const cogo_context *ctx);
/** Wall-clock time in ms since 1970 UTC. For people and records, never for deadlines. Threads:
 * any. */
COGO_API int64_t cogo_system_wall_ms(cogo_system *system);
/** Monotonic time in ns. Threads: any. */
COGO_API uint64_t cogo_system_now_ns(cogo_system *system);
/** 64 random bits from the world (seeded in simulation). Not for secrets. Threads: any. */
COGO_API uint64_t cogo_system_random(cogo_system *system);

/**
 * COGO_MSG_TIMER arrives after @p delay_ns, then every @p period_ns (0: once). A period that is
 * missed is skipped, not made up for.
 *
 * Threads: inside a behaviour.
 * @param cookie comes back in each cogo_timer_fired.
 * @return COGO_OK; COGO_ENOMEM. The timer dies with the actor.
 */
COGO_API COGO_MUST_USE cogo_err cogo_timer_start(cogo_context *ctx, uint64_t delay_ns,
                                                 uint64_t period_ns, uint64_t cookie,
                                                 uint64_t *out_timer);
/** Its message will not arrive any more, also if it is in the mailbox already. Threads: its
 * actor. */
COGO_API void cogo_timer_cancel(cogo_context *ctx, uint64_t timer);

/**
 * Gives @p id the name @p name on this node; the name goes when the actor ends.
 *
 * Ownership: copies @p name (1 to 255 bytes).
 * Threads:   any thread.
 * @return COGO_OK; COGO_EEXIST; COGO_EGONE; COGO_EINVAL; COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_name_register(cogo_system *system, const char *name,
                                                   cogo_actor_id id);
/** Takes @p name away. Threads: any. @return COGO_OK or COGO_ENOTFOUND. */
COGO_API cogo_err cogo_name_unregister(cogo_system *system, const char *name);
/** The actor that has @p name, or COGO_NO_ACTOR. One with the name in its spawn options is
 * found as soon as it gets what is sent to it, and when the spawn returns. Threads: any thread.
 */
COGO_API cogo_actor_id cogo_name_find(cogo_system *system, const char *name);

/**
 * Exactly one COGO_MSG_DOWN will arrive when @p id ends, after all messages it sent before;
 * at once with COGO_EXIT_NOPROC when it has ended already.
 *
 * Threads: inside a behaviour.
 * @return COGO_OK; COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_monitor(cogo_context *ctx, cogo_actor_id id,
                                             uint64_t *out_monitor);
/** No COGO_MSG_DOWN of @p monitor arrives after this. Threads: the actor that monitors. */
COGO_API void cogo_demonitor(cogo_context *ctx, uint64_t monitor);
/**
 * Links this actor and @p id: when one ends abnormally the other ends with the same reason,
 * or gets COGO_MSG_EXIT when it traps exits. At most one link between two actors.
 *
 * Threads: inside a behaviour.
 * @return COGO_OK (also when @p id has ended: then the exit signal NOPROC comes); COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_link(cogo_context *ctx, cogo_actor_id id);
/** No exit signal over this link arrives after this. Threads: inside a behaviour. */
COGO_API void cogo_unlink(cogo_context *ctx, cogo_actor_id id);
/** Turns trapping of exit signals on or off. Threads: inside a behaviour. */
COGO_API void cogo_trap_exit(cogo_context *ctx, bool on);

/**
 * Ends the running actor once its callback returns. The last call wins.
 *
 * Threads: inside a behaviour.
 * @param kind what those see who watch it or are linked to it.
 * @param text for people, cut to 55 bytes; may be NULL.
 */
COGO_API void cogo_exit(cogo_context *ctx, cogo_exit_kind kind, const char *text);
/**
 * Sends an exit signal: the actor ends with @p kind, overtaking its mailbox. An actor that
 * traps exits gets COGO_MSG_EXIT instead, except for KILLED.
 *
 * Threads: any thread.
 * @param text for people, cut to 55 bytes; may be NULL.
 */
COGO_API void cogo_exit_actor(cogo_system *system, cogo_actor_id id, cogo_exit_kind kind,
                              const char *text);
/**
 * Blocks until @p id has ended.
 *
 * Threads: any thread that is not a lane.
 * @param timeout_ns how long to wait, in nanoseconds.
 * @return COGO_OK with @p *out_reason (may be NULL; COGO_EXIT_NOPROC when it had ended before);
 * COGO_ETIMEOUT; COGO_ESTATE on a lane.
 */
COGO_API COGO_MUST_USE cogo_err cogo_system_await(cogo_system *system, cogo_actor_id id,
                                                  uint64_t timeout_ns, cogo_reason *out_reason);

#ifdef __cplusplus
}
#endif
#endif
