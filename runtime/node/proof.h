/* What both sides of a handshake have said, and the proofs over it that only they can make.
 * Used by sessions; the one place of libcogo that sees the cluster's secret.
 * Never keeps the secret longer than the handshake's owner lives, and wipes it then. */
#ifndef COGO_NODE_PROOF_H
#define COGO_NODE_PROOF_H

#include "codec/frame.h"

enum {
    COGO__SECRET_MAX = 256,      /**< Bytes. */
    COGO__TRANSCRIPT_MAX = 1536, /**< Bytes: a HELLO and a CHALLENGE at their limits. */
    COGO__BINDING_MAX = 64,      /**< Bytes. */
};

typedef enum cogo__proof_side { COGO__PROOF_OPEN, COGO__PROOF_ACCEPT } cogo__proof_side;

typedef struct cogo__transcript {
    uint8_t secret[COGO__SECRET_MAX];
    size_t secret_size;
    uint8_t binding[COGO__BINDING_MAX];
    size_t binding_size;
    uint8_t said[COGO__TRANSCRIPT_MAX];
    size_t said_size;
} cogo__transcript;

/** @p secret NULL: there is none. COGO_OK or COGO_EINVAL (too long). */
cogo_err cogo__transcript_init(cogo__transcript *t, const void *secret, size_t secret_size);
/** What ties both ends of one connection, in each proof from now on. COGO_OK or COGO_EINVAL. */
cogo_err cogo__transcript_bind(cogo__transcript *t, const void *binding, size_t size);
void cogo__transcript_finish(cogo__transcript *t);
/** COGO_OK or COGO_ELIMIT. */
cogo_err cogo__transcript_add(cogo__transcript *t, const uint8_t *bytes, size_t size);
/** False when there is no secret: then the proof stays empty. */
bool cogo__transcript_prove(const cogo__transcript *t, cogo__proof_side side,
                            uint8_t out[COGO__PROOF_BYTES]);
/** True if @p proof is that of the other side; without a secret only an empty one is. */
bool cogo__transcript_check(const cogo__transcript *t, cogo__proof_side side, cogo_value proof);
/** Bytes that nobody can guess. COGO_OK or COGO_EIO. */
cogo_err cogo__proof_nonce(uint8_t out[COGO__NONCE_BYTES]);
/** Forgets a secret for good. */
void cogo__proof_wipe(void *bytes, size_t size);

#endif
