/* Budgets along a task tree. A task may name its parent; what it is allowed is reserved in what
 * the parent has left, what it really took is charged to itself and to all unfinished tasks
 * above it, and the rest is given back at its end. Who has used up a budget, or is below
 * somebody who has, gets no further attempt and no further children. */
#include "actors/orchestrator/room.h"

#include <stdio.h>
#include <string.h>

enum { KIND_COUNT = 5, TIME = 2 };

static const char *const names[KIND_COUNT] = {"tokens", "cost", "time", "calls", "tasks"};

/* Amounts by kind, in the order of the names. */
static void limits_of(const budget *b, double out[KIND_COUNT])
{
    const double all[KIND_COUNT] = {b == NULL ? 0 : (double)b->tokens, b == NULL ? 0 : b->cost,
                                    b == NULL ? 0 : (double)b->time,
                                    b == NULL ? 0 : (double)b->calls,
                                    b == NULL ? 0 : (double)b->tasks};
    memcpy(out, all, sizeof all);
}

static void amounts_of(const spending *s, double out[KIND_COUNT])
{
    const double all[KIND_COUNT] = {(double)s->tokens, s->cost, (double)s->time,
                                    (double)s->calls, (double)s->tasks};
    memcpy(out, all, sizeof all);
}

static double at_least_0(double value)
{
    return value > 0 ? value : 0;
}

const char *orc_budget_used_up(orc *o, const orc_task *t)
{
    for (const orc_task *at = t; at != NULL; at = at->parent) {
        double limit[KIND_COUNT], spent[KIND_COUNT];
        limits_of(at->record->budget, limit);
        amounts_of(&at->spent, spent);
        for (size_t i = 0; i < KIND_COUNT - 1; i++) { // Children alone count as tasks.
            if (limit[i] > 0 && spent[i] >= limit[i]) {
                return cogo_arena_printf(&o->scratch,
                                         "the budget of %s is used up: %s (%g of %g)",
                                         at->record->task_id, names[i], spent[i], limit[i]);
            }
        }
    }
    return NULL;
}

int64_t orc_budget_time_left(const orc_task *t)
{
    const budget *b = t->record->budget;
    return b == NULL || b->time == 0     ? 0
           : b->time - t->spent.time > 1 ? b->time - t->spent.time
                                         : 1;
}

static void add(orc *o, orc_task *t, const spending *what)
{
    t->spent.tokens += what->tokens;
    t->spent.cost += what->cost;
    t->spent.time += what->time;
    t->spent.calls += what->calls;
    t->spent.tasks += what->tasks;
    t->record->spent = &t->spent;
    if (!life_ended(t->record->state)) {
        orc_journal_touch(o, t);
    }
}

/* What the budget of @p t still keeps reserved in its parent. */
static void unreserve(orc_task *t, const double amounts[KIND_COUNT])
{
    double limit[KIND_COUNT];
    limits_of(t->record->budget, limit);
    for (size_t i = 0; i < KIND_COUNT && t->parent != NULL; i++) {
        if (limit[i] > 0) {
            t->parent->reserved[i] = at_least_0(t->parent->reserved[i] - amounts[i]);
        }
    }
}

void orc_budget_charge(orc *o, orc_task *t, const spending *what)
{
    if (t->parent == NULL && t->record->budget == NULL) {
        return;
    }
    double amounts[KIND_COUNT];
    amounts_of(what, amounts);
    for (orc_task *at = t; at != NULL; at = at->parent) {
        unreserve(at, amounts);
        add(o, at, what);
    }
}

void orc_budget_charge_result(orc *o, orc_task *t, const agent_result *result, int64_t took_ms)
{
    const result_metadata *about = result == NULL ? NULL : result->metadata;
    const llm_usage *llm = about == NULL ? NULL : about->llm;
    spending what = {.time = took_ms > 0 ? took_ms : 0};
    if (llm != NULL) {
        what.tokens = llm->input_tokens + llm->output_tokens;
        what.tokens = what.tokens > 0 ? what.tokens : 0;
        what.calls = llm->calls > 0 ? llm->calls : 0;
        what.cost = at_least_0(llm->cost);
    }
    orc_budget_charge(o, t, &what);
}

static void link_parent(orc_task *t, orc_task *parent)
{
    double limit[KIND_COUNT], spent[KIND_COUNT];
    limits_of(t->record->budget, limit);
    amounts_of(&t->spent, spent);
    t->parent = parent;
    parent->pin_count++;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        parent->reserved[i] += at_least_0(limit[i] - spent[i]);
    }
}

void orc_budget_begin(orc *o, orc_task *t, bool fresh)
{
    orc_task *parent =
        t->record->parent_id == NULL ? NULL : orc_task_find(o, t->record->parent_id);
    if (parent == NULL || parent == t || t->parent != NULL
        || life_ended(parent->record->state)) {
        return;
    }
    link_parent(t, parent);
    for (orc_task *at = parent; at != NULL && fresh; at = at->parent) {
        add(o, at, &(spending){.tasks = 1});
    }
}

void orc_budget_end(orc *o, orc_task *t)
{
    orc_task *parent = t->parent;
    if (parent == NULL) {
        return;
    }
    double limit[KIND_COUNT], spent[KIND_COUNT];
    limits_of(t->record->budget, limit);
    amounts_of(&t->spent, spent);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        limit[i] = at_least_0(limit[i] - spent[i]);
    }
    unreserve(t, limit);
    t->parent = NULL;
    parent->pin_count--;
    orc_task_release(o, parent);
}

/* Whether somebody above @p parent, or it itself, allows no more children. */
static const char *no_children(orc *o, const orc_task *parent)
{
    int64_t distance = 1;
    for (const orc_task *at = parent; at != NULL; at = at->parent, distance++) {
        const budget *b = at->record->budget;
        if (distance > TASK_TREE_MAX || (b != NULL && b->depth > 0 && distance > b->depth)) {
            return cogo_arena_printf(&o->scratch, "%s allows no tasks so deep below it",
                                     at->record->task_id);
        }
        if (b != NULL && b->tasks > 0 && at->spent.tasks + (int64_t)at->asked[4] >= b->tasks) {
            return cogo_arena_printf(&o->scratch, "%s allows %lld tasks below it",
                                     at->record->task_id, (long long)b->tasks);
        }
    }
    return orc_budget_used_up(o, parent);
}

/* Several of one request share what is left. */
static void begin_asking(orc *o, orc_task *parent)
{
    for (orc_task *at = parent; at != NULL; at = at->parent) {
        if (at->asked_stamp != o->submit_stamp) {
            at->asked_stamp = o->submit_stamp;
            memset(at->asked, 0, sizeof at->asked);
        }
    }
}

const char *orc_budget_refused(orc *o, orc_task *parent, const budget *asked, char pointer[40])
{
    double limit[KIND_COUNT], spent[KIND_COUNT], wanted[KIND_COUNT];
    begin_asking(o, parent);
    const char *why = no_children(o, parent);
    (void)snprintf(pointer, 40, "/parent");
    if (why != NULL) {
        return why;
    }
    limits_of(parent->record->budget, limit);
    amounts_of(&parent->spent, spent);
    limits_of(asked, wanted);
    for (size_t i = 0; i < KIND_COUNT; i++) {
        double left = limit[i] - spent[i] - parent->reserved[i] - parent->asked[i];
        if (limit[i] > 0 && wanted[i] > left) {
            (void)snprintf(pointer, 40, "/budget/%s", names[i]);
            return cogo_arena_printf(&o->scratch, "%s has %g %s left", parent->record->task_id,
                                     at_least_0(left), names[i]);
        }
    }
    for (size_t i = 0; i < KIND_COUNT; i++) {
        parent->asked[i] += wanted[i];
    }
    for (orc_task *at = parent; at != NULL; at = at->parent) {
        at->asked[4] += 1;
    }
    return NULL;
}
