#include "runtime/node/numbers.h"

#include "runtime/base/alloc.h"

enum { SIZE_FIRST = 32 };

void cogo__numbers_finish(cogo__numbers *numbers)
{
    cogo__free(numbers->entries);
    *numbers = (cogo__numbers){.from = numbers->from};
}

/* Ends: at most half of the entries are taken. */
static cogo__numbers_entry *place_of(cogo__numbers_entry *entries, uint32_t size,
                                     uint32_t number)
{
    uint32_t at = number * UINT32_C(2654435769);
    uint64_t key = (uint64_t)number + 1;
    while (entries[at & (size - 1)].key != 0 && entries[at & (size - 1)].key != key) {
        at++;
    }
    return &entries[at & (size - 1)];
}

bool cogo__numbers_get(const cogo__numbers *numbers, uint32_t number, const void **out_value)
{
    if (numbers->size == 0) {
        return false;
    }
    const cogo__numbers_entry *entry = place_of(numbers->entries, numbers->size, number);
    *out_value = entry->value;
    return entry->key != 0;
}

static cogo_err grow(cogo__numbers *numbers)
{
    uint32_t size = numbers->size != 0 ? numbers->size * 2 : SIZE_FIRST;
    cogo__numbers_entry *entries = cogo__alloc_zeroed(numbers->from, size, sizeof *entries);
    if (entries == NULL) {
        return COGO_ENOMEM;
    }
    for (uint32_t i = 0; i < numbers->size; i++) {
        const cogo__numbers_entry *old = &numbers->entries[i];
        if (old->key != 0) {
            *place_of(entries, size, (uint32_t)(old->key - 1)) = *old;
        }
    }
    cogo__free(numbers->entries);
    numbers->entries = entries;
    numbers->size = size;
    return COGO_OK;
}

cogo_err cogo__numbers_put(cogo__numbers *numbers, uint32_t number, const void *value)
{
    const void *there = NULL;
    bool replaces = cogo__numbers_get(numbers, number, &there);
    if (!replaces && numbers->count >= COGO__NUMBERS_MAX) {
        return COGO_ELIMIT;
    }
    if (!replaces && (numbers->count + 1) * 2 > numbers->size) {
        cogo_err err = grow(numbers);
        if (err != COGO_OK) {
            return err;
        }
    }
    cogo__numbers_entry *entry = place_of(numbers->entries, numbers->size, number);
    *entry = (cogo__numbers_entry){(uint64_t)number + 1, value};
    numbers->count += !replaces;
    return COGO_OK;
}
