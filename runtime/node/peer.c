/* Who is linked with us, and since when: admission, and the end of a link. */
#include "runtime/actor/send.h"
#include "runtime/node/node.h"

#include <stdio.h>
#include <string.h>

cogo__peer *cogo__peer_find(cogo__node *node, uint32_t index)
{
    cogo__peer *peer = index != 0 ? cogo__table_find(&node->peers, index) : NULL;
    // acquire: pairs with make(): name and incarnation are whole.
    return peer != NULL && cogo__u32_load_acquire(&peer->known) != 0 ? peer : NULL;
}

/* Caller holds the node's lock; so all that was made is known. */
static cogo__peer *next_of(cogo__node *node, const char *name, uint32_t *index)
{
    uint32_t end = cogo__u32_load_relaxed(&node->peers.fresh);
    while (*index < end) {
        cogo__peer *peer = cogo__peer_find(node, (*index)++);
        if (peer != NULL && strcmp(peer->name, name) == 0) {
            return peer;
        }
    }
    return NULL;
}

/* Caller holds the node's lock. */
static cogo__peer *make(cogo__node *node, const char *name, uint64_t incarnation)
{
    uint32_t index = cogo__table_take(&node->peers, NULL);
    if (index == 0) {
        return NULL;
    }
    cogo__peer *peer = cogo__table_at(&node->peers, index); // Fresh: zeroed.
    peer->index = index;
    peer->incarnation = incarnation;
    (void)snprintf(peer->name, sizeof peer->name, "%s", name);
    cogo__lock_init(&peer->lock);
    cogo__u32_store_release(&peer->known, 1);
    return peer;
}

/* Caller holds the node's lock. */
static void tell(cogo__node *node, cogo_context *ctx, const cogo__peer *peer, bool up,
                 const char *why)
{
    cogo_node_event event = {.node = peer->index, .up = up, .incarnation = peer->incarnation};
    memcpy(event.name, peer->name, sizeof event.name);
    (void)snprintf(event.why, sizeof event.why, "%.60s", why);
    for (int i = 0; i < COGO_NODE_SUBSCRIBERS_MAX; i++) {
        cogo_actor_id who = node->subscribers[i];
        if (cogo__cell_find(node->system, who) != NULL) {
            cogo__post(node->system, ctx, who, COGO_MSG_NODE, 0, 0, &event, sizeof event);
        }
    }
    cogo__lock_take(&node->cluster_view.lock);
    cogo_actor_id member = node->cluster_view.actor;
    cogo__lock_give(&node->cluster_view.lock);
    if (cogo_actor_id_is_set(member) && !peer->kin) {
        cogo__post(node->system, ctx, member, COGO_MSG_NODE, 0, 0, &event, sizeof event);
    }
    (void)cogo__u64_add_relaxed(up ? &node->tally.links_up : &node->tally.links_lost, 1);
    cogo__log(node->system, COGO_LOG_INFO, "node %s: %s %s%s%s", node->name, peer->name,
              up ? "is linked" : "is lost", up ? "" : ": ", up ? "" : why);
}

/* What a link leaves when it ends; the rest is done without the lock. */
typedef struct remains {
    cogo_actor_id connections[COGO__CONNECTIONS];
    cogo__line queue;
} remains;

/* Caller holds the node's lock. */
static remains end_link(cogo__node *node, cogo__peer *peer, const char *why)
{
    remains left;
    memcpy(left.connections, peer->connections, sizeof left.connections);
    memset(peer->connections, 0, sizeof peer->connections);
    peer->link = 0;
    node->links--;
    cogo__lock_take(&peer->lock);
    left.queue = peer->queue;
    peer->up = false;
    peer->current = 0;
    peer->queue = (cogo__line){NULL, NULL};
    cogo__stage_clear(&peer->stage);
    cogo__lock_give(&peer->lock);
    (void)snprintf(peer->why, sizeof peer->why, "%s", why);
    return left;
}

static void bury(cogo__node *node, cogo_context *ctx, cogo__peer *peer, remains *left,
                 const char *why)
{
    for (int i = 0; i < COGO__CONNECTIONS; i++) {
        cogo_actor_id id = left->connections[i];
        if (cogo_actor_id_is_set(id) && !cogo_actor_id_equal(id, ctx->self)) {
            cogo_exit_actor(node->system, id, COGO_EXIT_SHUTDOWN, why);
        }
    }
    cogo__line_drop(node->system, ctx, peer, &left->queue);
}

/* Both sides have to come to the same link when both opened one at the same time: that of the
 * smaller name stays. Caller holds the node's lock. */
static bool beats(const cogo__node *node, const cogo__peer *peer, const cogo__applicant *who)
{
    bool mine_first = strcmp(node->name, peer->name) < 0;
    return who->opened_here != peer->opened_here && who->opened_here == mine_first;
}

/* Caller holds the node's lock. Whoever is linked stays for as long as it answers. */
static cogo_err admit_control(cogo__node *node, cogo_context *ctx, cogo__peer *peer,
                              const cogo__applicant *who, const char **out_why)
{
    cogo__peer *other = NULL;
    for (uint32_t i = 1; (other = next_of(node, who->name, &i)) != NULL;) {
        if (other != peer && other->link != 0) {
            *out_why = "node: another incarnation of this name is linked";
            if (other->incarnation < who->incarnation) {
                cogo__post(node->system, ctx, other->connections[COGO__CONTROL],
                           COGO__MSG_RIVAL, 0, 0, "", 0);
            }
            return COGO_EEXIST;
        }
    }
    if (node->links >= node->config.links_max) {
        *out_why = "node: too many links";
        return COGO_ELIMIT;
    }
    for (uint32_t i = 1; (other = next_of(node, who->name, &i)) != NULL;) {
        other->ended = other != peer;
    }
    peer->link = ++node->links_made;
    peer->opened_here = who->opened_here;
    peer->kin = who->kin;
    peer->owner = who->owner;
    peer->cut = false;
    peer->connections[COGO__CONTROL] = who->actor;
    node->links++;
    cogo__lock_take(&peer->lock);
    peer->control = who->actor;
    peer->current = peer->link;
    peer->consumed = peer->reported = 0;
    peer->report_due = false;
    cogo__lock_give(&peer->lock);
    cogo__u64_store_relaxed(&peer->acknowledged, 0);
    return COGO_OK;
}

/* Caller holds the node's lock. */
static cogo_err admit_data(cogo__peer *peer, const cogo__applicant *who, const char **out_why)
{
    if (who->connection != COGO__DATA || peer->link == 0
        || peer->opened_here != who->opened_here
        || cogo_actor_id_is_set(peer->connections[COGO__DATA])) {
        *out_why = "connection: there is no link that it belongs to";
        return COGO_ESTATE;
    }
    peer->connections[COGO__DATA] = who->actor;
    return COGO_OK;
}

/* What the whole cluster knows of this incarnation. Caller holds the node's lock. */
static cogo_err judge(cogo__node *node, cogo__applicant *who, const char **out_why)
{
    cogo__cluster *c = &node->cluster_view;
    cogo__lock_take(&c->lock);
    cogo_err err = cogo__view_judge(&c->view, who->name, who->incarnation, &who->beyond);
    cogo__lock_give(&c->lock);
    if (err == COGO_EEXIST) {
        who->beyond = 0;
        *out_why = "node: a later incarnation of this name is alive";
    } else if (err != COGO_OK) {
        *out_why = who->beyond == who->incarnation ? "incarnation: it was declared dead"
                                                   : "incarnation: a later one has come";
    }
    return err;
}

cogo_err cogo__peer_admit(cogo__node *node, cogo_context *ctx, cogo__applicant *who,
                          cogo__peer **out_peer, uint64_t *out_link, const char **out_why)
{
    cogo_err err = COGO_OK;
    remains left = {.queue = {NULL, NULL}};
    bool replaced = false;
    cogo__lock_take(&node->lock);
    uint32_t index = 1;
    cogo__peer *peer = next_of(node, who->name, &index);
    while (peer != NULL && peer->incarnation != who->incarnation) {
        peer = next_of(node, who->name, &index);
    }
    err = judge(node, who, out_why);
    if (err == COGO_OK && peer == NULL) {
        peer = make(node, who->name, who->incarnation);
    }
    if (err != COGO_OK) {
        // Whoever it is, it can't come in.
    } else if (peer == NULL) {
        *out_why = "node: no more peers can be known";
        err = COGO_ELIMIT;
    } else if (peer->ended) {
        *out_why = "incarnation: a later one has come";
        err = COGO_EGONE;
    } else if (who->connection != COGO__CONTROL) {
        err = admit_data(peer, who, out_why);
    } else if (peer->link != 0 && (peer->mourned || !beats(node, peer, who))) {
        *out_why = "node: there is a link already";
        err = COGO_EEXIST;
    } else if (peer->mourned) {
        *out_why = "node: the link before is still ending";
        err = COGO_EEXIST;
    } else {
        replaced = peer->link != 0;
        if (replaced) {
            left = end_link(node, peer, "replaced");
        }
        err = admit_control(node, ctx, peer, who, out_why);
    }
    if (err == COGO_OK) {
        *out_peer = peer;
        *out_link = peer->link;
    }
    cogo__lock_give(&node->lock);
    if (replaced) {
        bury(node, ctx, peer, &left, "two links were opened at the same time");
    }
    return err;
}

bool cogo__peer_up(cogo__node *node, cogo_context *ctx, cogo__peer *peer, uint64_t link)
{
    cogo__lock_take(&node->lock);
    bool mine = peer->link == link;
    if (mine) {
        peer->mourned = true;
        cogo__lock_take(&peer->lock);
        peer->up = true;
        cogo__u32_store_relaxed(&peer->looked_after, COGO__LOOKS_NOBODY);
        peer->queued_bytes = 0;
        peer->data = ctx->self;
        cogo__lock_give(&peer->lock);
        tell(node, ctx, peer, true, "");
    }
    cogo__lock_give(&node->lock);
    if (mine) {
        cogo__share_all(node, ctx, peer);
    }
    return mine;
}

void cogo__peer_down(cogo__node *node, cogo_context *ctx, cogo__peer *peer, uint64_t link,
                     bool cut, const char *why)
{
    cogo__lock_take(&node->lock);
    bool mine = peer->link == link;
    remains left = {.queue = {NULL, NULL}};
    if (mine) {
        peer->cut = peer->cut || cut;
        left = end_link(node, peer, why);
    }
    cogo__lock_give(&node->lock);
    if (mine) {
        bury(node, ctx, peer, &left, why);
    }
}

/* Caller holds the node's lock. One link of those that are to end; NULL: none is left. */
static cogo__peer *fence_next(cogo__node *node, const char *name, uint64_t incarnation)
{
    cogo__peer *peer = NULL;
    uint32_t end = cogo__u32_load_relaxed(&node->peers.fresh);
    for (uint32_t i = 1; i < end; i++) {
        peer = cogo__peer_find(node, i);
        bool meant =
            peer != NULL
            && (name == NULL
                || (strcmp(peer->name, name) == 0 && peer->incarnation <= incarnation));
        if (meant) {
            peer->ended = peer->ended || name != NULL;
            if (peer->link != 0) {
                return peer;
            }
        }
    }
    return NULL;
}

void cogo__peer_fence(cogo__node *node, cogo_context *ctx, const char *name,
                      uint64_t incarnation, const char *why)
{
    cogo__peer *peer = NULL;
    do {
        remains left = {.queue = {NULL, NULL}};
        cogo__lock_take(&node->lock);
        peer = fence_next(node, name, incarnation);
        if (peer != NULL) {
            left = end_link(node, peer, why);
        }
        cogo__lock_give(&node->lock);
        if (peer != NULL) {
            bury(node, ctx, peer, &left, why);
        }
    } while (peer != NULL);
}

static void mourn_for(cogo__node *node, cogo_context *ctx, cogo__peer *peer,
                      const cogo_reason *reason)
{
    cogo__remote_lost(node->system, ctx, peer->index, (uint32_t)peer->incarnation, reason);
    cogo__lock_take(&node->lock);
    tell(node, ctx, peer, false, peer->why);
    peer->mourned = false;
    cogo__lock_give(&node->lock);
}

void cogo__peer_mourn(cogo__node *node, cogo_context *ctx, cogo__peer *peer)
{
    const cogo_reason lost = {.kind = COGO_EXIT_NOCONNECTION};
    cogo__groups_remove_node(node->system, ctx, peer->index);
    cogo__lock_take(&node->lock);
    const bool left = peer->left = peer->cut && cogo_actor_id_is_set(peer->owner);
    cogo__lock_give(&node->lock);
    if (!left) {
        mourn_for(node, ctx, peer, &lost);
    }
}

/* Caller holds the node's lock. */
static cogo__peer *child_of(cogo__node *node, const char *name, cogo_actor_id owner)
{
    uint32_t index = 1;
    cogo__peer *peer = next_of(node, name, &index);
    while (peer != NULL && !cogo_actor_id_equal(peer->owner, owner)) {
        peer = next_of(node, name, &index);
    }
    return peer;
}

void cogo__peer_cut(cogo__node *node, const char *name, cogo_actor_id owner)
{
    cogo__lock_take(&node->lock);
    cogo__peer *peer = child_of(node, name, owner);
    if (peer != NULL) {
        peer->cut = true;
    }
    cogo__lock_give(&node->lock);
}

void cogo__peer_disown(cogo__node *node, cogo_context *ctx, const char *name,
                       const cogo_reason *reason)
{
    cogo__lock_take(&node->lock);
    cogo__peer *peer = child_of(node, name, ctx->self);
    const bool left = peer != NULL && peer->left;
    if (peer != NULL) {
        peer->owner = COGO_NO_ACTOR;
        peer->left = false;
    }
    if (left && reason->text[0] != '\0') {
        (void)snprintf(peer->why, sizeof peer->why, "%s", reason->text);
    }
    cogo__lock_give(&node->lock);
    if (left) {
        mourn_for(node, ctx, peer, reason);
    }
}
