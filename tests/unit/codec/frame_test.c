/* Frames: golden bytes, limits, what newer and hostile peers send. */
#include "codec/frame.h"
#include "codec/frame_table.h"
#include "codec/frame_user.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KINDS (sizeof kinds / sizeof kinds[0])
static const uint32_t kinds[] = {
#define X(name, number, type) number,
    COGO__FRAME_MAP(X)
#undef X
};

static char filler[COGO__FRAME_PAYLOAD_MAX];

/* Every field of @p frame at its limit. */
static void fill(cogo__frame *frame, uint32_t kind, bool most)
{
    memset(filler, 'x', sizeof filler);
    *frame = (cogo__frame){.kind = kind};
    const cogo__frame_layout *layout = cogo__frame_layout_of(kind);
    for (size_t i = 0; i < layout->count; i++) {
        const cogo__frame_field *field = &layout->fields[i];
        uint64_t value = most ? field->max : field->min;
        cogo_value bytes = {(const uint8_t *)filler, (size_t)value};
        void *at = (char *)frame + field->offset;
        if (field->kind == COGO__FRAME_UINT) {
            memcpy(at, &value, sizeof value);
        } else {
            memcpy(at, &bytes, sizeof bytes);
        }
    }
}

static bool same(const cogo__frame *a, const cogo__frame *b)
{
    const cogo__frame_layout *layout = cogo__frame_layout_of(a->kind);
    bool equal = a->kind == b->kind;
    for (size_t i = 0; i < layout->count; i++) {
        const cogo__frame_field *field = &layout->fields[i];
        const char *x = (const char *)a + field->offset, *y = (const char *)b + field->offset;
        cogo_value v, w;
        if (field->kind == COGO__FRAME_UINT) {
            equal = equal && memcmp(x, y, sizeof(uint64_t)) == 0;
        } else {
            memcpy(&v, x, sizeof v);
            memcpy(&w, y, sizeof w);
            equal = equal && v.size_bytes == w.size_bytes
                    && (v.size_bytes == 0 || memcmp(v.data, w.data, v.size_bytes) == 0);
        }
    }
    return equal;
}

static void hex_of(const uint8_t *bytes, size_t size, char *out)
{
    for (size_t i = 0; i < size; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 65536);
    if (file != NULL && text != NULL) {
        size_t got = fread(text, 1, 65535, file);
        text[got] = '\0';
        (void)fclose(file);
    }
    return text;
}

static cogo_value text(const char *chars)
{
    return (cogo_value){(const uint8_t *)chars, strlen(chars)};
}

Test(frame, golden_bytes_stay_as_the_document_shows_them)
{
    const cogo__frame golden[] = {
        {.kind = COGO__FRAME_HELLO,
         .hello = {1, 1, 0x1122334455667788, 0, 1, text("0123456789abcdef0123456789abcdef"),
                   text("cogo-0"), text("prod")}},
        {.kind = COGO__FRAME_WELCOME, .welcome = {1048576, 1000}},
        {.kind = COGO__FRAME_TYPE, .type = {300, 1, 0xfeedULL, text("task.offer")}},
        {.kind = COGO__FRAME_USER,
         .user = {.to = 0x100000007, .from = 0x200000009, .type = 300, .payload = text("hi")}},
        {.kind = COGO__FRAME_USER,
         .user = {.to = 0x100000007,
                  .type = 1,
                  .ask = 5,
                  .trace = 6,
                  .asker = text("cogo-2"),
                  .asker_incarnation = 3}},
        {.kind = COGO__FRAME_PART, .part = {9, text("tail")}},
        {.kind = COGO__FRAME_MONITOR, .link = {0x200000009, 0x100000007, 77}},
        {.kind = COGO__FRAME_DOWN,
         .exit = {0x100000007, 0x200000009, 77, 3, 1, text("out of memory")}},
        {.kind = COGO__FRAME_FORGET, .link = {0x200000009, 0x100000007, 78}},
        {.kind = COGO__FRAME_SPAWN,
         .spawn = {.request = 5,
                   .from = 0x200000009,
                   .flags = 1,
                   .behavior = text("worker"),
                   .args = text("7")}},
        {.kind = COGO__FRAME_SPAWNED, .spawned = {5, 0, 0x100000007, 79}},
        {.kind = COGO__FRAME_JOIN, .group = {0x100000007, text("app"), text("workers"), 0}},
        {.kind = COGO__FRAME_JOIN, .group = {0x100000007, text("\x01topic"), text("a/*"), 300}},
        {.kind = COGO__FRAME_LEAVE, .group = {0x100000007, text("app"), text("workers"), 0}},
        {.kind = COGO__FRAME_PING, .ping = {1, 1000000, 0}},
        {.kind = COGO__FRAME_CREDIT, .credit = {1, 524288}},
        {.kind = COGO__FRAME_PROBE, .probe = {7, 0, text("cogo-1"), 5}},
        {.kind = COGO__FRAME_MEMBER,
         .member = {1, 0x1122334455667788, 2, text("cogo-0"), text("10.0.0.1:7400")}},
        {.kind = COGO__FRAME_CLAIM, .claim = {3, 2, 10000, 0, text("leader")}},
        {.kind = COGO__FRAME_CLAIMED, .claimed = {3, 1, 2, text("leader")}},
        {.kind = COGO__FRAME_HELD, .held = {2, 0x100000007, 10000, text("leader")}},
    };
    char *document = read_file("codec/WIRE.md"); // Run from the root of the tree.
    cr_assert_not_null(document);
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        uint8_t bytes[512];
        char hex[1100] = "";
        size_t size = cogo__frame_encode(&golden[i], NULL, bytes, sizeof bytes);
        hex_of(bytes, size, hex);
        cr_expect(size > 0 && strstr(document, hex) != NULL, "%s is %s",
                  cogo__frame_name(golden[i].kind), hex);
    }
    free(document);
}

/* One line of the document's table for each kind, with the same fields and limits. */
Test(frame, the_document_names_every_field)
{
    char *document = read_file("codec/WIRE.md");
    cr_assert_not_null(document);
    for (size_t k = 0; k < KINDS; k++) {
        const cogo__frame_layout *layout = cogo__frame_layout_of(kinds[k]);
        char line[1024];
        int at = snprintf(line, sizeof line, "| %u | %s | ", layout->kind, layout->name);
        for (size_t i = 0; i < layout->count; i++) {
            const cogo__frame_field *f = &layout->fields[i];
            size_t left = sizeof line - (size_t)at;
            const char *comma = i + 1 < layout->count ? ", " : " |";
            if (f->kind != COGO__FRAME_UINT) {
                at += snprintf(line + at, left, "%s %s %llu..%llu%s", f->name,
                               f->kind == COGO__FRAME_TEXT ? "text" : "bytes",
                               (unsigned long long)f->min, (unsigned long long)f->max, comma);
            } else if (f->max == UINT64_MAX) {
                at += snprintf(line + at, left, "%s uint%s", f->name, comma);
            } else if (f->max == UINT32_MAX) {
                at += snprintf(line + at, left, "%s uint32%s", f->name, comma);
            } else {
                at += snprintf(line + at, left, "%s uint <= %llu%s", f->name,
                               (unsigned long long)f->max, comma);
            }
        }
        cr_expect(strstr(document, line) != NULL, "missing in codec/WIRE.md: %s", line);
    }
    free(document);
}

Test(frame, every_kind_comes_back_as_it_was_at_both_limits)
{
    for (size_t k = 0; k < 2 * KINDS; k++) {
        cogo__frame frame, back;
        fill(&frame, kinds[k / 2], k % 2 == 1);
        size_t bound = cogo__frame_bound(&frame), size, whole;
        uint8_t *bytes = malloc(bound);
        cr_assert_not_null(bytes);
        size = cogo__frame_encode(&frame, NULL, bytes, bound);
        cr_expect(size > COGO__FRAME_PREFIX && size <= bound, "%s",
                  cogo__frame_name(frame.kind));
        cr_expect_eq(cogo__frame_measure(bytes, size, COGO__FRAME_BYTES_MAX, &whole),
                     COGO__FRAME_READY);
        cr_expect_eq(whole, size);
        const char *wrong =
            cogo__frame_decode(bytes + COGO__FRAME_PREFIX, size - COGO__FRAME_PREFIX, &back);
        cr_expect(wrong == NULL, "%s: %s", cogo__frame_name(frame.kind), wrong);
        cr_expect(same(&frame, &back), "%s", cogo__frame_name(frame.kind));
        free(bytes);
    }
}

Test(frame, a_loose_payload_gives_the_same_bytes)
{
    cogo__frame frame = {.kind = COGO__FRAME_USER,
                         .user = {.to = 7, .type = 1, .payload = text("a large payload")}};
    uint8_t whole[128], head[128];
    size_t size = cogo__frame_encode(&frame, NULL, whole, sizeof whole);
    size_t less = cogo__frame_encode(&frame, &frame.user.payload, head, sizeof head);
    cr_expect_eq(size, less + frame.user.payload.size_bytes);
    cr_expect(memcmp(whole, head, less) == 0);
    frame.user.asker = text("another-node"); // Now it is not the last field.
    cr_expect_eq(cogo__frame_encode(&frame, &frame.user.payload, head, sizeof head), 0u);
}

/* Once all but some of its payload is there, and not before. */
Test(frame, a_user_frame_that_has_begun_tells_what_is_missing)
{
    cogo__frame frame = {
        .kind = COGO__FRAME_USER,
        .user = {.to = 7, .from = 1u << 31, .type = 300, .payload = text("a large payload")}};
    uint8_t bytes[128], other[128];
    size_t size = cogo__frame_encode(&frame, NULL, bytes, sizeof bytes);
    size_t head = size - frame.user.payload.size_bytes;
    cogo__frame_user begun;
    for (size_t have = 0; have <= size; have++) {
        cr_expect_eq(cogo__frame_user_begins(bytes, have, &begun), have >= head);
        if (have >= head) {
            cr_expect_eq(begun.to, 7u);
            cr_expect_eq(begun.type, 300u);
            cr_expect_eq(begun.payload.size_bytes, frame.user.payload.size_bytes);
            cr_expect(begun.payload.data == bytes + head);
        }
    }
    cr_expect_not(cogo__frame_user_begins(bytes, size + 1, &begun), "another follows");
    frame.user.asker = text("x"); // Fields after the payload.
    size = cogo__frame_encode(&frame, NULL, other, sizeof other);
    cr_expect_not(cogo__frame_user_begins(other, size - 4, &begun));
    bytes[3]++; // Longer than its payload says.
    cr_expect_not(cogo__frame_user_begins(bytes, head + 2, &begun));
    memset(bytes, 0xff, COGO__FRAME_PREFIX);
    cr_expect_not(cogo__frame_user_begins(bytes, head + 2, &begun));
}

Test(frame, what_breaks_a_limit_is_never_written)
{
    cogo__frame frame = {.kind = COGO__FRAME_PROOF};
    uint8_t bytes[256];
    frame.proof.proof = (cogo_value){(const uint8_t *)filler, COGO__PROOF_BYTES + 1};
    cr_expect_eq(cogo__frame_encode(&frame, NULL, bytes, sizeof bytes), 0u);
    frame.proof.proof.size_bytes = COGO__PROOF_BYTES;
    cr_expect(cogo__frame_encode(&frame, NULL, bytes, sizeof bytes) > 0);
    cr_expect_eq(cogo__frame_encode(&frame, NULL, bytes, 20), 0u, "too little room");
    frame.kind = 12;
    cr_expect_eq(cogo__frame_encode(&frame, NULL, bytes, sizeof bytes), 0u);
    cr_expect_eq(cogo__frame_bound(&frame), 0u);
}

static const char *decode(const char *bytes, size_t size, cogo__frame *out)
{
    return cogo__frame_decode((const uint8_t *)bytes, size, out);
}
#define DECODE(bytes) decode(bytes, sizeof bytes - 1, &frame)

/* A peer of a later release says more than we know. */
Test(frame, newer_fields_and_optional_kinds_are_stepped_over)
{
    cogo__frame frame;
    cr_expect_null(DECODE("\x97\x30\x01\x02\x00\x00\xa3new\x92\x01\x02"));
    cr_expect_eq(frame.ping.number, 1u);
    cr_expect_eq(frame.ping.sent_ns, 2u);
    cr_expect_null(DECODE("\x92\x40\xa3new"));
    cr_expect_eq(frame.kind, 64u);
    cr_expect_not_null(DECODE("\x92\x3f\xa3new"), "63 may not be ignored");
    cr_expect_not_null(DECODE("\x92\x40\x91\x91\x91\x91\x91\x01"), "nested too deeply");
    char many[64] = {(char)0xdc, 0, 40, 0x40};
    cr_expect_not_null(decode(many, 3 + 40, &frame), "more fields than are stepped over");
}

Test(frame, lies_are_refused_with_a_reason)
{
    cogo__frame frame;
    cr_expect_not_null(DECODE(""));
    cr_expect_not_null(DECODE("\x90"), "no kind");
    cr_expect_not_null(DECODE("\x01"), "no list");
    cr_expect_not_null(DECODE("\x91\xff"), "a negative kind");
    cr_expect_not_null(DECODE("\x91\xa4PING"), "a kind in words");
    cr_expect_not_null(DECODE("\x92\x30\xff"), "a negative number");
    cr_expect_not_null(DECODE("\x92\x30\xc0"), "nil for a number");
    cr_expect_not_null(DECODE("\x92\x30\x01\x02"), "bytes after the frame");
    cr_expect_not_null(DECODE("\xdd\xff\xff\xff\xff\x30"), "four billion fields");
    cr_expect_not_null(DECODE("\x93\x13\x01\xc6\xff\xff\xff\xff"), "four billion bytes");
    cr_expect_not_null(DECODE("\x92\x13\x01"), "PART without its bytes");
    cr_expect_not_null(DECODE("\x93\x05\x01\xa1\xff"), "text that is not UTF-8");
    cr_expect_not_null(DECODE("\x93\x05\x01\xc4\x01x"), "bytes for text");
    cr_expect_not_null(DECODE("\x94\x33\x01\x02\xa1n"), "alive is 0 or 1");
}

Test(frame, a_prefix_is_judged_before_its_frame_is_there)
{
    const uint8_t bytes[] = {0, 0, 1, 0, 0x91};
    size_t size = 0;
    cr_expect_eq(cogo__frame_measure(bytes, 3, 4096, &size), COGO__FRAME_SHORT);
    cr_expect_eq(cogo__frame_measure(bytes, 5, 4096, &size), COGO__FRAME_SHORT);
    cr_expect_eq(size, 260u);
    cr_expect_eq(cogo__frame_measure(bytes, 5, 255, &size), COGO__FRAME_BROKEN);
    cr_expect_eq(cogo__frame_measure((const uint8_t[4]){0}, 4, 4096, &size),
                 COGO__FRAME_BROKEN);
    cr_expect_eq(cogo__frame_measure((const uint8_t[4]){255, 255, 255, 255}, 4, 4096, &size),
                 COGO__FRAME_BROKEN);
}

/* A program that says nearly all in USER frames gets them from shorter code than other frames;
 * a peer must not be able to tell. */
Test(frame, user_frames_are_the_same_by_the_short_way_and_by_the_table)
{
    static const uint64_t words[] = {0,          1,          127,        128,
                                     255,        256,        65535,      65536,
                                     UINT32_MAX, 1ull << 32, UINT64_MAX, UINT64_MAX / 3};
    static const size_t sizes[] = {1, 31, 32, 255, 256, 65535, 65536};
    enum { WORDS = sizeof words / sizeof *words, SIZES = sizeof sizes / sizeof *sizes };
    static uint8_t plain[COGO__FRAME_BYTES_MAX + 4], table[COGO__FRAME_BYTES_MAX + 4];
    memset(filler, 'x', sizeof filler);
    for (unsigned i = 0; i < WORDS * SIZES * 3; i++) {
        cogo__frame frame = {.kind = COGO__FRAME_USER}, back;
        frame.user = (cogo__frame_user){
            .to = words[i % WORDS],
            .from = words[i / 2 % WORDS],
            .type = words[i / 3 % 9],
            .ask = words[i / 5 % WORDS],
            .trace = words[i / 7 % WORDS],
            .payload = {(const uint8_t *)filler, sizes[i % SIZES]},
        };
        size_t size = sizes[i % SIZES];
        size_t written = cogo__frame_encode(&frame, NULL, plain, sizeof plain);
        size_t head = cogo__frame_encode(&frame, &frame.user.payload, table, sizeof table);
        cr_assert(head != 0 && written == head + size, "%u: %zu %zu", i, written, head);
        cr_expect_eq(memcmp(plain, table, head), 0, "%u", i);
        cr_expect_null(cogo__frame_decode(plain + 4, written - 4, &back));
        cr_expect(same(&frame, &back), "%u", i);
        // A list head that is longer than needed leads to the table.
        plain[0] = 0xdc;
        plain[1] = 0;
        plain[2] = 7;
        memmove(plain + 3, plain + 5, written - 5);
        cr_expect_null(cogo__frame_decode(plain, written - 2, &back));
        cr_expect(same(&frame, &back), "%u", i);
        // Cut short anywhere it is refused, as by the table.
        cr_expect_not_null(cogo__frame_decode(table + 4, head - 4, &back));
    }
    cogo__frame wide = {.kind = COGO__FRAME_USER};
    wide.user.type = UINT64_MAX;
    wide.user.payload = text("x");
    cr_expect_eq(cogo__frame_encode(&wide, NULL, plain, sizeof plain), 0u);
}
