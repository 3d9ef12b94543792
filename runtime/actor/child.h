/* One child of a supervisor: its spec, copied, and where it stands.
 * Used by supervisor.c and supervisor_start.c.
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
    uint64_t number; /**< Never 0, never used twice in one supervisor. */
    cogo__child_state state;
    bool forget; /**< To be removed when it is down. */
    cogo_actor_id actor;
    uint64_t timer; /**< Of STOPPING and WAITING. */
    uint64_t started_ns;
    uint32_t failures;     /**< In a row, for the backoff. */
    cogo_child_spec *spec; /**< Points into this block. */
} cogo__child;

typedef struct cogo__supervisor {
    cogo_strategy strategy;
    uint32_t intensity;
    uint64_t period_ns;
    uint64_t *restarts; /**< Times of the latest `intensity` restarts, a ring. */
    uint64_t restart_count;
    cogo__child **children;
    size_t child_count, child_capacity;
    uint64_t last_number;
    size_t group_from; /**< Children from here on are being stopped; SIZE_MAX: none. */
    bool ending;       /**< Then it ends, else they are restarted. */
    cogo_reason reason;
} cogo__supervisor;

/** NULL or a sentence on what is wrong with it. */
const char *cogo__child_spec_check(const cogo_child_spec *spec);
/** Bytes of one block with @p spec and all it points to, but for the behaviour. */
size_t cogo__child_spec_size(const cogo_child_spec *spec);
/** Fills such a block, which is aligned for any type. */
void cogo__child_spec_copy(const cogo_child_spec *spec, void *block);

/** Appends a child, GONE so far. NULL when out of memory. */
cogo__child *cogo__supervisor_append(cogo__supervisor *sup, const cogo_child_spec *spec);
void cogo__supervisor_free(cogo__supervisor *sup);
/** Prepares the actor of @p child. As cogo_system_spawn(). */
cogo_err cogo__child_prepare(cogo_system *system, cogo_context *here, cogo_actor_id supervisor,
                             cogo__child *child, cogo__birth *out_birth);

extern const cogo_behavior cogo__supervisor_behavior;

#endif
