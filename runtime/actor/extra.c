#include "runtime/actor/extra.h"

#include "runtime/actor/signals.h"

enum { CAPACITY_FIRST = 4 };

cogo__extra *cogo__extra_of(const cogo_system *system, cogo__cell *cell)
{
    if (cell->extra == NULL) {
        cell->extra = cogo__alloc_zeroed(system->config.allocator, 1, sizeof *cell->extra);
    }
    return cell->extra;
}

void cogo__extra_destroy(cogo__heap *mine, cogo__extra *extra)
{
    if (extra == NULL) {
        return;
    }
    for (cogo_msg *msg = extra->watchers, *next; msg != NULL; msg = next) {
        next = cogo__ptr_load_relaxed(&msg->link.next);
        cogo__msg_free(mine, msg);
    }
    if (extra->token != NULL) {
        cogo__msg_free(mine, extra->token);
    }
    cogo__free(extra->ties);
    cogo__free(extra->pending);
    cogo__free(extra);
}

/* Room for one more; false when out of memory. */
static bool reserve(const cogo__extra *extra, void **items, uint32_t count, uint32_t *capacity,
                    size_t item_size)
{
    if (count < *capacity) {
        return true;
    }
    uint32_t wanted = *capacity != 0 ? *capacity * 2 : CAPACITY_FIRST;
    void *bigger = cogo__realloc(cogo__allocator_of(extra), *items, wanted * item_size);
    if (bigger == NULL) {
        return false;
    }
    *items = bigger;
    *capacity = wanted;
    return true;
}

void cogo__watcher_add(cogo__extra *extra, cogo_msg *monitor)
{
    cogo__ptr_store_relaxed(&monitor->link.next, extra->watchers);
    extra->watchers = monitor;
}

cogo_msg *cogo__watcher_take(cogo__cell *cell, uint64_t number, uint32_t node)
{
    cogo_msg *before = NULL;
    cogo_msg *msg = cell->extra != NULL ? cell->extra->watchers : NULL;
    for (; msg != NULL; before = msg, msg = cogo__ptr_load_relaxed(&msg->link.next)) {
        const cogo__signal *monitor = cogo__msg_body(msg);
        if (monitor->from.node != node || (number != 0 && monitor->number != number)) {
            continue;
        }
        cogo_msg *next = cogo__ptr_load_relaxed(&msg->link.next);
        if (before != NULL) {
            cogo__ptr_store_relaxed(&before->link.next, next);
        } else {
            cell->extra->watchers = next;
        }
        return msg;
    }
    return NULL;
}

cogo__tie *cogo__tie_find(cogo__cell *cell, cogo_actor_id peer)
{
    cogo__extra *extra = cell->extra;
    for (uint32_t i = extra != NULL ? extra->tie_count : 0; i-- > 0;) { // Newest first.
        if (cogo_actor_id_equal(extra->ties[i].peer, peer)
            && extra->ties[i].state != COGO__TIE_EXITED) {
            return &extra->ties[i];
        }
    }
    return NULL;
}

cogo__tie *cogo__tie_find_exited(cogo__cell *cell, uint64_t number)
{
    cogo__extra *extra = cell->extra;
    for (uint32_t i = extra != NULL ? extra->tie_count : 0; i-- > 0;) {
        if (extra->ties[i].number == number && extra->ties[i].state == COGO__TIE_EXITED) {
            return &extra->ties[i];
        }
    }
    return NULL;
}

cogo_err cogo__tie_add(cogo__extra *extra, uint64_t number, cogo_actor_id peer)
{
    void *items = extra != NULL ? extra->ties : NULL;
    if (extra == NULL
        || !reserve(extra, &items, extra->tie_count, &extra->tie_capacity,
                    sizeof *extra->ties)) {
        return COGO_ENOMEM;
    }
    extra->ties = items;
    extra->ties[extra->tie_count++] = (cogo__tie){number, peer, COGO__TIE_ACTIVE};
    return COGO_OK;
}

void cogo__tie_remove(cogo__cell *cell, cogo__tie *tie)
{
    cogo__extra *extra = cell->extra;
    *tie = extra->ties[--extra->tie_count];
}

/* Asks that were decided meanwhile (timed out, answered by another) leave before the list
 * grows. */
static void forget_decided(cogo_system *system, cogo__extra *extra)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < extra->pending_count; i++) {
        cogo__ref *ref = cogo__ref_find(&system->refs, extra->pending[i]);
        if (ref != NULL && cogo__ref_waits(cogo__u64_load_relaxed(&ref->state))) {
            extra->pending[kept++] = extra->pending[i];
        }
    }
    extra->pending_count = kept;
}

void cogo__unanswered(cogo_context *ctx, uint64_t alias)
{
    cogo__extra *extra = cogo__extra_of(ctx->system, ctx->cell);
    if (extra == NULL) {
        return; // The ask's time-out will have to do.
    }
    if (extra->pending_count == extra->pending_capacity) {
        forget_decided(ctx->system, extra);
    }
    // Grows while more than half is alive, so that forgetting stays cheap on average.
    uint32_t fill = extra->pending_count;
    void *items = extra->pending;
    if (fill > extra->pending_capacity / 2 && fill + 1 >= extra->pending_capacity) {
        fill = extra->pending_capacity;
    }
    if (!reserve(extra, &items, fill, &extra->pending_capacity, sizeof *extra->pending)) {
        return;
    }
    extra->pending = items;
    extra->pending[extra->pending_count++] = alias;
}

void cogo__answered(cogo_context *ctx, uint64_t alias)
{
    if (ctx->request == alias) {
        ctx->request = 0;
    }
    cogo__extra *extra = ctx->cell->extra;
    for (uint32_t i = extra != NULL ? extra->pending_count : 0; i-- > 0;) {
        if (extra->pending[i] == alias) {
            extra->pending[i] = extra->pending[--extra->pending_count];
            return;
        }
    }
}
