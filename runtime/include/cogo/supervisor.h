/* Supervisors: actors that start, watch and restart other actors, as in Erlang/OTP.
 * Used to build trees whose failures stay local. Never restarts a child that ended as its
 * restart type allows; never ends before its children. */
#ifndef COGO_SUPERVISOR_H
#define COGO_SUPERVISOR_H

#include <cogo/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whether a child that ended is started again. */
typedef enum cogo_restart {
    COGO_RESTART_PERMANENT, /**< Always restarted. */
    COGO_RESTART_TRANSIENT, /**< Restarted unless it ended NORMAL or SHUTDOWN. */
    COGO_RESTART_TEMPORARY, /**< Never restarted. */
} cogo_restart;

/** Which children are restarted when one ended. */
typedef enum cogo_strategy {
    COGO_ONE_FOR_ONE,        /**< Only the child that ended. */
    COGO_ONE_FOR_ALL,        /**< All children. */
    COGO_REST_FOR_ONE,       /**< That child and those started after it. */
    COGO_SIMPLE_ONE_FOR_ONE, /**< `children` is one template; children are added with their own
                                args, have no name here, and are stopped all at a time. */
} cogo_strategy;

/** When a supervisor ends because significant children ended by themselves. */
typedef enum cogo_auto_shutdown {
    COGO_AUTO_SHUTDOWN_NEVER,
    COGO_AUTO_SHUTDOWN_ANY, /**< When any of them has. */
    COGO_AUTO_SHUTDOWN_ALL, /**< When all of them have. */
} cogo_auto_shutdown;

/* Values of cogo_child_spec.shutdown_ns. */
#define COGO_SHUTDOWN_KILL    (UINT64_MAX - 1) /**< KILLED at once. */
#define COGO_SHUTDOWN_FOREVER UINT64_MAX       /**< Never KILLED. */
/** Value of cogo_supervisor_spec.intensity: no restart at all. */
#define COGO_INTENSITY_NONE   UINT32_MAX

enum {
    /** Its end counts for auto_shutdown, if it is not restarted. Not for PERMANENT. */
    COGO_CHILD_SIGNIFICANT = 1 << 0,
};

enum {
    COGO_SUPERVISOR_DEPTH_MAX = 16,          /**< Levels of supervisors in one spec. */
    COGO_SUPERVISOR_INTENSITY_MAX = 1000000, /**< A count. */
};

/**
 * One child. Its mailbox and its stash survive a restart; the message that failed does not.
 * Its start() runs in the child: when that fails, the child has ended, and is treated so.
 */
typedef struct cogo_child_spec {
    const char *id; /**< Unique in its supervisor; 1 to 255 bytes. Unused in a template. */
    /** How to spawn; LINK and MONITOR are ignored. With cogo_supervisor_behavior() the child is
     * a supervisor, and args point to its cogo_supervisor_spec. With a placement elsewhere what
     * happens to it there happens to the child, see placement.h. */
    cogo_spawn_options options;
    cogo_restart restart; /**< When it is restarted. */
    uint32_t flags;       /**< COGO_CHILD_*. */
    /** Time to end after SHUTDOWN before KILLED. 0: 5 s; FOREVER for supervisors. */
    uint64_t shutdown_ns;
    /** First delay before a restart; 0: at once, but for a node that is away (placement.h).
     * Doubles with each failure that follows within
     * the supervisor's period, up to backoff_max_ns; a random part of up to a quarter is left
     * off, so that children that failed together do not come back together. */
    uint64_t backoff_min_ns;
    uint64_t backoff_max_ns; /**< 0: always backoff_min_ns. */
} cogo_child_spec;

/** A supervisor. More than @c intensity restarts in @c period_ns end it with COGO_ELIMIT. */
typedef struct cogo_supervisor_spec {
    size_t struct_size;              /**< sizeof(cogo_supervisor_spec). */
    const char *name;                /**< Registered name; may be NULL. */
    cogo_strategy strategy;          /**< Who is restarted with a child. */
    uint32_t intensity;              /**< A count. 0: 5. COGO_INTENSITY_NONE: none allowed. */
    uint64_t period_ns;              /**< 0: 5 s. */
    const cogo_child_spec *children; /**< Started in this order, stopped in reverse. */
    size_t child_count;              /**< Elements of children. */
    /** Of the supervisor and all below it: children, and supervisors started by actors among
     * them. KILL ends the supervisor and so the tree. 0: no limit. */
    uint64_t memory_limit_bytes;
    cogo_memory_policy memory_policy; /**< What happens above memory_limit_bytes. */
    cogo_auto_shutdown auto_shutdown; /**< When it ends because children did. */
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
 * The behaviour of supervisors below a supervisor: put it into the child's options, with args a
 * cogo_supervisor_spec. Its own children are started in its start().
 *
 * Threads: any thread.
 */
COGO_API const cogo_behavior *cogo_supervisor_behavior(void);

/**
 * Adds and starts a child. The answer is asynchronous: the child's id is found with
 * cogo_supervisor_child(). cogo_supervisor_order() with COGO_CHILD_START tells more.
 *
 * Ownership: copies @p child.
 * Threads:   any thread.
 * @return COGO_OK when the request was sent; COGO_EINVAL; COGO_EGONE; COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_supervisor_add(cogo_system *system,
                                                    cogo_actor_id supervisor,
                                                    const cogo_child_spec *child);
/** Stops the child @p id and forgets its spec. Threads: any. @return COGO_OK when sent;
 * COGO_EGONE. */
COGO_API COGO_MUST_USE cogo_err cogo_supervisor_remove(cogo_system *system,
                                                       cogo_actor_id supervisor,
                                                       const char *id);
/** The child @p id, or COGO_NO_ACTOR; what is sent to it waits until it runs. A child that was
 * not spawned yet is not found, also by its elder siblings. Threads: any thread; does not wait.
 */
COGO_API cogo_actor_id cogo_supervisor_child(cogo_system *system, cogo_actor_id supervisor,
                                             const char *id);

/** What a supervisor is told to do. */
typedef enum cogo_child_action {
    COGO_CHILD_START,     /**< Adds `spec` (simple: the template with `args`) and starts it. */
    COGO_CHILD_TERMINATE, /**< Stops it, and keeps its spec unless TEMPORARY or simple. Answered
                             when it has ended. */
    COGO_CHILD_RESTART,   /**< Starts one that was terminated or ended. */
    COGO_CHILD_DELETE,    /**< Forgets the spec of one that is not running. */
    COGO_CHILD_COUNT,     /**< Nothing but the counts of the answer. */
    COGO_CHILD_LIST,      /**< The answer is followed by its `listed` cogo_child_info. */
} cogo_child_action;

/** One order. Zero-initialise; what its action does not need stays 0. */
typedef struct cogo_child_order {
    size_t struct_size;          /**< sizeof(cogo_child_order). */
    cogo_child_action action;    /**< What to do. */
    const char *id;              /**< Which child. */
    cogo_actor_id actor;         /**< Which child of a simple one; `id` is NULL then. */
    const cogo_child_spec *spec; /**< START. */
    const void *args;            /**< START in a simple one. */
    size_t args_size_bytes;      /**< Of args. */
} cogo_child_order;

/** Payload of COGO_MSG_CHILDREN. */
typedef struct cogo_child_answer {
    /** COGO_OK; COGO_EEXIST (START: id or name is taken); COGO_ENOTFOUND; COGO_ESTATE (RESTART
     * or DELETE of one that runs, anything while the supervisor ends); COGO_EINVAL;
     * COGO_ENOMEM; COGO_ELIMIT (actor limit of the system). */
    cogo_err err;
    uint32_t listed;      /**< LIST: how many follow. */
    cogo_actor_id actor;  /**< START, RESTART: the child. */
    uint32_t specs;       /**< Children known, running or not. */
    uint32_t active;      /**< Of them, running. */
    uint32_t supervisors; /**< Of the children, those that are supervisors. */
    uint32_t workers;     /**< Of the children, all others. */
} cogo_child_answer;

/** One child as COGO_CHILD_LIST sees it. */
typedef struct cogo_child_info {
    char id[64];         /**< Cut. */
    cogo_actor_id actor; /**< COGO_NO_ACTOR unless it runs or waits for its restart. */
    bool restarting;     /**< Waits for its backoff, or for its siblings to end. */
    bool supervisor;     /**< True: it is one itself. */
    uint32_t failures;   /**< In a row, as the backoff counts them. */
} cogo_child_info;

/**
 * Gives @p order; COGO_MSG_CHILDREN comes as the answer of an ask.
 *
 * Ownership: copies @p order and all it points to, except behaviours.
 * Threads:   inside a behaviour. Never blocks.
 * @param timeout_ns of the ask, in nanoseconds, at least 1.
 * @return COGO_OK; COGO_EINVAL; COGO_EGONE (no supervisor has this id); as cogo_ask()
 * otherwise.
 */
COGO_API COGO_MUST_USE cogo_err cogo_supervisor_order(cogo_context *ctx,
                                                      cogo_actor_id supervisor,
                                                      const cogo_child_order *order,
                                                      uint64_t timeout_ns, uint64_t *out_ask);
/**
 * Gives @p order and waits for the answer.
 *
 * Ownership: copies @p order and all it points to, except behaviours.
 * Threads:   any thread that is not a lane.
 * @param timeout_ns how long to wait, in nanoseconds.
 * @param out_list up to @p capacity children; may be NULL.
 * @return the answer's `err`; COGO_EGONE; COGO_ETIMEOUT; COGO_ESTATE on a lane; COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_system_supervisor_order(
    cogo_system *system, cogo_actor_id supervisor, const cogo_child_order *order,
    uint64_t timeout_ns, cogo_child_answer *out_answer, cogo_child_info *out_list,
    size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
