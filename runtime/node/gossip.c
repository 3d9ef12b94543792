/* News of members: taken in, told on, and compared until all know the same.
 *
 * What changes is told at once to all who are linked. Besides, each ping carries the digest of
 * the sender's view; whose is another one tells a slice of what it knows, the next slice with
 * the next ping, and so on until both are the same (told.c). */
#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"
#include "runtime/node/member.h"

#include <stdio.h>
#include <string.h>

static void tell_subscribers(cogo__member_actor *m, const cogo__entry *entry,
                             const cogo__member *before)
{
    cogo_member_event event = {.before = before->state,
                               .incarnation_before = before->incarnation};
    cogo__cluster_describe(entry, &event.member);
    for (int i = 0; i < COGO_CLUSTER_SUBSCRIBERS_MAX; i++) {
        cogo_actor_id who = m->cluster->subscribers[i];
        if (cogo__cell_find(m->node->system, who) != NULL) {
            cogo__post(m->node->system, m->ctx, who, COGO_MSG_MEMBER, 0, 0, &event,
                       sizeof event);
        }
    }
}

static void say_member(cogo__member_actor *m, uint32_t peer, const cogo__member *member)
{
    const cogo__told told = {
        .kind = COGO__TOLD_FRAME, .peer = peer, .frame = COGO__FRAME_MEMBER, .member = *member};
    cogo__cluster_say(m->node, m->ctx, peer, &told);
}

void cogo__gossip_publish(cogo__member_actor *m)
{
    cogo__u64_store_relaxed(&m->cluster->digest, m->cluster->view.digest);
}

void cogo__gossip_spread(cogo__member_actor *m, const cogo__entry *entry,
                         const cogo__member *before, uint32_t but)
{
    const cogo__view *view = &m->cluster->view;
    cogo__gossip_publish(m);
    tell_subscribers(m, entry, before);
    if (before->state != entry->known.state
        || before->incarnation != entry->known.incarnation) {
        cogo__log(m->node->system, COGO_LOG_INFO, "node %s: member %s is %s (was %s)",
                  m->node->name, entry->known.name, cogo_member_state_name(entry->known.state),
                  before->incarnation == 0 ? cogo_member_state_name(COGO_MEMBER_UNKNOWN)
                  : before->incarnation == entry->known.incarnation
                      ? cogo_member_state_name(before->state)
                      : "another incarnation");
    }
    // That somebody has come is not urgent where there are many: slices tell it.
    bool urgent = before->incarnation != 0 || view->count <= COGO__FEW;
    for (uint32_t i = 1; urgent && i < view->count; i++) {
        const cogo__entry *other = &view->entries[i];
        if (other->linked && other->node != but) {
            say_member(m, other->node, &entry->known);
        }
    }
}

void cogo__gossip_set(cogo__member_actor *m, cogo__entry *entry, const cogo__member *known)
{
    cogo__member before = entry->known;
    cogo__view_set(&m->cluster->view, entry, known, cogo_now_ns(m->ctx));
    cogo__gossip_spread(m, entry, &before, 0);
}

/* --- What is told of others. -------------------------------------------------------------- */

static void take(cogo__member_actor *m, const cogo__member *news, uint32_t from, bool linked)
{
    cogo__member before, now;
    cogo__entry *entry = NULL;
    cogo__lock_take(&m->cluster->lock);
    cogo__merged merged =
        cogo__view_merge(&m->cluster->view, news, cogo_now_ns(m->ctx), &before, &entry);
    now = entry != NULL ? entry->known : *news;
    uint64_t reborn = 0;
    if (linked && entry != NULL && now.incarnation == news->incarnation) {
        entry->node = from;
        entry->linked = true;
        entry->probed_ns = entry->failed = 0;
    }
    if (merged == COGO__MERGED_SELF && news->incarnation == before.incarnation
        && !cogo__member_is_final(news->state)) {
        if (news->state == COGO_MEMBER_SUSPECT && news->version >= before.version) {
            now.version = news->version + 1; // It lives: whoever doubts it is told.
            m->cluster->counts.refuted++;
            cogo__gossip_set(m, entry, &now);
        }
    } else if (merged == COGO__MERGED_SELF && news->incarnation >= before.incarnation
               && news->state != COGO_MEMBER_ALIVE) {
        reborn = news->incarnation;
    } else if (merged == COGO__MERGED_NEWS) {
        m->cluster->counts.refuted += before.incarnation == now.incarnation
                                      && before.state == COGO_MEMBER_SUSPECT
                                      && now.state == COGO_MEMBER_ALIVE;
        cogo__gossip_spread(m, entry, &before, from);
    }
    cogo__lock_give(&m->cluster->lock);
    if (merged == COGO__MERGED_NEWS && now.state == COGO_MEMBER_DEAD) {
        cogo__peer_fence(m->node, m->ctx, now.name, now.incarnation, "it was declared dead");
    } else if (merged == COGO__MERGED_NEWS && before.incarnation != now.incarnation) {
        cogo__peer_fence(m->node, m->ctx, now.name, now.incarnation - 1,
                         "a later incarnation has come");
    }
    if (reborn != 0) {
        cogo__gossip_reborn(m, reborn);
    }
}

void cogo__gossip_take(cogo__member_actor *m, const cogo__member *news, uint32_t from)
{
    take(m, news, from, false);
}

void cogo__gossip_link(cogo__member_actor *m, const cogo__member *member, uint32_t peer)
{
    take(m, member, peer, true);
}

/* --- Death and rebirth of this very node. ------------------------------------------------- */

/* Others have declared this incarnation dead, or know a later one that is gone: nobody lets it
 * in ever again. All that was linked with it is lost already, or will be now; what is left is a
 * node without links, and that may as well begin anew. */
void cogo__gossip_reborn(cogo__member_actor *m, uint64_t beyond)
{
    cogo__node *node = m->node;
    uint64_t second = (uint64_t)cogo_system_wall_ms(node->system) / 1000;
    second = second > beyond >> 32 ? second : (beyond >> 32) + 1;
    if (second > UINT32_MAX) {
        return; // Nobody tells the truth about an incarnation that late.
    }
    uint64_t incarnation = second << 32 | node->system->incarnation;
    cogo__lock_take(&m->cluster->lock);
    cogo__entry *self = &m->cluster->view.entries[0];
    bool later = incarnation > self->known.incarnation;
    if (later) {
        cogo__member known = self->known;
        known.incarnation = incarnation;
        known.version = 0;
        known.state = COGO_MEMBER_ALIVE;
        cogo__u64_store_relaxed(&node->incarnation, incarnation);
        m->cluster->counts.reborn++;
        cogo__gossip_set(m, self, &known);
    }
    cogo__lock_give(&m->cluster->lock);
    if (later) {
        cogo__log(node->system, COGO_LOG_WARN,
                  "node %s: this incarnation was declared dead: it goes on as a later one",
                  node->name);
        cogo__peer_fence(node, m->ctx, NULL, 0, "it goes on as a later incarnation");
    }
}
