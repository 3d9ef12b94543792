/* A node without links whose actors run in child processes: this very program, started anew.
 * Used by the tests of child processes; process_child_test.c has what it is there. */
#ifndef TESTS_UNIT_RUNTIME_STAGE_H
#define TESTS_UNIT_RUNTIME_STAGE_H

#include "tests/unit/runtime/cluster.h"

#include <pthread.h>

enum { VICTIM_DIE = CLUSTER_QUIT + 40 };
enum { BY_FAULT, BY_ABORT, BY_EXIT, BY_KILL, BY_HUNGER, BY_ERROR, STANDING_STILL, CUT_OFF };
#define BY_SIGNAL UINT64_C(1000) /* And its number. */

#define VICTIM_FAILS "COGO_TEST_FAILS" /* Where this is set nobody can set the program up. */

extern const cogo_behavior victim; /* Tells its process, counts, and dies as it is told. */
cogo_err victim_set_up(cogo_system *system, void *arg);

enum { SAID_MAX = 65536 };

typedef struct stage {
    cogo_system *system;
    char said[SAID_MAX]; /* The log, in the order of its lines. */
    size_t size;
    pthread_mutex_t lock;
} stage;

static inline void note(void *ctx, cogo_log_level level, const char *text)
{
    stage *s = ctx;
    (void)level;
    pthread_mutex_lock(&s->lock);
    size_t size = strlen(text);
    if (size < SAID_MAX - s->size) {
        memcpy(s->said + s->size, text, size + 1);
        s->size += size;
    }
    pthread_mutex_unlock(&s->lock);
}

static stage scene; /* One at a time. */

static inline void open_stage(uint32_t heartbeat_ms)
{
    scene.size = 0;
    scene.said[0] = '\0';
    pthread_mutex_init(&scene.lock, NULL);
    const cogo_system_config system = {
        .struct_size = sizeof system, .lane_count = 2, .log = note, .log_ctx = &scene};
    const cogo_node_config node = {
        .struct_size = sizeof node, .name = "n", .heartbeat_ms = heartbeat_ms};
    cr_expect_eq(cogo_system_create(&system, &scene.system), COGO_OK);
    cr_expect_eq(victim_set_up(scene.system, NULL), COGO_OK);
    cr_expect_eq(cogo_node_start(scene.system, &node), COGO_OK);
}

static inline cogo_process_pool pool_of(const char *name)
{
    return (cogo_process_pool){
        .struct_size = sizeof(cogo_process_pool), .name = name, .intensity = 1000};
}

static inline void start_pool(const cogo_process_pool *pool)
{
    cr_expect_eq(cogo_process_pool_start(scene.system, pool), COGO_OK);
}

static inline void close_stage(void)
{
    cr_expect_eq(cogo_node_stop(scene.system, SCENE_LONG_NS), COGO_OK);
    scene_close(scene.system);
    pthread_mutex_destroy(&scene.lock);
}

static inline cogo_spawn_options victim_options(const char *placement)
{
    return (cogo_spawn_options){
        .struct_size = sizeof(cogo_spawn_options), .behavior = &victim, .placement = placement};
}

/* The most common: a stage with a pool "p". */
static inline void open_pool(uint32_t heartbeat_ms)
{
    const cogo_process_pool pool = pool_of("p");
    open_stage(heartbeat_ms);
    start_pool(&pool);
}

/* In that pool. */
static inline cogo_actor_id spawn_victim(void)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    const cogo_spawn_options options = victim_options("process:p");
    cr_expect_eq(cogo_system_spawn(scene.system, &options, &id), COGO_OK);
    return id;
}

/* Is @p text in what was logged? */
static inline bool stage_said(const char *text)
{
    pthread_mutex_lock(&scene.lock);
    bool said = strstr(scene.said, text) != NULL;
    pthread_mutex_unlock(&scene.lock);
    return said;
}

/* It has failed too often. */
static inline void await_no_pool(void)
{
    while (cogo_actor_id_is_set(cogo_name_find(scene.system, "process:p.0"))) {
        sched_yield();
    }
}

#endif
