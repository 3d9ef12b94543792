/* What is told of an actor and of a system: relations, restarts, memory, pages. */
#include "tests/unit/runtime/scene.h"

#include <semaphore.h>

enum { BOND = COGO_MSG_USER, PART, FAIL, CHURN, BULK, HOLD };

static sem_t held, released;

typedef struct bonds {
    uint64_t monitors[2];
} bonds;

static cogo_err bond(cogo_context *ctx, void *state, cogo_msg *msg)
{
    bonds *b = state;
    cogo_actor_id to = COGO_NO_ACTOR;
    if (cogo_msg_size(msg) == sizeof to) {
        memcpy(&to, cogo_msg_payload(msg), sizeof to);
    }
    switch (cogo_msg_type_of(msg)) {
    case BOND:
        cr_expect_eq(cogo_link(ctx, to), COGO_OK);
        cr_expect_eq(cogo_monitor(ctx, to, &b->monitors[0]), COGO_OK);
        cr_expect_eq(cogo_monitor(ctx, to, &b->monitors[1]), COGO_OK);
        return COGO_OK;
    case PART:
        cogo_unlink(ctx, to);
        cogo_demonitor(ctx, b->monitors[0]);
        return COGO_OK;
    case FAIL:
        return COGO_EFAULT;
    case HOLD:
        sem_post(&held);
        while (sem_wait(&released) != 0) {
        }
        return COGO_OK;
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, 1);
    default:
        return COGO_OK;
    }
}

static const cogo_behavior bonding = {
    .struct_size = sizeof(cogo_behavior),
    .name = "bonding",
    .state_size_bytes = sizeof(bonds),
    .receive = bond,
};

static cogo_actor_info look(cogo_system *system, cogo_actor_id id)
{
    cogo_actor_info info = {.struct_size = sizeof info};
    cr_expect_eq(cogo_actor_info_read(system, id, &info), COGO_OK);
    return info;
}

static void send_about(cogo_system *system, cogo_actor_id to, cogo_msg_type type,
                       cogo_actor_id about)
{
    cogo_msg *msg = cogo_msg_create(system, type, sizeof about);
    memcpy(cogo_msg_payload(msg), &about, sizeof about);
    cogo_system_send(system, to, msg);
    (void)scene_ask_u64(system, to);
    (void)scene_ask_u64(system, about); // It has handled the signals that came before.
    (void)scene_ask_u64(system, to);    // And this one what was answered: UNLINK has an ACK.
}

Test(info, links_and_watchers_are_those_that_there_are)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id watcher = scene_spawn(system, &bonding, NULL, 0, 0);
    cogo_actor_id target = scene_spawn(system, &bonding, NULL, 0, 0);
    send_about(system, watcher, BOND, target);
    cr_expect_eq(look(system, target).links, 1u);
    cr_expect_eq(look(system, target).watchers, 2u);
    cr_expect_eq(look(system, watcher).links, 1u);
    cr_expect_eq(look(system, watcher).watchers, 0u);
    send_about(system, watcher, PART, target);
    cr_expect_eq(look(system, target).links, 0u);
    cr_expect_eq(look(system, target).watchers, 1u);
    cr_expect_eq(look(system, watcher).links, 0u);
    scene_close(system);
}

Test(info, restarts_and_handled_messages_are_counted_over_lives)
{
    cogo_system *system = scene_open(1);
    cogo_child_spec child = {
        .id = "one",
        .options = {.struct_size = sizeof child.options, .behavior = &bonding, .name = "one"},
    };
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = &child, .child_count = 1};
    cogo_actor_id supervisor, watcher = scene_spawn(system, &bonding, NULL, 0, 0);
    cr_expect_eq(cogo_supervisor_start(system, &spec, &supervisor), COGO_OK);
    cogo_actor_id one = COGO_NO_ACTOR;
    while (!cogo_actor_id_is_set(one)) {
        (void)scene_ask_u64(system, watcher); // One lane: the supervisor gets its turns.
        one = cogo_name_find(system, "one");
    }
    for (uint32_t i = 1; i <= 3; i++) {
        cogo_system_send(system, one, cogo_msg_create(system, FAIL, 0));
        cr_expect_eq(scene_ask_u64(system, one), 1u, "the next life answers");
        cr_expect_eq(look(system, one).restarts, i);
    }
    cr_expect_eq(look(system, one).messages_handled, 6u);
    cr_expect_eq(look(system, one).watchers, 0u, "a supervisor is none");
    scene_close(system);
}

/* With a limit all that waits is counted; without one nobody pays for the count. */
Test(info, memory_has_the_mailbox_where_there_is_a_limit)
{
    enum { SIZE = 1 << 20, STATE = sizeof(bonds) };
    cogo_system *system = scene_open(1);
    cogo_spawn_options limited = {.struct_size = sizeof limited,
                                  .behavior = &bonding,
                                  .memory_limit_bytes = UINT64_C(1) << 30};
    cogo_actor_id ids[2] = {scene_spawn(system, &bonding, NULL, 0, 0)};
    cr_expect_eq(cogo_system_spawn(system, &limited, &ids[1]), COGO_OK);
    sem_init(&held, 0, 0);
    sem_init(&released, 0, 0);
    cogo_actor_id holder = scene_spawn(system, &bonding, NULL, 0, 0);
    cogo_system_send(system, holder, cogo_msg_create(system, HOLD, 0));
    while (sem_wait(&held) != 0) { // From here on the only lane handles nothing else.
    }
    for (int i = 0; i < 2; i++) {
        cogo_system_send(system, ids[i], cogo_msg_create(system, BULK, SIZE));
        cr_expect_geq(look(system, ids[i]).memory_bytes, (uint64_t)STATE);
        cr_expect_eq(look(system, ids[i]).memory_bytes >= SIZE, i == 1);
    }
    cr_expect_eq(look(system, ids[0]).memory_limit_bytes, 0u);
    cr_expect_eq(look(system, ids[1]).memory_limit_bytes, UINT64_C(1) << 30);
    sem_post(&released);
    scene_close(system);
}

/* Spawns and ends as long as it is told to. */
static cogo_err churn(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &bonding};
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, 1);
    }
    for (int i = 0; i < 20; i++) {
        cogo_actor_id id;
        if (cogo_spawn(ctx, &options, &id) == COGO_OK) {
            cogo_send(ctx, id, cogo_msg_create(cogo_context_system(ctx), FAIL, 0));
        }
    }
    cogo_send(ctx, cogo_self(ctx), cogo_msg_create(cogo_context_system(ctx), CHURN, 0));
    return COGO_OK;
}

static const cogo_behavior churning = {
    .struct_size = sizeof(cogo_behavior), .name = "churning", .receive = churn};

/* Who reads page after page sees each actor that lives all the while exactly once, whatever is
 * born and dies between two pages. */
Test(info, pages_have_each_lasting_actor_once_while_others_die)
{
    enum { LASTING = 50, LISTS = 100, PAGE = 7 };
    cogo_system *system = scene_open(2);
    cogo_actor_id lasting[LASTING];
    cogo_actor_id busy = scene_spawn(system, &churning, NULL, 0, 0);
    cogo_system_send(system, busy, cogo_msg_create(system, CHURN, 0));
    for (int i = 0; i < LASTING; i++) {
        lasting[i] = scene_spawn(system, &bonding, NULL, 0, 0);
    }
    uint64_t passing = 0;
    for (int list = 0; list < LISTS; list++) {
        int seen[LASTING] = {0};
        uint32_t cursor = 0, last_slot = 0;
        do {
            cogo_actor_info page[PAGE] = {{.struct_size = sizeof page[0]}};
            size_t count = cogo_actor_list(system, &cursor, page, PAGE);
            for (size_t i = 0; i < count; i++) {
                int known = 0;
                cr_assert_gt(page[i].id.slot, last_slot, "in order, none twice");
                last_slot = page[i].id.slot;
                cr_expect(strcmp(page[i].behavior, "bonding") == 0
                          || strcmp(page[i].behavior, "churning") == 0);
                for (int j = 0; j < LASTING; j++) {
                    bool same = cogo_actor_id_equal(page[i].id, lasting[j]);
                    seen[j] += same;
                    known |= same;
                }
                passing += !known;
            }
        } while (cursor != 0);
        for (int j = 0; j < LASTING; j++) {
            cr_assert_eq(seen[j], 1);
        }
    }
    cr_expect_geq(passing, (uint64_t)LISTS, "the one that churns, at least");
    scene_close(system);
}

/* A program that was built when the struct was shorter, or forgot its size. */
Test(info, stats_keep_to_the_size_of_their_callers_struct)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &bonding, NULL, 0, 0);
    (void)scene_ask_u64(system, id);
    cogo_system_stats stats;
    memset(&stats, 0xab, sizeof stats);
    stats.struct_size = offsetof(cogo_system_stats, steals);
    cr_expect_eq(cogo_system_stats_read(system, &stats), COGO_OK);
    cr_expect_eq(stats.struct_size, offsetof(cogo_system_stats, steals));
    cr_expect_eq(stats.lane_count, 2u);
    cr_expect_eq(stats.actors, 1u);
    cr_expect_eq(stats.steals, UINT64_C(0xabababababababab));
    stats.struct_size = 0;
    cr_expect_eq(cogo_system_stats_read(system, &stats), COGO_EINVAL);
    cr_expect_eq(cogo_system_stats_read(system, NULL), COGO_EINVAL);
    scene_close(system);
}
