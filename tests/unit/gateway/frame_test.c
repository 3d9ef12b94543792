/* WebSocket frames, without a socket. */
#include "actors/gateway/frame.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

/* A masked frame of up to 125 bytes. */
static size_t make(uint8_t *out, uint8_t first, const char *text, size_t size)
{
    static const uint8_t mask[4] = {7, 77, 177, 250};
    out[0] = first;
    out[1] = (uint8_t)(128 | size);
    memcpy(out + 2, mask, 4);
    for (size_t i = 0; i < size; i++) {
        out[6 + i] = (uint8_t)text[i] ^ mask[i & 3];
    }
    return 6 + size;
}

Test(frame, the_accept_key_is_the_one_of_the_standard)
{
    char accept[FRAME_ACCEPT_SIZE];
    frame_accept("dGhlIHNhbXBsZSBub25jZQ==", accept);
    cr_expect_str_eq(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    cr_expect(frame_key_valid("dGhlIHNhbXBsZSBub25jZQ=="));
    cr_expect_not(frame_key_valid("dGhlIHNhbXBsZSBub25jZQ="));
    cr_expect_not(frame_key_valid(""));
}

Test(frame, pieces_with_a_ping_between_become_one_message)
{
    uint8_t in[64];
    size_t size = make(in, 0x01, "{\"a\"", 4), used;
    frame_reader r = {.bytes = NULL};
    frame_found found;
    for (size_t i = 0; i < size; i++) {
        cr_expect_eq(frame_read(&r, in, i, &used, &found), FRAME_MORE);
        cr_expect_eq(used, 0u);
    }
    cr_expect_eq(frame_read(&r, in, size, &used, &found), FRAME_QUIET);
    cr_expect_eq(used, size);
    size = make(in, 0x89, "hi", 2);
    cr_expect_eq(frame_read(&r, in, size, &used, &found), FRAME_CONTROL);
    cr_expect_eq(found.opcode, FRAME_PING);
    cr_expect_eq(memcmp(found.bytes, "hi", 2), 0);
    size = make(in, 0x80, ":1}", 3);
    cr_expect_eq(frame_read(&r, in, size, &used, &found), FRAME_MESSAGE);
    cr_expect_eq(found.opcode, FRAME_TEXT);
    cr_assert_eq(r.size, 7u);
    cr_expect_eq(memcmp(r.bytes, "{\"a\":1}", 7), 0);
    frame_reader_finish(&r);
}

Test(frame, pieces_together_are_not_larger_than_a_message_may_be)
{
    enum { PIECE = 60000 };
    uint8_t *in = calloc(1, PIECE + 8);
    frame_reader r = {.bytes = NULL};
    frame_found found = {.code = CODE_NORMAL};
    frame_step step = FRAME_QUIET;
    size_t used, total = 0;
    for (int i = 0; step == FRAME_QUIET && i < 100; i++) {
        memset(in, 'a', PIECE + 8);
        memcpy(in, (uint8_t[]){i == 0 ? 0x01 : 0x00, 254, PIECE >> 8, PIECE & 255, 0, 0, 0, 0},
               8);
        step = frame_read(&r, in, PIECE + 8, &used, &found);
        total += PIECE;
    }
    cr_expect_eq(step, FRAME_BAD);
    cr_expect_eq(found.code, CODE_TOO_BIG);
    cr_expect_leq(total, (size_t)FRAME_MESSAGE_MAX + PIECE);
    frame_reader_finish(&r);
    free(in);
}

Test(frame, a_close_frame_is_cut_between_characters)
{
    uint8_t out[FRAME_HEAD_MAX + FRAME_CONTROL_MAX];
    char reason[200];
    memset(reason, 'x', sizeof reason);
    memcpy(reason + 122, "\xc3\xa4", 3);
    size_t size = frame_close(out, CODE_POLICY, reason);
    cr_expect_eq(size, 2u + 2 + 122);
    cr_expect_eq(out[1], 2 + 122);
    cr_expect_eq(out[2] << 8 | out[3], 1008);
    cr_expect_eq(frame_close(out, CODE_NO_CODE, "never"), 2u);
}

Test(frame, utf8_is_told_from_what_only_looks_like_it)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\xc3\xa4",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x8d\xba",
                                       "\xef\xbf\xbf",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\xaf",
                                      "\xc3",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xe2\x82",
                                      "a\xff"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_expect(frame_utf8((const uint8_t *)good[i], strlen(good[i])), "good %zu", i);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(frame_utf8((const uint8_t *)bad[i], strlen(bad[i])), "bad %zu", i);
    }
}

/* Any bytes: no crash, no message beyond the limit, and always a way on. */
Test(frame, random_bytes_are_read_or_refused)
{
    uint64_t seed = 88172645463325252u;
    for (int round = 0; round < 20000; round++) {
        uint8_t in[48];
        frame_reader r = {.bytes = NULL};
        frame_found found;
        size_t at = 0, used = 0;
        frame_step step = FRAME_QUIET;
        for (size_t i = 0; i < sizeof in; i++) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            in[i] = (uint8_t)(seed >> 32);
            in[i] = i % 8 == 0 ? in[i] & 0x8f : i % 8 == 1 ? (in[i] & 7) | 128 : in[i];
        }
        while (step != FRAME_MORE && step != FRAME_BAD) {
            step = frame_read(&r, in + at, sizeof in - at, &used, &found);
            at += used;
            if (step == FRAME_MESSAGE) {
                frame_reader_clear(&r);
            }
        }
        cr_assert_leq(at, sizeof in);
        frame_reader_finish(&r);
    }
}
