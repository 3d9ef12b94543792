/* The macros that write one line of a record's table; they prove at compile time that the kind
 * of the field and the type of the struct's member belong together. Used by the tables in this
 * folder only. Never needed to read a record. */
#ifndef CONTRACT_FIELD_H
#define CONTRACT_FIELD_H

#include <cogo/record.h>

#define C_TYPE_STRING  const char *
#define C_TYPE_INT     int64_t
#define C_TYPE_DOUBLE  double
#define C_TYPE_BOOL    bool
#define C_TYPE_ENUM    int32_t
#define C_TYPE_TIME    int64_t
#define C_TYPE_VALUE   cogo_value
#define C_TYPE_STRINGS cogo_strings
#define C_TYPE_RECORDS cogo_records

/* offsetof(), or an array of negative size when the member is not a @p c_type. */
#define OFFSET_OF(type, member, c_type)                                    \
    (offsetof(type, member)                                                \
     + 0                                                                   \
           * sizeof(char[_Generic(((type *)0)->member, c_type : 1, default \
                                  : -1)]))

/* FIELD(struct, member, wire name, kind, .doc = ..., more designated initialisers) */
#define FIELD(type, member, wire_name, kind_, ...)                           \
    {                                                                        \
        .name = (wire_name), .kind = COGO_FIELD_##kind_,                     \
        .offset_bytes = OFFSET_OF(type, member, C_TYPE_##kind_), __VA_ARGS__ \
    }

/* One nested record of C type @p nested, or a list of them. */
#define FIELD_RECORD(type, member, wire_name, nested, ...)                                   \
    {                                                                                        \
        .name = (wire_name), .kind = COGO_FIELD_RECORD,                                      \
        .offset_bytes = OFFSET_OF(type, member, const nested *), .record = &nested##_record, \
        __VA_ARGS__                                                                          \
    }
#define FIELD_RECORDS(type, member, wire_name, nested, ...)                                \
    {                                                                                      \
        .name = (wire_name), .kind = COGO_FIELD_RECORDS,                                   \
        .offset_bytes = OFFSET_OF(type, member, cogo_records), .record = &nested##_record, \
        __VA_ARGS__                                                                        \
    }

/* The record of C type @p type, whose fields are in `type_fields`. */
#define RECORD(type, title, version_, doc_)                                                \
    const cogo_record type##_record = {.name = (title),                                    \
                                       .version = (version_),                              \
                                       .size_bytes = sizeof(type),                         \
                                       .fields = type##_fields,                            \
                                       .field_count =                                      \
                                           sizeof type##_fields / sizeof type##_fields[0], \
                                       .doc = (doc_)}

/* Limits that several records share. */
#define REQUIRED            .flags = COGO_FIELD_REQUIRED
#define OUTPUT              .flags = COGO_FIELD_OUTPUT
#define KEEP_NULL           .flags = COGO_FIELD_KEEP_NULL
#define LENGTH(least, most) .min = (least), .max = (most)
#define RANGE(least, most)  .min = (least), .max = (most)
#define NOT_NEGATIVE        RANGE(0, INT64_MAX)

enum {
    ROLE_LENGTH_MAX = 64,
    REF_LENGTH_MAX = 128,
    TIMEOUT_MS_MAX = 24 * 60 * 60 * 1000,
    ATTEMPTS_MAX = 100,
    DEPENDENCIES_MAX = 10000,
    LABELS_MAX = 32,
    BUDGET_MAX = 2000000000,
    TREE_DEPTH_MAX = 32, /* Levels of tasks that name their parents. */
    APPROVAL_TEXT_MAX = 4096,
    APPROVAL_MS_MAX = 2000000000, /* 23 days. */
    LIMITS_MAX = 8,               /* Of one task. */
    FAIRNESS_KEY_MAX = 128,       /* Bytes. */
    STICKY_KEY_MAX = 128,         /* Bytes. */
    SLOT_COST_MAX = 1000,
    SUBMIT_INSTRUCTIONS_MAX = 10000,
    PAGE_SIZE_MAX = 1000,
    ARTIFACT_NAME_MAX = 128, /* Bytes. */
    MEDIA_TYPE_MAX = 128,
    TENANT_LENGTH_MAX = 64,
    TOKEN_NAME_MAX = 128,
    TOKEN_SCOPES_MAX = 4,
    KEY_LENGTH_MAX = 255 + 1 + TENANT_LENGTH_MAX, /* Of a client, behind its tenant. */
};

#endif
