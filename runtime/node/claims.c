/* The claims actor: the names that this node wants, and those that it grants to others. What is
 * granted, and when what is held is over, is decided in claim.c. */
#include "runtime/node/claims.h"

#include "runtime/actor/send.h"
#include "runtime/base/alloc.h"
#include "runtime/node/lease.h"

#include <stdio.h>
#include <string.h>

enum { TICKS_PER_LEASE = 24 };

/* Who wants a name here. */
typedef struct wanted {
    cogo__claim claim;
    cogo_actor_id actor, holder;
    uint64_t monitor;
    uint64_t ask; // Of the store; 0: none.
} wanted;

typedef struct claims {
    cogo__node *node;
    cogo_context *ctx; // While a callback runs.
    uint64_t lease_ns, timer;
    cogo__voter *voter;
    uint64_t highest; // Term that any claim here had.
    uint32_t count;
    wanted all[COGO_CLUSTER_NAMES_MAX];
} claims;

/* --- What others may look up. --------------------------------------------------------------
 */

static void note(cogo__cluster *cluster, const cogo__holding *news, uint64_t now_ns)
{
    cogo__holding *free = NULL, *at = NULL;
    cogo__lock_take(&cluster->lock);
    for (int i = 0; i < COGO_CLUSTER_NAMES_MAX; i++) {
        cogo__holding *h = &cluster->holdings[i];
        at = strcmp(h->name, news->name) == 0 ? h : at;
        free = free == NULL && h->over_ns <= now_ns ? h : free;
    }
    at = at != NULL ? at : free;
    if (at != NULL && (at == free || news->term >= at->term)) {
        *at = *news;
    }
    cogo__lock_give(&cluster->lock);
}

static void note_mine(const claims *s, const wanted *w, bool held)
{
    cogo__holding mine = {.term = w->claim.term, .actor = w->holder};
    mine.over_ns = held ? cogo__claim_over_ns(&w->claim, s->lease_ns) : 0;
    memcpy(mine.name, w->claim.name, sizeof mine.name);
    note(&s->node->cluster_view, &mine, cogo_now_ns(s->ctx));
}

/* --- Voters: the list, in its order, of which this node may be one. ------------------------
 */

typedef struct voters {
    uint32_t count;
    int self;                                /* Its place, or -1. */
    uint32_t peers[COGO_CLUSTER_VOTERS_MAX]; /* 0: not linked. */
} voters;

static voters list_voters(const claims *s)
{
    voters out = {.self = -1};
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

static cogo__claimant self_of(const claims *s)
{
    cogo__claimant self = {.incarnation = cogo__u64_load_relaxed(&s->node->incarnation)};
    memcpy(self.node, s->node->name, sizeof self.node);
    return self;
}

static void say(const claims *s, uint32_t peer_index, const cogo__told *told)
{
    cogo__peer *peer = cogo__peer_find(s->node, peer_index);
    cogo_actor_id control = COGO_NO_ACTOR;
    if (peer != NULL) {
        cogo__lock_take(&peer->lock);
        control = peer->up ? peer->control : COGO_NO_ACTOR;
        cogo__lock_give(&peer->lock);
    }
    if (cogo_actor_id_is_set(control)) {
        cogo__post(s->node->system, s->ctx, control, COGO__MSG_SAY, 0, 0, told, sizeof *told);
    }
}

static cogo__told about(const claims *s, const wanted *w, uint64_t frame)
{
    cogo__told told = {.kind = COGO__TOLD_FRAME,
                       .frame = frame,
                       .number = w->claim.round,
                       .term = w->claim.term,
                       .lease_ms = (uint32_t)(s->lease_ns / 1000000)};
    memcpy(told.member.name, w->claim.name, sizeof w->claim.name);
    return told;
}

/* --- Claims. -------------------------------------------------------------------------------
 */

static void tell(const claims *s, cogo_actor_id to, const char *name, bool held, cogo_err err,
                 const cogo__claim *claim)
{
    uint64_t now = cogo_now_ns(s->ctx);
    cogo_claim_event event = {.held = held, .err = err};
    (void)snprintf(event.name, sizeof event.name, "%s", name);
    if (claim != NULL) {
        uint64_t until = held ? cogo__claim_give_up_ns(claim, s->lease_ns)
                              : cogo__claim_over_ns(claim, s->lease_ns);
        event.term = claim->term;
        event.left_ns = until > now ? until - now : 0;
    }
    cogo__post(s->node->system, s->ctx, to, COGO_MSG_CLAIM, 0, 0, &event, sizeof event);
}

/* Told to all who are linked: they may look it up. */
static void announce(claims *s, const wanted *w)
{
    cogo__told told = about(s, w, COGO__FRAME_HELD);
    cogo__cluster *c = &s->node->cluster_view;
    told.number = (uint64_t)w->holder.generation << 32 | w->holder.slot;
    note_mine(s, w, true);
    uint32_t peers[COGO_CLUSTER_MEMBERS_MAX], count = 0;
    cogo__lock_take(&c->lock);
    for (uint32_t i = 1; i < c->view.count; i++) {
        if (c->view.entries[i].linked) {
            peers[count++] = c->view.entries[i].node;
        }
    }
    cogo__lock_give(&c->lock);
    for (uint32_t i = 0; i < count; i++) {
        say(s, peers[i], &told);
    }
}

static void answer(claims *s, wanted *w, uint64_t round, uint32_t voter, uint32_t count,
                   bool yes, uint64_t term)
{
    uint64_t before = w->claim.held_since_ns;
    bool news = cogo__claim_answer(&w->claim, round, voter, count, yes, term);
    if (w->claim.state == COGO__CLAIM_HELD && w->claim.held_since_ns != before) {
        announce(s, w); // First: who is told that it holds the name finds itself under it.
    }
    if (news) {
        tell(s, w->actor, w->claim.name, true, COGO_OK, &w->claim);
    }
}

/* --- A store in place of voters. -----------------------------------------------------------
 */

static bool has_store(const claims *s)
{
    return s->node->store.take != NULL;
}

static cogo__lease_errand errand(const claims *s, const wanted *w, bool give)
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
static void ask_store(claims *s, wanted *w)
{
    const cogo__lease_errand e = errand(s, w, false);
    if (cogo__lease_send(s->ctx, &e, &w->ask) != COGO_OK) {
        w->ask = 0; // Asked again with the next round.
    }
}

/* Nobody waits for what it says; what it does not hear ends with its time. */
static void give_to_store(claims *s, const cogo__lease_errand *granted)
{
    cogo__lease_errand e = *granted;
    uint64_t nobody = 0;
    e.give = true;
    (void)!cogo__lease_send(s->ctx, &e, &nobody);
}

static void take_said(claims *s, uint64_t ask, const cogo__lease_said *said)
{
    wanted *w = NULL;
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
        answer(s, w, said->errand.round, 0, 1, said->yes, said->term);
    } else if (said->yes && !current) {
        give_to_store(s, &said->errand); // It came too late, or nobody wants it any more.
    }
}

/* --- Asking and giving back. ---------------------------------------------------------------
 */

static void ask_all(claims *s, wanted *w)
{
    uint64_t now = cogo_now_ns(s->ctx);
    voters v = list_voters(s);
    if (w->ask != 0) {
        w->claim.next_ns = now + s->lease_ns / COGO__CLAIM_RENEWALS;
        return;
    }
    // Terms begin with the time, so that they grow even if all voters have forgotten theirs.
    cogo__claim_ask(&w->claim, s->lease_ns, now,
                    (uint64_t)cogo_system_wall_ms(s->node->system));
    s->highest = w->claim.term > s->highest ? w->claim.term : s->highest;
    if (has_store(s)) {
        ask_store(s, w);
        return;
    }
    const cogo__told told = about(s, w, COGO__FRAME_CLAIM);
    for (uint32_t i = 0; i < v.count; i++) {
        if (v.peers[i] != 0) {
            say(s, v.peers[i], &told);
        }
    }
    if (v.self >= 0) {
        uint64_t term = 0;
        cogo__claimant self = self_of(s);
        bool yes = cogo__voter_ask(s->voter, w->claim.name, &self, w->claim.term, s->lease_ns,
                                   now, &term);
        answer(s, w, w->claim.round, (uint32_t)v.self, v.count, yes, term);
    }
}

/* What was granted is given back: others need not wait for its end. */
static void give_back(claims *s, wanted *w)
{
    voters v = list_voters(s);
    note_mine(s, w, false);
    if (has_store(s)) {
        const cogo__lease_errand e = errand(s, w, true);
        give_to_store(s, &e);
        return;
    }
    cogo__told told = about(s, w, COGO__FRAME_CLAIM);
    told.alive = 1;
    for (uint32_t i = 0; i < v.count; i++) {
        if (v.peers[i] != 0) {
            say(s, v.peers[i], &told);
        }
    }
    cogo__claimant self = self_of(s);
    cogo__voter_release(s->voter, w->claim.name, &self, w->claim.term);
}

/* Others try as well: a random wait lets one of them be first. */
static void wait(claims *s, wanted *w, uint64_t from_ns)
{
    uint64_t some = cogo_system_random(s->node->system) % (s->lease_ns / COGO__CLAIM_RENEWALS);
    w->claim.state = COGO__CLAIM_WAITING;
    w->claim.next_ns = from_ns + s->lease_ns / TICKS_PER_LEASE + some;
}

static void look_after(claims *s, wanted *w, uint64_t now)
{
    cogo__claim *c = &w->claim;
    if (c->state == COGO__CLAIM_HELD && now >= cogo__claim_give_up_ns(c, s->lease_ns)) {
        tell(s, w->actor, c->name, false, COGO_OK, c);
        note_mine(s, w, false);
        wait(s, w,
             cogo__claim_over_ns(c, s->lease_ns)); // Not given back: it may run on so long.
    } else if (now < c->next_ns) {
        return;
    } else if (c->state == COGO__CLAIM_ASKING) {
        if (!has_store(s) || c->no == 0) { // What one store has refused is all of it.
            give_back(s, w);
        }
        wait(s, w, now);
    } else {
        ask_all(s, w);
    }
}

static wanted *find(claims *s, const char *name)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (strcmp(s->all[i].claim.name, name) == 0) {
            return &s->all[i];
        }
    }
    return NULL;
}

static void take_wish(claims *s, const cogo__wish *wish)
{
    wanted *w = find(s, wish->name);
    bool mine = w != NULL && cogo_actor_id_equal(w->actor, wish->actor);
    if (wish->kind == COGO__WISH_HOLDER && mine) {
        w->holder = wish->holder;
        if (w->claim.state == COGO__CLAIM_HELD) {
            announce(s, w);
        }
    } else if (wish->kind == COGO__WISH_RELEASE && mine) {
        give_back(s, w);
        (void)cogo_demonitor(s->ctx, w->monitor);
        *w = s->all[--s->count];
    } else if (wish->kind == COGO__WISH_CLAIM && !mine) {
        wanted next = {.actor = wish->actor, .holder = wish->actor};
        bool room = s->count < COGO_CLUSTER_NAMES_MAX;
        if (w != NULL || !room || cogo_monitor(s->ctx, wish->actor, &next.monitor) != COGO_OK) {
            tell(s, wish->actor, wish->name, false, w != NULL ? COGO_EEXIST : COGO_ELIMIT,
                 NULL);
            return;
        }
        memcpy(next.claim.name, wish->name, sizeof next.claim.name);
        next.claim.highest_term = s->highest; // Of two on this node the later has a higher one.
        s->all[s->count++] = next;
        ask_all(s, &s->all[s->count - 1]);
    }
}

static void forget(claims *s, uint64_t monitor)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->all[i].monitor == monitor) {
            // What it ran may take a moment to end: the time of what was held just passes.
            if (s->all[i].claim.state != COGO__CLAIM_HELD) {
                give_back(s, &s->all[i]);
            }
            note_mine(s, &s->all[i], false);
            s->all[i] = s->all[--s->count];
            return;
        }
    }
}

/* --- What others say. ----------------------------------------------------------------------
 */

static void asked(claims *s, const cogo__told *told, const cogo__peer *peer)
{
    cogo__claimant who = {.incarnation = peer->incarnation};
    cogo__told back = *told;
    memcpy(who.node, peer->name, sizeof who.node);
    if (told->alive != 0) {
        cogo__voter_release(s->voter, told->member.name, &who, told->term);
        return;
    }
    back.frame = COGO__FRAME_CLAIMED;
    back.alive =
        cogo__voter_ask(s->voter, told->member.name, &who, told->term,
                        (uint64_t)told->lease_ms * 1000000, cogo_now_ns(s->ctx), &back.term);
    say(s, told->peer, &back);
}

static void take_told(claims *s, const cogo__told *told)
{
    const cogo__peer *peer = cogo__peer_find(s->node, told->peer);
    voters v = list_voters(s);
    wanted *w = find(s, told->member.name);
    if (peer == NULL) {
        return;
    }
    if (told->frame == COGO__FRAME_HELD) {
        cogo__holding theirs = {.term = told->term};
        theirs.actor = (cogo_actor_id){told->peer, (uint32_t)peer->incarnation,
                                       (uint32_t)told->number, (uint32_t)(told->number >> 32)};
        theirs.over_ns = cogo_now_ns(s->ctx) + (uint64_t)told->lease_ms * 1000000;
        memcpy(theirs.name, told->member.name, sizeof theirs.name);
        note(&s->node->cluster_view, &theirs, cogo_now_ns(s->ctx));
    } else if (told->frame == COGO__FRAME_CLAIM && v.self >= 0 && !has_store(s)) {
        asked(s, told, peer);
    } else if (told->frame == COGO__FRAME_CLAIMED && w != NULL) {
        for (uint32_t i = 0; i < v.count; i++) {
            if (v.peers[i] == told->peer) {
                answer(s, w, told->number, i, v.count, told->alive != 0, told->term);
                return;
            }
        }
    }
}

/* --- The actor. ----------------------------------------------------------------------------
 */

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    claims *s = state;
    s->node = *(cogo__node *const *)args;
    s->ctx = ctx;
    s->lease_ns = (uint64_t)s->node->config.lease_ms * 1000000;
    s->voter = cogo__alloc_zeroed(s->node->system->config.allocator, 1, sizeof *s->voter);
    if (s->voter == NULL) {
        return COGO_ENOMEM;
    }
    cogo__voter_begin(s->voter, s->lease_ns, cogo_now_ns(ctx));
    cogo__lock_take(&s->node->cluster_view.lock);
    s->node->cluster_view.claims = cogo_self(ctx);
    cogo__lock_give(&s->node->cluster_view.lock);
    cogo__world_wake(s->node->system->world, &s->node->stopper); // Who started the node waits.
    uint64_t tick = s->lease_ns / TICKS_PER_LEASE;
    return cogo_timer_start(ctx, tick, tick, 0, &s->timer);
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    claims *s = state;
    s->ctx = ctx;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_BYTES:
        take_said(s, cogo_msg_ask(msg), cogo_msg_payload(msg));
        break;
    case COGO_MSG_ASK_FAILED: // No memory for what it said.
        take_said(s, cogo_msg_ask(msg), NULL);
        break;
    case COGO_MSG_TIMER:
        for (uint32_t i = 0; i < s->count; i++) {
            look_after(s, &s->all[i], cogo_now_ns(ctx));
        }
        break;
    case COGO__MSG_TOLD:
        take_told(s, cogo_msg_payload(msg));
        break;
    case COGO__MSG_WISH:
        take_wish(s, cogo_msg_payload(msg));
        break;
    case COGO_MSG_DOWN:
        forget(s, ((const cogo_down *)cogo_msg_payload(msg))->monitor);
        break;
    case COGO_MSG_EXIT: // Nobody else is linked with it.
        cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the node stops");
        break;
    default:
        break;
    }
    return COGO_OK;
}

/* The node goes: nobody may think that it still holds anything. Not given back: what runs under
 * the name may run on for the rest of its time. */
static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    claims *s = state;
    (void)reason;
    s->ctx = ctx;
    cogo__lock_take(&s->node->cluster_view.lock);
    s->node->cluster_view.claims = COGO_NO_ACTOR;
    memset(s->node->cluster_view.holdings, 0, sizeof s->node->cluster_view.holdings);
    cogo__lock_give(&s->node->cluster_view.lock);
    for (uint32_t i = 0; i < s->count; i++) {
        tell(s, s->all[i].actor, s->all[i].claim.name, false, COGO_ECLOSED, &s->all[i].claim);
    }
    cogo__free(s->voter);
}

const cogo_behavior cogo__claims_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "cogo.node.claims",
    .state_size_bytes = sizeof(claims),
    .start = start,
    .receive = receive,
    .stop = stop,
};
