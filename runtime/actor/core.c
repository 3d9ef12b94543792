/* Small public calls on ids, names and time; the log. */
#include "runtime/actor/core.h"

#include <stdarg.h>
#include <stdio.h>

enum { LOG_LINE_SIZE = 512 };

cogo_actor_id cogo_self(const cogo_context *ctx)
{
    return ctx->self;
}

cogo_system *cogo_context_system(const cogo_context *ctx)
{
    return ctx->system;
}

bool cogo_actor_id_equal(cogo_actor_id a, cogo_actor_id b)
{
    return a.slot == b.slot && a.generation == b.generation && a.incarnation == b.incarnation
           && a.node == b.node;
}

bool cogo_actor_id_is_set(cogo_actor_id id)
{
    return id.slot != 0 || id.generation != 0;
}

uint64_t cogo_now_ns(const cogo_context *ctx)
{
    return cogo__world_now(ctx->system->world);
}

int64_t cogo_system_wall_ms(cogo_system *system)
{
    return system->world->wall_ms(system->world->ctx);
}

uint64_t cogo_system_now_ns(cogo_system *system)
{
    return cogo__world_now(system->world);
}

void cogo__incarnation_begin(cogo_system *system)
{
    enum { MS_SHIFT = 22 }; // 1000 << 22 fits into 32 bits.
    uint64_t born_ms = (uint64_t)cogo_system_wall_ms(system);
    uint32_t chance = (uint32_t)system->world->random(system->world->ctx);
    system->born_s = born_ms / 1000;
    system->incarnation =
        (uint32_t)(born_ms % 1000) << MS_SHIFT | (chance & ((1U << MS_SHIFT) - 1)) | 1;
}

/* splitmix64: a counter, mixed; so threads need no lock and a seed gives one sequence. */
uint64_t cogo_system_random(cogo_system *system)
{
    const uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = cogo__u64_add_relaxed(&system->random, step) + step;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

COGO_PRINTF(3, 0)
static void write_line(cogo_system *system, cogo_log_level level, const char *format,
                       va_list args)
{
    char line[LOG_LINE_SIZE];
    if (system->config.log != NULL) {
        (void)vsnprintf(line, sizeof line, format, args);
        system->config.log(system->config.log_ctx, level, line);
    }
}

void cogo__log(cogo_system *system, cogo_log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(system, level, format, args);
    va_end(args);
}

void cogo_log(cogo_system *system, cogo_log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line(system, level, format, args);
    va_end(args);
}

/* An actor that has ended gives its names up a moment later: to others they are free
 * already. */
cogo_err cogo__name_take(cogo_system *system, const char *name, cogo_actor_id id, bool shown)
{
    cogo_err err = cogo__names_add(&system->names, 0, name, id, shown);
    while (err == COGO_EEXIST) {
        cogo_actor_id holder = cogo__names_holder(&system->names, 0, name);
        if (cogo_actor_id_is_set(holder) && cogo__cell_find(system, holder) != NULL) {
            break;
        }
        cogo__names_remove_actor(&system->names, holder);
        err = cogo__names_add(&system->names, 0, name, id, shown);
    }
    return err;
}

/* The actor may end at any moment. It bumps its generation, then exchanges the phase; we set
 * our mark in the phase, then look at the generation. Of the two changes of one word one is
 * first: either the actor finds the mark, or we have seen its exchange and so its new
 * generation. */
cogo_err cogo_name_register(cogo_system *system, const char *name, cogo_actor_id id)
{
    cogo__cell *cell = cogo__cell_find(system, id);
    if (cell == NULL) {
        return COGO_EGONE;
    }
    cogo_err err = cogo__name_take(system, name, id, true);
    if (err != COGO_OK) {
        return err;
    }
    cogo__phase_change(cell, COGO__CELL_NAMED, 0);
    if (cogo__u32_load_seq_cst(&cell->generation) != id.generation) {
        cogo__names_remove_actor(&system->names, id);
        return COGO_EGONE;
    }
    return COGO_OK;
}

cogo_err cogo_name_unregister(cogo_system *system, const char *name)
{
    return name != NULL ? cogo__names_remove(&system->names, 0, name) : COGO_ENOTFOUND;
}

cogo_actor_id cogo_name_find(cogo_system *system, const char *name)
{
    cogo_actor_id id = name != NULL ? cogo__names_find(&system->names, 0, name) : COGO_NO_ACTOR;
    return cogo__cell_find(system, id) != NULL ? id : COGO_NO_ACTOR;
}
