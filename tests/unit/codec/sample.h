/* A record with a field of every kind, and an empty-handed one that nests itself.
 * Used by the tests of this folder.
 * Never part of a program. */
#ifndef TESTS_UNIT_CODEC_SAMPLE_H
#define TESTS_UNIT_CODEC_SAMPLE_H

#include <cogo/record.h>

typedef struct part {
    const char *name;
    int64_t count;
} part;

typedef struct sample {
    const char *title;
    int64_t number;
    double ratio;
    bool flag;
    int32_t colour;
    int64_t at;
    cogo_value any;
    cogo_strings tags;
    const part *main_part;
    cogo_records parts;
    const char *server_only;
    const char *nullable;
} sample;

typedef struct nest {
    const struct nest *inner;
    cogo_records list;
} nest;

static const char *const colour_names[] = {"red", "green", "blue", NULL};

static const cogo_field part_fields[] = {
    {.name = "name",
     .kind = COGO_FIELD_STRING,
     .flags = COGO_FIELD_REQUIRED,
     .offset_bytes = offsetof(part, name),
     .min = 1,
     .max = 16},
    {.name = "count", .kind = COGO_FIELD_INT, .offset_bytes = offsetof(part, count)},
};
static const cogo_record part_record = {.name = "Part",
                                        .version = 1,
                                        .size_bytes = sizeof(part),
                                        .fields = part_fields,
                                        .field_count = 2};

static const cogo_field sample_fields[] = {
    {.name = "title",
     .kind = COGO_FIELD_STRING,
     .flags = COGO_FIELD_REQUIRED,
     .offset_bytes = offsetof(sample, title)},
    {.name = "number",
     .kind = COGO_FIELD_INT,
     .offset_bytes = offsetof(sample, number),
     .min = -5,
     .max = 1000},
    {.name = "ratio",
     .kind = COGO_FIELD_DOUBLE,
     .offset_bytes = offsetof(sample, ratio),
     .max = 1},
    {.name = "flag", .kind = COGO_FIELD_BOOL, .offset_bytes = offsetof(sample, flag)},
    {.name = "colour",
     .kind = COGO_FIELD_ENUM,
     .offset_bytes = offsetof(sample, colour),
     .names = colour_names},
    {.name = "at", .kind = COGO_FIELD_TIME, .offset_bytes = offsetof(sample, at)},
    {.name = "any", .kind = COGO_FIELD_VALUE, .offset_bytes = offsetof(sample, any)},
    {.name = "tags",
     .kind = COGO_FIELD_STRINGS,
     .offset_bytes = offsetof(sample, tags),
     .max = 4},
    {.name = "mainPart",
     .kind = COGO_FIELD_RECORD,
     .offset_bytes = offsetof(sample, main_part),
     .record = &part_record},
    {.name = "parts",
     .kind = COGO_FIELD_RECORDS,
     .offset_bytes = offsetof(sample, parts),
     .record = &part_record},
    {.name = "serverOnly",
     .kind = COGO_FIELD_STRING,
     .flags = COGO_FIELD_OUTPUT,
     .offset_bytes = offsetof(sample, server_only)},
    {.name = "nullable",
     .kind = COGO_FIELD_STRING,
     .flags = COGO_FIELD_KEEP_NULL,
     .offset_bytes = offsetof(sample, nullable)},
};
static const cogo_record sample_record = {.name = "Sample",
                                          .version = 1,
                                          .size_bytes = sizeof(sample),
                                          .fields = sample_fields,
                                          .field_count =
                                              sizeof sample_fields / sizeof sample_fields[0]};

static const cogo_record nest_record;
static const cogo_field nest_fields[] = {
    {.name = "n",
     .kind = COGO_FIELD_RECORD,
     .offset_bytes = offsetof(nest, inner),
     .record = &nest_record},
    {.name = "l",
     .kind = COGO_FIELD_RECORDS,
     .offset_bytes = offsetof(nest, list),
     .record = &nest_record},
};
static const cogo_record nest_record = {.name = "Nest",
                                        .version = 1,
                                        .size_bytes = sizeof(nest),
                                        .fields = nest_fields,
                                        .field_count = 2};

/* Not every test file uses every record. */
static inline void sample_use_all(void)
{
    (void)part_record;
    (void)sample_record;
    (void)nest_record;
}

#endif
