/* Fills any record with values that are not the defaults, and compares two records, by their
 * descriptors.
 * Used by the tests of the codec and of the contract.
 * Never part of a program. */
#ifndef TESTS_UNIT_RECORD_FILL_H
#define TESTS_UNIT_RECORD_FILL_H

#include <cogo/record.h>

#include <stdio.h>
#include <string.h>

enum { FILL_LIST_COUNT = 2 };

static inline void *record_fill(const cogo_record *type, cogo_arena *arena, uint64_t *seed);

static inline int64_t fill_number(const cogo_field *field, uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    int64_t number = (int64_t)(*seed >> 40) + 1;
    bool limited = field->min != 0 || field->max != 0;
    return limited && number > field->max ? field->max : number;
}

static inline void fill_field(const cogo_field *field, uint8_t *at, cogo_arena *arena,
                              uint64_t *seed)
{
    static const uint8_t value_bytes[] = {0x82, 0xa1, 'a',  0x93, 0x01, 0xc3, 0xa2,
                                          0xc3, 0xbc, 0xa1, 'b',  0xcb, 0x3f, 0xe0,
                                          0,    0,    0,    0,    0,    0};
    int64_t number = fill_number(field, seed);
    if (field->kind == COGO_FIELD_STRING) {
        const char *text = cogo_arena_printf(arena, "text \xc3\xbc %d", (int)(number % 1000));
        memcpy(at, &text, sizeof text);
    } else if (field->kind == COGO_FIELD_INT) {
        memcpy(at, &number, sizeof number);
    } else if (field->kind == COGO_FIELD_TIME) {
        int64_t time = INT64_C(1795366000000) + number;
        memcpy(at, &time, sizeof time);
    } else if (field->kind == COGO_FIELD_DOUBLE) {
        double real = field->max > 1 ? (double)(number % 90) + 0.25 : 0.25;
        memcpy(at, &real, sizeof real);
    } else if (field->kind == COGO_FIELD_BOOL) {
        bool truth = true;
        memcpy(at, &truth, sizeof truth);
    } else if (field->kind == COGO_FIELD_ENUM) {
        int32_t last = 0;
        while (field->names[last + 1] != NULL) {
            last++;
        }
        memcpy(at, &last, sizeof last);
    } else if (field->kind == COGO_FIELD_VALUE) {
        cogo_value value = {.data = cogo_arena_copy(arena, value_bytes, sizeof value_bytes),
                            .size_bytes = sizeof value_bytes};
        memcpy(at, &value, sizeof value);
    } else if (field->kind == COGO_FIELD_STRINGS) {
        const char **items = cogo_arena_alloc(arena, FILL_LIST_COUNT * sizeof *items);
        for (int i = 0; i < FILL_LIST_COUNT; i++) {
            items[i] = cogo_arena_printf(arena, "item %d", i);
        }
        cogo_strings list = {.items = items, .count = FILL_LIST_COUNT};
        memcpy(at, &list, sizeof list);
    } else if (field->kind == COGO_FIELD_RECORD) {
        const void *record = record_fill(field->record, arena, seed);
        memcpy(at, &record, sizeof record);
    } else {
        size_t size = field->record->size_bytes;
        uint8_t *items = cogo_arena_alloc(arena, FILL_LIST_COUNT * size);
        for (size_t i = 0; i < FILL_LIST_COUNT; i++) {
            memcpy(items + i * size, record_fill(field->record, arena, seed), size);
        }
        cogo_records list = {.items = items, .count = FILL_LIST_COUNT};
        memcpy(at, &list, sizeof list);
    }
}

/* A struct of @p type in @p arena. */
static inline void *record_fill(const cogo_record *type, cogo_arena *arena, uint64_t *seed)
{
    uint8_t *record = cogo_arena_alloc(arena, type->size_bytes);
    for (size_t i = 0; i < type->field_count; i++) {
        fill_field(&type->fields[i], record + type->fields[i].offset_bytes, arena, seed);
    }
    return record;
}

/* NULL when the two say the same, else the name of a field that differs. */
static inline const char *record_difference(const cogo_record *type, const void *left,
                                            const void *right);

static inline bool same_field(const cogo_field *field, const uint8_t *a, const uint8_t *b)
{
    const void *x = NULL, *y = NULL;
    cogo_strings m, n;
    cogo_records r, s;
    cogo_value v, w;
    if (field->kind == COGO_FIELD_STRING || field->kind == COGO_FIELD_RECORD) {
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
    }
    switch (field->kind) {
    case COGO_FIELD_STRING:
        return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
    case COGO_FIELD_INT:
    case COGO_FIELD_DOUBLE:
    case COGO_FIELD_TIME:
        return memcmp(a, b, 8) == 0;
    case COGO_FIELD_BOOL:
        return memcmp(a, b, sizeof(bool)) == 0;
    case COGO_FIELD_ENUM:
        return memcmp(a, b, 4) == 0;
    case COGO_FIELD_VALUE:
        memcpy(&v, a, sizeof v);
        memcpy(&w, b, sizeof w);
        return v.size_bytes == w.size_bytes
               && (v.size_bytes == 0 || memcmp(v.data, w.data, v.size_bytes) == 0);
    case COGO_FIELD_STRINGS:
        memcpy(&m, a, sizeof m);
        memcpy(&n, b, sizeof n);
        for (size_t i = 0; i < m.count && m.count == n.count; i++) {
            if (strcmp(m.items[i], n.items[i]) != 0) {
                return false;
            }
        }
        return m.count == n.count;
    case COGO_FIELD_RECORD:
        return x == NULL || y == NULL ? x == y : !record_difference(field->record, x, y);
    case COGO_FIELD_RECORDS:
        memcpy(&r, a, sizeof r);
        memcpy(&s, b, sizeof s);
        for (size_t i = 0; i < r.count && r.count == s.count; i++) {
            size_t at = i * field->record->size_bytes;
            if (record_difference(field->record, (const uint8_t *)r.items + at,
                                  (const uint8_t *)s.items + at)) {
                return false;
            }
        }
        return r.count == s.count;
    }
    return false;
}

static inline const char *record_difference(const cogo_record *type, const void *left,
                                            const void *right)
{
    for (size_t i = 0; i < type->field_count; i++) {
        size_t at = type->fields[i].offset_bytes;
        if (!same_field(&type->fields[i], (const uint8_t *)left + at,
                        (const uint8_t *)right + at)) {
            return type->fields[i].name;
        }
    }
    return NULL;
}

#endif
