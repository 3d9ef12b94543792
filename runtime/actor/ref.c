#include "runtime/actor/ref.h"

#include "runtime/actor/guard.h"

uint64_t cogo__ref_create(cogo_system *system, cogo_context *here, cogo__cell *cell,
                          cogo__ref_kind kind, cogo__ref **out_ref)
{
    uint32_t index = cogo__table_take(&system->refs, here != NULL ? here->ref_cache : NULL);
    if (index == 0) {
        return 0;
    }
    cogo__ref *ref = cogo__table_at(&system->refs, index);
    uint64_t generation = cogo__ref_generation(cogo__u64_load_relaxed(&ref->state));
    generation = generation != 0 ? generation : 1;
    ref->index = index;
    ref->prev = ref->next = NULL;
    ref->deadline_ns = ref->period_ns = ref->cookie = 0;
    ref->heap_place = 0;
    cogo__u64_store_relaxed(&ref->trace, here != NULL ? here->trace : 0);
    cogo__ptr_store_relaxed(&ref->answer, NULL);
    cogo__u32_store_relaxed(&ref->posted, 0);
    cogo__u32_store_relaxed(&ref->kind, kind);
    if (cell != NULL) {
        cogo__u64_store_relaxed(&ref->owner, cogo__id_word(cogo__cell_id(system, cell)));
        ref->next = cell->refs;
        if (ref->next != NULL) {
            ref->next->prev = ref;
        }
        cell->refs = ref;
        if (cogo__guarded(cell)) {
            cogo__guard_note(system, here, cell, sizeof *ref);
        }
    }
    cogo__u64_store_release(&ref->state, cogo__ref_state(generation, COGO__REF_ARMED));
    *out_ref = ref;
    return cogo__ref_number(generation, index);
}

void cogo__ref_release(cogo_system *system, cogo_context *here, cogo__cell *cell,
                       cogo__ref *ref)
{
    if (ref->prev != NULL) {
        ref->prev->next = ref->next;
    } else if (cell != NULL) {
        cell->refs = ref->next;
    }
    if (ref->next != NULL) {
        ref->next->prev = ref->prev;
    }
    if (cell != NULL && cogo__guarded(cell)) {
        cogo__guard_note(system, here, cell, -(int64_t)sizeof *ref);
    }
    // A claim of the old generation fails from here on. A generation that would come again is
    // never given out: its element is retired.
    // acquire: pairs with the claim: who decided it has read `owner` before we write it again.
    uint64_t state = cogo__u64_load_acquire(&ref->state);
    uint64_t generation = cogo__ref_generation(state) + 1;
    uint64_t next = cogo__ref_state(generation, COGO__REF_FREE);
    uint32_t index = ref->index;
    if (cogo__ref_waits(state)) { // A claim may come in between: an exchange, for the same.
        (void)cogo__u64_swap_acq_rel(&ref->state, next);
    } else {
        cogo__u64_store_release(&ref->state, next);
    }
    if (generation <= UINT32_MAX) {
        cogo__table_give(&system->refs, here != NULL ? here->ref_cache : NULL, index);
    }
}
