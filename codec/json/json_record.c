/* Records <-> JSON by way of MessagePack: one decoder, one set of limits, one set of errors. */
#include "codec/json/json_pack.h"

json_t *json_from_record(const cogo_record *type, const void *record)
{
    cogo_arena arena;
    cogo_arena_init(&arena, 0);
    cogo_value bytes;
    json_t *json = NULL;
    if (cogo_record_encode(type, record, &arena, &bytes) == COGO_OK) {
        json = json_from_value(bytes);
    }
    cogo_arena_finish(&arena);
    return json;
}

cogo_err json_to_record(const cogo_record *type, const json_t *json, uint32_t flags,
                        cogo_arena *arena, const void **out_record, cogo_record_error *error)
{
    cogo_record_error unused = {0};
    cogo_record_error *to = error == NULL ? &unused : error;
    cogo_value bytes;
    cogo_arena wire;
    if (json == NULL) {
        *to = (cogo_record_error){.detail = "expected an object, got nothing"};
        return COGO_EDECODE;
    }
    cogo_arena_init(&wire, arena->limit_bytes);
    cogo_err err = json_pack_bytes(json, JSON_DEPTH_MAX, &wire, &bytes);
    if (err == COGO_OK) {
        err = cogo_record_decode(type, bytes, flags, arena, out_record, to);
    } else if (err == COGO_EINVAL) {
        *to = (cogo_record_error){.detail = "lists and objects are nested too deeply"};
        err = COGO_EDECODE;
    }
    cogo_arena_finish(&wire);
    return err;
}
