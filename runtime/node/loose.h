/* Payloads that are written to the socket from where they lie: a large one is not copied into
 * the session's output, only what its frame begins with is. Used by outgoing.c, which adds
 * them, and by bytes.c, which writes them. Of one connection, without TLS.
 *
 * Each knows how many bytes of the output come between it and the one before it, so their order
 * is that of the frames, whatever is appended to the output later or taken from it. */
#ifndef COGO_NODE_LOOSE_H
#define COGO_NODE_LOOSE_H

#include "runtime/actor/message.h"
#include "runtime/node/session.h"

#include <sys/uio.h>

enum {
    COGO__LOOSE_LEAST = 16384, /**< Bytes of a payload: smaller ones are copied. */
    COGO__LOOSE_MOST = 8,      /**< Payloads, a count. */
    COGO__LOOSE_PIECES = 2 * COGO__LOOSE_MOST + 1, /**< Those and the output around them. */
};

typedef struct cogo__loose_one {
    size_t before; /**< Bytes of the output after the one before. */
    const uint8_t *at;
    size_t left;
    cogo_msg *msg; /**< Whose payload it is. Owned. */
} cogo__loose_one;

/* All zero: empty. */
typedef struct cogo__loose {
    cogo__loose_one all[COGO__LOOSE_MOST]; /**< Oldest first. */
    uint32_t count;
    size_t before; /**< The sum over all of them. */
    size_t bytes;  /**< Payloads that are left, the sum. */
} cogo__loose;

/** May one of @p size_bytes be added? */
static inline bool cogo__loose_takes(const cogo__loose *loose, size_t size_bytes)
{
    return size_bytes >= COGO__LOOSE_LEAST && loose->count < COGO__LOOSE_MOST;
}

/** Takes @p msg, if takes() says so: @p payload, its own, goes behind the @p output_bytes that
 * wait in the output now. */
void cogo__loose_add(cogo__loose *loose, size_t output_bytes, cogo_msg *msg,
                     cogo_value payload);
/** What is to be written, in order: COGO__LOOSE_PIECES at most. Returns how many. */
int cogo__loose_gather(const cogo__loose *loose, const cogo__session *session,
                       struct iovec *out);
/** The first @p size_bytes of that were written. Messages end on @p heap's lane. */
void cogo__loose_sent(cogo__loose *loose, cogo__session *session, cogo__heap *heap,
                      size_t size_bytes);
/** None will be written. */
void cogo__loose_drop(cogo__loose *loose, cogo__heap *heap);

#endif
