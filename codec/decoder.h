/* The state of one decoding, and the decoding of fields that hold no other fields.
 * Used by record_decode.c, which walks records and lists.
 * Never reads beyond the bytes it was given. */
#ifndef CODEC_DECODER_H
#define CODEC_DECODER_H

#include "codec/reader.h"
#include "codec/rule.h"

typedef struct cogo__decoder {
    cogo__reader reader;
    cogo_arena *arena;
    cogo_record_error *error;
    uint32_t flags;
    cogo_err err; // Why it failed.
} cogo__decoder;

/* Each fills the error and returns false. */
bool cogo__decode_no_memory(cogo__decoder *d, const cogo__path *path);
bool cogo__decode_expected(cogo__decoder *d, const char *what, const cogo__token *token,
                           const cogo__path *path);

/* The next token. False with the error at @p path. */
bool cogo__decode_next(cogo__decoder *d, cogo__token *token, const cogo__path *path);

/* Copies the text of @p token into the arena and its address into the pointer at @p at. */
bool cogo__decode_keep_text(cogo__decoder *d, const cogo__token *token, uint8_t *at,
                            const cogo__path *path);

/* A field of one of the kinds STRING, INT, DOUBLE, BOOL, ENUM and TIME. */
bool cogo__decode_scalar(cogo__decoder *d, const cogo_field *field, const cogo__token *token,
                         uint8_t *at, const cogo__path *path);

/* True when the text of @p token is @p text. */
bool cogo__token_is(const cogo__token *token, const char *text);

#endif
