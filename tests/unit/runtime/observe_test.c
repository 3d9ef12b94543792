/* Seeing in: histograms, counters of lanes, what is told of an actor, traces. */
#include "runtime/actor/events.h"
#include "tests/unit/runtime/scene.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { GO = COGO_MSG_USER, HOLD, SPREAD, FLOOD };

static sem_t held, released;

static void sem_take(sem_t *sem)
{
    while (sem_wait(sem) != 0 && errno == EINTR) {
    }
}

static cogo_err obey(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    switch (cogo_msg_type_of(msg)) {
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, cogo_msg_trace(msg));
    case HOLD:
        sem_post(&held);
        sem_take(&released);
        return COGO_OK;
    default:
        return COGO_OK;
    }
}

static const cogo_behavior obedient = {
    .struct_size = sizeof(cogo_behavior),
    .name = "obe\"dient\n",
    .state_size_bytes = 40,
    .receive = obey,
};

static cogo_actor_info info_of(cogo_system *system, cogo_actor_id id)
{
    cogo_actor_info info = {.struct_size = sizeof info};
    cr_expect_eq(cogo_actor_info_read(system, id, &info), COGO_OK);
    return info;
}

Test(histogram, a_value_is_known_to_within_a_sixteenth)
{
    for (uint64_t ns = 0; ns < UINT64_C(60000000000); ns += 1 + ns / 7) {
        cogo_histogram h = {0};
        cogo_histogram_add(&h, ns);
        cogo_histogram_add(&h, UINT64_C(66000000000)); // So that max_ns does not help.
        uint64_t told = cogo_histogram_quantile_ns(&h, 0.5);
        cr_assert_geq(told, ns);
        cr_assert_leq(told, ns + ns / 16);
    }
}

Test(histogram, bounds_grow_and_the_last_bucket_has_none)
{
    for (uint32_t i = 1; i < COGO_HISTOGRAM_BUCKETS; i++) {
        cr_assert_gt(cogo_histogram_bound_ns(i), cogo_histogram_bound_ns(i - 1));
    }
    cr_expect_eq(cogo_histogram_bound_ns(COGO_HISTOGRAM_BUCKETS - 1), UINT64_MAX);
    cr_expect_eq(cogo_histogram_bound_ns(COGO_HISTOGRAM_BUCKETS), UINT64_MAX);
    cogo_histogram h = {0};
    cr_expect_eq(cogo_histogram_quantile_ns(&h, 0.5), 0u, "empty");
    cogo_histogram_add(&h, UINT64_MAX);
    cr_expect_eq(cogo_histogram_quantile_ns(&h, 1), UINT64_MAX);
}

Test(histogram, merging_is_as_if_all_had_been_added_to_one)
{
    cogo_histogram a = {0}, b = {0}, both = {0};
    for (uint64_t i = 1; i <= 1000; i++) {
        cogo_histogram_add(i % 3 == 0 ? &a : &b, i * i);
        cogo_histogram_add(&both, i * i);
    }
    cogo_histogram_merge(&a, &b);
    cr_expect_eq(memcmp(&a, &both, sizeof a), 0);
    cr_expect_eq(cogo_histogram_quantile_ns(&a, 0), 1u);
    cr_expect_eq(cogo_histogram_quantile_ns(&a, 1), 1000000u);
    cr_expect_eq(cogo_histogram_quantile_ns(&a, 7), 1000000u);
    cr_expect_eq(cogo_histogram_quantile_ns(&a, -1), 1u);
}

Test(meters, tell_waits_and_runs_of_each_behaviour_and_lane)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &obedient, NULL, 0, 0);
    enum { MESSAGES = 1000 };
    for (int i = 0; i < MESSAGES; i++) { // A foreign thread's messages are all stamped.
        cogo_system_send(system, id, cogo_msg_create(system, GO, 0));
    }
    (void)scene_ask_u64(system, id);
    cogo_histogram all;
    cr_expect_eq(cogo_lane_waits_read(system, COGO_LANES_ALL, &all), COGO_OK);
    cr_expect_geq(all.count, (uint64_t)MESSAGES);
    cr_expect_gt(all.sum_ns, 0u);
    cr_expect_leq(cogo_histogram_quantile_ns(&all, 0.99), all.max_ns);
    uint64_t sum = 0;
    for (int32_t lane = COGO_LANES_NONE; lane < 3; lane++) {
        cogo_histogram one;
        if (lane != COGO_LANES_ALL) {
            cr_expect_eq(cogo_lane_waits_read(system, lane, &one), COGO_OK);
            sum += one.count;
        }
    }
    cr_expect_eq(sum, all.count);
    cogo_histogram none;
    cr_expect_eq(cogo_lane_waits_read(system, 3, &none), COGO_EINVAL);
    cr_expect_eq(cogo_lane_waits_read(system, -3, &none), COGO_EINVAL);
    uint32_t cursor = 0;
    cogo_behavior_stats stats = {.struct_size = sizeof stats};
    cr_expect_eq(cogo_behavior_stats_read(system, &cursor, &stats), COGO_OK);
    cr_expect_eq(stats.behavior, &obedient);
    cr_expect_eq(stats.waits.count, all.count);
    cr_expect_geq(stats.runs.count + 1, all.count, "the answer may come before the end");
    cr_expect_eq(cogo_behavior_stats_read(system, &cursor, &stats), COGO_ENOTFOUND);
    stats.struct_size = 0;
    cr_expect_eq(cogo_behavior_stats_read(system, &cursor, &stats), COGO_EINVAL);
    scene_close(system);
}

Test(meters, more_behaviours_than_have_a_place_share_the_last_one)
{
    enum { MANY = 600 };
    static cogo_behavior many[MANY];
    cogo_system *system = scene_open(1);
    for (int i = 0; i < MANY; i++) {
        many[i] = obedient;
        cogo_actor_id id = scene_spawn(system, &many[i], NULL, 0, 0);
        (void)scene_ask_u64(system, id);
    }
    uint32_t cursor = 0, own = 0;
    uint64_t samples = 0;
    cogo_behavior_stats stats = {.struct_size = sizeof stats};
    while (cogo_behavior_stats_read(system, &cursor, &stats) == COGO_OK) {
        own += stats.behavior != NULL;
        samples += stats.waits.count;
    }
    cr_expect_gt(own, 128u);
    cr_expect_leq(own, 256u);
    cr_expect_eq(samples, (uint64_t)MANY);
    scene_close(system);
}

Test(lanes, their_counters_add_up_to_those_of_the_system)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &obedient, NULL, 0, 0);
    (void)scene_ask_u64(system, id);
    cogo_exit_actor(system, id, COGO_EXIT_KILLED, NULL);
    cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, NULL), COGO_OK);
    cogo_system_send(system, id, cogo_msg_create(system, GO, 0));
    cogo_lane_stats others = {.struct_size = sizeof others};
    cogo_lane_stats all = others;
    cr_expect_eq(cogo_lane_stats_read(system, COGO_LANES_NONE, &others), COGO_OK);
    cr_expect_eq(others.actors_spawned, 1u);
    cr_expect_eq(others.actors_ended, 0u, "it ended on a lane");
    cr_expect_eq(others.dead_letters, 1u);
    uint64_t ended = 0;
    for (int32_t lane = 0; lane < 2; lane++) {
        cogo_lane_stats one = {.struct_size = sizeof one};
        cr_expect_eq(cogo_lane_stats_read(system, lane, &one), COGO_OK);
        ended += one.actors_ended;
    }
    cr_expect_eq(cogo_lane_stats_read(system, COGO_LANES_ALL, &all), COGO_OK);
    cr_expect_eq(ended, 1u);
    cr_expect_eq(all.actors_ended, 1u);
    cr_expect_eq(all.messages_sent, all.messages_handled + all.dead_letters);
    cr_expect_eq(cogo_lane_stats_read(system, 7, &all), COGO_EINVAL);
    // A program that was built when the struct was shorter.
    memset(&all, 0xab, sizeof all);
    all.struct_size = offsetof(cogo_lane_stats, steals);
    cr_expect_eq(cogo_lane_stats_read(system, COGO_LANES_ALL, &all), COGO_OK);
    cr_expect_eq(all.actors_ended, 1u);
    cr_expect_eq(all.steals, UINT64_C(0xabababababababab));
    scene_close(system);
}

Test(info, tells_state_relations_and_the_message_that_is_handled)
{
    sem_init(&held, 0, 0);
    sem_init(&released, 0, 0);
    cogo_system *system = scene_open(1);
    cogo_actor_id busy = scene_spawn(system, &obedient, NULL, 0, 0);
    cogo_actor_id waits = scene_spawn(system, &obedient, NULL, 0, 0);
    (void)scene_ask_u64(system, busy);
    (void)scene_ask_u64(system, waits);
    cogo_system_send(system, busy, cogo_msg_create(system, HOLD, 0));
    sem_take(&held);
    cogo_system_send(system, waits, cogo_msg_create(system, GO, 0));
    cogo_actor_info info = info_of(system, busy);
    cr_expect_eq(info.state, COGO_ACTOR_RUNNING);
    cr_expect_eq(info.message_type, (cogo_msg_type)HOLD);
    cr_expect_str_eq(info.behavior, "obe\"dient\n");
    cr_expect_geq(info.memory_bytes, 40u);
    cr_expect_eq(info.messages_handled, 2u);
    info = info_of(system, waits);
    cr_expect_eq(info.state, COGO_ACTOR_QUEUED);
    cr_expect_eq(info.message_type, 0u);
    cr_expect_eq(info.mailbox_depth, 1u);
    sem_post(&released);
    (void)scene_ask_u64(system, waits);
    info = (cogo_actor_info){0};
    cr_expect_eq(cogo_actor_info_read(system, busy, &info), COGO_EINVAL);
    // A program that was built when the struct was shorter.
    memset(&info, 0xab, sizeof info);
    info.struct_size = offsetof(cogo_actor_info, state);
    cr_expect_eq(cogo_actor_info_read(system, busy, &info), COGO_OK);
    cr_expect_eq(info.messages_handled, 2u);
    cr_expect_eq(info.message_type, UINT32_C(0xabababab));
    scene_close(system);
}

/* A page of actors written for a program whose struct was shorter. */
Test(info, a_list_keeps_to_the_size_of_its_callers_struct)
{
    enum { COUNT = 5 };
    cogo_system *system = scene_open(1);
    for (int i = 0; i < COUNT; i++) {
        (void)scene_spawn(system, &obedient, NULL, 0, 0);
    }
    const size_t old_size = offsetof(cogo_actor_info, state);
    char *page = calloc(COUNT + 1, old_size);
    memcpy(page, &old_size, sizeof old_size);
    uint32_t cursor = 0;
    cr_expect_eq(cogo_actor_list(system, &cursor, (cogo_actor_info *)(void *)page, COUNT),
                 (size_t)COUNT);
    for (int i = 0; i < COUNT; i++) {
        cogo_actor_info one;
        memcpy(&one, page + (size_t)i * old_size, old_size);
        cr_expect_str_eq(one.behavior, "obe\"dient\n");
    }
    size_t untouched = 1;
    memcpy(&untouched, page + COUNT * old_size, sizeof untouched);
    cr_expect_eq(untouched, 0u);
    free(page);
    cogo_actor_info none = {0};
    cr_expect_eq(cogo_actor_list(system, &cursor, &none, 1), 0u, "no struct_size");
    scene_close(system);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t least_info_ns(cogo_system *system, cogo_actor_id id)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 200; i++) {
        uint64_t begun = now_ns();
        (void)info_of(system, id);
        uint64_t took = now_ns() - begun;
        least = took < least ? took : least;
    }
    return least;
}

/* Asking about a process with a long queue has killed whole nodes elsewhere. */
Test(info, costs_the_same_with_a_million_messages_in_the_mailbox)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    enum { MANY = 50000 };
#else
    enum { MANY = 1000000 };
#endif
    sem_init(&held, 0, 0);
    sem_init(&released, 0, 0);
    cogo_system *system = scene_open(1);
    cogo_actor_id full = scene_spawn(system, &obedient, NULL, 0, 0);
    cogo_actor_id empty = scene_spawn(system, &obedient, NULL, 0, 0);
    cogo_system_send(system, full, cogo_msg_create(system, HOLD, 0));
    sem_take(&held);
    for (int i = 0; i < MANY; i++) {
        cogo_system_send(system, full, cogo_msg_create(system, GO, 0));
    }
    cr_expect_eq(info_of(system, full).mailbox_depth, (uint32_t)MANY);
    uint64_t with = least_info_ns(system, full), without = least_info_ns(system, empty);
    cr_expect_leq(with, 4 * without + 10000, "%llu ns, with an empty one %llu ns",
                  (unsigned long long)with, (unsigned long long)without);
    sem_post(&released);
    (void)scene_ask_u64(system, full);
    scene_close(system);
}

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

/* What one did under a trace id is found again in all that follows from it. */
enum { BEGIN_ALL = COGO_MSG_USER + 50, TRACE_OF_ALL, FAIL };

typedef struct follower {
    uint64_t timer, down, ask_failed, start;
} follower;

static uint64_t traces_of_starts[2];
static int starts;
static sem_t seen_all;

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
        sem_take(&seen_all);
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
    sem_take(&seen_all);
    cogo_actor_id one = cogo_supervisor_child(system, supervisor, "one");
    cogo_msg *msg = cogo_msg_create(system, FAIL, 0);
    cogo_msg_set_trace(msg, 0xdef);
    cogo_system_send(system, one, msg);
    sem_take(&seen_all);
    cr_expect_eq(traces_of_starts[0], 0u);
    cr_expect_eq(traces_of_starts[1], 0xdefu);
    cr_expect_eq(info_of(system, one).restarts, 1u);
    scene_close(system);
}
