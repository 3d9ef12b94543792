/* Dead letters: messages that reached nobody. Each is counted with its reason.
 * Used by monitoring and by whoever looks for a message that did not arrive.
 * Never keeps the messages themselves: a report says what, for whom and why. */
#ifndef COGO_DEAD_LETTER_H
#define COGO_DEAD_LETTER_H

#include <cogo/message.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Why a message reached nobody. */
typedef enum cogo_dead_reason {
    COGO_DEAD_GONE,     /**< No actor has this id any more, or it ended with it unhandled. */
    COGO_DEAD_LATE,     /**< An answer to an ask that was decided before. */
    COGO_DEAD_FULL,     /**< The mailbox was at its limit; the sender was told. */
    COGO_DEAD_NEW,      /**< COGO_PRESSURE_DROP_NEW, or DROP_OLD far above its limit. */
    COGO_DEAD_OLD,      /**< COGO_PRESSURE_DROP_OLD: newer messages took its place. */
    COGO_DEAD_TIMEOUT,  /**< COGO_PRESSURE_BLOCK: no place became free in time. */
    COGO_DEAD_MEMORY,   /**< The actor or its subtree is at its memory limit. */
    COGO_DEAD_UNROUTED, /**< A pool without workers. */
    COGO_DEAD_STOPPED,  /**< It waited when the system was destroyed. */
    COGO_DEAD_LINK,     /**< The queue to its node was full; the sender was told. */
    COGO_DEAD_UNTYPED,  /**< For another node, of a type that is not registered here. */
    COGO_DEAD_LARGE,    /**< For another node, and larger than messages there may be. */
    COGO_DEAD_REFUSED,  /**< Its receiver's table has no such call, or its payload is short. */
    COGO_DEAD_REASONS = 16, /**< How many there may ever be. */
} cogo_dead_reason;

/** Payload of COGO_MSG_DEAD_LETTER. */
typedef struct cogo_dead_letter {
    cogo_actor_id target;    /**< For whom it was. */
    cogo_actor_id sender;    /**< Who sent it; no actor when a foreign thread did. */
    cogo_msg_type type;      /**< Of the message. */
    cogo_dead_reason reason; /**< Why it reached nobody. */
    uint64_t trace;          /**< Trace id of the message. */
    uint64_t suppressed; /**< Dead letters not told to this subscriber since the last report. */
} cogo_dead_letter;

/**
 * Makes @p subscriber get COGO_MSG_DEAD_LETTER for each dead letter of the system, at most
 * @p per_second of them; the next one says how many were left out. Ends with the subscriber.
 *
 * Threads: any thread.
 * @param per_second a count; 0: 100.
 * @return COGO_OK (also when it is one already: then the rate is new); COGO_EGONE; COGO_ELIMIT
 *         (there are 8 subscribers).
 */
COGO_API COGO_MUST_USE cogo_err cogo_dead_letter_subscribe(cogo_system *system,
                                                           cogo_actor_id subscriber,
                                                           uint32_t per_second);
/** Ends what cogo_dead_letter_subscribe() began. Threads: any. @return COGO_OK or
 * COGO_ENOTFOUND. */
COGO_API cogo_err cogo_dead_letter_unsubscribe(cogo_system *system, cogo_actor_id subscriber);
/** The name of @p reason, for metrics: "gone", "full"... Never NULL. Threads: any thread. */
COGO_API const char *cogo_dead_reason_name(cogo_dead_reason reason);

#ifdef __cplusplus
}
#endif
#endif
