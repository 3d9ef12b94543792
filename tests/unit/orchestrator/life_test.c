#include "actors/orchestrator/life.h"
#include "tests/unit/test.h"

/* A worker given up for dead may still answer. Its answer must not win. */
Test(life, result_after_a_cancel_is_not_allowed)
{
    int32_t state = TASK_QUEUED;
    cr_assert(life_apply(&state, LIFE_OFFER));
    cr_assert(life_apply(&state, LIFE_CANCEL));
    cr_expect_not(life_apply(&state, LIFE_SUCCEED));
    cr_expect_eq(state, TASK_CANCELLED);
}

Test(life, short_task_may_end_before_its_start_was_reported)
{
    int32_t state = TASK_SCHEDULED;
    cr_expect(life_apply(&state, LIFE_SUCCEED));
    cr_expect_not(life_apply(&state, LIFE_START));
    cr_expect_eq(state, TASK_SUCCEEDED);
}

Test(life, nothing_but_a_renewal_leaves_a_final_state)
{
    for (int32_t state = 0; state < TASK_STATE_COUNT; state++) {
        for (int event = 0; event < LIFE_EVENT_COUNT; event++) {
            bool renewal = event == LIFE_RENEW || event == LIFE_RENEW_BLOCKED;
            bool allowed = life_next(state, (life_event)event) >= 0;
            if (life_ended(state)) {
                cr_expect_eq(allowed, renewal && !life_succeeded(state));
            } else {
                cr_expect_not(allowed && renewal);
            }
        }
    }
}

Test(life, every_unfinished_state_can_be_cancelled)
{
    for (int32_t state = 0; state < TASK_STATE_COUNT; state++) {
        cr_expect_eq(life_next(state, LIFE_CANCEL) == TASK_CANCELLED, !life_ended(state));
    }
}

Test(life, states_that_do_not_exist_have_no_arrows)
{
    cr_expect_eq(life_next(-1, LIFE_OFFER), -1);
    cr_expect_eq(life_next(TASK_STATE_COUNT, LIFE_OFFER), -1);
}
