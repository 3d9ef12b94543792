/* How a name is asked for and given back: of all voters, of which this node may be one, or of a
 * store in their place. */
#include "runtime/node/wanted.h"

#include <string.h>

/* --- Voters: the list, in its order, of which this node may be one. ----------------------- */

cogo__voters cogo__claims_voters(const cogo__claims *s)
{
    cogo__voters out = {.self = -1};
    cogo__cluster *c = &s->node->cluster_view;
    cogo__lock_take(&c->lock);
    for (uint32_t i = 0; i < c->view.count && out.count < COGO_CLUSTER_VOTERS_MAX; i++) {
        const cogo__entry *e = &c->view.entries[i];
        if (e->listed) {
            out.self = e->self ? (int)out.count : out.self;
            out.peers[out.count++] = e->linked ? e->node : 0;
        }
    }
    cogo__lock_give(&c->lock);
    return out;
}

static cogo__claimant self_of(const cogo__claims *s)
{
    cogo__claimant self = {.incarnation = cogo__u64_load_relaxed(&s->node->incarnation)};
    memcpy(self.node, s->node->name, sizeof self.node);
    return self;
}

void cogo__claims_answer(cogo__claims *s, cogo__wanted *w, uint64_t round, uint32_t voter,
                         uint32_t count, bool yes, uint64_t term)
{
    uint64_t before = w->claim.held_since_ns;
    bool news = cogo__claim_answer(&w->claim, round, voter, count, yes, term);
    if (w->claim.state == COGO__CLAIM_HELD && w->claim.held_since_ns != before) {
        // First: who is told that it holds the name finds itself under it.
        cogo__claims_announce(s, w);
    }
    if (news) {
        cogo__claims_tell(s, w->actor, w->claim.name, true, COGO_OK, &w->claim);
    }
}

/* --- A store in place of voters. ---------------------------------------------------------- */

static cogo__lease_errand errand(const cogo__claims *s, const cogo__wanted *w, bool give)
{
    cogo__lease_errand e = {.store = s->node->store,
                            .give = give,
                            .lease_ms = (uint32_t)(s->lease_ns / 1000000),
                            .round = w->claim.round,
                            .term = w->claim.term,
                            .who = self_of(s)};
    memcpy(e.name, w->claim.name, sizeof e.name);
    return e;
}

/* One question at a time: a store that hangs gets no more. */
static void ask_store(cogo__claims *s, cogo__wanted *w)
{
    const cogo__lease_errand e = errand(s, w, false);
    if (cogo__lease_send(s->ctx, &e, &w->ask) != COGO_OK) {
        w->ask = 0; // Asked again with the next round.
    }
}

/* Nobody waits for what it says; what it does not hear ends with its time. */
static void give_to_store(cogo__claims *s, const cogo__lease_errand *granted)
{
    cogo__lease_errand e = *granted;
    uint64_t nobody = 0;
    e.give = true;
    (void)!cogo__lease_send(s->ctx, &e, &nobody);
}

void cogo__claims_said(cogo__claims *s, uint64_t ask, const cogo__lease_said *said)
{
    cogo__wanted *w = NULL;
    for (uint32_t i = 0; i < s->count && w == NULL; i++) {
        w = s->all[i].ask == ask ? &s->all[i] : NULL;
    }
    if (w != NULL) {
        w->ask = 0;
    }
    if (said == NULL || said->errand.give) {
        return;
    }
    bool current = w != NULL && w->claim.round == said->errand.round
                   && w->claim.state != COGO__CLAIM_WAITING;
    if (current && (said->yes || said->no)) {
        cogo__claims_answer(s, w, said->errand.round, 0, 1, said->yes, said->term);
    } else if (said->yes && !current) {
        give_to_store(s, &said->errand); // It came too late, or nobody wants it any more.
    }
}

/* --- Asking and giving back. -------------------------------------------------------------- */

void cogo__claims_ask(cogo__claims *s, cogo__wanted *w)
{
    uint64_t now = cogo_now_ns(s->ctx);
    cogo__voters v = cogo__claims_voters(s);
    if (w->ask != 0) {
        w->claim.next_ns = now + s->lease_ns / COGO__CLAIM_RENEWALS;
        return;
    }
    // Terms begin with the time, so that they grow even if all voters have forgotten theirs.
    cogo__claim_ask(&w->claim, s->lease_ns, now,
                    (uint64_t)cogo_system_wall_ms(s->node->system));
    s->highest = w->claim.term > s->highest ? w->claim.term : s->highest;
    if (cogo__claims_has_store(s)) {
        ask_store(s, w);
        return;
    }
    const cogo__told told = cogo__claims_about(s, w, COGO__FRAME_CLAIM);
    for (uint32_t i = 0; i < v.count; i++) {
        if (v.peers[i] != 0) {
            cogo__cluster_say(s->node, s->ctx, v.peers[i], &told);
        }
    }
    if (v.self >= 0) {
        uint64_t term = 0;
        cogo__claimant self = self_of(s);
        bool yes = cogo__voter_ask(s->voter, w->claim.name, &self, w->claim.term, s->lease_ns,
                                   now, &term);
        cogo__claims_answer(s, w, w->claim.round, (uint32_t)v.self, v.count, yes, term);
    }
}

void cogo__claims_give_back(cogo__claims *s, cogo__wanted *w)
{
    cogo__voters v = cogo__claims_voters(s);
    cogo__claims_note_mine(s, w, false);
    if (cogo__claims_has_store(s)) {
        const cogo__lease_errand e = errand(s, w, true);
        give_to_store(s, &e);
        return;
    }
    cogo__told told = cogo__claims_about(s, w, COGO__FRAME_CLAIM);
    told.alive = 1;
    for (uint32_t i = 0; i < v.count; i++) {
        if (v.peers[i] != 0) {
            cogo__cluster_say(s->node, s->ctx, v.peers[i], &told);
        }
    }
    cogo__claimant self = self_of(s);
    cogo__voter_release(s->voter, w->claim.name, &self, w->claim.term);
}
