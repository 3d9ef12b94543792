#include "actors/store/actors.h"

#include <cogo/system.h>

enum { RETRY_AFTER_MS = 5000 }; /* Told to who asks while the store is away. */

void store_answer(cogo_context *ctx, const cogo_msg *request, cogo_msg_type type,
                  const void *record)
{
    // Whoever is gone waits for nothing.
    (void)cogo_reply(ctx, request,
                     cogo_msg_create_record(cogo_context_system(ctx), type, record));
}

void store_answer_health(cogo_context *ctx, const cogo_msg *request, const char *check,
                         bool ready)
{
    health out = {.ready = ready, .checks = {&check, 1}};
    store_answer(ctx, request, MSG_HEALTH, &out);
}

void store_answer_problem(cogo_context *ctx, const cogo_msg *request, int64_t status,
                          const char *code, const char *detail)
{
    problem out = {.status = status,
                   .code = code,
                   .detail = detail,
                   .retry_after_ms = status == 503 ? RETRY_AFTER_MS : 0};
    store_answer(ctx, request, MSG_PROBLEM, &out);
}
