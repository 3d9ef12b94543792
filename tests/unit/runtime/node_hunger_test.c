/* A node on a device at the edge of its memory: any one request may be refused while it starts,
 * links and talks. What needed it is lost with an error; the link comes back by itself. */
#include "tests/unit/runtime/cluster.h"
#include "tests/unit/runtime/purse.h"

#include <time.h>

enum { REQUESTS_MAX = 2000, LARGE = 300000, ASK_MS = 500, HEARTBEAT_MS = 100, TRIES = 1000 };

/* Asks for an echo of @p size bytes. */
static cogo_err echo_of(cogo_system *system, cogo_actor_id to, size_t size)
{
    cogo_msg *request = cogo_msg_create(system, CLUSTER_ECHO, size), *answer = NULL;
    if (request == NULL) {
        return COGO_ENOMEM;
    }
    memset(cogo_msg_payload(request), 7, size);
    cogo_err err = cogo_system_ask(system, to, request, SCENE_MS * ASK_MS, &answer);
    if (err == COGO_OK) {
        cr_expect_eq(cogo_msg_size(answer), size);
        cogo_msg_destroy(answer);
    }
    return err;
}

static cogo_err talk_once(cogo_system *system, const char *node)
{
    cogo_actor_id far = COGO_NO_ACTOR;
    uint32_t index = cogo_node_find(system, node);
    cogo_err err = index == 0
                       ? COGO_EGONE
                       : cogo_node_name_find(system, index, "echo", SCENE_MS * ASK_MS, &far);
    err = err == COGO_OK ? echo_of(system, far, 10) : err;
    return err == COGO_OK ? echo_of(system, far, LARGE) : err;
}

static cogo_err poor_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) != CLUSTER_ECHO) {
        return COGO_OK;
    }
    cogo_msg *answer =
        cogo_msg_create(cogo_context_system(ctx), CLUSTER_ECHO, cogo_msg_size(msg));
    if (answer == NULL) { // One request is refused, not two.
        answer = cogo_msg_create(cogo_context_system(ctx), CLUSTER_ECHO, cogo_msg_size(msg));
    }
    if (answer != NULL) {
        memcpy(cogo_msg_payload(answer), cogo_msg_payload(msg), cogo_msg_size(msg));
        cogo_reply(ctx, msg, answer);
    }
    return COGO_OK;
}

static const cogo_behavior poor = {
    .struct_size = sizeof poor, .name = "poor", .receive = poor_receive};

/* Until it is done: one refusal makes at most a few tries of one step fail. */
#define PERSIST(step)                                                      \
    do {                                                                   \
        int tries = 0;                                                     \
        cogo_err last;                                                     \
        while ((last = (step)) != COGO_OK && ++tries < TRIES) {            \
            struct timespec moment = {0, 1000000};                         \
            (void)nanosleep(&moment, NULL);                                \
        }                                                                  \
        cr_expect_eq(last, COGO_OK, "%s: %s", #step, cogo_strerror(last)); \
    } while (0)

static cogo_err register_types(cogo_system *system)
{
    static const cogo_type type = {sizeof(cogo_type), CLUSTER_ECHO, "cluster.echo", NULL};
    cogo_err err = cogo_type_register(system, &type);
    return err == COGO_EEXIST ? COGO_OK : err;
}

static void play(cogo_system *hungry, cogo_system *rich, bool hungry_joins)
{
    char address[32];
    cogo_node_config a = cluster_config("hungry"), b = cluster_config("rich");
    a.heartbeat_ms = b.heartbeat_ms = HEARTBEAT_MS;
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options spawn = {.struct_size = sizeof spawn, .behavior = &poor};
    cogo_node_config *first = hungry_joins ? &b : &a, *second = hungry_joins ? &a : &b;
    cogo_system *listens = hungry_joins ? rich : hungry, *joins = hungry_joins ? hungry : rich;
    first->listen = "127.0.0.1:0";
    PERSIST(cogo_node_start(listens, first));
    snprintf(address, sizeof address, "127.0.0.1:%u", cogo_node_port(listens));
    second->join = address;
    PERSIST(cogo_node_start(joins, second));
    PERSIST(register_types(hungry));
    PERSIST(cogo_system_spawn(hungry, &spawn, &id));
    PERSIST(cogo_name_register(hungry, "echo", id));
    PERSIST(talk_once(hungry, "rich"));
    PERSIST(talk_once(rich, "hungry"));
    PERSIST(cogo_node_stop(hungry, SCENE_LONG_NS));
    cr_expect_eq(cogo_node_stop(rich, SCENE_LONG_NS), COGO_OK);
}

static void starve(bool hungry_joins)
{
    bool whole = false;
    place rich = {.system = scene_open(1)};
    cluster_types(rich.system);
    (void)cluster_echo(&rich, "echo");
    for (uint64_t n = 1; n < REQUESTS_MAX && !whole; n++) {
        purse p;
        cogo_allocator allocator = purse_open(&p);
        cogo_system *hungry = NULL;
        cogo_system_config config = {
            .struct_size = sizeof config, .lane_count = 1, .allocator = &allocator};
        cr_assert_eq(cogo_system_create(&config, &hungry), COGO_OK);
        cogo__lock_take(&p.lock);
        p.refuse_at = p.requests + n; // Of the node and what it does.
        cogo__lock_give(&p.lock);
        play(hungry, rich.system, hungry_joins);
        scene_close(hungry);
        whole = p.refused == 0;
        purse_close(&p);
    }
    cr_expect(whole, "the last run had all it asked for");
    scene_close(rich.system);
}

Test(node_hunger, any_one_request_of_a_node_that_joins_may_be_refused)
{
    starve(true);
}

Test(node_hunger, any_one_request_of_a_node_that_listens_may_be_refused)
{
    starve(false);
}
