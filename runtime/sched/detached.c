/* Detached actors: each on a thread of its own, so that its callbacks may block. */
#include "runtime/actor/life.h"
#include "runtime/sched/sched.h"

enum { NOTHING, RUN, QUIT };

struct cogo__detached {
    cogo_context ctx;
    cogo__parker parker;
    cogo__au32 order;   /**< What it is to do next. */
    cogo__au32 done;    /**< It may be joined, which is what orders all else. */
    cogo__aptr running; /**< Its cell, while it is in a turn. For readers. */
    cogo__cell *cell;
    cogo__thread *thread;
    struct cogo__detached *next;
};

static uint32_t wait_for_order(cogo__detached *d)
{
    uint32_t order = NOTHING;
    while ((order = cogo__u32_swap_acq_rel(&d->order, NOTHING)) == NOTHING) {
        cogo__world_park(d->ctx.system->world, &d->parker, COGO__FOREVER);
    }
    return order;
}

/* The thread has the right to run its cell from an order to the turn that ends IDLE. When its
 * actor has ended there may be a new one in the cell already, with a thread of its own. */
static void detached_main(void *arg)
{
    cogo__detached *d = arg;
    cogo__here = &d->ctx;
    while (wait_for_order(d) == RUN) {
        cogo__turn_result result = COGO__TURN_AGAIN;
        cogo__ptr_store_relaxed(&d->running, d->cell);
        while (result == COGO__TURN_AGAIN) {
            result = cogo__turn(&d->ctx, d->cell);
        }
        cogo__ptr_store_relaxed(&d->running, NULL);
        if (result == COGO__TURN_ENDED) { // What is left in the cell is for a lane, or for
                                          // the thread of its new actor.
            cogo__sched_ready(d->ctx.system, &d->ctx, d->cell);
            break;
        }
    }
    cogo__here = NULL;
    cogo__u32_store_relaxed(&d->done, 1);
}

/* One that was used before, or a new one. Its parker stays as it is: see cogo__detached_reap().
 * Caller holds the lock. */
static cogo__detached *take_detached(cogo__sched *sched)
{
    cogo__detached *d = sched->detached_free;
    if (d == NULL) {
        d = cogo__alloc_zeroed(sched->system->config.allocator, 1, sizeof *d);
    } else {
        sched->detached_free = d->next;
        d->ctx = (cogo_context){0};
        d->cell = NULL;
        cogo__u32_store_relaxed(&d->order, NOTHING);
        cogo__u32_store_relaxed(&d->done, 0);
    }
    if (d != NULL) {
        d->ctx.system = sched->system;
        d->ctx.thread = d;
        d->ctx.place = cogo__place_of_others(sched->system);
    }
    return d;
}

cogo_err cogo__sched_thread_create(cogo_system *system, const char *name, void **out_thread)
{
    cogo__sched *sched = system->sched;
    cogo__detached_reap(sched, false);
    cogo__lock_take(&sched->detached_lock);
    cogo__detached *d = take_detached(sched);
    cogo_err err =
        d == NULL ? COGO_ENOMEM
                  : system->world->thread_start(system->world->ctx, system->config.allocator,
                                                detached_main, d, name, &d->thread);
    cogo__detached **list = err == COGO_OK ? &sched->detached : &sched->detached_free;
    if (d != NULL) {
        d->next = *list;
        *list = d;
    }
    cogo__lock_give(&sched->detached_lock);
    *out_thread = err == COGO_OK ? d : *out_thread;
    return err == COGO_OK ? COGO_OK : COGO_ENOMEM;
}

void cogo__sched_thread_give(cogo_system *system, void *thread, cogo__cell *cell)
{
    cogo__detached *d = thread;
    if (cell != NULL) {
        d->cell = cell; // Always the same one.
    }
    // release: the thread sees all that was written to the cell.
    (void)cogo__u32_swap_acq_rel(&d->order, cell != NULL ? RUN : QUIT);
    cogo__world_wake(system->world, &d->parker);
}

/* Who gave the last order may still be about to wake the thread that has obeyed it and ended:
 * so the memory stays, and is used again for the same purpose. A wake-up that comes too late is
 * one too many for the next, and harmless. */
void cogo__detached_reap(cogo__sched *sched, bool all)
{
    const cogo__world *world = sched->system->world;
    cogo__detached *ended = NULL;
    cogo__lock_take(&sched->detached_lock);
    for (cogo__detached **at = &sched->detached; *at != NULL;) {
        cogo__detached *d = *at;
        if (all || cogo__u32_load_relaxed(&d->done) != 0) {
            *at = d->next;
            d->next = ended;
            ended = d;
        } else {
            at = &d->next;
        }
    }
    cogo__lock_give(&sched->detached_lock);
    while (ended != NULL) {
        cogo__detached *d = ended;
        ended = d->next;
        world->thread_join(world->ctx, d->thread);
        cogo__lock_take(&sched->detached_lock);
        d->next = sched->detached_free;
        sched->detached_free = d;
        cogo__lock_give(&sched->detached_lock);
    }
}

void cogo__detached_finish(cogo__sched *sched)
{
    while (sched->detached_free != NULL) {
        cogo__detached *d = sched->detached_free;
        sched->detached_free = d->next;
        cogo__free(d);
    }
}

bool cogo__detached_runs(cogo__sched *sched, const cogo__cell *cell, uint32_t *out_type)
{
    bool found = false;
    cogo__lock_take(&sched->detached_lock);
    for (const cogo__detached *d = sched->detached; d != NULL && !found; d = d->next) {
        found = cogo__ptr_load_relaxed(&d->running) == cell;
        if (found) {
            *out_type = cogo__u32_load_relaxed(&d->ctx.doing);
        }
    }
    cogo__lock_give(&sched->detached_lock);
    return found;
}
