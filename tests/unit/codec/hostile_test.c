/* What peers may send: lies about counts, broken text, endless nesting, noise. */
#include "tests/unit/codec/sample.h"
#include "tests/unit/record_fill.h"
#include "tests/unit/test.h"

#include <stdlib.h>

#define BYTES(text) ((cogo_value){(const uint8_t *)(text), sizeof(text) - 1})

/* Decodes into an arena of its own. The error's two texts as "pointer: detail", "" when fine.
 */
static const char *verdict(const cogo_record *type, cogo_value bytes, uint32_t flags)
{
    static char text[512];
    cogo_record_error error = {0};
    const void *record = NULL;
    cogo_arena arena;
    cogo_arena_init(&arena, 1 << 20);
    // A copy of exactly this size: the sanitizer sees a read beyond the end.
    uint8_t *copy = malloc(bytes.size_bytes + 1);
    for (size_t i = 0; i < bytes.size_bytes; i++) {
        copy[1 + i] = bytes.data[i];
    }
    cogo_err err = cogo_record_decode(type, (cogo_value){copy + 1, bytes.size_bytes}, flags,
                                      &arena, &record, &error);
    free(copy);
    if (err == COGO_OK && cogo_record_check(type, record, NULL) != COGO_OK) {
        (void)snprintf(text, sizeof text, "decoded, but the check refuses it");
    } else {
        (void)snprintf(text, sizeof text, "%s%s%s", error.pointer, err == COGO_OK ? "" : ": ",
                       error.detail);
    }
    cogo_arena_finish(&arena);
    return text;
}

static const char *strict(cogo_value bytes)
{
    return verdict(&sample_record, bytes, COGO_RECORD_STRICT);
}

Test(hostile, every_error_names_its_field_and_what_was_expected)
{
    cr_expect_str_eq(strict(BYTES("\x80")), "/title: is required");
    cr_expect_str_eq(strict(BYTES("\x81\xa5title\xc0")), "/title: is required");
    cr_expect_str_eq(strict(BYTES("\x81\xa5title\x05")),
                     "/title: expected a string, got an integer");
    cr_expect_str_eq(strict(BYTES("\x81\xa6number\xa1x")),
                     "/number: expected an integer, got a string");
    cr_expect_str_eq(strict(BYTES("\x81\xa6number\xcd\x03\xe9")),
                     "/number: must be -5 to 1000, got 1001");
    cr_expect_str_eq(strict(BYTES("\x81\xa6number\xcf\xff\xff\xff\xff\xff\xff\xff\xff")),
                     "/number: expected an integer, got an integer beyond 64 bits with sign");
    cr_expect_str_eq(strict(BYTES("\x81\xa5ratio\x02")), "/ratio: must be 0 to 1, got 2");
    cr_expect_str_eq(strict(BYTES("\x81\xa5ratio\xcb\x7f\xf8\0\0\0\0\0\0")),
                     "/ratio: must be a finite number");
    cr_expect_str_eq(strict(BYTES("\x81\xa4"
                                  "flag\x01")),
                     "/flag: expected true or false, got an integer");
    cr_expect_str_eq(strict(BYTES("\x81\xa6"
                                  "colour\xa4"
                                  "pink")),
                     "/colour: expected one of red, green, blue");
    cr_expect_str_eq(strict(BYTES("\x81\xa2"
                                  "at\xa3now")),
                     "/at: expected a time such as 2026-11-22T17:05:03.123Z");
    cr_expect_str_eq(strict(BYTES("\x81\xa4tags\x92\xa1x\x02")),
                     "/tags/1: expected a string, got an integer");
    cr_expect_str_eq(strict(BYTES("\x81\xa4tags\x95\xa0\xa0\xa0\xa0\xa0")),
                     "/tags: must have 0 to 4 elements, got 5");
    cr_expect_str_eq(strict(BYTES("\x81\xa5parts\x92\x81\xa4name\xa1x\x81\xa4name\xa0")),
                     "/parts/1/name: must have 1 to 16 bytes, got 0");
    cr_expect_str_eq(strict(BYTES("\x81\xa8mainPart\x80")), "/mainPart/name: is required");
    cr_expect_str_eq(strict(BYTES("\xc0")), ": expected an object, got null");
    cr_expect_str_eq(strict(BYTES("\x81\x01\x01")),
                     ": expected a string as key, got an integer");
    cr_expect_str_eq(strict(BYTES("\x81\xa5title\xa1x\xc0")), ": has bytes after its end");
    cr_expect_str_eq(strict((cogo_value){0}), ": the bytes end where a value should be");
}

Test(hostile, unknown_and_server_filled_fields_are_refused_only_when_strict)
{
    cogo_value unknown = BYTES("\x82\xa5title\xa1x\xa3"
                               "a/~\x93\x01\x02\x80");
    cr_expect_str_eq(strict(unknown), "/a~1~0: is not a field of Sample");
    cr_expect_str_eq(verdict(&sample_record, unknown, 0), "");
    cogo_value output = BYTES("\x82\xa5title\xa1x\xaaserverOnly\xa1x");
    cr_expect_str_eq(strict(output),
                     "/serverOnly: is filled by the server and must not be given");
    cr_expect_str_eq(verdict(&sample_record, output, 0), "");
}

Test(hostile, a_field_given_twice_is_refused)
{
    cogo_value twice = BYTES("\x82\xa5title\xa1x\xa5title\xa1y");
    cr_expect_str_eq(strict(twice), "/title: is given twice");
    cr_expect_str_eq(verdict(&sample_record, twice, 0), "/title: is given twice");
    cr_expect_str_eq(strict(BYTES("\x82\xa5title\xc0\xa5title\xa1y")),
                     "/title: is given twice");
}

Test(hostile, text_must_be_utf8_without_nul)
{
    static const char *const bad[] = {"\xff",         "\xc0\x80",     "\xc1\xbf",
                                      "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xc3",         "\xe2\x82",     "12345678\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t bytes[32] = "\x81\xa5title";
        size_t size = strlen(bad[i]);
        bytes[7] = (uint8_t)(0xa0 | size);
        memcpy(bytes + 8, bad[i], size);
        cr_expect_str_eq(strict((cogo_value){bytes, 8 + size}), "/title: must be UTF-8");
    }
    cr_expect_str_eq(strict(BYTES("\x81\xa5title\xa3"
                                  "a\0b")),
                     "/title: must not contain a NUL character");
    cr_expect_str_eq(strict(BYTES("\x81\xa5title\xa4\xf0\x9f\x98\x80")), "");
}

Test(hostile, values_are_what_json_can_say)
{
    cr_expect_str_eq(strict(BYTES("\x81\xa3"
                                  "any\x81\x01\x01")),
                     "/any: a key that is not a string");
    cr_expect_str_eq(strict(BYTES("\x81\xa3"
                                  "any\xd4\x01\x01")),
                     "/any: an extension type, which no field may have");
    cr_expect_str_eq(strict(BYTES("\x81\xa3"
                                  "any\x91\xa1\xff")),
                     "/any: text that is not UTF-8");
    cr_expect_str_eq(strict(BYTES("\x81\xa3"
                                  "any\xc1")),
                     "/any: a byte that MessagePack never uses");
}

/* A frame of 155 bytes once made an unpacker reserve 62 GiB. */
Test(hostile, counts_beyond_the_bytes_are_refused_before_memory_is_taken)
{
    static const char lie[] =
        "/any: a list or map has more elements than the bytes that are left";
    cr_expect_str_eq(strict(BYTES("\x81\xa3"
                                  "any\xdd\xff\xff\xff\xff")),
                     lie);
    cr_expect_str_eq(strict(BYTES("\x81\xa3"
                                  "any\xdf\0\0\0\x02\xa0\xa0\xa0")),
                     lie);
    cr_expect_str_eq(strict(BYTES("\x81\xa3"
                                  "any\xdb\x7f\xff\xff\xff")),
                     "/any: a string is longer than the bytes that are left");
    cr_expect_str_eq(strict(BYTES("\x81\xa5parts\x93\x80\x80\x80")),
                     "/parts: has elements without their required fields");
    uint8_t bomb[155];
    memset(bomb, 0xff, sizeof bomb);
    memcpy(bomb,
           "\x81\xa3"
           "any",
           5);
    for (size_t i = 5; i + 5 <= sizeof bomb; i += 5) {
        memcpy(bomb + i, "\xdd\0\0\0\x64", 5);
    }
    cr_expect_neq(strcmp(strict((cogo_value){bomb, sizeof bomb}), ""), 0);
}

/* {"title": "x", "any": [[...]]} with @p depth lists. */
static const char *nested_value(size_t depth)
{
    uint8_t bytes[200] = "\x82\xa5title\xa1x\xa3"
                         "any";
    size_t size = 13;
    for (size_t i = 1; i < depth; i++) {
        bytes[size++] = 0x91;
    }
    bytes[size++] = 0x90;
    return strict((cogo_value){bytes, size});
}

static const char *nested_record(size_t depth, bool in_lists)
{
    uint8_t bytes[400];
    size_t size = 0;
    for (size_t i = 1; i < depth; i++) {
        memcpy(bytes + size, in_lists ? "\x81\xa1l\x91" : "\x81\xa1n", 4);
        size += in_lists ? 4 : 3;
    }
    bytes[size++] = 0x80;
    return verdict(&nest_record, (cogo_value){bytes, size}, 0);
}

Test(hostile, nesting_ends_at_the_depth_limit)
{
    cr_expect_str_eq(nested_value(COGO_RECORD_DEPTH_MAX), "");
    cr_expect_str_eq(nested_value(COGO_RECORD_DEPTH_MAX + 1),
                     "/any: lists and maps are nested too deeply");
    cr_expect_str_eq(nested_record(COGO_RECORD_DEPTH_MAX, false), "");
    cr_expect_str_eq(nested_record(COGO_RECORD_DEPTH_MAX, true), "");
    cr_expect_not_null(strstr(nested_record(COGO_RECORD_DEPTH_MAX + 1, false), "too deeply"));
    cr_expect_not_null(strstr(nested_record(COGO_RECORD_DEPTH_MAX + 1, true), "too deeply"));
}

Test(hostile, a_record_cut_off_at_any_byte_is_refused)
{
    cogo_arena arena = {0};
    uint64_t seed = 3;
    cogo_value bytes;
    const void *record = record_fill(&sample_record, &arena, &seed);
    cr_assert_eq(cogo_record_encode(&sample_record, record, &arena, &bytes), COGO_OK);
    cr_expect_str_eq(verdict(&sample_record, bytes, 0), "");
    for (size_t size = 0; size < bytes.size_bytes; size++) {
        cr_expect_neq(strcmp(verdict(&sample_record, (cogo_value){bytes.data, size}, 0), ""),
                      0);
    }
    cogo_arena_finish(&arena);
}

/* Seed fixed: a failure is found again by running the test again. */
Test(hostile, random_changes_never_break_the_decoder)
{
    enum { ROUNDS = 200000 };
    cogo_arena arena = {0};
    uint64_t seed = 11;
    cogo_value bytes;
    const void *record = record_fill(&sample_record, &arena, &seed);
    cr_assert_eq(cogo_record_encode(&sample_record, record, &arena, &bytes), COGO_OK);
    uint8_t *changed = cogo_arena_alloc(&arena, bytes.size_bytes);
    int decoded = 0;
    for (int round = 0; round < ROUNDS; round++) {
        memcpy(changed, bytes.data, bytes.size_bytes);
        for (uint64_t i = 0; i <= seed >> 62; i++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            changed[(seed >> 33) % bytes.size_bytes] = (uint8_t)(seed >> 24);
        }
        const char *text = verdict(&sample_record, (cogo_value){changed, bytes.size_bytes}, 0);
        decoded += text[0] == '\0';
        cr_assert_neq(text[0], 'd'); // "decoded, but the check refuses it"
    }
    cr_expect_gt(decoded, ROUNDS / 100); // Some changes only make other text.
    cr_expect_lt(decoded, ROUNDS);
    cogo_arena_finish(&arena);
}
