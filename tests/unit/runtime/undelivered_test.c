/* What waited for an actor that ended for good. */
#include "tests/unit/runtime/scene.h"

enum { ITEM = COGO_MSG_USER, ASIDE, END, GO, ITEMS = 10, QUERY };

/* --- An actor that ends with messages behind. --------------------------------------------- */

static cogo_err leaver_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == ASIDE) {
        return cogo_stash(ctx, msg);
    }
    if (cogo_msg_type_of(msg) == END) {
        cogo_exit(ctx, COGO_EXIT_ERROR, "enough");
    }
    return COGO_OK;
}

static cogo_actor_id find_heir(cogo_context *ctx)
{
    return cogo_name_find(cogo_context_system(ctx), "heir");
}

/* Takes all but what has an even number. */
static void to_heir(cogo_context *ctx, const cogo_reason *reason, cogo_msg *msg)
{
    bool even = cogo_msg_size(msg) == sizeof(uint64_t) && scene_u64(msg) % 2 == 0;
    cr_expect(reason->kind == COGO_EXIT_SHUTDOWN || strcmp(reason->text, "enough") == 0);
    cr_expect_neq(cogo_msg_type_of(msg), COGO_MSG_TIMER);
    if (!even) {
        cogo_msg_take(ctx, msg);
        cogo_send(ctx, find_heir(ctx), msg);
    }
}

static const cogo_behavior leaver_behavior = {.struct_size = sizeof(cogo_behavior),
                                              .name = "leaver",
                                              .state_size_bytes = 8,
                                              .receive = leaver_receive,
                                              .undelivered = to_heir};

/* --- Who gets it. ------------------------------------------------------------------------- */

typedef struct heir {
    uint64_t count, last;
    bool disorder;
} heir;

/* SCENE_ASK answers how many came, all in order; QUERY is answered too. */
static cogo_err heir_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    heir *h = state;
    cogo_msg_type type = cogo_msg_type_of(msg);
    if (type == SCENE_ASK || type == QUERY) {
        return scene_reply_u64(ctx, msg, h->disorder ? UINT64_MAX : h->count);
    }
    h->disorder = h->disorder || scene_u64(msg) <= h->last;
    h->last = scene_u64(msg);
    h->count++;
    return COGO_OK;
}

static const cogo_behavior heir_behavior = {.struct_size = sizeof(cogo_behavior),
                                            .name = "heir",
                                            .state_size_bytes = sizeof(heir),
                                            .receive = heir_receive};

/* --- Who sends all of it in one callback: on one lane none is handled before the last. ---- */

typedef struct driver {
    cogo_actor_id to;
    uint64_t query, failed, answer;
} driver;

static void send_items(cogo_context *ctx, cogo_actor_id to)
{
    for (uint64_t i = 1; i <= ITEMS; i++) {
        cogo_msg_type type = i <= ITEMS / 2 ? ASIDE : ITEM;
        if (i == ITEMS / 2 + 1) {
            cogo_send(ctx, to, cogo_msg_create(cogo_context_system(ctx), END, 0));
        }
        cogo_send(ctx, to, scene_msg_u64(cogo_context_system(ctx), type, i));
    }
}

/* SCENE_ASK answers the query's answer, or 1000 + the error of its failure. */
static cogo_err driver_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    driver *d = state;
    if (cogo_msg_type_of(msg) == GO) {
        d->to = *(const cogo_actor_id *)cogo_msg_payload(msg);
        send_items(ctx, d->to);
        cogo_msg *query = scene_msg_u64(cogo_context_system(ctx), QUERY, 11);
        return cogo_ask(ctx, d->to, query, SCENE_LONG_NS, &d->query);
    }
    if (cogo_msg_type_of(msg) == SCENE_ASK && cogo_msg_ask(msg) == 0) {
        return scene_reply_u64(ctx, msg, d->answer);
    }
    cr_expect_eq(cogo_msg_ask(msg), d->query);
    d->answer = cogo_msg_type_of(msg) == COGO_MSG_ASK_FAILED
                    ? 1000u + ((const cogo_ask_failed *)cogo_msg_payload(msg))->err
                    : scene_u64(msg);
    return COGO_OK;
}

static const cogo_behavior driver_behavior = {.struct_size = sizeof(cogo_behavior),
                                              .name = "driver",
                                              .state_size_bytes = sizeof(driver),
                                              .receive = driver_receive};

static cogo_actor_id spawn_heir(cogo_system *system)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options options = {
        .struct_size = sizeof options, .behavior = &heir_behavior, .name = "heir"};
    cr_expect_eq(cogo_system_spawn(system, &options, &id), COGO_OK);
    return id;
}

static cogo_actor_id drive(cogo_system *system, cogo_actor_id to)
{
    cogo_actor_id id = scene_spawn(system, &driver_behavior, NULL, 0, 0);
    cogo_msg *go = cogo_msg_create(system, GO, sizeof to);
    memcpy(cogo_msg_payload(go), &to, sizeof to);
    cogo_system_send(system, id, go);
    return id;
}

/* What became of the query, the last of all that it sent. */
static uint64_t outcome_of(cogo_system *system, cogo_actor_id driver_id)
{
    uint64_t answer = 0;
    while (answer == 0) {
        answer = scene_ask_u64(system, driver_id);
    }
    return answer;
}

static cogo_system_stats stats_of(cogo_system *system)
{
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    return stats;
}

/* A session ends; its unfinished work goes to another, and a caller gets its answer there. */
Test(undelivered, what_waited_goes_on_in_order_and_a_request_is_answered_elsewhere)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id heir_id = spawn_heir(system);
    cogo_actor_id leaver = scene_spawn(system, &leaver_behavior, NULL, 0, 0);
    cogo_actor_id driver_id = drive(system, leaver);
    cr_expect_eq(outcome_of(system, driver_id), ITEMS / 2, "the heir's answer");
    cr_expect_eq(scene_ask_u64(system, heir_id), ITEMS / 2);
    cr_expect_eq(stats_of(system).dead_letters, ITEMS / 2);
    scene_close(system);
}

Test(undelivered, without_the_callback_all_are_dead_letters_and_the_ask_fails)
{
    cogo_system *system = scene_open(1);
    cogo_behavior plain = leaver_behavior;
    plain.struct_size = offsetof(cogo_behavior, undelivered); // Of a program built before it.
    cogo_actor_id leaver = scene_spawn(system, &plain, NULL, 0, 0);
    cogo_actor_id driver_id = drive(system, leaver);
    cr_expect_eq(outcome_of(system, driver_id), 1000u + COGO_EGONE);
    cr_expect_eq(stats_of(system).dead_letters, ITEMS + 1u);
    scene_close(system);
}

/* A restart keeps the mailbox: the callback comes only when the child is given up. */
Test(undelivered, a_restart_keeps_the_mailbox_and_the_last_end_gives_it_away)
{
    for (int temporary = 0; temporary < 2; temporary++) {
        cogo_system *system = scene_open(1);
        cogo_actor_id heir_id = spawn_heir(system), supervisor = COGO_NO_ACTOR;
        cogo_child_spec child = {
            .id = "leaver",
            .restart = temporary != 0 ? COGO_RESTART_TEMPORARY : COGO_RESTART_PERMANENT,
            .options = {.struct_size = sizeof(cogo_spawn_options),
                        .behavior = &leaver_behavior,
                        .mailbox_limit = 100},
        };
        const cogo_supervisor_spec spec = {
            .struct_size = sizeof spec, .children = &child, .child_count = 1};
        cr_expect_eq(cogo_supervisor_start(system, &spec, &supervisor), COGO_OK);
        cogo_actor_id leaver = cogo_supervisor_child(system, supervisor, "leaver");
        cogo_actor_id driver_id = drive(system, leaver);
        if (temporary != 0) {
            (void)outcome_of(system, driver_id);
        }
        while (temporary == 0 && stats_of(system).restarts == 0) {
            (void)scene_ask_u64(system, driver_id);
        }
        uint64_t heirs = scene_ask_u64(system, heir_id);
        cr_expect_eq(heirs, temporary != 0 ? ITEMS / 2 : 0);
        scene_close(system);
    }
}

/* --- Misuse, and the limit. --------------------------------------------------------------- */

static uint64_t offered;

/* Does all that makes no sense any more. */
static void misuse(cogo_context *ctx, const cogo_reason *reason, cogo_msg *msg)
{
    (void)reason;
    cogo_system *system = cogo_context_system(ctx);
    uint64_t number = 0;
    offered++;
    cr_expect_eq(cogo_stash(ctx, msg), COGO_EINVAL);
    cr_expect_eq(cogo_become(ctx, &heir_behavior), COGO_EINVAL);
    cr_expect_eq(cogo_timer_start(ctx, 1, 0, 0, &number), COGO_OK);
    cr_expect_eq(cogo_monitor(ctx, find_heir(ctx), &number), COGO_OK);
    cr_expect_eq(cogo_link(ctx, find_heir(ctx)), COGO_OK);
    cr_expect_eq(
        cogo_ask(ctx, find_heir(ctx), scene_msg_u64(system, QUERY, 0), SCENE_LONG_NS, &number),
        COGO_OK);
    cr_expect_eq(cogo_send(ctx, cogo_self(ctx), scene_msg_u64(system, ITEM, 0)), COGO_EGONE);
    cr_expect_eq(cogo_name_register(system, "ghost", cogo_self(ctx)), COGO_EGONE);
    cogo_exit(ctx, COGO_EXIT_KILLED, "again");
}

Test(undelivered, what_it_starts_for_the_actor_that_ended_ends_with_it)
{
    static const cogo_behavior clumsy = {.struct_size = sizeof(cogo_behavior),
                                         .name = "clumsy",
                                         .receive = leaver_receive,
                                         .undelivered = misuse};
    cogo_system *system = scene_open(1);
    offered = 0;
    cogo_actor_id heir_id = spawn_heir(system);
    cogo_actor_id first = scene_spawn(system, &clumsy, NULL, 0, 0);
    (void)drive(system, first);
    cr_expect_eq(cogo_system_await(system, heir_id, SCENE_LONG_NS, NULL), COGO_OK,
                 "it was linked");
    cr_expect_eq(offered, ITEMS + 1u);
    cogo_actor_id next = scene_spawn(system, &heir_behavior, NULL, 0, 0); // The same cell.
    cr_expect_eq(scene_ask_u64(system, next), 0u);
    scene_close(system);
}

static void only_count(cogo_context *ctx, const cogo_reason *reason, cogo_msg *msg)
{
    (void)ctx, (void)reason, (void)msg;
    offered++;
}

Test(undelivered, a_flood_is_offered_up_to_the_limit)
{
    static const cogo_behavior counting = {.struct_size = sizeof(cogo_behavior),
                                           .name = "counting",
                                           .receive = leaver_receive,
                                           .undelivered = only_count};
    cogo_system *system = scene_open(1);
    offered = 0;
    cogo_supervisor_spec spec = {.struct_size = sizeof spec};
    cogo_actor_id supervisor = COGO_NO_ACTOR;
    const cogo_child_spec child = {
        .id = "it",
        .backoff_min_ns = SCENE_LONG_NS, // Between two lives it only collects.
        .options = {.struct_size = sizeof(cogo_spawn_options), .behavior = &counting}};
    spec.children = &child;
    spec.child_count = 1;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &supervisor), COGO_OK);
    cogo_actor_id id = cogo_supervisor_child(system, supervisor, "it");
    cogo_system_send(system, id, cogo_msg_create(system, END, 0));
    cogo_actor_info info = {.struct_size = sizeof info};
    while (cogo_actor_info_read(system, id, &info) == COGO_OK
           && info.state != COGO_ACTOR_SUSPENDED) {
    }
    for (uint64_t i = 0; i < COGO_UNDELIVERED_MAX + 10u; i++) {
        cogo_system_send(system, id, scene_msg_u64(system, ITEM, i));
    }
    scene_close(system);
    cr_expect_eq(offered, COGO_UNDELIVERED_MAX);
}
