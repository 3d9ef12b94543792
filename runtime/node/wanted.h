/* The state of the claims actor, and its parts: what it tells (claims_tell.c), and how it asks
 * (claims_ask.c). Used by these and claims.c, on the actor's turn only. */
#ifndef COGO_NODE_WANTED_H
#define COGO_NODE_WANTED_H

#include "runtime/node/claims.h"
#include "runtime/node/lease.h"

/* Who wants a name here. */
typedef struct cogo__wanted {
    cogo__claim claim;
    cogo_actor_id actor, holder;
    uint64_t monitor;
    uint64_t ask; // Of the store; 0: none.
} cogo__wanted;

typedef struct cogo__claims {
    cogo__node *node;
    cogo_context *ctx; // While a callback runs.
    uint64_t lease_ns, timer;
    cogo__voter *voter;
    uint64_t highest; // Term that any claim here had.
    uint32_t count;
    cogo__wanted all[COGO_CLUSTER_NAMES_MAX];
} cogo__claims;

/* The list, in its order, of which this node may be one. */
typedef struct cogo__voters {
    uint32_t count;
    int self;                                /* Its place, or -1. */
    uint32_t peers[COGO_CLUSTER_VOTERS_MAX]; /* 0: not linked. */
} cogo__voters;

/** A store in place of voters. */
static inline bool cogo__claims_has_store(const cogo__claims *s)
{
    return s->node->store.take != NULL;
}

/* --- claims_tell.c ------------------------------------------------------------------------ */

/** What is looked up under a name from now on, if it is not older than what is known. */
void cogo__claims_note(cogo__cluster *cluster, const cogo__holding *news, uint64_t now_ns);
void cogo__claims_note_mine(const cogo__claims *s, const cogo__wanted *w, bool held);
cogo__told cogo__claims_about(const cogo__claims *s, const cogo__wanted *w, uint64_t frame);
/** COGO_MSG_CLAIM to @p to; @p claim may be NULL. */
void cogo__claims_tell(const cogo__claims *s, cogo_actor_id to, const char *name, bool held,
                       cogo_err err, const cogo__claim *claim);
/** Told to all who are linked: they may look it up. */
void cogo__claims_announce(cogo__claims *s, const cogo__wanted *w);

/* --- claims_ask.c ------------------------------------------------------------------------- */

cogo__voters cogo__claims_voters(const cogo__claims *s);
/** Of one voter, or of the store, in @p round. */
void cogo__claims_answer(cogo__claims *s, cogo__wanted *w, uint64_t round, uint32_t voter,
                         uint32_t count, bool yes, uint64_t term);
/** The store has answered @p ask; @p said is NULL: nobody knows what. */
void cogo__claims_said(cogo__claims *s, uint64_t ask, const cogo__lease_said *said);
void cogo__claims_ask(cogo__claims *s, cogo__wanted *w);
/** What was granted: others need not wait for its end. */
void cogo__claims_give_back(cogo__claims *s, cogo__wanted *w);

#endif
