/* Bodies in chunks, in any slices. */
#include "actors/gateway/chunks.h"
#include "tests/unit/test.h"

#include <string.h>

/* Feeds @p text @p slice bytes at a time; the body is at the front of @p out. */
static chunks_step feed(const char *text, size_t slice, int64_t limit, char out[4096],
                        chunks *c, size_t *out_size)
{
    size_t length = strlen(text), size = 0;
    chunks_step step = CHUNKS_MORE;
    memset(c, 0, sizeof *c);
    for (size_t at = 0; at < length && step == CHUNKS_MORE;) {
        size_t n = length - at < slice ? length - at : slice;
        memcpy(out + size, text + at, n);
        size += n;
        at += n;
        step = chunks_advance(c, out, &size, limit);
    }
    *out_size = size;
    return step;
}

Test(chunks, become_one_body_whatever_the_slices_are)
{
    static const char text[] =
        "5\r\nhello\r\n1;x=\"y\"\r\n \r\n0005 \r\nworld\r\n0\r\nA: b\r\n\r\n";
    for (size_t slice = 1; slice <= sizeof text; slice++) {
        char out[4096];
        chunks c;
        size_t size;
        cr_assert_eq(feed(text, slice, 11, out, &c, &size), CHUNKS_DONE, "%zu", slice);
        cr_expect_eq(c.decoded, 11u);
        cr_expect_eq(size, 11u);
        cr_expect_eq(memcmp(out, "hello world", 11), 0);
    }
}

Test(chunks, what_follows_stays)
{
    char out[4096];
    chunks c;
    size_t size;
    cr_expect_eq(feed("1\r\na\r\n0\r\n\r\nGET /", 4096, 10, out, &c, &size), CHUNKS_DONE);
    cr_expect_eq(c.decoded, 1u);
    cr_assert_eq(size, 6u);
    cr_expect_eq(memcmp(out, "aGET /", 6), 0);
}

Test(chunks, malformed_ones_are_refused_in_any_slices)
{
    static const char *const bad[] = {"\r\n",
                                      "g\r\n",
                                      "0x1\r\na\r\n",
                                      "-1\r\na\r\n",
                                      "+1\r\na\r\n",
                                      " 1\r\na\r\n",
                                      "1\na\r\n",
                                      "1\r\nab\r\n",
                                      "1\r\na\nx",
                                      "1 1\r\na\r\n",
                                      "1\r\na\r\nx\r\n",
                                      "0\r\nA: b\nC: d\r\n\r\n",
                                      "1000000000000000\r\n",
                                      "1;\x01\r\na\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (size_t slice = 1; slice < 20; slice += 6) {
            char out[4096];
            chunks c;
            size_t size;
            cr_expect_eq(feed(bad[i], slice, 1000, out, &c, &size), CHUNKS_BAD, "%zu", i);
        }
    }
}

Test(chunks, sizes_lines_and_trailers_have_limits)
{
    char out[16384], text[8192];
    chunks c;
    size_t size;
    cr_expect_eq(feed("3\r\nabc\r\n", 100, 2, out, &c, &size), CHUNKS_LARGE);
    cr_expect_eq(feed("2\r\nab\r\n1\r\nc\r\n", 100, 2, out, &c, &size), CHUNKS_LARGE);
    cr_expect_eq(feed("fffffffffffffff\r\n", 100, 2, out, &c, &size), CHUNKS_LARGE);
    memset(text, 'x', sizeof text);
    memcpy(text, "1;", 2);
    text[CHUNK_LINE_MAX + 10] = '\0';
    cr_expect_eq(feed(text, 50, 100, out, &c, &size), CHUNKS_BAD);
    memset(text, 'x', sizeof text);
    memcpy(text, "0\r\n", 3);
    text[CHUNK_TRAILERS_MAX + 100] = '\0';
    cr_expect_eq(feed(text, 64, 100, out, &c, &size), CHUNKS_BAD);
}
