/* A lane that waits for descriptors in place of its futex, with a poller that is played here:
 * its "epoll" is one parker, whose token is what an eventfd keeps. */
#include "runtime/actor/send.h"
#include "runtime/sched/sched.h"
#include "tests/model/scene.h"

enum { SOON_NS = 1000 };

static struct {
    cogo__poller base, second;
    cogo__parker ready;
    unsigned inside; // Plain: of whoever has the right.
    cogo_actor_id tell, tell_also, nudge;
    bool told;
} fake;

/* "Its descriptor is readable", and stays so while it is at work. */
static cogo__cell *hold_nudged(void)
{
    bool same = false;
    cogo__cell *cell = cogo__nudge_hold(w.system, fake.nudge, &same);
    MODEL_CHECK(same == (cell != NULL));
    fake.told = same;
    if (!same) {
        cogo__world_wake(cogo__world_os(), &fake.ready);
    }
    return cell;
}

static void say_three(cogo_context *here, cogo_actor_id to)
{
    uint32_t three = 3;
    cogo_msg *msg = cogo_msg_create(w.system, WORD, sizeof three);
    memcpy(cogo_msg_payload(msg), &three, sizeof three);
    (void)cogo_send(here, to, msg);
}

/* With the right: nobody else is here. */
static cogo__cell *fake_poll(cogo__poller *poller, cogo_context *here, uint64_t now_ns,
                             uint64_t deadline_ns)
{
    (void)poller;
    const cogo__world *world = cogo__world_os();
    fake.inside++;
    MODEL_CHECK(fake.inside == 1);
    if (deadline_ns != now_ns) {
        cogo__world_park(world, &fake.ready, deadline_ns);
    }
    if (cogo_actor_id_is_set(fake.tell) && !fake.told) { // "Its descriptor is readable."
        fake.told = true;
        say_three(here, fake.tell);
        if (cogo_actor_id_is_set(fake.tell_also)) {
            say_three(here, fake.tell_also);
        }
    }
    bool nudges = cogo_actor_id_is_set(fake.nudge) && !fake.told;
    cogo__cell *ready = nudges ? hold_nudged() : NULL;
    fake.inside--;
    return ready;
}

static void fake_ring(cogo__poller *poller)
{
    (void)poller;
    cogo__world_wake(cogo__world_os(), &fake.ready);
}

static void fake_forget(cogo__poller *poller, const cogo__ref *ref)
{
    (void)poller;
    (void)ref;
}

static void fake_finish(cogo__poller *poller)
{
    MODEL_CHECK((poller == &fake.base || poller == &fake.second) && fake.inside == 0);
}

static cogo_err add_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    unsigned *count = state;
    *count += value_of(msg);
    if (*count == 3) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior adder = {.struct_size = sizeof(cogo_behavior),
                                    .name = "adder",
                                    .state_size_bytes = sizeof(unsigned),
                                    .receive = add_receive};

static void begin_polling(uint32_t lanes)
{
    memset(&fake, 0, sizeof fake);
    fake.base.poll = fake_poll;
    fake.base.ring = fake_ring;
    fake.base.forget = fake_forget;
    fake.base.finish = fake_finish;
    begin(lanes);
}

static void watch_now(void)
{
    MODEL_CHECK(cogo__poller_set(w.system, &fake.base) == &fake.base);
    cogo__poller_needed(w.system, NULL);
}

static void send_one(void *arg)
{
    (void)arg;
    send(w.first, WORD, 1);
}

/* A ring that is lost shows as "nothing goes on". */
static void the_lane_that_polls_is_woken(void)
{
    begin_polling(1);
    watch_now();
    w.first = spawn(&adder, 0, NULL);
    unsigned other = model_start(send_one, NULL);
    send(w.first, WORD, 2);
    await(w.first);
    model_join(other);
    finish();
}

/* Two lanes, of which one at most polls, and the other sleeps as ever. */
static void one_lane_polls_at_a_time(void)
{
    begin_polling(2);
    watch_now();
    w.first = spawn(&adder, 0, NULL);
    unsigned other = model_start(send_one, NULL);
    send(w.first, WORD, 2);
    await(w.first);
    model_join(other);
    finish();
}

/* The poller comes while the lanes sleep already: one of them goes there. */
static void a_sleeping_lane_goes_to_the_poller(void)
{
    begin_polling(1);
    w.first = spawn(&adder, 0, NULL);
    fake.tell = w.first;
    watch_now();
    cogo__world_wake(cogo__world_os(), &fake.ready);
    await(w.first);
    finish();
}

static cogo_err nudged_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_OK;
}

static cogo_err nudged_drained(cogo_context *ctx, void *state)
{
    (void)state;
    if (fake.told) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior nudged = {.struct_size = sizeof(cogo_behavior),
                                     .name = "nudged",
                                     .receive = nudged_receive,
                                     .drained = nudged_drained};

/* What the poll found to be run is run by the lane that polled. */
static void what_is_ready_runs(void)
{
    begin_polling(1);
    w.first = spawn(&nudged, 0, NULL);
    fake.nudge = w.first;
    watch_now();
    cogo__world_wake(cogo__world_os(), &fake.ready);
    await(w.first);
    finish();
}

static cogo_err open_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    (void)msg;
    cogo__world_wake(cogo__world_os(), &w.gate);
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static cogo_err stuck_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    (void)msg;
    cogo__world_park(cogo__world_os(), &w.gate, COGO__FOREVER);
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static const cogo_behavior opener = {
    .struct_size = sizeof(cogo_behavior), .name = "opener", .receive = open_receive};
static const cogo_behavior stuck = {
    .struct_size = sizeof(cogo_behavior), .name = "stuck", .receive = stuck_receive};

/* Two descriptors at a time, and the lane that polled is long in the callback of one: the other
 * lane, which may have been about to sleep meanwhile, does the rest. */
static void what_one_poll_finds_is_shared(void)
{
    begin_polling(2);
    w.first = spawn(&opener, 0, NULL);
    w.second = spawn(&stuck, 0, NULL);
    fake.tell = w.first;
    fake.tell_also = w.second;
    watch_now();
    cogo__world_wake(cogo__world_os(), &fake.ready);
    await(w.second);
    await(w.first);
    finish();
}

static void set_also(void *arg)
{
    cogo__poller *mine = arg;
    *mine = (cogo__poller){
        .poll = fake_poll, .ring = fake_ring, .forget = fake_forget, .finish = fake_finish};
    const cogo__poller *set = cogo__poller_set(w.system, mine);
    MODEL_CHECK(set->poll == fake_poll && set->finish == fake_finish);
}

/* Two actors watch their first descriptor at a time: there is one poller, and it is whole. */
static void two_threads_bring_a_poller(void)
{
    begin(1);
    memset(&fake, 0, sizeof fake);
    unsigned other = model_start(set_also, &fake.base);
    set_also(&fake.second);
    model_join(other);
    finish();
}

static cogo_err tick_start(cogo_context *ctx, void *state, const void *args)
{
    (void)args;
    return cogo_timer_start(ctx, SOON_NS, 0, 7, state);
}

static cogo_err tick_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    MODEL_CHECK(cogo_msg_type_of(msg) == COGO_MSG_TIMER);
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static const cogo_behavior ticker = {.struct_size = sizeof(cogo_behavior),
                                     .name = "ticker",
                                     .state_size_bytes = sizeof(uint64_t),
                                     .start = tick_start,
                                     .receive = tick_receive};

/* A timer of a thread of its own is armed on a lane that polls for ever. */
static void a_timer_ends_the_poll(void)
{
    begin_polling(1);
    watch_now();
    w.first = spawn(&ticker, COGO_SPAWN_DETACHED, NULL);
    await(w.first);
    finish();
}

const model_program poller_programs[] = {
    {"poller/the_lane_that_polls_is_woken", the_lane_that_polls_is_woken, 2000},
    {"poller/one_lane_polls_at_a_time", one_lane_polls_at_a_time, 2000},
    {"poller/a_sleeping_lane_goes_to_the_poller", a_sleeping_lane_goes_to_the_poller, 1000},
    {"poller/what_is_ready_runs", what_is_ready_runs, 1000},
    {"poller/what_one_poll_finds_is_shared", what_one_poll_finds_is_shared, 4000},
    {"poller/two_threads_bring_a_poller", two_threads_bring_a_poller, 500},
    {"poller/a_timer_ends_the_poll", a_timer_ends_the_poll, 1000},
    {0},
};
