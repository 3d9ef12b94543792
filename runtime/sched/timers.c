#include "runtime/sched/timers.h"

#include "runtime/actor/events.h"
#include "runtime/actor/send.h"

#include <string.h>

enum { WAYS = 4, CAPACITY_FIRST = 64 };

void cogo__timers_init(cogo__timers *timers, const cogo_allocator *from)
{
    memset(timers, 0, sizeof *timers);
    timers->from = from;
    cogo__lock_init(&timers->lock);
}

void cogo__timers_finish(cogo__timers *timers)
{
    cogo__free(timers->heap);
    cogo__lock_finish(&timers->lock);
}

static void place(cogo__timers *t, uint32_t at, cogo__ref *ref)
{
    t->heap[at] = ref;
    ref->heap_place = at + 1;
}

static void sift_up(cogo__timers *t, uint32_t at, cogo__ref *ref)
{
    while (at > 0 && t->heap[(at - 1) / WAYS]->deadline_ns > ref->deadline_ns) {
        place(t, at, t->heap[(at - 1) / WAYS]);
        at = (at - 1) / WAYS;
    }
    place(t, at, ref);
}

static void sift_down(cogo__timers *t, uint32_t at, cogo__ref *ref)
{
    for (;;) {
        uint32_t least = 0;
        for (uint32_t i = at * WAYS + 1; i <= at * WAYS + WAYS && i < t->count; i++) {
            if (least == 0 || t->heap[i]->deadline_ns < t->heap[least]->deadline_ns) {
                least = i;
            }
        }
        if (least == 0 || t->heap[least]->deadline_ns >= ref->deadline_ns) {
            break;
        }
        place(t, at, t->heap[least]);
        at = least;
    }
    place(t, at, ref);
}

static void publish(cogo__timers *t)
{
    cogo__u64_store_release(&t->first_ns, t->count != 0 ? t->heap[0]->deadline_ns : 0);
}

bool cogo__timers_room(cogo__timers *t)
{
    if (t->count < t->capacity) {
        return true;
    }
    uint32_t capacity = t->capacity != 0 ? t->capacity * 2 : CAPACITY_FIRST;
    cogo__ref **bigger = cogo__realloc(t->from, t->heap, capacity * sizeof(cogo__ref *));
    if (bigger != NULL) {
        t->heap = bigger;
        t->capacity = capacity;
    }
    return bigger != NULL;
}

void cogo__timers_put(cogo__timers *t, cogo__ref *ref)
{
    sift_up(t, t->count++, ref);
    publish(t);
}

cogo_err cogo__timers_add(cogo__timers *t, cogo__ref *ref, bool *out_first)
{
    cogo_err err = COGO_ENOMEM;
    cogo__lock_take(&t->lock);
    if (cogo__timers_room(t)) {
        cogo__timers_put(t, ref);
        *out_first = t->heap[0] == ref;
        err = COGO_OK;
    }
    cogo__lock_give(&t->lock);
    return err;
}

/* Caller holds the lock. */
static void take_out(cogo__timers *t, cogo__ref *ref)
{
    uint32_t at = ref->heap_place - 1;
    cogo__ref *last = t->heap[--t->count];
    ref->heap_place = 0;
    if (last != ref) {
        if (at > 0 && t->heap[(at - 1) / WAYS]->deadline_ns > last->deadline_ns) {
            sift_up(t, at, last);
        } else {
            sift_down(t, at, last);
        }
    }
    publish(t);
}

bool cogo__timers_remove(cogo__timers *t, cogo__ref *ref)
{
    cogo__lock_take(&t->lock);
    bool there = ref->heap_place != 0;
    if (there) {
        take_out(t, ref);
    }
    cogo__lock_give(&t->lock);
    return there;
}

/* What is needed to post, copied under the lock: afterwards the owner may free the
 * reference. */
typedef struct firing {
    uint64_t number, cookie, trace;
    cogo_actor_id owner;
    bool is_ask, post, gone;
} firing;

/* Caller holds the lock. A period that was missed is skipped, not made up for. */
static firing fire_first(cogo__timers *t, cogo_system *system, uint64_t now_ns)
{
    cogo__ref *ref = t->heap[0];
    firing f = {
        .number = cogo__ref_number(cogo__ref_generation(cogo__u64_load_relaxed(&ref->state)),
                                   ref->index),
        .cookie = ref->cookie,
        .trace = cogo__u64_load_relaxed(&ref->trace),
        .owner = cogo__ref_owner(system, ref),
        .is_ask = cogo__u32_load_relaxed(&ref->kind) == COGO__REF_ASK,
    };
    if (f.is_ask) {
        f.post = cogo__ref_claim(ref, f.number);
    } else { // While its last message waits, another one would say nothing new.
        f.post = cogo__u32_swap_acq_rel(&ref->posted, 1) == 0;
    }
    if (ref->period_ns != 0) {
        uint64_t missed = (now_ns - ref->deadline_ns) / ref->period_ns;
        ref->deadline_ns += (missed + 1) * ref->period_ns;
        sift_down(t, 0, ref);
        publish(t);
    } else {
        take_out(t, ref);
        f.gone = true;
    }
    return f;
}

void cogo__timers_fire(cogo__timers *t, cogo_system *system, cogo_context *here,
                       uint64_t now_ns)
{
    for (;;) {
        uint64_t first = cogo__u64_load_acquire(&t->first_ns);
        if (first == 0 || first > now_ns) {
            return;
        }
        cogo__lock_take(&t->lock);
        firing f = {0};
        if (t->count != 0 && t->heap[0]->deadline_ns <= now_ns) {
            f = fire_first(t, system, now_ns);
            if (f.gone) { // Counted before the lock is given: who finds it gone may ask.
                cogo__count(system, here, COGO__TIMERS_GONE, 1);
            }
        }
        cogo__lock_give(&t->lock);
        if (f.post) {
            COGO__SAW(system, here, TIMER, timer, f.owner, f.owner.slot, f.is_ask, f.trace);
        }
        if (f.post && f.is_ask) {
            cogo__ask_post_failure(system, here, f.number, f.owner, f.trace, COGO_ETIMEOUT);
        } else if (f.post) {
            cogo_timer_fired fired = {.timer = f.number, .cookie = f.cookie};
            cogo__post(system, here, f.owner, COGO_MSG_TIMER, f.number, f.trace, &fired,
                       sizeof fired);
        }
    }
}
