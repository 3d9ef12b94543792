/* Young asks: those that a lane sent a moment ago, and whose time-outs are not in its heap yet.
 * Used by cogo_ask(), and by the lane when it looks at its timers.
 * Never makes an ask that is answered soon pay for a clock, a lock or a place in the heap.
 *
 * Most asks are answered long before anybody would look at their deadlines. So an ask is only
 * noted. Who is still unanswered at the lane's second look after that gets a timer, and its
 * time begins then: no look needs a clock for those that are answered. A lane looks every
 * COGO__TIMER_TURNS turns and before it sleeps, and then nothing stays young; when it stands in
 * a callback the watcher looks in its place. So a time-out comes late by up to three looks, the
 * last being the one that fires it, and never early. Times below COGO__YOUNG_LEAST_NS are short
 * beside that: such asks get their timers at once.
 *
 * One word decides, the state of the reference: an answer moves it from YOUNG to USED_YOUNG, a
 * look from YOUNG to ARMED. Whoever frees the reference reads there whether there is a timer to
 * be taken out. A number that stays noted after its ask was decided is of a generation that has
 * gone, or of a phase that is over: it leaves at the next look. */
#ifndef COGO_SCHED_YOUNG_H
#define COGO_SCHED_YOUNG_H

#include "runtime/sched/timers.h"

enum {
    COGO__YOUNG_LEAST_NS = 1000000, /**< Shorter time-outs get a timer at once. */
    COGO__YOUNG_RETRY_NS = 1000000, /**< No memory for timers: a lane sleeps for so long. */
};

/** Lane: @p ref, whose deadline_ns is the time that it has, is noted; before its number is
 * known to anybody. COGO_OK or COGO_ENOMEM. */
cogo_err cogo__young_add(cogo__timers *timers, cogo_system *system, cogo__ref *ref);
/** Lane: what was noted before the last look gets its timer; with @p all everything does.
 * @p now_ns 0: it is asked for if it is needed. False: no memory for some, which stay. */
bool cogo__young_look(cogo__timers *timers, cogo_system *system, uint64_t now_ns, bool all);
/** Any thread: timers for all that is noted, as far as it is seen. The lane does not move. */
void cogo__young_rescue(cogo__timers *timers, cogo_system *system, uint64_t now_ns);

/** Lane: anything noted? */
static inline bool cogo__young_any(const cogo__timers *timers)
{
    return cogo__u32_load_relaxed(&timers->young_count) != 0;
}

#endif
