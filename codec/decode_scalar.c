/* Fields that hold no other fields: text, numbers, names and times. */
#include "codec/decoder.h"
#include "codec/wire_text.h"

#include <string.h>

bool cogo__decode_no_memory(cogo__decoder *d, const cogo__path *path)
{
    d->err = COGO_ENOMEM;
    return cogo__rule_fail(d->error, path, "needs more memory than is allowed");
}

bool cogo__decode_next(cogo__decoder *d, cogo__token *token, const cogo__path *path)
{
    return cogo__reader_next(&d->reader, token)
           || cogo__rule_fail(d->error, path, "%s", d->reader.error);
}

bool cogo__decode_expected(cogo__decoder *d, const char *what, const cogo__token *token,
                           const cogo__path *path)
{
    return cogo__rule_fail(d->error, path, "expected %s, got %s", what,
                           cogo__token_text(token->kind));
}

bool cogo__decode_keep_text(cogo__decoder *d, const cogo__token *token, uint8_t *at,
                            const cogo__path *path)
{
    const char *copy = cogo_arena_copy(d->arena, token->bytes, token->size);
    if (copy == NULL) {
        return cogo__decode_no_memory(d, path);
    }
    memcpy(at, &copy, sizeof copy);
    return true;
}

static bool decode_string(cogo__decoder *d, const cogo_field *field, const cogo__token *token,
                          uint8_t *at, const cogo__path *path)
{
    if (token->kind != COGO__STR) {
        return cogo__decode_expected(d, "a string", token, path);
    }
    return cogo__rule_string(field, (const char *)token->bytes, token->size, path, d->error)
           && cogo__decode_keep_text(d, token, at, path);
}

static bool decode_int(cogo__decoder *d, const cogo_field *field, const cogo__token *token,
                       uint8_t *at, const cogo__path *path)
{
    if (token->kind != COGO__INT) {
        return cogo__decode_expected(d, "an integer", token, path);
    }
    memcpy(at, &token->integer, sizeof token->integer);
    return cogo__rule_int(field, token->integer, path, d->error);
}

static bool decode_double(cogo__decoder *d, const cogo_field *field, const cogo__token *token,
                          uint8_t *at, const cogo__path *path)
{
    double number = token->number;
    if (token->kind == COGO__INT) {
        number = (double)token->integer;
    } else if (token->kind != COGO__DOUBLE) {
        return cogo__decode_expected(d, "a number", token, path);
    }
    memcpy(at, &number, sizeof number);
    return cogo__rule_double(field, number, path, d->error);
}

static bool decode_bool(cogo__decoder *d, const cogo__token *token, uint8_t *at,
                        const cogo__path *path)
{
    if (token->kind != COGO__BOOL) {
        return cogo__decode_expected(d, "true or false", token, path);
    }
    memcpy(at, &token->boolean, sizeof token->boolean);
    return true;
}

bool cogo__token_is(const cogo__token *token, const char *text)
{
    return strlen(text) == token->size && memcmp(text, token->bytes, token->size) == 0;
}

static bool decode_enum(cogo__decoder *d, const cogo_field *field, const cogo__token *token,
                        uint8_t *at, const cogo__path *path)
{
    for (int32_t i = 0; token->kind == COGO__STR && field->names[i] != NULL; i++) {
        if (cogo__token_is(token, field->names[i])) {
            memcpy(at, &i, sizeof i);
            return true;
        }
    }
    return cogo__rule_enum_fail(field, path, d->error);
}

static bool decode_time(cogo__decoder *d, const cogo__token *token, uint8_t *at,
                        const cogo__path *path)
{
    int64_t wall_ms;
    char text[WIRE_TIME_SIZE];
    if (token->kind != COGO__STR
        || !cogo__time_parse((const char *)token->bytes, token->size, &wall_ms)
        || !cogo__time_format(wall_ms, text)) { // An offset may lead out of the years we write.
        return cogo__rule_fail(d->error, path,
                               "expected a time such as 2026-11-22T17:05:03.123Z");
    }
    memcpy(at, &wall_ms, sizeof wall_ms);
    return true;
}

bool cogo__decode_scalar(cogo__decoder *d, const cogo_field *field, const cogo__token *token,
                         uint8_t *at, const cogo__path *path)
{
    switch (field->kind) {
    case COGO_FIELD_STRING:
        return decode_string(d, field, token, at, path);
    case COGO_FIELD_INT:
        return decode_int(d, field, token, at, path);
    case COGO_FIELD_DOUBLE:
        return decode_double(d, field, token, at, path);
    case COGO_FIELD_BOOL:
        return decode_bool(d, token, at, path);
    case COGO_FIELD_ENUM:
        return decode_enum(d, field, token, at, path);
    case COGO_FIELD_TIME:
        return decode_time(d, token, at, path);
    case COGO_FIELD_VALUE:
    case COGO_FIELD_STRINGS:
    case COGO_FIELD_RECORD:
    case COGO_FIELD_RECORDS:
        break;
    }
    return false;
}
