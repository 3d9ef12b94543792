/* Four supervised workers behind one id. Each key always reaches the same worker, so that a
 * worker can count its keys without sharing anything; an answer goes straight to the asker. */
#include <cogo/cogo.h>
#include <cogo/router.h>

#include <stdio.h>

enum { VISIT = COGO_MSG_USER, WORKERS = 4, KEYS = 10, VISITS = 50 };
#define LONG_NS UINT64_C(10000000000)

typedef struct counts {
    int visits[KEYS];
} counts;

static cogo_err count(cogo_context *ctx, void *state, cogo_msg *msg)
{
    counts *seen = state;
    int key = *(const int *)cogo_msg_payload(msg);
    cogo_msg *answer = cogo_msg_create(cogo_context_system(ctx), VISIT, sizeof(int));
    if (answer != NULL) {
        *(int *)cogo_msg_payload(answer) = ++seen->visits[key];
    }
    return cogo_reply(ctx, msg, answer);
}

static const cogo_behavior counter = {
    .struct_size = sizeof(cogo_behavior),
    .name = "counter",
    .state_size_bytes = sizeof(counts),
    .receive = count,
};

/* How often @p key was seen by the worker that it belongs to; 0 on failure. */
static int visit(cogo_system *system, cogo_actor_id pool, int key)
{
    cogo_msg *answer = NULL, *msg = cogo_msg_create(system, VISIT, sizeof key);
    int seen = 0;
    if (msg != NULL) {
        *(int *)cogo_msg_payload(msg) = key;
    }
    if (cogo_system_ask(system, pool, msg, LONG_NS, &answer) == COGO_OK) {
        seen = *(const int *)cogo_msg_payload(answer);
        cogo_msg_destroy(answer);
    }
    return seen;
}

int main(void)
{
    cogo_system *system = NULL;
    cogo_actor_id pool;
    cogo_pool_spec spec = {
        .struct_size = sizeof spec,
        .name = "counters",
        .worker = {.struct_size = sizeof spec.worker, .behavior = &counter},
        .size = WORKERS,
        .routing = COGO_ROUTE_HASH, // Of the whole payload: the key.
    };
    if (cogo_system_create(NULL, &system) != COGO_OK
        || cogo_pool_start(system, &spec, &pool) != COGO_OK) {
        return 1;
    }
    int least = VISITS;
    for (int i = 1; i <= VISITS; i++) {
        for (int key = 0; key < KEYS; key++) {
            int seen = visit(system, pool, key);
            least = i == VISITS && seen < least ? seen : least;
        }
    }
    printf("each of %d keys was counted %d times by one worker\n", KEYS, least);
    cogo_err err = cogo_system_stop(system, LONG_NS);
    cogo_system_destroy(system);
    return err != COGO_OK || least != VISITS;
}
