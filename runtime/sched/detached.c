/* Detached actors: each on a thread of its own, so that its callbacks may block. */
#include "runtime/actor/life.h"
#include "runtime/sched/sched.h"

#include <stdlib.h>

enum { NOTHING, RUN, QUIT };

struct cogo__detached {
    cogo_context ctx;
    cogo__parker parker;
    cogo__au32 order;   /**< What it is to do next. */
    cogo__au32 done;    /**< It may be joined. */
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

/* The thread has the right to run its cell from an order to the turn that ends IDLE. */
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
        if (result == COGO__TURN_ENDED) { // What is left in the mailbox is for a lane.
            cogo__sched_ready(d->ctx.system, &d->ctx, d->cell);
            break;
        }
    }
    cogo__here = NULL;
    cogo__u32_store_release(&d->done, 1);
}

cogo_err cogo__sched_thread_create(cogo_system *system, const char *name, void **out_thread)
{
    cogo__sched *sched = system->sched;
    cogo__detached_reap(sched, false);
    cogo__detached *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return COGO_ENOMEM;
    }
    d->ctx.system = system;
    d->ctx.place = system->config.lane_count;
    cogo__lock_take(&sched->detached_lock);
    cogo_err err =
        system->world->thread_start(system->world->ctx, detached_main, d, name, &d->thread);
    if (err == COGO_OK) {
        d->next = sched->detached;
        sched->detached = d;
        *out_thread = d;
    }
    cogo__lock_give(&sched->detached_lock);
    if (err != COGO_OK) {
        free(d);
        return COGO_ENOMEM;
    }
    return COGO_OK;
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

void cogo__detached_reap(cogo__sched *sched, bool all)
{
    const cogo__world *world = sched->system->world;
    cogo__detached *ended = NULL;
    cogo__lock_take(&sched->detached_lock);
    for (cogo__detached **at = &sched->detached; *at != NULL;) {
        cogo__detached *d = *at;
        if (all || cogo__u32_load_acquire(&d->done) != 0) {
            *at = d->next;
            d->next = ended;
            ended = d;
        } else {
            at = &d->next;
        }
    }
    cogo__lock_give(&sched->detached_lock);
    while (ended != NULL) {
        cogo__detached *next = ended->next;
        world->thread_join(world->ctx, ended->thread);
        free(ended);
        ended = next;
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
