/* Reads MessagePack token by token from bytes that nobody trusts.
 * Used by decoding and checking of records.
 * Never allocates, and never believes a count that the bytes left can't hold. */
#ifndef CODEC_READER_H
#define CODEC_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cogo__token_kind {
    COGO__NIL,
    COGO__BOOL,
    COGO__INT,
    COGO__BIG, /* An integer beyond int64_t. */
    COGO__DOUBLE,
    COGO__STR,
    COGO__BIN,
    COGO__EXT,
    COGO__ARRAY,
    COGO__MAP,
} cogo__token_kind;

typedef struct cogo__token {
    cogo__token_kind kind;
    bool boolean;
    int64_t integer;
    double number;
    const uint8_t *bytes; /* STR, BIN: borrowed from the input. */
    size_t size;          /* STR, BIN, EXT: bytes. ARRAY: elements. MAP: pairs. */
} cogo__token;

/* Zero `error` and set the two pointers to begin. */
typedef struct cogo__reader {
    const uint8_t *at;
    const uint8_t *end;
    const char *error; /* NULL, or what is wrong with the bytes; constant text. */
} cogo__reader;

/* Reads one token; of an array or map only its head. False with `error`: the bytes are broken.
 */
bool cogo__reader_next(cogo__reader *reader, cogo__token *out);

/* Steps over one whole object. It must be what JSON can say, or binary: keys are strings
 * without NUL, text is UTF-8, integers fit in int64_t, at most @p depth_max arrays and maps
 * inside each other. */
bool cogo__reader_skip(cogo__reader *reader, uint32_t depth_max);

/* "a string", "an integer" and so on, for messages. */
const char *cogo__token_text(cogo__token_kind kind);

#endif
