/* Whole systems again: bounded mailboxes, shared payloads, groups, offloaded work, dead
 * letters, and a system that its host polls. */
#include "tests/model/scene.h"

#include <poll.h>

/* --- A sender waits for a place. -----------------------------------------------------------
 */

static cogo_err take_three(cogo_context *ctx, void *state, cogo_msg *msg)
{
    unsigned *count = state;
    MODEL_CHECK(value_of(msg) == 1);
    if (++*count == 3) {
        w.got = *count;
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static cogo_err take_one(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    (void)msg;
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static const cogo_behavior three = {.struct_size = sizeof(cogo_behavior),
                                    .name = "three",
                                    .state_size_bytes = sizeof(unsigned),
                                    .receive = take_three};
static const cogo_behavior one = {
    .struct_size = sizeof(cogo_behavior), .name = "one", .receive = take_one};

static cogo_actor_id spawn_bounded(const cogo_behavior *behavior)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = behavior,
                                  .mailbox_limit = 1,
                                  .pressure = COGO_PRESSURE_BLOCK};
    MODEL_CHECK(cogo_system_spawn(w.system, &options, &id) == COGO_OK);
    return id;
}

static cogo_err send_word(cogo_actor_id to)
{
    uint32_t value = 1;
    cogo_msg *msg = cogo_msg_create(w.system, WORD, sizeof value);
    memcpy(cogo_msg_payload(msg), &value, sizeof value);
    return cogo_system_send(w.system, to, msg);
}

static void send_and_wait(void *arg)
{
    (void)arg;
    MODEL_CHECK(send_word(w.first) == COGO_OK);
}

/* A wake that is lost shows as a time-out: time goes on only when nobody else can. */
static void a_sender_gets_its_place(void)
{
    begin(1);
    w.first = spawn_bounded(&three);
    unsigned other = model_start(send_and_wait, NULL);
    MODEL_CHECK(send_word(w.first) == COGO_OK);
    MODEL_CHECK(send_word(w.first) == COGO_OK);
    await(w.first);
    MODEL_CHECK(w.got == 3);
    model_join(other);
    finish();
}

static void send_or_hear(void *arg)
{
    (void)arg;
    cogo_err err = send_word(w.first);
    MODEL_CHECK(err == COGO_OK || err == COGO_EGONE);
}

static void a_sender_hears_of_the_end(void)
{
    begin(1);
    w.first = spawn_bounded(&one);
    unsigned other = model_start(send_or_hear, NULL);
    send_or_hear(NULL);
    send_or_hear(NULL);
    model_join(other);
    await(w.first);
    // Its guard is used again.
    w.first = spawn_bounded(&one);
    MODEL_CHECK(send_word(w.first) == COGO_OK);
    await(w.first);
    finish();
}

/* --- Who drops the last hold frees. --------------------------------------------------------
 */

static void read_and_drop(void *arg)
{
    cogo_payload *payload = arg;
    MODEL_CHECK(*(const uint32_t *)cogo_payload_data(payload) == 7);
    cogo_payload_drop(payload);
}

static void a_payload_is_shared(void)
{
    begin(1);
    cogo_payload *payload = cogo_payload_create(w.system, sizeof(uint32_t));
    *(uint32_t *)cogo_payload_data(payload) = 7;
    unsigned other = model_start(read_and_drop, cogo_payload_hold(payload));
    read_and_drop(payload);
    model_join(other);
    finish();
}

/* --- A member ends while it joins. ---------------------------------------------------------
 */

static void join_late(void *arg)
{
    cogo_err err = cogo_group_join(w.system, "s", "g", *(const cogo_actor_id *)arg);
    MODEL_CHECK(err == COGO_OK || err == COGO_EGONE);
}

static void a_member_comes_late(void)
{
    begin(1);
    cogo_actor_id id = spawn(&one, 0, NULL), member = COGO_NO_ACTOR;
    unsigned other = model_start(join_late, &id);
    send(id, WORD, 1);
    model_join(other);
    await(id);
    MODEL_CHECK(cogo_group_members(w.system, "s", "g", &member, 1) == 0);
    finish();
}

/* --- Offloaded work. -----------------------------------------------------------------------
 */

static cogo_msg *work(cogo_offload_job *job, void *arg)
{
    w.got = *(const unsigned *)arg; // Plain: the actor reads it when it has the result.
    (void)cogo_offload_cancelled(job);
    return cogo_msg_create(cogo_offload_system(job), PASS, 0);
}

static cogo_err order_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    (void)args;
    unsigned five = 5;
    uint64_t ask = 0;
    cogo_offload_options options = {.struct_size = sizeof options,
                                    .run = work,
                                    .arg = &five,
                                    .arg_size_bytes = sizeof five};
    return cogo_offload(ctx, &options, &ask);
}

static cogo_err order_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    MODEL_CHECK(cogo_msg_type_of(msg) == PASS && w.got == 5);
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static const cogo_behavior orderer = {.struct_size = sizeof(cogo_behavior),
                                      .name = "orderer",
                                      .start = order_start,
                                      .receive = order_receive};

static void a_result_comes_back(void)
{
    begin(1);
    w.first = spawn(&orderer, 0, NULL);
    await(w.first);
    MODEL_CHECK(w.got == 5);
    finish();
}

/* --- Dead letters are told. ----------------------------------------------------------------
 */

static cogo_err clerk_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    if (cogo_msg_type_of(msg) == WORD) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior clerk = {
    .struct_size = sizeof(cogo_behavior), .name = "clerk", .receive = clerk_receive};

static void send_to_nobody(void *arg)
{
    send(*(const cogo_actor_id *)arg, WORD, 1);
    send(*(const cogo_actor_id *)arg, WORD, 1);
}

static void dead_letters_are_told(void)
{
    begin(1);
    cogo_actor_id gone = spawn(&one, 0, NULL);
    send(gone, WORD, 1);
    await(gone);
    w.first = spawn(&clerk, 0, NULL);
    unsigned other = model_start(send_to_nobody, &gone);
    MODEL_CHECK(cogo_dead_letter_subscribe(w.system, w.first, 1) == COGO_OK);
    MODEL_CHECK(cogo_dead_letter_subscribe(w.system, w.first, 2) == COGO_OK);
    model_join(other);
    send(w.first, WORD, 1);
    await(w.first);
    finish();
}

/* --- A host polls. -------------------------------------------------------------------------
 */

static void begin_polled(void)
{
    static cogo__world world;
    memset(&w, 0, sizeof w);
    world = *cogo__world_os();
    world.cpu_count = one_cpu;
    cogo_system_config config = {.struct_size = sizeof config,
                                 .flags = COGO_SYSTEM_POLLED,
                                 .lane_count = 1,
                                 .actor_limit = ACTORS,
                                 .seed = 1};
    MODEL_CHECK(cogo__system_create_in(&world, &config, &w.system) == COGO_OK);
}

static void poll_once(void)
{
    cogo_err err = cogo_system_poll(w.system, UINT64_MAX, NULL);
    MODEL_CHECK(err == COGO_OK || err == COGO_ESTATE);
}

static void host_also(void *arg)
{
    (void)arg;
    send(w.first, WORD, 1);
    poll_once();
}

/* What comes from outside makes the descriptor readable, unless a poll has handled it. (I14) */
static void the_bell_rings(void)
{
    begin_polled();
    w.first = spawn(&three, 0, NULL);
    poll_once();
    unsigned other = model_start(send_and_wait, NULL);
    send(w.first, WORD, 1);
    poll_once();
    poll_once();
    model_join(other);
    struct pollfd bell = {.fd = cogo_system_poll_fd(w.system), .events = POLLIN};
    cogo_actor_info info = {.struct_size = sizeof info};
    MODEL_CHECK(cogo_actor_info_read(w.system, w.first, &info) == COGO_OK);
    MODEL_CHECK(info.mailbox_depth == 0 || poll(&bell, 1, 0) == 1);
    send(w.first, WORD, 1);
    poll_once();
    MODEL_CHECK(w.got == 3);
    finish();
}

/* The right to poll goes from one thread to another, and with it all that the lane wrote. */
static void two_threads_poll(void)
{
    begin_polled();
    w.first = spawn(&three, 0, NULL);
    unsigned other = model_start(host_also, NULL);
    host_also(NULL);
    model_join(other);
    send(w.first, WORD, 1);
    poll_once();
    MODEL_CHECK(w.got == 3);
    finish();
}

const model_program limit_programs[] = {
    {"limits/a_sender_gets_its_place", a_sender_gets_its_place, 1500},
    {"limits/a_sender_hears_of_the_end", a_sender_hears_of_the_end, 1500},
    {"limits/a_payload_is_shared", a_payload_is_shared, 500},
    {"limits/a_member_comes_late", a_member_comes_late, 1000},
    {"limits/a_result_comes_back", a_result_comes_back, 1000},
    {"limits/dead_letters_are_told", dead_letters_are_told, 1000},
    {"limits/the_bell_rings", the_bell_rings, 1500},
    {"limits/two_threads_poll", two_threads_poll, 1500},
    {0},
};
