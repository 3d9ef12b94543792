#include "runtime/node/detect.h"

enum { MEAN_SHARE = 8, DEVIATION_SHARE = 4 }; // Of a new gap, as TCP does for round trips.

void cogo__rhythm_note(cogo__rhythm *r, uint64_t now_ns)
{
    uint64_t gap = now_ns - r->last_ns;
    bool first = r->last_ns == 0;
    r->last_ns = now_ns;
    if (first) {
        return;
    }
    if (r->mean_ns == 0) {
        r->mean_ns = gap;
        r->deviation_ns = gap / 2;
        return;
    }
    uint64_t off = gap > r->mean_ns ? gap - r->mean_ns : r->mean_ns - gap;
    r->mean_ns = r->mean_ns - r->mean_ns / MEAN_SHARE + gap / MEAN_SHARE;
    r->deviation_ns =
        r->deviation_ns - r->deviation_ns / DEVIATION_SHARE + off / DEVIATION_SHARE;
}

uint64_t cogo__rhythm_patience(const cogo__rhythm *r, uint64_t beat_ns, uint64_t their_late_ns,
                               uint32_t strain)
{
    uint64_t floor = COGO__PATIENCE_FLOOR * beat_ns, ceiling = COGO__PATIENCE_CEILING * beat_ns;
    uint64_t learned = COGO__PATIENCE_FLOOR * r->mean_ns
                       + COGO__PATIENCE_DEVIATIONS * r->deviation_ns + their_late_ns;
    learned = learned > floor ? learned : floor;
    learned = learned < ceiling ? learned : ceiling;
    return learned * (1 + (strain < COGO__STRAIN_MAX ? strain : COGO__STRAIN_MAX));
}

uint64_t cogo__pulse_beat(cogo__pulse *p, uint64_t now_ns, uint64_t beat_ns)
{
    uint64_t late = p->due_ns != 0 && now_ns > p->due_ns ? now_ns - p->due_ns : 0;
    p->due_ns = now_ns + beat_ns;
    p->late_ns = late;
    p->late_max_ns = late > p->late_max_ns ? late : p->late_max_ns;
    if (late > beat_ns / COGO__LATE_SHARE) {
        // A long sleep is one strain and not many: what it has missed comes with the next
        // reads.
        p->strain += p->strain < COGO__STRAIN_MAX;
    } else {
        p->strain -= p->strain > 0;
    }
    return late;
}
