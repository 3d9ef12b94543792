/* The tables of budgets and of what is taken from them. */
#include "codec/contract/field.h"
#include "codec/contract/records.h"

static const cogo_field budget_fields[] = {
    FIELD(budget, tokens, "tokens", INT, RANGE(0, BUDGET_MAX),
          .doc = "Tokens of models, in and out; 0 means any number."),
    FIELD(budget, cost, "cost", DOUBLE, RANGE(0, BUDGET_MAX),
          .doc = "US dollars; 0 means any amount."),
    FIELD(budget, time, "time", INT, RANGE(0, BUDGET_MAX),
          .doc = "Milliseconds of attempts; 0 means any time."),
    FIELD(budget, calls, "calls", INT, RANGE(0, BUDGET_MAX),
          .doc = "Calls of models and tools; 0 means any number."),
    FIELD(budget, tasks, "tasks", INT, RANGE(0, BUDGET_MAX),
          .doc = "Tasks below it, at any depth; 0 means any number."),
    FIELD(budget, depth, "depth", INT, RANGE(0, TREE_DEPTH_MAX),
          .doc = "Levels of tasks below it; 0 means any number."),
};
RECORD(budget, "Budget", 1, "What a task and all tasks below it may take.");

static const cogo_field spending_fields[] = {
    FIELD(spending, tokens, "tokens", INT, NOT_NEGATIVE, .doc = "Tokens of models."),
    FIELD(spending, cost, "cost", DOUBLE, NOT_NEGATIVE, .doc = "US dollars."),
    FIELD(spending, time, "time", INT, NOT_NEGATIVE, .doc = "Milliseconds of attempts."),
    FIELD(spending, calls, "calls", INT, NOT_NEGATIVE, .doc = "Calls of models and tools."),
    FIELD(spending, tasks, "tasks", INT, NOT_NEGATIVE, .doc = "Tasks below it."),
};
RECORD(spending, "Spending", 1, "What a task and the tasks below it took.");

static const cogo_field budget_left_fields[] = {
    FIELD(budget_left, granted, "granted", BOOL,
          .doc = "It may take what it asked for, which is charged already."),
    FIELD(budget_left, reason, "reason", STRING, .doc = "Why it may not."),
    FIELD(budget_left, tokens, "tokens", INT, .min = -1, .max = INT64_MAX,
          .doc = "Tokens of models; -1 means any number, as with the others."),
    FIELD(budget_left, cost, "cost", DOUBLE, .min = -1, .max = INT64_MAX, .doc = "US dollars."),
    FIELD(budget_left, time, "time", INT, .min = -1, .max = INT64_MAX,
          .doc = "Milliseconds, this attempt not counted."),
    FIELD(budget_left, calls, "calls", INT, .min = -1, .max = INT64_MAX,
          .doc = "Calls of models and tools."),
};
RECORD(budget_left, "BudgetLeft", 1, "What a running task may still take.");
