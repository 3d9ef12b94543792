/* A program of its own with actors inside: built with `pkg-config --cflags --libs cogo` only.
 * cc embed.c $(pkg-config --cflags --libs cogo) && ./a.out */
#include <cogo/cogo.h>

#include <stdio.h>
#include <string.h>

enum { GREET = COGO_MSG_USER };

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    char text[64];
    int length =
        snprintf(text, sizeof text, "hello, %.40s", (const char *)cogo_msg_payload(msg));
    cogo_msg *answer = cogo_msg_create(cogo_context_system(ctx), GREET, (size_t)length + 1);
    if (answer != NULL) {
        memcpy(cogo_msg_payload(answer), text, (size_t)length + 1);
    }
    return cogo_reply(ctx, msg, answer);
}

static const cogo_behavior greeter = {
    .struct_size = sizeof(cogo_behavior), .name = "greeter", .receive = receive};

int main(void)
{
    cogo_system *system = NULL;
    cogo_actor_id id;
    cogo_spawn_options options = {
        .struct_size = sizeof options, .behavior = &greeter, .name = "greeter"};
    cogo_err err = cogo_system_create(NULL, &system);
    if (err == COGO_OK) {
        err = cogo_system_spawn(system, &options, &id);
    }
    cogo_msg *answer = NULL;
    if (err == COGO_OK) {
        cogo_msg *msg = cogo_msg_create(system, GREET, sizeof "world");
        if (msg != NULL) {
            memcpy(cogo_msg_payload(msg), "world", sizeof "world");
        }
        err = cogo_system_ask(system, cogo_name_find(system, "greeter"), msg, 1000000000,
                              &answer);
    }
    if (err == COGO_OK) {
        printf("libcogo %s: %s\n", cogo_version(), (const char *)cogo_msg_payload(answer));
        cogo_msg_destroy(answer);
        err = cogo_system_stop(system, 1000000000);
    }
    cogo_system_destroy(system);
    return err != COGO_OK;
}
