/* A store's lease in place of a majority of members: one voter for all, asked on the offload
 * pool, because it may block. Used by claims_ask.c. Never decides who holds: claim.h. */
#ifndef COGO_NODE_LEASE_H
#define COGO_NODE_LEASE_H

#include "runtime/node/claim.h"

/* What a store is asked. */
typedef struct cogo__lease_errand {
    cogo_cluster_store store;
    bool give; /* Else take. */
    uint32_t lease_ms;
    uint64_t round, term;
    char name[COGO_CLUSTER_NAME_MAX + 1];
    cogo__claimant who;
} cogo__lease_errand;

/* Payload of the answer, as COGO_MSG_BYTES. */
typedef struct cogo__lease_said {
    cogo__lease_errand errand;
    bool yes, no; /* Neither: it could not be asked. */
    uint64_t term;
} cogo__lease_said;

/** The answer comes with cogo_msg_ask() == @p *out_ask. As cogo_offload(). */
cogo_err cogo__lease_send(cogo_context *ctx, const cogo__lease_errand *errand,
                          uint64_t *out_ask);

#endif
