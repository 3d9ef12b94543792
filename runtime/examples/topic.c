/* Publish and subscribe: one desk takes all orders, another one only those of one shop. Who
 * publishes knows neither of them. */
#include <cogo/cogo.h>
#include <cogo/topic.h>

#include <stdio.h>

enum { ORDER = COGO_MSG_USER, TOTAL };
#define LONG_NS UINT64_C(10000000000)

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    int *total = state;
    if (cogo_msg_type_of(msg) == ORDER) {
        *total += *(const int *)cogo_msg_payload(msg);
        return COGO_OK;
    }
    cogo_msg *answer = cogo_msg_create(cogo_context_system(ctx), TOTAL, sizeof(int));
    if (answer != NULL) {
        *(int *)cogo_msg_payload(answer) = *total;
    }
    return cogo_reply(ctx, msg, answer);
}

static const cogo_behavior desk = {
    .struct_size = sizeof(cogo_behavior),
    .name = "desk",
    .state_size_bytes = sizeof(int),
    .receive = receive,
};

static cogo_err subscribe(cogo_system *system, const char *pattern, cogo_actor_id *out_desk)
{
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &desk};
    cogo_err err = cogo_system_spawn(system, &options, out_desk);
    return err == COGO_OK ? cogo_topic_subscribe(system, pattern, ORDER, *out_desk) : err;
}

static cogo_err publish(cogo_system *system, const char *topic, int amount)
{
    cogo_msg *msg = cogo_msg_create(system, ORDER, sizeof amount);
    if (msg != NULL) {
        *(int *)cogo_msg_payload(msg) = amount;
    }
    return cogo_system_topic_publish(system, topic, msg, NULL);
}

/* Also waits until the desk has handled all that was published before. */
static int total(cogo_system *system, cogo_actor_id id)
{
    cogo_msg *answer = NULL;
    int sum = -1;
    if (cogo_system_ask(system, id, cogo_msg_create(system, TOTAL, 0), LONG_NS, &answer)
        == COGO_OK) {
        sum = *(const int *)cogo_msg_payload(answer);
        cogo_msg_destroy(answer);
    }
    return sum;
}

int main(void)
{
    cogo_system *system = NULL;
    cogo_actor_id all, one;
    if (cogo_system_create(NULL, &system) != COGO_OK
        || subscribe(system, "orders/*", &all) != COGO_OK
        || subscribe(system, "orders/oslo", &one) != COGO_OK) {
        return 1;
    }
    cogo_err err = publish(system, "orders/oslo", 10);
    err = err == COGO_OK ? publish(system, "orders/lima", 5) : err;
    err = err == COGO_OK ? publish(system, "returns/oslo", 3) : err;
    printf("all shops %d, oslo %d\n", total(system, all), total(system, one));
    cogo_err stopped = cogo_system_stop(system, LONG_NS);
    cogo_system_destroy(system);
    return err != COGO_OK || stopped != COGO_OK;
}
