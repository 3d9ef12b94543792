/* Which worker gets a task: one that offers its role, has its labels and enough free slots; of
 * those the ones with most of the labels that it prefers, then the least loaded; of equals each
 * in turn. A task with a sticky key goes before all that to the worker of its key. */
#include "actors/orchestrator/sticky.h"

#include <string.h>

orc_offer *orc_worker_offer(const orc_worker *w, const orc_role *role)
{
    for (size_t i = 0; i < w->offer_count; i++) {
        if (w->offers[i].role == role) {
            return &w->offers[i];
        }
    }
    return NULL;
}

static bool has_label(const orc_worker *w, const char *label)
{
    const cogo_strings *labels = &w->registered->labels;
    for (size_t i = 0; i < labels->count; i++) {
        if (strcmp(labels->items[i], label) == 0) {
            return true;
        }
    }
    return false;
}

orc_refusal orc_worker_refuses(const orc_worker *w, const orc_line *line,
                               const char **out_label)
{
    const orc_offer *offer = orc_worker_offer(w, line->role);
    if (offer == NULL) {
        return REFUSAL_ROLE;
    }
    if (w->lost || w->away) {
        return REFUSAL_LOST;
    }
    for (size_t i = 0; i < line->labels.count; i++) {
        if (!has_label(w, line->labels.items[i])) {
            if (out_label != NULL) {
                *out_label = line->labels.items[i];
            }
            return REFUSAL_LABEL;
        }
    }
    if (w->draining) {
        return REFUSAL_DRAINING;
    }
    bool full = offer->slots > 0 && offer->used + line->slot_cost > offer->slots;
    bool worker_full = !offer->own_slots && w->used + line->slot_cost > w->registered->slots;
    if (full || worker_full) {
        return REFUSAL_SLOTS;
    }
    return w->paused ? REFUSAL_LINK : REFUSAL_NONE;
}

/* Compares used/slots without dividing. */
static bool less_loaded(const orc_worker *a, const orc_worker *b)
{
    int64_t a_slots = a->registered->slots > 0 ? a->registered->slots : 1;
    int64_t b_slots = b->registered->slots > 0 ? b->registered->slots : 1;
    return a->running_count * b_slots < b->running_count * a_slots;
}

static size_t count_labels(const orc_worker *w, cogo_strings preferred)
{
    size_t count = 0;
    for (size_t i = 0; i < preferred.count; i++) {
        count += has_label(w, preferred.items[i]) ? 1 : 0;
    }
    return count;
}

orc_worker *orc_place(orc *o, orc_line *line, const orc_task *t)
{
    orc_role *role = line->role;
    cogo_strings preferred = t->record->preferred_labels;
    orc_worker *theirs = NULL;
    if (line->sticky != NULL && !orc_sticky_free(o, line, t, &theirs)) {
        return theirs; // Or nobody yet.
    }
    orc_worker *best = NULL;
    size_t best_at = 0;
    size_t best_labels = 0;
    for (size_t i = 0; i < role->worker_count; i++) {
        size_t at = (role->cursor + i) % role->worker_count;
        orc_worker *w = role->workers[at];
        if (orc_worker_refuses(w, line, NULL) != REFUSAL_NONE) {
            continue;
        }
        size_t liked = count_labels(w, preferred);
        if (best == NULL || liked > best_labels
            || (liked == best_labels && less_loaded(w, best))) {
            best = w;
            best_at = at;
            best_labels = liked;
        }
    }
    if (best != NULL) {
        role->cursor = (best_at + 1) % role->worker_count;
    }
    return best;
}
