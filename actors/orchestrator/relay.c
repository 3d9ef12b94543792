/* An orchestrator that stands by: reads are answered from the store, all else is passed on to
 * the one that has the right to write, which is found by its name on the linked nodes. Once the
 * right is ours, the tasks are loaded as with any start. */
#include "actors/orchestrator/audit.h"
#include "actors/orchestrator/follow.h"
#include "codec/contract/locate.h"

#include <cogo/node.h>

/* A request that was passed on. */
typedef struct relay {
    uint64_t ask; /* Key of orc.relays. */
    cogo_actor_id reply_to;
} relay;

static void locate(orc *o);

static void locate_again(void *room, void *owner)
{
    (void)owner;
    locate(room);
}

/* Asks one node after the other; after the last one a pause. */
static void locate(orc *o)
{
    if (o->phase != ORC_FOLLOWING || cogo_actor_id_is_set(o->leader) || o->locate_ask != 0) {
        return;
    }
    if (locate_ask(o->ctx, ORCHESTRATOR_NAME, &o->locate_node, &o->locate_ask)) {
        return;
    }
    o->locate.owner = o;
    o->locate.fire = locate_again;
    orc_deadline_set(&o->deadlines, &o->locate,
                     cogo_now_ns(o->ctx) + LOCATE_PAUSE_MS * NS_PER_MS);
}

void orc_follow_start(orc *o)
{
    o->phase = ORC_FOLLOWING;
    (void)cogo_send(o->ctx, o->config.store_writer,
                    cogo_msg_create_record(o->system, MSG_STORE_STAND, &(empty){false}));
    (void)!cogo_node_subscribe(o->system, cogo_self(o->ctx)); // Else found a little later.
    locate(o);
}

void orc_on_linked(orc *o)
{
    orc_deadline_clear(&o->deadlines, &o->locate);
    locate(o);
}

void orc_on_located(orc *o, cogo_msg *msg)
{
    cogo_actor_id found = locate_found(msg);
    if (cogo_msg_ask(msg) != o->locate_ask) {
        return;
    }
    o->locate_ask = 0;
    if (o->phase == ORC_FOLLOWING && cogo_actor_id_is_set(found)
        && cogo_monitor(o->ctx, found, &o->leader_monitor) == COGO_OK) {
        o->leader = found;
        o->locate_node = 0;
        orc_follow_again(o);
        return;
    }
    locate(o);
}

bool orc_leader_down(orc *o, uint64_t monitor)
{
    if (!cogo_actor_id_is_set(o->leader) || monitor != o->leader_monitor) {
        return false;
    }
    o->leader = COGO_NO_ACTOR;
    locate(o);
    return true;
}

void orc_on_elected(orc *o, cogo_msg *msg)
{
    const store_elected *elected = cogo_msg_payload(msg);
    if (o->phase != ORC_FOLLOWING) {
        return;
    }
    o->config.term = elected->term;
    o->next_lease = (elected->term << 32) + 1;
    o->leader = COGO_NO_ACTOR;
    orc_deadline_clear(&o->deadlines, &o->locate);
    o->phase = ORC_RECOVERING;
    orc_follow_again(o);
    cogo_err err = orc_recovery_start(o);
    if (err != COGO_OK) {
        orc_recovery_failed(o, cogo_strerror(err));
    }
}

/* What the store knows as well as the leader does. */
static bool is_read(cogo_msg *msg)
{
    switch (cogo_msg_type_of(msg)) {
    case MSG_TASK_GET:
        return ((const task_get *)cogo_msg_payload(msg))->wait == 0;
    case MSG_TASK_LIST:
    case MSG_TASK_EVENTS:
    case MSG_WORKFLOW_LIST:
    case MSG_METRICS_READ:
    case MSG_HEALTH_READ:
    case MSG_TOKEN_LIST:
    case MSG_EVENTS_FOLLOW:
    case MSG_EVENTS_UNFOLLOW:
    case MSG_EVENT:
    case MSG_ARTIFACT_GET:
    case MSG_AUDIT:
    case MSG_AUDIT_LIST:
    case MSG_STORE_FOUND:
    case MSG_STORE_ELECTED:
        return true;
    default:
        return false;
    }
}

static void pass_on(orc *o, cogo_msg *msg, cogo_actor_id other)
{
    cogo_actor_id to = cogo_msg_reply_to(msg);
    if (!cogo_actor_id_is_set(to)) {
        return; // Nobody waits for it.
    }
    if (!cogo_actor_id_is_set(other) || o->relays.count >= ASKS_MAX) {
        orc_audit_pass(o, msg, COGO_NO_ACTOR);
        (void)orc_unavailable(o, to);
        return;
    }
    relay *r = orc_alloc(sizeof *r);
    r->reply_to = to;
    orc_audit_pass(o, msg, other);
    cogo_err err = cogo_ask(
        o->ctx, other,
        cogo_msg_create_record(o->system, cogo_msg_type_of(msg), cogo_msg_payload(msg)),
        (WAIT_MAX_MS + (uint64_t)LOOKUP_TIMEOUT_MS) * NS_PER_MS, &r->ask);
    if (err != COGO_OK) {
        orc_free(r);
        (void)orc_unavailable(o, to);
        return;
    }
    orc_map_put(&o->relays, &r->ask, sizeof r->ask, r);
}

bool orc_relay(orc *o, cogo_msg *msg)
{
    uint64_t number = cogo_msg_ask(msg);
    relay *r = number == 0 ? NULL : orc_map_take(&o->relays, &number, sizeof number);
    if (r != NULL) {
        if (cogo_msg_type_of(msg) == COGO_MSG_ASK_FAILED) {
            orc_refuse(o, r->reply_to, 503, "NO_LEADER",
                       "Who has the right to write did not answer, or ended before that.");
        } else {
            orc_answer(o, r->reply_to, cogo_msg_type_of(msg), cogo_msg_payload(msg));
        }
        orc_free(r);
        return true;
    }
    if (cogo_msg_type_of(msg) == COGO_MSG_ASK_FAILED && o->locate_ask != 0
        && number == o->locate_ask) {
        o->locate_ask = 0;
        locate(o);
        return true;
    }
    if (o->phase == ORC_FOLLOWING && cogo_msg_type_of(msg) >= COGO_MSG_USER && !is_read(msg)) {
        pass_on(o, msg, o->leader);
        return true;
    }
    return false;
}

void orc_on_token_change(orc *o, cogo_msg *msg)
{
    orc_audit_token(o, msg);
    pass_on(o, msg, o->config.store_writer);
}

void orc_on_token_list(orc *o, cogo_msg *msg)
{
    pass_on(o, msg, o->config.store_reader);
}

void orc_on_audit_list(orc *o, cogo_msg *msg)
{
    pass_on(o, msg, o->config.store_reader);
}

void orc_on_artifact_get(orc *o, cogo_msg *msg)
{
    pass_on(o, msg, o->config.store_reader);
}

void orc_relay_finish(orc *o)
{
    size_t cursor = 0;
    for (relay *r; (r = orc_map_next(&o->relays, &cursor)) != NULL;) {
        orc_free(r);
    }
    orc_map_finish(&o->relays);
}
