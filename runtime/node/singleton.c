/* The calls about names that one actor of the cluster holds, and the keeper of a singleton: it
 * claims the name, and has the actor run while it holds it. */
#include "runtime/actor/send.h"
#include "runtime/node/claims.h"

#include <stdio.h>
#include <string.h>

#define AGAIN_NS UINT64_C(1000000000) /* A singleton that ended while its name is held. */
enum { TIMER_KILL = 1, TIMER_AGAIN };

static bool name_fits(const char *name)
{
    return name != NULL && name[0] != '\0' && strlen(name) <= COGO_CLUSTER_NAME_MAX;
}

/* NO_ACTOR: no node with a list of members runs. */
static cogo_actor_id claims_of(cogo_system *system)
{
    cogo__node *node = cogo__node_of(system);
    cogo_actor_id claims = COGO_NO_ACTOR;
    if (node != NULL) {
        cogo__lock_take(&node->cluster_view.lock);
        claims = node->cluster_view.claims;
        cogo__lock_give(&node->cluster_view.lock);
    }
    return claims;
}

cogo_err cogo__claims_wish(cogo_context *ctx, cogo__wish_kind kind, const char *name,
                           cogo_actor_id holder)
{
    cogo_system *system = cogo_context_system(ctx);
    cogo_actor_id claims = claims_of(system);
    cogo__wish wish = {.kind = kind, .actor = cogo_self(ctx), .holder = holder};
    if (!name_fits(name)) {
        return COGO_EINVAL;
    }
    if (!cogo_actor_id_is_set(claims)) {
        return COGO_ESTATE;
    }
    (void)snprintf(wish.name, sizeof wish.name, "%s", name);
    cogo_msg *msg = cogo__msg_alloc(system, ctx->heap, COGO__MSG_WISH, sizeof wish);
    if (msg == NULL) {
        return COGO_ENOMEM;
    }
    memcpy(cogo_msg_payload(msg), &wish, sizeof wish);
    return cogo_send(ctx, claims, msg);
}

cogo_err cogo_cluster_claim(cogo_context *ctx, const char *name)
{
    return cogo__claims_wish(ctx, COGO__WISH_CLAIM, name, COGO_NO_ACTOR);
}

cogo_err cogo_cluster_release(cogo_context *ctx, const char *name)
{
    return cogo__claims_wish(ctx, COGO__WISH_RELEASE, name, COGO_NO_ACTOR);
}

cogo_err cogo_cluster_whereis(cogo_system *system, const char *name, cogo_actor_id *out_id,
                              uint64_t *out_term)
{
    cogo__node *node = cogo__node_of(system);
    cogo_err err = COGO_ENOTFOUND;
    cogo_actor_id id = COGO_NO_ACTOR;
    uint64_t term = 0;
    if (node == NULL || cogo__u32_load_seq_cst(&node->running) == 0) {
        return COGO_ESTATE;
    }
    uint64_t now = cogo__world_now(system->world);
    cogo__lock_take(&node->cluster_view.lock);
    for (int i = 0; i < COGO_CLUSTER_NAMES_MAX && name_fits(name); i++) {
        const cogo__holding *h = &node->cluster_view.holdings[i];
        if (strcmp(h->name, name) == 0 && now < h->over_ns && cogo_actor_id_is_set(h->actor)) {
            id = h->actor;
            term = h->term;
            err = COGO_OK;
        }
    }
    cogo__lock_give(&node->cluster_view.lock);
    if (err == COGO_OK && out_id != NULL) {
        *out_id = id;
    }
    if (err == COGO_OK && out_term != NULL) {
        *out_term = term;
    }
    return err;
}

/* --- The keeper. -------------------------------------------------------------------------- */

typedef struct plan {
    const cogo_behavior *behavior;
    char name[COGO_CLUSTER_NAME_MAX + 1];
    size_t args_size;
    _Alignas(16) uint8_t args[COGO_SINGLETON_ARGS_MAX];
} plan;

typedef struct keeper {
    plan plan;
    cogo_actor_id child;
    bool held;
} keeper;

static cogo_err begin(cogo_context *ctx, keeper *k)
{
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = k->plan.behavior,
                                  .args = k->plan.args,
                                  .args_size_bytes = k->plan.args_size,
                                  .flags = COGO_SPAWN_LINK};
    if (!k->held || cogo_actor_id_is_set(k->child)) {
        return COGO_OK;
    }
    if (cogo_spawn(ctx, &options, &k->child) != COGO_OK) {
        k->child = COGO_NO_ACTOR;
        return cogo_timer_start(ctx, AGAIN_NS, 0, TIMER_AGAIN, NULL);
    }
    // If this finds no memory, the keeper is found under the name until it is held anew.
    (void)cogo__claims_wish(ctx, COGO__WISH_HOLDER, k->plan.name, k->child);
    return COGO_OK;
}

static void end(cogo_context *ctx, const keeper *k, cogo_exit_kind how)
{
    if (cogo_actor_id_is_set(k->child)) {
        cogo_exit_actor(cogo_context_system(ctx), k->child, how, "its name is lost");
    }
}

static cogo_err on_claim(cogo_context *ctx, keeper *k, const cogo_claim_event *event)
{
    k->held = event->held;
    if (event->held) {
        return begin(ctx, k);
    }
    end(ctx, k, COGO_EXIT_SHUTDOWN);
    // Half of what is left for whoever ends in his own way; without memory for that: at once.
    if (cogo_timer_start(ctx, event->left_ns / 2 + 1, 0, TIMER_KILL, NULL) != COGO_OK) {
        end(ctx, k, COGO_EXIT_KILLED);
    }
    if (event->err != COGO_OK) {
        cogo_exit(ctx, COGO_EXIT_ERROR, "its name can't be claimed here");
    }
    return COGO_OK;
}

static cogo_err keeper_start(cogo_context *ctx, void *state, const void *args)
{
    keeper *k = state;
    k->plan = *(const plan *)args;
    return cogo_cluster_claim(ctx, k->plan.name);
}

static cogo_err keeper_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    keeper *k = state;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_CLAIM:
        return on_claim(ctx, k, cogo_msg_payload(msg));
    case COGO_MSG_TIMER:
        if (((const cogo_timer_fired *)cogo_msg_payload(msg))->cookie == TIMER_AGAIN) {
            return begin(ctx, k);
        }
        if (!k->held) {
            end(ctx, k, COGO_EXIT_KILLED);
        }
        break;
    case COGO_MSG_EXIT: {
        const cogo_down *down = cogo_msg_payload(msg);
        if (!cogo_actor_id_equal(down->actor, k->child)) {
            cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "it was told to");
            break;
        }
        k->child = COGO_NO_ACTOR;
        return k->held ? cogo_timer_start(ctx, AGAIN_NS, 0, TIMER_AGAIN, NULL) : COGO_OK;
    }
    default:
        break;
    }
    return COGO_OK;
}

static const cogo_behavior keeper_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "cogo.node.singleton",
    .state_size_bytes = sizeof(keeper),
    .start = keeper_start,
    .receive = keeper_receive,
};

cogo_err cogo_cluster_singleton_start(cogo_system *system, const cogo_singleton_spec *spec,
                                      cogo_actor_id *out_keeper)
{
    plan p = {.behavior = NULL};
    if (spec == NULL || spec->struct_size < sizeof *spec || spec->behavior == NULL
        || !name_fits(spec->name) || spec->args_size_bytes > sizeof p.args) {
        return COGO_EINVAL;
    }
    if (!cogo_actor_id_is_set(claims_of(system))) {
        return COGO_ESTATE;
    }
    p.behavior = spec->behavior;
    p.args_size = spec->args_size_bytes;
    (void)snprintf(p.name, sizeof p.name, "%s", spec->name);
    if (p.args_size != 0) {
        memcpy(p.args, spec->args, p.args_size);
    }
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &keeper_behavior,
                                  .args = &p,
                                  .args_size_bytes = sizeof p,
                                  .flags = COGO_SPAWN_TRAP_EXIT};
    return cogo_system_spawn(system, &options, out_keeper);
}
