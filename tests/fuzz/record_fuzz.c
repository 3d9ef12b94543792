/* Bytes from anywhere into every decoder of the contract: the first byte chooses the record and
 * the form, the rest is the input. What decodes must pass the check, encode and decode again.
 * Used by libFuzzer, and by the unit test that replays tests/fuzz/corpus/record. Never prints:
 * it aborts. */
#include "codec/json/json.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/contract/records_all.h"

#include <stdlib.h>

enum { MEMORY_BYTES_MAX = 16 * 1024 * 1024 };

static void use(const cogo_record *type, const void *record, cogo_arena *arena)
{
    cogo_value bytes;
    const void *again;
    claim(cogo_record_check(type, record, NULL) == COGO_OK);
    void *block = malloc(cogo_record_flat_size(type, record));
    claim(block != NULL);
    cogo_record_flatten(type, record, block);
    claim(cogo_record_check(type, block, NULL) == COGO_OK);
    claim(cogo_record_encode(type, block, arena, &bytes) == COGO_OK);
    claim(cogo_record_decode(type, bytes, 0, arena, &again, NULL) == COGO_OK);
    json_t *json = json_from_record(type, block);
    claim(json != NULL); // What decodes can be shown.
    json_decref(json);
    free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const cogo_record *type = records_all[(data[0] & 0x7f) % RECORDS_ALL_COUNT];
    cogo_record_error error;
    cogo_arena arena, to;
    const void *record = NULL;
    cogo_err err = COGO_EDECODE;
    cogo_arena_init(&arena, MEMORY_BYTES_MAX);
    cogo_arena_init(&to, 0);
    if ((data[0] & 0x80) != 0) {
        json_t *json = json_parse((const char *)data + 1, size - 1, &error);
        if (json != NULL) {
            err = json_to_record(type, json, COGO_RECORD_STRICT, &arena, &record, &error);
        }
        json_decref(json);
    } else {
        cogo_value bytes = {data + 1, size - 1};
        json_decref(json_from_value(bytes));
        err = cogo_record_decode(type, bytes, 0, &arena, &record, &error);
    }
    if (err == COGO_OK) {
        use(type, record, &to);
    }
    cogo_arena_finish(&to);
    cogo_arena_finish(&arena);
    return 0;
}
