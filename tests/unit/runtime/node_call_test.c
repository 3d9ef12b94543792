/* The calls of cogo/node.h one by one: what they refuse, what they tell, and messages with
 * records, which are packed on the way. */
#include "runtime/node/node.h"
#include "tests/unit/runtime/cluster.h"
#include "tests/unit/runtime/inside.h"

#include <sys/socket.h>
#include <unistd.h>

enum { ORDER = SCENE_ASK + 20 };

static void expect_no_node(cogo_system *system, const cogo_node_config *config, cogo_err err)
{
    cogo_err got = cogo_node_start(system, config);
    cr_expect_eq(got, err, "%s", cogo_strerror(got));
}

Test(node_call, configurations_that_can_not_be_are_refused)
{
    cogo_system *system = scene_open(1);
    const cogo_node_config good = cluster_config("a");
    static char long_name[200];
    memset(long_name, 'n', sizeof long_name - 1);
    cogo_node_config c = good;
    expect_no_node(system, NULL, COGO_EINVAL);
    c.struct_size = 8;
    expect_no_node(system, &c, COGO_EINVAL);
    const char *names[] = {NULL, "", long_name};
    for (int i = 0; i < 3; i++) {
        c = good;
        c.name = names[i];
        expect_no_node(system, &c, COGO_EINVAL);
    }
    c = good;
    c.cluster = long_name;
    expect_no_node(system, &c, COGO_EINVAL);
    c = good;
    c.secret_size_bytes = 3;
    expect_no_node(system, &c, COGO_EINVAL);
    c.secret_size_bytes = 100000;
    expect_no_node(system, &c, COGO_EINVAL);
    c.secret = NULL;
    expect_no_node(system, &c, COGO_EINVAL);
    c = good;
    c.window_bytes = 1000;
    expect_no_node(system, &c, COGO_EINVAL);
    c = good;
    c.message_bytes = UINT32_MAX;
    expect_no_node(system, &c, COGO_EINVAL);
    static const char *const addresses[] = {
        "127.0.0.1", "127.0.0.1:",      "127.0.0.1:x",    "127.0.0.1:123456",
        ":80",       "127.0.0.1:99999", "example.org:80", "[::1:80",
        "::1:80",    "[127.0.0.1]:80",
    };
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        c = good;
        c.listen = addresses[i];
        expect_no_node(system, &c, COGO_EINVAL);
        c.listen = NULL;
        c.join = addresses[i];
        bool name = strncmp(addresses[i], "example.org", 11) == 0; // Joined, not listened on.
        if (!name) {
            expect_no_node(system, &c, COGO_EINVAL);
        }
    }
    char many[40 * (COGO_NODE_JOIN_MAX + 2)] = "";
    for (int i = 0; i <= COGO_NODE_JOIN_MAX; i++) {
        (void)strcat(many, "127.0.0.1:1,");
    }
    c = good;
    c.join = many;
    expect_no_node(system, &c, COGO_EINVAL);
    scene_close(system);
}

/* Without a secret only this machine may come in. */
Test(node_call, without_a_secret_only_loopback_is_listened_on)
{
    cogo_system *system = scene_open(1);
    cogo_node_config c = {.struct_size = sizeof c, .name = "open"};
    c.listen = "0.0.0.0:0";
    expect_no_node(system, &c, COGO_EAUTH);
    c.listen = "[::]:0";
    expect_no_node(system, &c, COGO_EAUTH);
    c.listen = NULL;
    c.join = "192.0.2.1:80";
    expect_no_node(system, &c, COGO_EAUTH);
    c.join = NULL;
    c.listen = "localhost:0";
    expect_no_node(system, &c, COGO_OK);
    expect_no_node(system, &c, COGO_ESTATE); // It is one already.
    char taken[32];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", cogo_node_port(system));
    cogo_system *other = scene_open(1);
    c.listen = taken;
    expect_no_node(other, &c, COGO_EIO);
    c.listen = "localhost:0"; // A second try may go well.
    expect_no_node(other, &c, COGO_OK);
    cr_expect_eq(cogo_node_stop(other, SCENE_LONG_NS), COGO_OK);
    cr_expect_eq(cogo_node_stop(other, SCENE_LONG_NS), COGO_ESTATE);
    scene_close(other);
    cr_expect_eq(cogo_node_stop(system, UINT64_MAX), COGO_OK);
    scene_close(system);
}

/* On a machine without IPv6 the address can't be bound: then there is nothing to see here. */
Test(node_call, two_nodes_link_over_ipv6_where_there_is_some)
{
    place a, b;
    cogo_node_config c = cluster_config("a");
    c.listen = "[::1]:0";
    cogo_system *system = scene_open(1);
    cogo_err err = cogo_node_start(system, &c);
    if (err == COGO_OK) {
        a.system = system;
        (void)cluster_echo(&a, "echo");
        cluster_types(system);
        c = cluster_config("b");
        char address[32];
        snprintf(address, sizeof address, "[::1]:%u", cogo_node_port(system));
        b.system = scene_open(1);
        place *self = &b;
        sem_init(&b.ups, 0, 0);
        sem_init(&b.downs, 0, 0);
        b.listener = scene_spawn(b.system, &cluster_listener, &self, sizeof(place *), 0);
        cluster_types(b.system);
        c.join = address;
        expect_no_node(b.system, &c, COGO_OK);
        cr_expect_eq(cogo_node_subscribe(b.system, b.listener), COGO_OK);
        cr_expect_eq(scene_ask_u64(b.system, cluster_find(&b, "a", "echo")), 0u);
        place_close(&b);
        cr_expect_eq(cogo_node_stop(system, SCENE_LONG_NS), COGO_OK);
    } else {
        cr_expect_eq(err, COGO_EIO);
    }
    scene_close(system);
}

Test(node_call, a_system_that_is_no_node_has_no_peers)
{
    cogo_system *system = scene_open(1);
    cogo_node_info info = {.struct_size = sizeof info};
    uint32_t cursor = 0;
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_actor_id some = scene_spawn(system, &echo_behavior, NULL, 0, 0);
    cr_expect_eq(cogo_node_port(system), 0u);
    cr_expect_eq(cogo_node_find(system, "a"), 0u);
    cr_expect_eq(cogo_node_find(system, NULL), 0u);
    cr_expect_eq(cogo_node_list(system, &cursor, &info, 1), 0u);
    cr_expect_eq(cogo_node_subscribe(system, some), COGO_ESTATE);
    cr_expect_neq(cogo_node_name_find(system, 1, "x", SCENE_MS, &id), COGO_OK);
    cogo_actor_id far = {1, 1, 1, 1};
    cr_expect_eq(cogo_system_send(system, far, cogo_msg_create(system, SCENE_ASK, 0)),
                 COGO_EGONE);
    cr_expect_eq(cogo_system_await(system, far, SCENE_MS, NULL), COGO_OK, "it is not there");
    scene_close(system);
}

typedef struct query {
    uint32_t node;
    cogo_actor_id id;
} query;

static void ask_wrongly(cogo_context *ctx, void *arg)
{
    const query *q = arg;
    uint64_t ask = 0;
    static char long_name[300];
    memset(long_name, 'n', sizeof long_name - 1);
    cr_expect_eq(cogo_node_name_ask(ctx, 0, "echo", SCENE_MS, &ask), COGO_EINVAL);
    cr_expect_eq(cogo_node_name_ask(ctx, q->node, NULL, SCENE_MS, &ask), COGO_EINVAL);
    cr_expect_eq(cogo_node_name_ask(ctx, q->node, "", SCENE_MS, &ask), COGO_EINVAL);
    cr_expect_eq(cogo_node_name_ask(ctx, q->node, long_name, SCENE_MS, &ask), COGO_EINVAL);
    cr_expect_eq(cogo_node_name_ask(ctx, q->node + 7, "echo", SCENE_MS, &ask), COGO_EGONE);
    cr_expect_eq(cogo_node_name_ask(ctx, q->node, "echo", SCENE_LONG_NS, &ask), COGO_OK);
    uint64_t monitor = 0;
    cr_expect_eq(cogo_monitor(ctx, q->id, &monitor), COGO_OK);
    cogo_demonitor(ctx, monitor);
    cr_expect_eq(cogo_link(ctx, q->id), COGO_OK);
    cogo_unlink(ctx, q->id);
    cogo_actor_id lost = q->id;
    lost.node += 7;
    cr_expect_eq(cogo_link(ctx, lost), COGO_OK, "an exit signal says that it is not there");
    cogo_unlink(ctx, lost);
    cr_expect_eq(cogo_monitor(ctx, lost, &monitor), COGO_OK);
    cogo_demonitor(ctx, monitor);
    cogo_remote_spawn what = {.struct_size = sizeof what, .behavior = "x"}, bad = what;
    cr_expect_eq(cogo_node_spawn_ask(ctx, 0, &what, SCENE_MS, &ask), COGO_EINVAL);
    cr_expect_eq(cogo_node_spawn_ask(ctx, q->node, NULL, SCENE_MS, &ask), COGO_EINVAL);
    bad.struct_size = 4;
    cr_expect_eq(cogo_node_spawn_ask(ctx, q->node, &bad, SCENE_MS, &ask), COGO_EINVAL);
    const char *names[] = {NULL, "", long_name};
    for (int i = 0; i < 3; i++) {
        bad = what;
        bad.behavior = names[i];
        cr_expect_eq(cogo_node_spawn_ask(ctx, q->node, &bad, SCENE_MS, &ask), COGO_EINVAL);
        bad = what;
        bad.name = i != 0 ? names[i] : long_name;
        cr_expect_eq(cogo_node_spawn_ask(ctx, q->node, &bad, SCENE_MS, &ask), COGO_EINVAL);
    }
    bad = what;
    bad.args_size_bytes = 4;
    cr_expect_eq(cogo_node_spawn_ask(ctx, q->node, &bad, SCENE_MS, &ask), COGO_EINVAL);
    bad = what;
    bad.flags = UINT32_MAX;
    cr_expect_eq(cogo_node_spawn_ask(ctx, q->node, &bad, SCENE_MS, &ask), COGO_EINVAL);
    bad = what;
    bad.pressure = COGO_PRESSURE_DIVERT;
    cr_expect_eq(cogo_node_spawn_ask(ctx, q->node, &bad, SCENE_MS, &ask), COGO_EINVAL);
}

Test(node_call, peers_are_listed_and_questions_without_sense_refused)
{
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    place_open(&b, cluster_config("b"), &a);
    (void)cluster_echo(&a, "echo");
    query q = {.id = cluster_find(&b, "a", "echo")};
    q.node = q.id.node;
    inside(b.system, ask_wrongly, &q);
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_remote_spawn what = {.struct_size = sizeof what, .behavior = "unknown"};
    cr_expect_eq(cogo_node_spawn(b.system, 0, &what, SCENE_MS, &id), COGO_EINVAL);
    cr_expect_eq(cogo_node_spawn(b.system, q.node, NULL, SCENE_MS, &id), COGO_EINVAL);
    cr_expect_eq(cogo_node_spawn(b.system, q.node, &what, SCENE_MS, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_node_spawn(b.system, q.node, &what, SCENE_LONG_NS, &id), COGO_ENOTFOUND);
    cogo_node_info info[2] = {{.struct_size = sizeof info[0]}};
    uint32_t cursor = 0;
    cr_expect_eq(cogo_node_list(b.system, &cursor, info, 2), 1u);
    cr_expect_eq(cursor, 0u);
    cr_expect_str_eq(info[0].name, "a");
    cr_expect(info[0].up);
    cr_expect_gt(info[0].bytes_in, 0u);
    cr_expect_eq(cogo_node_list(b.system, &cursor, info, 0), 0u);
    info[0].struct_size = offsetof(cogo_node_info, up); // Of an older program.
    info[0].up = false;
    cursor = 0;
    cr_expect_eq(cogo_node_list(b.system, &cursor, info, 1), 1u);
    cr_expect_not(info[0].up, "nothing is written beyond what it knows");
    cr_expect_eq(cogo_node_find(b.system, "nobody"), 0u);
    // A late subscriber hears of the links that are there; there are so many places.
    place late = {.system = b.system};
    place *self = &late;
    sem_init(&late.ups, 0, 0);
    sem_init(&late.downs, 0, 0);
    cogo_actor_id listener =
        scene_spawn(b.system, &cluster_listener, &self, sizeof(place *), 0);
    cr_expect_eq(cogo_node_subscribe(b.system, listener), COGO_OK);
    sem_wait(&late.ups);
    cogo_err err = COGO_OK;
    for (int i = 0; i < COGO_NODE_SUBSCRIBERS_MAX && err == COGO_OK; i++) {
        err = cogo_node_subscribe(b.system, listener);
    }
    cr_expect_eq(err, COGO_ELIMIT);
    place_close(&b);
    place_close(&a);
    sem_destroy(&late.ups);
    sem_destroy(&late.downs);
}

/* --- Records. ----------------------------------------------------------------------------- */

typedef struct order {
    const char *what;
    int64_t count;
} order;

static const cogo_field order_fields[] = {
    {.name = "what",
     .kind = COGO_FIELD_STRING,
     .flags = COGO_FIELD_REQUIRED,
     .offset_bytes = offsetof(order, what),
     .min = 1,
     .max = 16},
    {.name = "count", .kind = COGO_FIELD_INT, .offset_bytes = offsetof(order, count)},
};
static const cogo_record order_record = {.name = "Order",
                                         .version = 1,
                                         .size_bytes = sizeof(order),
                                         .fields = order_fields,
                                         .field_count = 2};
static const cogo_type order_type = {.struct_size = sizeof(cogo_type),
                                     .number = ORDER,
                                     .name = "order",
                                     .record = &order_record};

static cogo_err clerk_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    int64_t *total = state;
    if (cogo_msg_type_of(msg) == ORDER) {
        const order *o = cogo_msg_payload(msg);
        *total += strcmp(o->what, "bolts") == 0 ? o->count : 1000000;
    }
    return cogo_msg_type_of(msg) == SCENE_ASK ? scene_reply_u64(ctx, msg, (uint64_t)*total)
                                              : COGO_OK;
}

static const cogo_behavior clerk = {.struct_size = sizeof(cogo_behavior),
                                    .name = "clerk",
                                    .state_size_bytes = sizeof(int64_t),
                                    .receive = clerk_receive};

/* A struct with pointers goes to another process as what it means, not as its bytes; one that
 * breaks its own rules stays here. */
Test(node_call, records_arrive_as_structs_and_broken_ones_are_refused)
{
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    place_open(&b, cluster_config("b"), &a);
    cr_expect_eq(cogo_type_register(a.system, &order_type), COGO_OK);
    cr_expect_eq(cogo_type_register(b.system, &order_type), COGO_OK);
    cogo_actor_id id = scene_spawn(a.system, &clerk, NULL, 0, 0);
    cr_expect_eq(cogo_name_register(a.system, "clerk", id), COGO_OK);
    cogo_actor_id far = cluster_find(&b, "a", "clerk");
    order good = {"bolts", 40}, none = {NULL, 2}, wordy = {"seventeen letters", 2};
    cr_expect_null(cogo_msg_create_record(b.system, ORDER, NULL));
    cr_expect_null(cogo_msg_create_record(b.system, CLUSTER_ECHO, &good));
    cr_expect_eq(
        cogo_system_send(b.system, far, cogo_msg_create_record(b.system, ORDER, &good)),
        COGO_OK);
    (void)cogo_system_send(b.system, far, cogo_msg_create_record(b.system, ORDER, &none));
    (void)cogo_system_send(b.system, far, cogo_msg_create_record(b.system, ORDER, &wordy));
    cr_expect_eq(scene_ask_u64(b.system, far), 40u, "the good one, and none of the others");
    place_close(&b);
    place_close(&a);
}

/* --- A connection that never begins. ------------------------------------------------------ */

typedef struct stillborn {
    cogo__node *node;
    int fd;
} stillborn;

static void bear_and_kill(cogo_context *ctx, void *arg)
{
    const stillborn *s = arg;
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo__connect how = {.node = s->node, .owner = cogo_self(ctx), .fd = s->fd};
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &cogo__connection_behavior,
                                  .args = &how,
                                  .args_size_bytes = sizeof how};
    (void)cogo__u32_add_seq_cst(&s->node->strangers, 1);
    (void)cogo__u32_add_seq_cst(&s->node->alive, 1);
    cr_expect_eq(cogo_spawn(ctx, &options, &id), COGO_OK);
    cogo_exit_actor(cogo_context_system(ctx), id, COGO_EXIT_KILLED, "too early");
}

/* The listener may end between accept() and the begin of what it accepted. */
Test(node_call, a_connection_that_is_killed_before_it_begins_leaves_nothing)
{
    int pair[2];
    char byte;
    cogo_system *system = scene_open(1);
    cogo_node_config c = cluster_config("a");
    c.listen = "127.0.0.1:0";
    cr_expect_eq(cogo_node_start(system, &c), COGO_OK);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    stillborn s = {cogo__node_of(system), pair[0]};
    inside(system, bear_and_kill, &s);
    cr_expect_eq(cogo_node_stop(system, SCENE_LONG_NS), COGO_OK);
    cr_expect_eq(cogo__u32_load_seq_cst(&s.node->strangers), 0u);
    cr_expect_geq(recv(pair[1], &byte, 1, 0), 0, "its socket is closed");
    close(pair[1]);
    scene_close(system);
}
