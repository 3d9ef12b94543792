/* Trees in trouble: children that can't begin, that are temporary in a group that restarts, or
 * that fail while their supervisor ends. */
#include "tests/unit/runtime/inside.h"

#include <sched.h>

enum { FAIL = COGO_MSG_USER, STALL };

/* Fails when told, or does not end when asked to until it fails. */
static cogo_err child_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    switch (cogo_msg_type_of(msg)) {
    case FAIL:
        return COGO_EIO;
    case STALL:
        cogo_trap_exit(ctx, true);
        return COGO_OK;
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, 1);
    default:
        return COGO_OK;
    }
}

static const cogo_behavior plain = {
    .struct_size = sizeof plain, .name = "plain", .receive = child_receive};

static cogo_child_spec child_of(const char *id)
{
    return (cogo_child_spec){
        .id = id, .options = {.struct_size = sizeof(cogo_spawn_options), .behavior = &plain}};
}

static cogo_supervisor_spec tree_of(const cogo_child_spec *children, size_t count)
{
    return (cogo_supervisor_spec){.struct_size = sizeof(cogo_supervisor_spec),
                                  .intensity = 10,
                                  .children = children,
                                  .child_count = count};
}

static cogo_actor_id begin(cogo_system *system, const cogo_supervisor_spec *spec)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cr_expect_eq(cogo_supervisor_start(system, spec, &id), COGO_OK);
    return id;
}

static void tell(cogo_system *system, cogo_actor_id to, cogo_msg_type what)
{
    cr_expect_eq(cogo_system_send(system, to, cogo_msg_create(system, what, 0)), COGO_OK);
}

static void await_restart(cogo_system *system, cogo_actor_id id)
{
    cogo_actor_info info = {.struct_size = sizeof info};
    while (cogo_actor_info_read(system, id, &info) != COGO_OK || info.restarts == 0) {
        sched_yield();
    }
}

Test(tree_fault, a_temporary_child_does_not_come_back_with_its_group)
{
    cogo_system *system = scene_open(1);
    cogo_child_spec children[] = {child_of("a"), child_of("guest"), child_of("b")};
    children[1].restart = COGO_RESTART_TEMPORARY;
    cogo_supervisor_spec spec = tree_of(children, 3);
    spec.strategy = COGO_ONE_FOR_ALL;
    cogo_actor_id top = begin(system, &spec);
    cogo_actor_id a = cogo_supervisor_child(system, top, "a");
    cogo_actor_id guest = cogo_supervisor_child(system, top, "guest");
    tell(system, cogo_supervisor_child(system, top, "b"), FAIL);
    await_restart(system, a);
    cr_expect_eq(cogo_system_await(system, guest, SCENE_LONG_NS, NULL), COGO_OK);
    cogo_child_answer answer;
    const cogo_child_order count = {.struct_size = sizeof count, .action = COGO_CHILD_COUNT};
    cr_expect_eq(
        cogo_system_supervisor_order(system, top, &count, SCENE_LONG_NS, &answer, NULL, 0),
        COGO_OK);
    cr_expect(answer.specs == 2 && answer.active == 2);
    cr_expect_not(cogo_actor_id_is_set(cogo_supervisor_child(system, top, "guest")));
    scene_close(system);
}

/* The last one does not end at once; meanwhile the first one fails, and is left down. */
Test(tree_fault, what_fails_while_its_supervisor_ends_is_not_restarted)
{
    cogo_system *system = scene_open(1);
    const cogo_child_spec children[] = {child_of("a"), child_of("b")};
    const cogo_supervisor_spec spec = tree_of(children, 2);
    cogo_actor_id top = begin(system, &spec);
    cogo_actor_id a = cogo_supervisor_child(system, top, "a");
    cogo_actor_id b = cogo_supervisor_child(system, top, "b");
    tell(system, b, STALL);
    cr_expect_eq(scene_ask_u64(system, b), 1u);
    cogo_exit_actor(system, top, COGO_EXIT_SHUTDOWN, "enough");
    const cogo_child_order look = {
        .struct_size = sizeof look, .action = COGO_CHILD_RESTART, .id = "nobody"};
    cogo_err err = COGO_OK;
    while (err != COGO_ESTATE) { // It ends.
        err = cogo_system_supervisor_order(system, top, &look, SCENE_LONG_NS, NULL, NULL, 0);
    }
    tell(system, a, FAIL);
    cogo_actor_info info = {.struct_size = sizeof info};
    while (cogo_actor_info_read(system, a, &info) == COGO_OK
           && info.state != COGO_ACTOR_SUSPENDED) {
        sched_yield();
    }
    tell(system, b, FAIL);
    cr_expect_eq(cogo_system_await(system, top, SCENE_LONG_NS, NULL), COGO_OK);
    cr_expect_eq(cogo_system_await(system, a, SCENE_LONG_NS, NULL), COGO_OK);
    scene_close(system);
}

/* With that reason, unless it had ended before anybody could wait for it. */
static void expect_given_up(cogo_system *system, cogo_actor_id top, const char *text)
{
    cogo_reason why = {.kind = COGO_EXIT_NORMAL};
    cr_expect_eq(cogo_system_await(system, top, SCENE_LONG_NS, &why), COGO_OK);
    cr_expect(why.kind == COGO_EXIT_NOPROC
              || (why.err == COGO_ELIMIT && strcmp(why.text, text) == 0));
}

/* A name that somebody else has: neither at first, nor below another supervisor. */
static void start_linked(cogo_context *ctx, void *arg)
{
    cogo_child_spec children[] = {child_of("a"), child_of("b")};
    cogo_supervisor_spec spec = tree_of(children, 2);
    (void)arg;
    children[1].options.name = "taken";
    cr_expect_eq(cogo_supervisor_start_link(ctx, &spec, NULL), COGO_EEXIST);
    children[1].options.name = NULL;
    cr_expect_eq(cogo_supervisor_start_link(ctx, &spec, NULL), COGO_OK);
}

Test(tree_fault, a_tree_one_of_whose_children_can_not_begin_does_not_begin)
{
    cogo_system *system = scene_open(1);
    cogo_actor_id other = scene_spawn(system, &plain, NULL, 0, 0);
    cr_expect_eq(cogo_name_register(system, "taken", other), COGO_OK);
    inside(system, start_linked, NULL);
    cogo_child_spec low = child_of("low");
    low.options.name = "taken";
    const cogo_supervisor_spec below = tree_of(&low, 1);
    cogo_child_spec middle = child_of("middle");
    middle.options.behavior = cogo_supervisor_behavior();
    middle.options.args = &below;
    middle.options.args_size_bytes = sizeof below;
    cogo_supervisor_spec spec = tree_of(&middle, 1);
    cogo_actor_id top = begin(system, &spec);
    expect_given_up(system, top, "child middle failed too often");
    cogo_child_spec model = child_of(NULL);
    spec = tree_of(&model, 1);
    spec.strategy = COGO_SIMPLE_ONE_FOR_ONE;
    spec.intensity = COGO_INTENSITY_NONE;
    top = begin(system, &spec);
    cogo_child_answer answer = {.err = COGO_OK};
    cogo_child_order start = {.struct_size = sizeof start, .action = COGO_CHILD_START};
    cr_expect_eq(
        cogo_system_supervisor_order(system, top, &start, SCENE_LONG_NS, &answer, NULL, 0),
        COGO_OK);
    tell(system, answer.actor, FAIL);
    expect_given_up(system, top, "child  failed too often");
    scene_close(system);
}

Test(tree_fault, specs_with_figures_that_mean_nothing_are_refused)
{
    cogo_system *system = scene_open(1);
    cogo_child_spec child = child_of("a");
    cogo_supervisor_spec spec = tree_of(&child, 1);
    cogo_actor_id id = COGO_NO_ACTOR;
    child.restart = (cogo_restart)99;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = child_of("a");
    child.flags = 1u << 30;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = child_of("a");
    spec.struct_size = 8;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    spec = tree_of(&child, 1);
    id = begin(system, &spec);
    cr_expect_eq(cogo_supervisor_add(system, id, NULL), COGO_EINVAL);
    child.options.struct_size = 3;
    cr_expect_eq(cogo_supervisor_add(system, id, &child), COGO_EINVAL);
    child = child_of("a");
    child.options.behavior = cogo_supervisor_behavior(); // Of what?
    cr_expect_eq(cogo_supervisor_add(system, id, &child), COGO_EINVAL);
    cogo_actor_id elsewhere = id;
    elsewhere.node = 3;
    cr_expect_not(cogo_actor_id_is_set(cogo_supervisor_child(system, elsewhere, "a")));
    scene_close(system);
}
