#include "bench/workload.h"

#include <string.h>

static bool spawn(cogo_context *ctx, const cogo_behavior *behavior, const void *args,
                  size_t args_size_bytes, uint32_t flags, cogo_actor_id *out_id)
{
    const cogo_spawn_options options = {.struct_size = sizeof options,
                                        .behavior = behavior,
                                        .args = args,
                                        .args_size_bytes = args_size_bytes,
                                        .flags = flags};
    cogo_err err = cogo_spawn(ctx, &options, out_id);
    if (err != COGO_OK) {
        cogo_exit(ctx, COGO_EXIT_ERROR, cogo_strerror(err));
    }
    return err == COGO_OK;
}

bool workload_spawn(cogo_context *ctx, const cogo_behavior *behavior, const void *args,
                    size_t args_size_bytes, cogo_actor_id *out_id)
{
    return spawn(ctx, behavior, args, args_size_bytes, COGO_SPAWN_LINK, out_id);
}

bool workload_spawn_free(cogo_context *ctx, const cogo_behavior *behavior, const void *args,
                         size_t args_size_bytes, cogo_actor_id *out_id)
{
    return spawn(ctx, behavior, args, args_size_bytes, 0, out_id);
}

cogo_err workload_send(cogo_context *ctx, cogo_actor_id to, cogo_msg_type type)
{
    return cogo_send(ctx, to, cogo_msg_create(cogo_context_system(ctx), type, 0));
}

cogo_err workload_send_number(cogo_context *ctx, cogo_actor_id to, cogo_msg_type type,
                              uint64_t number)
{
    cogo_msg *msg = cogo_msg_create(cogo_context_system(ctx), type, sizeof number);
    if (msg != NULL) {
        memcpy(cogo_msg_payload(msg), &number, sizeof number);
    }
    return cogo_send(ctx, to, msg);
}

uint64_t workload_number(cogo_msg *msg)
{
    uint64_t number = 0;
    memcpy(&number, cogo_msg_payload(msg), sizeof number);
    return number;
}

void workload_begin(cogo_context *ctx, workload_outcome *outcome)
{
    outcome->began_ns = cogo_now_ns(ctx);
}

void workload_end(cogo_context *ctx, workload_outcome *outcome)
{
    outcome->ended_ns = cogo_now_ns(ctx);
}

void workload_finish(cogo_context *ctx, workload_outcome *outcome, bool right)
{
    outcome->right = right;
    cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "");
}
