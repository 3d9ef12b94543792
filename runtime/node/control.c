/* The control connection: the heartbeat, by which each side knows that the other one lives and
 * hears, and the reports of credit. Members' frames pass through. */
#include "runtime/node/connection.h"

#define RTT_FIRST_NS UINT64_C(16000)

void cogo__control_begin(cogo__connection *c)
{
    uint64_t beat = (uint64_t)c->node->config.heartbeat_ms * 1000000;
    c->pulse.due_ns = c->heard_ns + beat; // Also the first one may be late.
    if (cogo_timer_start(c->ctx, beat, beat, COGO__TIMER_HEARTBEAT, NULL) != COGO_OK) {
        cogo__session_close(c->session, COGO_ENOMEM, "no memory for a heartbeat");
    }
    cogo__told_address(c);
    cogo__told_slice(c);
}

/* The data connection looks at the queue. A word that found no memory is made up for at the
 * next heartbeat. */
static void flush_data(cogo__connection *c, bool always)
{
    cogo__lock_take(&c->peer->lock);
    bool wanted = c->peer->up && (always || c->peer->queued_bytes != 0);
    cogo_actor_id data = wanted ? c->peer->data : COGO_NO_ACTOR;
    cogo__lock_give(&c->peer->lock);
    if (cogo_actor_id_is_set(data)) {
        cogo__post(c->node->system, c->ctx, data, COGO__MSG_FLUSH, 0, 0, "", 0);
    }
}

static cogo_err on_credit(cogo__connection *c, const cogo__frame_credit *credit)
{
    uint64_t before = cogo__u64_load_relaxed(&c->peer->acknowledged);
    if (credit->connection != COGO__DATA || credit->consumed_bytes < before
        || credit->consumed_bytes > cogo__u64_load_relaxed(&c->peer->sent)) {
        return COGO_EDECODE;
    }
    cogo__u64_store_relaxed(&c->peer->acknowledged, credit->consumed_bytes);
    flush_data(c, true);
    return COGO_OK;
}

static void note_rtt(cogo__peer *peer, uint64_t ns)
{
    uint32_t bucket = 0;
    while (bucket < COGO_NODE_RTT_BUCKETS - 1 && ns > RTT_FIRST_NS << bucket) {
        bucket++;
    }
    cogo__u64_store_relaxed(&peer->rtt_ns, ns);
    (void)cogo__u64_add_relaxed(&peer->rtt_sum_ns, ns);
    (void)cogo__u32_add_relaxed(&peer->rtt_counts[bucket], 1);
}

static cogo_err on_ping(cogo__connection *c, const cogo__frame *frame, uint64_t now)
{
    cogo__frame answer = *frame;
    cogo__rhythm_note(&c->rhythm, now);
    c->their_late_ns = frame->ping.throttled_ms * 1000000;
    if (frame->ping.view != 0 && !c->how.kin
        && frame->ping.view != cogo__u64_load_relaxed(&c->node->cluster_view.digest)) {
        cogo__told_slice(c);
    }
    answer.kind = COGO__FRAME_PONG;
    return cogo__session_send(c->session, &answer);
}

cogo_err cogo__control_frame(cogo__connection *c, const cogo__frame *frame)
{
    uint64_t now = cogo_now_ns(c->ctx);
    cogo__u64_store_relaxed(&c->peer->heard_ns, now);
    switch (frame->kind) {
    case COGO__FRAME_PING:
        return on_ping(c, frame, now);
    case COGO__FRAME_PONG:
        c->answered_ns = now;
        if (frame->ping.sent_ns <= now) {
            note_rtt(c->peer, now - frame->ping.sent_ns);
        }
        return COGO_OK;
    case COGO__FRAME_CREDIT:
        return on_credit(c, &frame->credit);
    case COGO__FRAME_PROBE:
    case COGO__FRAME_PROBED:
    case COGO__FRAME_MEMBER:
    case COGO__FRAME_CLAIM:
    case COGO__FRAME_CLAIMED:
    case COGO__FRAME_HELD:
        if (!c->how.kin) { // A child process is no member of the cluster.
            cogo__told_frame(c, frame);
        }
        return COGO_OK;
    default:
        return COGO_ESTATE;
    }
}

/* Silence may be ours: what this node was late itself is not the peer's. The peer must answer,
 * too: one that is heard and does not hear is half a link. */
static bool is_lost(cogo__connection *c, uint64_t now, const char **out_why)
{
    uint32_t theirs = cogo__session_peer_heartbeat_ms(c->session);
    uint64_t mine = c->node->config.heartbeat_ms;
    uint64_t late = cogo__pulse_beat(&c->pulse, now, mine * 1000000);
    uint64_t patience = cogo__rhythm_patience(
        &c->rhythm, (theirs > mine ? theirs : mine) * 1000000, c->their_late_ns,
        cogo__u32_load_relaxed(&c->node->cluster_view.strain));
    c->heard_ns = c->heard_ns + late < now ? c->heard_ns + late : now;
    c->answered_ns = c->answered_ns + late < now ? c->answered_ns + late : now;
    bool silent = now - c->heard_ns > patience;
    *out_why = silent ? "the peer is silent" : "the peer does not hear";
    return silent || now - c->answered_ns > patience + mine * 1000000;
}

static void beat(cogo__connection *c)
{
    const char *why = NULL;
    uint64_t now = cogo_now_ns(c->ctx);
    if (is_lost(c, now, &why)) {
        cogo__session_close(c->session, COGO_ETIMEOUT, why);
        return;
    }
    cogo__frame ping = {.kind = COGO__FRAME_PING, .ping = {++c->pings, now, 0, 0}};
    ping.ping.throttled_ms = cogo__u32_load_relaxed(&c->node->cluster_view.throttled_ms);
    ping.ping.view = cogo__u64_load_relaxed(&c->node->cluster_view.digest);
    c->told = 0;
    if (cogo__session_send(c->session, &ping) != COGO_OK) {
        cogo__session_close(c->session, COGO_EFULL, "the peer takes nothing");
    }
    flush_data(c, false);
}

/* Who was replaced without a word, as when its machine lost power, would keep its name for as
 * long as silence is borne: it has one heartbeat to answer. */
void cogo__control_doubt(cogo__connection *c)
{
    uint64_t wait = (uint64_t)c->node->config.heartbeat_ms * 1000000;
    if (c->open && c->rival_ns == 0
        && cogo_timer_start(c->ctx, wait, 0, COGO__TIMER_RIVAL, NULL) == COGO_OK) {
        c->rival_ns = cogo_now_ns(c->ctx);
        beat(c);
    }
}

/* What came while this node was late counts. */
static void judge_rival(cogo__connection *c)
{
    cogo__bytes_read(c);
    if (c->answered_ns < c->rival_ns) {
        cogo__session_close(c->session, COGO_ETIMEOUT,
                            "the peer is silent, and a later incarnation waits");
    }
    c->rival_ns = 0;
}

/* What has been consumed of the peer's messages since the last report. */
void cogo__control_report(cogo__connection *c)
{
    cogo__frame frame = {.kind = COGO__FRAME_CREDIT, .credit = {.connection = COGO__DATA}};
    cogo__lock_take(&c->peer->lock);
    bool due = c->peer->report_due && c->peer->current == c->link;
    if (due) {
        c->peer->report_due = false;
        c->peer->reported = c->peer->consumed;
        frame.credit.consumed_bytes = c->peer->consumed;
    }
    cogo__lock_give(&c->peer->lock);
    if (due && cogo__session_send(c->session, &frame) != COGO_OK) {
        cogo__session_close(c->session, COGO_EFULL, "the peer takes nothing");
    }
}

void cogo__control_timer(cogo__connection *c, uint64_t cookie)
{
    if (cookie == COGO__TIMER_HEARTBEAT) {
        beat(c);
    } else {
        judge_rival(c);
    }
}
