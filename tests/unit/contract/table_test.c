/* The tables against the structs that they describe. */
#include "tests/unit/contract/records_all.h"
#include "tests/unit/test.h"

#include <string.h>

enum { FIELDS_MAX = 128 };

static size_t size_of_kind(cogo_field_kind kind)
{
    switch (kind) {
    case COGO_FIELD_STRING:
    case COGO_FIELD_RECORD:
        return sizeof(void *);
    case COGO_FIELD_INT:
    case COGO_FIELD_TIME:
    case COGO_FIELD_DOUBLE:
        return 8;
    case COGO_FIELD_BOOL:
        return sizeof(bool);
    case COGO_FIELD_ENUM:
        return 4;
    case COGO_FIELD_VALUE:
        return sizeof(cogo_value);
    case COGO_FIELD_STRINGS:
        return sizeof(cogo_strings);
    case COGO_FIELD_RECORDS:
        return sizeof(cogo_records);
    }
    return 0;
}

/* A member that no field describes would be lost on every wire. */
Test(table, fields_cover_their_struct_without_overlap)
{
    for (size_t r = 0; r < RECORDS_ALL_COUNT; r++) {
        const cogo_record *type = records_all[r];
        uint8_t owner[1024] = {0};
        cr_assert_leq(type->size_bytes, sizeof owner);
        cr_expect_leq(type->field_count, (size_t)FIELDS_MAX);
        for (size_t f = 0; f < type->field_count; f++) {
            const cogo_field *field = &type->fields[f];
            size_t size = size_of_kind(field->kind);
            cr_assert_leq(field->offset_bytes + size, type->size_bytes);
            for (size_t i = 0; i < size; i++) {
                cr_assert_eq(owner[field->offset_bytes + i], 0);
                owner[field->offset_bytes + i] = 1;
            }
        }
        size_t gap = 0;
        for (size_t i = 0; i < type->size_bytes; i++) {
            gap = owner[i] != 0 ? 0 : gap + 1;
            cr_expect_lt(gap, 8u); // Padding is shorter than a member, but for bool and int32.
        }
    }
}

Test(table, every_field_is_named_once_and_explained)
{
    for (size_t r = 0; r < RECORDS_ALL_COUNT; r++) {
        const cogo_record *type = records_all[r];
        cr_expect_not_null(type->name);
        cr_expect_gt(type->version, 0u);
        for (size_t f = 0; f < type->field_count; f++) {
            const cogo_field *field = &type->fields[f];
            cr_expect_not_null(field->doc);
            cr_expect_eq(field->doc[strlen(field->doc) - 1], '.');
            cr_expect_null(strchr(field->name, '_'));
            cr_expect(field->name[0] >= 'a' && field->name[0] <= 'z');
            for (size_t g = 0; g < f; g++) {
                cr_expect_neq(strcmp(type->fields[g].name, field->name), 0);
            }
        }
    }
}

Test(table, what_a_kind_needs_is_there_and_limits_are_in_order)
{
    for (size_t r = 0; r < RECORDS_ALL_COUNT; r++) {
        for (size_t f = 0; f < records_all[r]->field_count; f++) {
            const cogo_field *field = &records_all[r]->fields[f];
            bool nested = field->kind == COGO_FIELD_RECORD || field->kind == COGO_FIELD_RECORDS;
            cr_expect_eq(field->record != NULL, nested);
            cr_expect_eq(field->names != NULL, field->kind == COGO_FIELD_ENUM);
            cr_expect_leq(field->min, field->max);
        }
    }
}

/* Two records of one name would be one type to a peer. */
Test(table, names_and_hashes_tell_records_apart)
{
    for (size_t i = 0; i < RECORDS_ALL_COUNT; i++) {
        for (size_t k = 0; k < i; k++) {
            if (records_all[i] != records_all[k]) {
                cr_expect_neq(strcmp(records_all[i]->name, records_all[k]->name), 0);
                cr_expect_neq(cogo_record_hash(records_all[i]),
                              cogo_record_hash(records_all[k]));
            }
        }
    }
}

Test(table, enums_have_a_name_for_each_constant)
{
    cr_expect_null(priority_names[PRIORITY_COUNT]);
    cr_expect_null(task_state_names[TASK_STATE_COUNT]);
    cr_expect_null(result_status_names[RESULT_STATUS_COUNT]);
    cr_expect_null(worker_state_names[WORKER_STATE_COUNT]);
    cr_expect_str_eq(priority_names[PRIORITY_URGENT], "urgent");
    cr_expect_str_eq(task_state_names[TASK_DEADLETTERED], "deadlettered");
    cr_expect_str_eq(result_status_names[RESULT_FAILED], "failed");
    cr_expect_str_eq(worker_state_names[WORKER_OFFLINE], "offline");
}
