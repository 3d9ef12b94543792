/* RFC 9457 answers: application/problem+json with code and request id.
 * Used by the server's refusals and by every route. Never tells internals. */
#ifndef GATEWAY_PROBLEM_H
#define GATEWAY_PROBLEM_H

#include "actors/gateway/answer.h"
#include "codec/contract/records.h"
#include "codec/json/json.h"

/* @p head gives request id, trace and extra lines; status and type are set here. Fills what
 * @p p leaves open: type, title, code and request id. NULL when out of memory. */
answer *problem_answer(uint64_t exchange, answer_head head, const problem *p);

/* A problem as JSON, without what says nothing. The caller owns it. */
json_t *problem_to_json(const problem *p);

/* @p p with what it leaves open: status, type, title and code. */
problem problem_fill(const problem *p);

#endif
