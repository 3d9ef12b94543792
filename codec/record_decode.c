/* MessagePack -> records, one pass. Memory is taken only for what the bytes left can hold. */
#include "codec/decoder.h"

#include <string.h>

enum { FIELDS_MAX = 128 }; // Of one record; house rule, checked by a test over all records.

static bool decode_fields(cogo__decoder *d, const cogo_record *type, const cogo__token *map,
                          uint8_t *record, uint32_t depth, const cogo__path *path);

static bool skip(cogo__decoder *d, const cogo__path *path)
{
    return cogo__reader_skip(&d->reader, COGO_RECORD_DEPTH_MAX)
           || cogo__rule_fail(d->error, path, "%s", d->reader.error);
}

static bool decode_strings(cogo__decoder *d, const cogo_field *field, const cogo__token *token,
                           uint8_t *at, const cogo__path *path)
{
    if (token->kind != COGO__ARRAY) {
        return cogo__decode_expected(d, "a list of strings", token, path);
    }
    if (!cogo__rule_count(field, token->size, path, d->error)) {
        return false;
    }
    cogo_strings list = {.count = token->size};
    uint8_t *items = NULL;
    if (list.count > 0) {
        items = cogo_arena_alloc(d->arena, list.count * sizeof list.items[0]);
        if (items == NULL) {
            return cogo__decode_no_memory(d, path);
        }
    }
    for (size_t i = 0; i < list.count; i++) {
        cogo__path here = {.parent = path, .index = i};
        cogo__token item;
        if (!cogo__decode_next(d, &item, &here)) {
            return false;
        }
        if (item.kind != COGO__STR) {
            return cogo__decode_expected(d, "a string", &item, &here);
        }
        if (!cogo__rule_text((const char *)item.bytes, item.size, &here, d->error)
            || !cogo__decode_keep_text(d, &item, items + i * sizeof list.items[0], &here)) {
            return false;
        }
    }
    list.items = (const char *const *)(void *)items;
    memcpy(at, &list, sizeof list);
    return true;
}

static bool decode_record(cogo__decoder *d, const cogo_field *field, const cogo__token *token,
                          uint8_t *at, uint32_t depth, const cogo__path *path)
{
    if (token->kind != COGO__MAP) {
        return cogo__decode_expected(d, "an object", token, path);
    }
    uint8_t *record = cogo_arena_alloc(d->arena, field->record->size_bytes);
    if (record == NULL) {
        return cogo__decode_no_memory(d, path);
    }
    if (!decode_fields(d, field->record, token, record, depth + 1, path)) {
        return false;
    }
    memcpy(at, &record, sizeof record);
    return true;
}

/* The fewest bytes that a record of @p type takes. */
static size_t least_bytes(const cogo_record *type)
{
    size_t bytes = 1;
    for (size_t i = 0; i < type->field_count; i++) {
        if ((type->fields[i].flags & COGO_FIELD_REQUIRED) != 0) {
            bytes += 1 + strlen(type->fields[i].name) + 1;
        }
    }
    return bytes;
}

static bool decode_records(cogo__decoder *d, const cogo_field *field, const cogo__token *token,
                           uint8_t *at, uint32_t depth, const cogo__path *path)
{
    const cogo_record *type = field->record;
    if (token->kind != COGO__ARRAY) {
        return cogo__decode_expected(d, "a list of objects", token, path);
    }
    if (!cogo__rule_count(field, token->size, path, d->error)) {
        return false;
    }
    cogo_records list = {.count = token->size};
    size_t left = (size_t)(d->reader.end - d->reader.at);
    uint8_t *items = NULL;
    // A struct is bigger than its shortest encoding: no memory before the bytes are there.
    if (list.count > left / least_bytes(type)) {
        return cogo__rule_fail(d->error, path, "has elements without their required fields");
    }
    if (list.count > 0) {
        items = cogo_arena_alloc(d->arena, list.count * type->size_bytes);
        if (items == NULL) {
            return cogo__decode_no_memory(d, path);
        }
    }
    for (size_t i = 0; i < list.count; i++) {
        cogo__path here = {.parent = path, .index = i};
        cogo__token item;
        if (!cogo__decode_next(d, &item, &here)) {
            return false;
        }
        if (item.kind != COGO__MAP) {
            return cogo__decode_expected(d, "an object", &item, &here);
        }
        if (!decode_fields(d, type, &item, items + i * type->size_bytes, depth + 1, &here)) {
            return false;
        }
    }
    list.items = items;
    memcpy(at, &list, sizeof list);
    return true;
}

static bool decode_value(cogo__decoder *d, uint8_t *at, const cogo__path *path)
{
    const uint8_t *begin = d->reader.at;
    if (!skip(d, path)) {
        return false;
    }
    cogo_value value = {.size_bytes = (size_t)(d->reader.at - begin)};
    value.data = cogo_arena_copy(d->arena, begin, value.size_bytes);
    if (value.data == NULL) {
        return cogo__decode_no_memory(d, path);
    }
    memcpy(at, &value, sizeof value);
    return true;
}

static bool decode_field(cogo__decoder *d, const cogo_field *field, const cogo__token *token,
                         uint8_t *at, uint32_t depth, const cogo__path *path)
{
    switch (field->kind) {
    case COGO_FIELD_VALUE:
        return decode_value(d, at, path);
    case COGO_FIELD_STRINGS:
        return decode_strings(d, field, token, at, path);
    case COGO_FIELD_RECORD:
        return decode_record(d, field, token, at, depth, path);
    case COGO_FIELD_RECORDS:
        return decode_records(d, field, token, at, depth, path);
    case COGO_FIELD_STRING:
    case COGO_FIELD_INT:
    case COGO_FIELD_DOUBLE:
    case COGO_FIELD_BOOL:
    case COGO_FIELD_ENUM:
    case COGO_FIELD_TIME:
        break;
    }
    return cogo__decode_scalar(d, field, token, at, path);
}

/* Index of the field with this name; field_count when there is none. Encoders write fields in
 * our order, so the one at @p hint is nearly always it. */
static size_t find(const cogo_record *type, const cogo__token *key, size_t hint)
{
    for (size_t i = 0; i < type->field_count; i++) {
        size_t index = (hint + i) % type->field_count;
        if (cogo__token_is(key, type->fields[index].name)) {
            return index;
        }
    }
    return type->field_count;
}

/* One pair of the map. @p seen has a bit for each field that came with a value. */
static bool decode_pair(cogo__decoder *d, const cogo_record *type, uint8_t *record,
                        uint32_t depth, const cogo__path *path, size_t *hint,
                        bool given[FIELDS_MAX], bool seen[FIELDS_MAX])
{
    cogo__token key, token;
    if (!cogo__decode_next(d, &key, path)) {
        return false;
    }
    if (key.kind != COGO__STR) {
        return cogo__decode_expected(d, "a string as key", &key, path);
    }
    cogo__path here = {.parent = path, .name = (const char *)key.bytes, .name_size = key.size};
    size_t index = find(type, &key, *hint);
    if (index == type->field_count) {
        return (d->flags & COGO_RECORD_STRICT) != 0
                   ? cogo__rule_fail(d->error, &here, "is not a field of %s", type->name)
                   : skip(d, &here);
    }
    *hint = index + 1;
    if (given[index]) {
        return cogo__rule_fail(d->error, &here, "is given twice");
    }
    given[index] = true;
    const cogo_field *field = &type->fields[index];
    const uint8_t *begin = d->reader.at;
    if (!cogo__decode_next(d, &token, &here)) {
        return false;
    }
    if (token.kind == COGO__NIL) {
        return true;
    }
    if ((d->flags & COGO_RECORD_STRICT) != 0 && (field->flags & COGO_FIELD_OUTPUT) != 0) {
        return cogo__rule_fail(d->error, &here,
                               "is filled by the server and must not be given");
    }
    seen[index] = true;
    if (field->kind == COGO_FIELD_VALUE) {
        d->reader.at = begin; // It is kept with its head.
    }
    return decode_field(d, field, &token, record + field->offset_bytes, depth, &here);
}

/* @p record is zeroed memory. */
static bool decode_fields(cogo__decoder *d, const cogo_record *type, const cogo__token *map,
                          uint8_t *record, uint32_t depth, const cogo__path *path)
{
    bool given[FIELDS_MAX] = {false}; // With a value or null.
    bool seen[FIELDS_MAX] = {false};  // With a value.
    size_t hint = 0;
    if (type->field_count > FIELDS_MAX) {
        return cogo__rule_fail(d->error, path, "%s has too many fields", type->name);
    }
    if (depth > COGO_RECORD_DEPTH_MAX) {
        return cogo__rule_fail(d->error, path, "records are nested too deeply");
    }
    for (size_t i = 0; i < map->size; i++) {
        if (!decode_pair(d, type, record, depth, path, &hint, given, seen)) {
            return false;
        }
    }
    const int32_t absent = -1;
    for (size_t i = 0; i < type->field_count; i++) {
        const cogo_field *field = &type->fields[i];
        if (!seen[i] && field->kind == COGO_FIELD_ENUM) {
            memcpy(record + field->offset_bytes, &absent, sizeof absent);
        }
        if (!seen[i] && (field->flags & COGO_FIELD_REQUIRED) != 0) {
            cogo__path here = {
                .parent = path, .name = field->name, .name_size = strlen(field->name)};
            return cogo__rule_fail(d->error, &here, "is required");
        }
    }
    return true;
}

cogo_err cogo_record_decode(const cogo_record *type, cogo_value bytes, uint32_t flags,
                            cogo_arena *arena, const void **out_record,
                            cogo_record_error *error)
{
    cogo__decoder d = {.arena = arena, .error = error, .flags = flags, .err = COGO_EDECODE};
    cogo__token map;
    if (bytes.size_bytes > 0) {
        d.reader = (cogo__reader){.at = bytes.data, .end = bytes.data + bytes.size_bytes};
    }
    if (!cogo__decode_next(&d, &map, NULL)) {
        return d.err;
    }
    if (map.kind != COGO__MAP) {
        (void)cogo__decode_expected(&d, "an object", &map, NULL);
        return d.err;
    }
    uint8_t *record = cogo_arena_alloc(arena, type->size_bytes);
    if (record == NULL) {
        (void)cogo__decode_no_memory(&d, NULL);
        return d.err;
    }
    if (!decode_fields(&d, type, &map, record, 1, NULL)) {
        return d.err;
    }
    if (d.reader.at != d.reader.end) {
        (void)cogo__rule_fail(error, NULL, "has bytes after its end");
        return d.err;
    }
    *out_record = record;
    return COGO_OK;
}
