/* Messages that reached nobody: counted by reason, and told to who asked. */
#include "tests/unit/runtime/scene.h"

enum { JOB = COGO_MSG_USER, TRACE = 4711, MANY = 1000 };

typedef struct clerk {
    uint64_t letters, suppressed, reasons, traces;
} clerk;

/* reasons * 1e6 + letters, in one number; traces prove that the right ones came. */
static cogo_err clerk_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    clerk *c = state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, c->letters + c->suppressed);
    }
    if (cogo_msg_type_of(msg) == COGO_MSG_DEAD_LETTER) {
        const cogo_dead_letter *letter = cogo_msg_payload(msg);
        cr_expect_eq(letter->reason, COGO_DEAD_GONE);
        cr_expect_eq(letter->type, (cogo_msg_type)JOB);
        cr_expect_eq(letter->trace, (uint64_t)TRACE);
        c->letters++;
        c->suppressed += letter->suppressed;
    }
    return COGO_OK;
}

static const cogo_behavior clerk_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "clerk",
    .state_size_bytes = sizeof(clerk),
    .receive = clerk_receive,
};

static cogo_err ignore(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_OK;
}

static const cogo_behavior ignore_behavior = {
    .struct_size = sizeof(cogo_behavior), .name = "ignore", .receive = ignore};

static cogo_actor_id ended_actor(cogo_system *system)
{
    cogo_actor_id id = scene_spawn(system, &ignore_behavior, NULL, 0, 0);
    cogo_exit_actor(system, id, COGO_EXIT_KILLED, NULL);
    cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, NULL), COGO_OK);
    return id;
}

static void send_job(cogo_system *system, cogo_actor_id to)
{
    cogo_msg *msg = scene_msg_u64(system, JOB, 0);
    cogo_msg_set_trace(msg, TRACE);
    cr_expect_eq(cogo_system_send(system, to, msg), COGO_EGONE);
}

Test(dead_letter, a_subscriber_hears_what_for_whom_and_why)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id gone = ended_actor(system);
    cogo_actor_id clerk_id = scene_spawn(system, &clerk_behavior, NULL, 0, 0);
    cr_expect_eq(cogo_dead_letter_subscribe(system, clerk_id, 0), COGO_OK);
    send_job(system, gone);
    cr_expect_eq(scene_ask_u64(system, clerk_id), 1u);
    cr_expect_eq(cogo_dead_letter_unsubscribe(system, clerk_id), COGO_OK);
    cr_expect_eq(cogo_dead_letter_unsubscribe(system, clerk_id), COGO_ENOTFOUND);
    send_job(system, gone);
    cr_expect_eq(scene_ask_u64(system, clerk_id), 1u);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.dead_letters_by[COGO_DEAD_GONE], 2u);
    scene_close(system);
}

/* A flood of dead letters must not become a flood of reports. */
Test(dead_letter, reports_are_limited_and_say_how_many_were_left_out)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id gone = ended_actor(system);
    cogo_actor_id clerk_id = scene_spawn(system, &clerk_behavior, NULL, 0, 0);
    cr_expect_eq(cogo_dead_letter_subscribe(system, clerk_id, 10), COGO_OK);
    for (int i = 0; i < MANY; i++) {
        send_job(system, gone);
    }
    uint64_t told = scene_ask_u64(system, clerk_id); // With those that the last one counted.
    cr_expect_leq(told, (uint64_t)MANY);
    cr_expect_geq(told, 10u);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    cr_expect_eq(stats.dead_letters_by[COGO_DEAD_GONE], (uint64_t)MANY);
    cr_expect_lt(stats.messages_handled, (uint64_t)MANY, "reports were left out");
    scene_close(system);
}

Test(dead_letter, a_subscriber_that_ended_makes_room_for_another)
{
    cogo_system *system = scene_open(1);
    for (int i = 0; i < 8; i++) {
        cogo_actor_id id = scene_spawn(system, &ignore_behavior, NULL, 0, 0);
        cr_expect_eq(cogo_dead_letter_subscribe(system, id, 1), COGO_OK);
        if (i < 4) {
            cogo_exit_actor(system, id, COGO_EXIT_KILLED, NULL);
            cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, NULL), COGO_OK);
        }
    }
    for (int i = 0; i < 5; i++) {
        cogo_actor_id id = scene_spawn(system, &ignore_behavior, NULL, 0, 0);
        cr_expect_eq(cogo_dead_letter_subscribe(system, id, 1), i < 4 ? COGO_OK : COGO_ELIMIT);
    }
    cr_expect_eq(cogo_dead_letter_subscribe(system, COGO_NO_ACTOR, 1), COGO_EGONE);
    scene_close(system);
}

Test(dead_letter, every_reason_has_a_name_of_its_own)
{
    for (int a = COGO_DEAD_GONE; a <= COGO_DEAD_REFUSED; a++) {
        cr_expect(strcmp(cogo_dead_reason_name((cogo_dead_reason)a), "unknown") != 0);
        for (int b = COGO_DEAD_GONE; b < a; b++) {
            cr_expect(strcmp(cogo_dead_reason_name((cogo_dead_reason)a),
                             cogo_dead_reason_name((cogo_dead_reason)b))
                      != 0);
        }
    }
    cr_expect_str_eq(cogo_dead_reason_name((cogo_dead_reason)99), "unknown");
}
