/* A record in memory: copying it into one flat block, and the hash of its description.
 * One walk both measures and copies, so the two can't disagree. */
#include <cogo/record.h>

#include <string.h>

enum { FLAT_ALIGN_BYTES = 16 };

/* A block that is filled from the front. block NULL: only measure. */
typedef struct flat {
    uint8_t *block;
    size_t used_bytes;
} flat;

static void flatten_fields(flat *to, const cogo_record *type, const void *record, void *copy,
                           uint32_t depth);

/* Room for @p size_bytes, filled from @p bytes. NULL while measuring. */
static void *put(flat *to, const void *bytes, size_t size_bytes, size_t align_bytes)
{
    size_t gap = (align_bytes - to->used_bytes % align_bytes) % align_bytes;
    size_t at = to->used_bytes + gap;
    to->used_bytes = at + size_bytes;
    if (to->block == NULL) {
        return NULL;
    }
    memset(to->block + at - gap, 0, gap);
    if (size_bytes > 0) {
        memcpy(to->block + at, bytes, size_bytes);
    }
    return to->block + at;
}

static void flatten_string(flat *to, const void *from, void *copy)
{
    const char *text;
    memcpy(&text, from, sizeof text);
    if (text == NULL) {
        return;
    }
    const char *moved = put(to, text, strlen(text) + 1, 1);
    if (copy != NULL) {
        memcpy(copy, &moved, sizeof moved);
    }
}

static void flatten_value(flat *to, const void *from, void *copy)
{
    cogo_value value;
    memcpy(&value, from, sizeof value);
    value.data = value.size_bytes == 0 ? NULL : put(to, value.data, value.size_bytes, 1);
    if (copy != NULL) {
        memcpy(copy, &value, sizeof value);
    }
}

static void flatten_strings(flat *to, const void *from, void *copy)
{
    cogo_strings list;
    memcpy(&list, from, sizeof list);
    uint8_t *items = NULL;
    if (list.count > 0) {
        items = put(to, list.items, list.count * sizeof list.items[0], FLAT_ALIGN_BYTES);
    }
    for (size_t i = 0; i < list.count; i++) {
        flatten_string(to, &list.items[i],
                       items == NULL ? NULL : items + i * sizeof list.items[0]);
    }
    if (copy != NULL) {
        list.items = (const char *const *)(void *)items;
        memcpy(copy, &list, sizeof list);
    }
}

/* Deeper than any type of ours nests: what is below counts as absent. */
static bool too_deep(uint32_t depth)
{
    return depth >= COGO_RECORD_DEPTH_MAX;
}

static void flatten_record(flat *to, const cogo_record *type, const void *from, void *copy,
                           uint32_t depth)
{
    const void *record;
    memcpy(&record, from, sizeof record);
    void *moved = NULL;
    if (record != NULL && !too_deep(depth)) {
        moved = put(to, record, type->size_bytes, FLAT_ALIGN_BYTES);
        flatten_fields(to, type, record, moved, depth + 1);
    }
    if (copy != NULL) {
        memcpy(copy, &moved, sizeof moved);
    }
}

static void flatten_records(flat *to, const cogo_record *type, const void *from, void *copy,
                            uint32_t depth)
{
    cogo_records list;
    memcpy(&list, from, sizeof list);
    if (too_deep(depth)) {
        list.count = 0;
    }
    uint8_t *items = NULL;
    if (list.count > 0) {
        items = put(to, list.items, list.count * type->size_bytes, FLAT_ALIGN_BYTES);
    }
    for (size_t i = 0; i < list.count; i++) {
        flatten_fields(to, type, (const uint8_t *)list.items + i * type->size_bytes,
                       items == NULL ? NULL : items + i * type->size_bytes, depth + 1);
    }
    if (copy != NULL) {
        list.items = items;
        memcpy(copy, &list, sizeof list);
    }
}

/* @p copy already holds the bytes of @p record; its pointers are replaced. */
static void flatten_fields(flat *to, const cogo_record *type, const void *record, void *copy,
                           uint32_t depth)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const cogo_field *field = &type->fields[i];
        const void *from = (const uint8_t *)record + field->offset_bytes;
        void *into = copy == NULL ? NULL : (uint8_t *)copy + field->offset_bytes;
        switch (field->kind) {
        case COGO_FIELD_STRING:
            flatten_string(to, from, into);
            break;
        case COGO_FIELD_VALUE:
            flatten_value(to, from, into);
            break;
        case COGO_FIELD_STRINGS:
            flatten_strings(to, from, into);
            break;
        case COGO_FIELD_RECORD:
            flatten_record(to, field->record, from, into, depth);
            break;
        case COGO_FIELD_RECORDS:
            flatten_records(to, field->record, from, into, depth);
            break;
        case COGO_FIELD_INT:
        case COGO_FIELD_DOUBLE:
        case COGO_FIELD_BOOL:
        case COGO_FIELD_ENUM:
        case COGO_FIELD_TIME:
            break; // Copied with the struct.
        }
    }
}

size_t cogo_record_flat_size(const cogo_record *type, const void *record)
{
    flat measure = {0};
    (void)put(&measure, record, type->size_bytes, FLAT_ALIGN_BYTES);
    flatten_fields(&measure, type, record, NULL, 1);
    return measure.used_bytes;
}

void cogo_record_flatten(const cogo_record *type, const void *record, void *block)
{
    flat to = {.block = block};
    void *copy = put(&to, record, type->size_bytes, FLAT_ALIGN_BYTES);
    flatten_fields(&to, type, record, copy, 1);
}

/* FNV-1a, 64 bits. */
static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size_bytes)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size_bytes; i++) {
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

/* The types that contain the one being hashed, the innermost first. */
typedef struct outer {
    const struct outer *next;
    const cogo_record *type;
} outer;

static bool is_outer(const outer *types, const cogo_record *type)
{
    while (types != NULL && types->type != type) {
        types = types->next;
    }
    return types != NULL;
}

/* A type within itself counts with its name only. */
static uint64_t hash_record(uint64_t hash, const cogo_record *type, const outer *outside)
{
    hash = hash_bytes(hash, type->name, strlen(type->name) + 1);
    if (is_outer(outside, type)) {
        return hash;
    }
    const outer here = {.next = outside, .type = type};
    for (size_t i = 0; i < type->field_count; i++) {
        const cogo_field *field = &type->fields[i];
        uint8_t kind = (uint8_t)field->kind;
        hash = hash_bytes(hash, field->name, strlen(field->name) + 1);
        hash = hash_bytes(hash, &kind, 1);
        for (size_t n = 0; field->names != NULL && field->names[n] != NULL; n++) {
            hash = hash_bytes(hash, field->names[n], strlen(field->names[n]) + 1);
        }
        if (field->record != NULL) {
            hash = hash_record(hash, field->record, &here);
        }
    }
    return hash;
}

uint64_t cogo_record_hash(const cogo_record *type)
{
    return hash_record(UINT64_C(0xcbf29ce484222325), type, NULL);
}
