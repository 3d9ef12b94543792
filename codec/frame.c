#include "codec/frame.h"

#include "codec/frame_table.h"
#include "codec/frame_user.h"
#include "codec/reader.h"
#include "codec/wire_text.h"

#include <endian.h>
#include <string.h>

enum {
    ARRAY_HEAD_MAX = 3, // Heads of the list, of a number, of a string.
    UINT_MAX_BYTES = 9,
    STRING_HEAD_MAX = 5,
    EXTRA_DEPTH_MAX = 4, // Of a field of a newer version.
};

typedef struct writer {
    uint8_t *at, *end; // at NULL: it did not fit.
} writer;

static const void *field_at(const cogo__frame *frame, const cogo__frame_field *field)
{
    return (const char *)frame + field->offset;
}

static uint64_t uint_of(const cogo__frame *frame, const cogo__frame_field *field)
{
    uint64_t value;
    memcpy(&value, field_at(frame, field), sizeof value);
    return value;
}

static cogo_value bytes_of(const cogo__frame *frame, const cogo__frame_field *field)
{
    cogo_value value;
    memcpy(&value, field_at(frame, field), sizeof value);
    return value;
}

static void put(writer *w, const void *bytes, size_t size)
{
    if (w->at == NULL || (size_t)(w->end - w->at) < size) {
        w->at = NULL;
    } else if (size > 0) {
        memcpy(w->at, bytes, size);
        w->at += size;
    }
}

/* A head byte and a big-endian number of @p size bytes. */
static void put_head(writer *w, uint8_t head, uint64_t number, size_t size)
{
    uint8_t bytes[UINT_MAX_BYTES] = {head};
    for (size_t i = 0; i < size; i++) {
        bytes[1 + i] = (uint8_t)(number >> (8 * (size - 1 - i)));
    }
    put(w, bytes, 1 + size);
}

/* The shortest form, so that equal frames are equal bytes. */
static void put_uint(writer *w, uint64_t value)
{
    if (value < 0x80) {
        put_head(w, (uint8_t)value, 0, 0);
    } else if (value <= UINT8_MAX) {
        put_head(w, 0xcc, value, 1);
    } else if (value <= UINT16_MAX) {
        put_head(w, 0xcd, value, 2);
    } else if (value <= UINT32_MAX) {
        put_head(w, 0xce, value, 4);
    } else {
        put_head(w, 0xcf, value, 8);
    }
}

static void put_string_head(writer *w, cogo__frame_field_kind kind, size_t size)
{
    bool text = kind == COGO__FRAME_TEXT;
    if (text && size < 32) {
        put_head(w, (uint8_t)(0xa0 | size), 0, 0);
    } else if (size <= UINT8_MAX) {
        put_head(w, text ? 0xd9 : 0xc4, size, 1);
    } else if (size <= UINT16_MAX) {
        put_head(w, text ? 0xda : 0xc5, size, 2);
    } else {
        put_head(w, text ? 0xdb : 0xc6, size, 4);
    }
}

static bool is_default(const cogo__frame *frame, const cogo__frame_field *field)
{
    return field->kind == COGO__FRAME_UINT ? uint_of(frame, field) == 0
                                           : bytes_of(frame, field).size_bytes == 0;
}

static bool within_limits(const cogo__frame *frame, const cogo__frame_field *field)
{
    uint64_t size = field->kind == COGO__FRAME_UINT ? uint_of(frame, field)
                                                    : bytes_of(frame, field).size_bytes;
    return size >= field->min && size <= field->max;
}

/* Fields at the end that are zero or empty are left out: a peer that never heard of them, and
 * one that has, read the same. */
static size_t written_count(const cogo__frame *frame, const cogo__frame_layout *layout)
{
    size_t count = layout->count;
    while (count > 0 && is_default(frame, &layout->fields[count - 1])) {
        count--;
    }
    return count;
}

size_t cogo__frame_bound(const cogo__frame *frame)
{
    if (frame->kind == COGO__FRAME_USER && frame->user.asker.size_bytes == 0) {
        return COGO__FRAME_USER_HEADS + UINT_MAX_BYTES + STRING_HEAD_MAX
               + frame->user.payload.size_bytes;
    }
    const cogo__frame_layout *layout = cogo__frame_layout_of(frame->kind);
    if (layout == NULL) {
        return 0;
    }
    size_t bound = COGO__FRAME_PREFIX + ARRAY_HEAD_MAX + UINT_MAX_BYTES;
    for (size_t i = 0; i < layout->count; i++) {
        const cogo__frame_field *field = &layout->fields[i];
        bound += field->kind == COGO__FRAME_UINT
                     ? UINT_MAX_BYTES
                     : STRING_HEAD_MAX + bytes_of(frame, field).size_bytes;
    }
    return bound;
}

size_t cogo__frame_encode(const cogo__frame *frame, const cogo_value *loose, uint8_t *out,
                          size_t room_bytes)
{
    size_t short_way = frame->kind == COGO__FRAME_USER && loose == NULL
                           ? cogo__frame_user_encode(&frame->user, out, room_bytes)
                           : 0;
    if (short_way != 0) {
        return short_way;
    }
    const cogo__frame_layout *layout = cogo__frame_layout_of(frame->kind);
    if (layout == NULL || room_bytes < COGO__FRAME_PREFIX) {
        return 0;
    }
    writer w = {out + COGO__FRAME_PREFIX, out + room_bytes};
    size_t count = written_count(frame, layout);
    size_t loose_bytes = 0;
    put_head(&w, (uint8_t)(0x90 | (count + 1)), 0, 0); // At most 15 fields.
    put_uint(&w, frame->kind);
    for (size_t i = 0; i < layout->count; i++) {
        const cogo__frame_field *field = &layout->fields[i];
        if (!within_limits(frame, field)) {
            return 0;
        }
        if (i >= count) {
            continue;
        }
        if (field->kind == COGO__FRAME_UINT) {
            put_uint(&w, uint_of(frame, field));
            continue;
        }
        cogo_value value = bytes_of(frame, field);
        put_string_head(&w, field->kind, value.size_bytes);
        if (loose != NULL && field_at(frame, field) == (const void *)loose) {
            if (i + 1 != count) {
                return 0;
            }
            loose_bytes = value.size_bytes;
        } else {
            put(&w, value.data, value.size_bytes);
        }
    }
    if (w.at == NULL) {
        return 0;
    }
    size_t written = (size_t)(w.at - out);
    size_t length = written - COGO__FRAME_PREFIX + loose_bytes;
    if (length > COGO__FRAME_BYTES_MAX) {
        return 0;
    }
    for (size_t i = 0; i < COGO__FRAME_PREFIX; i++) {
        out[i] = (uint8_t)(length >> (8 * (COGO__FRAME_PREFIX - 1 - i)));
    }
    return written;
}

cogo__frame_state cogo__frame_measure(const uint8_t *bytes, size_t size_bytes, size_t max_bytes,
                                      size_t *out_bytes)
{
    if (size_bytes < COGO__FRAME_PREFIX) {
        return COGO__FRAME_SHORT;
    }
    uint32_t big;
    _Static_assert(sizeof big == COGO__FRAME_PREFIX, "the length is a number of 32 bits");
    memcpy(&big, bytes, sizeof big);
    size_t length = be32toh(big);
    if (length == 0 || length > max_bytes) {
        return COGO__FRAME_BROKEN;
    }
    *out_bytes = COGO__FRAME_PREFIX + length;
    return size_bytes < *out_bytes ? COGO__FRAME_SHORT : COGO__FRAME_READY;
}

static const char *const wrong_kind = "a field is of another kind";
static const char *const wrong_size = "a field breaks its limits";

static const char *take_field(cogo__reader *reader, const cogo__frame_field *field,
                              cogo__frame *out)
{
    cogo__token token;
    if (!cogo__reader_next(reader, &token)) {
        return reader->error;
    }
    void *at = (char *)out + field->offset;
    if (field->kind == COGO__FRAME_UINT) {
        uint64_t value = (uint64_t)token.integer;
        if (token.kind != COGO__BIG && (token.kind != COGO__INT || token.integer < 0)) {
            return wrong_kind;
        }
        memcpy(at, &value, sizeof value);
    } else {
        bool text = field->kind == COGO__FRAME_TEXT;
        if (token.kind != (text ? COGO__STR : COGO__BIN)) {
            return wrong_kind;
        }
        if (text && !cogo__utf8_check(token.bytes, token.size)) {
            return "a text is not UTF-8";
        }
        cogo_value value = {token.bytes, token.size};
        memcpy(at, &value, sizeof value);
    }
    return within_limits(out, field) ? NULL : wrong_size;
}

static const char *take_fields(cogo__reader *reader, const cogo__frame_layout *layout,
                               size_t count, cogo__frame *out)
{
    size_t known = layout != NULL ? layout->count : 0;
    for (size_t i = 0; i < known; i++) {
        const cogo__frame_field *field = &layout->fields[i];
        const char *wrong = i < count                   ? take_field(reader, field, out)
                            : within_limits(out, field) ? NULL
                                                        : "a field is missing";
        if (wrong != NULL) {
            return wrong;
        }
    }
    if (count > known + COGO__FRAME_EXTRA_MAX) {
        return "too many fields";
    }
    for (size_t i = known; i < count; i++) {
        if (!cogo__reader_skip(reader, EXTRA_DEPTH_MAX)) {
            return reader->error;
        }
    }
    return NULL;
}

const char *cogo__frame_decode(const uint8_t *bytes, size_t size_bytes, cogo__frame *out)
{
    cogo__reader reader = {.at = bytes, .end = bytes + size_bytes};
    cogo__token list, kind;
    if (cogo__frame_user_decode(bytes, size_bytes, &out->user)) {
        out->kind = COGO__FRAME_USER;
        return NULL;
    }
    *out = (cogo__frame){0};
    if (!cogo__reader_next(&reader, &list) || list.kind != COGO__ARRAY || list.size == 0) {
        return reader.error != NULL ? reader.error : "a frame is a list that is not empty";
    }
    if (!cogo__reader_next(&reader, &kind) || kind.kind != COGO__INT || kind.integer < 0) {
        return reader.error != NULL ? reader.error : "a frame begins with its kind";
    }
    out->kind = (uint64_t)kind.integer;
    const cogo__frame_layout *layout = cogo__frame_layout_of(out->kind);
    if (layout == NULL && out->kind < COGO__FRAME_OPTIONAL) {
        return "its kind is not known and may not be ignored";
    }
    const char *wrong = take_fields(&reader, layout, list.size - 1, out);
    if (wrong == NULL && reader.at != reader.end) {
        wrong = "there are bytes after the frame";
    }
    return wrong;
}

const char *cogo__frame_name(uint64_t kind)
{
    const cogo__frame_layout *layout = cogo__frame_layout_of(kind);
    return layout != NULL ? layout->name : NULL;
}
