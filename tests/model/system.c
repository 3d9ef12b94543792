/* Whole systems of one or two lanes: what ships, from cogo_system_create() to destroy. A lost
 * wake-up is found as "nothing goes on", because every wait here is without a deadline. */
#include "runtime/actor/send.h"
#include "tests/model/scene.h"

/* --- An actor counts; whoever waits for its end sees what it wrote. ----------------------- */

static cogo_err count_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    unsigned *count = state;
    *count += value_of(msg);
    if (*count == 3) {
        w.got = *count;
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior counter = {.struct_size = sizeof(cogo_behavior),
                                      .name = "counter",
                                      .state_size_bytes = sizeof(unsigned),
                                      .receive = count_receive};

static void send_one(void *arg)
{
    (void)arg;
    send(w.first, WORD, 1);
}

static void two_threads_wake_it(void)
{
    begin(2);
    w.first = spawn(&counter, 0, NULL);
    unsigned other = model_start(send_one, NULL);
    send(w.first, WORD, 2);
    await(w.first);
    MODEL_CHECK(w.got == 3);
    model_join(other);
    finish();
}

/* --- Two actors on two lanes: LIFO slot, stealing, wake chain, memory that goes home. ------
 */

static cogo_err pass_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    uint32_t left = value_of(msg);
    w.got++;
    if (left > 0) {
        left--;
        cogo_actor_id other = cogo_actor_id_equal(cogo_self(ctx), w.first) ? w.second : w.first;
        cogo_msg *next = cogo_msg_create(w.system, PASS, sizeof left);
        memcpy(cogo_msg_payload(next), &left, sizeof left);
        (void)cogo_send(ctx, other, next);
    }
    if (left <= 1) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior passer = {
    .struct_size = sizeof(cogo_behavior), .name = "passer", .receive = pass_receive};

static void a_ball_goes_round(void)
{
    begin(2);
    w.first = spawn(&passer, 0, NULL);
    w.second = spawn(&passer, 0, NULL);
    send(w.first, PASS, 3);
    await(w.first);
    await(w.second);
    MODEL_CHECK(w.got == 4 || w.got == 3);
    finish();
}

static cogo_err family_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    (void)args;
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = w.next_life};
    for (uint32_t i = 0; i < 2; i++) {
        cogo_actor_id child = COGO_NO_ACTOR;
        MODEL_CHECK(cogo_spawn(ctx, &options, &child) == COGO_OK);
        w.children[i] = child;
        uint32_t three = 3;
        cogo_msg *msg = cogo_msg_create(w.system, WORD, sizeof three);
        memcpy(cogo_msg_payload(msg), &three, sizeof three);
        (void)cogo_send(ctx, child, msg);
    }
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static cogo_err never(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_OK;
}

static cogo_err grow_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return value_of(msg) == 3 ? COGO_OK : COGO_EFAULT;
}

static const cogo_behavior grown = {
    .struct_size = sizeof(cogo_behavior), .name = "grown", .receive = grow_receive};
static const cogo_behavior family = {.struct_size = sizeof(cogo_behavior),
                                     .name = "family",
                                     .start = family_start,
                                     .receive = never};

/* Children are stolen, end elsewhere, and their cells and messages are used again. */
static void children_are_stolen(void)
{
    begin(2);
    w.next_life = &grown;
    for (unsigned generation = 0; generation < 2; generation++) {
        w.first = spawn(&family, 0, NULL);
        await(w.first);
        await(w.children[0]);
        await(w.children[1]);
    }
    finish();
}

/* --- Work that its actor is told of by a nudge, or by a message if that is at work: what
 * senders do with a link (node/queue.c), and what the link does then (node/connection.c). ---
 */

static struct {
    cogo__lock lock;
    unsigned waits;  // Under it.
    cogo__au32 told; // The same; the actor reads it without.
} shelf;

static void put_on_shelf(void *arg)
{
    (void)arg;
    cogo__lock_take(&shelf.lock);
    shelf.waits++;
    bool told = cogo__u32_load_relaxed(&shelf.told) != 0;
    cogo__u32_store_relaxed(&shelf.told, 1);
    cogo__lock_give(&shelf.lock);
    if (!told && !cogo__nudge(w.system, NULL, w.first)) {
        cogo__post(w.system, NULL, w.first, WORD, 0, 0, "", 0);
    }
}

static cogo_err clear_shelf(cogo_context *ctx, void *state)
{
    (void)state;
    if (cogo__u32_load_relaxed(&shelf.told) == 0) {
        return COGO_OK; // As of a connection that has only read.
    }
    cogo__lock_take(&shelf.lock);
    w.got += shelf.waits;
    shelf.waits = 0;
    cogo__u32_store_relaxed(&shelf.told, 0);
    cogo__lock_give(&shelf.lock);
    if (w.got == 3) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior shelved = {.struct_size = sizeof(cogo_behavior),
                                      .name = "shelved",
                                      .receive = never,
                                      .drained = clear_shelf};

/* A nudge that comes late finds another actor in the cell. */
static void nudged_or_told(void)
{
    begin(1);
    memset(&shelf, 0, sizeof shelf);
    cogo__lock_init(&shelf.lock);
    w.first = spawn(&shelved, 0, NULL);
    unsigned other = model_start(put_on_shelf, NULL);
    put_on_shelf(NULL);
    put_on_shelf(NULL);
    await(w.first);
    MODEL_CHECK(w.got == 3);
    w.second = spawn(&grown, 0, NULL);
    send(w.second, WORD, 3);
    await(w.second);
    model_join(other);
    cogo__lock_finish(&shelf.lock);
    finish();
}

/* --- A callback that does not return. ------------------------------------------------------
 */

static cogo_err stuck_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    (void)msg;
    cogo_msg *word = cogo_msg_create(w.system, WORD, sizeof(uint32_t));
    uint32_t value = 3;
    memcpy(cogo_msg_payload(word), &value, sizeof value);
    (void)cogo_send(ctx, w.second, word);
    const cogo__world *world = cogo__world_os();
    cogo__world_park(world, &w.gate, COGO__FOREVER); // What it waits for needs the other lane.
    w.got++;
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static cogo_err open_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    (void)msg;
    w.got++;
    cogo__world_wake(cogo__world_os(), &w.gate);
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static const cogo_behavior stuck = {
    .struct_size = sizeof(cogo_behavior), .name = "stuck", .receive = stuck_receive};
static const cogo_behavior opener = {
    .struct_size = sizeof(cogo_behavior), .name = "opener", .receive = open_receive};

/* The other lane takes what waits in the LIFO slot of one that is stuck. */
static void a_stuck_lane_is_helped(void)
{
    begin(2);
    w.second = spawn(&opener, 0, NULL);
    w.first = spawn(&stuck, 0, NULL);
    send(w.first, WORD, 1);
    await(w.first);
    await(w.second);
    MODEL_CHECK(w.got == 2);
    finish();
}

const model_program system_programs[] = {
    {"system/two_threads_wake_it", two_threads_wake_it, 3000},
    {"system/a_ball_goes_round", a_ball_goes_round, 2000},
    {"system/children_are_stolen", children_are_stolen, 2000},
    {"system/nudged_or_told", nudged_or_told, 3000},
    {"system/a_stuck_lane_is_helped", a_stuck_lane_is_helped, 2000},
    {0},
};
