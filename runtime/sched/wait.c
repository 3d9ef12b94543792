/* Foreign threads that wait for an answer or for the end of an actor. */
#include "runtime/actor/life.h"
#include "runtime/actor/send.h"
#include "runtime/actor/signals.h"
#include "runtime/sched/sched.h"

#include <string.h>

/* What is given when there was no memory to say more. */
static cogo_msg no_memory;

void cogo__sched_waiter_give(cogo_system *system, cogo__ref *ref, cogo_msg *msg)
{
    cogo__ptr_store_release(&ref->answer, msg != NULL ? msg : &no_memory);
    cogo__sched_wake(system, &ref->parker); // The reference's memory stays: never too late.
}

static bool on_lane(void)
{
    return cogo__here != NULL && cogo__here->is_lane;
}

static uint64_t deadline_of(cogo_system *system, uint64_t timeout_ns)
{
    uint64_t now = cogo__world_now(system->world);
    return timeout_ns < UINT64_MAX - now ? now + timeout_ns : UINT64_MAX;
}

/* The answer, or NULL at the deadline; then none will come. */
static cogo_msg *wait_for_answer(cogo_system *system, cogo__ref *ref, uint64_t number,
                                 uint64_t deadline_ns)
{
    bool claimed_by_other = false;
    for (;;) {
        cogo_msg *msg = cogo__ptr_load_acquire(&ref->answer);
        if (msg != NULL) {
            return msg;
        }
        if (!claimed_by_other && cogo__world_now(system->world) >= deadline_ns) {
            if (cogo__ref_claim(ref, number)) {
                return NULL;
            }
            claimed_by_other = true; // It is a few instructions away.
        }
        cogo__sched_sleep(system, &ref->parker, claimed_by_other ? COGO__FOREVER : deadline_ns);
    }
}

cogo_err cogo_system_ask(cogo_system *system, cogo_actor_id to, cogo_msg *msg,
                         uint64_t timeout_ns, cogo_msg **out_answer)
{
    cogo__ref *ref = NULL;
    cogo_err err = msg == NULL || out_answer == NULL ? COGO_EINVAL
                   : on_lane()                       ? COGO_ESTATE
                                                     : COGO_OK;
    cogo_context *here = cogo__here_in(system);
    uint64_t number = 0;
    if (err == COGO_OK) {
        number = cogo__ref_create(system, here, NULL, COGO__REF_WAITER, &ref);
        err = number == 0 ? COGO_ENOMEM : COGO_OK;
    }
    if (err != COGO_OK) {
        cogo_msg_destroy(msg);
        return err;
    }
    uint64_t deadline = deadline_of(system, timeout_ns);
    ref->deadline_ns = deadline; // Also for a place in a full mailbox (COGO_PRESSURE_BLOCK).
    msg->sender = cogo__id(system, 0, 0); // Nobody, but the alias lives here.
    msg->flags = (msg->flags & (COGO__MSG_BLOCK | COGO__MSG_INSIDE)) | COGO__MSG_REQUEST;
    msg->ask = number;
    msg->enqueued_ns = 0;
    err = cogo__deliver(system, here, to, msg, true);
    // A refused request has failed the ask already: that answer is there.
    cogo_msg *answer = wait_for_answer(system, ref, number, deadline);
    cogo__ref_release(system, here, NULL, ref);
    if (answer == NULL) {
        return COGO_ETIMEOUT;
    }
    if (answer == &no_memory) {
        return err != COGO_OK ? err : COGO_ENOMEM;
    }
    if (answer->type == COGO_MSG_ASK_FAILED) {
        const cogo_ask_failed *failed = cogo__msg_body(answer);
        err = failed->err;
        cogo_msg_destroy(answer);
        return err;
    }
    *out_answer = answer;
    return COGO_OK;
}

cogo_err cogo_system_await(cogo_system *system, cogo_actor_id id, uint64_t timeout_ns,
                           cogo_reason *out_reason)
{
    if (on_lane()) {
        return COGO_ESTATE;
    }
    cogo_context *here = cogo__here_in(system);
    cogo_reason reason = {.kind = COGO_EXIT_NOPROC};
    cogo__ref *ref = NULL;
    uint64_t number = cogo__ref_create(system, here, NULL, COGO__REF_WAITER, &ref);
    if (number == 0) {
        return COGO_ENOMEM;
    }
    cogo_actor_id alias =
        cogo__id(system, ref->index | COGO__SLOT_ALIAS, (uint32_t)(number >> 32));
    cogo__signal signal = {.from = alias, .number = number};
    cogo_err err = cogo__signal_send(system, here, id, COGO__SIG_MONITOR, &signal);
    if (err == COGO_OK) {
        cogo_msg *msg = wait_for_answer(system, ref, number, deadline_of(system, timeout_ns));
        if (msg == NULL) {
            (void)cogo__signal_send(system, here, id, COGO__SIG_DEMONITOR, &signal);
            err = COGO_ETIMEOUT;
        } else if (msg == &no_memory) {
            err = COGO_ENOMEM;
        } else {
            const cogo_down *down = cogo__msg_body(msg);
            reason = down->reason;
            cogo_msg_destroy(msg);
        }
    } else if (err == COGO_EGONE) {
        // Ended, perhaps just now: its names and groups go with it, also for who comes first.
        cogo__life_forget(system, here, id);
        err = COGO_OK;
    }
    cogo__ref_release(system, here, NULL, ref);
    if (err == COGO_OK && out_reason != NULL) {
        *out_reason = reason;
    }
    return err;
}
