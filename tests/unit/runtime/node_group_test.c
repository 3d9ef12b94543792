/* Groups and topics whose members are on several nodes. */
#include "tests/unit/runtime/cluster.h"

enum { NEWS = CLUSTER_QUIT + 20, OTHER_NEWS, NEWS_THERE };

/* Counts what a watch of a whole scope tells. Answers HERE + JOINED * 100 + LEFT * 10000. */
typedef struct tally {
    uint64_t told;
} tally;

static cogo_err tally_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    return cogo_group_watch(ctx, args, NULL, NULL);
}

static cogo_err tally_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    static const uint64_t worth[] = {[COGO_GROUP_HERE] = 1,
                                     [COGO_GROUP_READY] = 0,
                                     [COGO_GROUP_JOINED] = 100,
                                     [COGO_GROUP_LEFT] = 10000};
    tally *t = state;
    if (cogo_msg_type_of(msg) == COGO_MSG_GROUP) {
        t->told += worth[((const cogo_group_event *)cogo_msg_payload(msg))->change];
    } else if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, t->told);
    }
    return COGO_OK;
}

static const cogo_behavior tally_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "tally",
    .state_size_bytes = sizeof(tally),
    .start = tally_start,
    .receive = tally_receive,
};

static cogo_actor_id member(place *p)
{
    return scene_spawn(p->system, &echo_behavior, NULL, 0, 0);
}

/* Until @p count are members; the runner's limit is ours. */
static void await_members(place *p, const char *group, size_t count)
{
    while (cogo_group_members(p->system, "app", group, NULL, 0) != count) {
        sched_yield();
    }
}

static void join(place *p, const char *group, cogo_actor_id id)
{
    cr_expect_eq(cogo_group_join(p->system, "app", group, id), COGO_OK);
}

Test(node_group, members_of_other_nodes_are_seen_and_each_change_is_told_once)
{
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    cogo_actor_id first = member(&a), second = member(&a);
    join(&a, "workers", first); // Before there is a link.
    place_open(&b, cluster_config("b"), &a);
    cogo_actor_id watcher = scene_spawn(b.system, &tally_behavior, "app", 4, 0);
    (void)scene_ask_u64(b.system, watcher); // It watches.
    sem_wait(&b.ups);
    await_members(&b, "workers", 1);
    cogo_actor_id seen = COGO_NO_ACTOR;
    cr_expect_eq(cogo_group_members(b.system, "app", "workers", &seen, 1), 1u);
    cr_expect_eq(seen.node, cogo_node_find(b.system, "a"));
    cr_expect_eq(seen.slot, first.slot);
    cr_expect_eq(cogo_group_local_members(b.system, "app", "workers", NULL, 0), 0u);
    cr_expect_eq(scene_ask_u64(b.system, seen), 0u, "and can be asked");
    join(&a, "workers", second);
    join(&a, "workers", second);
    join(&a, "others", second);
    join(&b, "workers", member(&b));
    await_members(&b, "workers", 3);
    await_members(&a, "workers", 3);
    await_members(&b, "others", 1);
    cr_expect_eq(cogo_group_leave(a.system, "app", "workers", first), COGO_OK);
    cogo_exit_actor(a.system, second, COGO_EXIT_SHUTDOWN, "its end is the end of all of it");
    await_members(&b, "workers", 1);
    await_members(&b, "others", 0);
    // HERE or JOINED, by whether the watch or the link was there first.
    uint64_t told = scene_ask_u64(b.system, watcher);
    cr_expect_eq(told / 10000, 3u);
    cr_expect_eq(told % 100 + told / 100 % 100, 4u);
    place_close(&b);
    await_members(&a, "workers", 0);
    place_close(&a);
}

Test(node_group, the_members_of_a_lost_node_leave_and_those_of_its_next_life_join)
{
    char address[32];
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", cogo_node_port(a.system));
    cogo_actor_id id = member(&a);
    for (int i = 0; i < 10; i++) {
        char group[16];
        (void)snprintf(group, sizeof group, "g%d", i);
        join(&a, group, id);
    }
    place_open(&b, cluster_config("b"), &a);
    cogo_actor_id watcher = scene_spawn(b.system, &tally_behavior, "app", 4, 0);
    sem_wait(&b.ups);
    await_members(&b, "g9", 1);
    await_members(&b, "g0", 1);
    for (int i = 0; i < 10; i++) {
        char group[16];
        (void)snprintf(group, sizeof group, "g%d", i);
        await_members(&b, group, 1);
    }
    cr_expect_eq(cogo_node_stop(a.system, SCENE_LONG_NS), COGO_OK);
    sem_wait(&b.downs);
    for (int i = 0; i < 10; i++) {
        char group[16];
        (void)snprintf(group, sizeof group, "g%d", i);
        cr_expect_eq(cogo_group_members(b.system, "app", group, NULL, 0), 0u,
                     "they are gone when the loss is told");
    }
    uint64_t told = scene_ask_u64(b.system, watcher);
    cr_expect_eq(told / 10000, 10u);
    cr_expect_eq(told % 100 + told / 100 % 100, 10u);
    cogo_node_config again = cluster_config("a");
    again.listen = address;
    cr_assert_eq(cogo_node_start(a.system, &again), COGO_OK);
    sem_wait(&b.ups);
    await_members(&b, "g0", 1);
    place_close(&b);
    place_close(&a);
}

/* Each node tells of its own members: what it heard of others it keeps to itself. */
Test(node_group, members_behind_a_node_are_not_passed_on)
{
    place a, b, c;
    place_open(&a, cluster_config("a"), NULL);
    place_open(&b, cluster_config("b"), &a);
    place_open(&c, cluster_config("c"), &a);
    sem_wait(&b.ups);
    sem_wait(&c.ups);
    join(&b, "workers", member(&b));
    join(&c, "workers", member(&c));
    await_members(&a, "workers", 2);
    join(&a, "last", member(&a));
    await_members(&b, "last", 1); // All that a says about others would be here by now.
    cr_expect_eq(cogo_group_members(b.system, "app", "workers", NULL, 0), 1u);
    place_close(&c);
    await_members(&a, "workers", 1);
    place_close(&b);
    place_close(&a);
}

enum { A_MILLION = 1000000 };

/* Counts messages of each type. */
typedef struct reader {
    uint64_t news, others;
} reader;

static cogo_err reader_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    reader *r = state;
    r->news += cogo_msg_type_of(msg) == NEWS_THERE;
    r->others += cogo_msg_type_of(msg) == OTHER_NEWS;
    return cogo_msg_type_of(msg) == SCENE_ASK
               ? scene_reply_u64(ctx, msg, r->news * A_MILLION + r->others)
               : COGO_OK;
}

static const cogo_behavior reader_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "reader",
    .state_size_bytes = sizeof(reader),
    .receive = reader_receive,
};

/* How many took it. A queue to the other node that is full is waited for. */
static size_t publish(place *p, const char *topic, cogo_msg_type type, size_t size)
{
    size_t took = 0;
    cogo_err err = COGO_EFULL;
    while (err == COGO_EFULL) {
        err = cogo_system_topic_publish(p->system, topic,
                                        cogo_msg_create(p->system, type, size), &took);
        sched_yield();
    }
    cr_expect_eq(err, COGO_OK);
    return took;
}

static void publish_until(place *p, const char *topic, cogo_msg_type type, size_t count)
{
    while (publish(p, topic, type, 5000) != count) { // The subscription is on its way.
    }
}

Test(node_group, what_is_published_reaches_subscribers_on_other_nodes)
{
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    place_open(&b, cluster_config("b"), &a);
    const cogo_type here[] = {{sizeof(cogo_type), NEWS, "news", NULL},
                              {sizeof(cogo_type), OTHER_NEWS, "news.other", NULL}};
    const cogo_type there[] = {{sizeof(cogo_type), NEWS_THERE, "news", NULL},
                               {sizeof(cogo_type), OTHER_NEWS, "news.other", NULL}};
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(cogo_type_register(b.system, &here[i]), COGO_OK);
        cr_expect_eq(cogo_type_register(a.system, &there[i]), COGO_OK);
    }
    cogo_actor_id all = scene_spawn(a.system, &reader_behavior, NULL, 0, 0);
    cogo_actor_id one = scene_spawn(a.system, &reader_behavior, NULL, 0, 0);
    cr_expect_eq(cogo_topic_subscribe(a.system, "world/*", 0, all), COGO_OK);
    cr_expect_eq(cogo_topic_subscribe(a.system, "world/x", NEWS_THERE, one), COGO_OK);
    sem_wait(&b.ups);
    publish_until(&b, "world/x", NEWS, 2); // Its number is another one over there.
    (void)scene_ask_u64(a.system, all);
    cr_expect_eq(publish(&b, "world/x", OTHER_NEWS, 1), 1u, "one of them wants news only");
    cr_expect_eq(publish(&b, "moon", OTHER_NEWS, 1), 0u);
    // It changes its mind: the other node learns of it.
    cr_expect_eq(cogo_topic_subscribe(a.system, "world/x", 0, one), COGO_OK);
    publish_until(&b, "world/x", OTHER_NEWS, 2);
    while (scene_ask_u64(a.system, one) % A_MILLION == 0
           || scene_ask_u64(a.system, one) < A_MILLION
           || scene_ask_u64(a.system, all) < A_MILLION
           || scene_ask_u64(a.system, all) % A_MILLION < 2) {
        sched_yield();
    }
    cr_expect_eq(cogo_topic_unsubscribe(a.system, "world/*", all), COGO_OK);
    publish_until(&b, "world/x", NEWS, 1);
    place_close(&b);
    place_close(&a);
}
