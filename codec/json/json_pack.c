/* Packs twice: once to measure, once into memory of exactly that size. */
#include "codec/json/json_pack.h"

#include <msgpack.h>
#include <string.h>

typedef struct sink {
    uint8_t *bytes; // NULL: only measure.
    size_t used_bytes;
} sink;

static int sink_write(void *data, const char *bytes, size_t size_bytes)
{
    sink *to = data;
    if (to->bytes != NULL && size_bytes > 0) {
        memcpy(to->bytes + to->used_bytes, bytes, size_bytes);
    }
    to->used_bytes += size_bytes;
    return 0;
}

/* The packer returns what the sink returns, and that is always success. */
static bool pack(msgpack_packer *packer, const json_t *json, uint32_t depth)
{
    json_t *object = (json_t *)(uintptr_t)json; // For iterating only.
    bool fits = true;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        (void)msgpack_pack_map(packer, json_object_size(json));
        for (void *at = depth > 0 ? json_object_iter(object) : NULL; fits && at != NULL;
             at = json_object_iter_next(object, at)) {
            const char *key = json_object_iter_key(at);
            (void)msgpack_pack_str_with_body(packer, key, strlen(key));
            fits = pack(packer, json_object_iter_value(at), depth - 1);
        }
        return fits && depth > 0;
    case JSON_ARRAY:
        (void)msgpack_pack_array(packer, json_array_size(json));
        for (size_t i = 0; depth > 0 && fits && i < json_array_size(json); i++) {
            fits = pack(packer, json_array_get(json, i), depth - 1);
        }
        return fits && depth > 0;
    case JSON_STRING:
        (void)msgpack_pack_str_with_body(packer, json_string_value(json),
                                         json_string_length(json));
        break;
    case JSON_INTEGER:
        (void)msgpack_pack_int64(packer, json_integer_value(json));
        break;
    case JSON_REAL:
        (void)msgpack_pack_double(packer, json_real_value(json));
        break;
    case JSON_TRUE:
        (void)msgpack_pack_true(packer);
        break;
    case JSON_FALSE:
        (void)msgpack_pack_false(packer);
        break;
    case JSON_NULL:
        (void)msgpack_pack_nil(packer);
        break;
    }
    return true;
}

cogo_err json_pack_bytes(const json_t *json, uint32_t depth_max, cogo_arena *arena,
                         cogo_value *out)
{
    sink to = {0};
    msgpack_packer packer;
    msgpack_packer_init(&packer, &to, sink_write);
    if (!pack(&packer, json, depth_max)) {
        return COGO_EINVAL;
    }
    uint8_t *bytes = cogo_arena_alloc(arena, to.used_bytes);
    if (bytes == NULL) {
        return COGO_ENOMEM;
    }
    to = (sink){.bytes = bytes};
    (void)pack(&packer, json, depth_max); // As it did while measuring.
    *out = (cogo_value){.data = bytes, .size_bytes = to.used_bytes};
    return COGO_OK;
}

cogo_err json_to_value(const json_t *json, cogo_arena *arena, cogo_value *out)
{
    if (json == NULL) {
        return COGO_EINVAL;
    }
    if (json_is_null(json)) {
        *out = (cogo_value){0};
        return COGO_OK;
    }
    return json_pack_bytes(json, COGO_RECORD_DEPTH_MAX, arena, out);
}
