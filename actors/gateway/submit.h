/* Submitting: what tasks, batches and workflows have in common.
 * Used by the routes that take instructions. */
#ifndef GATEWAY_SUBMIT_H
#define GATEWAY_SUBMIT_H

#include "actors/gateway/exchange.h"

enum {
    SUBMIT_BATCH_MAX = 1000,     /* Items of one batch, */
    SUBMIT_WORKFLOW_MAX = 10000, /* or of one workflow. */
};

/* Puts key, hash and trace of the request into @p submit. False: answered with a problem. */
bool submit_take_key(exchange *x, task_submit *submit);
/* Says so in the head when the answer is a repeated one. */
void submit_tell_replay(exchange *x, const task_submitted *submitted);
/* The array under "tasks" of @p body, with 1 to @p most items and no other keys than
 * those in @p also (ends with NULL). NULL: answered with a problem. */
json_t *submit_list(exchange *x, json_t *body, const char *const *also, size_t most);
/* A copy of @p p whose pointers name the fields of the request instead of those of the message
 * to the orchestrator: of a single instruction, or of a list whose item i was @p original[i]
 * (NULL: i). Without memory @p p itself. */
const problem *submit_translate_one(exchange *x, const problem *p);
const problem *submit_translate_list(exchange *x, const problem *p, const size_t *original);
/* True when a task in @p state changes no more. */
bool submit_is_terminal(int32_t state);

#endif
