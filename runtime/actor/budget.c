/* What a long callback can do for those who wait behind it. */
#include "runtime/actor/signals.h"

enum { CHARGE_MOST = 1 << 30 }; // Keeps the sum with the messages of a turn below 2^32.

void cogo_budget_consume(cogo_context *ctx, uint32_t units)
{
    uint32_t room = CHARGE_MOST - ctx->charged;
    ctx->charged += units < room ? units : room;
}

bool cogo_should_yield(cogo_context *ctx)
{
    if (ctx->ending || cogo__signals_waiting(ctx->cell)) {
        return true;
    }
    if (!ctx->is_lane) {
        return false; // A thread of its own: nobody waits behind it.
    }
    const cogo_system_config *config = &ctx->system->config;
    if (ctx->charged >= config->batch_messages) {
        return true;
    }
    uint64_t now = cogo__world_now(ctx->system->world);
    if (ctx->deadline_ns == 0) {
        ctx->deadline_ns = now + config->batch_ns;
    }
    return now >= ctx->deadline_ns;
}
