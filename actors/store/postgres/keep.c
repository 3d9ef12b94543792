/* What a write removes and defines as the parameters of cogo_keep(). */
#include "actors/store/postgres/builder.h"

static void put_ids(builder *b, const cogo_strings *ids)
{
    begin_array(b, OID_TEXT, ids->count);
    for (size_t i = 0; i < ids->count; i++) {
        put_text(b, ids->items[i]);
    }
    end_value(b);
}

static void put_definitions(builder *b, const store_definition *all, size_t count)
{
    begin_array(b, OID_TEXT, count);
    for (size_t i = 0; i < count; i++) {
        put_text(b, all[i].kind);
    }
    end_value(b);
    begin_array(b, OID_TEXT, count);
    for (size_t i = 0; i < count; i++) {
        put_text(b, all[i].name);
    }
    end_value(b);
    begin_array(b, OID_INT8, count);
    for (size_t i = 0; i < count; i++) {
        put_number(b, all[i].updated_at);
    }
    end_value(b);
    begin_array(b, OID_BYTEA, count);
    for (size_t i = 0; i < count; i++) {
        put_value(b, all[i].record);
    }
    end_value(b);
}

static size_t size_of(const store_write *write)
{
    const cogo_strings *const lists[] = {&write->remove, &write->trim};
    const store_definition *all = write->definitions.items;
    size_t size = (KEEP_PARAMETERS + 2) * (HEADER_SIZE + 8);
    for (size_t i = 0; i < sizeof lists / sizeof(cogo_strings *); i++) {
        for (size_t k = 0; k < lists[i]->count; k++) {
            size += 4 + strlen(lists[i]->items[k]);
        }
    }
    for (size_t i = 0; i < write->definitions.count; i++) {
        size += 12 + 12 + strlen(all[i].kind) + strlen(all[i].name) + all[i].record.size_bytes;
    }
    return size;
}

bool pg_keep_encode(const store_write *write, int64_t commit_id, cogo_arena *arena,
                    pg_write *out)
{
    size_t size = size_of(write);
    uint8_t *memory = size > PARAMETER_BYTES_MAX ? NULL : cogo_arena_alloc(arena, size);
    if (memory == NULL) {
        return false;
    }
    builder b = {.at = memory, .out = out};
    put_scalar(&b, write->term);
    put_scalar(&b, commit_id);
    put_ids(&b, &write->remove);
    put_ids(&b, &write->trim);
    put_definitions(&b, write->definitions.items, write->definitions.count);
    return true;
}
