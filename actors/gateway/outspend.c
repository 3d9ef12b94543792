/* A worker outside asks whether an attempt may take more of its budget. */
#include "actors/gateway/outworker_inside.h"
#include "actors/gateway/problem.h"

#include <stdio.h>

#define ASK_NS UINT64_C(10000000000)

void outspend_ask(outworker *o, const char *id, const budget_ask *said)
{
    size_t at = 0;
    while (at < OUTSPENDS_MAX && o->spends[at].ask != 0) {
        at++;
    }
    if (at == OUTSPENDS_MAX || !cogo_actor_id_is_set(o->orchestrator)
        || cogo_ask(o->ctx, o->orchestrator,
                    cogo_msg_create_record(o->system, MSG_BUDGET_ASK, said), ASK_NS,
                    &o->spends[at].ask)
               != COGO_OK) {
        outworker_refuse(o, id, 503, NULL, "The budget can't be asked now.");
        return;
    }
    (void)snprintf(o->spends[at].frame_id, sizeof o->spends[at].frame_id, "%s",
                   id != NULL ? id : "");
}

bool outspend_answer(outworker *o, cogo_msg *msg)
{
    out_spend *s = o->spends;
    while (s < o->spends + OUTSPENDS_MAX && (s->ask == 0 || s->ask != cogo_msg_ask(msg))) {
        s++;
    }
    if (s == o->spends + OUTSPENDS_MAX) {
        return false;
    }
    s->ask = 0;
    if (cogo_msg_type_of(msg) == MSG_BUDGET_LEFT) {
        outworker_reply(o, "budget", s->frame_id,
                        json_from_record(&budget_left_record, cogo_msg_payload(msg)));
    } else if (cogo_msg_type_of(msg) == MSG_PROBLEM) {
        outworker_reply(o, "problem", s->frame_id, problem_to_json(cogo_msg_payload(msg)));
    } else {
        outworker_refuse(o, s->frame_id, 503, NULL, "The orchestrator did not answer.");
    }
    return true;
}
