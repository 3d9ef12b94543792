/* A resolver: looks the addresses of a name up, again and again, and has a joiner for each. So
 * the name of a headless Service stands for all its pods, also for those that come later. */
#include "runtime/actor/extra.h"
#include "runtime/actor/send.h"
#include "runtime/node/node.h"

#include <cogo/offload.h>

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum {
    RESOLVED_MAX = 64,  // Addresses of one name.
    TIMEOUT_MS = 30000, // Of one look.
    EAGER_LOOKS =
        60, // At first and after a link was lost: names and addresses are still coming.
    EAGER_FACTOR = 10, // So much sooner than usual.
};

typedef struct question {
    char host[COGO__HOST_SIZE];
    char port[8];
} question;

typedef struct resolved {
    char error[64]; // "": none.
    size_t count;
    cogo__address at[RESOLVED_MAX];
} resolved;

typedef struct child {
    cogo_actor_id joiner;
    cogo__address address;
    bool listed;
} child;

typedef struct resolver {
    cogo__join join;
    uint64_t ask, timer;
    uint32_t eager; // Looks that come sooner.
    size_t count;
    child children[RESOLVED_MAX];
    char error[64]; // Logged last.
} resolver;

/* On a thread of the pool: it may take long. */
static cogo_msg *look_up(cogo_offload_job *job, void *arg)
{
    const question *q = arg;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    cogo_msg *msg = cogo_msg_create(cogo_offload_system(job), COGO_MSG_BYTES, sizeof(resolved));
    if (msg == NULL) {
        return NULL;
    }
    resolved *out = cogo_msg_payload(msg);
    memset(out, 0, sizeof *out);
    int failed = getaddrinfo(q->host, q->port, &hints, &found);
    if (failed != 0) {
        (void)snprintf(out->error, sizeof out->error, "%s", gai_strerror(failed));
        return msg;
    }
    for (const struct addrinfo *i = found; i != NULL && out->count < RESOLVED_MAX;
         i = i->ai_next) {
        if (i->ai_addrlen <= sizeof out->at[0].at) {
            memcpy(&out->at[out->count].at, i->ai_addr, i->ai_addrlen);
            out->at[out->count++].size = i->ai_addrlen;
        }
    }
    freeaddrinfo(found);
    return msg;
}

static cogo_err wait(cogo_context *ctx, resolver *r)
{
    uint64_t ns = (uint64_t)r->join.node->config.resolve_ms * 1000000;
    if (r->eager > 0) {
        r->eager--;
        ns /= EAGER_FACTOR;
    }
    return cogo_timer_start(ctx, ns, 0, 0, &r->timer);
}

static cogo_err ask(cogo_context *ctx, resolver *r)
{
    question q;
    (void)snprintf(q.host, sizeof q.host, "%s", r->join.host);
    (void)snprintf(q.port, sizeof q.port, "%u", r->join.port);
    cogo_offload_options options = {.struct_size = sizeof options,
                                    .run = look_up,
                                    .arg = &q,
                                    .arg_size_bytes = sizeof q,
                                    .timeout_ns = (uint64_t)TIMEOUT_MS * 1000000};
    return cogo_offload(ctx, &options, &r->ask) == COGO_OK ? COGO_OK : wait(ctx, r);
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
    if (r->count < RESOLVED_MAX && cogo_spawn(ctx, &options, &c->joiner) == COGO_OK) {
        c->address = *address;
        c->listed = true;
        r->count++;
    } // Else with the next look.
}

static void take(cogo_context *ctx, resolver *r, const resolved *found)
{
    const char *error = found->error;
    for (size_t i = 0; i < r->count; i++) {
        r->children[i].listed = false;
    }
    for (size_t i = 0; i < found->count; i++) {
        child *c = find(r, &found->at[i]);
        if (c != NULL) {
            c->listed = true;
        } else if (r->join.node->tls
                   || cogo__node_may_reach(&r->join.node->config, &found->at[i])) {
            add(ctx, r, &found->at[i]);
        } else {
            error = "an address that is not loopback needs a secret";
        }
    }
    // A name that can't be looked up now is no reason to leave anybody.
    for (size_t i = 0; i < r->count && found->error[0] == '\0'; i++) {
        if (!r->children[i].listed) {
            cogo__post(r->join.node->system, ctx, r->children[i].joiner, COGO__MSG_LEAVE, 0, 0,
                       "", 0);
        }
    }
    say(ctx, r, error);
}

static void forget(resolver *r, cogo_actor_id joiner)
{
    for (size_t i = 0; i < r->count; i++) {
        if (cogo_actor_id_equal(r->children[i].joiner, joiner)) {
            r->children[i] = r->children[--r->count];
            return;
        }
    }
}

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    resolver *r = state;
    r->join = *(const cogo__join *)args;
    r->eager = EAGER_LOOKS;
    return ask(ctx, r);
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    resolver *r = state;
    cogo_msg_type type = cogo_msg_type_of(msg);
    if (type == COGO_MSG_EXIT) {
        const cogo_down *down = cogo_msg_payload(msg);
        if (cogo_actor_id_equal(down->actor, ctx->cell->extra->supervisor)) {
            cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "the node stops");
        } else {
            forget(r, down->actor);
        }
        return COGO_OK;
    }
    if (type == COGO__MSG_LOST) {
        r->eager = EAGER_LOOKS;
        if (r->ask != 0) {
            return COGO_OK; // It looks already.
        }
        cogo_timer_cancel(ctx, r->timer);
        return ask(ctx, r);
    }
    if (type == COGO_MSG_TIMER) {
        return ask(ctx, r);
    }
    if (cogo_msg_ask(msg) == 0 || cogo_msg_ask(msg) != r->ask) {
        return COGO_OK;
    }
    r->ask = 0;
    if (type == COGO_MSG_BYTES) {
        take(ctx, r, cogo_msg_payload(msg));
    } else {
        say(ctx, r, "the name service does not answer");
    }
    return wait(ctx, r);
}

const cogo_behavior cogo__resolver_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "cogo.node.resolver",
    .state_size_bytes = sizeof(resolver),
    .start = start,
    .receive = receive,
};
