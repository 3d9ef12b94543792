/* Finite state machines. */
#include "tests/unit/runtime/scene.h"

#include <stdio.h>

/* A door with a code, as in the manual of gen_statem: buttons that are pressed while it is open
 * wait; it locks itself again. */
enum { BUTTON = COGO_MSG_USER, LOOK, ORDER };
enum { LOCKED, OPEN, BROKEN, STATES };
enum { RAISE_OPENED = 1, RAISE_LOOP };
#define CODE    UINT64_C(42)
#define OPEN_NS SCENE_MS

typedef struct door {
    cogo_fsm_core core;
    uint64_t right, wrong, opened, locked, raised, event_timeouts, own, infos;
    uint64_t last_button;
    bool disorder;
    char history[16]; /* First letters of the states it was in. */
} door;

static void note(door *d, char letter)
{
    size_t length = strlen(d->history);
    if (length < sizeof d->history - 1) {
        d->history[length] = letter;
    }
}

static cogo_err locked_enter(cogo_context *ctx, void *data, uint32_t from)
{
    door *d = data;
    d->locked++;
    note(d, from == LOCKED ? 'l' : 'L');
    cr_expect_eq(cogo_fsm_next(ctx, OPEN), COGO_ESTATE, "not while it enters");
    cr_expect_str_eq(cogo_fsm_state_name(ctx), "locked");
    return COGO_OK;
}

static cogo_err open_enter(cogo_context *ctx, void *data, uint32_t from)
{
    door *d = data;
    cr_expect_eq(from, (uint32_t)LOCKED);
    cr_expect_eq(cogo_fsm_postpone(ctx), COGO_ESTATE, "no event is being handled");
    d->opened++;
    note(d, 'O');
    return cogo_fsm_raise(ctx, RAISE_OPENED);
}

/* SCENE_ASK answers right + wrong * 100 + opened * 10^4 + locked * 10^6 + raised * 10^8 +
 * event time-outs * 10^10 + own ones * 10^12, or UINT64_MAX - 1 if buttons came in disorder. */
static cogo_err common(cogo_context *ctx, door *d, const cogo_fsm_event *event)
{
    if (event->kind == COGO_FSM_MESSAGE && cogo_msg_type_of(event->msg) == SCENE_ASK) {
        uint64_t value = d->right + d->wrong * 100 + d->opened * 10000 + d->locked * 1000000
                         + d->raised * 100000000 + d->event_timeouts * 10000000000
                         + d->own * 1000000000000;
        return scene_reply_u64(ctx, event->msg, d->disorder ? UINT64_MAX - 1 : value);
    }
    if (event->kind == COGO_FSM_TIMEOUT && event->number == COGO_FSM_TIMEOUT_EVENT) {
        d->event_timeouts++;
        cr_expect_eq(d->own, 1u, "a message came first");
        cogo_exit(ctx, COGO_EXIT_NORMAL, "both came");
    } else if (event->kind == COGO_FSM_TIMEOUT && event->number == COGO_FSM_TIMEOUT_OWN) {
        d->own++;
        return cogo_fsm_timeout_set(ctx, COGO_FSM_TIMEOUT_EVENT, 1);
    } else if (event->kind == COGO_FSM_RAISED && event->number == RAISE_LOOP) {
        return cogo_fsm_raise(ctx, RAISE_LOOP);
    } else if (event->kind == COGO_FSM_RAISED) {
        d->raised++;
    } else if (event->kind == COGO_FSM_MESSAGE && cogo_msg_type_of(event->msg) == ORDER) {
        cogo_err err = COGO_OK;
        for (int i = 0; i < COGO_FSM_RAISED_MAX; i++) {
            err = err == COGO_OK ? cogo_fsm_raise(ctx, (uint32_t)scene_u64(event->msg)) : err;
        }
        cr_expect_eq(err, COGO_OK);
        cr_expect_eq(cogo_fsm_raise(ctx, RAISE_OPENED), COGO_ELIMIT);
    }
    return COGO_OK;
}

static cogo_err locked_event(cogo_context *ctx, void *data, const cogo_fsm_event *event)
{
    door *d = data;
    if (event->kind != COGO_FSM_MESSAGE || cogo_msg_type_of(event->msg) != BUTTON) {
        return common(ctx, d, event);
    }
    uint64_t button = scene_u64(event->msg);
    d->disorder = d->disorder || (button % 1000 < d->last_button && d->last_button != 0);
    d->last_button = button % 1000;
    if (button / 1000 == CODE) {
        d->right++;
        cr_expect_eq(cogo_fsm_next(ctx, STATES), COGO_EINVAL);
        return cogo_fsm_next(ctx, OPEN);
    }
    d->wrong++;
    return cogo_fsm_next(ctx, LOCKED); // Where it is: nothing happens.
}

static cogo_err open_event(cogo_context *ctx, void *data, const cogo_fsm_event *event)
{
    if (event->kind == COGO_FSM_TIMEOUT && event->number == COGO_FSM_TIMEOUT_STATE) {
        cr_expect_eq(cogo_fsm_state_now(ctx), (uint32_t)OPEN);
        cr_expect_eq(cogo_fsm_postpone(ctx), COGO_ESTATE, "a time-out can't wait");
        return cogo_fsm_next(ctx, LOCKED);
    }
    if (event->kind == COGO_FSM_MESSAGE && cogo_msg_type_of(event->msg) == BUTTON) {
        return cogo_fsm_postpone(ctx);
    }
    return common(ctx, data, event);
}

static cogo_err broken_event(cogo_context *ctx, void *data, const cogo_fsm_event *event)
{
    return common(ctx, data, event);
}

static cogo_err door_init(cogo_context *ctx, void *data, const void *args)
{
    (void)data;
    const uint64_t *which = args;
    cr_expect_eq(cogo_fsm_timeout_set(ctx, COGO_FSM_TIMEOUTS_MAX, 1), COGO_EINVAL);
    if (which != NULL && *which == 99) {
        cr_expect_eq(cogo_fsm_timeout_set(ctx, COGO_FSM_TIMEOUT_OWN + 1, 1), COGO_OK);
        cogo_fsm_timeout_cancel(ctx, COGO_FSM_TIMEOUT_OWN + 1);
        cr_expect_eq(cogo_fsm_timeout_set(ctx, COGO_FSM_TIMEOUT_EVENT, 0), COGO_OK);
        cogo_send(ctx, cogo_self(ctx), cogo_msg_create(cogo_context_system(ctx), LOOK, 0));
        return cogo_fsm_timeout_set(ctx, COGO_FSM_TIMEOUT_OWN, 5 * SCENE_MS);
    }
    return which != NULL ? cogo_fsm_next(ctx, (uint32_t)*which) : COGO_OK;
}

static const cogo_fsm_state door_states[STATES] = {
    [LOCKED] = {"locked", locked_enter, locked_event, 0},
    [OPEN] = {"open", open_enter, open_event, OPEN_NS},
    [BROKEN] = {"broken", NULL, broken_event, 0},
};
static const cogo_fsm door_fsm = {
    .behavior = {.struct_size = sizeof(cogo_behavior),
                 .name = "door",
                 .state_size_bytes = sizeof(door),
                 .start = cogo_fsm_start,
                 .receive = cogo_fsm_receive},
    .table = {.struct_size = sizeof(cogo_fsm_table),
              .states = door_states,
              .state_count = STATES,
              .initial = LOCKED,
              .init = door_init},
};

static void press(cogo_system *system, cogo_actor_id to, uint64_t code, uint64_t number)
{
    cogo_system_send(system, to, scene_msg_u64(system, BUTTON, code * 1000 + number));
}

static uint64_t figures(uint64_t right, uint64_t wrong, uint64_t opened, uint64_t locked)
{
    return right + wrong * 100 + opened * 10000 + locked * 1000000 + opened * 100000000;
}

static void wait_for(cogo_system *system, cogo_actor_id id, uint64_t value)
{
    uint64_t seen = UINT64_MAX;
    for (int i = 0; i < 10000000 && seen != value; i++) {
        seen = scene_ask_u64(system, id);
    }
    cr_expect_eq(seen, value);
}

Test(fsm, postpones_what_comes_in_the_wrong_state_and_leaves_it_by_a_time_out)
{
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &door_fsm.behavior, NULL, 0, 0);
    press(system, id, 1, 1);
    press(system, id, CODE, 2);
    press(system, id, 2, 3); // These four wait until it is locked again.
    press(system, id, 3, 4);
    press(system, id, CODE, 5);
    press(system, id, 4, 6); // This one waits twice.
    wait_for(system, id, figures(2, 4, 2, 3));
    scene_close(system);
}

Test(fsm, raised_events_come_first_and_a_loop_of_them_ends_the_actor)
{
    cogo_system *system = scene_open(1);
    const uint64_t broken = BROKEN;
    cogo_actor_id id = scene_spawn(system, &door_fsm.behavior, &broken, sizeof broken, 0);
    cogo_system_send(system, id, scene_msg_u64(system, ORDER, RAISE_OPENED));
    cr_expect_eq(scene_ask_u64(system, id), COGO_FSM_RAISED_MAX * UINT64_C(100000000));
    cogo_system_send(system, id, scene_msg_u64(system, ORDER, RAISE_LOOP));
    cogo_reason reason = {.kind = COGO_EXIT_NORMAL};
    cogo_err err = cogo_system_await(system, id, SCENE_LONG_NS, &reason);
    cr_expect_eq(err, COGO_OK);
    cr_expect(reason.kind == COGO_EXIT_NOPROC || reason.err == COGO_ELIMIT);
    scene_close(system);
}

/* The one of an event was set before a message came: it never comes. The own one comes, sets it
 * again, and then nothing else happens. */
Test(fsm, a_time_out_of_an_event_ends_with_the_next_one_and_its_own_do_not)
{
    cogo_system *system = scene_open(1);
    const uint64_t with_timer = 99;
    cogo_actor_id id =
        scene_spawn(system, &door_fsm.behavior, &with_timer, sizeof with_timer, 0);
    cogo_reason reason = {.kind = COGO_EXIT_NORMAL};
    cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, &reason), COGO_OK);
    cr_expect(reason.kind == COGO_EXIT_NOPROC || strcmp(reason.text, "both came") == 0);
    scene_close(system);
}

Test(fsm, tables_that_make_no_sense_are_refused)
{
    cogo_system *system = scene_open(1);
    cogo_fsm wrong[4] = {door_fsm, door_fsm, door_fsm, door_fsm};
    static cogo_fsm_state nameless[1] = {{.name = "it"}};
    wrong[0].table.initial = STATES;
    wrong[1].table.states = nameless;
    wrong[1].table.state_count = 1;
    wrong[2].table.struct_size = 8;
    wrong[3].behavior.state_size_bytes = 8;
    for (int i = 0; i < 4; i++) {
        cogo_behavior *behavior = &wrong[i].behavior;
        cogo_actor_id watcher = COGO_NO_ACTOR;
        cogo_supervisor_spec spec = {.struct_size = sizeof spec,
                                     .intensity = COGO_INTENSITY_NONE};
        cogo_child_spec child = {
            .id = "it",
            .options = {.struct_size = sizeof(cogo_spawn_options), .behavior = behavior}};
        spec.children = &child;
        spec.child_count = 1;
        cr_expect_eq(cogo_supervisor_start(system, &spec, &watcher), COGO_OK);
        cr_expect_eq(cogo_system_await(system, watcher, SCENE_LONG_NS, NULL), COGO_OK,
                     "its child never begins");
    }
    scene_close(system);
}
