/* What a program gets that calls us wrongly: the error that the header promises, at once, and
 * nothing begun, kept or lost. Here: by supervisors and pools. */
#include "tests/unit/runtime/refusal.h"

static cogo_child_spec child_of(const char *id)
{
    return (cogo_child_spec){
        .id = id, .options = {.struct_size = sizeof(cogo_spawn_options), .behavior = &plain}};
}

typedef struct family {
    cogo_actor_id top;
} family;

static void order_wrongly(cogo_context *ctx, void *arg)
{
    const family *f = arg;
    cogo_system *system = cogo_context_system(ctx);
    cogo_child_spec bad = child_of(NULL);
    uint64_t ask = 0;
    cogo_child_order wrong[] = {
        {.struct_size = 4, .action = COGO_CHILD_COUNT},
        {.struct_size = sizeof wrong[0], .action = COGO_CHILD_COUNT, .id = "named"},
        {.struct_size = sizeof wrong[0], .action = COGO_CHILD_TERMINATE},
        {.struct_size = sizeof wrong[0], .action = (cogo_child_action)99},
        {.struct_size = sizeof wrong[0], .action = COGO_CHILD_COUNT, .args = "args"},
        {.struct_size = sizeof wrong[0], .action = COGO_CHILD_COUNT, .spec = &bad},
        {.struct_size = sizeof wrong[0], .action = COGO_CHILD_START, .spec = &bad},
        {.struct_size = sizeof wrong[0], .action = COGO_CHILD_START, .args_size_bytes = 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cr_expect_eq(cogo_supervisor_order(ctx, f->top, &wrong[i], SCENE_MS, &ask), COGO_EINVAL,
                     "order %zu", i);
    }
    cogo_child_order count = {.struct_size = sizeof count, .action = COGO_CHILD_COUNT};
    cr_expect_eq(cogo_supervisor_order(ctx, f->top, NULL, SCENE_MS, &ask), COGO_EINVAL);
    cr_expect_eq(cogo_supervisor_order(ctx, cogo_self(ctx), &count, SCENE_MS, &ask), COGO_EGONE,
                 "this is no supervisor");
    cr_expect_eq(cogo_supervisor_order(ctx, f->top, &count, SCENE_LONG_NS, &ask), COGO_OK);
    bad = child_of("new");
    cr_expect_eq(cogo_supervisor_add(system, cogo_self(ctx), &bad), COGO_EGONE);
    cr_expect_eq(cogo_supervisor_remove(system, f->top, NULL), COGO_EINVAL);
    cr_expect_not(cogo_actor_id_is_set(cogo_supervisor_child(system, f->top, NULL)));
    cr_expect_not(cogo_actor_id_is_set(cogo_supervisor_child(system, f->top, "unknown")));
}

Test(refusal, orders_to_supervisors_that_make_no_sense)
{
    cogo_system *system = scene_open(1);
    cogo_child_spec children[] = {child_of("one"), child_of("two")};
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = children, .child_count = 2};
    family f;
    cr_assert_eq(cogo_supervisor_start(system, &spec, &f.top), COGO_OK);
    inside(system, order_wrongly, &f);
    cogo_child_order nothing = {.struct_size = sizeof nothing, .action = COGO_CHILD_START};
    cogo_child_answer answer;
    cr_expect_eq(
        cogo_system_supervisor_order(system, f.top, &nothing, SCENE_LONG_NS, &answer, NULL, 0),
        COGO_EINVAL, "what to start is not said");
    cogo_child_spec important = child_of("important");
    important.restart = COGO_RESTART_TRANSIENT;
    important.flags = COGO_CHILD_SIGNIFICANT;
    nothing.spec = &important;
    cr_expect_eq(
        cogo_system_supervisor_order(system, f.top, &nothing, SCENE_LONG_NS, NULL, NULL, 0),
        COGO_EINVAL, "nothing here ends with a significant child");
    cogo_child_info list[1];
    cogo_child_order all = {.struct_size = sizeof all, .action = COGO_CHILD_LIST};
    cr_expect_eq(
        cogo_system_supervisor_order(system, f.top, &all, SCENE_LONG_NS, &answer, list, 1),
        COGO_OK);
    cr_expect_eq(answer.listed, 2u, "how many there are, also without room for them");
    scene_close(system);
}

Test(refusal, trees_that_can_not_be)
{
    cogo_system *system = scene_open(1);
    const cogo_child_spec good = child_of("one");
    cogo_child_spec child = good;
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = &child, .child_count = 1};
    cogo_actor_id id = COGO_NO_ACTOR;
    cr_expect_eq(cogo_supervisor_start(system, NULL, &id), COGO_EINVAL);
    child.id = "";
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child.id = too_long();
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = good;
    child.options.behavior = NULL;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = good;
    child.options.args_size_bytes = 1;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = good;
    child.options.struct_size = 3;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child.options.struct_size = sizeof(cogo_spawn_options) + 1;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = good;
    child.options.behavior = cogo_supervisor_behavior();
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = good;
    spec.intensity = UINT32_MAX - 1;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    spec.intensity = 0;
    spec.children = NULL;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    cr_expect_not(cogo_actor_id_is_set(id));
    cr_expect_eq(cogo_supervisor_add(system, id, NULL), COGO_EINVAL);
    scene_close(system);
}

Test(refusal, pools_that_can_not_be)
{
    cogo_system *system = scene_open(1);
    const cogo_pool_spec good = {
        .struct_size = sizeof good,
        .worker = {.struct_size = sizeof(cogo_spawn_options), .behavior = &plain},
        .size = 1};
    cogo_pool_spec s = good;
    cogo_actor_id id = COGO_NO_ACTOR, self = scene_spawn(system, &plain, NULL, 0, 0);
    cogo_pool_stats stats;
    cr_expect_eq(cogo_pool_start(system, NULL, &id), COGO_EINVAL);
    s.struct_size = 4;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s = good;
    s.size = 0;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s.size = UINT32_MAX;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s = good;
    s.worker.behavior = NULL;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s = good;
    s.worker.struct_size = 4;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s = good;
    s.worker.args_size_bytes = 4;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s = good;
    s.routing = (cogo_routing)99;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    s = good;
    s.load_percent = 50;
    cr_expect_eq(cogo_pool_start(system, &s, &id), COGO_EINVAL);
    cr_expect_not(cogo_actor_id_is_set(id));
    cr_expect_eq(cogo_pool_resize(system, self, 0), COGO_EINVAL);
    cr_expect_eq(cogo_pool_resize(system, self, UINT32_MAX), COGO_EINVAL);
    cr_expect_eq(cogo_pool_resize(system, self, 1), COGO_EGONE, "this is no pool");
    cr_expect_eq(cogo_pool_stats_read(system, self, SCENE_MS, NULL), COGO_EINVAL);
    cr_expect_eq(cogo_pool_stats_read(system, self, SCENE_MS, &stats), COGO_EGONE);
    scene_close(system);
}
