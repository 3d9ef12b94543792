/* Groups and topics: who belongs together, and telling all of them. */
#include "tests/unit/runtime/scene.h"

#include <pthread.h>
#include <stdio.h>

enum { NEWS = COGO_MSG_USER, OTHER, QUIT, WATCH, MANY = 300 };

typedef struct member {
    uint64_t news, sum;
    const void *at;
} member;

static cogo_err member_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    member *m = state;
    switch (cogo_msg_type_of(msg)) {
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, m->news);
    case WATCH: // Where the last payload lay.
        return scene_reply_u64(ctx, msg, (uint64_t)(uintptr_t)m->at);
    case QUIT:
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
        return COGO_OK;
    default:
        m->news++;
        m->at = cogo_msg_payload(msg);
        return COGO_OK;
    }
}

static const cogo_behavior member_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "member",
    .state_size_bytes = sizeof(member),
    .receive = member_receive,
};

static cogo_actor_id spawn_member(cogo_system *system)
{
    return scene_spawn(system, &member_behavior, NULL, 0, 0);
}

static void end_and_wait(cogo_system *system, cogo_actor_id id)
{
    cogo_exit_actor(system, id, COGO_EXIT_KILLED, NULL);
    cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, NULL), COGO_OK);
}

static size_t count_of(cogo_system *system, const char *group)
{
    return cogo_group_members(system, "shop", group, NULL, 0);
}

Test(group, an_actor_is_in_many_groups_and_leaves_them_all_with_its_end)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id a = spawn_member(system), b = spawn_member(system), out[4];
    cr_expect_eq(cogo_group_join(system, "shop", "tills", a), COGO_OK);
    cr_expect_eq(cogo_group_join(system, "shop", "tills", a), COGO_OK, "once is enough");
    cr_expect_eq(cogo_group_join(system, "shop", "tills", b), COGO_OK);
    cr_expect_eq(cogo_group_join(system, "shop", "doors", a), COGO_OK);
    cr_expect_eq(cogo_group_join(system, "bank", "tills", a), COGO_OK);
    cr_expect_eq(count_of(system, "tills"), 2u);
    cr_expect_eq(cogo_group_local_members(system, "shop", "doors", out, 4), 1u);
    cr_expect(cogo_actor_id_equal(out[0], a));
    end_and_wait(system, a);
    cr_expect_eq(count_of(system, "tills"), 1u);
    cr_expect_eq(count_of(system, "doors"), 0u);
    cr_expect_eq(cogo_group_members(system, "bank", "tills", out, 4), 0u);
    cr_expect_eq(cogo_group_join(system, "shop", "tills", a), COGO_EGONE);
    cr_expect_eq(cogo_group_leave(system, "shop", "tills", b), COGO_OK);
    cr_expect_eq(cogo_group_leave(system, "shop", "tills", b), COGO_ENOTFOUND);
    cr_expect_eq(cogo_group_join(system, "", "tills", b), COGO_EINVAL);
    cr_expect_eq(cogo_group_join(system, "\x01topic", "tills", b), COGO_EINVAL);
    scene_close(system);
}

/* Keeps its own picture of the group from what it is told; complains if told something
 * twice. */
typedef struct watcher {
    uint64_t present, ready, wrong, watch;
    unsigned char here[4096];
} watcher;

static cogo_err watcher_start(cogo_context *ctx, void *state, const void *args)
{
    const char *group = args != NULL ? *(const char *const *)args : NULL;
    return cogo_group_watch(ctx, "shop", group, &((watcher *)state)->watch);
}

static cogo_err watcher_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    watcher *w = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, w->wrong * 1000000 + w->ready * 10000 + w->present);
    }
    if (cogo_msg_type_of(msg) == QUIT) {
        cr_expect_eq(cogo_group_unwatch(ctx, w->watch), COGO_OK);
        cr_expect_eq(cogo_group_unwatch(ctx, w->watch), COGO_ENOTFOUND);
        return COGO_OK;
    }
    const cogo_group_event *e = cogo_msg_payload(msg);
    unsigned char *here = &w->here[e->member.slot % sizeof w->here];
    w->wrong += e->watch != w->watch;
    switch (e->change) {
    case COGO_GROUP_READY:
        w->ready++;
        break;
    case COGO_GROUP_HERE:
    case COGO_GROUP_JOINED:
        w->wrong += *here != 0 || (e->change == COGO_GROUP_HERE) != (w->ready == 0);
        *here = 1;
        w->present++;
        break;
    case COGO_GROUP_LEFT:
        w->wrong += *here != 1;
        *here = 0;
        w->present--;
        break;
    }
    return COGO_OK;
}

static const cogo_behavior watcher_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "watcher",
    .state_size_bytes = sizeof(watcher),
    .start = watcher_start,
    .receive = watcher_receive,
};

static cogo_actor_id spawn_watcher(cogo_system *system, const char *group)
{
    return scene_spawn(system, &watcher_behavior, &group, group != NULL ? sizeof group : 0, 0);
}

typedef struct churn {
    cogo_system *system;
    cogo_actor_id ids[MANY];
} churn;

static void *join_and_end(void *arg)
{
    churn *c = arg;
    for (int i = 0; i < MANY; i++) {
        cr_expect_eq(cogo_group_join(c->system, "shop", "tills", c->ids[i]), COGO_OK);
        if (i % 3 == 0) {
            cogo_exit_actor(c->system, c->ids[i], COGO_EXIT_KILLED, NULL);
        } else if (i % 3 == 1) {
            cr_expect_eq(cogo_group_leave(c->system, "shop", "tills", c->ids[i]), COGO_OK);
        }
    }
    return NULL;
}

/* Two threads change the group while watchers begin: each sees the whole of it, once. */
Test(group, a_watcher_misses_nothing_between_the_members_of_now_and_the_changes)
{
    cogo_system *system = scene_open(2);
    static churn both[2];
    pthread_t threads[2];
    for (int t = 0; t < 2; t++) {
        both[t].system = system;
        for (int i = 0; i < MANY; i++) {
            both[t].ids[i] = spawn_member(system);
        }
    }
    for (int t = 0; t < 2; t++) {
        cr_assert_eq(pthread_create(&threads[t], NULL, join_and_end, &both[t]), 0);
    }
    cogo_actor_id watchers[20];
    for (int i = 0; i < 20; i++) {
        watchers[i] = spawn_watcher(system, i % 2 == 0 ? "tills" : NULL);
        (void)scene_ask_u64(system, watchers[i]);
    }
    for (int t = 0; t < 2; t++) {
        pthread_join(threads[t], NULL);
        for (int i = 0; i < MANY; i += 3) {
            cr_expect_eq(cogo_system_await(system, both[t].ids[i], SCENE_LONG_NS, NULL),
                         COGO_OK);
        }
    }
    cr_expect_eq(count_of(system, "tills"), 2u * MANY / 3);
    for (int i = 0; i < 20; i++) {
        cr_expect_eq(scene_ask_u64(system, watchers[i]), 10000u + 2 * MANY / 3);
    }
    cogo_system_send(system, watchers[0], cogo_msg_create(system, QUIT, 0));
    (void)scene_ask_u64(system, watchers[0]);
    cr_expect_eq(cogo_group_leave(system, "shop", "tills", both[0].ids[2]), COGO_OK);
    cr_expect_eq(scene_ask_u64(system, watchers[0]), 10000u + 2 * MANY / 3, "it hears no more");
    cr_expect_eq(scene_ask_u64(system, watchers[1]), 10000u + 2 * MANY / 3 - 1);
    scene_close(system);
}

static size_t publish(cogo_system *system, const char *topic, cogo_msg_type type, size_t size)
{
    size_t count = 0;
    cogo_msg *msg = cogo_msg_create(system, type, size);
    cr_expect_eq(cogo_system_topic_publish(system, topic, msg, &count), COGO_OK);
    return count;
}

Test(topic, names_prefixes_and_types_choose_the_subscribers)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id exact = spawn_member(system), prefix = spawn_member(system),
                  all = spawn_member(system), typed = spawn_member(system);
    cr_expect_eq(cogo_topic_subscribe(system, "orders/eu", 0, exact), COGO_OK);
    cr_expect_eq(cogo_topic_subscribe(system, "orders/*", 0, prefix), COGO_OK);
    cr_expect_eq(cogo_topic_subscribe(system, "*", 0, all), COGO_OK);
    cr_expect_eq(cogo_topic_subscribe(system, "*", OTHER, typed), COGO_OK);
    cr_expect_eq(publish(system, "orders/eu", NEWS, 8), 3u);
    cr_expect_eq(publish(system, "orders/us", NEWS, 8), 2u);
    cr_expect_eq(publish(system, "orders", OTHER, 8), 2u);
    cr_expect_eq(scene_ask_u64(system, exact), 1u);
    cr_expect_eq(scene_ask_u64(system, prefix), 2u);
    cr_expect_eq(scene_ask_u64(system, all), 3u);
    cr_expect_eq(scene_ask_u64(system, typed), 1u);
    cr_expect_eq(cogo_topic_unsubscribe(system, "*", all), COGO_OK);
    cr_expect_eq(cogo_topic_unsubscribe(system, "*", all), COGO_ENOTFOUND);
    end_and_wait(system, prefix);
    cr_expect_eq(publish(system, "orders/us", NEWS, 8), 0u, "the dead vanish");
    cogo_msg *msg = cogo_msg_create(system, NEWS, 0);
    cr_expect_eq(cogo_system_topic_publish(system, "orders/*", msg, NULL), COGO_EINVAL);
    scene_close(system);
}

/* Fifty viewers of one picture share one copy of it. */
Test(topic, a_large_payload_is_one_for_all_subscribers)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id ids[50];
    for (int i = 0; i < 50; i++) {
        ids[i] = spawn_member(system);
        cr_expect_eq(cogo_topic_subscribe(system, "pictures", 0, ids[i]), COGO_OK);
    }
    cr_expect_eq(publish(system, "pictures", NEWS, 1 << 20), 50u);
    uint64_t first = 0;
    for (int i = 0; i < 50; i++) {
        cogo_msg *answer = NULL;
        cr_expect_eq(cogo_system_ask(system, ids[i], cogo_msg_create(system, WATCH, 0),
                                     SCENE_LONG_NS, &answer),
                     COGO_OK);
        first = i == 0 ? scene_u64(answer) : first;
        cr_expect_eq(scene_u64(answer), first);
        cogo_msg_destroy(answer);
    }
    scene_close(system);
}

/* One that does not keep up loses its own messages, and nobody else's. */
static cogo_err publisher_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    cogo_system *system = cogo_context_system(ctx);
    for (int i = 0; cogo_msg_type_of(msg) == NEWS && i < MANY; i++) {
        cr_expect_eq(cogo_topic_publish(ctx, "ticks", cogo_msg_create(system, NEWS, 8), NULL),
                     COGO_OK);
    }
    return cogo_msg_type_of(msg) == SCENE_ASK ? scene_reply_u64(ctx, msg, 0) : COGO_OK;
}

static const cogo_behavior publisher_behavior = {
    .struct_size = sizeof(cogo_behavior), .name = "publisher", .receive = publisher_receive};

Test(topic, a_slow_subscriber_has_its_own_limit_and_policy)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id slow = COGO_NO_ACTOR, quick = spawn_member(system);
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &member_behavior,
        .mailbox_limit = 10,
        .pressure = COGO_PRESSURE_DROP_OLD,
    };
    cr_expect_eq(cogo_system_spawn(system, &options, &slow), COGO_OK);
    cr_expect_eq(cogo_topic_subscribe(system, "ticks", 0, slow), COGO_OK);
    cr_expect_eq(cogo_topic_subscribe(system, "ticks", 0, quick), COGO_OK);
    cogo_actor_id publisher = scene_spawn(system, &publisher_behavior, NULL, 0, 0);
    cogo_system_send(system, publisher, cogo_msg_create(system, NEWS, 0));
    (void)scene_ask_u64(system, publisher);
    cr_expect_eq(scene_ask_u64(system, quick), (uint64_t)MANY);
    uint64_t seen = scene_ask_u64(system, slow);
    cr_expect(seen == 10 || seen == 9, "the question itself may take a place");
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.dead_letters_by[COGO_DEAD_OLD], MANY - seen);
    scene_close(system);
}

static cogo_err idle_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    return cogo_msg_type_of(msg) == SCENE_ASK ? scene_reply_u64(ctx, msg, 1) : COGO_OK;
}

/* More than any table has places: they are found beside each other, and go one by one. */
Test(group, thousands_of_groups_and_names_are_told_apart)
{
    enum { GROUPS = 5000 };
    static const cogo_behavior idle = {
        .struct_size = sizeof idle, .name = "idle", .receive = idle_receive};
    cogo_system *system = scene_open(1);
    cogo_actor_id a = scene_spawn(system, &idle, NULL, 0, 0);
    cogo_actor_id b = scene_spawn(system, &idle, NULL, 0, 0);
    char name[24];
    for (int i = 0; i < GROUPS; i++) {
        snprintf(name, sizeof name, "g-%d", i);
        cr_expect_eq(cogo_group_join(system, i % 2 == 0 ? "even" : "odd", name, a), COGO_OK);
        cr_expect_eq(cogo_name_register(system, name, b), COGO_OK);
    }
    for (int i = GROUPS - 1; i >= 0; i--) {
        snprintf(name, sizeof name, "g-%d", i);
        cr_expect_eq(cogo_group_leave(system, i % 2 == 0 ? "odd" : "even", name, a),
                     COGO_ENOTFOUND);
        cr_expect_eq(cogo_group_leave(system, i % 2 == 0 ? "even" : "odd", name, a), COGO_OK);
        cr_expect(cogo_actor_id_equal(cogo_name_find(system, name), b));
    }
    scene_close(system);
}
