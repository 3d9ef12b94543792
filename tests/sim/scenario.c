#include "tests/sim/scenario.h"

#include "runtime/sched/sched.h"
#include "runtime/sched/system.h"
#include "tests/sim/memory.h"

#include <stdarg.h>
#include <stdio.h>

enum { LANES_MAX = 4, ACTORS_MAX = 4096, TEXT_SIZE = 200 };

void scenario_fail(const char *file, int line, const char *format, ...)
{
    char text[TEXT_SIZE];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cogo__sim_fail("%s (%s:%d)", text, file, line);
}

uint64_t scenario_pick(uint64_t end)
{
    return cogo__sim_random() % end;
}

bool scenario_maybe(uint32_t percent)
{
    return scenario_pick(100) < percent;
}

void scenario_sleep(uint64_t duration_ns)
{
    const cogo__world *world = cogo__sim_world();
    cogo__parker parker = {0};
    uint64_t until = cogo__world_now(world) + duration_ns;
    while (cogo__world_now(world) < until) {
        cogo__world_park(world, &parker, until);
    }
}

cogo__thread *scenario_thread(const char *name, void (*run)(void *arg), void *arg)
{
    const cogo__world *world = cogo__sim_world();
    cogo__thread *thread = NULL;
    while (world->thread_start(world->ctx, NULL, run, arg, name, &thread) != COGO_OK) {
    }
    return thread;
}

void scenario_join(cogo__thread *thread)
{
    const cogo__world *world = cogo__sim_world();
    world->thread_join(world->ctx, thread);
}

cogo_system *scenario_open(void)
{
    cogo_system *system = NULL;
    cogo_system_config config = {
        .struct_size = sizeof config,
        .lane_count = 1 + (uint32_t)scenario_pick(LANES_MAX),
        .actor_limit = ACTORS_MAX,
        .batch_messages = scenario_maybe(50) ? 0 : 1 + (uint32_t)scenario_pick(8),
    };
    cogo_err err = cogo__system_create_in(cogo__sim_world(), &config, &system);
    scenario_check(err == COGO_OK, "no system: %s", cogo_strerror(err));
    return system;
}

void scenario_destroy(cogo_system *system, uint64_t late)
{
    cogo_system_stats stats = {.struct_size = sizeof stats};
    cogo_system_stats_read(system, &stats);
    scenario_check(stats.actors == 0, "I11: %llu actors live after stop()",
                   (unsigned long long)stats.actors);
    scenario_check(stats.timers == 0, "I9: %llu timers are armed after stop()",
                   (unsigned long long)stats.timers);
    uint64_t gone = stats.messages_handled + stats.dead_letters;
    scenario_check(stats.messages_sent >= gone && stats.messages_sent - gone <= late,
                   "I4: %llu sent, %llu handled, %llu dead letters",
                   (unsigned long long)stats.messages_sent,
                   (unsigned long long)stats.messages_handled,
                   (unsigned long long)stats.dead_letters);
    cogo_system_destroy(system);
}

void scenario_close(cogo_system *system)
{
    cogo_err err = cogo_system_stop(system, SCENARIO_LONG);
    scenario_check(err == COGO_OK, "stop() says: %s", cogo_strerror(err));
    scenario_destroy(system, 0);
}

cogo_actor_id scenario_spawn(cogo_system *system, const cogo_behavior *behavior,
                             const void *args, size_t args_size, uint32_t flags)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = behavior,
        .args = args,
        .args_size_bytes = args_size,
        .flags = flags,
    };
    cogo_err err = cogo_system_spawn(system, &options, &id);
    scenario_check(err == COGO_OK, "no actor: %s", cogo_strerror(err));
    return id;
}

cogo_msg *scenario_msg(cogo_system *system, cogo_msg_type type, uint64_t value)
{
    cogo_msg *msg = cogo_msg_create(system, type, sizeof value);
    if (msg != NULL) {
        memcpy(cogo_msg_payload(msg), &value, sizeof value);
    }
    return msg;
}

uint64_t scenario_value(cogo_msg *msg)
{
    uint64_t value = 0;
    memcpy(&value, cogo_msg_payload(msg), sizeof value);
    return value;
}

void scenario_send(cogo_context *ctx, cogo_actor_id to, cogo_msg_type type, uint64_t value)
{
    cogo_send(ctx, to, scenario_msg(cogo_context_system(ctx), type, value));
}

void scenario_tell(cogo_system *system, cogo_actor_id to, cogo_msg_type type, uint64_t value)
{
    cogo_system_send(system, to, scenario_msg(system, type, value));
}

cogo_reason scenario_await(cogo_system *system, cogo_actor_id id)
{
    cogo_reason reason = {.kind = COGO_EXIT_NORMAL};
    cogo_err err = cogo_system_await(system, id, SCENARIO_LONG, &reason);
    scenario_check(err == COGO_OK, "waited for the end of an actor: %s", cogo_strerror(err));
    return reason;
}

void scenario_hunger(void)
{
    memory_hungry(1);
}

void scenario_feed(void)
{
    memory_hungry(0);
}
