/* The claims actor: the names that this node wants, and those that it grants to others. What is
 * granted, and when what is held is over, is decided in claim.c. */
#include "runtime/base/alloc.h"
#include "runtime/node/wanted.h"

#include <stdio.h>
#include <string.h>

enum { TICKS_PER_LEASE = 24 };

/* --- The time of a claim. ----------------------------------------------------------------- */

/* Others try as well: a random wait lets one of them be first. */
static void wait(cogo__claims *s, cogo__wanted *w, uint64_t from_ns)
{
    uint64_t some = cogo_system_random(s->node->system) % (s->lease_ns / COGO__CLAIM_RENEWALS);
    w->claim.state = COGO__CLAIM_WAITING;
    w->claim.next_ns = from_ns + s->lease_ns / TICKS_PER_LEASE + some;
}

static void look_after(cogo__claims *s, cogo__wanted *w, uint64_t now)
{
    cogo__claim *c = &w->claim;
    if (c->state == COGO__CLAIM_HELD && now >= cogo__claim_give_up_ns(c, s->lease_ns)) {
        cogo__claims_tell(s, w->actor, c->name, false, COGO_OK, c);
        cogo__claims_note_mine(s, w, false);
        // Not given back: it may run on so long.
        wait(s, w, cogo__claim_over_ns(c, s->lease_ns));
    } else if (now < c->next_ns) {
        return;
    } else if (c->state == COGO__CLAIM_ASKING) {
        // What one store has refused is all of it.
        if (!cogo__claims_has_store(s) || c->no == 0) {
            cogo__claims_give_back(s, w);
        }
        wait(s, w, now);
    } else {
        cogo__claims_ask(s, w);
    }
}

static cogo__wanted *find(cogo__claims *s, const char *name)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (strcmp(s->all[i].claim.name, name) == 0) {
            return &s->all[i];
        }
    }
    return NULL;
}

static void take_wish(cogo__claims *s, const cogo__wish *wish)
{
    cogo__wanted *w = find(s, wish->name);
    bool mine = w != NULL && cogo_actor_id_equal(w->actor, wish->actor);
    if (wish->kind == COGO__WISH_HOLDER && mine) {
        w->holder = wish->holder;
        if (w->claim.state == COGO__CLAIM_HELD) {
            cogo__claims_announce(s, w);
        }
    } else if (wish->kind == COGO__WISH_RELEASE && mine) {
        cogo__claims_give_back(s, w);
        (void)cogo_demonitor(s->ctx, w->monitor);
        *w = s->all[--s->count];
    } else if (wish->kind == COGO__WISH_CLAIM && !mine) {
        cogo__wanted next = {.actor = wish->actor, .holder = wish->actor};
        bool room = s->count < COGO_CLUSTER_NAMES_MAX;
        if (w != NULL || !room || cogo_monitor(s->ctx, wish->actor, &next.monitor) != COGO_OK) {
            cogo__claims_tell(s, wish->actor, wish->name, false,
                              w != NULL ? COGO_EEXIST : COGO_ELIMIT, NULL);
            return;
        }
        memcpy(next.claim.name, wish->name, sizeof next.claim.name);
        next.claim.highest_term = s->highest; // Of two on this node the later has a higher one.
        s->all[s->count++] = next;
        cogo__claims_ask(s, &s->all[s->count - 1]);
    }
}

static void forget(cogo__claims *s, uint64_t monitor)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->all[i].monitor == monitor) {
            // What it ran may take a moment to end: the time of what was held just passes.
            if (s->all[i].claim.state != COGO__CLAIM_HELD) {
                cogo__claims_give_back(s, &s->all[i]);
            }
            cogo__claims_note_mine(s, &s->all[i], false);
            s->all[i] = s->all[--s->count];
            return;
        }
    }
}

/* --- What others say. --------------------------------------------------------------------- */

static void asked(cogo__claims *s, const cogo__told *told, const cogo__peer *peer)
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
    cogo__cluster_say(s->node, s->ctx, told->peer, &back);
}

static void take_told(cogo__claims *s, const cogo__told *told)
{
    const cogo__peer *peer = cogo__peer_find(s->node, told->peer);
    cogo__voters v = cogo__claims_voters(s);
    cogo__wanted *w = find(s, told->member.name);
    if (peer == NULL) {
        return;
    }
    if (told->frame == COGO__FRAME_HELD) {
        cogo__holding theirs = {.term = told->term};
        theirs.actor = (cogo_actor_id){told->peer, (uint32_t)peer->incarnation,
                                       (uint32_t)told->number, (uint32_t)(told->number >> 32)};
        theirs.over_ns = cogo_now_ns(s->ctx) + (uint64_t)told->lease_ms * 1000000;
        memcpy(theirs.name, told->member.name, sizeof theirs.name);
        cogo__claims_note(&s->node->cluster_view, &theirs, cogo_now_ns(s->ctx));
    } else if (told->frame == COGO__FRAME_CLAIM && v.self >= 0 && !cogo__claims_has_store(s)) {
        asked(s, told, peer);
    } else if (told->frame == COGO__FRAME_CLAIMED && w != NULL) {
        for (uint32_t i = 0; i < v.count; i++) {
            if (v.peers[i] == told->peer) {
                cogo__claims_answer(s, w, told->number, i, v.count, told->alive != 0,
                                    told->term);
                return;
            }
        }
    }
}

/* --- The actor. --------------------------------------------------------------------------- */

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    cogo__claims *s = state;
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
    cogo__claims *s = state;
    s->ctx = ctx;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_BYTES:
        cogo__claims_said(s, cogo_msg_ask(msg), cogo_msg_payload(msg));
        break;
    case COGO_MSG_ASK_FAILED: // No memory for what it said.
        cogo__claims_said(s, cogo_msg_ask(msg), NULL);
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
    cogo__claims *s = state;
    (void)reason;
    s->ctx = ctx;
    cogo__lock_take(&s->node->cluster_view.lock);
    s->node->cluster_view.claims = COGO_NO_ACTOR;
    memset(s->node->cluster_view.holdings, 0, sizeof s->node->cluster_view.holdings);
    cogo__lock_give(&s->node->cluster_view.lock);
    for (uint32_t i = 0; i < s->count; i++) {
        cogo__claims_tell(s, s->all[i].actor, s->all[i].claim.name, false, COGO_ECLOSED,
                          &s->all[i].claim);
    }
    cogo__free(s->voter);
}

const cogo_behavior cogo__claims_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "cogo.node.claims",
    .state_size_bytes = sizeof(cogo__claims),
    .start = start,
    .receive = receive,
    .stop = stop,
};
