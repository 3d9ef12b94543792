/* Threads that wait for answers and ends; ends that race with everything. */
#include "tests/model/scene.h"

/* --- Answers. ------------------------------------------------------------------------------
 */

static cogo_err echo_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    uint32_t value = value_of(msg) + 1;
    cogo_msg *answer = cogo_msg_create(w.system, WORD, sizeof value);
    memcpy(cogo_msg_payload(answer), &value, sizeof value);
    (void)cogo_reply(ctx, msg, answer); // It may be too late.
    return COGO_OK;
}

static const cogo_behavior echo = {
    .struct_size = sizeof(cogo_behavior), .name = "echo", .receive = echo_receive};

static cogo_err ask(uint32_t value, uint64_t timeout_ns)
{
    cogo_msg *answer = NULL, *msg = cogo_msg_create(w.system, WORD, sizeof value);
    memcpy(cogo_msg_payload(msg), &value, sizeof value);
    cogo_err err = cogo_system_ask(w.system, w.first, msg, timeout_ns, &answer);
    if (err == COGO_OK) {
        MODEL_CHECK(value_of(answer) == value + 1);
        cogo_msg_destroy(answer);
    }
    return err;
}

static void ask_once(void *arg)
{
    (void)arg;
    MODEL_CHECK(ask(10, UINT64_MAX) == COGO_OK);
}

static void two_threads_ask(void)
{
    begin(1);
    w.first = spawn(&echo, 0, NULL);
    unsigned other = model_start(ask_once, NULL);
    MODEL_CHECK(ask(20, UINT64_MAX) == COGO_OK);
    model_join(other);
    finish();
}

/* The time is over before the answer, or about then; the next ask uses the same reference. */
static void an_answer_that_is_too_late(void)
{
    begin(1);
    w.first = spawn(&echo, 0, NULL);
    cogo_err err = ask(1, 1);
    MODEL_CHECK(err == COGO_OK || err == COGO_ETIMEOUT);
    MODEL_CHECK(ask(5, UINT64_MAX) == COGO_OK);
    finish();
}

/* An actor asks. Its lane gives the ask a timer when it goes to sleep, while the other lane
 * answers; or the time is over first. */
static cogo_err asks_start(cogo_context *ctx, void *state, const void *args)
{
    (void)args;
    uint32_t value = 30;
    cogo_msg *msg = cogo_msg_create(w.system, WORD, sizeof value);
    memcpy(cogo_msg_payload(msg), &value, sizeof value);
    return cogo_ask(ctx, w.first, msg, UINT64_C(2000000), state);
}

static cogo_err asks_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    MODEL_CHECK(cogo_msg_ask(msg) == *(const uint64_t *)state);
    MODEL_CHECK(cogo_msg_type_of(msg) == COGO_MSG_ASK_FAILED || value_of(msg) == 31);
    if (++w.got == 1) { // Another one, with the reference of the first.
        return asks_start(ctx, state, NULL);
    }
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static const cogo_behavior asks = {.struct_size = sizeof(cogo_behavior),
                                   .name = "asks",
                                   .state_size_bytes = sizeof(uint64_t),
                                   .start = asks_start,
                                   .receive = asks_receive};

static void an_actor_asks(void)
{
    begin(2);
    w.first = spawn(&echo, 0, NULL);
    await(spawn(&asks, 0, NULL));
    MODEL_CHECK(w.got == 2);
    finish();
}

/* --- Ends. ---------------------------------------------------------------------------------
 */

static cogo_err only_nine(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    MODEL_CHECK(value_of(msg) == 9); // Not what was sent to who had this cell before.
    w.got++;
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static cogo_err only_five(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    MODEL_CHECK(value_of(msg) == 5);
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static const cogo_behavior nine = {
    .struct_size = sizeof(cogo_behavior), .name = "nine", .receive = only_nine};
static const cogo_behavior five = {
    .struct_size = sizeof(cogo_behavior), .name = "five", .receive = only_five};

static void send_fives(void *arg)
{
    const cogo_actor_id *to = arg;
    send(*to, WORD, 5);
    send(*to, WORD, 5);
}

/* Another actor gets the cell while senders still have the old id. */
static void a_cell_lives_again(void)
{
    begin(1);
    cogo_actor_id old = spawn(&five, 0, NULL);
    unsigned other = model_start(send_fives, &old);
    await(old);
    w.second = spawn(&nine, 0, NULL);
    send(w.second, WORD, 9);
    await(w.second);
    MODEL_CHECK(w.got == 1);
    model_join(other);
    finish();
}

static void register_late(void *arg)
{
    cogo_err err = cogo_name_register(w.system, "late", *(const cogo_actor_id *)arg);
    MODEL_CHECK(err == COGO_OK || err == COGO_EGONE);
}

/* A name is given while its actor ends: nobody is left under it. */
static void a_name_comes_late(void)
{
    begin(1);
    cogo_actor_id id = spawn(&five, 0, NULL);
    unsigned other = model_start(register_late, &id);
    send(id, WORD, 5);
    model_join(other);
    MODEL_CHECK(cogo_system_stop(w.system, UINT64_MAX) == COGO_OK);
    MODEL_CHECK(!cogo_actor_id_is_set(cogo_name_find(w.system, "late")));
    finish();
}

static void spawn_one(void *arg)
{
    (void)arg;
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &five};
    cogo_err err = cogo_system_spawn(w.system, &options, &id);
    MODEL_CHECK(err == COGO_OK || err == COGO_ECLOSED);
}

/* A thread spawns while another one stops the system. */
static void stop_while_others_spawn(void)
{
    begin(1);
    unsigned other = model_start(spawn_one, NULL);
    MODEL_CHECK(cogo_system_stop(w.system, UINT64_MAX) == COGO_OK);
    model_join(other);
    finish();
}

static cogo_err child_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    (void)args;
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &five};
    cogo_err err = cogo_spawn(ctx, &options, NULL);
    MODEL_CHECK(err == COGO_OK || err == COGO_ECLOSED);
    return COGO_OK;
}

static const cogo_behavior parent = {.struct_size = sizeof(cogo_behavior),
                                     .name = "parent",
                                     .start = child_start,
                                     .receive = only_five};

/* As above, but on a lane. */
static void stop_while_actors_spawn(void)
{
    begin(2);
    (void)spawn(&parent, 0, NULL);
    finish();
}

/* --- An actor with a thread of its own. ----------------------------------------------------
 */

static void a_detached_one(void)
{
    begin(1);
    w.first = spawn(&nine, COGO_SPAWN_DETACHED, NULL);
    send(w.first, WORD, 9);
    await(w.first);
    MODEL_CHECK(w.got == 1);
    finish();
}

/* --- Timers. -------------------------------------------------------------------------------
 */

static cogo_err timer_start(cogo_context *ctx, void *state, const void *args)
{
    (void)args;
    return cogo_timer_start(ctx, 1000, 1000, 7, state);
}

static cogo_err timer_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    MODEL_CHECK(cogo_msg_type_of(msg) == COGO_MSG_TIMER);
    if (++w.got == 2) {
        cogo_timer_cancel(ctx, *(const uint64_t *)state);
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior ticker = {.struct_size = sizeof(cogo_behavior),
                                     .name = "ticker",
                                     .state_size_bytes = sizeof(uint64_t),
                                     .start = timer_start,
                                     .receive = timer_receive};

static void a_timer_ticks(void)
{
    begin(2);
    w.first = spawn(&ticker, 0, NULL);
    await(w.first);
    MODEL_CHECK(w.got == 2);
    finish();
}

/* --- Message types are found while others are registered. --------------------------------- */

static void find_types(void *arg)
{
    (void)arg;
    for (cogo_msg_type number = WORD; number < WORD + 2; number++) {
        const cogo_type *type = cogo__types_find(&w.system->types, number);
        MODEL_CHECK(type == NULL || (type->number == number && type->name[0] == 't'));
    }
}

static void a_type_is_found_whole(void)
{
    begin(1);
    unsigned other = model_start(find_types, NULL);
    for (cogo_msg_type number = WORD; number < WORD + 2; number++) {
        cogo_type type = {.struct_size = sizeof type, .number = number, .name = "t"};
        MODEL_CHECK(cogo_type_register(w.system, &type) == COGO_OK);
    }
    model_join(other);
    finish();
}

const model_program waiting_programs[] = {
    {"waiting/two_threads_ask", two_threads_ask, 2000},
    {"waiting/an_answer_that_is_too_late", an_answer_that_is_too_late, 2000},
    {"waiting/an_actor_asks", an_actor_asks, 2000},
    {"waiting/a_cell_lives_again", a_cell_lives_again, 2000},
    {"waiting/a_name_comes_late", a_name_comes_late, 2000},
    {"waiting/stop_while_others_spawn", stop_while_others_spawn, 2000},
    {"waiting/stop_while_actors_spawn", stop_while_actors_spawn, 2000},
    {"waiting/a_type_is_found_whole", a_type_is_found_whole, 2000},
    {"waiting/a_detached_one", a_detached_one, 2000},
    {"waiting/a_timer_ticks", a_timer_ticks, 1000},
    {0},
};
