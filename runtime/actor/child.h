/* One child of a supervisor: its spec, copied, and where it stands.
 * Used by supervisor.c, children.c, supervisor_order.c and supervisor_start.c.
 * Never shared: it belongs to its supervisor's actor. */
#ifndef COGO_ACTOR_CHILD_H
#define COGO_ACTOR_CHILD_H

#include "runtime/actor/life.h"

#include <cogo/supervisor.h>

typedef enum cogo__child_state {
    COGO__CHILD_RUNNING,
    COGO__CHILD_STOPPING, /**< SHUTDOWN was sent; a timer will send KILLED. */
    COGO__CHILD_DOWN,     /**< Ended; its cell waits for RESTART or BURY. */
    COGO__CHILD_WAITING,  /**< As DOWN, and a timer will restart it (backoff). */
    COGO__CHILD_GONE,     /**< Buried, or never started; only its spec is left. */
} cogo__child_state;

typedef struct cogo__child {
    uint64_t number; /**< Never 0, never used twice in one supervisor; grows with age. */
    cogo__child_state state;
    bool forget; /**< To be removed when it is down. */
    cogo_actor_id actor;
    /** DOWN, WAITING: the block that said so. It goes back as RESTART or BURY and stays with
     * the child until it ends again: a restart needs no memory of the supervisor's. */
    cogo_msg *token;
    uint64_t timer; /**< Of STOPPING and WAITING. */
    uint64_t started_ns;
    uint32_t failures;           /**< In a row, for the backoff. */
    cogo_actor_id asker;         /**< Wants to hear when it is down. */
    const cogo_child_spec *spec; /**< In this block; of a simple one: the template's. */
} cogo__child;

/* By number, so found by bisection; a child that was forgotten leaves a hole for a while. */
typedef struct cogo__place {
    uint64_t number;
    cogo__child *child; /**< NULL: a hole. */
} cogo__place;

#define COGO__NO_GROUP UINT64_MAX

typedef struct cogo__supervisor {
    cogo_strategy strategy;
    cogo_auto_shutdown auto_shutdown;
    uint32_t intensity;
    uint64_t period_ns;
    uint64_t *restarts; /**< Times of the latest `intensity` restarts, a ring. */
    uint64_t restart_count;
    cogo_child_spec *model; /**< Simple ones: the template. */
    cogo__place *places;
    size_t place_count, place_capacity;
    size_t known;  /**< Places that are no holes. */
    size_t active; /**< Children RUNNING or STOPPING. */
    uint64_t last_number;
    uint64_t group_from; /**< Children with this number and younger are being stopped. */
    bool ending;         /**< Then it ends, else they are restarted. */
    bool kill;           /**< They are killed, all at a time. */
    bool swept;          /**< All of them were told. */
    cogo_reason reason;
} cogo__supervisor;

/* --- Specs: child_spec.c. ---------------------------------------------------------------- */

/** COGO_OK or COGO_EINVAL. */
cogo_err cogo__supervisor_spec_check(const cogo_supervisor_spec *spec);
/** What the caller's library may not have known is 0. */
cogo_supervisor_spec cogo__supervisor_spec_read(const cogo_supervisor_spec *spec);
/** Child @p index of a list whose caller may have had a smaller cogo_child_spec. */
cogo_child_spec cogo__child_spec_read(const cogo_child_spec *list, size_t index);
/** As above for one child; @p template_of_simple: it needs no id. */
cogo_err cogo__child_spec_check(const cogo_child_spec *spec, bool template_of_simple);
/** Bytes of one block with @p spec and all it points to, but for the behaviours. */
size_t cogo__supervisor_spec_size(const cogo_supervisor_spec *spec);
size_t cogo__child_spec_size(const cogo_child_spec *spec);
/** Fills such a block, which is aligned for any type. */
void cogo__supervisor_spec_copy(const cogo_supervisor_spec *spec, void *block);
void cogo__child_spec_copy(const cogo_child_spec *spec, void *block);

/* --- The list: child.c. ------------------------------------------------------------------ */

/** A supervisor with its children GONE so far. NULL when out of memory. */
cogo__supervisor *cogo__supervisor_make(const cogo_system *system,
                                        const cogo_supervisor_spec *spec);
void cogo__supervisor_free(cogo__supervisor *sup);
/** Appends a child, GONE so far; @p spec NULL: of the template. NULL when out of memory. */
cogo__child *cogo__child_append(cogo__supervisor *sup, const cogo_child_spec *spec);
/** Frees one that is GONE. */
void cogo__child_remove(cogo__supervisor *sup, cogo__child *child);
cogo__child *cogo__child_by_number(cogo__supervisor *sup, uint64_t number);
cogo__child *cogo__child_by_id(cogo__supervisor *sup, const char *id);
cogo__child *cogo__child_by_actor(cogo__supervisor *sup, cogo_actor_id actor);
void cogo__child_set(cogo__supervisor *sup, cogo__child *child, cogo__child_state state);
/** Prepares the actor of @p child. @p args: instead of the spec's, or NULL. */
cogo_err cogo__child_prepare(cogo_system *system, cogo_context *here, cogo_actor_id supervisor,
                             cogo__supervisor *sup, cogo__child *child, const void *args,
                             size_t args_size_bytes, cogo__birth *out_birth);
/** Prepares all, or none. @p births has a place for each. */
cogo_err cogo__children_prepare(cogo_system *system, cogo_context *here,
                                cogo_actor_id supervisor, cogo__supervisor *sup,
                                cogo__birth *births);

/* --- What a supervisor does to one of them: children.c. ---------------------------------- */

cogo_err cogo__child_spawn(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child,
                           const void *args, size_t args_size_bytes);
/** Now, or after the backoff. */
void cogo__child_restart(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child);
/** Asks it to end; with @p kill makes it. */
void cogo__child_stop(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child, bool kill);
/** One that has ended: its cell goes, its spec stays. */
void cogo__child_bury(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child);
/** As above, and its spec goes too. */
void cogo__child_forget(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child);
void cogo__child_on_timer(cogo_context *ctx, cogo__supervisor *sup, cogo__child *child);

/* --- Between supervisor.c and supervisor_order.c. ---------------------------------------- */

void cogo__supervisor_on_order(cogo_context *ctx, cogo__supervisor *sup, cogo_msg *msg);
/** Tells @p asker, if any, of @p child (may be NULL). */
void cogo__supervisor_answer(cogo_context *ctx, cogo__supervisor *sup, cogo_actor_id asker,
                             cogo_err err, const cogo__child *child);

/* Children in their specs' args (START); or made by the caller, args a cogo__supervisor *. */
extern const cogo_behavior cogo__supervisor_behavior, cogo__supervisor_root_behavior;

#endif
