/* Between programs that want cluster-wide names and the claims actor.
 * Used by claims.c, singleton.c and the control connections.
 * Never decides who holds: claim.h. */
#ifndef COGO_NODE_CLAIMS_H
#define COGO_NODE_CLAIMS_H

#include "runtime/node/claim.h"
#include "runtime/node/node.h"

typedef enum cogo__wish_kind {
    COGO__WISH_CLAIM,
    COGO__WISH_RELEASE,
    COGO__WISH_HOLDER, /**< Others find `holder` under the name, not who claimed it. */
} cogo__wish_kind;

/* Payload of COGO__MSG_WISH. */
typedef struct cogo__wish {
    cogo__wish_kind kind;
    cogo_actor_id actor, holder;
    char name[COGO_CLUSTER_NAME_MAX + 1];
} cogo__wish;

/** Sends it for the running actor. As cogo_cluster_claim(). */
cogo_err cogo__claims_wish(cogo_context *ctx, cogo__wish_kind kind, const char *name,
                           cogo_actor_id holder);

#endif
