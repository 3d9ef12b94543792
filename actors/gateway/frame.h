/* WebSocket frames (RFC 6455), the server's side: bytes -> whole messages, and the head of what
 * is sent. Used by the server thread. Never allocates beyond one message, never guesses: what
 * the RFC forbids ends the connection with its close code. */
#ifndef GATEWAY_FRAME_H
#define GATEWAY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    FRAME_MESSAGE_MAX = 1024 * 1024, /* Bytes of one message from a client. */
    FRAME_HEAD_MAX = 14,
    FRAME_CONTROL_MAX = 125,
};

typedef enum frame_opcode {
    FRAME_CONTINUATION = 0,
    FRAME_TEXT = 1,
    FRAME_BINARY = 2,
    FRAME_CLOSE = 8,
    FRAME_PING = 9,
    FRAME_PONG = 10,
} frame_opcode;

/* Close codes that this door uses; from 4000 on its own. */
typedef enum frame_code {
    CODE_NORMAL = 1000,
    CODE_GOING_AWAY = 1001,
    CODE_PROTOCOL = 1002,
    CODE_UNSUPPORTED = 1003,
    CODE_NO_CODE = 1005, /* Never sent. */
    CODE_BAD_TEXT = 1007,
    CODE_POLICY = 1008,
    CODE_TOO_BIG = 1009,
    CODE_INTERNAL = 1011,
    CODE_TRY_LATER = 1013,
    CODE_SLOW_READER = 4008,
    CODE_SILENT = 4009,
    CODE_REPLACED = 4010, /* The same worker came back on another connection. */
} frame_code;

/* A message that is coming in. */
typedef struct frame_reader {
    uint8_t *bytes;
    size_t size, capacity;
    frame_opcode opcode; /* FRAME_CONTINUATION: none is. */
} frame_reader;

typedef enum frame_step {
    FRAME_MORE,    /* A whole frame is not there. */
    FRAME_QUIET,   /* A frame was read; nothing follows from it. */
    FRAME_MESSAGE, /* reader->bytes and size hold one; frame_reader_clear() afterwards. */
    FRAME_CONTROL, /* out->opcode, bytes and size: PING, PONG or CLOSE. */
    FRAME_BAD,     /* out->code and why: the connection has to end with it. */
} frame_step;

typedef struct frame_found {
    frame_opcode opcode;
    const uint8_t *bytes; /* Within the input. */
    size_t size;
    frame_code code; /* Also what a CLOSE says; CODE_NO_CODE: nothing. */
    const char *why;
} frame_found;

/* Reads one frame at the front of @p in, which it unmasks in place. @p *out_used: its bytes. */
frame_step frame_read(frame_reader *r, uint8_t *in, size_t size, size_t *out_used,
                      frame_found *out);
void frame_reader_clear(frame_reader *r);
void frame_reader_finish(frame_reader *r);

/* Writes the head of an unmasked whole frame. Returns its size. */
size_t frame_head(uint8_t out[FRAME_HEAD_MAX], frame_opcode opcode, size_t size);
/* A close frame; @p reason is cut to what fits. Returns its size. */
size_t frame_close(uint8_t out[FRAME_HEAD_MAX + FRAME_CONTROL_MAX], frame_code code,
                   const char *reason);

bool frame_utf8(const uint8_t *bytes, size_t size);

/* The value of Sec-WebSocket-Accept for @p key. */
enum { FRAME_ACCEPT_SIZE = 29 };
void frame_accept(const char *key, char out[FRAME_ACCEPT_SIZE]);
/* True when @p key is 16 bytes in base64. */
bool frame_key_valid(const char *key);

#endif
