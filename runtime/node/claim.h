/* Leases on cluster-wide names, without actors, clocks and sockets: what a voter grants, and
 * when a claimant holds. Used by the claims actor; by tests and simulations that play many of
 * them against each other.
 *
 * A name is held by who has grants of a majority of the voters. A grant lasts for the lease, on
 * the voter's clock, from when it was given; the holder counts from when it *asked*, and less:
 *   held until  asked + lease - lease / COGO__CLAIM_SKEW   (holder's clock)
 *   granted to  given + lease                              (voter's clock), given after asked.
 * So as long as no two clocks differ in rate by more than 1 / COGO__CLAIM_SKEW (5 %), every
 * holder's time is over before any of its grants is, and two majorities share a voter: there
 * are never two holders. Differences between clocks do not matter, they are never compared. A
 * voter that was restarted has forgotten what it granted, and grants nothing for one lease.
 *
 * What is held has to be given up before the time is over: the claimant is told after the half
 * (COGO__CLAIM_GIVE_UP) without a majority, the rest is for ending what runs.
 *
 * Each holding has a term. A voter grants a name to another claimant only with a higher term
 * than any that it has seen, so terms of holders grow; a resource that remembers the highest
 * one refuses who was frozen past its time (fencing). */
#ifndef COGO_NODE_CLAIM_H
#define COGO_NODE_CLAIM_H

#include "codec/frame.h"

#include <cogo/cluster.h>

enum {
    COGO__CLAIM_SKEW = 20,    /**< 1 / 20: clocks run at rates that differ by less than 5 %. */
    COGO__CLAIM_RENEWALS = 6, /**< In one lease. */
    COGO__CLAIM_GIVE_UP = 2,  /**< After lease / 2 without a majority. */
};

/* Who claims: one incarnation of one node. */
typedef struct cogo__claimant {
    char node[COGO__NODE_NAME_MAX + 1];
    uint64_t incarnation;
} cogo__claimant;

/* What one voter remembers of one name. */
typedef struct cogo__grant {
    char name[COGO_CLUSTER_NAME_MAX + 1];
    cogo__claimant holder;
    uint64_t term;     /**< The highest that was granted. */
    uint64_t until_ns; /**< By this voter's clock; 0: it was given back. */
} cogo__grant;

typedef struct cogo__voter {
    uint64_t lease_ns, barred_until_ns;
    cogo__grant grants[COGO_CLUSTER_NAMES_MAX];
    uint32_t count;
} cogo__voter;

/** @p now_ns: it begins now, and has forgotten what it granted before. */
void cogo__voter_begin(cogo__voter *voter, uint64_t lease_ns, uint64_t now_ns);
/** True: granted. Else @p out_term is the highest term that is known. */
bool cogo__voter_ask(cogo__voter *voter, const char *name, const cogo__claimant *who,
                     uint64_t term, uint64_t lease_ns, uint64_t now_ns, uint64_t *out_term);
/** @p who gives it back: others need not wait. */
void cogo__voter_release(cogo__voter *voter, const char *name, const cogo__claimant *who,
                         uint64_t term);

typedef enum cogo__claim_state {
    COGO__CLAIM_WAITING, /**< Until `next_ns`. */
    COGO__CLAIM_ASKING,  /**< Since `asked_ns`; ends without a majority at `next_ns`. */
    COGO__CLAIM_HELD,    /**< And asks again at `next_ns`, as round `round`. */
} cogo__claim_state;

/* One name that a node wants. */
typedef struct cogo__claim {
    char name[COGO_CLUSTER_NAME_MAX + 1];
    cogo__claim_state state;
    uint64_t term, highest_term; /**< Asked for, or held; seen anywhere. */
    uint64_t round, asked_ns, next_ns;
    uint64_t held_since_ns; /**< Asked for what was granted last: time counts from here. */
    uint64_t voters_yes;    /**< Of this round, a bit each. */
    uint32_t no;
} cogo__claim;

/** Begins a round, at @p now_ns; its number is claim->round. @p term: at least that. */
void cogo__claim_ask(cogo__claim *claim, uint64_t lease_ns, uint64_t now_ns, uint64_t term);
/** An answer of voter @p voter (0 to 63) of @p voters. True: the state has changed. */
bool cogo__claim_answer(cogo__claim *claim, uint64_t round, uint32_t voter, uint32_t voters,
                        bool yes, uint64_t term);
/** When what is held has to be given up, and when it is over. */
static inline uint64_t cogo__claim_give_up_ns(const cogo__claim *claim, uint64_t lease_ns)
{
    return claim->held_since_ns + lease_ns / COGO__CLAIM_GIVE_UP;
}
static inline uint64_t cogo__claim_over_ns(const cogo__claim *claim, uint64_t lease_ns)
{
    return claim->held_since_ns + lease_ns - lease_ns / COGO__CLAIM_SKEW;
}

#endif
