/* Budgets along a task tree. A task may name its parent; what it is allowed is reserved in what
 * the parent has left, what it really took is charged to itself and to all unfinished tasks
 * above it, and the rest is given back at its end. Who has used up a budget, or is below
 * somebody who has, gets no further attempt and no further children. */
#include "actors/orchestrator/budget.h"

#include <stdio.h>
#include <string.h>

const char *const orc_budget_names[BUDGET_KINDS] = {"tokens", "cost", "time", "calls", "tasks"};

/* Amounts by kind, in the order of the names. */
void orc_budget_limits(const budget *b, double out[BUDGET_KINDS])
{
    const double all[BUDGET_KINDS] = {b == NULL ? 0 : (double)b->tokens,
                                      b == NULL ? 0 : b->cost, b == NULL ? 0 : (double)b->time,
                                      b == NULL ? 0 : (double)b->calls,
                                      b == NULL ? 0 : (double)b->tasks};
    memcpy(out, all, sizeof all);
}

void orc_budget_amounts(const spending *s, double out[BUDGET_KINDS])
{
    const double all[BUDGET_KINDS] = {(double)s->tokens, s->cost, (double)s->time,
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
        double limit[BUDGET_KINDS], spent[BUDGET_KINDS];
        orc_budget_limits(at->record->budget, limit);
        orc_budget_amounts(&at->spent, spent);
        for (size_t i = 0; i < BUDGET_KINDS - 1; i++) { // Children alone count as tasks.
            if (limit[i] > 0 && spent[i] >= limit[i]) {
                return cogo_arena_printf(
                    &o->scratch, "the budget of %s is used up: %s (%g of %g)",
                    at->record->task_id, orc_budget_names[i], spent[i], limit[i]);
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
static void unreserve(orc_task *t, const double amounts[BUDGET_KINDS])
{
    double limit[BUDGET_KINDS];
    orc_budget_limits(t->record->budget, limit);
    for (size_t i = 0; i < BUDGET_KINDS && t->parent != NULL; i++) {
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
    double amounts[BUDGET_KINDS];
    orc_budget_amounts(what, amounts);
    for (orc_task *at = t; at != NULL; at = at->parent) {
        unreserve(at, amounts);
        add(o, at, what);
    }
}

static void link_parent(orc_task *t, orc_task *parent)
{
    double limit[BUDGET_KINDS], spent[BUDGET_KINDS];
    orc_budget_limits(t->record->budget, limit);
    orc_budget_amounts(&t->spent, spent);
    t->parent = parent;
    parent->pin_count++;
    for (size_t i = 0; i < BUDGET_KINDS; i++) {
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
    double limit[BUDGET_KINDS], spent[BUDGET_KINDS];
    orc_budget_limits(t->record->budget, limit);
    orc_budget_amounts(&t->spent, spent);
    for (size_t i = 0; i < BUDGET_KINDS; i++) {
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
        if (b != NULL && b->tasks > 0
            && at->spent.tasks + (int64_t)at->asked[BUDGET_CHILDREN] >= b->tasks) {
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
    double limit[BUDGET_KINDS], spent[BUDGET_KINDS], wanted[BUDGET_KINDS];
    begin_asking(o, parent);
    const char *why = no_children(o, parent);
    (void)snprintf(pointer, 40, "/parent");
    if (why != NULL) {
        return why;
    }
    orc_budget_limits(parent->record->budget, limit);
    orc_budget_amounts(&parent->spent, spent);
    orc_budget_limits(asked, wanted);
    for (size_t i = 0; i < BUDGET_KINDS; i++) {
        double left = limit[i] - spent[i] - parent->reserved[i] - parent->asked[i];
        if (limit[i] > 0 && wanted[i] > left) {
            (void)snprintf(pointer, 40, "/budget/%s", orc_budget_names[i]);
            return cogo_arena_printf(&o->scratch, "%s has %g %s left", parent->record->task_id,
                                     at_least_0(left), orc_budget_names[i]);
        }
    }
    for (size_t i = 0; i < BUDGET_KINDS; i++) {
        parent->asked[i] += wanted[i];
    }
    for (orc_task *at = parent; at != NULL; at = at->parent) {
        at->asked[BUDGET_CHILDREN] += 1;
    }
    return NULL;
}
