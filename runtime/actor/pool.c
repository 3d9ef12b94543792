/* A pool, an actor that passes on what it gets. Its workers are children of a supervisor of its
 * own, so a restarted worker keeps its id, its mailbox and its place. */
#include "runtime/actor/pool.h"

#include "runtime/actor/extra.h"
#include "runtime/actor/payload.h"
#include "runtime/actor/send.h"

#include <cogo/supervisor.h>

#include <stdlib.h>
#include <string.h>

#define DRAIN_DEFAULT_NS UINT64_C(5000000000)

enum { NAME_SIZE = 24, CAPACITY_FIRST = 8 };

/* Keeps sender, trace and request: an answer passes us by. Takes @p msg. */
static cogo_err forward(cogo_context *ctx, cogo_actor_id to, cogo_msg *msg)
{
    if ((msg->flags & COGO__MSG_REQUEST) != 0) {
        cogo__answered(ctx, msg->ask); // We owe it no more.
    }
    msg->flags &= COGO__MSG_BLOCK | COGO__MSG_ASKED;
    msg->enqueued_ns = 0;
    return cogo__deliver(ctx->system, ctx, to, msg, true);
}

static void route(cogo_context *ctx, cogo__pool *pool, cogo__place *place, cogo_msg *msg)
{
    bool watched = pool->spec.routing == COGO_ROUTE_LEAST_LOADED
                   || (pool->spec.routing == COGO_ROUTE_HASH && pool->spec.load_percent != 0);
    if (watched && (msg->flags & COGO__MSG_REQUEST) != 0
        && place->open_count < COGO__POOL_OPEN_MAX) {
        place->open[place->open_count++] = msg->ask;
    }
    bool ok = forward(ctx, place->id, msg) == COGO_OK;
    pool->stats.routed += ok;
    pool->stats.refused += !ok;
}

static void unrouted(cogo_context *ctx, cogo__pool *pool, cogo_msg *msg)
{
    pool->stats.refused++;
    cogo__count(ctx->system, ctx, COGO__SENT, 1); // To nobody; we have handled it already.
    cogo__dead_letter(ctx->system, ctx, msg, ctx->self, COGO_DEAD_UNROUTED);
    cogo__msg_free(ctx->heap, msg);
}

static void broadcast(cogo_context *ctx, cogo__pool *pool, cogo_msg *msg)
{
    cogo_msg *shared = cogo__msg_share(ctx->system, ctx, msg);
    msg = shared != NULL ? shared : msg; // Else each gets a copy, or none.
    cogo__place *last = NULL;
    for (uint32_t i = 0; i < pool->size; i++) {
        cogo__place *place = &pool->places[i];
        if (!cogo__place_resolve(ctx, pool, place)) {
            continue;
        }
        cogo_msg *twin = last != NULL ? cogo__msg_twin(ctx->system, ctx, msg) : NULL;
        if (twin != NULL) {
            twin->ask = msg->ask;
            twin->flags |= msg->flags & COGO__MSG_ASKED;
            route(ctx, pool, last, twin);
        } else if (last != NULL) {
            pool->stats.refused++;
            cogo__log(ctx->system, COGO_LOG_ERROR, "pool: no memory for a copy");
        }
        last = place;
    }
    if (last != NULL) {
        route(ctx, pool, last, msg);
        return;
    }
    unrouted(ctx, pool, msg);
}

static void on_message(cogo_context *ctx, cogo__pool *pool, cogo_msg *msg)
{
    cogo_msg_take(ctx, msg);
    if (pool->spec.routing == COGO_ROUTE_BROADCAST) {
        broadcast(ctx, pool, msg);
        return;
    }
    cogo__place *place = cogo__pool_choose(ctx, pool, msg);
    if (place != NULL) {
        route(ctx, pool, place, msg);
        return;
    }
    unrouted(ctx, pool, msg);
}

/* --- Size. -------------------------------------------------------------------------------- */

static bool append(cogo__pool *pool, uint32_t at)
{
    if (pool->place_count == pool->place_capacity) {
        uint32_t wanted = pool->place_capacity != 0 ? pool->place_capacity * 2 : CAPACITY_FIRST;
        cogo__place *bigger =
            cogo__realloc(cogo__allocator_of(pool), pool->places, wanted * sizeof *bigger);
        if (bigger == NULL) {
            return false;
        }
        pool->places = bigger;
        pool->place_capacity = wanted;
    }
    memmove(&pool->places[at + 1], &pool->places[at],
            (pool->place_count - at) * sizeof *pool->places);
    pool->places[at] = (cogo__place){.serial = ++pool->last_serial};
    pool->place_count++;
    return true;
}

static cogo_child_spec child_of(const cogo__pool *pool, const char *name)
{
    cogo_child_spec child = {
        .id = name, .options = pool->spec.worker, .restart = COGO_RESTART_PERMANENT};
    child.options.name = NULL;
    return child;
}

static cogo_err grow(cogo_context *ctx, cogo__pool *pool)
{
    char name[NAME_SIZE];
    if (!append(pool, pool->size)) {
        return COGO_ENOMEM;
    }
    cogo__place_name(pool->places[pool->size].serial, name);
    cogo_child_spec child = child_of(pool, name);
    pool->size++;
    return cogo_supervisor_add(ctx->system, pool->supervisor, &child);
}

static void remove_place(cogo_context *ctx, cogo__pool *pool, uint32_t at)
{
    char name[NAME_SIZE];
    cogo__place_name(pool->places[at].serial, name);
    cogo_timer_cancel(ctx, pool->places[at].timer);
    pool->place_count--;
    memmove(&pool->places[at], &pool->places[at + 1],
            (pool->place_count - at) * sizeof *pool->places);
    cogo_err err = cogo_supervisor_remove(ctx->system, pool->supervisor, name);
    if (err == COGO_ENOMEM) {
        cogo__log(ctx->system, COGO_LOG_ERROR, "pool: no memory to remove worker %s", name);
    }
}

static void drain_last(cogo_context *ctx, cogo__pool *pool)
{
    cogo__place *place = &pool->places[--pool->size];
    cogo__drain drain = {.pool = ctx->self, .serial = place->serial};
    uint64_t patience = pool->spec.drain_ns != 0 ? pool->spec.drain_ns : DRAIN_DEFAULT_NS;
    if (!cogo__place_resolve(ctx, pool, place)
        || cogo_timer_start(ctx, patience, 0, place->serial, &place->timer) != COGO_OK) {
        remove_place(ctx, pool, pool->size);
        return;
    }
    cogo__post(ctx->system, ctx, place->id, COGO__MSG_DRAIN, 0, ctx->trace, &drain,
               sizeof drain);
}

static void drained(cogo_context *ctx, cogo__pool *pool, uint64_t serial)
{
    for (uint32_t i = pool->size; i < pool->place_count; i++) {
        if (pool->places[i].serial == serial) {
            remove_place(ctx, pool, i);
            return;
        }
    }
}

static void resize(cogo_context *ctx, cogo__pool *pool, uint32_t size)
{
    cogo_err err = COGO_OK;
    while (pool->size < size && err == COGO_OK) {
        err = grow(ctx, pool);
    }
    if (err != COGO_OK) {
        cogo__log(ctx->system, COGO_LOG_WARN, "pool: does not grow: %s", cogo_strerror(err));
    }
    while (pool->size > size) {
        drain_last(ctx, pool);
    }
}

/* --- The actor. --------------------------------------------------------------------------- */

static cogo_err start_workers(cogo_context *ctx, cogo__pool *pool)
{
    uint32_t count = pool->spec.size;
    cogo_child_spec *children =
        cogo__alloc_zeroed(cogo__allocator_of(pool), count, sizeof *children);
    char(*names)[NAME_SIZE] =
        cogo__alloc_zeroed(cogo__allocator_of(pool), count, sizeof *names);
    cogo_err err = children != NULL && names != NULL ? COGO_OK : COGO_ENOMEM;
    for (uint32_t i = 0; err == COGO_OK && i < count; i++) {
        err = append(pool, i) ? COGO_OK : COGO_ENOMEM;
        cogo__place_name(pool->last_serial, names[i]);
        children[i] = child_of(pool, names[i]);
    }
    if (err == COGO_OK) {
        cogo_supervisor_spec spec = {
            .struct_size = sizeof spec,
            .strategy = COGO_ONE_FOR_ONE,
            .intensity = pool->spec.intensity,
            .period_ns = pool->spec.period_ns,
            .children = children,
            .child_count = count,
        };
        err = cogo_supervisor_start_link(ctx, &spec, &pool->supervisor);
        pool->size = count;
    }
    cogo__free(children);
    cogo__free(names);
    return err;
}

static void pool_free(cogo__pool *pool)
{
    if (pool != NULL) {
        cogo__free(pool->places);
        cogo__free(pool);
    }
}

static cogo_err pool_start(cogo_context *ctx, void *state, const void *args)
{
    cogo__pool *pool = NULL;
    memcpy(&pool, args, sizeof(cogo__pool *));
    memcpy(state, args, sizeof(cogo__pool *));
    pool->random = cogo_system_random(ctx->system) | 1;
    cogo_err err = start_workers(ctx, pool);
    if (err != COGO_OK) {
        pool_free(pool);
    }
    return err;
}

static void answer_stats(cogo_context *ctx, cogo__pool *pool, const cogo_msg *request)
{
    cogo_pool_stats stats = pool->stats;
    stats.size = pool->size;
    stats.draining = pool->place_count - pool->size;
    for (uint32_t i = 0; i < pool->place_count; i++) {
        bool known = cogo__place_resolve(ctx, pool, &pool->places[i]);
        stats.load += known ? cogo__place_load(ctx->system, &pool->places[i]) : 0;
    }
    cogo_msg *msg = cogo_msg_create(ctx->system, COGO_MSG_POOL_STATS, sizeof stats);
    if (msg != NULL) {
        memcpy(cogo_msg_payload(msg), &stats, sizeof stats);
        (void)cogo_reply(ctx, request, msg);
    }
}

static cogo_err pool_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    cogo__pool *pool = *(cogo__pool **)state;
    if (msg->type == COGO_MSG_POOL_STATS) {
        answer_stats(ctx, pool, msg);
    } else if ((msg->flags & COGO__MSG_RUNTIME) == 0) {
        on_message(ctx, pool, msg);
    } else if (msg->type == COGO__MSG_POOL_RESIZE) {
        uint32_t size = 0;
        memcpy(&size, cogo__msg_body(msg), sizeof size);
        resize(ctx, pool, size);
    } else if (msg->type == COGO__MSG_DRAINED) {
        drained(ctx, pool, ((const cogo__drain *)cogo__msg_body(msg))->serial);
    } else if (msg->type == COGO_MSG_TIMER) { // It had its time.
        drained(ctx, pool, ((const cogo_timer_fired *)cogo__msg_body(msg))->cookie);
    }
    return COGO_OK;
}

static void pool_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)ctx;
    (void)reason;
    pool_free(*(cogo__pool **)state);
}

static const cogo_behavior pool_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "pool",
    .state_size_bytes = sizeof(cogo__pool *),
    .start = pool_start,
    .receive = pool_receive,
    .stop = pool_stop,
};

/* --- Public calls. ------------------------------------------------------------------------ */

static bool valid(const cogo_pool_spec *spec)
{
    return spec != NULL && spec->struct_size >= sizeof *spec && spec->size != 0
           && spec->size <= COGO_POOL_SIZE_MAX && spec->worker.behavior != NULL
           && spec->worker.struct_size >= sizeof spec->worker
           && (spec->worker.args_size_bytes == 0 || spec->worker.args != NULL)
           && (uint32_t)spec->routing <= COGO_ROUTE_BROADCAST
           && (spec->load_percent == 0 || spec->load_percent >= 100);
}

cogo_err cogo_pool_start(cogo_system *system, const cogo_pool_spec *spec,
                         cogo_actor_id *out_pool)
{
    if (!valid(spec)) {
        return COGO_EINVAL;
    }
    size_t head = (sizeof(cogo__pool) + 15) / 16 * 16;
    cogo__pool *pool =
        cogo__alloc_zeroed(system->config.allocator, 1, head + spec->worker.args_size_bytes);
    if (pool == NULL) {
        return COGO_ENOMEM;
    }
    pool->spec = *spec;
    if (spec->worker.args_size_bytes != 0) {
        pool->spec.worker.args =
            memcpy((char *)pool + head, spec->worker.args, spec->worker.args_size_bytes);
    }
    cogo_spawn_options options = {
        .struct_size = sizeof options,
        .behavior = &pool_behavior,
        .args = &pool,
        .args_size_bytes = sizeof(cogo__pool *),
        .name = spec->name,
    };
    cogo_err err = cogo_system_spawn(system, &options, out_pool);
    if (err != COGO_OK) {
        pool_free(pool);
    }
    return err;
}

static bool is_pool(cogo_system *system, cogo_actor_id id)
{
    cogo__cell *cell = cogo__cell_find(system, id);
    return cell != NULL && cogo__ptr_load_relaxed(&cell->behavior) == &pool_behavior;
}

cogo_err cogo_pool_resize(cogo_system *system, cogo_actor_id pool, uint32_t size)
{
    if (size == 0 || size > COGO_POOL_SIZE_MAX) {
        return COGO_EINVAL;
    }
    if (!is_pool(system, pool)) {
        return COGO_EGONE;
    }
    cogo__post(system, cogo__here_in(system), pool, COGO__MSG_POOL_RESIZE, 0, 0, &size,
               sizeof size);
    return COGO_OK;
}

cogo_err cogo_pool_stats_read(cogo_system *system, cogo_actor_id pool, uint64_t timeout_ns,
                              cogo_pool_stats *out)
{
    cogo_msg *answer = NULL;
    if (out == NULL || !is_pool(system, pool)) {
        return out == NULL ? COGO_EINVAL : COGO_EGONE;
    }
    cogo_msg *msg = cogo_msg_create(system, COGO_MSG_POOL_STATS, 0);
    cogo_err err = cogo_system_ask(system, pool, msg, timeout_ns, &answer);
    if (err == COGO_OK) {
        memcpy(out, cogo_msg_payload(answer), sizeof *out);
        cogo_msg_destroy(answer);
    }
    return err;
}
