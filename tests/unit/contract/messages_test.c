#include "codec/contract/messages.h"
#include "tests/unit/test.h"

#include <string.h>

static const struct {
    uint32_t number;
    const char *name;
    const cogo_record *record;
} map[] = {
#define X(number_, constant, name_, record_) {(number_), (name_), &(record_)},
    MESSAGE_MAP(X)
#undef X
};
enum { MAP_COUNT = sizeof map / sizeof map[0] };

/* A number or name that two messages share would deliver one as the other. */
Test(messages, numbers_ascend_and_names_are_unique)
{
    for (size_t i = 0; i < MAP_COUNT; i++) {
        cr_expect_geq(map[i].number, (uint32_t)COGO_MSG_USER);
        cr_expect(i == 0 || map[i].number > map[i - 1].number);
        cr_expect_eq(strspn(map[i].name, "abcdefghijklmnopqrstuvwxyz."), strlen(map[i].name));
        for (size_t k = 0; k < i; k++) {
            cr_expect_neq(strcmp(map[i].name, map[k].name), 0);
        }
    }
}

Test(messages, each_has_a_record_with_fields)
{
    for (size_t i = 0; i < MAP_COUNT; i++) {
        cr_expect_not_null(map[i].record->fields);
        cr_expect_gt(map[i].record->field_count, 0u);
        cr_expect_gt(map[i].record->size_bytes, 0u);
    }
}
