/* A whole system for one execution: two lanes at most, and every wait without a deadline.
 * Used by system.c and waiting.c.
 * Never counts anything with an atomic: programs must not order what they watch. */
#ifndef TESTS_MODEL_SCENE_H
#define TESTS_MODEL_SCENE_H

#include "runtime/actor/core.h"
#include "runtime/sched/system.h"
#include "tests/model/explore.h"

#include <cogo/cogo.h>

#include <string.h>

enum { ONE_CPU = 1, ACTORS = 40, WORD = COGO_MSG_USER, PASS };

static inline uint32_t one_cpu(void *ctx)
{
    (void)ctx;
    return ONE_CPU;
}

static struct {
    cogo_system *system;
    cogo_actor_id first, second, children[2];
    unsigned got; // Plain: of one actor after the other.
    cogo__parker gate;
    const cogo_behavior *next_life;
} w;

static inline void begin_spared(uint32_t lanes, uint32_t spares)
{
    static cogo__world world;
    memset(&w, 0, sizeof w);
    world = *cogo__world_os();
    world.cpu_count = one_cpu; // No spinning for work, no files read.
    cogo_system_config config = {
        .struct_size = sizeof config, .lane_count = lanes, .actor_limit = ACTORS, .seed = 1};
    config.spare_lanes = spares;
    MODEL_CHECK(cogo__system_create_in(&world, &config, &w.system) == COGO_OK);
}

static inline void begin(uint32_t lanes)
{
    begin_spared(lanes, UINT32_MAX);
}

static inline void finish(void)
{
    cogo_system_stats stats = {.struct_size = sizeof stats};
    MODEL_CHECK(cogo_system_stop(w.system, UINT64_MAX) == COGO_OK);
    cogo_system_stats_read(w.system, &stats);
    MODEL_CHECK(stats.actors == 0);
    MODEL_CHECK(stats.messages_sent == stats.messages_handled + stats.dead_letters);
    MODEL_CHECK(stats.timers == 0);
    cogo_system_destroy(w.system);
}

static inline cogo_actor_id spawn(const cogo_behavior *behavior, uint32_t flags,
                                  const char *name)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_spawn_options options = {
        .struct_size = sizeof options, .behavior = behavior, .flags = flags, .name = name};
    MODEL_CHECK(cogo_system_spawn(w.system, &options, &id) == COGO_OK);
    return id;
}

static inline void send(cogo_actor_id to, cogo_msg_type type, uint32_t value)
{
    cogo_msg *msg = cogo_msg_create(w.system, type, sizeof value);
    memcpy(cogo_msg_payload(msg), &value, sizeof value);
    (void)cogo_system_send(w.system, to, msg);
}

static inline void await(cogo_actor_id id)
{
    MODEL_CHECK(cogo_system_await(w.system, id, UINT64_MAX, NULL) == COGO_OK);
}

static inline uint32_t value_of(cogo_msg *msg)
{
    uint32_t value = 0;
    memcpy(&value, cogo_msg_payload(msg), sizeof value);
    return value;
}

#endif
