/* Parameters in the binary form of PostgreSQL's arrays: number of dimensions, "has NULLs", type
 * of the elements, length, lower bound, then each element with its size, all big-endian.
 * Used by arrays.c, keep.c, artifacts.c and rows.c. Never checks for room: the memory was
 * measured before. */
#ifndef STORE_POSTGRES_BUILDER_H
#define STORE_POSTGRES_BUILDER_H

#include "actors/store/postgres/postgres.h"

#include <string.h>

enum {
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_TEXT = 25,
    HEADER_SIZE = 20,
    PARAMETER_BYTES_MAX = 512 * 1024 * 1024, /* A value of PostgreSQL ends at 1 GiB. */
};

/* An array that is being written into memory that is large enough. */
typedef struct builder {
    uint8_t *at;
    pg_write *out;
    int index;
    uint8_t *begin;
} builder;

static inline uint8_t *put32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
    return at + 4;
}

static inline uint8_t *put64(uint8_t *at, uint64_t value)
{
    return put32(put32(at, (uint32_t)(value >> 32)), (uint32_t)value);
}

static inline void begin_array(builder *b, uint32_t type, size_t count)
{
    b->begin = b->at;
    b->at = put32(b->at, count == 0 ? 0 : 1);
    b->at = put32(b->at, 1);
    b->at = put32(b->at, type);
    if (count > 0) {
        b->at = put32(b->at, (uint32_t)count);
        b->at = put32(b->at, 1);
    }
}

static inline void put_number(builder *b, int64_t value)
{
    b->at = put64(put32(b->at, 8), (uint64_t)value);
}

static inline void put_bytes(builder *b, const void *bytes, size_t size)
{
    if (bytes == NULL) {
        b->at = put32(b->at, UINT32_MAX);
        return;
    }
    b->at = put32(b->at, (uint32_t)size);
    memcpy(b->at, bytes, size);
    b->at += size;
}

static inline void put_text(builder *b, const char *text)
{
    put_bytes(b, text, text == NULL ? 0 : strlen(text));
}

static inline void put_value(builder *b, cogo_value value)
{
    put_bytes(b, value.size_bytes == 0 ? NULL : value.data, value.size_bytes);
}

static inline void end_value(builder *b)
{
    b->out->values[b->index] = (const char *)b->begin;
    b->out->sizes[b->index] = (int)(b->at - b->begin);
    b->out->formats[b->index++] = 1;
}

static inline void put_scalar(builder *b, int64_t value)
{
    b->begin = b->at;
    b->at = put64(b->at, (uint64_t)value);
    end_value(b);
}

#endif
