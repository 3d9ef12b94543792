/* Supervisors. */
#include "tests/unit/runtime/scene.h"

#include <stdatomic.h>
#include <stdio.h>

enum { FAIL = COGO_MSG_USER, WELL, PUT };

/* What all children of one test write down: a letter when one starts, a small one when it
 * stops. */
typedef struct book {
    _Atomic(uint32_t) count;
    _Atomic(char) text[64];
} book;

static void note(book *b, char what)
{
    uint32_t at = atomic_fetch_add_explicit(&b->count, 1, memory_order_relaxed);
    if (at < sizeof b->text) {
        atomic_store_explicit(&b->text[at], what, memory_order_relaxed);
    }
}

static void text_of(book *b, char out[65])
{
    for (size_t i = 0; i < 64; i++) {
        out[i] = atomic_load_explicit(&b->text[i], memory_order_relaxed);
    }
    out[64] = '\0';
}

typedef struct child_args {
    book *book;
    char letter;
} child_args;

typedef struct child_state {
    child_args args;
    uint64_t sum;
} child_state;

static cogo_err child_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    child_state *c = state;
    c->args = *(const child_args *)args;
    note(c->args.book, c->args.letter);
    return COGO_OK;
}

static cogo_err child_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    child_state *c = state;
    if (cogo_msg_type_of(msg) == PUT) {
        c->sum += scene_u64(msg);
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, c->sum);
    }
    if (cogo_msg_type_of(msg) == WELL) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
        return COGO_OK;
    }
    return COGO_EIO;
}

static void child_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)ctx;
    (void)reason;
    child_state *c = state;
    note(c->args.book, (char)(c->args.letter + ('a' - 'A')));
}

static const cogo_behavior child_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "child",
    .state_size_bytes = sizeof(child_state),
    .start = child_start,
    .receive = child_receive,
    .stop = child_stop,
};

typedef struct family {
    book book;
    child_args args[3];
    cogo_child_spec children[3];
    cogo_system *system;
    cogo_actor_id supervisor;
} family;

static void family_open(family *f, cogo_strategy strategy, cogo_restart restart,
                        uint32_t intensity, uint64_t backoff_ns)
{
    static const char *const ids[] = {"A", "B", "C"};
    memset(f, 0, sizeof *f);
    f->system = scene_open(2);
    for (size_t i = 0; i < 3; i++) {
        f->args[i] = (child_args){&f->book, ids[i][0]};
        f->children[i] = (cogo_child_spec){
            .id = ids[i],
            .options = {.struct_size = sizeof(cogo_spawn_options),
                        .behavior = &child_behavior,
                        .args = &f->args[i],
                        .args_size_bytes = sizeof(child_args)},
            .restart = restart,
            .backoff_min_ns = backoff_ns,
        };
    }
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec,
        .strategy = strategy,
        .intensity = intensity,
        .period_ns = SCENE_LONG_NS,
        .children = f->children,
        .child_count = 3,
    };
    cr_expect_eq(cogo_supervisor_start(f->system, &spec, &f->supervisor), COGO_OK);
    for (size_t i = 0; i < 3; i++) { // All have started.
        cr_expect_eq(
            scene_ask_u64(f->system, cogo_supervisor_child(f->system, f->supervisor, ids[i])),
            0u);
    }
}

static cogo_actor_id child_of(family *f, const char *id)
{
    return cogo_supervisor_child(f->system, f->supervisor, id);
}

static void tell(family *f, const char *id, cogo_msg_type type)
{
    cogo_system_send(f->system, child_of(f, id), cogo_msg_create(f->system, type, 0));
}

/* Until the book has @p count notes; the children say when. */
static void wait_notes(family *f, uint32_t count)
{
    while (atomic_load_explicit(&f->book.count, memory_order_relaxed) < count) {
        (void)scene_ask_u64(f->system, child_of(f, "A"));
    }
}

static void expect_notes(family *f, const char *expected, size_t from)
{
    char text[65];
    text_of(&f->book, text);
    cr_expect_str_eq(text + from, expected, "%s", text);
}

Test(supervisor, one_for_one_restarts_only_the_one_that_failed)
{
    family f;
    family_open(&f, COGO_ONE_FOR_ONE, COGO_RESTART_PERMANENT, 3, 0);
    cogo_actor_id before = child_of(&f, "B");
    tell(&f, "B", FAIL);
    wait_notes(&f, 5);
    expect_notes(&f, "bB", 3);
    cr_expect(cogo_actor_id_equal(before, child_of(&f, "B")), "it keeps its id");
    scene_close(f.system);
    expect_notes(&f, "cba", 5);
}

Test(supervisor, the_mailbox_survives_a_restart_but_the_poison_and_the_state_do_not)
{
    family f;
    family_open(&f, COGO_ONE_FOR_ONE, COGO_RESTART_PERMANENT, 3, 20 * SCENE_MS);
    cogo_actor_id b = child_of(&f, "B");
    cogo_system_send(f.system, b, scene_msg_u64(f.system, PUT, 1000));
    cogo_system_send(f.system, b, cogo_msg_create(f.system, FAIL, 0));
    for (uint64_t i = 1; i <= 10; i++) { // While it is down, because of the backoff.
        cogo_system_send(f.system, b, scene_msg_u64(f.system, PUT, i));
    }
    cr_expect_eq(scene_ask_u64(f.system, b), 55u);
    cr_expect_eq(atomic_load_explicit(&f.book.count, memory_order_relaxed), 5u, "one restart");
    scene_close(f.system);
}

Test(supervisor, one_for_all_stops_in_reverse_and_starts_in_order)
{
    family f;
    family_open(&f, COGO_ONE_FOR_ALL, COGO_RESTART_PERMANENT, 3, 0);
    tell(&f, "B", FAIL);
    wait_notes(&f, 9);
    char text[65];
    text_of(&f.book, text);
    cr_expect(memcmp(text + 3, "bca", 3) == 0, "%s", text);
    cr_expect(memchr(text + 6, 'A', 3) != NULL && memchr(text + 6, 'B', 3) != NULL
              && memchr(text + 6, 'C', 3) != NULL);
    scene_close(f.system);
    expect_notes(&f, "cba", 9);
}

Test(supervisor, rest_for_one_leaves_the_elder_alone)
{
    family f;
    family_open(&f, COGO_REST_FOR_ONE, COGO_RESTART_PERMANENT, 3, 0);
    tell(&f, "B", FAIL);
    wait_notes(&f, 7);
    char text[65];
    text_of(&f.book, text);
    cr_expect(memcmp(text + 3, "bc", 2) == 0, "%s", text);
    cr_expect_null(memchr(text + 3, 'A', 4));
    scene_close(f.system);
}

Test(supervisor, transient_children_may_end_well_and_temporary_ones_anyhow)
{
    family f;
    family_open(&f, COGO_ONE_FOR_ONE, COGO_RESTART_TRANSIENT, 3, 0);
    cogo_actor_id b = child_of(&f, "B");
    tell(&f, "B", WELL);
    while (cogo_actor_id_is_set(child_of(&f, "B"))) {
        (void)scene_ask_u64(f.system, child_of(&f, "A"));
    }
    cr_expect_eq(cogo_system_await(f.system, b, SCENE_LONG_NS, NULL), COGO_OK);
    cr_expect_eq(cogo_system_send(f.system, b, cogo_msg_create(f.system, PUT, 8)), COGO_EGONE);
    tell(&f, "C", FAIL);
    wait_notes(&f, 6);
    expect_notes(&f, "bcC", 3);
    scene_close(f.system);
}

Test(supervisor, too_many_restarts_end_it_and_all_children)
{
    family f;
    family_open(&f, COGO_ONE_FOR_ONE, COGO_RESTART_PERMANENT, 2, 0);
    cogo_actor_id supervisor = f.supervisor, b = child_of(&f, "B");
    for (int i = 0; i < 3; i++) {
        cogo_system_send(f.system, b, cogo_msg_create(f.system, FAIL, 0));
    }
    cr_expect_eq(cogo_system_await(f.system, supervisor, SCENE_LONG_NS, NULL), COGO_OK);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    do {
        cogo_system_stats_read(f.system, &stats);
    } while (stats.actors != 0);
    cr_expect_eq(stats.restarts, 2u);
    expect_notes(&f, "bBbBbca", 3);
    scene_close(f.system);
}

Test(supervisor, a_killed_one_takes_its_children_along)
{
    family f;
    family_open(&f, COGO_ONE_FOR_ONE, COGO_RESTART_PERMANENT, 2, SCENE_LONG_NS);
    tell(&f, "B", FAIL); // Down, and waits for its backoff.
    cogo_exit_actor(f.system, f.supervisor, COGO_EXIT_KILLED, NULL);
    cogo_system_stats stats = {.struct_size = sizeof stats};
    do {
        cogo_system_stats_read(f.system, &stats);
    } while (stats.actors != 0);
    scene_close(f.system);
}

Test(supervisor, children_are_added_and_removed)
{
    family f;
    family_open(&f, COGO_ONE_FOR_ONE, COGO_RESTART_PERMANENT, 2, 0);
    child_args args = {&f.book, 'D'};
    cogo_child_spec d = f.children[0];
    d.id = "D";
    d.options.args = &args;
    cr_expect_eq(cogo_supervisor_add(f.system, f.supervisor, &d), COGO_OK);
    while (!cogo_actor_id_is_set(child_of(&f, "D"))) {
        (void)scene_ask_u64(f.system, child_of(&f, "A"));
    }
    (void)scene_ask_u64(f.system, child_of(&f, "D")); // It has started.
    cr_expect_eq(cogo_supervisor_remove(f.system, f.supervisor, "B"), COGO_OK);
    while (cogo_actor_id_is_set(child_of(&f, "B"))) {
        (void)scene_ask_u64(f.system, child_of(&f, "A"));
    }
    cr_expect_eq(cogo_supervisor_remove(f.system, child_of(&f, "A"), "B"), COGO_EGONE);
    scene_close(f.system);
    expect_notes(&f, "Dbdca", 3);
}

Test(supervisor, bad_specs_start_nothing)
{
    family f;
    family_open(&f, COGO_ONE_FOR_ONE, COGO_RESTART_PERMANENT, 2, 0);
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = f.children, .child_count = 2};
    f.children[1].id = "A";
    cogo_actor_id id = COGO_NO_ACTOR;
    cr_expect_eq(cogo_supervisor_start(f.system, &spec, &id), COGO_EINVAL);
    f.children[1].id = "B";
    f.children[0].options.name = "same";
    f.children[1].options.name = "same";
    cr_expect_eq(cogo_supervisor_start(f.system, &spec, &id), COGO_EEXIST);
    cr_expect_not(cogo_actor_id_is_set(cogo_name_find(f.system, "same")));
    cr_expect_eq(atomic_load_explicit(&f.book.count, memory_order_relaxed), 3u);
    scene_close(f.system);
}

static cogo_err parent_start(cogo_context *ctx, void *state, const void *args)
{
    const child_args *a = args;
    cogo_actor_id *supervisor = state;
    cogo_child_spec child = {
        .id = "only",
        .options = {.struct_size = sizeof(cogo_spawn_options),
                    .behavior = &child_behavior,
                    .args = a,
                    .args_size_bytes = sizeof *a},
    };
    cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = &child, .child_count = 1};
    cr_expect_eq(cogo_system_await(cogo_context_system(ctx), cogo_self(ctx), 1, NULL),
                 COGO_ESTATE, "a lane may not block");
    return cogo_supervisor_start_link(ctx, &spec, supervisor);
}

static const cogo_behavior parent_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "parent",
    .state_size_bytes = sizeof(cogo_actor_id),
    .start = parent_start,
    .receive = child_receive,
};

Test(supervisor, a_linked_one_ends_with_its_parent_and_its_children_with_it)
{
    static book b;
    memset(&b, 0, sizeof b);
    child_args args = {&b, 'A'};
    cogo_system *system = scene_open(2);
    cogo_actor_id id = scene_spawn(system, &parent_behavior, &args, sizeof args, 0);
    while (atomic_load_explicit(&b.count, memory_order_relaxed) < 1) {
        cogo_actor_info info = {.struct_size = sizeof info};
        cr_assert_eq(cogo_actor_info_read(system, id, &info), COGO_OK);
    }
    cogo_exit_actor(system, id, COGO_EXIT_ERROR, "over");
    cogo_system_stats stats = {.struct_size = sizeof stats};
    do {
        cogo_system_stats_read(system, &stats);
    } while (stats.actors != 0);
    cr_expect_eq(atomic_load_explicit(&b.count, memory_order_relaxed), 2u);
    scene_close(system);
}
