#include "codec/reader.h"

#include "codec/wire_text.h"

#include <cogo/record.h>

#include <string.h>

static bool broken(cogo__reader *reader, const char *text)
{
    reader->error = text;
    return false;
}

static size_t left(const cogo__reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* A big-endian number of @p size bytes. */
static bool number(cogo__reader *reader, size_t size, uint64_t *out)
{
    if (left(reader) < size) {
        return broken(reader, "the bytes end within a value");
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) {
        value = value << 8 | *reader->at++;
    }
    *out = value;
    return true;
}

static bool blob(cogo__reader *reader, cogo__token *out, cogo__token_kind kind, uint64_t size)
{
    if (left(reader) < size) {
        return broken(reader, "a string is longer than the bytes that are left");
    }
    out->kind = kind;
    out->bytes = reader->at;
    out->size = (size_t)size;
    reader->at += size;
    return true;
}

/* Each element takes a byte at least: a count beyond that is a lie, and refused before anyone
 * reserves memory for it. */
static bool container(cogo__reader *reader, cogo__token *out, cogo__token_kind kind,
                      uint64_t count)
{
    size_t bytes_per_element = kind == COGO__MAP ? 2 : 1;
    if (count > left(reader) / bytes_per_element) {
        return broken(reader, "a list or map has more elements than the bytes that are left");
    }
    out->kind = kind;
    out->size = (size_t)count;
    return true;
}

/* A head byte that is followed by a length of @p size bytes. */
static bool sized(cogo__reader *reader, cogo__token *out, cogo__token_kind kind, size_t size)
{
    uint64_t length;
    if (!number(reader, size, &length)) {
        return false;
    }
    if (kind == COGO__ARRAY || kind == COGO__MAP) {
        return container(reader, out, kind, length);
    }
    return blob(reader, out, kind, kind == COGO__EXT ? length + 1 : length);
}

static bool integer(cogo__reader *reader, cogo__token *out, size_t size, bool is_signed)
{
    uint64_t bits;
    if (!number(reader, size, &bits)) {
        return false;
    }
    out->kind = COGO__INT;
    if (is_signed && size < 8) { // Extends the sign.
        uint64_t sign = UINT64_C(1) << (size * 8 - 1);
        bits = (bits ^ sign) - sign;
    } else if (!is_signed && bits > INT64_MAX) {
        out->kind = COGO__BIG;
    }
    memcpy(&out->integer, &bits, sizeof bits);
    return true;
}

static bool floating(cogo__reader *reader, cogo__token *out, size_t size)
{
    uint64_t bits;
    if (!number(reader, size, &bits)) {
        return false;
    }
    out->kind = COGO__DOUBLE;
    if (size == 8) {
        memcpy(&out->number, &bits, sizeof bits);
    } else {
        uint32_t single = (uint32_t)bits;
        float value;
        memcpy(&value, &single, sizeof single);
        out->number = (double)value;
    }
    return true;
}

/* Heads c0 to df. */
static bool long_form(cogo__reader *reader, cogo__token *out, uint8_t head)
{
    switch (head) {
    case 0xc0:
        out->kind = COGO__NIL;
        return true;
    case 0xc2:
    case 0xc3:
        out->kind = COGO__BOOL;
        out->boolean = head == 0xc3;
        return true;
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return sized(reader, out, COGO__BIN, (size_t)1 << (head - 0xc4));
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return sized(reader, out, COGO__EXT, (size_t)1 << (head - 0xc7));
    case 0xca:
        return floating(reader, out, 4);
    case 0xcb:
        return floating(reader, out, 8);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8: // 1, 2, 4, 8 or 16 bytes after one byte of type.
        return blob(reader, out, COGO__EXT, ((uint64_t)1 << (head - 0xd4)) + 1);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return sized(reader, out, COGO__STR, (size_t)1 << (head - 0xd9));
    case 0xdc:
    case 0xdd:
        return sized(reader, out, COGO__ARRAY, (size_t)2 << (head - 0xdc));
    case 0xde:
    case 0xdf:
        return sized(reader, out, COGO__MAP, (size_t)2 << (head - 0xde));
    default:
        if (head >= 0xcc && head <= 0xcf) {
            return integer(reader, out, (size_t)1 << (head - 0xcc), false);
        }
        if (head >= 0xd0 && head <= 0xd3) {
            return integer(reader, out, (size_t)1 << (head - 0xd0), true);
        }
        return broken(reader, "a byte that MessagePack never uses"); // c1
    }
}

bool cogo__reader_next(cogo__reader *reader, cogo__token *out)
{
    *out = (cogo__token){0};
    if (left(reader) == 0) {
        return broken(reader, "the bytes end where a value should be");
    }
    uint8_t head = *reader->at++;
    if (head <= 0x7f || head >= 0xe0) {
        out->kind = COGO__INT;
        out->integer = (int8_t)head;
        return true;
    }
    if (head <= 0x8f) {
        return container(reader, out, COGO__MAP, head & 0x0f);
    }
    if (head <= 0x9f) {
        return container(reader, out, COGO__ARRAY, head & 0x0f);
    }
    if (head <= 0xbf) {
        return blob(reader, out, COGO__STR, head & 0x1f);
    }
    return long_form(reader, out, head);
}

/* Whether a value may contain @p token. */
static bool plain(cogo__reader *reader, const cogo__token *token, bool is_key)
{
    if (is_key && token->kind != COGO__STR) {
        return broken(reader, "a key that is not a string");
    }
    if (is_key && memchr(token->bytes, 0, token->size) != NULL) {
        return broken(reader, "a key with a NUL character");
    }
    if (token->kind == COGO__EXT) {
        return broken(reader, "an extension type, which no field may have");
    }
    if (token->kind == COGO__BIG) {
        return broken(reader, "an integer beyond 64 bits with sign");
    }
    if (token->kind == COGO__STR && !cogo__utf8_check(token->bytes, token->size)) {
        return broken(reader, "text that is not UTF-8");
    }
    return true;
}

bool cogo__reader_skip(cogo__reader *reader, uint32_t depth_max)
{
    enum { LEVELS_MAX = COGO_RECORD_DEPTH_MAX };
    struct {
        uint64_t open; // Tokens that are still to come on this level.
        bool is_map;
    } levels[LEVELS_MAX] = {{0}};
    uint32_t depth = 0;
    if (depth_max > LEVELS_MAX) {
        depth_max = LEVELS_MAX;
    }
    do {
        cogo__token token;
        // A key is due in a map while the tokens to come are even.
        bool is_key = depth > 0 && levels[depth - 1].is_map && levels[depth - 1].open % 2 == 0;
        if (!cogo__reader_next(reader, &token) || !plain(reader, &token, is_key)) {
            return false;
        }
        if (depth > 0) {
            levels[depth - 1].open--;
        }
        if (token.kind == COGO__ARRAY || token.kind == COGO__MAP) {
            if (depth == depth_max) {
                return broken(reader, "lists and maps are nested too deeply");
            }
            levels[depth].is_map = token.kind == COGO__MAP;
            levels[depth].open = token.kind == COGO__MAP ? token.size * 2 : token.size;
            depth++;
        }
        while (depth > 0 && levels[depth - 1].open == 0) {
            depth--;
        }
    } while (depth > 0);
    return true;
}

const char *cogo__token_text(cogo__token_kind kind)
{
    switch (kind) {
    case COGO__NIL:
        return "null";
    case COGO__BOOL:
        return "a boolean";
    case COGO__INT:
        return "an integer";
    case COGO__BIG:
        return "an integer beyond 64 bits with sign";
    case COGO__DOUBLE:
        return "a number with a fraction";
    case COGO__STR:
        return "a string";
    case COGO__BIN:
        return "binary bytes";
    case COGO__EXT:
        return "an extension type";
    case COGO__ARRAY:
        return "a list";
    case COGO__MAP:
        return "an object";
    }
    return "an unknown kind";
}
