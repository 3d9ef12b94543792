/* Record descriptors: one table per C struct drives MessagePack, JSON, validation and copying.
 * Used to register message types and by everything that puts a record on a wire or into a
 * store. Never allocates outside the arena that the caller gives. */
#ifndef COGO_RECORD_H
#define COGO_RECORD_H

#include <cogo/arena.h>
#include <cogo/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One value of any shape, kept as the MessagePack bytes of exactly one object. size 0: null.
 */
typedef struct cogo_value {
    const uint8_t *data; /**< MessagePack. */
    size_t size_bytes;   /**< 0: no value. */
} cogo_value;

/** A list of strings. */
typedef struct cogo_strings {
    const char *const *items; /**< Each ends with NUL. */
    size_t count;             /**< Elements of items. */
} cogo_strings;

/** A list of records of one type, one after the other in memory. */
typedef struct cogo_records {
    const void *items; /**< An array of structs. */
    size_t count;      /**< Elements of items. */
} cogo_records;

/** What a field of the C struct is, and how it looks on the wire. */
typedef enum cogo_field_kind {
    COGO_FIELD_STRING, /**< const char *: UTF-8 without NUL. NULL: absent. */
    COGO_FIELD_INT,    /**< int64_t. */
    COGO_FIELD_DOUBLE, /**< double. Wire integers are accepted. */
    COGO_FIELD_BOOL,   /**< bool. */
    COGO_FIELD_ENUM,   /**< int32_t, an index into `names`; a string on the wire. -1: absent. */
    COGO_FIELD_TIME,   /**< int64_t, ms since 1970 UTC; RFC 3339 with ms on the wire. 0: absent.
                        */
    COGO_FIELD_VALUE,  /**< cogo_value: any value. */
    COGO_FIELD_STRINGS, /**< cogo_strings. */
    COGO_FIELD_RECORD,  /**< const struct *, of type `record`. NULL: absent. */
    COGO_FIELD_RECORDS, /**< cogo_records, of type `record`. */
} cogo_field_kind;

enum {
    COGO_FIELD_REQUIRED = 1 << 0,  /**< Decoding fails when it is missing or null. */
    COGO_FIELD_KEEP_NULL = 1 << 1, /**< Absent is written as null; otherwise it is left out. */
    COGO_FIELD_OUTPUT = 1 << 2,    /**< Filled by the server; refused in strict decoding. */
};

/** One field of a record. Constant data. */
typedef struct cogo_field {
    const char *name;                 /**< Key on every wire, camelCase. */
    cogo_field_kind kind;             /**< What is in it. */
    uint32_t flags;                   /**< COGO_FIELD_*. */
    size_t offset_bytes;              /**< offsetof() in the C struct. */
    const struct cogo_record *record; /**< For RECORD and RECORDS. */
    const char *const *names;         /**< For ENUM: ends with NULL. */
    int64_t min;     /**< INT, DOUBLE: least value. STRING, STRINGS, RECORDS: least length. */
    int64_t max;     /**< Greatest value or length; 0 with min 0: the default limit. */
    const char *doc; /**< One sentence: meaning and unit. */
} cogo_field;

/** One record: a C struct, described. Constant data. */
typedef struct cogo_record {
    const char *name;         /**< As in the API, for example "Task". */
    uint32_t version;         /**< Grows when fields are added. */
    size_t size_bytes;        /**< sizeof() the C struct. */
    const cogo_field *fields; /**< In the order of the wire. */
    size_t field_count;       /**< Elements of fields. */
    const char *doc;          /**< One sentence. */
} cogo_record;

/** What was wrong with the input, for people. */
typedef struct cogo_record_error {
    char pointer[160]; /**< JSON pointer of the field, "" for the whole record. */
    char detail[240];  /**< One sentence. */
} cogo_record_error;

enum {
    COGO_RECORD_DEPTH_MAX = 32, /**< Levels of records; of lists and maps in a value. */
    COGO_RECORD_STRING_MAX = 1024 * 1024, /**< Default bytes of one string. */
    COGO_RECORD_LIST_MAX = 65536,         /**< Default elements of one list. */
    COGO_RECORD_STRICT = 1 << 0, /**< Decoding: unknown and OUTPUT fields are errors. */
};

/**
 * Encodes @p record (a struct that @p type describes) as one MessagePack map into @p arena.
 *
 * Ownership: borrows @p record; @p out points into @p arena.
 * Threads:   any thread, one per arena.
 * @return COGO_OK; COGO_ENOMEM; COGO_EINVAL when cogo_record_check() refuses it. @p out only on
 * success.
 */
COGO_API COGO_MUST_USE cogo_err cogo_record_encode(const cogo_record *type, const void *record,
                                                   cogo_arena *arena, cogo_value *out);

/**
 * Decodes one MessagePack map into a struct that @p type describes. Counts and depth are
 * checked against the bytes that are there before anything is allocated.
 *
 * Ownership: copies; nothing in @p out_record points into @p bytes. @p out_record points into
 * @p arena. Threads:   any thread, one per arena.
 * @param flags      0 (unknown fields are skipped) or COGO_RECORD_STRICT.
 * @param out_record on success a `void *` to the struct.
 * @param error      may be NULL; filled on failure.
 * @return COGO_OK; COGO_EDECODE with @p error; COGO_ENOMEM.
 */
COGO_API COGO_MUST_USE cogo_err cogo_record_decode(const cogo_record *type, cogo_value bytes,
                                                   uint32_t flags, cogo_arena *arena,
                                                   const void **out_record,
                                                   cogo_record_error *error);

/**
 * Bytes that one flat block with @p record and all it points to takes.
 *
 * Threads: any thread.
 */
COGO_API size_t cogo_record_flat_size(const cogo_record *type, const void *record);

/**
 * Copies @p record and all it points to into @p block, which has cogo_record_flat_size() bytes,
 * is aligned for any type and starts with the struct.
 *
 * Ownership: borrows @p record; everything in @p block points into @p block.
 * Threads:   any thread.
 */
COGO_API void cogo_record_flatten(const cogo_record *type, const void *record, void *block);

/**
 * Checks limits, enums and required fields of @p record, as decoding does.
 *
 * Threads: any thread.
 * @return COGO_OK; COGO_EINVAL with @p error (may be NULL).
 */
COGO_API COGO_MUST_USE cogo_err cogo_record_check(const cogo_record *type, const void *record,
                                                  cogo_record_error *error);

/**
 * A number that changes when names or kinds of the fields of @p type change.
 *
 * Threads: any thread.
 */
COGO_API uint64_t cogo_record_hash(const cogo_record *type);

#ifdef __cplusplus
}
#endif
#endif
