#include "codec/contract/artifact.h"

#include "codec/contract/field.h"

#include <string.h>

enum { BIN32 = 0xc6, BIN32_HEAD = 5 };

bool artifact_name_valid(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t size = name == NULL ? 0 : strspn(name, allowed);
    return size > 0 && size <= ARTIFACT_NAME_MAX && name[size] == '\0' && name[0] != '.';
}

cogo_value artifact_wrap(const void *bytes, size_t size, cogo_arena *arena)
{
    uint8_t *out = size > UINT32_MAX ? NULL : cogo_arena_alloc(arena, size + BIN32_HEAD);
    if (out == NULL) {
        return (cogo_value){0};
    }
    out[0] = BIN32;
    for (size_t i = 0; i < 4; i++) {
        out[1 + i] = (uint8_t)(size >> (24 - 8 * i));
    }
    if (size > 0) {
        memcpy(out + BIN32_HEAD, bytes, size);
    }
    return (cogo_value){.data = out, .size_bytes = size + BIN32_HEAD};
}

bool artifact_unwrap(cogo_value value, const uint8_t **out_bytes, size_t *out_size)
{
    if (value.size_bytes < BIN32_HEAD || value.data[0] != BIN32) {
        return false;
    }
    size_t size = 0;
    for (size_t i = 0; i < 4; i++) {
        size = size << 8 | value.data[1 + i];
    }
    *out_bytes = value.data + BIN32_HEAD;
    *out_size = size;
    return size == value.size_bytes - BIN32_HEAD;
}

const artifact *artifact_of(const task *t, const char *name)
{
    const artifact *all = t->artifacts.items, *latest = NULL;
    for (size_t i = 0; i < t->artifacts.count; i++) {
        if (strcmp(all[i].name, name) == 0
            && (latest == NULL || all[i].lease >= latest->lease)) {
            latest = &all[i];
        }
    }
    return latest;
}
