/* Doubt and death. A member whose link was lost is not doubted at once: others are asked
 * whether they hear it, a few of them, twice. If none does it is suspect, and everybody hears
 * so. It may deny that, over whatever link it still has. If it does not, then one whose side
 * has the majority of the voters declares it dead; a minority only ever doubts. */
#include "runtime/node/member.h"

#include <string.h>

static uint64_t beats(const cogo__member_actor *m, uint32_t count)
{
    return count * m->beat_ns * (1 + m->cluster->pulse.strain);
}

static bool has_majority(const cogo__member_actor *m)
{
    const cogo__view *view = &m->cluster->view;
    uint32_t voters = 0, here = 0;
    cogo__view_count(view, &voters, &here);
    return here * 2 > voters && (view->listed == 0 || view->entries[0].listed);
}

/* Asks up to @p most linked members, beginning where the last question ended. */
static void ask_others(cogo__member_actor *m, const cogo__entry *about, uint32_t most)
{
    const cogo__view *view = &m->cluster->view;
    cogo__told told = {.kind = COGO__TOLD_FRAME,
                       .frame = COGO__FRAME_PROBE,
                       .number = about->probe,
                       .member = about->known};
    for (uint32_t seen = 1; seen < view->count && most > 0; seen++) {
        m->relay_at = m->relay_at % (view->count - 1) + 1; // All but itself.
        const cogo__entry *relay = &view->entries[m->relay_at];
        if (relay->linked) {
            cogo__cluster_say(m->node, m->ctx, relay->node, &told);
            m->cluster->counts.probes++;
            most--;
        }
    }
}

static void begin_probe(cogo__member_actor *m, cogo__entry *entry, uint64_t now_ns)
{
    entry->probe = ++m->probes;
    entry->probed_ns = now_ns;
    ask_others(m, entry, entry->node != 0 ? COGO__RELAYS : COGO__RELAYS_STRANGE);
}

static void set_state(cogo__member_actor *m, cogo__entry *entry, cogo_member_state state)
{
    cogo__member known = entry->known;
    known.state = state;
    cogo__gossip_set(m, entry, &known);
}

/* True if a question was sent. */
static bool look_after(cogo__member_actor *m, cogo__entry *entry, uint64_t now_ns, bool may_ask)
{
    bool alive = entry->known.state == COGO_MEMBER_ALIVE;
    if (alive && entry->probed_ns != 0) {
        if (now_ns - entry->probed_ns < beats(m, COGO__PROBE_BEATS)) {
            return false;
        }
        entry->probed_ns = 0;
        if (++entry->failed >= COGO__PROBES_FAILED) {
            m->cluster->counts.suspicions++;
            set_state(m, entry, COGO_MEMBER_SUSPECT);
            return false;
        }
    }
    uint32_t first = entry->node != 0 ? 1 : COGO__STRANGE_BEATS;
    if (alive && may_ask && now_ns - entry->unlinked_ns >= beats(m, first)) {
        begin_probe(m, entry, now_ns);
        return true;
    }
    return false;
}

void cogo__probe_beat(cogo__member_actor *m, uint64_t now_ns)
{
    cogo__view *view = &m->cluster->view;
    uint32_t asked = 0;
    bool majority = has_majority(m);
    for (uint32_t seen = 1; seen < view->count; seen++) {
        m->probe_at = m->probe_at % (view->count - 1) + 1;
        cogo__entry *entry = &view->entries[m->probe_at];
        if (entry->linked || entry->known.incarnation == 0
            || cogo__member_is_final(entry->known.state)) {
            continue;
        }
        asked += look_after(m, entry, now_ns, asked < COGO__PROBES_PER_BEAT);
        if (majority && entry->known.state == COGO_MEMBER_SUSPECT
            && now_ns - entry->since_ns >= beats(m, COGO__SUSPECT_BEATS)) {
            m->cluster->counts.deaths++;
            set_state(m, entry, COGO_MEMBER_DEAD);
        }
    }
}

void cogo__probe_asked(cogo__member_actor *m, const cogo__told *told, uint64_t now_ns)
{
    const cogo__entry *entry = cogo__view_find(&m->cluster->view, told->member.name);
    cogo__told answer = *told;
    bool mine =
        entry != NULL && entry->known.incarnation == told->member.incarnation && entry->linked;
    cogo__peer *peer = mine ? cogo__peer_find(m->node, entry->node) : NULL;
    uint64_t heard = peer != NULL ? cogo__u64_load_relaxed(&peer->heard_ns) : 0;
    answer.frame = COGO__FRAME_PROBED;
    answer.alive = heard != 0 && now_ns - heard < beats(m, COGO__FRESH_BEATS);
    cogo__cluster_say(m->node, m->ctx, told->peer, &answer);
}

void cogo__probe_answered(cogo__member_actor *m, const cogo__told *told, uint64_t now_ns)
{
    cogo__entry *entry = cogo__view_find(&m->cluster->view, told->member.name);
    if (entry == NULL || told->alive == 0 || told->number != entry->probe
        || entry->probed_ns == 0 || entry->known.incarnation != told->member.incarnation) {
        return;
    }
    entry->probed_ns = 0; // It lives; only this node can't reach it now.
    entry->failed = 0;
    entry->unlinked_ns = now_ns;
}
