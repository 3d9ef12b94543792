/* Birth, restart and end of an actor.
 * Used by the turn and by signals; always by the holder of the cell, except spawn().
 * Never runs a callback outside the holder. */
#ifndef COGO_ACTOR_LIFE_H
#define COGO_ACTOR_LIFE_H

#include "runtime/actor/core.h"

/** Payload of START: how to begin, also after a restart. */
typedef struct cogo__start {
    const cogo_behavior *behavior;
    uint32_t flags;  /**< COGO_SPAWN_*. */
    bool supervised; /**< Kept for restarts. */
    struct cogo__extra
        *extra; /**< Made by the spawner, so that beginning can't fail; or NULL. */
    size_t args_size_bytes;
    _Alignas(16) unsigned char args[];
} cogo__start;

/** An actor to be: its cell is reserved, nothing runs yet. */
typedef struct cogo__birth {
    cogo__cell *cell;
    cogo_actor_id id;
    cogo_msg *start;
} cogo__birth;

/** First half of a spawn: everything that can fail. */
cogo_err cogo__birth_prepare(cogo_system *system, cogo_context *here,
                             const cogo_spawn_options *options, bool supervised,
                             cogo__birth *out_birth);
/** Between the halves: what the actor has from the beginning. NULL when out of memory. */
struct cogo__extra *cogo__birth_extra(cogo_system *system, cogo__birth *birth);
/** Between the halves: a link with @p spawner, in both. COGO_OK or COGO_ENOMEM. */
cogo_err cogo__birth_link(cogo_context *spawner, cogo__birth *birth);
/** Second half: it begins. */
void cogo__birth_commit(cogo_system *system, cogo_context *here, cogo__birth *birth);
/** Or it does not. */
void cogo__birth_undo(cogo_system *system, cogo_context *here, cogo__birth *birth);

static inline cogo__start *cogo__birth_args(cogo__birth *birth)
{
    return cogo__msg_body(birth->start);
}

/** Holder: @p cell is alive, and will start as @p start says. */
void cogo__life_adopt(cogo__cell *cell, cogo_msg *start);
/** START is before whatever is sent to @p id from here on: its names are found. Any thread, and
 * more than once; a cell that another has by now keeps its own. */
void cogo__life_show(cogo_system *system, const cogo__cell *cell, cogo_actor_id id);
/** START arrived. */
void cogo__life_accept(cogo_context *ctx, cogo__cell *cell, cogo_msg *start);
/** Runs start(), also after a restart. */
void cogo__life_begin(cogo_context *ctx, cogo__cell *cell);
/** Runs stop() and ends, or waits for the supervisor's word if it has one. By ctx->reason. */
void cogo__life_end(cogo_context *ctx, cogo__cell *cell);
/** Its behaviour gets what waits; the id has ended already. */
void cogo__life_undelivered(cogo_context *ctx, cogo__cell *cell, const cogo_reason *reason);
/** The end of an actor that waited for its supervisor. */
void cogo__life_bury(cogo_context *ctx, cogo__cell *cell, const cogo_reason *reason);
/** Takes away what an actor that has ended may still be found by; its own end does the same.
 * Any thread. */
void cogo__life_forget(cogo_system *system, cogo_context *here, cogo_actor_id id);

/** Makes @p ctx the context of @p cell. What belongs to one message or one ending is clear
 * between turns already. */
static inline void cogo__context_enter(cogo_context *ctx, cogo__cell *cell)
{
    ctx->cell = cell;
    ctx->self = cogo__cell_id(ctx->system, cell);
    ctx->charged = 0;
    ctx->deadline_ns = 0;
}

/** The running actor will end; text may be NULL. */
void cogo__context_end(cogo_context *ctx, cogo_exit_kind kind, cogo_err err, const char *text);

/** All signals that wait. May end or begin the actor. */
void cogo__relations_handle(cogo_context *ctx, cogo__cell *cell);
/** Everyone who watches or is linked learns of the end. */
void cogo__relations_tell(cogo_context *ctx, cogo__cell *cell, const cogo_reason *reason);

/** Is it that of a supervisor? */
bool cogo__is_supervisor(const cogo_behavior *behavior);
/** The supervisor ended without having begun; @p args are its start's. */
void cogo__supervisor_abandon(cogo_context *ctx, const cogo_behavior *behavior,
                              const void *args);

typedef enum cogo__turn_result {
    COGO__TURN_IDLE,   /**< Given up. */
    COGO__TURN_AGAIN,  /**< Still held, and has more to do. */
    COGO__TURN_HANDED, /**< Given to its own thread. */
    COGO__TURN_ENDED,  /**< Detached: still held, but the actor is gone. */
} cogo__turn_result;

/** Runs @p cell, which the caller holds, for one budget. */
cogo__turn_result cogo__turn(cogo_context *ctx, cogo__cell *cell);
/** After the lanes have ended: what is left in the mailbox becomes dead letters. */
void cogo__cell_clear(cogo_system *system, cogo__cell *cell);

#endif
