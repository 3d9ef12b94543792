/* Supervisors: actors that start, watch and restart other actors, as in Erlang/OTP.
 * Used to build trees whose failures stay local. Never restarts a child that ended as its
 * restart type allows. */
#ifndef COGO_SUPERVISOR_H
#define COGO_SUPERVISOR_H

#include <cogo/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cogo_restart {
    COGO_RESTART_PERMANENT, /**< Always restarted. */
    COGO_RESTART_TRANSIENT, /**< Restarted unless it ended NORMAL or SHUTDOWN. */
    COGO_RESTART_TEMPORARY, /**< Never restarted. */
} cogo_restart;

typedef enum cogo_strategy {
    COGO_ONE_FOR_ONE,  /**< Only the child that ended. */
    COGO_ONE_FOR_ALL,  /**< All children. */
    COGO_REST_FOR_ONE, /**< That child and those started after it. */
} cogo_strategy;

/** One child. The mailbox of a child survives its restart; the message that failed does not. */
typedef struct cogo_child_spec {
    const char *id;             /**< Unique in its supervisor;. */
    cogo_spawn_options options; /**< How to spawn; LINK and MONITOR are ignored. */
    cogo_restart restart;
    uint64_t shutdown_ns;    /**< Time to end after SHUTDOWN before KILLED. 0: 5 s. */
    uint64_t backoff_min_ns; /**< First delay before a restart; 0: at once. Doubles up to
                                backoff_max_ns. */
    uint64_t backoff_max_ns;
} cogo_child_spec;

/** A supervisor. More than @c intensity restarts in @c period_ns end it with an error. */
typedef struct cogo_supervisor_spec {
    size_t struct_size; /**< sizeof(cogo_supervisor_spec). */
    const char *name;   /**< Registered name; may be NULL. */
    cogo_strategy strategy;
    uint32_t intensity;              /**< A count. 0: 5. */
    uint64_t period_ns;              /**< 0: 5 s. */
    const cogo_child_spec *children; /**< Started in this order, stopped in reverse. */
    size_t child_count;
    /** Of the supervisor and all below it: children, and supervisors started by actors among
     * them. KILL ends the supervisor and so the tree. 0: no limit. */
    uint64_t memory_limit_bytes;
    cogo_memory_policy memory_policy;
} cogo_supervisor_spec;

/**
 * Starts a supervisor and its children, in order.
 *
 * Ownership: copies @p spec and all it points to, except behaviours.
 * Threads:   any thread.
 * @return COGO_OK; COGO_EINVAL (two children with one id); as cogo_system_spawn() otherwise.
 */
COGO_API COGO_MUST_USE cogo_err cogo_supervisor_start(cogo_system *system,
                                                      const cogo_supervisor_spec *spec,
                                                      cogo_actor_id *out_id);
/** As cogo_supervisor_start(), as a child linked to the running actor. Threads: inside a
 * behaviour. */
COGO_API COGO_MUST_USE cogo_err cogo_supervisor_start_link(cogo_context *ctx,
                                                           const cogo_supervisor_spec *spec,
                                                           cogo_actor_id *out_id);
/**
 * Adds and starts a child. The answer is asynchronous: the child's id is found with
 * cogo_supervisor_child().
 *
 * Ownership: copies @p child.
 * Threads:   any thread.
 * @return COGO_OK when the request was sent; COGO_EGONE.
 */
COGO_API COGO_MUST_USE cogo_err cogo_supervisor_add(cogo_system *system,
                                                    cogo_actor_id supervisor,
                                                    const cogo_child_spec *child);
/** Stops the child @p id and forgets its spec. Threads: any. @return COGO_OK when sent;
 * COGO_EGONE. */
COGO_API COGO_MUST_USE cogo_err cogo_supervisor_remove(cogo_system *system,
                                                       cogo_actor_id supervisor,
                                                       const char *id);
/** The running child @p id, or COGO_NO_ACTOR. Threads: any thread; does not wait. */
COGO_API cogo_actor_id cogo_supervisor_child(cogo_system *system, cogo_actor_id supervisor,
                                             const char *id);

#ifdef __cplusplus
}
#endif
#endif
