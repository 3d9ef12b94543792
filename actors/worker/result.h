/* What offer.c and result.c do for each other. Used by these two only. */
#ifndef WORKER_RESULT_H
#define WORKER_RESULT_H

#include "actors/worker/room.h"

/* Its timer; 0: none any more. */
void attempt_arm(cogo_context *ctx, attempt *a, uint64_t delay_ns);
/* The slot is given back when nothing of the attempt runs any more. */
void attempt_free_slot(cogo_context *ctx, worker *w, attempt *a);
void attempt_remove_if_over(worker *w, attempt *a);

/* False: there is no memory, and the worker ends. */
bool result_keep(cogo_context *ctx, worker *w, attempt *a, const job_outcome *outcome);
/* The one place where a result that is kept leaves for the first time. */
void result_report(cogo_context *ctx, worker *w, attempt *a);

/* Results without one of the role; each is kept and reported. */
void result_fail(cogo_context *ctx, worker *w, attempt *a, bool retryable, const char *error);
void result_time_out(cogo_context *ctx, worker *w, attempt *a);
void result_cancelled(cogo_context *ctx, worker *w, attempt *a);
void result_give_back(cogo_context *ctx, worker *w, attempt *a);

#endif
