/* Six fields, all by position. What is left to the table: a message without payload, or one
 * that is passed on for an asker of a third node. */
#include "codec/frame_user.h"

#include <endian.h>
#include <string.h>

enum {
    LIST_OF_7 = 0x97, // The kind and six fields.
    UINT8 = 0xcc,
    UINT16 = 0xcd,
    UINT32 = 0xce,
    UINT64 = 0xcf,
    BIN8 = 0xc4,
    BIN16 = 0xc5,
    BIN32 = 0xc6,
    LEAST = 2 + 5 + 2,
};

static uint8_t *put_be16(uint8_t *at, uint64_t value)
{
    uint16_t big = htobe16((uint16_t)value);
    memcpy(at, &big, sizeof big);
    return at + sizeof big;
}

static uint8_t *put_be32(uint8_t *at, uint64_t value)
{
    uint32_t big = htobe32((uint32_t)value);
    memcpy(at, &big, sizeof big);
    return at + sizeof big;
}

static uint8_t *put_uint(uint8_t *at, uint64_t value)
{
    if (value > UINT32_MAX) {
        uint64_t big = htobe64(value);
        *at++ = UINT64;
        memcpy(at, &big, sizeof big);
        return at + sizeof big;
    }
    if (value < 0x80) {
        *at++ = (uint8_t)value;
        return at;
    }
    if (value > UINT16_MAX) {
        *at++ = UINT32;
        return put_be32(at, value);
    }
    if (value > UINT8_MAX) {
        *at++ = UINT16;
        return put_be16(at, value);
    }
    *at++ = UINT8;
    *at++ = (uint8_t)value;
    return at;
}

static uint8_t *put_bin_head(uint8_t *at, size_t size)
{
    if (size <= UINT8_MAX) {
        *at++ = BIN8;
        *at++ = (uint8_t)size;
        return at;
    }
    if (size <= UINT16_MAX) {
        *at++ = BIN16;
        return put_be16(at, size);
    }
    *at++ = BIN32;
    return put_be32(at, size);
}

size_t cogo__frame_user_encode(const cogo__frame_user *u, uint8_t *out, size_t room_bytes)
{
    size_t size = u->payload.size_bytes;
    if (size == 0 || size > COGO__FRAME_PAYLOAD_MAX || u->type > UINT32_MAX
        || u->asker.size_bytes != 0 || u->asker_incarnation != 0
        || room_bytes < COGO__FRAME_USER_HEADS + size) {
        return 0;
    }
    uint8_t *at = out + COGO__FRAME_PREFIX;
    *at++ = LIST_OF_7;
    *at++ = COGO__FRAME_USER;
    at = put_uint(at, u->to);
    at = put_uint(at, u->from);
    at = put_uint(at, u->type);
    at = put_uint(at, u->ask);
    at = put_uint(at, u->trace);
    at = put_bin_head(at, size);
    memcpy(at, u->payload.data, size);
    at += size;
    (void)put_be32(out, (uint64_t)(at - out) - COGO__FRAME_PREFIX);
    return (size_t)(at - out);
}

/* A big-endian number of @p size bytes; NULL if they are not there. */
static inline __attribute__((always_inline)) const uint8_t *
take_be(const uint8_t *at, const uint8_t *end, size_t size, uint64_t *out)
{
    uint64_t big = 0;
    if ((size_t)(end - at) < size) {
        return NULL;
    }
    memcpy((uint8_t *)&big + (sizeof big - size), at, size);
    *out = be64toh(big);
    return at + size;
}

/* Inline: five of them are most of what a frame costs. */
static inline __attribute__((always_inline)) const uint8_t *
take_uint(const uint8_t *at, const uint8_t *end, uint64_t *out)
{
    if (at == NULL || at == end) {
        return NULL;
    }
    uint8_t head = *at++;
    switch (head) {
    case UINT64:
        return take_be(at, end, 8, out);
    case UINT32:
        return take_be(at, end, 4, out);
    case UINT16:
        return take_be(at, end, 2, out);
    case UINT8:
        return take_be(at, end, 1, out);
    default:
        *out = head;
        return head < 0x80 ? at : NULL;
    }
}

static const uint8_t *take_bin_head(const uint8_t *at, const uint8_t *end, uint64_t *out)
{
    if (at == NULL || at == end) {
        return NULL;
    }
    uint8_t head = *at++;
    return head == BIN8    ? take_be(at, end, 1, out)
           : head == BIN16 ? take_be(at, end, 2, out)
           : head == BIN32 ? take_be(at, end, 4, out)
                           : NULL;
}

/* All fields up to the content of the payload, where it begins; NULL: not for this way, or they
 * are not all there. */
static inline __attribute__((always_inline)) const uint8_t *
take_heads(const uint8_t *bytes, const uint8_t *end, cogo__frame_user *out)
{
    const uint8_t *at = bytes + 2;
    uint64_t size = 0;
    if (end - bytes < LEAST || bytes[0] != LIST_OF_7 || bytes[1] != COGO__FRAME_USER) {
        return NULL;
    }
    at = take_uint(at, end, &out->to);
    at = take_uint(at, end, &out->from);
    at = take_uint(at, end, &out->type);
    at = take_uint(at, end, &out->ask);
    at = take_uint(at, end, &out->trace);
    at = take_bin_head(at, end, &size);
    if (at == NULL || size > COGO__FRAME_PAYLOAD_MAX || out->type > UINT32_MAX) {
        return NULL;
    }
    out->payload = (cogo_value){at, (size_t)size};
    out->asker = (cogo_value){NULL, 0};
    out->asker_incarnation = 0;
    return at;
}

bool cogo__frame_user_decode(const uint8_t *bytes, size_t size_bytes, cogo__frame_user *out)
{
    const uint8_t *end = bytes + size_bytes, *at = take_heads(bytes, end, out);
    return at != NULL && (size_t)(end - at) == out->payload.size_bytes;
}

bool cogo__frame_user_begins(const uint8_t *bytes, size_t size_bytes, cogo__frame_user *out)
{
    size_t whole = 0;
    if (size_bytes <= COGO__FRAME_PREFIX
        || cogo__frame_measure(bytes, size_bytes, COGO__FRAME_BYTES_MAX, &whole)
               == COGO__FRAME_BROKEN) {
        return false;
    }
    const uint8_t *at = take_heads(bytes + COGO__FRAME_PREFIX, bytes + size_bytes, out);
    return at != NULL && (size_t)(at - bytes) + out->payload.size_bytes == whole
           && size_bytes <= whole;
}
