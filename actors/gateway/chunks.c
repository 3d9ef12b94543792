#include "actors/gateway/chunks.h"

#include <string.h>

/* A line at @p at that ends with CRLF. Its size with that; 0: it goes on; SIZE_MAX: it is too
 * long, or has a byte that no line may have. */
static size_t take_line(const char *at, size_t size, size_t most)
{
    for (size_t i = 0; i < size && i < most; i++) {
        unsigned char c = (unsigned char)at[i];
        if (c == '\r') {
            return i + 1 == size ? 0 : at[i + 1] == '\n' ? i + 2 : SIZE_MAX;
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return SIZE_MAX;
        }
    }
    return size < most ? 0 : SIZE_MAX;
}

/* 1 to 15 hexadecimal digits, then the end or an extension. False: malformed. */
static bool parse_size(const char *line, size_t *out)
{
    size_t digits = strspn(line, "0123456789abcdefABCDEF");
    *out = 0;
    for (size_t i = 0; i < digits && i < 16; i++) {
        char c = line[i];
        *out = *out * 16 + (size_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    const char *rest = line + digits + strspn(line + digits, " \t");
    return digits > 0 && digits < 16 && (*rest == '\r' || *rest == ';');
}

/* The trailers up to the empty line; dropped. */
static chunks_step read_trailers(chunks *c, const char *bytes, size_t size, size_t *at)
{
    for (;;) {
        size_t line = take_line(bytes + *at, size - *at, CHUNK_TRAILERS_MAX);
        c->trailer_bytes += line == SIZE_MAX ? CHUNK_TRAILERS_MAX + 1 : line;
        if (c->trailer_bytes > CHUNK_TRAILERS_MAX) {
            return CHUNKS_BAD;
        }
        *at += line;
        if (line == 0 || line == 2) {
            return line == 0 ? CHUNKS_MORE : CHUNKS_DONE;
        }
    }
}

/* One chunk at *at, whole or not at all. */
static chunks_step read_chunk(chunks *c, char *bytes, size_t size, size_t *at, int64_t limit)
{
    size_t length;
    size_t line = take_line(bytes + *at, size - *at, CHUNK_LINE_MAX);
    if (line == 0) {
        return CHUNKS_MORE;
    }
    if (line == SIZE_MAX || !parse_size(bytes + *at, &length)) {
        return CHUNKS_BAD;
    }
    if (length > (size_t)limit - c->decoded) {
        return CHUNKS_LARGE;
    }
    if (length == 0) {
        *at += line;
        c->last = true;
        return CHUNKS_DONE;
    }
    if (size - *at - line < length + 2) {
        return CHUNKS_MORE;
    }
    char *data = bytes + *at + line;
    if (data[length] != '\r' || data[length + 1] != '\n') {
        return CHUNKS_BAD;
    }
    memmove(bytes + c->decoded, data, length);
    c->decoded += length;
    *at += line + length + 2;
    return CHUNKS_DONE;
}

chunks_step chunks_advance(chunks *c, char *bytes, size_t *size, int64_t limit)
{
    size_t begin = c->decoded, at = begin;
    chunks_step step = CHUNKS_DONE;
    while (step == CHUNKS_DONE && !c->last) {
        step = read_chunk(c, bytes, *size, &at, limit);
    }
    if (c->last && step == CHUNKS_DONE) {
        step = read_trailers(c, bytes, *size, &at);
    }
    if (at > c->decoded) { /* What was read is closed up; what is left is less than a chunk. */
        memmove(bytes + c->decoded, bytes + at, *size - at);
        *size -= at - c->decoded;
    }
    return step;
}
