/* An entry of the stream, and the parts that it goes through: intake.c (the gate), submit.c
 * (its task), dead.c (its refusal). Used by these alone. */
#ifndef ACTORS_QUEUE_INTAKE_H
#define ACTORS_QUEUE_INTAKE_H

#include "actors/queue/room.h"

#define NS_PER_MS UINT64_C(1000000)

/* What is wrong with an entry, for whoever sent it. */
typedef struct refusal {
    int64_t status;
    const char *code, *field, *detail;
} refusal;

/* intake.c */
void intake_free(queue *q, item *i);
/* Tried again after @p after_ms, or after a while. */
void intake_postpone(queue *q, item *i, int64_t after_ms);

/* submit.c */
void intake_submit(queue *q, item *i, const grant *g);
void intake_submitted(queue *q, item *i, cogo_msg *msg);

/* dead.c */
/* The last word about an entry: it is gone with the transaction that says so. */
void intake_put_end(queue *q, const char *id);
/* The entry goes to the dead letters: @p i, or @p fields as they came; both may be NULL. */
void intake_put_refused(queue *q, const char *id, const item *i, const redisReply *fields,
                        const refusal *why);
void intake_refuse(queue *q, item *i, const refusal *why);

#endif
