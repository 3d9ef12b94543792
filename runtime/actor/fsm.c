/* Finite state machines. What a callback asks for is written down and done when it has
 * returned: first the change of state, then time-outs, then events that it raised. */
#include "runtime/actor/life.h"

#include <cogo/fsm.h>

enum { IDLE, IN_INIT, IN_ENTER, IN_EVENT, IN_MESSAGE };

static const cogo_fsm_table *table_of(const cogo_context *ctx)
{
    const cogo_behavior *behavior = cogo__ptr_load_relaxed(&ctx->cell->behavior);
    if (behavior->receive != cogo_fsm_receive
        || behavior->state_size_bytes < sizeof(cogo_fsm_core)) {
        return NULL;
    }
    // The table lies behind the behaviour, as large as the program knew it.
    const void *behind = (const char *)behavior + behavior->struct_size;
    const cogo_fsm_table *table = behind;
    return table->struct_size >= sizeof *table ? table : NULL;
}

/* --- What is done after a callback. ------------------------------------------------------- */

static void stop_timeout(cogo_context *ctx, cogo_fsm_core *core, uint32_t which)
{
    cogo_timer_cancel(ctx, core->timers[which]);
    core->timers[which] = 0;
}

static cogo_err set_timeouts(cogo_context *ctx, cogo_fsm_core *core)
{
    cogo_err err = COGO_OK;
    for (uint32_t i = 0; core->wanted != 0 && i < COGO_FSM_TIMEOUTS_MAX; i++) {
        if ((core->wanted & 1u << i) != 0) {
            core->wanted &= ~(1u << i);
            stop_timeout(ctx, core, i);
            err = err == COGO_OK
                      ? cogo_timer_start(ctx, core->delays_ns[i], 0, i, &core->timers[i])
                      : err;
        }
    }
    return err;
}

static cogo_err enter(cogo_context *ctx, const cogo_fsm_table *table, cogo_fsm_core *core)
{
    uint32_t from = core->state;
    const cogo_fsm_state *state = &table->states[core->next];
    core->state = core->next;
    stop_timeout(ctx, core, COGO_FSM_TIMEOUT_STATE);
    if (state->timeout_ns != 0 && (core->wanted & 1u << COGO_FSM_TIMEOUT_STATE) == 0) {
        (void)cogo_fsm_timeout_set(ctx, COGO_FSM_TIMEOUT_STATE, state->timeout_ns);
    }
    if (state->enter == NULL) {
        return COGO_OK;
    }
    core->doing = IN_ENTER;
    return state->enter(ctx, core, from);
}

static cogo_err settle(cogo_context *ctx, const cogo_fsm_table *table, cogo_fsm_core *core)
{
    cogo_err err = COGO_OK;
    if (core->next != core->state) {
        err = enter(ctx, table, core);
        (void)cogo_unstash_all(ctx);
    }
    core->doing = IDLE;
    return err == COGO_OK ? set_timeouts(ctx, core) : err;
}

/* --- Events. ------------------------------------------------------------------------------ */

static cogo_err happen(cogo_context *ctx, const cogo_fsm_table *table, cogo_fsm_core *core,
                       const cogo_fsm_event *event)
{
    stop_timeout(ctx, core, COGO_FSM_TIMEOUT_EVENT);
    core->doing = event->kind == COGO_FSM_MESSAGE ? IN_MESSAGE : IN_EVENT;
    cogo_err err = table->states[core->state].event(ctx, core, event);
    return err == COGO_OK ? settle(ctx, table, core) : err;
}

/* What callbacks raised, oldest first, before the next message. */
static cogo_err happen_raised(cogo_context *ctx, const cogo_fsm_table *table,
                              cogo_fsm_core *core)
{
    cogo_err err = COGO_OK;
    for (uint32_t i = 0; err == COGO_OK && core->raised_count != 0 && !ctx->ending; i++) {
        if (i == COGO_FSM_CHAIN_MAX) {
            return COGO_ELIMIT;
        }
        cogo_fsm_event event = {.kind = COGO_FSM_RAISED,
                                .number = core->raised[core->raised_first]};
        core->raised_first = (core->raised_first + 1) % COGO_FSM_RAISED_MAX;
        core->raised_count--;
        err = happen(ctx, table, core, &event);
    }
    return err;
}

/* One of its time-outs? Then it has come. */
static bool is_timeout(cogo_fsm_core *core, cogo_msg *msg, uint32_t *out_which)
{
    if (msg->type != COGO_MSG_TIMER || (msg->flags & COGO__MSG_RUNTIME) == 0) {
        return false;
    }
    const cogo_timer_fired *fired = cogo_msg_payload(msg);
    for (uint32_t i = 0; i < COGO_FSM_TIMEOUTS_MAX; i++) {
        if (core->timers[i] == fired->timer) {
            core->timers[i] = 0;
            *out_which = i;
            return true;
        }
    }
    return false;
}

cogo_err cogo_fsm_receive(cogo_context *ctx, void *data, cogo_msg *msg)
{
    const cogo_fsm_table *table = table_of(ctx);
    if (table == NULL) {
        return COGO_ESTATE;
    }
    cogo_fsm_event event = {.kind = COGO_FSM_MESSAGE, .msg = msg};
    if (is_timeout(data, msg, &event.number)) {
        event.kind = COGO_FSM_TIMEOUT;
        event.msg = NULL;
    }
    cogo_err err = happen(ctx, table, data, &event);
    return err == COGO_OK ? happen_raised(ctx, table, data) : err;
}

static bool valid(const cogo_fsm_table *table)
{
    if (table == NULL || table->states == NULL || table->initial >= table->state_count) {
        return false;
    }
    for (uint32_t i = 0; i < table->state_count; i++) {
        if (table->states[i].event == NULL || table->states[i].name == NULL) {
            return false;
        }
    }
    return true;
}

cogo_err cogo_fsm_start(cogo_context *ctx, void *data, const void *args)
{
    const cogo_fsm_table *table = table_of(ctx);
    if (!valid(table)) {
        return COGO_EINVAL;
    }
    cogo_fsm_core *core = data;
    core->state = core->next = table->initial;
    core->doing = IN_INIT;
    cogo_err err = table->init != NULL ? table->init(ctx, data, args) : COGO_OK;
    if (err == COGO_OK) {
        core->state = core->next; // The first one is entered from itself.
        err = enter(ctx, table, core);
    }
    core->doing = IDLE;
    err = err == COGO_OK ? set_timeouts(ctx, core) : err;
    return err == COGO_OK ? happen_raised(ctx, table, core) : err;
}

/* --- What callbacks ask for. -------------------------------------------------------------- */

static cogo_fsm_core *core_of(const cogo_context *ctx)
{
    return ctx->cell->state;
}

cogo_err cogo_fsm_next(cogo_context *ctx, uint32_t state)
{
    cogo_fsm_core *core = core_of(ctx);
    const cogo_fsm_table *table =
        table_of(ctx); // None after a cogo_become() to something else.
    if (table == NULL || core->doing == IN_ENTER || core->doing == IDLE) {
        return COGO_ESTATE;
    }
    if (state >= table->state_count) {
        return COGO_EINVAL;
    }
    core->next = state;
    return COGO_OK;
}

cogo_err cogo_fsm_postpone(cogo_context *ctx)
{
    if (core_of(ctx)->doing != IN_MESSAGE || ctx->current == NULL) {
        return COGO_ESTATE;
    }
    return cogo_stash(ctx, ctx->current);
}

cogo_err cogo_fsm_timeout_set(cogo_context *ctx, uint32_t which, uint64_t delay_ns)
{
    cogo_fsm_core *core = core_of(ctx);
    if (which >= COGO_FSM_TIMEOUTS_MAX) {
        return COGO_EINVAL;
    }
    core->delays_ns[which] = delay_ns;
    core->wanted |= 1u << which;
    return COGO_OK;
}

void cogo_fsm_timeout_cancel(cogo_context *ctx, uint32_t which)
{
    if (which < COGO_FSM_TIMEOUTS_MAX) {
        core_of(ctx)->wanted &= ~(1u << which);
        stop_timeout(ctx, core_of(ctx), which);
    }
}

cogo_err cogo_fsm_raise(cogo_context *ctx, uint32_t number)
{
    cogo_fsm_core *core = core_of(ctx);
    if (core->raised_count == COGO_FSM_RAISED_MAX) {
        return COGO_ELIMIT;
    }
    uint32_t at = (core->raised_first + core->raised_count) % COGO_FSM_RAISED_MAX;
    core->raised[at] = number;
    core->raised_count++;
    return COGO_OK;
}

uint32_t cogo_fsm_state_now(const cogo_context *ctx)
{
    return core_of(ctx)->state;
}

const char *cogo_fsm_state_name(const cogo_context *ctx)
{
    const cogo_fsm_table *table = table_of(ctx);
    return table != NULL ? table->states[core_of(ctx)->state].name : "";
}
