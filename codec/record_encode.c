/* Records -> MessagePack. What encodes also decodes: a record is checked first.
 * Packs twice: once to measure, once into memory of exactly that size. */
#include "codec/wire_text.h"

#include <cogo/record.h>

#include <msgpack.h>
#include <string.h>

/* Where the packer writes. bytes NULL: only measure. */
typedef struct sink {
    uint8_t *bytes;
    size_t used_bytes;
} sink;

static void pack_fields(msgpack_packer *packer, const cogo_record *type, const uint8_t *record);

static int sink_write(void *data, const char *bytes, size_t size_bytes)
{
    sink *to = data;
    if (to->bytes != NULL && size_bytes > 0) {
        memcpy(to->bytes + to->used_bytes, bytes, size_bytes);
    }
    to->used_bytes += size_bytes;
    return 0;
}

static void pack_text(msgpack_packer *packer, const char *text)
{
    (void)msgpack_pack_str_with_body(packer, text, strlen(text)); // The sink never fails.
}

/* Lists and numbers are never absent. */
static bool is_absent(const cogo_field *field, const uint8_t *at)
{
    const void *pointer;
    int32_t index;
    int64_t wall_ms;
    cogo_value value;
    switch (field->kind) {
    case COGO_FIELD_STRING:
    case COGO_FIELD_RECORD:
        memcpy(&pointer, at, sizeof pointer);
        return pointer == NULL;
    case COGO_FIELD_ENUM:
        memcpy(&index, at, sizeof index);
        return index == -1;
    case COGO_FIELD_TIME:
        memcpy(&wall_ms, at, sizeof wall_ms);
        return wall_ms == 0;
    case COGO_FIELD_VALUE:
        memcpy(&value, at, sizeof value);
        return value.size_bytes == 0;
    case COGO_FIELD_INT:
    case COGO_FIELD_DOUBLE:
    case COGO_FIELD_BOOL:
    case COGO_FIELD_STRINGS:
    case COGO_FIELD_RECORDS:
        return false;
    }
    return true;
}

static void pack_scalar(msgpack_packer *packer, const cogo_field *field, const uint8_t *at)
{
    const char *text;
    int64_t number;
    double real;
    bool truth;
    int32_t index;
    char time[WIRE_TIME_SIZE];
    if (field->kind == COGO_FIELD_STRING) {
        memcpy(&text, at, sizeof text);
        pack_text(packer, text);
    } else if (field->kind == COGO_FIELD_INT) {
        memcpy(&number, at, sizeof number);
        (void)msgpack_pack_int64(packer, number);
    } else if (field->kind == COGO_FIELD_DOUBLE) {
        memcpy(&real, at, sizeof real);
        (void)msgpack_pack_double(packer, real);
    } else if (field->kind == COGO_FIELD_BOOL) {
        memcpy(&truth, at, sizeof truth);
        (void)(truth ? msgpack_pack_true(packer) : msgpack_pack_false(packer));
    } else if (field->kind == COGO_FIELD_ENUM) {
        memcpy(&index, at, sizeof index);
        pack_text(packer, field->names[index]);
    } else {
        memcpy(&number, at, sizeof number);
        (void)cogo__time_format(number, time); // In range: it was checked.
        pack_text(packer, time);
    }
}

static void pack_strings(msgpack_packer *packer, const uint8_t *at)
{
    cogo_strings list;
    memcpy(&list, at, sizeof list);
    (void)msgpack_pack_array(packer, list.count);
    for (size_t i = 0; i < list.count; i++) {
        pack_text(packer, list.items[i]);
    }
}

static void pack_records(msgpack_packer *packer, const cogo_record *type, const uint8_t *at)
{
    cogo_records list;
    memcpy(&list, at, sizeof list);
    (void)msgpack_pack_array(packer, list.count);
    for (size_t i = 0; i < list.count; i++) {
        pack_fields(packer, type, (const uint8_t *)list.items + i * type->size_bytes);
    }
}

static void pack_field(msgpack_packer *packer, const cogo_field *field, const uint8_t *at)
{
    cogo_value value;
    const void *record;
    switch (field->kind) {
    case COGO_FIELD_VALUE:
        memcpy(&value, at, sizeof value);
        (void)sink_write(packer->data, (const char *)value.data, value.size_bytes);
        break;
    case COGO_FIELD_STRINGS:
        pack_strings(packer, at);
        break;
    case COGO_FIELD_RECORD:
        memcpy(&record, at, sizeof record);
        pack_fields(packer, field->record, record);
        break;
    case COGO_FIELD_RECORDS:
        pack_records(packer, field->record, at);
        break;
    case COGO_FIELD_STRING:
    case COGO_FIELD_INT:
    case COGO_FIELD_DOUBLE:
    case COGO_FIELD_BOOL:
    case COGO_FIELD_ENUM:
    case COGO_FIELD_TIME:
        pack_scalar(packer, field, at);
        break;
    }
}

static bool is_written(const cogo_field *field, const uint8_t *at)
{
    return (field->flags & COGO_FIELD_KEEP_NULL) != 0 || !is_absent(field, at);
}

/* The depth is bounded: the record was checked. */
static void pack_fields(msgpack_packer *packer, const cogo_record *type, const uint8_t *record)
{
    size_t count = 0;
    for (size_t i = 0; i < type->field_count; i++) {
        count += is_written(&type->fields[i], record + type->fields[i].offset_bytes);
    }
    (void)msgpack_pack_map(packer, count);
    for (size_t i = 0; i < type->field_count; i++) {
        const cogo_field *field = &type->fields[i];
        const uint8_t *at = record + field->offset_bytes;
        if (!is_written(field, at)) {
            continue;
        }
        pack_text(packer, field->name);
        if (is_absent(field, at)) {
            (void)msgpack_pack_nil(packer);
        } else {
            pack_field(packer, field, at);
        }
    }
}

cogo_err cogo_record_encode(const cogo_record *type, const void *record, cogo_arena *arena,
                            cogo_value *out)
{
    if (cogo_record_check(type, record, NULL) != COGO_OK) {
        return COGO_EINVAL;
    }
    sink to = {0};
    msgpack_packer packer;
    msgpack_packer_init(&packer, &to, sink_write);
    pack_fields(&packer, type, record);
    uint8_t *bytes = cogo_arena_alloc(arena, to.used_bytes);
    if (bytes == NULL) {
        return COGO_ENOMEM;
    }
    to = (sink){.bytes = bytes};
    pack_fields(&packer, type, record);
    *out = (cogo_value){.data = bytes, .size_bytes = to.used_bytes};
    return COGO_OK;
}
