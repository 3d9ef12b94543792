/* MessagePack -> records, one pass. Memory is taken only for what the bytes left can hold. */
#include "codec/reader.h"
#include "codec/rule.h"
#include "codec/wire_text.h"

#include <string.h>

enum { FIELDS_MAX = 128 }; // Of one record; house rule, checked by a test over all records.

typedef struct decoder {
    cogo__reader reader;
    cogo_arena *arena;
    cogo_record_error *error;
    uint32_t flags;
    cogo_err err; // Why it failed.
} decoder;

static bool decode_fields(decoder *d, const cogo_record *type, const cogo__token *map,
                          uint8_t *record, uint32_t depth, const cogo__path *path);

static bool no_memory(decoder *d, const cogo__path *path)
{
    d->err = COGO_ENOMEM;
    return cogo__rule_fail(d->error, path, "needs more memory than is allowed");
}

static bool next(decoder *d, cogo__token *token, const cogo__path *path)
{
    return cogo__reader_next(&d->reader, token)
           || cogo__rule_fail(d->error, path, "%s", d->reader.error);
}

static bool expected(decoder *d, const char *what, const cogo__token *token,
                     const cogo__path *path)
{
    return cogo__rule_fail(d->error, path, "expected %s, got %s", what,
                           cogo__token_text(token->kind));
}

static bool skip(decoder *d, const cogo__path *path)
{
    return cogo__reader_skip(&d->reader, COGO_RECORD_DEPTH_MAX)
           || cogo__rule_fail(d->error, path, "%s", d->reader.error);
}

/* A copy in the arena, into the `const char *` at @p at. */
static bool keep_text(decoder *d, const cogo__token *token, uint8_t *at, const cogo__path *path)
{
    const char *copy = cogo_arena_copy(d->arena, token->bytes, token->size);
    if (copy == NULL) {
        return no_memory(d, path);
    }
    memcpy(at, &copy, sizeof copy);
    return true;
}

static bool decode_string(decoder *d, const cogo_field *field, const cogo__token *token,
                          uint8_t *at, const cogo__path *path)
{
    if (token->kind != COGO__STR) {
        return expected(d, "a string", token, path);
    }
    return cogo__rule_string(field, (const char *)token->bytes, token->size, path, d->error)
           && keep_text(d, token, at, path);
}

static bool decode_int(decoder *d, const cogo_field *field, const cogo__token *token,
                       uint8_t *at, const cogo__path *path)
{
    if (token->kind != COGO__INT) {
        return expected(d, "an integer", token, path);
    }
    memcpy(at, &token->integer, sizeof token->integer);
    return cogo__rule_int(field, token->integer, path, d->error);
}

static bool decode_double(decoder *d, const cogo_field *field, const cogo__token *token,
                          uint8_t *at, const cogo__path *path)
{
    double number = token->number;
    if (token->kind == COGO__INT) {
        number = (double)token->integer;
    } else if (token->kind != COGO__DOUBLE) {
        return expected(d, "a number", token, path);
    }
    memcpy(at, &number, sizeof number);
    return cogo__rule_double(field, number, path, d->error);
}

static bool decode_bool(decoder *d, const cogo__token *token, uint8_t *at,
                        const cogo__path *path)
{
    if (token->kind != COGO__BOOL) {
        return expected(d, "true or false", token, path);
    }
    memcpy(at, &token->boolean, sizeof token->boolean);
    return true;
}

static bool same_text(const cogo__token *token, const char *text)
{
    return strlen(text) == token->size && memcmp(text, token->bytes, token->size) == 0;
}

static bool decode_enum(decoder *d, const cogo_field *field, const cogo__token *token,
                        uint8_t *at, const cogo__path *path)
{
    for (int32_t i = 0; token->kind == COGO__STR && field->names[i] != NULL; i++) {
        if (same_text(token, field->names[i])) {
            memcpy(at, &i, sizeof i);
            return true;
        }
    }
    return cogo__rule_enum_fail(field, path, d->error);
}

static bool decode_time(decoder *d, const cogo__token *token, uint8_t *at,
                        const cogo__path *path)
{
    int64_t wall_ms;
    char text[WIRE_TIME_SIZE];
    if (token->kind != COGO__STR
        || !cogo__time_parse((const char *)token->bytes, token->size, &wall_ms)
        || !cogo__time_format(wall_ms, text)) { // An offset may lead out of the years we write.
        return cogo__rule_fail(d->error, path,
                               "expected a time such as 2026-11-22T17:05:03.123Z");
    }
    memcpy(at, &wall_ms, sizeof wall_ms);
    return true;
}

static bool decode_strings(decoder *d, const cogo_field *field, const cogo__token *token,
                           uint8_t *at, const cogo__path *path)
{
    if (token->kind != COGO__ARRAY) {
        return expected(d, "a list of strings", token, path);
    }
    if (!cogo__rule_count(field, token->size, path, d->error)) {
        return false;
    }
    cogo_strings list = {.count = token->size};
    uint8_t *items = NULL;
    if (list.count > 0) {
        items = cogo_arena_alloc(d->arena, list.count * sizeof list.items[0]);
        if (items == NULL) {
            return no_memory(d, path);
        }
    }
    for (size_t i = 0; i < list.count; i++) {
        cogo__path here = {.parent = path, .index = i};
        cogo__token item;
        if (!next(d, &item, &here)) {
            return false;
        }
        if (item.kind != COGO__STR) {
            return expected(d, "a string", &item, &here);
        }
        if (!cogo__rule_text((const char *)item.bytes, item.size, &here, d->error)
            || !keep_text(d, &item, items + i * sizeof list.items[0], &here)) {
            return false;
        }
    }
    list.items = (const char *const *)(void *)items;
    memcpy(at, &list, sizeof list);
    return true;
}

static bool decode_record(decoder *d, const cogo_field *field, const cogo__token *token,
                          uint8_t *at, uint32_t depth, const cogo__path *path)
{
    if (token->kind != COGO__MAP) {
        return expected(d, "an object", token, path);
    }
    uint8_t *record = cogo_arena_alloc(d->arena, field->record->size_bytes);
    if (record == NULL) {
        return no_memory(d, path);
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

static bool decode_records(decoder *d, const cogo_field *field, const cogo__token *token,
                           uint8_t *at, uint32_t depth, const cogo__path *path)
{
    const cogo_record *type = field->record;
    if (token->kind != COGO__ARRAY) {
        return expected(d, "a list of objects", token, path);
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
            return no_memory(d, path);
        }
    }
    for (size_t i = 0; i < list.count; i++) {
        cogo__path here = {.parent = path, .index = i};
        cogo__token item;
        if (!next(d, &item, &here)) {
            return false;
        }
        if (item.kind != COGO__MAP) {
            return expected(d, "an object", &item, &here);
        }
        if (!decode_fields(d, type, &item, items + i * type->size_bytes, depth + 1, &here)) {
            return false;
        }
    }
    list.items = items;
    memcpy(at, &list, sizeof list);
    return true;
}

static bool decode_value(decoder *d, uint8_t *at, const cogo__path *path)
{
    const uint8_t *begin = d->reader.at;
    if (!skip(d, path)) {
        return false;
    }
    cogo_value value = {.size_bytes = (size_t)(d->reader.at - begin)};
    value.data = cogo_arena_copy(d->arena, begin, value.size_bytes);
    if (value.data == NULL) {
        return no_memory(d, path);
    }
    memcpy(at, &value, sizeof value);
    return true;
}

static bool decode_field(decoder *d, const cogo_field *field, const cogo__token *token,
                         uint8_t *at, uint32_t depth, const cogo__path *path)
{
    switch (field->kind) {
    case COGO_FIELD_STRING:
        return decode_string(d, field, token, at, path);
    case COGO_FIELD_INT:
        return decode_int(d, field, token, at, path);
    case COGO_FIELD_DOUBLE:
        return decode_double(d, field, token, at, path);
    case COGO_FIELD_BOOL:
        return decode_bool(d, token, at, path);
    case COGO_FIELD_ENUM:
        return decode_enum(d, field, token, at, path);
    case COGO_FIELD_TIME:
        return decode_time(d, token, at, path);
    case COGO_FIELD_VALUE:
        return decode_value(d, at, path);
    case COGO_FIELD_STRINGS:
        return decode_strings(d, field, token, at, path);
    case COGO_FIELD_RECORD:
        return decode_record(d, field, token, at, depth, path);
    case COGO_FIELD_RECORDS:
        return decode_records(d, field, token, at, depth, path);
    }
    return false;
}

/* Index of the field with this name; field_count when there is none. Encoders write fields in
 * our order, so the one at @p hint is nearly always it. */
static size_t find(const cogo_record *type, const cogo__token *key, size_t hint)
{
    for (size_t i = 0; i < type->field_count; i++) {
        size_t index = (hint + i) % type->field_count;
        if (same_text(key, type->fields[index].name)) {
            return index;
        }
    }
    return type->field_count;
}

/* One pair of the map. @p seen has a bit for each field that came with a value. */
static bool decode_pair(decoder *d, const cogo_record *type, uint8_t *record, uint32_t depth,
                        const cogo__path *path, size_t *hint, bool given[FIELDS_MAX],
                        bool seen[FIELDS_MAX])
{
    cogo__token key, token;
    if (!next(d, &key, path)) {
        return false;
    }
    if (key.kind != COGO__STR) {
        return expected(d, "a string as key", &key, path);
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
    if (!next(d, &token, &here)) {
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
static bool decode_fields(decoder *d, const cogo_record *type, const cogo__token *map,
                          uint8_t *record, uint32_t depth, const cogo__path *path)
{
    bool given[FIELDS_MAX] = {false}; // With a value or null.
    bool seen[FIELDS_MAX] = {false};  // With a value.
    size_t hint = 0;
    if (depth > COGO_RECORD_DEPTH_MAX || type->field_count > FIELDS_MAX) {
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
    decoder d = {.arena = arena, .error = error, .flags = flags, .err = COGO_EDECODE};
    cogo__token map;
    if (bytes.size_bytes > 0) {
        d.reader = (cogo__reader){.at = bytes.data, .end = bytes.data + bytes.size_bytes};
    }
    if (!next(&d, &map, NULL)) {
        return d.err;
    }
    if (map.kind != COGO__MAP) {
        (void)expected(&d, "an object", &map, NULL);
        return d.err;
    }
    uint8_t *record = cogo_arena_alloc(arena, type->size_bytes);
    if (record == NULL) {
        (void)no_memory(&d, NULL);
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
