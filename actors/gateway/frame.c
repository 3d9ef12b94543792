#include "actors/gateway/frame.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static frame_step bad(frame_found *out, frame_code code, const char *why)
{
    out->code = code;
    out->why = why;
    return FRAME_BAD;
}

/* Length and mask of a frame. 0: more bytes are needed; else the size of its head. */
static size_t read_head(const uint8_t *in, size_t size, uint64_t *out_length)
{
    size_t extra = size < 2 ? 0 : (in[1] & 127) == 127 ? 8 : (in[1] & 127) == 126 ? 2 : 0;
    if (size < 2 + extra + 4) {
        return 0;
    }
    *out_length = extra == 0 ? in[1] & 127 : 0;
    for (size_t i = 0; i < extra; i++) {
        *out_length = *out_length << 8 | in[2 + i];
    }
    return 2 + extra + 4;
}

/* What can be refused before the frame is whole. NULL: nothing. */
static const char *refuse_head(const frame_reader *r, const uint8_t *in)
{
    unsigned opcode = in[0] & 15;
    bool final = (in[0] & 128) != 0;
    if ((in[0] & 0x70) != 0) {
        return "A reserved bit is set; no extension was agreed on.";
    }
    if ((in[1] & 128) == 0) {
        return "Frames of a client have to be masked.";
    }
    if (opcode >= FRAME_CLOSE) {
        return opcode > FRAME_PONG                 ? "The opcode is unknown."
               : !final                            ? "A control frame is in pieces."
               : (in[1] & 127) > FRAME_CONTROL_MAX ? "A control frame is longer than 125 bytes."
                                                   : NULL;
    }
    if (opcode > FRAME_BINARY) {
        return "The opcode is unknown.";
    }
    if ((opcode == FRAME_CONTINUATION) != (r->opcode != FRAME_CONTINUATION)) {
        return opcode == FRAME_CONTINUATION ? "A continuation of nothing."
                                            : "A new message within another one.";
    }
    return NULL;
}

static void unmask(uint8_t *bytes, size_t size, const uint8_t mask[4])
{
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= mask[i & 3];
    }
}

static frame_step take_control(const uint8_t *bytes, size_t size, frame_found *out)
{
    out->bytes = bytes;
    out->size = size;
    out->code = CODE_NO_CODE;
    if (out->opcode != FRAME_CLOSE || size == 0) {
        return FRAME_CONTROL;
    }
    unsigned code = size >= 2 ? (unsigned)bytes[0] << 8 | bytes[1] : 0;
    bool known = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
                 || (code >= 3000 && code <= 4999);
    if (!known || !frame_utf8(bytes + 2, size - 2)) {
        return bad(out, CODE_PROTOCOL, "The close frame is malformed.");
    }
    out->code = (frame_code)code;
    return FRAME_CONTROL;
}

static bool append(frame_reader *r, const uint8_t *bytes, size_t size)
{
    if (r->size + size > r->capacity) {
        size_t capacity = r->capacity * 2 > r->size + size ? r->capacity * 2 : r->size + size;
        uint8_t *longer = realloc(r->bytes, capacity);
        if (longer == NULL) {
            return false;
        }
        r->bytes = longer;
        r->capacity = capacity;
    }
    if (size > 0) {
        memcpy(r->bytes + r->size, bytes, size);
        r->size += size;
    }
    return true;
}

frame_step frame_read(frame_reader *r, uint8_t *in, size_t size, size_t *out_used,
                      frame_found *out)
{
    uint64_t length = 0;
    *out_used = 0;
    const char *why = size >= 2 ? refuse_head(r, in) : NULL;
    if (why != NULL) {
        return bad(out, CODE_PROTOCOL, why);
    }
    size_t head = read_head(in, size, &length);
    if (head == 0) {
        return FRAME_MORE;
    }
    if (length > FRAME_MESSAGE_MAX || r->size + length > FRAME_MESSAGE_MAX) {
        return bad(out, CODE_TOO_BIG, "A message is larger than 1 MiB.");
    }
    if (size - head < length) {
        return FRAME_MORE;
    }
    out->opcode = (frame_opcode)(in[0] & 15);
    *out_used = head + (size_t)length;
    unmask(in + head, (size_t)length, in + head - 4);
    if (out->opcode >= FRAME_CLOSE) {
        return take_control(in + head, (size_t)length, out);
    }
    if (!append(r, in + head, (size_t)length)) {
        return bad(out, CODE_TRY_LATER, "Out of memory.");
    }
    if (out->opcode != FRAME_CONTINUATION) {
        r->opcode = out->opcode;
    }
    if ((in[0] & 128) == 0) {
        return FRAME_QUIET;
    }
    out->opcode = r->opcode;
    r->opcode = FRAME_CONTINUATION;
    if (out->opcode == FRAME_TEXT && !frame_utf8(r->bytes, r->size)) {
        return bad(out, CODE_BAD_TEXT, "A text message is not UTF-8.");
    }
    return FRAME_MESSAGE;
}

void frame_reader_clear(frame_reader *r)
{
    enum { SPARE = 16 * 1024 }; /* A connection at rest keeps no more than this. */
    r->size = 0;
    if (r->capacity > SPARE) {
        frame_reader_finish(r);
    }
}

void frame_reader_finish(frame_reader *r)
{
    free(r->bytes);
    r->bytes = NULL;
    r->size = r->capacity = 0;
}

size_t frame_head(uint8_t out[FRAME_HEAD_MAX], frame_opcode opcode, size_t size)
{
    size_t extra = size > 65535 ? 8 : size > 125 ? 2 : 0;
    out[0] = (uint8_t)(128 | opcode);
    out[1] = (uint8_t)(extra == 8 ? 127 : extra == 2 ? 126 : size);
    for (size_t i = 0; i < extra; i++) {
        out[2 + i] = (uint8_t)((uint64_t)size >> 8 * (extra - 1 - i));
    }
    return 2 + extra;
}

size_t frame_close(uint8_t out[FRAME_HEAD_MAX + FRAME_CONTROL_MAX], frame_code code,
                   const char *reason)
{
    size_t size = strlen(reason);
    size = size > FRAME_CONTROL_MAX - 2 ? FRAME_CONTROL_MAX - 2 : size;
    while (size > 0 && !frame_utf8((const uint8_t *)reason, size)) {
        size--; /* Not within a character. */
    }
    if (code == CODE_NO_CODE) {
        return frame_head(out, FRAME_CLOSE, 0);
    }
    size_t head = frame_head(out, FRAME_CLOSE, size + 2);
    out[head] = (uint8_t)((unsigned)code >> 8);
    out[head + 1] = (uint8_t)code;
    memcpy(out + head + 2, reason, size);
    return head + 2 + size;
}

bool frame_utf8(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        uint8_t c = bytes[i];
        size_t more = c < 0x80                ? 0
                      : c >= 0xc2 && c < 0xe0 ? 1
                      : (c & 0xf0) == 0xe0    ? 2
                      : c >= 0xf0 && c < 0xf5 ? 3
                                              : 4;
        if (more == 4 || more >= size - i) {
            return false;
        }
        uint8_t next = more > 0 ? bytes[i + 1] : 0;
        bool wrong = (c == 0xe0 && next < 0xa0) || (c == 0xed && next > 0x9f)
                     || (c == 0xf0 && next < 0x90) || (c == 0xf4 && next > 0x8f);
        for (size_t k = 1; k <= more; k++) {
            wrong = wrong || (bytes[i + k] & 0xc0) != 0x80;
        }
        if (wrong) {
            return false;
        }
        i += more + 1;
    }
    return true;
}

bool frame_key_valid(const char *key)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return strlen(key) == 24 && strspn(key, letters) == 22 && strcmp(key + 22, "==") == 0;
}

void frame_accept(const char *key, char out[FRAME_ACCEPT_SIZE])
{
    char text[64];
    uint8_t hash[SHA_DIGEST_LENGTH];
    int size = snprintf(text, sizeof text, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    (void)SHA1((const uint8_t *)text, (size_t)size, hash);
    (void)EVP_EncodeBlock((uint8_t *)out, hash, sizeof hash);
}
