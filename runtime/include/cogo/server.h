/* Servers: a behaviour made of a table of calls and casts, each with the size that its payload
 * must have, so that a handler never sees what it does not expect.
 * Used by actors that answer questions, and by who asks them. What is not in the table goes to
 * `info`; a call that is not there is refused, and its caller hears it at once. Never keeps
 * anything of its own: state, restart, pools and cogo_become() are those of any behaviour. */
#ifndef COGO_SERVER_H
#define COGO_SERVER_H

#include <cogo/actor.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A call that is being handled. Opaque; valid until its handler returns. */
typedef struct cogo_call cogo_call;

/** Who waits for an answer. A value: keep it to answer later, once. */
typedef struct cogo_caller {
    cogo_actor_id reply_to; /**< Where the answer goes. */
    cogo_msg_type type;     /**< Of the call, and so of its answer. */
} cogo_caller;

/** A question: it is answered when handle() returns, or later, or refused. */
typedef struct cogo_server_call {
    cogo_msg_type type;        /**< Of the request, and of its answer. */
    size_t request_size_bytes; /**< At least so many; less is refused with COGO_EINVAL. */
    size_t answer_size_bytes;  /**< What cogo_call_answer() has. */
    /** An error ends the server, and the caller hears COGO_EGONE. */
    cogo_err (*handle)(cogo_context *ctx, void *state, const void *request, cogo_call *call);
} cogo_server_call;

/** An order without an answer. */
typedef struct cogo_server_cast {
    cogo_msg_type type;        /**< Of the message. */
    size_t payload_size_bytes; /**< At least so many; less is a dead letter, "refused". */
    /** An error ends the server. */
    cogo_err (*handle)(cogo_context *ctx, void *state, const void *payload);
} cogo_server_cast;

/** What a server does. A type should be in one of the two lists only: calls come first. */
typedef struct cogo_server_table {
    size_t struct_size;            /**< sizeof(cogo_server_table). */
    const cogo_server_call *calls; /**< May be NULL. */
    size_t call_count;             /**< Of calls. */
    const cogo_server_cast *casts; /**< May be NULL. */
    size_t cast_count;             /**< Of casts. */
    /**
     * The outcome of a call that this server made with cogo_server_call_start(), or of any
     * cogo_ask(): exactly one for each. @p answer is NULL exactly if @p err is not COGO_OK. The
     * runtime frees it unless cogo_msg_take() was called. NULL: outcomes go to info.
     */
    cogo_err (*answered)(cogo_context *ctx, void *state, uint64_t ask, cogo_err err,
                         cogo_msg *answer);
    /** Everything else: timers, DOWN, EXIT, types that are in no list. NULL: they are ignored.
     */
    cogo_err (*info)(cogo_context *ctx, void *state, cogo_msg *msg);
} cogo_server_table;

/**
 * A server. Constant data: spawn it with @c behavior, whose @c receive is
 * cogo_server_receive(); its @c start and @c stop are the program's.
 */
typedef struct cogo_server {
    cogo_behavior behavior;  /**< First. */
    cogo_server_table table; /**< What it does. */
} cogo_server;

/**
 * The receive() of a server's behaviour.
 *
 * Ownership: borrows @p msg.
 * Threads:   called by the runtime.
 * @return what the handler returned; COGO_ESTATE if the actor's behaviour is no server's.
 */
COGO_API cogo_err cogo_server_receive(cogo_context *ctx, void *state, cogo_msg *msg);

/* --- Inside of a handler. ---------------------------------------------------------------- */

/** answer_size_bytes of zeroed memory, sent when the handler returns COGO_OK. Never NULL.
 * Threads: the handler. */
COGO_API void *cogo_call_answer(cogo_call *call);
/** The request itself: its size, its sender, its trace. Ownership: borrowed. Threads: the
 * handler. */
COGO_API cogo_msg *cogo_call_message(cogo_call *call);
/** No answer is sent when the handler returns: cogo_server_reply() or cogo_server_refuse() will
 * do it, in this callback or in a later one. If the server ends before, the caller hears
 * COGO_EGONE. Threads: the handler. */
COGO_API cogo_caller cogo_call_later(cogo_call *call);
/** The caller hears @p err (not COGO_OK) in place of an answer. Threads: the handler. */
COGO_API void cogo_call_refuse(cogo_call *call, cogo_err err);

/**
 * Answers @p caller with a copy of @p size_bytes at @p answer.
 *
 * Threads: inside a behaviour.
 * @return COGO_OK; COGO_EGONE (its time was over, or it was answered before); COGO_ENOMEM: then
 * it still waits; otherwise as cogo_send().
 */
COGO_API cogo_err cogo_server_reply(cogo_context *ctx, cogo_caller caller, const void *answer,
                                    size_t size_bytes);
/**
 * @p caller hears @p err (not COGO_OK) in place of an answer.
 *
 * Threads: inside a behaviour.
 * @return COGO_OK; COGO_EINVAL; COGO_EGONE (its time was over, it was answered before, or it
 * does not wait: its message was not an ask).
 */
COGO_API cogo_err cogo_server_refuse(cogo_context *ctx, cogo_caller caller, cogo_err err);

/* --- Who asks. --------------------------------------------------------------------------- */

/**
 * Calls @p server with a copy of @p size_bytes at @p request. The outcome comes as a message:
 * to a server as answered(), to other behaviours as after cogo_ask().
 *
 * Threads: inside a behaviour. Never blocks.
 * @param timeout_ns nanoseconds, at least 1.
 * @return as cogo_ask().
 */
COGO_API COGO_MUST_USE cogo_err cogo_server_call_start(cogo_context *ctx, cogo_actor_id server,
                                                       cogo_msg_type type, const void *request,
                                                       size_t size_bytes, uint64_t timeout_ns,
                                                       uint64_t *out_ask);
/**
 * Calls @p server and blocks until the outcome is there; copies the answer to @p answer.
 *
 * Threads: any thread that is not a lane.
 * @param size_bytes of the request.
 * @param timeout_ns how long to wait, in nanoseconds.
 * @param answer_size_bytes of the answer, which must have this size: else COGO_EDECODE.
 * @return COGO_OK; the error that the call was refused with; COGO_EGONE (the server ended
 * before it answered); otherwise as cogo_system_ask().
 */
COGO_API COGO_MUST_USE cogo_err cogo_server_call_wait(cogo_system *system, cogo_actor_id server,
                                                      cogo_msg_type type, const void *request,
                                                      size_t size_bytes, uint64_t timeout_ns,
                                                      void *answer, size_t answer_size_bytes);
/** Sends @p server a copy of @p size_bytes at @p payload. Threads: inside a behaviour.
 * @return as cogo_send(). */
COGO_API cogo_err cogo_server_cast_send(cogo_context *ctx, cogo_actor_id server,
                                        cogo_msg_type type, const void *payload,
                                        size_t size_bytes);
/** As cogo_server_cast_send(), from any thread. Threads: any thread. @return as
 * cogo_system_send(). */
COGO_API cogo_err cogo_system_cast_send(cogo_system *system, cogo_actor_id server,
                                        cogo_msg_type type, const void *payload,
                                        size_t size_bytes);

#ifdef __cplusplus
}
#endif
#endif
