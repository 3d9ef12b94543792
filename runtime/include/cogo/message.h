/* Messages: a header and its payload in one block, with one owner at a time.
 * Used by whoever sends or receives. Never copied on the way to a local actor. */
#ifndef COGO_MESSAGE_H
#define COGO_MESSAGE_H

#include <cogo/error.h>
#include <cogo/record.h>

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cogo_system cogo_system; /**< Opaque. Made by cogo_system_create(). */
typedef struct cogo_msg cogo_msg;       /**< Opaque. Has one owner at a time. */

/** Names one actor for ever: an id is never used again, so a stale one is safe to send to. */
typedef struct cogo_actor_id {
    uint32_t node;        /**< 0: this node. */
    uint32_t incarnation; /**< Of the system that made the id. */
    uint32_t slot;        /**< 0 with generation 0 names no actor. */
    uint32_t generation;  /**< Of the slot: an id is never used again. */
} cogo_actor_id;

/** Number of a message type. Below COGO_MSG_USER they belong to the runtime. */
typedef uint32_t cogo_msg_type;

enum {
    COGO_MSG_BYTES = 1, /**< Payload: opaque bytes. */
    COGO_MSG_DOWN = 2,  /**< Payload: cogo_down. A monitored actor has ended. */
    COGO_MSG_EXIT =
        3, /**< Payload: cogo_down. A linked actor ended; only when trapping exits. */
    COGO_MSG_TIMER = 4,       /**< Payload: cogo_timer_fired. */
    COGO_MSG_ASK_FAILED = 5,  /**< Payload: cogo_ask_failed. No reply will come. */
    COGO_MSG_DEAD_LETTER = 6, /**< Payload: cogo_dead_letter. */
    COGO_MSG_MEMORY = 7,      /**< Payload: cogo_memory_alarm. */
    COGO_MSG_CHILDREN = 8,    /**< Payload: cogo_child_answer, of cogo_supervisor_order(). */
    COGO_MSG_POOL_STATS = 9,  /**< To a pool: none; back: cogo_pool_stats. */
    COGO_MSG_GROUP = 10,      /**< Payload: cogo_group_event. */
    COGO_MSG_IO = 24,         /**< Payload: cogo_io_ready. A watched descriptor is ready. */
    COGO_MSG_NODE = 25,       /**< Payload: cogo_node_event. */
    COGO_MSG_NAME = 26,       /**< Payload: cogo_actor_id; answers cogo_node_name_ask(). */
    COGO_MSG_SPAWNED = 27,    /**< Payload: cogo_actor_id; answers cogo_node_spawn_ask(). */
    COGO_MSG_MEMBER = 40,     /**< Payload: cogo_member_event, see cogo_cluster_subscribe(). */
    COGO_MSG_CLAIM = 41,      /**< Payload: cogo_claim_event, see cogo_cluster_claim(). */
    COGO_MSG_USER = 256,      /**< First number for types of the program. */
};

/** Why an actor ended. */
typedef enum cogo_exit_kind {
    COGO_EXIT_NORMAL,       /**< It was done. */
    COGO_EXIT_SHUTDOWN,     /**< Its supervisor or the system stopped it. */
    COGO_EXIT_KILLED,       /**< cogo_exit_actor() with KILLED; can't be trapped. */
    COGO_EXIT_ERROR,        /**< It failed: a handler returned an error, or cogo_exit(). */
    COGO_EXIT_NOPROC,       /**< It did not exist when the link or monitor was made. */
    COGO_EXIT_NOCONNECTION, /**< The link to its node was lost. */
} cogo_exit_kind;

/** A reason, small enough to be copied. */
typedef struct cogo_reason {
    cogo_exit_kind kind; /**< What kind of end. */
    cogo_err err;        /**< For ERROR. */
    char text[56];       /**< For people; may be empty; ends with NUL. */
} cogo_reason;

/** Payload of COGO_MSG_DOWN and COGO_MSG_EXIT. */
typedef struct cogo_down {
    cogo_actor_id actor; /**< Which one ended. */
    uint64_t monitor;    /**< What cogo_monitor() gave; 0 for EXIT. */
    cogo_reason reason;  /**< Why. */
} cogo_down;

/** Payload of COGO_MSG_TIMER. */
typedef struct cogo_timer_fired {
    uint64_t timer;  /**< What cogo_timer_start() gave. */
    uint64_t cookie; /**< As given to cogo_timer_start(). */
} cogo_timer_fired;

/** Payload of COGO_MSG_ASK_FAILED; cogo_msg_ask() tells which ask. */
typedef struct cogo_ask_failed {
    cogo_err err; /**< COGO_ETIMEOUT, COGO_EGONE (receiver ended before it
                     answered), COGO_EFULL (dropped by a full mailbox). */
} cogo_ask_failed;

/** A message type: registered once per system, before the first message of it is made. */
typedef struct cogo_type {
    size_t struct_size;        /**< sizeof(cogo_type). */
    cogo_msg_type number;      /**< COGO_MSG_USER or greater. */
    const char *name;          /**< Lower case with dots, for example "task.submit". */
    const cogo_record *record; /**< NULL: opaque bytes. */
} cogo_type;

/**
 * Registers @p type with @p system.
 *
 * Ownership: keeps @p type->name and @p type->record, which must outlive the system.
 * Threads:   any thread.
 * @return COGO_OK; COGO_EINVAL (number below COGO_MSG_USER, no name); COGO_EEXIST (number taken
 *         by another name); COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_type_register(cogo_system *system, const cogo_type *type);

/**
 * Makes a message with room for @p size_bytes of payload, not initialised.
 *
 * Ownership: the caller owns the message until it is sent or given to cogo_msg_destroy().
 * Threads:   any thread, and inside a behaviour.
 * @return NULL when out of memory.
 */
COGO_API cogo_msg *cogo_msg_create(cogo_system *system, cogo_msg_type type, size_t size_bytes);

/**
 * Makes a message of a registered record type; its payload is a flat copy of @p record.
 *
 * Ownership: borrows @p record; the caller owns the message.
 * Threads:   any thread, and inside a behaviour.
 * @return NULL when out of memory or when @p type is not registered with a record.
 */
COGO_API cogo_msg *cogo_msg_create_record(cogo_system *system, cogo_msg_type type,
                                          const void *record);

/**
 * Frees a message that was not sent. NULL is allowed.
 *
 * Ownership: takes @p msg.
 * Threads:   any thread.
 */
COGO_API void cogo_msg_destroy(cogo_msg *msg);

/** The payload; for record types a pointer to the C struct. Lives as long as @p msg. Threads:
 * the owner. */
COGO_API void *cogo_msg_payload(cogo_msg *msg);
/** Bytes of payload. Threads: the owner. */
COGO_API size_t cogo_msg_size(const cogo_msg *msg);
/** The type number. Threads: the owner. */
COGO_API cogo_msg_type cogo_msg_type_of(const cogo_msg *msg);
/** The actor that sent it; no actor when a foreign thread did. Threads: the owner. */
COGO_API cogo_actor_id cogo_msg_sender(const cogo_msg *msg);
/** Where an answer goes: the ask's alias, else the sender. Threads: the owner. */
COGO_API cogo_actor_id cogo_msg_reply_to(const cogo_msg *msg);
/** For an answer or COGO_MSG_ASK_FAILED: the ask it belongs to; else 0. Threads: the owner. */
COGO_API uint64_t cogo_msg_ask(const cogo_msg *msg);
/** The trace id that it carries; a message made in a handler inherits the handled message's.
 * Threads: the owner. */
COGO_API uint64_t cogo_msg_trace(const cogo_msg *msg);
/** Sets the trace id. Threads: the owner. */
COGO_API void cogo_msg_set_trace(cogo_msg *msg, uint64_t trace);

#ifdef __cplusplus
}
#endif
#endif
