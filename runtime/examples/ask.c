/* An actor asks another one, without blocking: the answer is a message, and so is the
 * time-out. */
#include <cogo/cogo.h>

#include <stdio.h>
#include <string.h>

enum { QUESTION = COGO_MSG_USER, ANSWER };

static cogo_err oracle_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    return cogo_reply(ctx, msg, cogo_msg_create(cogo_context_system(ctx), ANSWER, 0));
}

static const cogo_behavior oracle = {
    .struct_size = sizeof(cogo_behavior), .name = "oracle", .receive = oracle_receive};

static cogo_err asker_start(cogo_context *ctx, void *state, const void *args)
{
    cogo_msg *msg = cogo_msg_create(cogo_context_system(ctx), QUESTION, 0);
    cogo_actor_id to;
    memcpy(&to, args, sizeof to);
    return cogo_ask(ctx, to, msg, 1000000000, state);
}

static cogo_err asker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    const uint64_t *ask = state;
    if (cogo_msg_ask(msg) == *ask) {
        puts(cogo_msg_type_of(msg) == COGO_MSG_ASK_FAILED ? "no answer" : "answered");
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
    }
    return COGO_OK;
}

static const cogo_behavior asker = {.struct_size = sizeof(cogo_behavior),
                                    .name = "asker",
                                    .state_size_bytes = sizeof(uint64_t),
                                    .start = asker_start,
                                    .receive = asker_receive};

int main(void)
{
    cogo_system *system = NULL;
    cogo_actor_id first, second;
    cogo_spawn_options a = {.struct_size = sizeof a, .behavior = &oracle};
    cogo_spawn_options b = {.struct_size = sizeof b, .behavior = &asker};
    b.args = &first;
    b.args_size_bytes = sizeof first;
    bool ok = cogo_system_create(NULL, &system) == COGO_OK
              && cogo_system_spawn(system, &a, &first) == COGO_OK
              && cogo_system_spawn(system, &b, &second) == COGO_OK
              && cogo_system_await(system, second, 2000000000, NULL) == COGO_OK;
    cogo_system_destroy(system);
    return ok ? 0 : 1;
}
