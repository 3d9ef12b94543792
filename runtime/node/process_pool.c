/* Pools of child processes: a supervisor of actors that have one each, so a process is started
 * again as any child is; and which of a pool gets the next actor. */
#include "runtime/node/process.h"

#include <cogo/supervisor.h>

#include <stdio.h>
#include <string.h>

enum { ORDER_SECONDS = 60 };

static bool is_name(const char *name)
{
    size_t length = name != NULL ? strnlen(name, COGO_PROCESS_NAME_MAX + 1) : 0;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
              || c == '-' || c == '_' || c == '.')) {
            return false;
        }
    }
    return length != 0 && length <= COGO_PROCESS_NAME_MAX;
}

static void write_name(const char *pool, uint32_t number, char out[COGO__CHILD_NAME])
{
    (void)snprintf(out, COGO__CHILD_NAME, COGO__PROCESS_PREFIX "%.*s.%u", COGO_PROCESS_NAME_MAX,
                   pool, number);
}

static cogo_err give_order(cogo_system *system, cogo_actor_id supervisor,
                           const cogo_child_order *order, cogo_actor_id *out_actor)
{
    cogo_child_answer answer = {0};
    cogo_err err = cogo_system_supervisor_order(
        system, supervisor, order, ORDER_SECONDS * UINT64_C(1000000000), &answer, NULL, 0);
    *out_actor = answer.actor;
    return err;
}

/* When it can count its children it has begun: they have their names. */
static cogo_err await_begin(cogo_system *system, cogo_actor_id pool)
{
    const cogo_child_order count = {.struct_size = sizeof count, .action = COGO_CHILD_COUNT};
    return give_order(system, pool, &count, &pool);
}

static cogo_err know(cogo_system *system, const char *pool, uint32_t count)
{
    cogo__node *node = cogo__node_of(system);
    cogo__lock_take(&node->lock);
    cogo_err err = cogo__loads_know(&node->loads, system->config.allocator, pool, count);
    cogo__lock_give(&node->lock);
    return err;
}

static bool is_running(cogo_system *system)
{
    cogo__node *node = cogo__node_of(system);
    return node != NULL && cogo__u32_load_seq_cst(&node->running) == 1;
}

/* The children of a pool: one for each process. Both arrays have room for all. */
static void plan_children(cogo__node *node, const cogo_process_pool *pool, uint32_t count,
                          cogo__process_plan *plans, cogo_child_spec *children)
{
    for (uint32_t i = 0; i < count; i++) {
        plans[i] = (cogo__process_plan){.node = node, .memory_bytes = pool->memory_bytes};
        write_name(pool->name, i, plans[i].name);
        children[i] = (cogo_child_spec){
            .id = plans[i].name,
            .options = {.struct_size = sizeof children[i].options,
                        .behavior = &cogo__process_behavior,
                        .args = &plans[i],
                        .args_size_bytes = sizeof plans[i],
                        .name = plans[i].name,
                        .flags = COGO_SPAWN_TRAP_EXIT},
            .shutdown_ns = pool->shutdown_ns,
            .backoff_min_ns = pool->backoff_min_ns,
            .backoff_max_ns = pool->backoff_max_ns,
        };
    }
}

/* A supervisor of @p children below the node's own. Its processes have their names then. */
static cogo_err start_below(cogo_system *system, const cogo_process_pool *pool,
                            const cogo_child_spec *children, uint32_t count)
{
    char id[COGO__CHILD_NAME];
    (void)snprintf(id, sizeof id, COGO__PROCESS_PREFIX "%s", pool->name);
    const cogo_supervisor_spec below = {.struct_size = sizeof below,
                                        .intensity = pool->intensity,
                                        .period_ns = pool->period_ns,
                                        .children = children,
                                        .child_count = count};
    const cogo_child_spec child = {.id = id,
                                   .options = {.struct_size = sizeof child.options,
                                               .behavior = cogo_supervisor_behavior(),
                                               .args = &below,
                                               .args_size_bytes = sizeof below},
                                   .restart = COGO_RESTART_TEMPORARY};
    const cogo_child_order order = {
        .struct_size = sizeof order, .action = COGO_CHILD_START, .spec = &child};
    cogo_actor_id begun = COGO_NO_ACTOR;
    cogo_err err = give_order(system, cogo__node_of(system)->root, &order, &begun);
    return err == COGO_OK ? await_begin(system, begun) : err;
}

cogo_err cogo_process_pool_start(cogo_system *system, const cogo_process_pool *pool)
{
    cogo__process_plan plans[COGO_PROCESS_COUNT_MAX];
    cogo_child_spec children[COGO_PROCESS_COUNT_MAX];
    if (pool == NULL || pool->struct_size < sizeof *pool || !is_name(pool->name)
        || pool->count > COGO_PROCESS_COUNT_MAX) {
        return COGO_EINVAL;
    }
    if (!is_running(system)) {
        return COGO_ESTATE;
    }
    uint32_t count = pool->count != 0 ? pool->count : 1;
    plan_children(cogo__node_of(system), pool, count, plans, children);
    cogo_err err = start_below(system, pool, children, count);
    if (err == COGO_OK && know(system, pool->name, count) != COGO_OK) {
        (void)cogo_process_pool_stop(system, pool->name); // Nobody would find it.
        err = COGO_ENOMEM;
    }
    return err;
}

cogo_err cogo_process_pool_stop(cogo_system *system, const char *name)
{
    char id[COGO__CHILD_NAME];
    if (!is_name(name)) {
        return COGO_ENOTFOUND;
    }
    if (!is_running(system)) {
        return COGO_ESTATE;
    }
    (void)snprintf(id, sizeof id, COGO__PROCESS_PREFIX "%s", name);
    const cogo_child_order order = {
        .struct_size = sizeof order, .action = COGO_CHILD_TERMINATE, .id = id};
    cogo_actor_id nobody = COGO_NO_ACTOR;
    cogo_err err = give_order(system, cogo__node_of(system)->root, &order, &nobody);
    if (err == COGO_OK) {
        err = know(system, name, 0);
    }
    return err;
}

/* --- For deputies. ------------------------------------------------------------------------ */

cogo_err cogo__process_choose(cogo_system *system, const char *pool, cogo_actor_id *out_process,
                              uint32_t *out_place)
{
    cogo__node *node = cogo__node_of(system);
    cogo_actor_id found[COGO_PROCESS_COUNT_MAX];
    bool running[COGO_PROCESS_COUNT_MAX] = {false};
    cogo__lock_take(&node->lock);
    uint32_t count = cogo__loads_count(&node->loads, pool);
    cogo__lock_give(&node->lock);
    for (uint32_t i = 0; i < count; i++) {
        char name[COGO__CHILD_NAME];
        write_name(pool, i, name);
        found[i] = cogo_name_find(system, name); // None: the pool was given up.
        running[i] = cogo_actor_id_is_set(found[i]);
    }
    uint64_t chance = cogo_system_random(system);
    cogo__lock_take(&node->lock);
    uint32_t place = cogo__loads_take(&node->loads, pool, running, chance);
    cogo__lock_give(&node->lock);
    if (place == COGO_PROCESS_COUNT_MAX) {
        return COGO_ENOTFOUND;
    }
    *out_process = found[place];
    *out_place = place;
    return COGO_OK;
}

void cogo__process_leave(cogo_system *system, const char *pool, uint32_t place)
{
    cogo__node *node = cogo__node_of(system);
    cogo__lock_take(&node->lock);
    cogo__loads_give(&node->loads, pool, place);
    cogo__lock_give(&node->lock);
}
