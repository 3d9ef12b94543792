/* What is told of claims: to who claims, to the nodes that are linked, and to whoever looks a
 * name up here. */
#include "runtime/actor/send.h"
#include "runtime/node/wanted.h"

#include <stdio.h>
#include <string.h>

/* --- What others may look up. ------------------------------------------------------------- */

void cogo__claims_note(cogo__cluster *cluster, const cogo__holding *news, uint64_t now_ns)
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

void cogo__claims_note_mine(const cogo__claims *s, const cogo__wanted *w, bool held)
{
    cogo__holding mine = {.term = w->claim.term, .actor = w->holder};
    mine.over_ns = held ? cogo__claim_over_ns(&w->claim, s->lease_ns) : 0;
    memcpy(mine.name, w->claim.name, sizeof mine.name);
    cogo__claims_note(&s->node->cluster_view, &mine, cogo_now_ns(s->ctx));
}

/* --- Other nodes. ------------------------------------------------------------------------- */

cogo__told cogo__claims_about(const cogo__claims *s, const cogo__wanted *w, uint64_t frame)
{
    cogo__told told = {.kind = COGO__TOLD_FRAME,
                       .frame = frame,
                       .number = w->claim.round,
                       .term = w->claim.term,
                       .lease_ms = (uint32_t)(s->lease_ns / 1000000)};
    memcpy(told.member.name, w->claim.name, sizeof w->claim.name);
    return told;
}

/* --- Who claims. -------------------------------------------------------------------------- */

void cogo__claims_tell(const cogo__claims *s, cogo_actor_id to, const char *name, bool held,
                       cogo_err err, const cogo__claim *claim)
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

void cogo__claims_announce(cogo__claims *s, const cogo__wanted *w)
{
    cogo__told told = cogo__claims_about(s, w, COGO__FRAME_HELD);
    cogo__cluster *c = &s->node->cluster_view;
    told.number = (uint64_t)w->holder.generation << 32 | w->holder.slot;
    cogo__claims_note_mine(s, w, true);
    uint32_t peers[COGO_CLUSTER_MEMBERS_MAX], count = 0;
    cogo__lock_take(&c->lock);
    for (uint32_t i = 1; i < c->view.count; i++) {
        if (c->view.entries[i].linked) {
            peers[count++] = c->view.entries[i].node;
        }
    }
    cogo__lock_give(&c->lock);
    for (uint32_t i = 0; i < count; i++) {
        cogo__cluster_say(s->node, s->ctx, peers[i], &told);
    }
}
