/* Bytes from anywhere into the reader of WebSocket frames. Wherever they are cut on their way,
 * the same messages come out, and the connection ends at the same place for the same reason. */
#include "actors/gateway/frame.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

/* What came out, in one number, and how many bytes were used. */
typedef struct story {
    uint64_t hash;
    size_t used;
    frame_code end;
} story;

static void add(story *s, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) {
        s->hash = (s->hash ^ at[i]) * UINT64_C(1099511628211);
    }
}

static void tell(story *s, frame_step step, const frame_reader *r, const frame_found *found)
{
    add(s, &step, sizeof step);
    if (step == FRAME_MESSAGE) {
        claim(found->opcode == FRAME_TEXT || found->opcode == FRAME_BINARY);
        claim(r->size <= FRAME_MESSAGE_MAX);
        claim(found->opcode != FRAME_TEXT || frame_utf8(r->bytes, r->size));
        add(s, &found->opcode, sizeof found->opcode);
        add(s, r->bytes, r->size);
    } else if (step == FRAME_CONTROL) {
        claim(found->opcode >= FRAME_CLOSE && found->opcode <= FRAME_PONG);
        claim(found->size <= FRAME_CONTROL_MAX);
        add(s, &found->opcode, sizeof found->opcode);
        add(s, found->bytes, found->size);
    } else if (step == FRAME_BAD) {
        claim(found->code == CODE_PROTOCOL || found->code == CODE_BAD_TEXT
              || found->code == CODE_TOO_BIG);
        claim(found->why != NULL);
        s->end = found->code;
    }
}

/* As a connection reads: at most @p step bytes more each time. */
static story play(const uint8_t *data, size_t size, size_t step)
{
    story s = {.hash = UINT64_C(14695981039346656037), .end = CODE_NORMAL};
    frame_reader reader = {0};
    for (size_t have = 0, at = 0; have < size && s.end == CODE_NORMAL;) {
        have = have + step < size ? have + step : size;
        for (frame_step was = FRAME_QUIET; was != FRAME_MORE && s.end == CODE_NORMAL;) {
            /* A copy of exactly what is there, so that a read beyond it is seen. */
            frame_found found = {0};
            size_t used = 0, left = have - at;
            uint8_t *copy = malloc(left > 0 ? left : 1);
            claim(copy != NULL);
            memcpy(copy, data + at, left);
            was = frame_read(&reader, copy, left, &used, &found);
            claim(used <= left && (used > 0 || was == FRAME_MORE || was == FRAME_BAD));
            if (was != FRAME_MORE) {
                tell(&s, was, &reader, &found);
            }
            if (was == FRAME_MESSAGE) {
                frame_reader_clear(&reader);
            }
            at += was == FRAME_BAD ? 0 : used;
            s.used = at;
            free(copy);
        }
    }
    frame_reader_finish(&reader);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST = 4096 }; /* One byte at a time costs the square of it. */
    size = size < MOST ? size : MOST;
    story whole = play(data, size, size > 0 ? size : 1);
    story pieces = play(data, size, 1);
    claim(whole.end == pieces.end && whole.used == pieces.used && whole.hash == pieces.hash);
    return 0;
}
