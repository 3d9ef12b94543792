/* Checks a record in memory by the rules that decoding has. */
#include "codec/reader.h"
#include "codec/rule.h"
#include "codec/wire_text.h"

#include <string.h>

static bool check_fields(const cogo_record *type, const uint8_t *record, uint32_t depth,
                         const cogo__path *path, cogo_record_error *error);

static size_t name_count(const cogo_field *field)
{
    size_t count = 0;
    while (field->names[count] != NULL) {
        count++;
    }
    return count;
}

static bool required(const cogo_field *field, const cogo__path *path, cogo_record_error *error)
{
    return (field->flags & COGO_FIELD_REQUIRED) == 0
           || cogo__rule_fail(error, path, "is required");
}

static bool check_string(const cogo_field *field, const uint8_t *at, const cogo__path *path,
                         cogo_record_error *error)
{
    const char *text;
    memcpy(&text, at, sizeof text);
    return text == NULL ? required(field, path, error)
                        : cogo__rule_string(field, text, strlen(text), path, error);
}

static bool check_enum(const cogo_field *field, const uint8_t *at, const cogo__path *path,
                       cogo_record_error *error)
{
    int32_t index;
    memcpy(&index, at, sizeof index);
    if (index == -1) {
        return required(field, path, error);
    }
    return (index >= 0 && (size_t)index < name_count(field))
           || cogo__rule_enum_fail(field, path, error);
}

static bool check_time(const cogo_field *field, const uint8_t *at, const cogo__path *path,
                       cogo_record_error *error)
{
    int64_t wall_ms;
    char text[WIRE_TIME_SIZE];
    memcpy(&wall_ms, at, sizeof wall_ms);
    if (wall_ms == 0) {
        return required(field, path, error);
    }
    return cogo__time_format(wall_ms, text)
           || cogo__rule_fail(error, path, "must be a time in the years 0000 to 9999");
}

static bool check_number(const cogo_field *field, const uint8_t *at, const cogo__path *path,
                         cogo_record_error *error)
{
    if (field->kind == COGO_FIELD_DOUBLE) {
        double number;
        memcpy(&number, at, sizeof number);
        return cogo__rule_double(field, number, path, error);
    }
    int64_t number;
    memcpy(&number, at, sizeof number);
    return cogo__rule_int(field, number, path, error);
}

static bool check_value(const cogo_field *field, const uint8_t *at, const cogo__path *path,
                        cogo_record_error *error)
{
    cogo_value value;
    memcpy(&value, at, sizeof value);
    if (value.size_bytes == 0) {
        return required(field, path, error);
    }
    cogo__reader reader = {.at = value.data, .end = value.data + value.size_bytes};
    if (!cogo__reader_skip(&reader, COGO_RECORD_DEPTH_MAX)) {
        return cogo__rule_fail(error, path, "%s", reader.error);
    }
    return reader.at == reader.end
           || cogo__rule_fail(error, path, "has bytes after its one value");
}

static bool check_strings(const cogo_field *field, const uint8_t *at, const cogo__path *path,
                          cogo_record_error *error)
{
    cogo_strings list;
    memcpy(&list, at, sizeof list);
    if (!cogo__rule_count(field, list.count, path, error)) {
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        cogo__path here = {.parent = path, .index = i};
        if (list.items[i] == NULL) {
            return cogo__rule_fail(error, &here, "expected a string, got null");
        }
        if (!cogo__rule_text(list.items[i], strlen(list.items[i]), &here, error)) {
            return false;
        }
    }
    return true;
}

static bool check_record(const cogo_field *field, const uint8_t *at, uint32_t depth,
                         const cogo__path *path, cogo_record_error *error)
{
    const void *record;
    memcpy(&record, at, sizeof record);
    return record == NULL ? required(field, path, error)
                          : check_fields(field->record, record, depth + 1, path, error);
}

static bool check_records(const cogo_field *field, const uint8_t *at, uint32_t depth,
                          const cogo__path *path, cogo_record_error *error)
{
    cogo_records list;
    memcpy(&list, at, sizeof list);
    if (!cogo__rule_count(field, list.count, path, error)) {
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        cogo__path here = {.parent = path, .index = i};
        const uint8_t *item = (const uint8_t *)list.items + i * field->record->size_bytes;
        if (!check_fields(field->record, item, depth + 1, &here, error)) {
            return false;
        }
    }
    return true;
}

static bool check_field(const cogo_field *field, const uint8_t *at, uint32_t depth,
                        const cogo__path *path, cogo_record_error *error)
{
    switch (field->kind) {
    case COGO_FIELD_STRING:
        return check_string(field, at, path, error);
    case COGO_FIELD_INT:
    case COGO_FIELD_DOUBLE:
        return check_number(field, at, path, error);
    case COGO_FIELD_BOOL:
        return true;
    case COGO_FIELD_ENUM:
        return check_enum(field, at, path, error);
    case COGO_FIELD_TIME:
        return check_time(field, at, path, error);
    case COGO_FIELD_VALUE:
        return check_value(field, at, path, error);
    case COGO_FIELD_STRINGS:
        return check_strings(field, at, path, error);
    case COGO_FIELD_RECORD:
        return check_record(field, at, depth, path, error);
    case COGO_FIELD_RECORDS:
        return check_records(field, at, depth, path, error);
    }
    return false;
}

static bool check_fields(const cogo_record *type, const uint8_t *record, uint32_t depth,
                         const cogo__path *path, cogo_record_error *error)
{
    if (depth > COGO_RECORD_DEPTH_MAX) {
        return cogo__rule_fail(error, path, "records are nested too deeply");
    }
    for (size_t i = 0; i < type->field_count; i++) {
        const cogo_field *field = &type->fields[i];
        cogo__path here = {
            .parent = path, .name = field->name, .name_size = strlen(field->name)};
        if (!check_field(field, record + field->offset_bytes, depth, &here, error)) {
            return false;
        }
    }
    return true;
}

cogo_err cogo_record_check(const cogo_record *type, const void *record,
                           cogo_record_error *error)
{
    return check_fields(type, record, 1, NULL, error) ? COGO_OK : COGO_EINVAL;
}
