/* How long a silence may be: learned from the rhythm of a peer, longer for who is late itself.
 * Used by control connections and the member actor. Never reads a clock.
 *
 * A peer that says something each beat is expected to go on so: patience is FLOOR times the
 * mean of the gaps between its pings and DEVIATIONS times their mean deviation, but never less
 * than FLOOR nor more than CEILING beats. Both sides of that are stretched by strain: who comes
 * late to its own beats has a reason to doubt itself first (Lifeguard's local health). */
#ifndef COGO_NODE_DETECT_H
#define COGO_NODE_DETECT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    COGO__PATIENCE_FLOOR = 4,      /**< Beats. */
    COGO__PATIENCE_CEILING = 12,   /**< Beats, without strain. */
    COGO__PATIENCE_DEVIATIONS = 4, /**< Of the gaps. */
    COGO__STRAIN_MAX = 8,          /**< Time-outs are at most 9 times as long. */
    COGO__LATE_SHARE = 2,          /**< Later by more than a beat / this: a strain. */
};

/* Zero-initialise. */
typedef struct cogo__rhythm {
    uint64_t last_ns, mean_ns, deviation_ns;
} cogo__rhythm;

/** A ping of the peer came. */
void cogo__rhythm_note(cogo__rhythm *rhythm, uint64_t now_ns);
/** Nanoseconds that the peer may be silent. @p beat_ns: the longer one of both sides.
 * @p their_late_ns: how late the peer says that it is. */
uint64_t cogo__rhythm_patience(const cogo__rhythm *rhythm, uint64_t beat_ns,
                               uint64_t their_late_ns, uint32_t strain);

/* Beats of this node, as they come. Zero-initialise. */
typedef struct cogo__pulse {
    uint64_t due_ns, late_ns, late_max_ns;
    uint32_t strain;
} cogo__pulse;

/** A beat has come; the next one is due @p beat_ns later. Returns how late this one is. */
uint64_t cogo__pulse_beat(cogo__pulse *pulse, uint64_t now_ns, uint64_t beat_ns);

#endif
