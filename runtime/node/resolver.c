/* A resolver: looks the addresses of a name up, again and again, and has a joiner for each. So
 * the name of a headless Service stands for all its pods, also for those that come later. */
#include "runtime/actor/extra.h"
#include "runtime/actor/send.h"
#include "runtime/node/lookup.h"
#include "runtime/node/node.h"

#include <stdio.h>
#include <string.h>

enum {
    SEE_FIRST_MS = 4, // Whether a look is done; doubled each time,
    SEE_LAST_MS = 256,
    TIMEOUT_MS = 30000, // A look that takes so long is said to hang, and goes on.
    EAGER_LOOKS =
        60, // At first and after a link was lost: names and addresses are still coming.
    EAGER_FACTOR = 10, // So much sooner than usual.
};

typedef struct child {
    cogo_actor_id joiner;
    cogo__address address;
    bool listed;
} child;

typedef struct resolver {
    cogo__join join;
    cogo__lookup *look; // Under way; NULL: none.
    uint64_t see_ms, waited_ms, timer;
    uint32_t eager; // Looks that come sooner.
    bool leaving;   // It looks no more, and ends with the last of its children.
    size_t count;
    child children[COGO__LOOKUP_MAX];
    char error[64]; // Logged last.
} resolver;

static cogo_err wait(cogo_context *ctx, resolver *r)
{
    uint64_t ns = (uint64_t)r->join.node->config.resolve_ms * 1000000;
    if (r->eager > 0) {
        r->eager--;
        ns /= EAGER_FACTOR;
    }
    return cogo_timer_start(ctx, ns, 0, 0, &r->timer);
}

static cogo_err see_later(cogo_context *ctx, resolver *r)
{
    uint64_t ms = r->see_ms;
    r->waited_ms += ms;
    r->see_ms = 2 * ms < SEE_LAST_MS ? 2 * ms : SEE_LAST_MS;
    return cogo_timer_start(ctx, ms * 1000000, 0, 0, &r->timer);
}

static cogo_err ask(cogo_context *ctx, resolver *r)
{
    r->look = cogo__lookup_begin(cogo_context_system(ctx)->world, r->join.host, r->join.port);
    r->see_ms = SEE_FIRST_MS;
    r->waited_ms = 0;
    return r->look != NULL ? see_later(ctx, r) : wait(ctx, r);
}

static void say(cogo_context *ctx, resolver *r, const char *error)
{
    bool news = strcmp(r->error, error) != 0;
    (void)snprintf(r->error, sizeof r->error, "%s", error);
    if (news && error[0] != '\0') {
        cogo__log(cogo_context_system(ctx), COGO_LOG_WARN, "node %s: looking for %s: %s",
                  r->join.node->name, r->join.host, error);
    }
}

static child *find(resolver *r, const cogo__address *address)
{
    for (size_t i = 0; i < r->count; i++) {
        const cogo__address *known = &r->children[i].address;
        if (known->size == address->size
            && memcmp(&known->at, &address->at, address->size) == 0) {
            return &r->children[i];
        }
    }
    return NULL;
}

static void add(cogo_context *ctx, resolver *r, const cogo__address *address)
{
    cogo__join join = {.node = r->join.node, .address = *address, .owner = cogo_self(ctx)};
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &cogo__joiner_behavior,
                                  .args = &join,
                                  .args_size_bytes = sizeof join,
                                  .flags = COGO_SPAWN_LINK | COGO_SPAWN_TRAP_EXIT};
    child *c = &r->children[r->count];
    if (r->count < COGO__LOOKUP_MAX && cogo_spawn(ctx, &options, &c->joiner) == COGO_OK) {
        c->address = *address;
        c->listed = true;
        r->count++;
    } // Else with the next look.
}

static void tell_to_leave(cogo_context *ctx, const resolver *r, const child *c)
{
    cogo__post(r->join.node->system, ctx, c->joiner, COGO__MSG_LEAVE, 0, 0, "", 0);
}

static void take(cogo_context *ctx, resolver *r, const cogo__lookup *found)
{
    const char *error = cogo__lookup_error(found);
    bool all = error == NULL;
    for (size_t i = 0; i < r->count; i++) {
        r->children[i].listed = false;
    }
    for (size_t i = 0; i < cogo__lookup_count(found); i++) {
        const cogo__address *at = cogo__lookup_at(found, i);
        child *c = find(r, at);
        if (c != NULL) {
            c->listed = true;
        } else if (r->join.node->tls || cogo__node_may_reach(&r->join.node->config, at)) {
            add(ctx, r, at);
        } else {
            error = "an address that is not loopback needs a secret";
        }
    }
    // A name that can't be looked up now is no reason to leave anybody.
    for (size_t i = 0; i < r->count && all; i++) {
        if (!r->children[i].listed) {
            tell_to_leave(ctx, r, &r->children[i]);
        }
    }
    say(ctx, r, error != NULL ? error : "");
}

/* A look that hangs stays the only one, and hangs nobody else. */
static cogo_err see(cogo_context *ctx, resolver *r)
{
    if (!cogo__lookup_is_done(r->look)) {
        if (r->waited_ms >= TIMEOUT_MS) {
            say(ctx, r, "the name service does not answer");
        }
        return see_later(ctx, r);
    }
    take(ctx, r, r->look);
    cogo__lookup_drop(r->look);
    r->look = NULL;
    return wait(ctx, r);
}

static void end_if_left(cogo_context *ctx, const resolver *r)
{
    if (r->leaving && r->count == 0) {
        cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the name is not listed any more");
    }
}

static void forget(cogo_context *ctx, resolver *r, cogo_actor_id joiner)
{
    for (size_t i = 0; i < r->count; i++) {
        if (cogo_actor_id_equal(r->children[i].joiner, joiner)) {
            r->children[i] = r->children[--r->count];
            break;
        }
    }
    end_if_left(ctx, r);
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    resolver *r = state;
    r->join = *(const cogo__join *)args;
    r->eager = EAGER_LOOKS;
    return ask(ctx, r);
}

/* The name is nobody's any more. Who is linked over one of its addresses stays. */
static void leave(cogo_context *ctx, resolver *r)
{
    r->leaving = true;
    for (size_t i = 0; i < r->count; i++) {
        tell_to_leave(ctx, r, &r->children[i]);
    }
    end_if_left(ctx, r);
}

static void on_exit(cogo_context *ctx, resolver *r, const cogo_down *down)
{
    bool owned = cogo_actor_id_is_set(r->join.owner);
    if (cogo_actor_id_equal(down->actor,
                            owned ? r->join.owner : ctx->cell->extra->supervisor)) {
        cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the node stops");
    } else {
        forget(ctx, r, down->actor);
    }
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    resolver *r = state;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_EXIT:
        on_exit(ctx, r, cogo_msg_payload(msg));
        return COGO_OK;
    case COGO__MSG_LEAVE:
        leave(ctx, r);
        return COGO_OK;
    case COGO__MSG_LOST:
        if (r->leaving) {
            leave(ctx, r); // That link was what kept it.
            return COGO_OK;
        }
        r->eager = EAGER_LOOKS;
        if (r->look != NULL) {
            return COGO_OK; // It looks already.
        }
        cogo_timer_cancel(ctx, r->timer);
        return ask(ctx, r);
    case COGO_MSG_TIMER:
        if (r->leaving) {
            return COGO_OK;
        }
        return r->look != NULL ? see(ctx, r) : ask(ctx, r);
    default:
        return COGO_OK;
    }
}

static void stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    resolver *r = state;
    (void)ctx;
    (void)reason;
    cogo__lookup_drop(r->look);
}

const cogo_behavior cogo__resolver_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "cogo.node.resolver",
    .state_size_bytes = sizeof(resolver),
    .start = start,
    .receive = receive,
    .stop = stop,
};
