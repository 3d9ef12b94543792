/* Memory that is gone for a while, and actors that go on meanwhile: one of them has taken all.
 * What needs some is refused, or lost and said so in the log; what must not need any goes on as
 * ever: ends, restarts and news of them. */
#include "tests/unit/runtime/hoard.h"
#include "tests/unit/runtime/inside.h"

#include <cogo/server.h>

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>

enum { TAKE = COGO_MSG_USER, GIVE, CRASH, ADD, BEGIN };
enum { SAID_MAX = 16384, ASK_MS = 2000 };

static cogo_system *system_;
static char said[SAID_MAX];
static size_t said_size;
static pthread_mutex_t said_lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t done;
static cogo_actor_id hog;

static void note(void *ctx, cogo_log_level level, const char *text)
{
    size_t size = strlen(text);
    (void)ctx;
    (void)level;
    pthread_mutex_lock(&said_lock);
    if (size < SAID_MAX - said_size) {
        memcpy(said + said_size, text, size + 1);
        said_size += size;
    }
    pthread_mutex_unlock(&said_lock);
}

static void await_said(const char *text)
{
    bool found = false;
    while (!found) {
        sched_yield();
        pthread_mutex_lock(&said_lock);
        found = strstr(said, text) != NULL;
        pthread_mutex_unlock(&said_lock);
    }
}

/* --- Who is there. ------------------------------------------------------------------------ */

static cogo_err hog_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == TAKE) {
        take_all(ctx);
        sem_post(&done);
    } else if (cogo_msg_type_of(msg) == GIVE) {
        give_all();
        sem_post(&done);
    }
    return COGO_OK;
}

static const cogo_behavior hog_behavior = {
    .struct_size = sizeof(cogo_behavior), .name = "hog", .receive = hog_receive};

/* Ends when told; links, or asks somebody who does not answer, when told whom. */
static cogo_err plain_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    uint64_t ask = 0;
    (void)state;
    switch (cogo_msg_type_of(msg)) {
    case CRASH:
        return COGO_EIO;
    case BEGIN: {
        cogo_actor_id peer = *(const cogo_actor_id *)cogo_msg_payload(msg);
        cr_expect_eq(cogo_link(ctx, peer), COGO_OK);
        cr_expect_eq(cogo_ask(ctx, peer, cogo_msg_create(cogo_context_system(ctx), ADD, 0),
                              SCENE_MS * ASK_MS, &ask),
                     COGO_OK);
        return COGO_OK;
    }
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, 1);
    case ADD: // Is answered by nobody.
        cogo_msg_take(ctx, msg);
        cogo_msg_destroy(msg);
        return COGO_OK;
    default:
        return COGO_OK;
    }
}

static const cogo_behavior plain = {
    .struct_size = sizeof(cogo_behavior), .name = "plain", .receive = plain_receive};

static cogo_err on_add(cogo_context *ctx, void *state, const void *request, cogo_call *call)
{
    (void)ctx;
    (void)state;
    (void)request;
    *(uint64_t *)cogo_call_answer(call) = 5;
    return COGO_OK;
}

static const cogo_server_call calls[] = {
    {.type = ADD, .answer_size_bytes = sizeof(uint64_t), .handle = on_add}};
static const cogo_server adder = {
    .behavior = {.struct_size = sizeof(cogo_behavior),
                 .name = "adder",
                 .receive = cogo_server_receive},
    .table = {.struct_size = sizeof(cogo_server_table), .calls = calls, .call_count = 1}};

static void open_scene(void)
{
    static cogo_allocator allocator;
    allocator = purse_open(&money);
    const cogo_system_config config = {
        .struct_size = sizeof config, .lane_count = 1, .allocator = &allocator, .log = note};
    said[0] = '\0';
    said_size = 0;
    sem_init(&done, 0, 0);
    cr_expect_eq(cogo_system_create(&config, &system_), COGO_OK);
    hog = scene_spawn(system_, &hog_behavior, NULL, 0, 0);
}

static void close_scene(void)
{
    scene_close(system_);
    purse_close(&money);
    sem_destroy(&done);
}

/* The messages that end and begin it must be there already. */
static cogo_msg *begin_dearth(void)
{
    cogo_msg *end = cogo_msg_create(system_, GIVE, 0);
    cr_expect_eq(cogo_system_send(system_, hog, cogo_msg_create(system_, TAKE, 0)), COGO_OK);
    sem_wait(&done);
    return end;
}

static void end_dearth(cogo_msg *end)
{
    cr_expect_eq(cogo_system_send(system_, hog, end), COGO_OK);
    sem_wait(&done);
}

static uint64_t restarts_of(cogo_actor_id id)
{
    cogo_actor_info info = {.struct_size = sizeof info};
    return cogo_actor_info_read(system_, id, &info) == COGO_OK ? info.restarts : UINT64_MAX;
}

/* --- The tests. --------------------------------------------------------------------------- */

Test(dearth, a_call_to_a_server_that_has_no_memory_for_its_answer_is_refused)
{
    uint64_t sum = 0;
    open_scene();
    cogo_actor_id server = scene_spawn(system_, &adder.behavior, NULL, 0, 0);
    cogo_msg *request = cogo_msg_create(system_, ADD, 0), *answer = NULL;
    cr_expect_eq(
        cogo_server_call_wait(system_, server, ADD, NULL, 0, SCENE_LONG_NS, &sum, sizeof sum),
        COGO_OK);
    cogo_msg *end = begin_dearth();
    cr_expect_eq(
        cogo_server_call_wait(system_, server, ADD, NULL, 0, SCENE_LONG_NS, &sum, sizeof sum),
        COGO_ENOMEM);
    cr_expect_eq(cogo_system_cast_send(system_, server, ADD, NULL, 0), COGO_ENOMEM);
    cr_expect_eq(cogo_system_ask(system_, server, request, SCENE_LONG_NS, &answer),
                 COGO_ENOMEM);
    end_dearth(end);
    cr_expect_eq(
        cogo_server_call_wait(system_, server, ADD, NULL, 0, SCENE_LONG_NS, &sum, sizeof sum),
        COGO_OK);
    cr_expect_eq(sum, 5u);
    close_scene();
}

/* An exit signal over a link is a message more, and may be lost; that is logged. */
Test(dearth, the_end_of_a_linked_actor_or_of_an_ask_that_can_not_be_told_is_logged)
{
    open_scene();
    cogo_actor_id a = scene_spawn(system_, &plain, NULL, 0, 0);
    cogo_actor_id b = scene_spawn(system_, &plain, NULL, 0, 0);
    cogo_msg *begin = cogo_msg_create(system_, BEGIN, sizeof b);
    memcpy(cogo_msg_payload(begin), &b, sizeof b);
    cogo_msg *crash = cogo_msg_create(system_, CRASH, 0);
    cr_expect_eq(cogo_system_send(system_, a, begin), COGO_OK);
    cr_expect_eq(scene_ask_u64(system_, a), 1u);
    cr_expect_eq(scene_ask_u64(system_, b), 1u);
    cogo_msg *end = begin_dearth();
    cr_expect_eq(cogo_system_send(system_, b, crash), COGO_OK);
    await_said("out of memory: an exit signal is lost");
    await_said("out of memory: the failure of an ask is lost");
    cogo_exit_actor(system_, a, COGO_EXIT_KILLED, "also lost");
    end_dearth(end);
    cr_expect_eq(scene_ask_u64(system_, a), 1u, "it goes on");
    cr_expect_eq(cogo_system_await(system_, b, SCENE_LONG_NS, NULL), COGO_OK);
    close_scene();
}

/* What a restart needs was put by when the child was spawned. */
Test(dearth, a_supervisor_restarts_a_child_and_refuses_orders)
{
    const cogo_child_spec child = {
        .id = "one",
        .options = {.struct_size = sizeof(cogo_spawn_options), .behavior = &plain}};
    const cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = &child, .child_count = 1, .intensity = 10};
    const cogo_child_order list = {.struct_size = sizeof list, .action = COGO_CHILD_LIST};
    cogo_child_spec more = child;
    cogo_actor_id top = COGO_NO_ACTOR;
    open_scene();
    cr_expect_eq(cogo_supervisor_start(system_, &spec, &top), COGO_OK);
    cogo_actor_id one = cogo_supervisor_child(system_, top, "one");
    cr_expect_eq(scene_ask_u64(system_, one), 1u); // It has begun.
    cogo_msg *crash = cogo_msg_create(system_, CRASH, 0);
    cogo_msg *end = begin_dearth();
    cr_expect_eq(cogo_system_send(system_, one, crash), COGO_OK);
    while (restarts_of(one) != 1) {
        sched_yield();
    }
    more.id = "two";
    cr_expect_eq(cogo_supervisor_add(system_, top, &more), COGO_ENOMEM);
    cr_expect_eq(cogo_supervisor_remove(system_, top, "one"), COGO_ENOMEM);
    cr_expect_eq(
        cogo_system_supervisor_order(system_, top, &list, SCENE_LONG_NS, NULL, NULL, 0),
        COGO_ENOMEM);
    end_dearth(end);
    cr_expect_eq(cogo_supervisor_add(system_, top, &more), COGO_OK);
    cr_expect_eq(scene_ask_u64(system_, one), 1u);
    close_scene();
}

/* The last one gets the message itself, for the others there is no copy. */
Test(dearth, a_topic_and_a_pool_give_what_they_have)
{
    enum { SUBSCRIBERS = 40 }; // More than a list on the stack has.
    size_t count = 0;
    const cogo_pool_spec spec = {
        .struct_size = sizeof spec,
        .worker = {.struct_size = sizeof(cogo_spawn_options), .behavior = &plain},
        .routing = COGO_ROUTE_BROADCAST,
        .size = 3};
    cogo_actor_id pool = COGO_NO_ACTOR;
    open_scene();
    cr_expect_eq(cogo_pool_start(system_, &spec, &pool), COGO_OK);
    for (int i = 0; i < SUBSCRIBERS; i++) {
        cogo_actor_id id = scene_spawn(system_, &plain, NULL, 0, 0);
        cr_expect_eq(cogo_topic_subscribe(system_, i < 3 ? "few" : "many", 0, id), COGO_OK);
    }
    cr_expect_eq(scene_ask_u64(system_, pool), 1u); // They have begun.
    cogo_msg *few = cogo_msg_create(system_, ADD, 5000);
    cogo_msg *many = cogo_msg_create(system_, ADD, 5000);
    cogo_msg *all = cogo_msg_create(system_, ADD, 5000);
    cogo_msg *end = begin_dearth();
    cr_expect_eq(cogo_system_send(system_, pool, all), COGO_OK);
    await_said("pool: no memory for a copy");
    cr_expect_eq(cogo_system_topic_publish(system_, "few", few, &count), COGO_ENOMEM);
    cr_expect_eq(count, 1u);
    cr_expect_eq(cogo_system_topic_publish(system_, "many", many, &count), COGO_ENOMEM);
    cr_expect_eq(count, 1u);
    end_dearth(end);
    close_scene();
}
