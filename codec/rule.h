/* The rules of a field (limits, names, text) and the errors that name it by JSON pointer.
 * Used by checking and decoding, so that both refuse the same things with the same words.
 * Never allocates. */
#ifndef CODEC_RULE_H
#define CODEC_RULE_H

#include <cogo/record.h>

/* Where we are: a chain of names and indexes on the stack, the innermost first. */
typedef struct cogo__path {
    const struct cogo__path *parent; /* NULL: the whole record. */
    const char *name;                /* NULL: an element. */
    size_t name_size;
    size_t index;
} cogo__path;

/* Fills @p error (may be NULL) and returns false. */
bool cogo__rule_fail(cogo_record_error *error, const cogo__path *path, const char *format, ...)
    COGO_PRINTF(3, 4);

/* Each is true when the field may have this, else false with @p error. */
bool cogo__rule_string(const cogo_field *field, const char *text, size_t size_bytes,
                       const cogo__path *path, cogo_record_error *error);
bool cogo__rule_text(const char *text, size_t size_bytes, const cogo__path *path,
                     cogo_record_error *error); /* One of STRINGS. */
bool cogo__rule_count(const cogo_field *field, size_t count, const cogo__path *path,
                      cogo_record_error *error);
bool cogo__rule_int(const cogo_field *field, int64_t value, const cogo__path *path,
                    cogo_record_error *error);
bool cogo__rule_double(const cogo_field *field, double value, const cogo__path *path,
                       cogo_record_error *error);

/* "expected one of low, medium, high, urgent"; false always. */
bool cogo__rule_enum_fail(const cogo_field *field, const cogo__path *path,
                          cogo_record_error *error);

#endif
