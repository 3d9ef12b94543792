/* What tasks and those below them may take.
 * Used by who makes, offers and ends tasks. budget.c reserves and charges, spend.c answers
 * roles that run. */
#ifndef ORCHESTRATOR_BUDGET_H
#define ORCHESTRATOR_BUDGET_H

#include "actors/orchestrator/room.h"

enum { BUDGET_KINDS = 5, BUDGET_TIME = 2, BUDGET_CALLS = 3, BUDGET_CHILDREN = 4 };

extern const char *const orc_budget_names[BUDGET_KINDS];

/* Amounts by kind. */
void orc_budget_limits(const budget *b, double out[BUDGET_KINDS]);
void orc_budget_amounts(const spending *s, double out[BUDGET_KINDS]);

void orc_budget_begin(orc *o, orc_task *t, bool fresh); /* Its parent pays from now on, */
void orc_budget_end(orc *o, orc_task *t);               /* and no more. */
void orc_budget_charge(orc *o, orc_task *t, const spending *what);
const char *orc_budget_used_up(orc *o, const orc_task *t); /* A sentence, or NULL. */
int64_t orc_budget_time_left(const orc_task *t);           /* ms; 0: not limited. */
const char *orc_budget_refused(orc *o, orc_task *parent, const budget *asked, char pointer[40]);

/* The end of @p run: what its result says beyond what its role has told of. */
void orc_budget_charge_run(orc *o, orc_task *t, const orc_run *run, const agent_result *result,
                           int64_t took_ms);

/* What @p t may take, in the scratch arena; NULL: nothing is limited. */
const budget_left *orc_budget_left(orc *o, const orc_task *t);
void orc_on_budget_ask(orc *o, cogo_msg *msg);

#endif
