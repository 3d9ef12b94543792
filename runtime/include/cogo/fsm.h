/* Finite state machines: a behaviour made of a table of states, with callbacks on entry,
 * time-outs, and events that wait for another state.
 * Used by actors whose answer to a message depends on what happened before. Means what
 * Erlang's gen_statem means, except where said. Never changes a state by itself: only the
 * program's callbacks do. */
#ifndef COGO_FSM_H
#define COGO_FSM_H

#include <cogo/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    COGO_FSM_TIMEOUTS_MAX = 8, /**< Time-outs of one machine, a count. */
    COGO_FSM_RAISED_MAX = 8,   /**< Events that one callback may raise, a count. */
    COGO_FSM_CHAIN_MAX = 1000, /**< Raised events in a row after one message: more is a loop. */
};

/** Which time-out. Numbers from COGO_FSM_TIMEOUT_OWN to COGO_FSM_TIMEOUTS_MAX - 1 are the
 * program's own. */
enum {
    COGO_FSM_TIMEOUT_STATE = 0, /**< Ends with the state. */
    COGO_FSM_TIMEOUT_EVENT = 1, /**< Ends with the next event of any kind. */
    COGO_FSM_TIMEOUT_OWN = 2,   /**< First of those that only their cancellation ends. */
};

/** What an event is. */
typedef enum cogo_fsm_kind {
    COGO_FSM_MESSAGE, /**< A message: of another actor, or DOWN, EXIT, a timer of its own... */
    COGO_FSM_TIMEOUT, /**< A time-out that was set with cogo_fsm_timeout_set(). */
    COGO_FSM_RAISED,  /**< What cogo_fsm_raise() said. */
} cogo_fsm_kind;

/** What happened. */
typedef struct cogo_fsm_event {
    cogo_fsm_kind kind; /**< What it is. */
    cogo_msg *msg;      /**< MESSAGE: the runtime frees it unless cogo_msg_take(); else NULL. */
    uint32_t number;    /**< TIMEOUT: which; RAISED: as raised. */
} cogo_fsm_event;

/** One state. */
typedef struct cogo_fsm_state {
    const char *name; /**< For people. */
    /** When the state is entered from @p from; the first one from itself. It may set time-outs
     * and raise events, but not change the state. May be NULL. An error ends the actor. */
    cogo_err (*enter)(cogo_context *ctx, void *data, uint32_t from);
    /** Whatever happens in this state. An error ends the actor. */
    cogo_err (*event)(cogo_context *ctx, void *data, const cogo_fsm_event *event);
    uint64_t timeout_ns; /**< COGO_FSM_TIMEOUT_STATE is set to it on entry; 0: is not set. */
} cogo_fsm_state;

/** What a machine does. */
typedef struct cogo_fsm_table {
    size_t struct_size;           /**< sizeof(cogo_fsm_table). */
    const cogo_fsm_state *states; /**< A state's number is its place. */
    uint32_t state_count;         /**< Of states, at least 1. */
    uint32_t initial;             /**< The first state; init() may choose another one. */
    /** Before the first state is entered, with the args of the spawn. May call cogo_fsm_next().
     * May be NULL. An error ends the actor with that reason. */
    cogo_err (*init)(cogo_context *ctx, void *data, const void *args);
} cogo_fsm_table;

/**
 * A machine. Constant data: spawn it with @c behavior, whose @c start is cogo_fsm_start() and
 * whose @c receive is cogo_fsm_receive(). Its state is the program's struct, which begins with
 * a cogo_fsm_core.
 */
typedef struct cogo_fsm {
    cogo_behavior behavior; /**< First. */
    cogo_fsm_table table;   /**< What it does. */
} cogo_fsm;

/** Where a machine stands: the runtime's, first member of the program's data. */
typedef struct cogo_fsm_core {
    uint64_t timers[COGO_FSM_TIMEOUTS_MAX];    /**< That run; 0: none. */
    uint64_t delays_ns[COGO_FSM_TIMEOUTS_MAX]; /**< To be set when the callback is over. */
    uint32_t raised[COGO_FSM_RAISED_MAX];      /**< A ring. */
    uint32_t raised_first;                     /**< Of the ring. */
    uint32_t raised_count;                     /**< In the ring. */
    uint32_t wanted;                           /**< Bits of the time-outs to be set. */
    uint32_t state;                            /**< Where it is. */
    uint32_t next;                             /**< Where it goes. */
    uint32_t doing;                            /**< In which callback it is. */
} cogo_fsm_core;

/**
 * The start() of a machine's behaviour.
 *
 * Threads: called by the runtime.
 * @return what init() or enter() returned; COGO_EINVAL if the table makes no sense.
 */
COGO_API cogo_err cogo_fsm_start(cogo_context *ctx, void *data, const void *args);
/**
 * The receive() of a machine's behaviour.
 *
 * Ownership: borrows @p msg.
 * Threads:   called by the runtime.
 * @return what the callback returned; COGO_ELIMIT after COGO_FSM_CHAIN_MAX raised events.
 */
COGO_API cogo_err cogo_fsm_receive(cogo_context *ctx, void *data, cogo_msg *msg);

/* --- Inside of callbacks; each acts when the callback has returned COGO_OK. --------------- */

/**
 * The machine goes to @p state: the state's time-out ends, enter() of the new one is called,
 * and all that was postponed is handled before anything else, in order. To the state where it
 * is: nothing of that. The last call counts.
 *
 * Threads: inside event() and init().
 * @return COGO_OK; COGO_EINVAL (no such state); COGO_ESTATE (inside enter()).
 */
COGO_API cogo_err cogo_fsm_next(cogo_context *ctx, uint32_t state);
/**
 * The message that is being handled waits until the state changes.
 *
 * Ownership: takes the message, at once.
 * Threads:   inside event().
 * @return COGO_OK; COGO_ESTATE (no message is being handled); otherwise as cogo_stash().
 */
COGO_API COGO_MUST_USE cogo_err cogo_fsm_postpone(cogo_context *ctx);
/**
 * Time-out @p which comes after @p delay_ns as an event, once; one that runs already is
 * replaced. COGO_FSM_TIMEOUT_STATE together with a change of state is one of the new state.
 *
 * Threads: inside a callback of the machine.
 * @return COGO_OK; COGO_EINVAL (no such time-out). Without memory for it the actor ends with
 * COGO_ENOMEM.
 */
COGO_API cogo_err cogo_fsm_timeout_set(cogo_context *ctx, uint32_t which, uint64_t delay_ns);
/** Time-out @p which does not come, also if it is due. Threads: inside a callback of the
 * machine. */
COGO_API void cogo_fsm_timeout_cancel(cogo_context *ctx, uint32_t which);
/**
 * An event COGO_FSM_RAISED with @p number comes before anything that waits.
 *
 * Threads: inside a callback of the machine.
 * @return COGO_OK; COGO_ELIMIT (COGO_FSM_RAISED_MAX wait).
 */
COGO_API COGO_MUST_USE cogo_err cogo_fsm_raise(cogo_context *ctx, uint32_t number);

/** Where the machine is. Threads: inside a callback of the machine. */
COGO_API uint32_t cogo_fsm_state_now(const cogo_context *ctx);
/** The name of that state. Threads: inside a callback of the machine. */
COGO_API const char *cogo_fsm_state_name(const cogo_context *ctx);

#ifdef __cplusplus
}
#endif
#endif
