/* Groups and topics across nodes: each node tells its peers who joins and leaves here, all
 * members when a link comes up, and forgets the members of a peer when the link is lost. Nobody
 * passes on what he heard: members are told by their own node alone.
 *
 * What is said is put into the peers' queues under the lock of the groups, so in the order in
 * which it happened; what a link that comes up is told twice is one member all the same. */
#include "runtime/actor/send.h"
#include "runtime/node/connection.h"

#include <string.h>

/* Body of COGO__MSG_SHARE. */
typedef struct news {
    uint32_t slot, generation;
    uint32_t type; /* Of a topic: the only one that is wanted; 0: all. */
    bool joined;
    char scope[COGO_GROUP_NAME_MAX + 1], group[COGO_GROUP_NAME_MAX + 1];
} news;

/* --- Telling. ----------------------------------------------------------------------------- */

static void say(cogo__node *node, cogo_context *here, uint32_t peer, const cogo__bond *bond,
                bool joined)
{
    cogo_dead_reason why = COGO_DEAD_GONE;
    cogo__heap *heap = here != NULL ? here->heap : NULL;
    cogo_msg *msg = cogo__msg_alloc(node->system, heap, COGO__MSG_SHARE, sizeof(news));
    if (msg == NULL) {
        cogo__log(node->system, COGO_LOG_ERROR, "out of memory: news of group %s are lost",
                  bond->group->name);
        return;
    }
    news *n = cogo__msg_body(msg);
    *n = (news){bond->id.slot, bond->id.generation, 0, joined, "", ""};
    bool topic = strcmp(bond->group->scope, COGO__TOPIC_SCOPE) == 0;
    n->type = topic ? (uint32_t)bond->number : 0;
    memcpy(n->scope, bond->group->scope, sizeof n->scope);
    memcpy(n->group, bond->group->name, sizeof n->group);
    msg->flags |= COGO__MSG_RUNTIME;
    if (node->remote.pass(&node->remote, here, cogo__node_id(node->system, peer), msg, &why)
        != COGO_OK) {
        cogo__msg_free(heap, msg); // Not linked: it hears of all when it is.
    }
}

void cogo__share(cogo__remote *remote, cogo_context *here, const cogo__bond *bond, bool joined)
{
    cogo__node *node = (cogo__node *)(void *)remote;
    uint32_t end = cogo__u32_load_acquire(&node->peers.fresh);
    for (uint32_t i = 1; i < end; i++) {
        cogo__peer *peer = cogo__peer_find(node, i);
        if (peer == NULL) {
            continue;
        }
        cogo__lock_take(&peer->lock);
        bool up = peer->up;
        cogo__lock_give(&peer->lock);
        if (up) { // Else a message would be made in vain, for each incarnation there ever was.
            say(node, here, i, bond, joined);
        }
    }
}

typedef struct listing {
    cogo__node *node;
    cogo_context *ctx;
    uint32_t peer;
} listing;

static void list(void *arg, const cogo__bond *bond)
{
    const listing *l = arg;
    say(l->node, l->ctx, l->peer, bond, true);
}

void cogo__share_all(cogo__node *node, cogo_context *ctx, const cogo__peer *peer)
{
    listing l = {node, ctx, peer->index};
    cogo__groups_each(node->system, list, &l);
}

cogo_err cogo__share_send(cogo__connection *c, cogo_msg *msg)
{
    const news *n = cogo__msg_body(msg);
    cogo__frame frame = {.kind = n->joined ? COGO__FRAME_JOIN : COGO__FRAME_LEAVE};
    frame.group = (cogo__frame_group){.actor = cogo__to_wire(n->slot, n->generation),
                                      .scope = cogo__text(n->scope),
                                      .group = cogo__text(n->group),
                                      .type = n->type};
    const cogo_type *type =
        n->type >= COGO_MSG_USER ? cogo__types_find(&c->node->system->types, n->type) : NULL;
    cogo_err err = cogo__outgoing_announce(c, type);
    return err == COGO_OK ? cogo__session_send(c->session, &frame) : err;
}

/* --- Being told. -------------------------------------------------------------------------- */

/* A text of a frame as a C string. False: it has a NUL. */
static bool take_text(cogo_value value, char out[COGO_GROUP_NAME_MAX + 1])
{
    if (value.size_bytes > COGO_GROUP_NAME_MAX || memchr(value.data, 0, value.size_bytes)) {
        return false;
    }
    memcpy(out, value.data, value.size_bytes);
    out[value.size_bytes] = '\0';
    return true;
}

/* The peer's number of a type as ours. False: nothing of that type can come here. */
static bool take_type(const cogo__connection *c, uint64_t number, uint64_t *out)
{
    const void *known = NULL;
    *out = number;
    if (number < COGO_MSG_USER) {
        return true;
    }
    if (!cogo__numbers_get(&c->incoming.types, (uint32_t)number, &known) || known == NULL) {
        return false;
    }
    *out = ((const cogo_type *)known)->number;
    return true;
}

static cogo_err join(cogo__connection *c, const char *scope, const char *group,
                     cogo_actor_id id, uint64_t number)
{
    bool fresh = false;
    if (c->incoming.members >= COGO__GROUP_PEER_MAX) {
        if (!c->incoming.crowded) {
            cogo__log(c->node->system, COGO_LOG_WARN,
                      "node %s: more than %d memberships: those beyond are not known here",
                      c->peer->name, COGO__GROUP_PEER_MAX);
        }
        c->incoming.crowded = true;
        return COGO_OK;
    }
    cogo_err err = cogo__groups_add_far(c->node->system, scope, group, id, number, &fresh);
    c->incoming.members += fresh;
    if (err != COGO_OK) {
        cogo__log(c->node->system, COGO_LOG_WARN,
                  "node %s: a member of group %s is not known "
                  "here: %s",
                  c->peer->name, group, cogo_strerror(err));
    }
    return COGO_OK;
}

cogo_err cogo__share_on_group(cogo__connection *c, bool joined, const cogo__frame_group *g)
{
    char scope[COGO_GROUP_NAME_MAX + 1], group[COGO_GROUP_NAME_MAX + 1];
    uint64_t number = 0;
    cogo_actor_id id = cogo__from_wire(c->peer, g->actor);
    if (!take_text(g->scope, scope) || !take_text(g->group, group) || id.slot == 0
        || (id.slot & COGO__SLOT_ALIAS) != 0 || !cogo__group_name_valid(group)
        || (!cogo__group_name_valid(scope) && strcmp(scope, COGO__TOPIC_SCOPE) != 0)) {
        return COGO_EDECODE;
    }
    if (joined) {
        return take_type(c, g->type, &number) ? join(c, scope, group, id, number) : COGO_OK;
    }
    if (cogo__groups_remove(c->node->system, scope, group, id) == COGO_OK) {
        c->incoming.members--;
    }
    return COGO_OK;
}
