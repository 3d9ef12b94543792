/* The messages in a living system. */
#include "tests/unit/contract/records_all.h"
#include "tests/unit/record_fill.h"
#include "tests/unit/test.h"

#include <cogo/system.h>

enum { STOP_NS = 1000 * 1000 * 1000 };

static cogo_system *start(void)
{
    const cogo_system_config config = {.struct_size = sizeof config, .lane_count = 1};
    cogo_system *system = NULL;
    return cogo_system_create(&config, &system) == COGO_OK ? system : NULL;
}

static void stop(cogo_system *system)
{
    cr_expect_eq(cogo_system_stop(system, STOP_NS), COGO_OK);
    cogo_system_destroy(system);
}

Test(registration, every_message_is_made_with_its_record)
{
    cogo_system *system = start();
    cr_assert_not_null(system);
    cr_assert_eq(messages_register(system), COGO_OK);
    cogo_arena arena = {0};
    uint64_t seed = 1;
#define X(number_, constant, name, record_)                                                 \
    {                                                                                       \
        const void *record = record_fill(&(record_), &arena, &seed);                        \
        cogo_msg *msg = cogo_msg_create_record(system, (constant), record);                 \
        cr_expect_not_null(msg);                                                            \
        cr_expect(msg == NULL                                                               \
                  || record_difference(&(record_), record, cogo_msg_payload(msg)) == NULL); \
        cogo_msg_destroy(msg);                                                              \
    }
    MESSAGE_MAP(X)
#undef X
    cogo_arena_finish(&arena);
    stop(system);
}

Test(registration, registering_twice_is_no_error)
{
    cogo_system *system = start();
    cr_assert_not_null(system);
    cr_expect_eq(messages_register(system), COGO_OK);
    cr_expect_eq(messages_register(system), COGO_OK);
    stop(system);
}
