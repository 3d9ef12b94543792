#include "actors/orchestrator/deadline.h"

#include "actors/orchestrator/memory.h"

enum { CAPACITY_MIN = 64 };

void orc_deadlines_finish(orc_deadlines *all)
{
    orc_free(all->heap);
    *all = (orc_deadlines){0};
}

static void put(orc_deadlines *all, orc_deadline *one, size_t place)
{
    all->heap[place] = one;
    one->place = place;
}

static void rise(orc_deadlines *all, orc_deadline *one)
{
    size_t at = one->place;
    while (at > 1 && one->at_ns < all->heap[at / 2]->at_ns) {
        put(all, all->heap[at / 2], at);
        at /= 2;
    }
    put(all, one, at);
}

static void sink(orc_deadlines *all, orc_deadline *one)
{
    size_t at = one->place;
    for (size_t child = at * 2; child <= all->count; child = at * 2) {
        if (child < all->count && all->heap[child + 1]->at_ns < all->heap[child]->at_ns) {
            child++;
        }
        if (all->heap[child]->at_ns >= one->at_ns) {
            break;
        }
        put(all, all->heap[child], at);
        at = child;
    }
    put(all, one, at);
}

void orc_deadline_set(orc_deadlines *all, orc_deadline *one, uint64_t at_ns)
{
    one->at_ns = at_ns;
    if (one->place == 0) {
        if (all->count + 1 >= all->capacity) {
            all->capacity = all->capacity == 0 ? CAPACITY_MIN : all->capacity * 2;
            all->heap = orc_realloc(all->heap, all->capacity * sizeof(orc_deadline *));
        }
        put(all, one, ++all->count);
    }
    rise(all, one);
    sink(all, one);
}

void orc_deadline_clear(orc_deadlines *all, orc_deadline *one)
{
    size_t place = one->place;
    if (place == 0) {
        return;
    }
    one->place = 0;
    orc_deadline *last = all->heap[all->count--];
    if (last != one) {
        put(all, last, place);
        rise(all, last);
        sink(all, last);
    }
}

orc_deadline *orc_deadline_take_due(orc_deadlines *all, uint64_t now_ns)
{
    if (all->count == 0 || all->heap[1]->at_ns > now_ns) {
        return NULL;
    }
    orc_deadline *first = all->heap[1];
    orc_deadline_clear(all, first);
    return first;
}

uint64_t orc_deadline_next(const orc_deadlines *all)
{
    return all->count == 0 ? UINT64_MAX : all->heap[1]->at_ns;
}
