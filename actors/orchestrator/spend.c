/* Budgets told to roles that run: what is left, and whether they may take more. What is granted
 * is charged at once, so that two that share a budget never take the same. */
#include "actors/orchestrator/budget.h"

#include <math.h>
#include <string.h>

static double beyond(double all, double told)
{
    return all > told ? all - told : 0;
}

/* What @p all has more than what the role has told of. */
static spending rest_of(const spending *all, const spending *told)
{
    return (spending){.tokens = (int64_t)beyond((double)all->tokens, (double)told->tokens),
                      .cost = beyond(all->cost, told->cost),
                      .calls = (int64_t)beyond((double)all->calls, (double)told->calls)};
}

static void note(spending *told, const spending *more)
{
    told->tokens += more->tokens;
    told->cost += more->cost;
    told->calls += more->calls;
}

void orc_budget_charge_run(orc *o, orc_task *t, const orc_run *run, const agent_result *result,
                           int64_t took_ms)
{
    const result_metadata *about = result == NULL ? NULL : result->metadata;
    const llm_usage *llm = about == NULL ? NULL : about->llm;
    spending all = {0};
    if (llm != NULL) {
        all.tokens = llm->input_tokens + llm->output_tokens;
        all.calls = llm->calls;
        all.cost = llm->cost;
    }
    spending what = rest_of(&all, &run->charged);
    what.time = took_ms > 0 ? took_ms : 0;
    orc_budget_charge(o, t, &what);
}

/* What @p t and all above it leave to it; INFINITY where nothing is limited. What is reserved
 * for others, or for children, is not for it. */
static void left_of(const orc_task *t, double out[BUDGET_KINDS])
{
    double own[BUDGET_KINDS] = {0}; // Reserved above for the one before.
    for (size_t i = 0; i < BUDGET_KINDS; i++) {
        out[i] = (double)INFINITY;
    }
    for (const orc_task *at = t; at != NULL; at = at->parent) {
        double limit[BUDGET_KINDS], spent[BUDGET_KINDS];
        orc_budget_limits(at->record->budget, limit);
        orc_budget_amounts(&at->spent, spent);
        for (size_t i = 0; i < BUDGET_KINDS; i++) {
            double left = limit[i] - spent[i] - at->reserved[i] + own[i];
            if (limit[i] > 0 && left < out[i]) {
                out[i] = left > 0 ? left : 0;
            }
            own[i] = limit[i] > spent[i] ? limit[i] - spent[i] : 0;
        }
    }
}

static int64_t whole(double left)
{
    return isinf(left) ? -1 : (int64_t)left;
}

const budget_left *orc_budget_left(orc *o, const orc_task *t)
{
    double left[BUDGET_KINDS];
    bool limited = false;
    budget_left *out = NULL;
    if (t->parent == NULL && t->record->budget == NULL) {
        return NULL;
    }
    left_of(t, left);
    for (size_t i = 0; i < BUDGET_CHILDREN; i++) {
        limited = limited || !isinf(left[i]);
    }
    out = limited ? cogo_arena_alloc(&o->scratch, sizeof *out) : NULL;
    if (out != NULL) {
        *out = (budget_left){.granted = true,
                             .tokens = whole(left[0]),
                             .cost = isinf(left[1]) ? -1 : left[1],
                             .time = whole(left[BUDGET_TIME]),
                             .calls = whole(left[BUDGET_CALLS])};
    }
    return out;
}

/* Why @p t may not take @p next, as a sentence; NULL: it may. */
static const char *refused(orc *o, const orc_task *t, const spending *next)
{
    double left[BUDGET_KINDS], wanted[BUDGET_KINDS];
    const char *used_up = orc_budget_used_up(o, t);
    if (used_up != NULL) {
        return used_up;
    }
    left_of(t, left);
    orc_budget_amounts(next, wanted);
    for (size_t i = 0; i < BUDGET_CHILDREN; i++) {
        if (i != BUDGET_TIME && (wanted[i] > left[i] || left[i] <= 0)) {
            return cogo_arena_printf(
                &o->scratch, "the budget of %s is used up: %g %s left, %g wanted",
                t->record->task_id, left[i], orc_budget_names[i], wanted[i]);
        }
    }
    return NULL;
}

static bool sane(const spending *s)
{
    return s->tokens >= 0 && s->calls >= 0 && s->cost >= 0 && !isinf(s->cost);
}

void orc_on_budget_ask(orc *o, cogo_msg *msg)
{
    static const spending none = {0};
    const budget_ask *asked = cogo_msg_payload(msg);
    cogo_actor_id to = cogo_msg_reply_to(msg);
    const spending *used = asked->used != NULL ? asked->used : &none;
    const spending *next = asked->next != NULL ? asked->next : &none;
    int64_t lease = asked->lease;
    orc_run *run = orc_map_get(&o->runs, &lease, sizeof lease);
    orc_task *t =
        run == NULL || asked->task_id == NULL || strcmp(run->task_id, asked->task_id) != 0
            ? NULL
            : run->task;
    if (orc_unavailable(o, to)) {
        return;
    }
    if (t == NULL) {
        orc_refuse(o, to, 409, "ATTEMPT_OVER", "lease: the attempt is over.");
        return;
    }
    if (!sane(used) || !sane(next)) {
        orc_refuse(o, to, 422, "VALIDATION", "used, next: amounts are not below 0.");
        return;
    }
    spending more = rest_of(used, &run->charged);
    note(&run->charged, &more);
    orc_budget_charge(o, t, &more);
    const char *why = refused(o, t, next);
    if (why == NULL) {
        spending granted = {.tokens = next->tokens, .cost = next->cost, .calls = next->calls};
        note(&run->charged, &granted);
        orc_budget_charge(o, t, &granted);
    } else {
        o->exhausted++;
    }
    const budget_left *left = orc_budget_left(o, t);
    budget_left answer =
        left != NULL ? *left : (budget_left){.tokens = -1, .cost = -1, .time = -1, .calls = -1};
    answer.granted = why == NULL;
    answer.reason = why;
    // What was charged is on disk before the role goes on with it.
    orc_outbox_put(o, to, cogo_msg_create_record(o->system, MSG_BUDGET_LEFT, &answer), true);
}
