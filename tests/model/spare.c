/* Spare lanes: while the only lane is stuck another one does its work, and then rests. */
#include "tests/model/scene.h"

/* Its callback waits for what only another lane can do. */
static cogo_err stuck_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    cogo_msg *word = cogo_msg_create(w.system, WORD, sizeof(uint32_t));
    uint32_t value = value_of(msg);
    memcpy(cogo_msg_payload(word), &value, sizeof value);
    (void)cogo_send(ctx, w.second, word);
    cogo__world_park(cogo__world_os(), &w.gate, COGO__FOREVER);
    MODEL_CHECK(w.got == value);
    cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    return COGO_OK;
}

static cogo_err open_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    if (cogo_msg_type_of(msg) == COGO_MSG_TIMER) {
        w.got = PASS;
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
        return COGO_OK;
    }
    w.got++;
    MODEL_CHECK(w.got == value_of(msg));
    cogo__world_wake(cogo__world_os(), &w.gate);
    return w.next_life != NULL ? cogo_timer_start(ctx, UINT64_C(1000000000), 0, 1, NULL)
                               : COGO_OK;
}

static const cogo_behavior stuck = {
    .struct_size = sizeof(cogo_behavior), .name = "stuck", .receive = stuck_receive};
static const cogo_behavior opener = {
    .struct_size = sizeof(cogo_behavior), .name = "opener", .receive = open_receive};

static void work_goes_on_twice(void)
{
    begin_spared(1, 1);
    w.second = spawn(&opener, 0, NULL);
    for (uint32_t round = 1; round <= 2; round++) {
        w.first = spawn(&stuck, 0, NULL);
        send(w.first, WORD, round);
        await(w.first);
    }
    finish();
}

/* A timer that was armed on the spare lane fires there a second later, while it rests. */
static void a_timer_outlasts_the_duty(void)
{
    begin_spared(1, 1);
    w.next_life = &opener;
    w.second = spawn(&opener, 0, NULL);
    w.first = spawn(&stuck, 0, NULL);
    send(w.first, WORD, 1);
    await(w.first);
    await(w.second);
    MODEL_CHECK(w.got == PASS);
    finish();
}

const model_program spare_programs[] = {
    {"spare/work_goes_on_twice", work_goes_on_twice, 600},
    {"spare/a_timer_outlasts_the_duty", a_timer_outlasts_the_duty, 600},
    {0},
};
