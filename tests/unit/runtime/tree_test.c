/* Trees of supervisors: nested and simple ones, orders, shutdown, significant children, and
 * what a restart keeps. */
#include "tests/unit/runtime/inside.h"

#include <stdatomic.h>
#include <stdio.h>

enum { FAIL = COGO_MSG_USER, WELL, PUT, HOLD, STUBBORN };

/* What the actors of one test write down. */
typedef struct log {
    _Atomic(uint32_t) starts, stops, puts, disorder, fails, held;
    _Atomic(uint32_t) release;
    _Atomic(uint64_t) last;
    _Atomic(uint32_t) ended[8]; /**< Kinds of reasons. */
} log;

static uint32_t seen(_Atomic(uint32_t) *n)
{
    return atomic_load_explicit(n, memory_order_acquire);
}

static void add(_Atomic(uint32_t) *n)
{
    (void)atomic_fetch_add_explicit(n, 1, memory_order_acq_rel);
}

typedef struct unit {
    log *log;
    bool stubborn;
} unit;

static cogo_err unit_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    unit *u = state;
    memcpy(&u->log, args, sizeof(log *));
    add(&u->log->starts);
    return COGO_OK;
}

static cogo_err unit_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    unit *u = state;
    switch (cogo_msg_type_of(msg)) {
    case PUT: {
        uint64_t value = scene_u64(msg);
        uint64_t last = atomic_exchange_explicit(&u->log->last, value, memory_order_acq_rel);
        if (value <= last) {
            add(&u->log->disorder);
        }
        add(&u->log->puts);
        return COGO_OK;
    }
    case HOLD: // Until the test has seen it here and lets it go on.
        add(&u->log->held);
        while (seen(&u->log->release) == 0) {
        }
        return COGO_OK;
    case STUBBORN: // Ends for KILLED only.
        cogo_trap_exit(ctx, true);
        return COGO_OK;
    case WELL:
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
        return COGO_OK;
    case FAIL:
        add(&u->log->fails);
        return COGO_EIO;
    case SCENE_ASK:
        return scene_reply_u64(ctx, msg, seen(&u->log->puts));
    default:
        return COGO_OK;
    }
}

static void unit_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)ctx;
    unit *u = state;
    add(&u->log->stops);
    add(&u->log->ended[reason->kind]);
}

static const cogo_behavior unit_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "unit",
    .state_size_bytes = sizeof(unit),
    .start = unit_start,
    .receive = unit_receive,
    .stop = unit_stop,
};

static cogo_child_spec unit_child(const char *id, log **l, cogo_restart restart)
{
    return (cogo_child_spec){
        .id = id,
        .options = {.struct_size = sizeof(cogo_spawn_options),
                    .behavior = &unit_behavior,
                    .args = l,
                    .args_size_bytes = sizeof *l},
        .restart = restart,
    };
}

static cogo_child_spec tree_child(const char *id, const cogo_supervisor_spec *spec)
{
    return (cogo_child_spec){
        .id = id,
        .options = {.struct_size = sizeof(cogo_spawn_options),
                    .behavior = cogo_supervisor_behavior(),
                    .args = spec,
                    .args_size_bytes = sizeof *spec},
    };
}

static cogo_supervisor_spec spec_of(cogo_strategy strategy, const cogo_child_spec *children,
                                    size_t count)
{
    return (cogo_supervisor_spec){.struct_size = sizeof(cogo_supervisor_spec),
                                  .strategy = strategy,
                                  .intensity = 3,
                                  .period_ns = SCENE_LONG_NS,
                                  .children = children,
                                  .child_count = count};
}

static cogo_actor_id start(cogo_system *system, const cogo_supervisor_spec *spec)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cr_expect_eq(cogo_supervisor_start(system, spec, &id), COGO_OK);
    return id;
}

static cogo_child_answer order(cogo_system *system, cogo_actor_id sup, cogo_child_order o)
{
    cogo_child_answer answer = {.err = COGO_EFAULT};
    o.struct_size = sizeof o;
    cogo_err err =
        cogo_system_supervisor_order(system, sup, &o, SCENE_LONG_NS, &answer, NULL, 0);
    cr_expect_eq(err, answer.err);
    return answer;
}

static void wait_for(_Atomic(uint32_t) *n, uint32_t least)
{
    while (seen(n) < least) {
    }
}

/* kameo#335: messages that waited were lost when their actor was restarted. */
Test(restart, ten_thousand_waiting_messages_survive_in_order_and_the_poison_does_not)
{
    enum { WAITING = 10000 };
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(2);
    cogo_child_spec child = unit_child("it", &at, COGO_RESTART_PERMANENT);
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &child, 1);
    cogo_actor_id sup = start(system, &spec);
    cogo_actor_id it = cogo_supervisor_child(system, sup, "it");
    cogo_system_send(system, it, cogo_msg_create(system, HOLD, 0));
    wait_for(&l.held, 1);
    for (uint64_t i = 1; i <= WAITING; i++) {
        if (i == 1 || i == WAITING / 2) {
            cogo_system_send(system, it, cogo_msg_create(system, FAIL, 0));
        }
        cogo_system_send(system, it, scene_msg_u64(system, PUT, i));
    }
    atomic_store_explicit(&l.release, 1, memory_order_release);
    cr_expect_eq(scene_ask_u64(system, it), (uint64_t)WAITING);
    cr_expect_eq(seen(&l.disorder), 0u);
    cr_expect_eq(seen(&l.fails), 2u, "each poison once");
    cr_expect_eq(seen(&l.starts), 3u);
    scene_close(system);
}

/* A kill in the middle of a handler: that message is done, none is handled twice, none is lost.
 */
Test(restart, a_kill_in_the_middle_of_a_message_neither_repeats_nor_loses_one)
{
    enum { WAITING = 10000 };
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(2);
    cogo_child_spec child = unit_child("it", &at, COGO_RESTART_PERMANENT);
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &child, 1);
    cogo_actor_id sup = start(system, &spec);
    cogo_actor_id it = cogo_supervisor_child(system, sup, "it");
    cogo_system_send(system, it, cogo_msg_create(system, HOLD, 0));
    wait_for(&l.held, 1);
    for (uint64_t i = 1; i <= WAITING; i++) {
        cogo_system_send(system, it, scene_msg_u64(system, PUT, i));
    }
    cogo_exit_actor(system, it, COGO_EXIT_KILLED, "in the middle");
    atomic_store_explicit(&l.release, 1, memory_order_release);
    cr_expect_eq(scene_ask_u64(system, it), (uint64_t)WAITING);
    cr_expect_eq(seen(&l.disorder), 0u);
    cr_expect_eq(seen(&l.held), 1u);
    cr_expect_eq(seen(&l.ended[COGO_EXIT_KILLED]), 1u);
    scene_close(system);
}

Test(tree, a_supervisor_below_is_restarted_with_its_children)
{
    static log inner, outer;
    log *in = &inner, *out = &outer;
    memset(&inner, 0, sizeof inner);
    memset(&outer, 0, sizeof outer);
    cogo_system *system = scene_open(2);
    cogo_child_spec leaves[2] = {unit_child("x", &in, COGO_RESTART_PERMANENT),
                                 unit_child("y", &in, COGO_RESTART_PERMANENT)};
    leaves[0].options.name = "tree.x"; // Has to be free again when the supervisor restarts.
    cogo_supervisor_spec below = spec_of(COGO_ONE_FOR_ONE, leaves, 2);
    below.intensity = COGO_INTENSITY_NONE;
    below.name = "tree.below";
    cogo_child_spec children[2] = {unit_child("leaf", &out, COGO_RESTART_PERMANENT),
                                   tree_child("below", &below)};
    cogo_supervisor_spec top = spec_of(COGO_ONE_FOR_ONE, children, 2);
    cogo_actor_id sup = start(system, &top);
    memset(leaves, 0, sizeof leaves); // All was copied.
    memset(&below, 0, sizeof below);
    wait_for(&inner.starts, 2);
    cogo_actor_id id = cogo_supervisor_child(system, sup, "below");
    cr_expect(cogo_actor_id_equal(id, cogo_name_find(system, "tree.below")));
    cogo_child_answer count =
        order(system, sup, (cogo_child_order){.action = COGO_CHILD_COUNT});
    cr_expect_eq(count.specs, 2u);
    cr_expect_eq(count.active, 2u);
    cr_expect_eq(count.supervisors, 1u);
    cr_expect_eq(count.workers, 1u);
    for (uint32_t round = 1; round <= 3; round++) {
        cogo_actor_id x = cogo_supervisor_child(system, id, "x");
        cogo_system_send(system, x, cogo_msg_create(system, FAIL, 0));
        wait_for(&inner.starts, 2 + 2 * round); // No restart allowed below: it goes up.
        cr_expect_eq(seen(&inner.stops), 2 * round);
    }
    cr_expect(cogo_actor_id_equal(id, cogo_supervisor_child(system, sup, "below")));
    cr_expect_eq(seen(&outer.starts), 1u);
    scene_close(system);
    cr_expect_eq(seen(&inner.starts), seen(&inner.stops));
    cr_expect_eq(seen(&outer.stops), 1u);
}

/* In OTP a killed supervisor leaves its children to their links; here it ends after them. */
Test(tree, a_killed_supervisor_ends_after_its_children)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(2);
    cogo_child_spec children[3] = {unit_child("a", &at, COGO_RESTART_PERMANENT),
                                   unit_child("b", &at, COGO_RESTART_PERMANENT),
                                   unit_child("c", &at, COGO_RESTART_PERMANENT)};
    children[1].shutdown_ns = COGO_SHUTDOWN_FOREVER;
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, children, 3);
    cogo_actor_id sup = start(system, &spec);
    cogo_actor_id b = cogo_supervisor_child(system, sup, "b");
    cogo_system_send(system, b, cogo_msg_create(system, STUBBORN, 0));
    cr_expect_eq(scene_ask_u64(system, b), 0u);
    wait_for(&l.starts, 3);
    cogo_exit_actor(system, sup, COGO_EXIT_SHUTDOWN, NULL); // Would wait for b for ever ...
    cogo_exit_actor(system, sup, COGO_EXIT_KILLED, NULL);   // ... but killing is killing.
    cogo_reason reason = {.kind = COGO_EXIT_NORMAL};
    cogo_err err = cogo_system_await(system, sup, SCENE_LONG_NS, &reason);
    cr_expect_eq(err, COGO_OK);
    cr_expect(reason.kind == COGO_EXIT_KILLED || reason.kind == COGO_EXIT_NOPROC);
    cr_expect_eq(seen(&l.stops), 3u, "all of them have ended before it");
    scene_close(system);
}

Test(tree, a_child_that_does_not_end_in_time_is_killed_and_one_may_be_killed_at_once)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(2);
    cogo_child_spec children[2] = {unit_child("late", &at, COGO_RESTART_PERMANENT),
                                   unit_child("brutal", &at, COGO_RESTART_PERMANENT)};
    children[0].shutdown_ns = 5 * SCENE_MS;
    children[1].shutdown_ns = COGO_SHUTDOWN_KILL;
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, children, 2);
    cogo_actor_id sup = start(system, &spec);
    cogo_actor_id late = cogo_supervisor_child(system, sup, "late");
    cogo_system_send(system, late, cogo_msg_create(system, STUBBORN, 0));
    cr_expect_eq(scene_ask_u64(system, late), 0u);
    scene_close(system);
    cr_expect_eq(seen(&l.ended[COGO_EXIT_KILLED]), 2u);
}

Test(tree, orders_start_terminate_restart_and_delete_children)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(2);
    cogo_child_spec first = unit_child("a", &at, COGO_RESTART_PERMANENT);
    cogo_child_spec second = unit_child("b", &at, COGO_RESTART_PERMANENT);
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &first, 1);
    cogo_actor_id sup = start(system, &spec);
    cogo_child_answer a =
        order(system, sup, (cogo_child_order){.action = COGO_CHILD_START, .spec = &second});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect(cogo_actor_id_equal(a.actor, cogo_supervisor_child(system, sup, "b")));
    cr_expect_eq(a.active, 2u);
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_START, .spec = &second});
    cr_expect_eq(a.err, COGO_EEXIST);
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_DELETE, .id = "b"});
    cr_expect_eq(a.err, COGO_ESTATE, "it runs");
    cogo_actor_id b = cogo_supervisor_child(system, sup, "b");
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .id = "b"});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect_eq(a.active, 1u);
    cr_expect_eq(a.specs, 2u, "its spec stays");
    cr_expect_eq(seen(&l.stops), 1u, "the answer comes after its end");
    cr_expect_not(cogo_actor_id_is_set(cogo_supervisor_child(system, sup, "b")));
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_RESTART, .id = "b"});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect_not(cogo_actor_id_equal(a.actor, b), "a new actor");
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_RESTART, .id = "b"});
    cr_expect_eq(a.err, COGO_ESTATE);
    cogo_child_info list[4];
    cogo_child_order o = {.struct_size = sizeof o, .action = COGO_CHILD_LIST};
    cr_expect_eq(cogo_system_supervisor_order(system, sup, &o, SCENE_LONG_NS, &a, list, 4),
                 COGO_OK);
    cr_assert_eq(a.listed, 2u);
    cr_expect_str_eq(list[0].id, "a");
    cr_expect_str_eq(list[1].id, "b");
    cr_expect(cogo_actor_id_equal(list[1].actor, cogo_supervisor_child(system, sup, "b")));
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .id = "b"});
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_DELETE, .id = "b"});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect_eq(a.specs, 1u);
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .id = "b"});
    cr_expect_eq(a.err, COGO_ENOTFOUND);
    o = (cogo_child_order){.struct_size = sizeof o, .action = COGO_CHILD_TERMINATE};
    cr_expect_eq(cogo_system_supervisor_order(system, sup, &o, 1, NULL, NULL, 0), COGO_EINVAL);
    scene_close(system);
}

/* A connection each, as a server has them: no names, any number, own args. */
Test(tree, a_simple_supervisor_runs_any_number_of_one_kind)
{
    enum { MANY = 300 };
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(2);
    log *none = NULL;
    cogo_child_spec child = unit_child(NULL, &none, COGO_RESTART_TRANSIENT);
    cogo_supervisor_spec spec = spec_of(COGO_SIMPLE_ONE_FOR_ONE, &child, 1);
    cogo_actor_id sup = start(system, &spec);
    cogo_child_order o = {
        .action = COGO_CHILD_START, .args = &at, .args_size_bytes = sizeof at};
    cogo_actor_id ids[MANY];
    for (int i = 0; i < MANY; i++) {
        ids[i] = order(system, sup, o).actor;
        cr_expect(cogo_actor_id_is_set(ids[i]));
    }
    wait_for(&l.starts, MANY);
    cogo_system_send(system, ids[7], cogo_msg_create(system, FAIL, 0));
    wait_for(&l.starts, MANY + 1); // Restarted with the args that it was started with.
    for (int i = 0; i < MANY; i += 2) {
        cogo_system_send(system, ids[i], cogo_msg_create(system, WELL, 0));
    }
    wait_for(&l.stops, 1 + MANY / 2);
    cogo_child_answer a;
    do { // Until it has heard of all of them.
        a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_COUNT});
    } while (a.active != MANY / 2);
    cr_expect_eq(a.workers, (uint32_t)MANY / 2);
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .actor = ids[1]});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect_eq(a.active, (uint32_t)MANY / 2 - 1);
    scene_close(system);
    cr_expect_eq(seen(&l.starts), seen(&l.stops));
}

Test(tree, significant_children_end_their_supervisor)
{
    for (int all = 0; all <= 1; all++) {
        static log l;
        log *at = &l;
        memset(&l, 0, sizeof l);
        cogo_system *system = scene_open(2);
        cogo_child_spec children[3] = {unit_child("a", &at, COGO_RESTART_TRANSIENT),
                                       unit_child("b", &at, COGO_RESTART_TEMPORARY),
                                       unit_child("c", &at, COGO_RESTART_PERMANENT)};
        children[0].flags = children[1].flags = COGO_CHILD_SIGNIFICANT;
        cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, children, 3);
        spec.auto_shutdown = all ? COGO_AUTO_SHUTDOWN_ALL : COGO_AUTO_SHUTDOWN_ANY;
        cogo_actor_id sup = start(system, &spec);
        cogo_actor_id a = cogo_supervisor_child(system, sup, "a");
        cogo_actor_id b = cogo_supervisor_child(system, sup, "b");
        cogo_system_send(system, a, cogo_msg_create(system, FAIL, 0)); // Restarted: no end.
        cr_expect_eq(scene_ask_u64(system, a), 0u);
        cogo_system_send(system, b, cogo_msg_create(system, FAIL, 0)); // Not restarted.
        if (all) {
            while (order(system, sup, (cogo_child_order){.action = COGO_CHILD_COUNT}).active
                   != 2) {
            }
            cogo_system_send(system, a, cogo_msg_create(system, WELL, 0));
        }
        cogo_reason reason = {.kind = COGO_EXIT_NOPROC};
        cr_expect_eq(cogo_system_await(system, sup, SCENE_LONG_NS, &reason), COGO_OK);
        cr_expect(reason.kind == COGO_EXIT_SHUTDOWN || reason.kind == COGO_EXIT_NOPROC);
        cr_expect_eq(seen(&l.starts), seen(&l.stops));
        scene_close(system);
    }
}

Test(tree, backoff_grows_and_leaves_off_a_random_part)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(1);
    cogo_child_spec child = unit_child("it", &at, COGO_RESTART_PERMANENT);
    child.backoff_min_ns = 8 * SCENE_MS;
    child.backoff_max_ns = 16 * SCENE_MS;
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &child, 1);
    cogo_actor_id sup = start(system, &spec);
    cogo_actor_id it = cogo_supervisor_child(system, sup, "it");
    const uint64_t least[3] = {6 * SCENE_MS, 12 * SCENE_MS, 12 * SCENE_MS};
    for (int i = 0; i < 3; i++) {
        uint64_t before = cogo_system_now_ns(system);
        cogo_system_send(system, it, cogo_msg_create(system, FAIL, 0));
        cr_expect_eq(scene_ask_u64(system, it), 0u);
        cr_expect_geq(cogo_system_now_ns(system) - before, least[i]);
    }
    scene_close(system);
}

/* An operator stops what keeps failing, instead of waiting for its next try. */
Test(tree, a_child_that_waits_for_its_next_try_is_terminated_at_once)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(1);
    cogo_child_spec child = unit_child("it", &at, COGO_RESTART_PERMANENT);
    child.backoff_min_ns = SCENE_LONG_NS * 60;
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &child, 1);
    cogo_actor_id sup = start(system, &spec);
    cogo_system_send(system, cogo_supervisor_child(system, sup, "it"),
                     cogo_msg_create(system, FAIL, 0));
    cogo_child_info info = {.restarting = false};
    cogo_child_order list = {.struct_size = sizeof list, .action = COGO_CHILD_LIST};
    while (!info.restarting) {
        cr_assert_eq(
            cogo_system_supervisor_order(system, sup, &list, SCENE_LONG_NS, NULL, &info, 1),
            COGO_OK);
    }
    cogo_child_answer a =
        order(system, sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .id = "it"});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect_eq(a.active, 0u);
    cr_expect_eq(a.specs, 1u);
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .id = "it"});
    cr_expect_eq(a.err, COGO_OK, "it is not up: nothing to do");
    a = order(system, sup, (cogo_child_order){.action = COGO_CHILD_RESTART, .id = "it"});
    cr_expect_eq(a.err, COGO_OK);
    cr_expect_eq(a.active, 1u);
    scene_close(system);
}

typedef struct two_orders {
    cogo_actor_id sup;
    cogo_err first;
} two_orders;

static void terminate_from_inside(cogo_context *ctx, void *arg)
{
    two_orders *t = arg;
    uint64_t ask = 0;
    cogo_child_order o = {
        .struct_size = sizeof o, .action = COGO_CHILD_TERMINATE, .id = "slow"};
    t->first = cogo_supervisor_order(ctx, t->sup, &o, SCENE_LONG_NS, &ask);
}

/* Two operators at a time: the second hears that it is being done already. */
Test(tree, a_child_that_is_being_terminated_is_not_terminated_again)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(1);
    cogo_child_spec child = unit_child("slow", &at, COGO_RESTART_PERMANENT);
    child.shutdown_ns = SCENE_LONG_NS * 60;
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &child, 1);
    two_orders t = {.sup = start(system, &spec)};
    cogo_actor_id slow = cogo_supervisor_child(system, t.sup, "slow");
    cogo_system_send(system, slow, cogo_msg_create(system, STUBBORN, 0));
    cr_expect_eq(scene_ask_u64(system, slow), 0u);
    inside(system, terminate_from_inside, &t);
    cr_expect_eq(t.first, COGO_OK);
    cogo_child_answer a =
        order(system, t.sup, (cogo_child_order){.action = COGO_CHILD_TERMINATE, .id = "slow"});
    cr_expect_eq(a.err, COGO_ESTATE);
    cogo_exit_actor(system, slow, COGO_EXIT_KILLED, NULL);
    cr_expect_eq(cogo_system_await(system, slow, SCENE_LONG_NS, NULL), COGO_OK);
    scene_close(system);
}

Test(tree, specs_of_an_older_library_are_read_as_they_were)
{
    static log l;
    log *at = &l;
    memset(&l, 0, sizeof l);
    cogo_system *system = scene_open(1);
    cogo_child_spec children[2] = {unit_child("a", &at, COGO_RESTART_PERMANENT),
                                   unit_child("b", &at, COGO_RESTART_PERMANENT)};
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, children, 2);
    spec.struct_size = offsetof(cogo_supervisor_spec, memory_limit_bytes);
    memset((char *)&spec + spec.struct_size, 0xff, sizeof spec - spec.struct_size);
    cogo_actor_id sup = start(system, &spec);
    cr_expect_eq(scene_ask_u64(system, cogo_supervisor_child(system, sup, "b")), 0u);
    scene_close(system);
}

Test(tree, specs_that_make_no_sense_are_refused)
{
    static log l;
    log *at = &l;
    cogo_system *system = scene_open(1);
    cogo_actor_id id;
    cogo_child_spec child = unit_child("a", &at, COGO_RESTART_TRANSIENT);
    cogo_supervisor_spec spec = spec_of(COGO_ONE_FOR_ONE, &child, 1);
    child.flags = COGO_CHILD_SIGNIFICANT;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL, "never counts");
    spec.auto_shutdown = COGO_AUTO_SHUTDOWN_ANY;
    child.restart = COGO_RESTART_PERMANENT;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL, "never ends");
    child.flags = 1 << 7;
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL);
    child = tree_child("a", &spec);
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL, "without an end");
    spec = spec_of(COGO_SIMPLE_ONE_FOR_ONE, NULL, 0);
    cr_expect_eq(cogo_supervisor_start(system, &spec, &id), COGO_EINVAL, "no template");
    scene_close(system);
}
