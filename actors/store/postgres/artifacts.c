/* The artifacts of a write as the parameters of cogo_artifacts(). */
#include "actors/store/postgres/builder.h"
#include "codec/contract/artifact.h"

/* One array of the call. */
enum column { TASK_ID, NAME, LEASE, HASH, BYTES, COLUMNS };

size_t pg_artifacts_count(const store_write *write)
{
    const store_change *changes = write->changes.items;
    size_t count = 0;
    for (size_t i = 0; i < write->changes.count; i++) {
        count += changes[i].artifacts.count;
    }
    return count;
}

static size_t size_of(const store_write *write)
{
    const store_change *changes = write->changes.items;
    size_t size = COLUMNS * (HEADER_SIZE + 8);
    for (size_t i = 0; i < write->changes.count; i++) {
        const artifact_content *all = changes[i].artifacts.items;
        for (size_t k = 0; k < changes[i].artifacts.count; k++) {
            size += 4 * 4 + 12 + strlen(changes[i].task->task_id) + strlen(all[k].about->name)
                    + strlen(all[k].about->sha256) + all[k].bytes.size_bytes;
        }
    }
    return size;
}

static void put_one(builder *b, enum column column, const char *task_id,
                    const artifact_content *one)
{
    const uint8_t *bytes = NULL;
    size_t size = 0;
    switch (column) {
    case TASK_ID:
        put_text(b, task_id);
        break;
    case NAME:
        put_text(b, one->about->name);
        break;
    case LEASE:
        put_number(b, one->about->lease);
        break;
    case HASH:
        put_text(b, one->about->sha256);
        break;
    case BYTES:
    case COLUMNS:
        (void)artifact_unwrap(one->bytes, &bytes, &size); // Was checked.
        put_bytes(b, bytes, size);
        break;
    }
}

bool pg_artifacts_encode(const store_write *write, cogo_arena *arena, pg_write *out)
{
    static const uint32_t types[COLUMNS] = {OID_TEXT, OID_TEXT, OID_INT8, OID_TEXT, OID_BYTEA};
    const store_change *changes = write->changes.items;
    size_t size = size_of(write), count = pg_artifacts_count(write);
    uint8_t *memory = size > PARAMETER_BYTES_MAX ? NULL : cogo_arena_alloc(arena, size);
    if (memory == NULL) {
        return false;
    }
    builder b = {.at = memory, .out = out};
    for (int column = 0; column < COLUMNS; column++) {
        begin_array(&b, types[column], count);
        for (size_t i = 0; i < write->changes.count; i++) {
            const artifact_content *all = changes[i].artifacts.items;
            for (size_t k = 0; k < changes[i].artifacts.count; k++) {
                put_one(&b, (enum column)column, changes[i].task->task_id, &all[k]);
            }
        }
        end_value(&b);
    }
    return true;
}
