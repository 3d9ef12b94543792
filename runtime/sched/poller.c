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

static bool take_right(cogo__poller *poller)
{
    uint32_t nobody = 0;
    return cogo__u32_cas_seq_cst(&poller->right, &nobody, 1);
}

bool cogo__poller_rest(cogo__lane *lane, uint64_t now, uint64_t deadline_ns)
{
    cogo__poller *poller = cogo__ptr_load_acquire(&lane->sched->poller);
    if (poller == NULL || !take_right(poller)) {
        return false;
    }
    // Who wakes us has cleared our bit, armed a timer or set `halt` before it reads `polls` by
    // a read-modify-write. If that comes before our exchange we see what it did; else it
    // sees 1.
    (void)cogo__u32_swap_seq_cst(&lane->polls, 1);
    if (cogo__lane_sleeps(lane->sched, lane->index)
        && cogo__u32_load_acquire(&lane->sched->halt) == 0
        && cogo__lane_deadline_again(lane, now) == deadline_ns) {
        cogo__u64_store_relaxed(&poller->polled_ns,
                                now); // A look soon after would be one more.
        poller->poll(poller, &lane->ctx, now, deadline_ns);
    }
    (void)cogo__u32_swap_seq_cst(&lane->polls, 0);
    (void)cogo__u32_swap_seq_cst(&poller->right, 0);
    return true;
}

void cogo__poller_look(cogo__lane *lane)
{
    cogo__poller *poller = cogo__ptr_load_acquire(&lane->sched->poller);
    if (poller == NULL || cogo__u32_load_relaxed(&poller->right) != 0) {
        return;
    }
    uint64_t now = cogo__world_now(lane->sched->system->world);
    if (now - cogo__u64_load_relaxed(&poller->polled_ns) >= COGO__POLL_EVERY_NS
        && take_right(poller)) {
        cogo__u64_store_relaxed(&poller->polled_ns, now);
        poller->poll(poller, &lane->ctx, now, now);
        (void)cogo__u32_swap_seq_cst(&poller->right, 0);
    }
}

void cogo__poller_ring(cogo__lane *lane)
{
    cogo__poller *poller = cogo__ptr_load_acquire(&lane->sched->poller);
    if (poller != NULL && cogo__u32_add_seq_cst(&lane->polls, 0) != 0) {
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
