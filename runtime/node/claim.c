#include "runtime/node/claim.h"

#include <stdio.h>
#include <string.h>

/* --- Voters. ------------------------------------------------------------------------------ */

void cogo__voter_begin(cogo__voter *v, uint64_t lease_ns, uint64_t now_ns)
{
    v->lease_ns = lease_ns;
    v->barred_until_ns = now_ns + lease_ns;
    v->count = 0;
}

static cogo__grant *grant_of(cogo__voter *v, const char *name)
{
    for (uint32_t i = 0; i < v->count; i++) {
        if (strcmp(v->grants[i].name, name) == 0) {
            return &v->grants[i];
        }
    }
    return NULL;
}

/* NULL: there are too many names. What is over makes room, and its term is forgotten with it:
 * terms begin with the time of day, so that they grow nevertheless. */
static cogo__grant *add_grant(cogo__voter *v, const char *name, uint64_t now_ns)
{
    cogo__grant *grant = NULL;
    if (v->count < COGO_CLUSTER_NAMES_MAX) {
        grant = &v->grants[v->count++];
    }
    for (uint32_t i = 0; i < v->count && grant == NULL; i++) {
        grant = v->grants[i].until_ns <= now_ns ? &v->grants[i] : NULL;
    }
    if (grant == NULL) {
        return NULL;
    }
    memset(grant, 0, sizeof *grant);
    (void)snprintf(grant->name, sizeof grant->name, "%s", name);
    return grant;
}

static bool is_same(const cogo__claimant *a, const cogo__claimant *b)
{
    return a->incarnation == b->incarnation && strcmp(a->node, b->node) == 0;
}

bool cogo__voter_ask(cogo__voter *v, const char *name, const cogo__claimant *who, uint64_t term,
                     uint64_t lease_ns, uint64_t now_ns, uint64_t *out_term)
{
    cogo__grant *grant = grant_of(v, name);
    grant = grant != NULL ? grant : add_grant(v, name, now_ns);
    *out_term = grant != NULL ? grant->term : 0;
    if (grant == NULL || now_ns < v->barred_until_ns || lease_ns != v->lease_ns) {
        return false;
    }
    bool mine = is_same(&grant->holder, who) && grant->term == term;
    bool taken = now_ns < grant->until_ns && !is_same(&grant->holder, who);
    if (!mine && (taken || term <= grant->term)) {
        return false;
    }
    grant->holder = *who;
    grant->term = term;
    grant->until_ns = now_ns + lease_ns;
    *out_term = term;
    return true;
}

void cogo__voter_release(cogo__voter *v, const char *name, const cogo__claimant *who,
                         uint64_t term)
{
    cogo__grant *grant = grant_of(v, name);
    if (grant != NULL && grant->term == term && is_same(&grant->holder, who)) {
        grant->until_ns = 0;
        grant->holder.incarnation = 0; // The next one of the same node needs a term of its own.
    }
}

/* --- Claims. ------------------------------------------------------------------------------ */

void cogo__claim_ask(cogo__claim *c, uint64_t lease_ns, uint64_t now_ns, uint64_t term)
{
    c->round++;
    c->asked_ns = now_ns;
    c->voters_yes = 0;
    c->no = 0;
    c->next_ns = now_ns + lease_ns / COGO__CLAIM_RENEWALS;
    if (c->state != COGO__CLAIM_HELD) {
        c->state = COGO__CLAIM_ASKING;
        c->term = c->highest_term + 1 > term ? c->highest_term + 1 : term;
    }
}

static uint32_t bits(uint64_t set)
{
    uint32_t count = 0;
    for (; set != 0; set &= set - 1) {
        count++;
    }
    return count;
}

bool cogo__claim_answer(cogo__claim *c, uint64_t round, uint32_t voter, uint32_t voters,
                        bool yes, uint64_t term)
{
    c->highest_term = term > c->highest_term ? term : c->highest_term;
    if (round != c->round || c->state == COGO__CLAIM_WAITING || voter >= 64) {
        return false; // Of an earlier round: its time would count from then, and is not kept.
    }
    if (!yes) {
        c->no++;
        return false;
    }
    c->voters_yes |= UINT64_C(1) << voter;
    if (bits(c->voters_yes) * 2 <= voters) {
        return false;
    }
    c->held_since_ns = c->asked_ns;
    bool news = c->state != COGO__CLAIM_HELD;
    c->state = COGO__CLAIM_HELD;
    return news;
}
