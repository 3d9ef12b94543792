/* Events: what a trace keeps. Each lane has a ring of its newest ones; other threads share one.
 * Used by whoever does what one may want to see; off unless cogo_system_trace_start() ran.
 * Never allocates; off it costs one load of a word that nobody writes, and one branch. */
#ifndef COGO_ACTOR_EVENTS_H
#define COGO_ACTOR_EVENTS_H

#include "runtime/actor/core.h"
#include "runtime/base/probe.h"

typedef enum cogo__event_kind {
    COGO__EVENT_SEND,    /**< Detail: message type. The actor is the receiver. */
    COGO__EVENT_BEGIN,   /**< receive() begins. Detail: message type. */
    COGO__EVENT_END,     /**< receive() has returned. */
    COGO__EVENT_SPAWN,   /**< The actor will begin. */
    COGO__EVENT_EXIT,    /**< The actor has ended. Detail: cogo_exit_kind. */
    COGO__EVENT_RESTART, /**< The actor begins again. */
    COGO__EVENT_TIMER,   /**< A timer of the actor fired. */
    COGO__EVENT_DEAD,   /**< A message for the actor is a dead letter. Detail: cogo_dead_reason.
                         */
    COGO__EVENT_STEAL,  /**< This lane took the actor from another. Detail: that lane. */
    COGO__EVENT_PARK,   /**< This lane goes to sleep. */
    COGO__EVENT_UNPARK, /**< This lane woke up. */
    COGO__EVENT_WAKE,   /**< Woke another lane. Detail: that lane. */
    COGO__EVENT_STUCK,  /**< The actor's callback does not return. Detail: message type. */
    COGO__EVENT_KINDS,
} cogo__event_kind;

/* 32 bytes. word[3]: kind, place of the actor's behaviour + 1 (or 0), detail. */
enum { COGO__EVENT_WORDS = 4, COGO__EVENT_KIND_BITS = 8, COGO__EVENT_PLACE_BITS = 16 };

typedef struct cogo__event_ring {
    cogo__au64 head; /**< Events ever written. */
    uint64_t from;   /**< Head when the trace began; guarded by observe_lock. */
    cogo__au64 *words;
} cogo__event_ring;

/* The rings of a system: one per lane, then one for all other threads. Made at the first
 * trace. */
struct cogo__event_rings {
    uint32_t capacity; /**< Events per ring, a power of two. */
    uint64_t begun_ns, ended_ns;
    cogo__event_ring rings[];
};

static inline bool cogo__tracing(const cogo_system *system)
{
    return __builtin_expect(cogo__u32_load_relaxed(&system->tracing) != 0, 0);
}

/** Keeps one event. @p here may be NULL. Called only when tracing. */
void cogo__event_note(cogo_system *system, cogo_context *here, cogo__event_kind kind,
                      cogo_actor_id actor, uint32_t detail, uint64_t trace, uint64_t now_ns);
void cogo__events_finish(cogo_system *system);

/* A probe for tools outside and, when tracing, an event: both at one place. `probe` is the
 * probe's name; `actor` is evaluated only when tracing. */
#define COGO__SAW(system, here, kind, probe, actor, slot, detail, trace)             \
    do {                                                                             \
        COGO__PROBE(probe, slot, detail, trace, system);                             \
        if (cogo__tracing(system)) {                                                 \
            cogo__event_note(system, here, COGO__EVENT_##kind, actor, detail, trace, \
                             cogo__world_now((system)->world));                      \
        }                                                                            \
    } while (0)

#endif
