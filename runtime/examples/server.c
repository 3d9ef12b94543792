/* A server by a table: a stock of boxes. TAKE is answered now, or later when somebody has
 * brought enough; what makes no sense is refused, and the one who asked hears why. */
#include <cogo/cogo.h>

#include <stdio.h>

enum { TAKE = COGO_MSG_USER, BRING };
#define LONG_NS UINT64_C(10000000000)

typedef struct stock {
    int boxes, wanted;
    cogo_caller waiting; /* For `wanted` boxes; wanted 0: nobody. */
} stock;

static cogo_err take(cogo_context *ctx, void *state, const void *request, cogo_call *call)
{
    stock *s = state;
    int count = *(const int *)request;
    (void)ctx;
    if (count <= 0 || s->wanted != 0) {
        cogo_call_refuse(call, count <= 0 ? COGO_EINVAL : COGO_EFULL);
    } else if (count > s->boxes) {
        s->wanted = count;
        s->waiting = cogo_call_later(call);
    } else {
        s->boxes -= count;
        *(int *)cogo_call_answer(call) = s->boxes;
    }
    return COGO_OK;
}

static cogo_err bring(cogo_context *ctx, void *state, const void *payload)
{
    stock *s = state;
    s->boxes += *(const int *)payload;
    if (s->wanted != 0 && s->wanted <= s->boxes) {
        int left = s->boxes - s->wanted;
        if (cogo_server_reply(ctx, s->waiting, &left, sizeof left) == COGO_OK) {
            s->boxes = left; /* Else it does not wait any more: the boxes stay. */
        }
        s->wanted = 0;
    }
    return COGO_OK;
}

static const cogo_server_call calls[] = {{TAKE, sizeof(int), sizeof(int), take}};
static const cogo_server_cast casts[] = {{BRING, sizeof(int), bring}};
static const cogo_server stock_server = {
    .behavior = {.struct_size = sizeof(cogo_behavior),
                 .name = "stock",
                 .state_size_bytes = sizeof(stock),
                 .receive = cogo_server_receive},
    .table = {.struct_size = sizeof(cogo_server_table),
              .calls = calls,
              .call_count = 1,
              .casts = casts,
              .cast_count = 1},
};

/* Brings 3 boxes after 10 ms. */
static cogo_err porter_start(cogo_context *ctx, void *state, const void *args)
{
    *(cogo_actor_id *)state = *(const cogo_actor_id *)args;
    return cogo_timer_start(ctx, 10000000, 0, 0, NULL);
}

static cogo_err porter_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    int boxes = 3;
    (void)msg;
    return cogo_server_cast_send(ctx, *(cogo_actor_id *)state, BRING, &boxes, sizeof boxes);
}

static const cogo_behavior porter = {.struct_size = sizeof(cogo_behavior),
                                     .name = "porter",
                                     .state_size_bytes = sizeof(cogo_actor_id),
                                     .start = porter_start,
                                     .receive = porter_receive};

static void ask(cogo_system *system, cogo_actor_id id, int count)
{
    int left = 0;
    cogo_err err = cogo_server_call_wait(system, id, TAKE, &count, sizeof count, LONG_NS, &left,
                                         sizeof left);
    if (err == COGO_OK) {
        printf("took %d, %d left\n", count, left);
    } else {
        printf("took none: %s\n", cogo_strerror(err));
    }
}

int main(void)
{
    cogo_system_config config = {.struct_size = sizeof config};
    cogo_system *system = NULL;
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &stock_server.behavior};
    cogo_actor_id id;
    if (cogo_system_create(&config, &system) != COGO_OK
        || cogo_system_spawn(system, &options, &id) != COGO_OK) {
        fprintf(stderr, "it does not start\n");
        return 1;
    }
    int two = 2;
    cogo_system_cast_send(system, id, BRING, &two, sizeof two);
    ask(system, id, 1);
    ask(system, id, -1);
    options.behavior = &porter;
    options.args = &id;
    options.args_size_bytes = sizeof id;
    if (cogo_system_spawn(system, &options, NULL) == COGO_OK) {
        ask(system, id, 4); /* Waits for the porter. */
    }
    cogo_err err = cogo_system_stop(system, LONG_NS);
    cogo_system_destroy(system);
    return err != COGO_OK;
}
