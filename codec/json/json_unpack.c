/* MessagePack -> jansson values. Reads bytes that may come from anywhere: every length is held
 * against the bytes that are left, and nothing is reserved for a count. */
#include "codec/json/base64.h"
#include "codec/json/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct input {
    const uint8_t *at;
    const uint8_t *end;
} input;

static json_t *unpack(input *in, uint32_t depth);

/* A big-endian number of @p size bytes. */
static bool number(input *in, size_t size, uint64_t *out)
{
    uint64_t value = 0;
    if ((size_t)(in->end - in->at) < size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | *in->at++;
    }
    *out = value;
    return true;
}

static const char *take(input *in, uint64_t size)
{
    if ((uint64_t)(in->end - in->at) < size) {
        return NULL;
    }
    const char *bytes = (const char *)in->at;
    in->at += size;
    return bytes;
}

static json_t *string(input *in, uint64_t size)
{
    const char *text = take(in, size);
    return text == NULL ? NULL : json_stringn(text, (size_t)size); // NULL unless UTF-8.
}

static json_t *binary(input *in, uint64_t size)
{
    const char *bytes = take(in, size);
    if (bytes == NULL) {
        return NULL;
    }
    size_t length = base64_length((size_t)size);
    char *text = malloc(length + 1);
    if (text == NULL) {
        return NULL;
    }
    base64_write((const uint8_t *)bytes, (size_t)size, text);
    json_t *json = json_stringn(text, length);
    free(text);
    return json;
}

static json_t *array(input *in, uint64_t count, uint32_t depth)
{
    if (depth == 0 || (uint64_t)(in->end - in->at) < count) {
        return NULL;
    }
    json_t *list = json_array();
    for (uint64_t i = 0; list != NULL && i < count; i++) {
        if (json_array_append_new(list, unpack(in, depth - 1)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* One pair; of two with the same key the first stays, so that a second can't replace what a
 * check has seen. */
static bool pair(input *in, json_t *object, uint32_t depth)
{
    json_t *key = unpack(in, 0);
    json_t *value = json_is_string(key) ? unpack(in, depth - 1) : NULL;
    const char *name = json_string_value(key);
    bool ok = value != NULL && strlen(name) == json_string_length(key);
    if (ok && json_object_get(object, name) == NULL) {
        ok = json_object_set(object, name, value) == 0;
    }
    json_decref(value);
    json_decref(key);
    return ok;
}

static json_t *map(input *in, uint64_t count, uint32_t depth)
{
    if (depth == 0 || (uint64_t)(in->end - in->at) / 2 < count) {
        return NULL;
    }
    json_t *object = json_object();
    for (uint64_t i = 0; object != NULL && i < count; i++) {
        if (!pair(in, object, depth)) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *integer(uint64_t bits, size_t size, bool is_signed)
{
    if (is_signed && size < 8) { // Extends the sign.
        uint64_t sign = UINT64_C(1) << (size * 8 - 1);
        bits = (bits ^ sign) - sign;
    } else if (!is_signed && bits > INT64_MAX) {
        return NULL; // JSON readers would round it.
    }
    int64_t value;
    memcpy(&value, &bits, sizeof bits);
    return json_integer(value);
}

static json_t *real(uint64_t bits, size_t size)
{
    double value;
    memcpy(&value, &bits, sizeof bits);
    if (size == 4) {
        uint32_t half = (uint32_t)bits;
        float single;
        memcpy(&single, &half, sizeof single);
        value = (double)single;
    }
    return isfinite(value) ? json_real(value) : json_null(); // JSON has no other numbers.
}

/* Heads c0 to df. */
static json_t *long_form(input *in, uint8_t head, uint32_t depth)
{
    uint64_t bits = 0;
    if (head == 0xc0) {
        return json_null();
    }
    if (head == 0xc2 || head == 0xc3) {
        return json_boolean(head == 0xc3);
    }
    if (head >= 0xc4 && head <= 0xc6) {
        return number(in, (size_t)1 << (head - 0xc4), &bits) ? binary(in, bits) : NULL;
    }
    if (head == 0xca || head == 0xcb) {
        size_t size = head == 0xca ? 4 : 8;
        return number(in, size, &bits) ? real(bits, size) : NULL;
    }
    if (head >= 0xcc && head <= 0xd3) {
        size_t size = (size_t)1 << (head & 3);
        return number(in, size, &bits) ? integer(bits, size, head >= 0xd0) : NULL;
    }
    if (head >= 0xd9 && head <= 0xdb) {
        return number(in, (size_t)1 << (head - 0xd9), &bits) ? string(in, bits) : NULL;
    }
    if (head == 0xdc || head == 0xdd) {
        return number(in, (size_t)2 << (head - 0xdc), &bits) ? array(in, bits, depth) : NULL;
    }
    if (head == 0xde || head == 0xdf) {
        return number(in, (size_t)2 << (head - 0xde), &bits) ? map(in, bits, depth) : NULL;
    }
    return NULL; // Extension types, and c1 which is never used.
}

static json_t *unpack(input *in, uint32_t depth)
{
    if (in->at == in->end) {
        return NULL;
    }
    uint8_t head = *in->at++;
    if (head <= 0x7f || head >= 0xe0) {
        return json_integer((int8_t)head);
    }
    if (head <= 0x8f) {
        return map(in, head & 0x0f, depth);
    }
    if (head <= 0x9f) {
        return array(in, head & 0x0f, depth);
    }
    if (head <= 0xbf) {
        return string(in, head & 0x1f);
    }
    return long_form(in, head, depth);
}

json_t *json_from_value(cogo_value value)
{
    if (value.size_bytes == 0) {
        return json_null();
    }
    input in = {.at = value.data, .end = value.data + value.size_bytes};
    json_t *json = unpack(&in, JSON_DEPTH_MAX);
    if (json != NULL && in.at != in.end) {
        json_decref(json);
        return NULL;
    }
    return json;
}
