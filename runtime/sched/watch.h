/* The watcher of one system: a thread that notices lanes whose callback does not return.
 * Used by system.c (start, end) and by lanes, which arm it when they leave their sleep.
 * Never wakes by the clock while all lanes sleep; never runs an actor. */
#ifndef COGO_SCHED_WATCH_H
#define COGO_SCHED_WATCH_H

#include "runtime/actor/core.h"
#include "runtime/base/stack.h"

enum {
    COGO__WATCH_FIRST_NS = 1000000,  /**< First look after the system began to work. */
    COGO__WATCH_MOST_NS = 10000000,  /**< Looks get rarer up to this while all is well. */
    COGO__WATCH_LONG_NS = 100000000, /**< And up to this while a reported lane stays stuck. */
};

struct cogo__sched;

/* What the watcher saw of one lane. The watcher's own. */
typedef struct cogo__watched {
    uint64_t turns, handled; /**< As they were at the last look. */
    uint64_t since_ns;       /**< They are so at least since then. */
    bool reported;
    cogo_stuck stuck; /**< What was told, to be told again when it returns. */
} cogo__watched;

typedef struct cogo__watch {
    struct cogo__sched *sched;
    cogo__watched *lanes;
    cogo__stack
        *stacks; /**< One per lane; a late answer finds it there. NULL: not asked for. */
    uint64_t pressure, pressure_ns; /**< At the last look for it, and when that was. */
    uint32_t calm;                  /**< Looks since there was too much; see spin.h. */
    cogo__parker parker;
    cogo__thread *thread;          /**< NULL: there is none. */
    _Alignas(64) cogo__au32 armed; /**< 0: it sleeps until a lane arms it. */
} cogo__watch;

cogo_err cogo__watch_start(struct cogo__sched *sched);
/** After `halt`: wakes it, waits for its end and frees what it has. Also if never started. */
void cogo__watch_finish(struct cogo__sched *sched);

/** A lane is awake (seq_cst) and tells so. */
static inline void cogo__watch_arm(cogo_system *system, cogo__watch *watch)
{
    if (__builtin_expect(cogo__u32_load_seq_cst(&watch->armed) == 0, 0)) {
        uint32_t sleeps = 0;
        if (cogo__u32_cas_seq_cst(&watch->armed, &sleeps, 1)) {
            cogo__world_wake(system->world, &watch->parker);
        }
    }
}

#endif
