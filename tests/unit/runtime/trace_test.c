/* Traces: what a file tells of messages, and how an id reaches what follows from them. */
#include "runtime/actor/events.h"
#include "tests/unit/runtime/scene.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { GO = COGO_MSG_USER, BEGIN_ALL, FAIL };

/* Answers, and handles the rest. */
static cogo_err obey(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    return cogo_msg_type_of(msg) == SCENE_ASK ? scene_reply_u64(ctx, msg, 0) : COGO_OK;
}

static const cogo_behavior obedient = {
    .struct_size = sizeof(cogo_behavior),
    .name = "obe\"dient\n",
    .receive = obey,
};

typedef struct text {
    char *bytes;
    size_t size, refuse_after;
} text;

static bool take_text(void *ctx, const char *bytes, size_t size)
{
    text *t = ctx;
    if (t->refuse_after != 0 && t->size >= t->refuse_after) {
        return false;
    }
    char *bigger = realloc(t->bytes, t->size + size + 1);
    if (bigger == NULL) {
        return false;
    }
    t->bytes = bigger;
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
    t->bytes[t->size] = '\0';
    return true;
}

static size_t count_of(const char *text, const char *what)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what)) {
        count++;
    }
    return count;
}

/* Sends GO to whom the message names, and ends. */
static cogo_err pass_on(cogo_context *ctx, void *state, cogo_msg *msg)
{
    cogo_actor_id to;
    (void)state;
    memcpy(&to, cogo_msg_payload(msg), sizeof to);
    cogo_send(ctx, to, cogo_msg_create(cogo_context_system(ctx), GO, 0));
    cogo_exit(ctx, COGO_EXIT_SHUTDOWN, NULL);
    return COGO_OK;
}

static const cogo_behavior relay = {
    .struct_size = sizeof(cogo_behavior),
    .name = "relay",
    .receive = pass_on,
};

Test(trace, a_file_joins_the_messages_of_one_trace_id)
{
    cogo_system *system = scene_open(2);
    text t = {0};
    cr_expect_eq(cogo_system_trace_write(system, take_text, &t), COGO_ESTATE, "never begun");
    cr_expect_eq(cogo_system_trace_stop(system), COGO_ESTATE);
    cogo_trace_options options = {.struct_size = sizeof options, .events_per_lane = 1024};
    cr_expect_eq(cogo_system_trace_start(system, &options), COGO_OK);
    cr_expect_eq(cogo_system_trace_start(system, &options), COGO_ESTATE, "runs already");
    cogo_actor_id last = scene_spawn(system, &obedient, NULL, 0, 0);
    cogo_actor_id first = scene_spawn(system, &relay, NULL, 0, COGO_SPAWN_DETACHED);
    cogo_msg *msg = cogo_msg_create(system, GO, sizeof last);
    memcpy(cogo_msg_payload(msg), &last, sizeof last);
    cogo_msg_set_trace(msg, 0xc0ffee);
    cogo_system_send(system, first, msg);
    cr_expect_eq(cogo_system_await(system, first, SCENE_LONG_NS, NULL), COGO_OK);
    (void)scene_ask_u64(system, last);
    cogo_system_send(system, first, cogo_msg_create(system, GO, 0));
    cr_expect_eq(cogo_system_trace_stop(system), COGO_OK);
    cr_expect_eq(cogo_system_trace_write(system, take_text, &t), COGO_OK);
    cr_expect_not_null(strstr(t.bytes, "\"name\":\"lane 1\""));
    cr_expect_not_null(strstr(t.bytes, "\"name\":\"obe\\\"dient?: 256\""));
    cr_expect_eq(count_of(t.bytes, "\"name\":\"spawn\""), 2u);
    cr_expect_eq(count_of(t.bytes, "\"name\":\"exit\""), 1u);
    cr_expect_not_null(strstr(t.bytes, "\"reason\":\"shutdown\""));
    cr_expect_eq(count_of(t.bytes, "\"name\":\"dead letter\""), 1u);
    cr_expect_eq(count_of(t.bytes, "\"ph\":\"s\""), 1u);
    cr_expect_eq(count_of(t.bytes, "\"ph\":\"f\""), 1u);
    free(t.bytes);
    scene_close(system);
}

Test(trace, keeps_the_newest_events_and_says_how_many_it_lost)
{
    cogo_system *system = scene_open(1);
    text t = {0};
    cogo_trace_options options = {.struct_size = sizeof options, .events_per_lane = 64};
    cogo_actor_id id = scene_spawn(system, &obedient, NULL, 0, 0);
    cr_expect_eq(cogo_system_trace_start(system, &options), COGO_OK);
    for (int i = 0; i < 1000; i++) {
        cogo_system_send(system, id, cogo_msg_create(system, GO, 0));
    }
    (void)scene_ask_u64(system, id);
    cr_expect_eq(cogo_system_trace_write(system, take_text, &t), COGO_OK, "while it runs");
    cr_expect_leq(count_of(t.bytes, "\"ph\":\"X\",\"pid\":1,\"tid\":1"), 64u);
    cr_expect_null(strstr(t.bytes, "\"lost\":0"));
    free(t.bytes);
    t = (text){.refuse_after = 1};
    cr_expect_eq(cogo_system_trace_write(system, take_text, &t), COGO_EIO);
    free(t.bytes);
    cr_expect_eq(cogo_system_trace_stop(system), COGO_OK);
    options.message_sample = 16;
    cr_expect_eq(cogo_system_trace_start(system, &options), COGO_OK, "forgets the first");
    t = (text){0};
    cr_expect_eq(cogo_system_trace_write(system, take_text, &t), COGO_OK);
    cr_expect_eq(count_of(t.bytes, "\"name\":\"obe"), 0u);
    free(t.bytes);
    scene_close(system);
}

static atomic_bool noted_enough;

/* Notes events whose four words all say the same number. */
static cogo_err note_many(cogo_context *ctx, void *state, cogo_msg *msg)
{
    enum { FIRST = 1000 };
    (void)state;
    (void)msg;
    for (uint32_t i = FIRST; !atomic_load_explicit(&noted_enough, memory_order_relaxed); i++) {
        cogo__event_note(cogo_context_system(ctx), ctx, COGO__EVENT_SEND,
                         (cogo_actor_id){0, 0, i, i}, i, i, i);
    }
    return COGO_OK;
}

static const cogo_behavior noting = {
    .struct_size = sizeof(cogo_behavior),
    .name = "noting",
    .receive = note_many,
};

/* I30. The ring is so small that its writer overtakes the reader many times. */
Test(trace, shows_no_half_overwritten_event)
{
    cogo_system *system = scene_open(1);
    cogo_trace_options options = {.struct_size = sizeof options, .events_per_lane = 16384};
    cr_expect_eq(cogo_system_trace_start(system, &options), COGO_OK);
    cogo_actor_id id = scene_spawn(system, &noting, NULL, 0, 0);
    cogo_system_send(system, id, cogo_msg_create(system, GO, 0));
    unsigned events = 0;
    for (int round = 0; events < 20000 && round < 10000; round++) {
        text t = {0};
        cr_expect_eq(cogo_system_trace_write(system, take_text, &t), COGO_OK);
        // Line by line: AddressSanitizer's strstr() and sscanf() look for the end of the text.
        for (char *line = t.bytes, *rest = NULL; (line = strtok_r(line, "\n", &rest)) != NULL;
             line = NULL) {
            unsigned slot = 0, generation = 0, type = 0, trace = 0;
            const char *actor = strstr(line, "\"actor\"");
            int found = actor == NULL || strstr(line, "\"name\":\"send\"") == NULL
                            ? 0
                            : sscanf(actor,
                                     "\"actor\":\"%u.%u\",\"behavior\":\"\",\"type\":\"%u\","
                                     "\"trace\":\"%x\"",
                                     &slot, &generation, &type, &trace);
            if (found == 4) { // Not the one that began it.
                events++;
                cr_expect(slot == generation && slot == type && slot == trace);
            }
        }
        free(t.bytes);
    }
    atomic_store(&noted_enough, true);
    cr_expect_gt(events, 0u);
    scene_close(system);
}

Test(trace, refuses_options_that_make_no_sense)
{
    cogo_system *system = scene_open(1);
    cogo_trace_options options = {.struct_size = 1};
    cr_expect_eq(cogo_system_trace_start(system, &options), COGO_EINVAL);
    options = (cogo_trace_options){.struct_size = sizeof options, .events_per_lane = 100};
    cr_expect_eq(cogo_system_trace_start(system, &options), COGO_EINVAL);
    options = (cogo_trace_options){.struct_size = sizeof options, .message_sample = 3};
    cr_expect_eq(cogo_system_trace_start(system, &options), COGO_EINVAL);
    cr_expect_eq(cogo_system_trace_write(system, NULL, NULL), COGO_EINVAL);
    options = (cogo_trace_options){.struct_size = sizeof options, .events_per_lane = 64};
    cr_expect_eq(cogo_system_trace_start(system, &options), COGO_OK);
    cr_expect_eq(cogo_system_trace_stop(system), COGO_OK);
    cr_expect_eq(cogo_system_trace_start(system, NULL), COGO_ESTATE, "another size");
    scene_close(system);
}

/* --- What one did under a trace id is found again in all that follows from it. ----------- */

typedef struct follower {
    uint64_t timer, down, ask_failed;
} follower;

static uint64_t traces_of_starts[2];
static int starts;
static sem_t seen_all;

static void await_one(void)
{
    while (sem_wait(&seen_all) != 0 && errno == EINTR) {
    }
}

static cogo_err fail_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    (void)args;
    cogo_msg *probe = cogo_msg_create(cogo_context_system(ctx), GO, 0);
    traces_of_starts[starts++ % 2] = cogo_msg_trace(probe);
    cogo_msg_destroy(probe);
    sem_post(&seen_all);
    return COGO_OK;
}

static cogo_err fail_on_demand(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    return cogo_msg_type_of(msg) == FAIL ? COGO_EFAULT : COGO_OK;
}

static const cogo_behavior failing = {
    .struct_size = sizeof(cogo_behavior),
    .name = "failing",
    .start = fail_start,
    .receive = fail_on_demand,
};

static cogo_err follow(cogo_context *ctx, void *state, cogo_msg *msg)
{
    follower *f = state;
    cogo_system *system = cogo_context_system(ctx);
    cogo_actor_id child;
    uint64_t number = 0;
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &failing,
        .flags = COGO_SPAWN_MONITOR,
    };
    switch (cogo_msg_type_of(msg)) {
    case BEGIN_ALL:
        (void)!cogo_timer_start(ctx, 1, 0, 0, NULL);
        (void)!cogo_spawn(ctx, &options, &child);
        (void)!cogo_ask(ctx, child, cogo_msg_create(system, GO, 0), SCENE_LONG_NS, &number);
        cogo_send(ctx, child, cogo_msg_create(system, FAIL, 0));
        break;
    case COGO_MSG_TIMER:
        f->timer = cogo_msg_trace(msg);
        sem_post(&seen_all);
        break;
    case COGO_MSG_DOWN:
        f->down = cogo_msg_trace(msg);
        sem_post(&seen_all);
        break;
    case COGO_MSG_ASK_FAILED:
        f->ask_failed = cogo_msg_trace(msg);
        sem_post(&seen_all);
        break;
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg,
                               f->timer == f->down && f->down == f->ask_failed ? f->timer : 0);
    default:
        break;
    }
    return COGO_OK;
}

static const cogo_behavior following = {
    .struct_size = sizeof(cogo_behavior),
    .name = "following",
    .state_size_bytes = sizeof(follower),
    .receive = follow,
};

Test(trace, an_id_reaches_timers_downs_failed_asks_and_starts)
{
    starts = 0;
    sem_init(&seen_all, 0, 0);
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &following, NULL, 0, 0);
    cogo_msg *msg = cogo_msg_create(system, BEGIN_ALL, 0);
    cogo_msg_set_trace(msg, 0xabc);
    cogo_system_send(system, id, msg);
    for (int i = 0; i < 4; i++) {
        await_one();
    }
    cr_expect_eq(scene_ask_u64(system, id), 0xabcu);
    cr_expect_eq(traces_of_starts[0], 0xabcu);
    scene_close(system);
}

/* The restart belongs to the message that made the child fail. */
Test(trace, an_id_reaches_the_start_after_a_restart)
{
    starts = 0;
    sem_init(&seen_all, 0, 0);
    cogo_system *system = scene_open(2);
    cogo_child_spec child = {
        .id = "one",
        .options = {.struct_size = sizeof child.options, .behavior = &failing},
        .restart = COGO_RESTART_PERMANENT,
    };
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = &child, .child_count = 1};
    cogo_actor_id supervisor;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &supervisor), COGO_OK);
    await_one();
    cogo_actor_id one = cogo_supervisor_child(system, supervisor, "one");
    cogo_msg *msg = cogo_msg_create(system, FAIL, 0);
    cogo_msg_set_trace(msg, 0xdef);
    cogo_system_send(system, one, msg);
    await_one();
    cr_expect_eq(traces_of_starts[0], 0u);
    cr_expect_eq(traces_of_starts[1], 0xdefu);
    cogo_actor_info info = {.struct_size = sizeof info};
    cr_expect_eq(cogo_actor_info_read(system, one, &info), COGO_OK);
    cr_expect_eq(info.restarts, 1u);
    scene_close(system);
}
