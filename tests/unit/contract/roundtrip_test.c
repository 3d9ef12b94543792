/* Every record, filled with values that are no defaults, through every form that it has. */
#include "codec/json/json.h"
#include "tests/unit/contract/records_all.h"
#include "tests/unit/record_fill.h"
#include "tests/unit/test.h"

#include <stdlib.h>

Test(roundtrip, every_record_survives_messagepack)
{
    for (size_t r = 0; r < RECORDS_ALL_COUNT; r++) {
        cogo_arena arena = {0};
        uint64_t seed = r;
        const void *before = record_fill(records_all[r], &arena, &seed);
        const void *after;
        cogo_value bytes;
        cogo_record_error error = {0};
        cr_assert_eq(cogo_record_check(records_all[r], before, &error), COGO_OK, "%s %s: %s",
                     records_all[r]->name, error.pointer, error.detail);
        cr_assert_eq(cogo_record_encode(records_all[r], before, &arena, &bytes), COGO_OK);
        cr_assert_eq(cogo_record_decode(records_all[r], bytes, 0, &arena, &after, &error),
                     COGO_OK, "%s %s: %s", records_all[r]->name, error.pointer, error.detail);
        cr_expect_null(record_difference(records_all[r], before, after));
        cogo_arena_finish(&arena);
    }
}

Test(roundtrip, every_record_survives_json_text)
{
    for (size_t r = 0; r < RECORDS_ALL_COUNT; r++) {
        cogo_arena arena = {0};
        uint64_t seed = r + 100;
        const void *before = record_fill(records_all[r], &arena, &seed);
        const void *after;
        cogo_record_error error = {0};
        json_t *json = json_from_record(records_all[r], before);
        cr_assert_not_null(json);
        char *text = json_dumps(json, JSON_COMPACT);
        json_decref(json);
        json = json_parse(text, strlen(text), &error);
        cr_assert_not_null(json);
        cr_assert_eq(json_to_record(records_all[r], json, 0, &arena, &after, &error), COGO_OK,
                     "%s %s: %s", records_all[r]->name, error.pointer, error.detail);
        cr_expect_null(record_difference(records_all[r], before, after));
        free(text);
        json_decref(json);
        cogo_arena_finish(&arena);
    }
}

Test(roundtrip, every_record_survives_a_flat_copy)
{
    for (size_t r = 0; r < RECORDS_ALL_COUNT; r++) {
        cogo_arena arena = {0};
        uint64_t seed = r + 200;
        const void *before = record_fill(records_all[r], &arena, &seed);
        void *block = malloc(cogo_record_flat_size(records_all[r], before));
        cogo_record_flatten(records_all[r], before, block);
        cr_expect_null(record_difference(records_all[r], before, block));
        free(block);
        cogo_arena_finish(&arena);
    }
}

/* A client may not choose the ids of its tasks. */
Test(roundtrip, an_instruction_with_an_id_is_refused_by_a_door)
{
    cogo_arena arena = {0};
    const void *record;
    cogo_record_error error;
    json_t *json = json_pack("{s[{ss}{ssss}]}", "instructions", "role", "echo", "role", "echo",
                             "taskId", "tsk_1");
    cr_expect_eq(
        json_to_record(&task_submit_record, json, COGO_RECORD_STRICT, &arena, &record, &error),
        COGO_EDECODE);
    cr_expect_str_eq(error.pointer, "/instructions/1/taskId");
    json_decref(json);
    cogo_arena_finish(&arena);
}

Test(roundtrip, errors_of_a_request_name_the_field_of_the_instruction)
{
    cogo_arena arena = {0};
    const void *record;
    cogo_record_error error;
    json_t *json = json_pack("{s[{ss}{ss}{ss}{sssi}]}", "instructions", "role", "echo", "role",
                             "echo", "role", "echo", "role", "echo", "timeout", 86400001);
    cr_expect_eq(
        json_to_record(&task_submit_record, json, COGO_RECORD_STRICT, &arena, &record, &error),
        COGO_EDECODE);
    cr_expect_str_eq(error.pointer, "/instructions/3/timeout");
    cr_expect_str_eq(error.detail, "must be 0 to 86400000, got 86400001");
    json_decref(json);
    cogo_arena_finish(&arena);
}

Test(roundtrip, an_instruction_needs_only_a_role)
{
    cogo_arena arena = {0};
    const void *record;
    json_t *json = json_pack("{ss}", "role", "echo");
    cr_assert_eq(
        json_to_record(&instruction_record, json, COGO_RECORD_STRICT, &arena, &record, NULL),
        COGO_OK);
    const instruction *it = record;
    cr_expect_str_eq(it->role, "echo");
    cr_expect_eq(it->priority, -1);
    cr_expect_null(it->ref);
    cr_expect_eq(it->context.size_bytes, 0u);
    json_decref(json);
    cogo_arena_finish(&arena);
}
