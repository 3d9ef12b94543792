#include "runtime/sched/injector.h"

/* The stack as a list, oldest first. */
static cogo__cell *turn_around(cogo__injector *in)
{
    cogo__u32_store_release(&in->more, 1); // Before the stack looks empty.
    cogo__cell *cell = cogo__ptr_swap_acq_rel(&in->newest, NULL);
    cogo__cell *list = NULL;
    while (cell != NULL) {
        cogo__cell *older = cell->queue_next;
        cell->queue_next = list;
        list = cell;
        cell = older;
    }
    return list;
}

cogo__cell *cogo__injector_take(cogo__injector *in)
{
    if (cogo__ptr_load_relaxed(&in->newest) == NULL && cogo__u32_load_relaxed(&in->more) == 0) {
        return NULL; // A look, not the last one before a sleep.
    }
    cogo__lock_take(&in->lock);
    cogo__cell *cell = in->first != NULL ? in->first : turn_around(in);
    in->first = cell != NULL ? cell->queue_next : NULL;
    cogo__u32_store_release(&in->more, in->first != NULL);
    cogo__lock_give(&in->lock);
    return cell;
}
