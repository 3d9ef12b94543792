/* A state machine by a table: a door that opens for a code, closes by itself, and remembers the
 * buttons that were pressed while it was open. */
#include <cogo/cogo.h>

#include <stdio.h>

enum { BUTTON = COGO_MSG_USER };
enum { LOCKED, OPEN };
#define CODE    7
#define OPEN_NS UINT64_C(20000000)
#define LONG_NS UINT64_C(10000000000)

typedef struct door {
    cogo_fsm_core core; /* First: where it stands. */
    int opened;
} door;

static cogo_err locked(cogo_context *ctx, void *data, const cogo_fsm_event *event)
{
    door *d = data;
    if (event->kind != COGO_FSM_MESSAGE) {
        return COGO_OK;
    }
    int button = *(const int *)cogo_msg_payload(event->msg);
    printf("%d: %s\n", button, button == CODE ? "right" : "wrong");
    if (button == 0) {
        cogo_exit(ctx, COGO_EXIT_NORMAL, "the last one");
    }
    d->opened += button == CODE;
    return button == CODE ? cogo_fsm_next(ctx, OPEN) : COGO_OK;
}

static cogo_err open_enter(cogo_context *ctx, void *data, uint32_t from)
{
    (void)ctx, (void)from;
    printf("open for the %s time\n", ((const door *)data)->opened == 1 ? "first" : "second");
    return COGO_OK;
}

static cogo_err open_event(cogo_context *ctx, void *data, const cogo_fsm_event *event)
{
    (void)data;
    if (event->kind == COGO_FSM_TIMEOUT) { /* Only the state's own is ever set. */
        printf("locked\n");
        return cogo_fsm_next(ctx, LOCKED);
    }
    return cogo_fsm_postpone(ctx);
}

static const cogo_fsm_state states[] = {
    [LOCKED] = {.name = "locked", .event = locked},
    [OPEN] = {.name = "open", .enter = open_enter, .event = open_event, .timeout_ns = OPEN_NS},
};
static const cogo_fsm door_machine = {
    .behavior = {.struct_size = sizeof(cogo_behavior),
                 .name = "door",
                 .state_size_bytes = sizeof(door),
                 .start = cogo_fsm_start,
                 .receive = cogo_fsm_receive},
    .table = {.struct_size = sizeof(cogo_fsm_table),
              .states = states,
              .state_count = 2,
              .initial = LOCKED},
};

int main(void)
{
    static const int buttons[] = {1, CODE, 2, CODE, 0};
    cogo_system_config config = {.struct_size = sizeof config};
    cogo_system *system = NULL;
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &door_machine.behavior};
    cogo_actor_id id;
    if (cogo_system_create(&config, &system) != COGO_OK
        || cogo_system_spawn(system, &options, &id) != COGO_OK) {
        fprintf(stderr, "it does not start\n");
        return 1;
    }
    for (size_t i = 0; i < sizeof buttons / sizeof *buttons; i++) {
        cogo_system_cast_send(system, id, BUTTON, &buttons[i], sizeof buttons[i]);
    }
    cogo_err err = cogo_system_await(system, id, LONG_NS, NULL); /* Its last button ends it. */
    err = cogo_system_stop(system, LONG_NS) == COGO_OK ? err : COGO_ETIMEOUT;
    cogo_system_destroy(system);
    return err != COGO_OK;
}
