#include "runtime/sched/poller.h"

#include "runtime/sched/sched.h"

cogo__poller *cogo__poller_of(const cogo_system *system)
{
    return cogo__ptr_load_acquire(&system->sched->poller);
}

cogo__poller *cogo__poller_set(cogo_system *system, cogo__poller *poller)
{
    void *nobody = NULL;
    return cogo__ptr_cas_acq_rel(&system->sched->poller, &nobody, poller) ? poller : nobody;
}

void cogo__poller_needed(cogo_system *system, cogo_context *here)
{
    const cogo__poller *poller = cogo__poller_of(system);
    if ((here == NULL || !here->is_lane) && cogo__u32_load_seq_cst(&poller->right) == 0) {
        cogo__wake_any(system->sched, here);
    }
}

void cogo__sched_io_forget(cogo_system *system, cogo__ref *ref)
{
    cogo__poller *poller = cogo__poller_of(system);
    poller->forget(poller, ref);
}

static bool take_right(cogo__poller *poller, uint32_t who)
{
    uint32_t nobody = 0;
    return cogo__u32_cas_seq_cst(&poller->right, &nobody, who);
}

/* release: what it wrote is seen by who takes it next. Who still sees it held wakes nobody to
 * poll, or rings for nothing: its last holder is awake, and looks at everything before it
 * sleeps. */
static void give_right(cogo__poller *poller)
{
    cogo__u32_store_release(&poller->right, 0);
}

bool cogo__poller_rest(cogo__lane *lane, uint64_t now, uint64_t deadline_ns,
                       cogo__cell **out_ready)
{
    cogo__poller *poller = cogo__ptr_load_acquire(&lane->sched->poller);
    // Who wakes us has cleared our bit, armed a timer or set `halt` before it reads `right` by
    // a read-modify-write. If that comes before our exchange we see what it did; else it
    // sees us.
    if (poller == NULL || !take_right(poller, lane->index + 1)) {
        return false;
    }
    if (cogo__lane_sleeps(lane->sched, lane->index)
        && cogo__u32_load_acquire(&lane->sched->halt) == 0
        && cogo__lane_deadline_again(lane, now) == deadline_ns) {
        cogo__u64_store_relaxed(&poller->polled_ns,
                                now); // A look soon after would be one more.
        *out_ready = poller->poll(poller, &lane->ctx, now, deadline_ns);
    }
    give_right(poller);
    return true;
}

void cogo__poller_look(cogo__lane *lane, uint64_t now)
{
    cogo_system *system = lane->sched->system;
    cogo__poller *poller = cogo__ptr_load_acquire(&lane->sched->poller);
    if (poller == NULL || cogo__u32_load_relaxed(&poller->right) != 0) {
        return;
    }
    now = now != 0 ? now : cogo__world_now(system->world);
    if (now - cogo__u64_load_relaxed(&poller->polled_ns) >= COGO__POLL_EVERY_NS
        && take_right(poller, COGO__POLLER_LOOKS)) {
        cogo__u64_store_relaxed(&poller->polled_ns, now);
        cogo__cell *ready = poller->poll(poller, &lane->ctx, now, now);
        give_right(poller);
        if (ready != NULL) {
            cogo__sched_ready(system, &lane->ctx, ready);
        }
    }
}

void cogo__poller_ring(cogo__lane *lane)
{
    cogo__poller *poller = cogo__ptr_load_acquire(&lane->sched->poller);
    if (poller != NULL && cogo__u32_add_seq_cst(&poller->right, 0) == lane->index + 1) {
        poller->ring(poller);
    }
}

void cogo__poller_keep(cogo__sched *sched)
{
    cogo__poller *poller = cogo__ptr_load_acquire(&sched->poller);
    if (poller != NULL && cogo__u32_load_seq_cst(&poller->right) == 0) {
        cogo__wake_any(sched, NULL);
    }
}
