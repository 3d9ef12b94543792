#include "tests/unit/codec/sample.h"
#include "tests/unit/record_fill.h"
#include "tests/unit/test.h"

#include <stdlib.h>

static sample *filled(cogo_arena *arena)
{
    uint64_t seed = 7;
    sample *it = record_fill(&sample_record, arena, &seed);
    return it;
}

Test(record, a_filled_record_survives_messagepack)
{
    cogo_arena arena = {0};
    const sample *before = filled(&arena);
    cogo_value bytes;
    const void *after;
    cogo_record_error error;
    cr_assert_eq(cogo_record_encode(&sample_record, before, &arena, &bytes), COGO_OK);
    cr_assert_eq(cogo_record_decode(&sample_record, bytes, 0, &arena, &after, &error), COGO_OK);
    cr_expect_null(record_difference(&sample_record, before, after));
    cogo_arena_finish(&arena);
}

Test(record, an_empty_record_survives_messagepack)
{
    cogo_arena arena = {0};
    const sample before = {.title = "", .colour = -1};
    cogo_value bytes;
    const void *after;
    cr_assert_eq(cogo_record_encode(&sample_record, &before, &arena, &bytes), COGO_OK);
    cr_assert_eq(
        cogo_record_decode(&sample_record, bytes, COGO_RECORD_STRICT, &arena, &after, NULL),
        COGO_OK);
    cr_expect_null(record_difference(&sample_record, &before, after));
    cogo_arena_finish(&arena);
}

/* The wire is a promise to other programs: these bytes must not change. */
Test(record, the_bytes_of_a_record_are_these)
{
    cogo_arena arena = {0};
    static const uint8_t one[] = {0x01};
    const part item = {.name = "p", .count = -2};
    const char *const tags[] = {"t"};
    const sample record = {.title = "hi",
                           .number = 300,
                           .ratio = 0.5,
                           .flag = true,
                           .colour = 2,
                           .at = INT64_C(1795367103123),
                           .any = {one, sizeof one},
                           .tags = {tags, 1},
                           .parts = {&item, 1}};
    static const char golden[] = "\x8a\xa5title\xa2hi\xa6number\xcd\x01\x2c"
                                 "\xa5ratio\xcb\x3f\xe0\0\0\0\0\0\0\xa4"
                                 "flag\xc3\xa6"
                                 "colour\xa4"
                                 "blue\xa2"
                                 "at\xb8"
                                 "2026-11-22T17:05:03.123Z\xa3"
                                 "any\x01\xa4tags\x91\xa1t\xa5parts\x91\x82\xa4name\xa1p"
                                 "\xa5"
                                 "count\xfe\xa8nullable\xc0";
    cogo_value bytes;
    cr_assert_eq(cogo_record_encode(&sample_record, &record, &arena, &bytes), COGO_OK);
    // Ten fields and the null that is kept; the absent mainPart and serverOnly are left out.
    cr_assert_eq(bytes.data[0], 0x8a);
    cr_assert_eq(bytes.size_bytes, sizeof golden - 1);
    cr_expect_eq(memcmp(bytes.data, golden, bytes.size_bytes), 0);
    cogo_arena_finish(&arena);
}

Test(record, a_flat_copy_is_equal_and_needs_nothing_else)
{
    cogo_arena arena = {0};
    const sample *before = filled(&arena);
    size_t size = cogo_record_flat_size(&sample_record, before);
    uint8_t *block = malloc(size); // Exactly: the sanitizer sees one byte too many.
    cr_assert_not_null(block);
    cogo_record_flatten(&sample_record, before, block);
    cr_expect_null(record_difference(&sample_record, before, block));
    const sample *copy = (const sample *)(const void *)block;
    cr_expect((const uint8_t *)copy->title > block
              && (const uint8_t *)copy->title < block + size);
    cogo_arena_finish(&arena); // The original is gone.
    cr_expect_eq(strncmp(copy->title, "text", 4), 0);
    cr_expect_eq(cogo_record_check(&sample_record, copy, NULL), COGO_OK);
    free(block);
}

Test(record, lists_without_elements_flatten_to_nothing)
{
    const sample record = {.title = NULL, .colour = -1};
    sample copy;
    cr_assert_eq(cogo_record_flat_size(&sample_record, &record), sizeof record);
    cogo_record_flatten(&sample_record, &record, &copy);
    cr_expect_null(copy.title);
    cr_expect_eq(copy.tags.count, 0u);
}

Test(record, encoding_refuses_what_decoding_would_refuse)
{
    cogo_arena arena = {0};
    cogo_value bytes;
    static const uint8_t broken[] = {0x92, 0x01};
    const sample bad[] = {
        {.title = NULL, .colour = -1},
        {.title = "x", .colour = 3},
        {.title = "x", .colour = -1, .number = 1001},
        {.title = "\xff", .colour = -1},
        {.title = "x", .colour = -1, .at = INT64_MAX},
        {.title = "x", .colour = -1, .ratio = 1e300},
        {.title = "x", .colour = -1, .any = {broken, sizeof broken}},
        {.title = "x", .colour = -1, .parts = {&(const part){.name = ""}, 1}},
        {.title = "x", .colour = -1, .tags = {(const char *const[]){NULL}, 1}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(cogo_record_encode(&sample_record, &bad[i], &arena, &bytes), COGO_EINVAL);
    }
    cogo_arena_finish(&arena);
}

Test(record, a_limit_of_the_arena_is_an_error_not_a_crash)
{
    cogo_arena arena = {0};
    const sample *before = filled(&arena);
    cogo_value bytes;
    cr_assert_eq(cogo_record_encode(&sample_record, before, &arena, &bytes), COGO_OK);
    for (size_t limit = 16;; limit += 16) {
        cogo_arena small;
        cogo_arena_init(&small, limit);
        const void *after = NULL;
        cogo_err err = cogo_record_decode(&sample_record, bytes, 0, &small, &after, NULL);
        cogo_arena_finish(&small);
        if (err == COGO_OK) {
            cr_expect_gt(limit, sizeof(sample));
            break;
        }
        cr_assert_eq(err, COGO_ENOMEM);
    }
    cogo_arena tiny;
    cogo_arena_init(&tiny, 16);
    cr_expect_eq(cogo_record_encode(&sample_record, before, &tiny, &bytes), COGO_ENOMEM);
    cogo_arena_finish(&tiny);
    cogo_arena_finish(&arena);
}

Test(record, the_hash_changes_with_names_and_kinds)
{
    cogo_field fields[2];
    memcpy(fields, part_fields, sizeof fields);
    cogo_record other = part_record;
    other.fields = fields;
    cr_expect_eq(cogo_record_hash(&other), cogo_record_hash(&part_record));
    fields[1].kind = COGO_FIELD_DOUBLE;
    cr_expect_neq(cogo_record_hash(&other), cogo_record_hash(&part_record));
    fields[1].kind = COGO_FIELD_INT;
    fields[1].name = "counts";
    cr_expect_neq(cogo_record_hash(&other), cogo_record_hash(&part_record));
    cr_expect_neq(cogo_record_hash(&nest_record), 0u); // Ends, though the type contains itself.
}
