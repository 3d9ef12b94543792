/* One actor that counts; the main thread sends to it and asks for the sum. */
#include <cogo/cogo.h>

#include <stdio.h>
#include <string.h>

enum { ADD = COGO_MSG_USER, SUM };

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    int *sum = state;
    if (cogo_msg_type_of(msg) == SUM) {
        cogo_msg *answer = cogo_msg_create(cogo_context_system(ctx), SUM, sizeof *sum);
        if (answer != NULL) {
            memcpy(cogo_msg_payload(answer), sum, sizeof *sum);
        }
        return cogo_reply(ctx, msg, answer);
    }
    *sum += *(const int *)cogo_msg_payload(msg);
    return COGO_OK;
}

static const cogo_behavior counter = {
    .struct_size = sizeof(cogo_behavior),
    .name = "counter",
    .state_size_bytes = sizeof(int),
    .receive = receive,
};

int main(void)
{
    cogo_system *system = NULL;
    cogo_actor_id id;
    cogo_spawn_options options = {.struct_size = sizeof options, .behavior = &counter};
    cogo_err err = cogo_system_create(NULL, &system);
    if (err == COGO_OK) {
        err = cogo_system_spawn(system, &options, &id);
    }
    for (int i = 1; i <= 100 && err == COGO_OK; i++) {
        cogo_msg *msg = cogo_msg_create(system, ADD, sizeof i);
        if (msg != NULL) {
            memcpy(cogo_msg_payload(msg), &i, sizeof i);
        }
        err = cogo_system_send(system, id, msg);
    }
    cogo_msg *answer = NULL;
    if (err == COGO_OK) {
        err = cogo_system_ask(system, id, cogo_msg_create(system, SUM, 0), 1000000000, &answer);
    }
    if (err == COGO_OK) {
        printf("the sum is %d\n", *(const int *)cogo_msg_payload(answer));
        cogo_msg_destroy(answer);
    }
    cogo_system_destroy(system);
    if (err != COGO_OK) {
        fprintf(stderr, "hello: %s\n", cogo_strerror(err));
    }
    return err != COGO_OK;
}
