/* Nodes in one process: systems that are linked over loopback TCP, and an actor that answers.
 * Used by the tests of nodes. Never sleeps: links and losses are events. */
#ifndef TESTS_UNIT_RUNTIME_CLUSTER_H
#define TESTS_UNIT_RUNTIME_CLUSTER_H

#include "tests/unit/runtime/scene.h"

#include <sched.h>
#include <semaphore.h>
#include <stdio.h>

enum { CLUSTER_ECHO = SCENE_ASK + 1, CLUSTER_COUNT, CLUSTER_QUIT };

typedef struct place {
    cogo_system *system;
    sem_t ups, downs;
    cogo_actor_id listener;
    uint32_t last; /* Index in the latest event. */
} place;

static const char cluster_secret[] = "a secret of the whole cluster";

static cogo_err cluster_listen(cogo_context *ctx, void *state, cogo_msg *msg)
{
    place *p = *(place **)state;
    (void)ctx;
    if (cogo_msg_type_of(msg) == COGO_MSG_NODE) {
        const cogo_node_event *event = cogo_msg_payload(msg);
        p->last = event->node;
        sem_post(event->up ? &p->ups : &p->downs);
    }
    return COGO_OK;
}

static cogo_err cluster_keep(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    *(place **)state = *(place *const *)args;
    return COGO_OK;
}

static const cogo_behavior cluster_listener = {
    .struct_size = sizeof(cogo_behavior),
    .name = "events",
    .state_size_bytes = sizeof(place *),
    .start = cluster_keep,
    .receive = cluster_listen,
};

static inline void cluster_types(cogo_system *system)
{
    static const cogo_type types[] = {
        {sizeof(cogo_type), SCENE_ASK, "scene.ask", NULL},
        {sizeof(cogo_type), CLUSTER_ECHO, "cluster.echo", NULL},
        {sizeof(cogo_type), CLUSTER_COUNT, "cluster.count", NULL},
        {sizeof(cogo_type), CLUSTER_QUIT, "cluster.quit", NULL},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        cr_expect_eq(cogo_type_register(system, &types[i]), COGO_OK);
    }
}

static inline cogo_node_config cluster_config(const char *name)
{
    return (cogo_node_config){
        .struct_size = sizeof(cogo_node_config),
        .name = name,
        .secret = cluster_secret,
        .secret_size_bytes = sizeof cluster_secret - 1,
        .reconnect_min_ms = 5,
        .reconnect_max_ms = 50,
    };
}

/* A system that listens; or joins @p other if that is not NULL, or whom @p config says. */
static inline void place_open(place *p, cogo_node_config config, const place *other)
{
    char address[32];
    p->system = scene_open(2);
    sem_init(&p->ups, 0, 0);
    sem_init(&p->downs, 0, 0);
    p->last = 0;
    place *self = p;
    p->listener = scene_spawn(p->system, &cluster_listener, &self, sizeof(place *), 0);
    cluster_types(p->system);
    if (other != NULL) {
        snprintf(address, sizeof address, "127.0.0.1:%u", cogo_node_port(other->system));
        config.join = address;
    } else if (config.join == NULL && config.listen == NULL) {
        config.listen = "127.0.0.1:0";
    }
    cr_expect_eq(cogo_node_start(p->system, &config), COGO_OK);
    cr_expect_eq(cogo_node_subscribe(p->system, p->listener), COGO_OK);
}

static inline void place_close(place *p)
{
    cr_expect_eq(cogo_node_stop(p->system, SCENE_LONG_NS), COGO_OK);
    scene_close(p->system);
    sem_destroy(&p->ups);
    sem_destroy(&p->downs);
}

/* How many actors of @p p have the behaviour of that name; the last goes to @p out, if that is
 * not NULL. */
static inline size_t cluster_actors(const place *p, const char *behavior, cogo_actor_id *out)
{
    cogo_actor_info found[64] = {{.struct_size = sizeof found[0]}};
    uint32_t cursor = 0;
    size_t count = cogo_actor_list(p->system, &cursor, found, 64), same = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(found[i].behavior, behavior) != 0) {
            continue;
        }
        same++;
        if (out != NULL) {
            *out = found[i].id;
        }
    }
    return same;
}

/* Those that try to reach an address. */
static inline size_t cluster_joiners(const place *p)
{
    return cluster_actors(p, "cogo.node.joiner", NULL);
}

static inline void cluster_await_joiners(const place *p, size_t count)
{
    while (cluster_joiners(p) != count) {
        sched_yield();
    }
}

/* Echoes, counts, and ends when told. */
typedef struct echo {
    uint64_t count, bytes, disorder;
} echo;

static cogo_err echo_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    echo *e = state;
    switch (cogo_msg_type_of(msg)) {
    case CLUSTER_ECHO: {
        cogo_msg *answer =
            cogo_msg_create(cogo_context_system(ctx), CLUSTER_ECHO, cogo_msg_size(msg));
        memcpy(cogo_msg_payload(answer), cogo_msg_payload(msg), cogo_msg_size(msg));
        cogo_reply(ctx, msg, answer);
        break;
    }
    case CLUSTER_COUNT:
        e->disorder += scene_u64(msg) != e->count;
        e->count++;
        e->bytes += cogo_msg_size(msg);
        break;
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, e->disorder != 0 ? UINT64_MAX - 1 : e->count);
    case CLUSTER_QUIT:
        cogo_exit(ctx, COGO_EXIT_ERROR, "told to");
        break;
    default:
        break;
    }
    return COGO_OK;
}

static const cogo_behavior echo_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "echo",
    .state_size_bytes = sizeof(echo),
    .receive = echo_receive,
};

static inline cogo_actor_id cluster_echo(place *p, const char *name)
{
    cogo_actor_id id = scene_spawn(p->system, &echo_behavior, NULL, 0, 0);
    cr_expect_eq(cogo_name_register(p->system, name, id), COGO_OK);
    return id;
}

/* Waits for the link of @p p, then for the actor @p name over there. */
static inline cogo_actor_id cluster_find(place *p, const char *node, const char *name)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    sem_wait(&p->ups);
    uint32_t index = cogo_node_find(p->system, node);
    cr_expect_neq(index, 0u);
    cr_expect_eq(cogo_node_name_find(p->system, index, name, SCENE_LONG_NS, &id), COGO_OK);
    cr_expect_eq(id.node, index);
    return id;
}

#endif
