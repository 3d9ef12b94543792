#include "codec/contract/records.h"
#include "codec/json/json.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

static bool parses(const char *text)
{
    cogo_record_error error = {0};
    json_t *json = json_parse(text, strlen(text), &error);
    bool ok = json != NULL;
    json_decref(json);
    return ok && error.detail[0] == '\0';
}

static const char *refusal(const char *text, size_t size)
{
    static cogo_record_error error;
    json_t *json = json_parse(text, size, &error);
    json_decref(json);
    return json != NULL ? "" : error.detail;
}

Test(json, text_that_is_ambiguous_or_broken_is_refused_with_its_place)
{
    cr_expect(parses("{\"a\":[1,2.5,null,true,\"\\u00fc\"]}"));
    cr_expect(parses("5"));
    cr_expect_not(parses("{\"a\":1,\"a\":2}"));
    cr_expect_not(parses("{\"a\":1} x"));
    cr_expect_not(parses("9223372036854775808"));
    cr_expect_not(parses("\"\xff\""));
    cr_expect_not(parses("NaN"));
    cr_expect_str_eq(refusal("", 0), "expected JSON, got nothing");
    cr_expect_not_null(strstr(refusal("{\n  \"a\" 1}", 10), "line 2, column "));
}

Test(json, only_the_given_bytes_are_read)
{
    json_t *json = json_parse("[1]garbage", 3, NULL);
    cr_expect_eq(json_array_size(json), 1u);
    json_decref(json);
}

/* A list within lists, @p depth in all. */
static json_t *nested(size_t depth)
{
    char text[4096];
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return json_parse(text, 2 * depth, NULL);
}

Test(json, nesting_ends_at_the_depth_limit)
{
    cogo_arena arena = {0};
    cogo_value value;
    json_t *json = nested(JSON_DEPTH_MAX);
    cr_expect_not_null(json);
    cr_expect_eq(json_to_value(json, &arena, &value), COGO_EINVAL);
    json_decref(json);
    cr_expect_null(nested(JSON_DEPTH_MAX + 1));
    cr_expect_null(nested(2000));
    json = nested(COGO_RECORD_DEPTH_MAX);
    cr_expect_eq(json_to_value(json, &arena, &value), COGO_OK);
    json_decref(json);
    json = nested(COGO_RECORD_DEPTH_MAX + 1);
    cr_expect_eq(json_to_value(json, &arena, &value), COGO_EINVAL);
    json_decref(json);
    cogo_arena_finish(&arena);
}

Test(json, values_survive_messagepack)
{
    static const char text[] =
        "{\"a\":[0,-1,127,128,-33,65536,9223372036854775807,-9223372036854775808],"
        "\"b\":{\"c\":null,\"d\":[true,false]},\"e\":\"\xc3\xbc\\u0000\",\"f\":0.1,\"g\":[]}";
    cogo_arena arena = {0};
    cogo_value value;
    json_t *before = json_parse(text, sizeof text - 1, NULL);
    cr_assert_not_null(before);
    cr_assert_eq(json_to_value(before, &arena, &value), COGO_OK);
    json_t *after = json_from_value(value);
    cr_expect(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    cogo_arena_finish(&arena);
}

Test(json, null_is_an_empty_value)
{
    cogo_arena arena = {0};
    cogo_value value = {.size_bytes = 1};
    json_t *null = json_null();
    cr_expect_eq(json_to_value(null, &arena, &value), COGO_OK);
    cr_expect_eq(value.size_bytes, 0u);
    json_t *back = json_from_value(value);
    cr_expect(json_is_null(back));
    cr_expect_eq(json_to_value(NULL, &arena, &value), COGO_EINVAL);
    cogo_arena_finish(&arena);
}

/* The text of the JSON of MessagePack bytes, "" when they are refused. */
static const char *shown(const char *bytes, size_t size)
{
    static char text[256];
    json_t *json = json_from_value((cogo_value){(const uint8_t *)bytes, size});
    size_t length = json_dumpb(json, text, sizeof text - 1, JSON_COMPACT | JSON_ENCODE_ANY);
    text[json == NULL ? 0 : length] = '\0';
    json_decref(json);
    return text;
}
#define SHOWN(bytes) shown(bytes, sizeof(bytes) - 1)

Test(json, what_json_has_no_word_for_becomes_text_or_null)
{
    cr_expect_str_eq(SHOWN("\xc4\x00"), "\"\"");
    cr_expect_str_eq(SHOWN("\xc4\x01\xff"), "\"/w==\"");
    cr_expect_str_eq(SHOWN("\xc4\x02\xff\xee"), "\"/+4=\"");
    cr_expect_str_eq(SHOWN("\xc5\x00\x03"
                           "Man"),
                     "\"TWFu\"");
    cr_expect_str_eq(SHOWN("\xcb\x7f\xf0\0\0\0\0\0\0"), "null");
    cr_expect_str_eq(SHOWN("\xca\x3f\x00\x00\x00"), "0.5");
    cr_expect_str_eq(SHOWN("\x82\xa1k\x01\xa1k\x02"), "{\"k\":1}");
}

Test(json, bytes_that_are_no_value_are_refused)
{
    cr_expect_str_eq(SHOWN("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "");
    cr_expect_str_eq(SHOWN("\xdd\xff\xff\xff\xff"), "");
    cr_expect_str_eq(SHOWN("\xdf\x7f\xff\xff\xff\xa0"), "");
    cr_expect_str_eq(SHOWN("\xdb\xff\xff\xff\xff"), "");
    cr_expect_str_eq(SHOWN("\x81\x01\x01"), "");
    cr_expect_str_eq(SHOWN("\x91\xc1"), "");
    cr_expect_str_eq(SHOWN("\xa1\xff"), "");
    cr_expect_str_eq(SHOWN("\x01\x01"), "");
    cr_expect_str_eq(SHOWN("\xd4\x01\x01"), "");
}

Test(json, absent_fields_are_left_out_or_null)
{
    const worker_agent_status status = {.agent_id = "w", .status = WORKER_IDLE};
    json_t *json = json_from_record(&worker_agent_status_record, &status);
    cr_expect_str_eq(json_string_value(json_object_get(json, "status")), "idle");
    cr_expect(json_is_null(json_object_get(json, "currentTask")));
    cr_expect_null(json_object_get(json, "workerType"));
    cr_expect_null(json_object_get(json, "lastHeartbeat"));
    cr_expect(json_is_array(json_object_get(json, "capabilities")));
    json_decref(json);
}

Test(json, a_record_that_is_no_object_is_refused)
{
    cogo_arena arena = {0};
    const void *record;
    cogo_record_error error;
    json_t *json = json_pack("[i]", 1);
    cr_expect_eq(json_to_record(&task_record, json, 0, &arena, &record, &error), COGO_EDECODE);
    cr_expect_str_eq(error.detail, "expected an object, got a list");
    cr_expect_eq(json_to_record(&task_record, NULL, 0, &arena, &record, NULL), COGO_EDECODE);
    json_decref(json);
    cogo_arena_finish(&arena);
}

Test(json, the_schema_says_what_the_decoder_does)
{
    json_t *schema = json_schema_of(&instruction_record);
    const char *role_type = NULL, *format = NULL;
    int most = 0, timeout_most = 0, read_only = 0;
    cr_assert_eq(json_unpack(schema, "{s{s{sssi}s{sb}s{si}}}", "properties", "role", "type",
                             &role_type, "maxLength", &most, "taskId", "readOnly", &read_only,
                             "timeout", "maximum", &timeout_most),
                 0);
    cr_expect_str_eq(role_type, "string");
    cr_expect_eq(most, 64);
    cr_expect_eq(timeout_most, 86400000);
    cr_expect(read_only);
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(schema, "required"), 0)),
                     "role");
    cr_expect(json_is_false(json_object_get(schema, "additionalProperties")));
    json_decref(schema);
    schema = json_schema_of(&task_record);
    cr_assert_eq(
        json_unpack(schema, "{s{s{ss}}}", "properties", "createdAt", "format", &format), 0);
    cr_expect_str_eq(format, "date-time");
    json_decref(schema);
}
