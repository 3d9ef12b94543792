/* Monitors, links, exits and names. */
#include "tests/unit/runtime/scene.h"

#include <pthread.h>
#include <stdio.h>

enum { TALK = COGO_MSG_USER, STOP, FAIL, WATCH, WATCH_NOT, LINK, LINK_NOT, TRAP, ANSWERED };
enum { LETTERS = 100 };

typedef struct order {
    cogo_actor_id who;
} order;

/* Does what it is told; counts what it hears. SCENE_ASK answers
 * talks + downs * 1000 + exits * 1000000 + (last reason + 1) * 1000000000. */
typedef struct body {
    uint64_t talks, downs, exits, last, monitor;
    bool late; // A talk came after a DOWN.
} body;

static cogo_err body_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    body *b = state;
    cogo_actor_id who = COGO_NO_ACTOR;
    if (cogo_msg_size(msg) == sizeof(order)) {
        who = ((const order *)cogo_msg_payload(msg))->who;
    }
    switch (cogo_msg_type_of(msg)) {
    case TALK:
        b->talks++;
        b->late = b->late || b->downs != 0;
        return COGO_OK;
    case STOP: // Talks a lot first.
        for (int i = 0; i < LETTERS; i++) {
            cogo_send(ctx, who, cogo_msg_create(cogo_context_system(ctx), TALK, 0));
        }
        cogo_exit(ctx, COGO_EXIT_NORMAL, "done");
        return COGO_OK;
    case FAIL:
        return COGO_EIO;
    case WATCH:
        return cogo_monitor(ctx, who, &b->monitor);
    case WATCH_NOT:
        cogo_demonitor(ctx, b->monitor);
        return COGO_OK;
    case LINK:
        return cogo_link(ctx, who);
    case LINK_NOT:
        cogo_unlink(ctx, who);
        return COGO_OK;
    case TRAP:
        cogo_trap_exit(ctx, true);
        return COGO_OK;
    case COGO_MSG_DOWN:
        b->downs++;
        b->last = ((const cogo_down *)cogo_msg_payload(msg))->reason.kind + 1;
        return COGO_OK;
    case COGO_MSG_EXIT:
        b->exits++;
        b->last = ((const cogo_down *)cogo_msg_payload(msg))->reason.kind + 1;
        return COGO_OK;
    default:
        return scene_reply_u64(ctx, msg,
                               b->late ? 0
                                       : b->talks + b->downs * 1000 + b->exits * 1000000
                                             + b->last * 1000000000);
    }
}

static const cogo_behavior body_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "body",
    .state_size_bytes = sizeof(body),
    .receive = body_receive,
};

static cogo_actor_id spawn(cogo_system *system)
{
    return scene_spawn(system, &body_behavior, NULL, 0, 0);
}

static void tell(cogo_system *system, cogo_actor_id to, cogo_msg_type type, cogo_actor_id who)
{
    cogo_msg *msg = cogo_msg_create(system, type, sizeof(order));
    *(order *)cogo_msg_payload(msg) = (order){who};
    cogo_system_send(system, to, msg);
}

static uint64_t heard(uint64_t talks, uint64_t downs, uint64_t exits, cogo_exit_kind last)
{
    return talks + downs * 1000 + exits * 1000000 + (last + (uint64_t)1) * 1000000000;
}

static void wait_end(cogo_system *system, cogo_actor_id id)
{
    cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, NULL), COGO_OK);
}

/* A watcher of @p id, which it has heard of already. */
static cogo_actor_id watch(cogo_system *system, cogo_actor_id id)
{
    cogo_actor_id watcher = spawn(system);
    tell(system, watcher, WATCH, id);
    (void)scene_ask_u64(system, watcher);
    return watcher;
}

/* What @p id has heard, once it has heard more than @p before. */
static uint64_t hears(cogo_system *system, cogo_actor_id id, uint64_t before)
{
    uint64_t now = before;
    while (now == before) {
        now = scene_ask_u64(system, id);
    }
    return now;
}

Test(watch, down_comes_once_after_all_messages)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id watcher = spawn(system), watched = spawn(system);
    tell(system, watcher, WATCH, watched);
    (void)scene_ask_u64(system, watcher);
    tell(system, watched, STOP, watcher);
    wait_end(system, watched);
    uint64_t now = 0;
    while (now / 1000 == 0) { // Until the DOWN is there.
        now = scene_ask_u64(system, watcher);
    }
    cr_expect_eq(now, heard(LETTERS, 1, 0, COGO_EXIT_NORMAL));
    tell(system, watcher, WATCH, watched);
    cr_expect_eq(hears(system, watcher, now), heard(LETTERS, 2, 0, COGO_EXIT_NOPROC));
    scene_close(system);
}

Test(watch, no_down_after_demonitor)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id watcher = spawn(system), watched = spawn(system);
    tell(system, watcher, WATCH, watched);
    tell(system, watcher, WATCH_NOT, COGO_NO_ACTOR);
    (void)scene_ask_u64(system, watcher);
    tell(system, watched, FAIL, COGO_NO_ACTOR);
    wait_end(system, watched);
    cr_expect_eq(scene_ask_u64(system, watcher), 0u);
    scene_close(system);
}

Test(link, failure_takes_the_other_along_and_a_normal_end_does_not)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id a = spawn(system), b = spawn(system), c = spawn(system);
    tell(system, a, LINK, b);
    tell(system, c, LINK, a);
    (void)scene_ask_u64(system, a);
    (void)scene_ask_u64(system, c);
    tell(system, b, STOP, a);
    wait_end(system, b);
    cr_expect_eq(scene_ask_u64(system, a), (uint64_t)LETTERS);
    cogo_actor_id watcher = watch(system, c);
    tell(system, a, FAIL, COGO_NO_ACTOR);
    cr_expect_eq(hears(system, watcher, 0), heard(0, 1, 0, COGO_EXIT_ERROR));
    scene_close(system);
}

Test(link, trapped_exits_are_messages_and_unlink_takes_them_back)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id a = spawn(system), b = spawn(system), c = spawn(system);
    tell(system, a, TRAP, COGO_NO_ACTOR);
    tell(system, a, LINK, b);
    tell(system, a, LINK, c);
    tell(system, a, LINK_NOT, c);
    (void)scene_ask_u64(system, a);
    (void)scene_ask_u64(system, b);
    tell(system, c, FAIL, COGO_NO_ACTOR);
    wait_end(system, c);
    cr_expect_eq(scene_ask_u64(system, a), 0u);
    tell(system, b, FAIL, COGO_NO_ACTOR);
    uint64_t once = heard(0, 0, 1, COGO_EXIT_ERROR);
    cr_expect_eq(hears(system, a, 0), once);
    wait_end(system, b);
    tell(system, a, LINK, b);
    cr_expect_eq(hears(system, a, once), heard(0, 0, 2, COGO_EXIT_NOPROC));
    cogo_exit_actor(system, a, COGO_EXIT_KILLED, NULL); // It would trap the system's stop too.
    scene_close(system);
}

Test(exit, shutdown_can_be_trapped_and_killed_can_not)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id a = spawn(system);
    tell(system, a, TRAP, COGO_NO_ACTOR);
    (void)scene_ask_u64(system, a);
    cogo_actor_id watcher = watch(system, a);
    cogo_exit_actor(system, a, COGO_EXIT_SHUTDOWN, "please");
    cr_expect_eq(hears(system, a, 0), heard(0, 0, 1, COGO_EXIT_SHUTDOWN));
    cogo_exit_actor(system, a, COGO_EXIT_KILLED, "now");
    cr_expect_eq(hears(system, watcher, 0), heard(0, 1, 0, COGO_EXIT_KILLED));
    cogo_reason reason = {.kind = COGO_EXIT_NORMAL};
    cr_expect_eq(cogo_system_await(system, a, SCENE_LONG_NS, &reason), COGO_OK);
    cr_expect_eq(reason.kind, COGO_EXIT_NOPROC);
    scene_close(system);
}

Test(name, is_found_taken_once_and_goes_with_its_actor)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id id = COGO_NO_ACTOR, other = spawn(system);
    cogo_spawn_options options = {
        .struct_size = sizeof options, .behavior = &body_behavior, .name = "it"};
    cr_expect_eq(cogo_system_spawn(system, &options, &id), COGO_OK);
    cr_expect(cogo_actor_id_equal(cogo_name_find(system, "it"), id));
    cogo_actor_id none;
    cr_expect_eq(cogo_system_spawn(system, &options, &none), COGO_EEXIST);
    cr_expect_eq(cogo_name_register(system, "it", other), COGO_EEXIST);
    cr_expect_eq(cogo_name_register(system, "", other), COGO_EINVAL);
    cr_expect_eq(cogo_name_register(system, "also", id), COGO_OK);
    cr_expect_eq(cogo_name_unregister(system, "nobody"), COGO_ENOTFOUND);
    cogo_actor_info info = {.struct_size = sizeof info};
    cr_expect_eq(cogo_actor_info_read(system, id, &info), COGO_OK);
    cr_expect_str_eq(info.behavior, "body");
    tell(system, id, FAIL, COGO_NO_ACTOR);
    wait_end(system, id);
    cr_expect_not(cogo_actor_id_is_set(cogo_name_find(system, "it")));
    cr_expect_not(cogo_actor_id_is_set(cogo_name_find(system, "also")));
    cr_expect_eq(cogo_name_register(system, "it", id), COGO_EGONE);
    cr_expect_eq(cogo_actor_info_read(system, id, &info), COGO_EGONE);
    cr_expect_eq(cogo_name_register(system, "it", other), COGO_OK);
    scene_close(system);
}

enum { NAMED = 40 };

/* SCENE_ASK answers 1 if start() found the actor by the name in its args. */
static cogo_err named_start(cogo_context *ctx, void *state, const void *args)
{
    cogo_actor_id found = cogo_name_find(cogo_context_system(ctx), args);
    *(uint64_t *)state = cogo_actor_id_equal(found, cogo_self(ctx));
    return COGO_OK;
}

static cogo_err named_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    return scene_reply_u64(ctx, msg, *(uint64_t *)state);
}

static const cogo_behavior named_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "named",
    .state_size_bytes = sizeof(uint64_t),
    .start = named_start,
    .receive = named_receive,
};

typedef struct seeker {
    cogo_system *system;
    cogo_actor_id supervisor; /* None: looks for names of the system. */
} seeker;

/* Asks each the moment it is found. */
static void *seek_all(void *arg)
{
    const seeker *s = arg;
    for (int i = 0; i < NAMED; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "named-%d", i);
        cogo_actor_id id = COGO_NO_ACTOR;
        while (!cogo_actor_id_is_set(id)) {
            id = cogo_actor_id_is_set(s->supervisor)
                     ? cogo_supervisor_child(s->system, s->supervisor, name)
                     : cogo_name_find(s->system, name);
        }
        cr_expect_eq(scene_ask_u64(s->system, id), 1u, "%s", name);
    }
    return NULL;
}

/* A program that waits until its service has a name, then uses it. */
Test(name, whoever_is_found_gets_what_is_sent_to_it)
{
    cogo_system *system = scene_open(2);
    seeker seekers[2] = {{.system = system}, {.system = system}};
    const cogo_supervisor_spec empty = {.struct_size = sizeof empty};
    cr_assert_eq(cogo_supervisor_start(system, &empty, &seekers[1].supervisor), COGO_OK);
    pthread_t threads[2];
    for (int t = 0; t < 2; t++) {
        cr_assert_eq(pthread_create(&threads[t], NULL, seek_all, &seekers[t]), 0);
    }
    for (int i = 0; i < NAMED; i++) { // One by its name, one as a child.
        char name[16], other[16];
        (void)snprintf(name, sizeof name, "named-%d", i);
        (void)snprintf(other, sizeof other, "child-%d", i);
        cogo_spawn_options options = {
            .struct_size = sizeof options,
            .behavior = &named_behavior,
            .name = name,
            .args = name,
            .args_size_bytes = sizeof name,
            .flags = i % 8 == 0 ? COGO_SPAWN_DETACHED : 0,
        };
        cr_expect_eq(cogo_system_spawn(system, &options, NULL), COGO_OK);
        options.flags = 0;
        options.name = options.args = other;
        const cogo_child_spec child = {.id = name, .options = options};
        cr_expect_eq(cogo_supervisor_add(system, seekers[1].supervisor, &child), COGO_OK);
    }
    for (int t = 0; t < 2; t++) {
        pthread_join(threads[t], NULL);
    }
    scene_close(system);
}
