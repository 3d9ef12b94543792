#include "actors/orchestrator/deadline.h"
#include "tests/unit/test.h"

enum { COUNT = 1000 };

Test(deadline, come_out_in_the_order_of_time)
{
    orc_deadlines all = {0};
    static orc_deadline some[COUNT];
    for (uint64_t i = 0; i < COUNT; i++) {
        some[i] = (orc_deadline){0};
        orc_deadline_set(&all, &some[i], (i * 7919) % COUNT);
    }
    for (uint64_t i = 0; i < COUNT; i += 2) {
        orc_deadline_clear(&all, &some[i]);
    }
    uint64_t last = 0;
    size_t seen = 0;
    for (orc_deadline *one; (one = orc_deadline_take_due(&all, COUNT)) != NULL; seen++) {
        cr_expect_geq(one->at_ns, last);
        last = one->at_ns;
    }
    cr_expect_eq(seen, (size_t)COUNT / 2);
    cr_expect_eq(orc_deadline_next(&all), UINT64_MAX);
    orc_deadlines_finish(&all);
}

Test(deadline, moving_one_keeps_the_order)
{
    orc_deadlines all = {0};
    orc_deadline a = {0}, b = {0};
    orc_deadline_set(&all, &a, 10);
    orc_deadline_set(&all, &b, 20);
    orc_deadline_set(&all, &a, 30);
    cr_expect_eq(orc_deadline_next(&all), 20u);
    cr_expect_null(orc_deadline_take_due(&all, 19));
    cr_expect_eq(orc_deadline_take_due(&all, 20), &b);
    orc_deadline_clear(&all, &b);
    cr_expect_eq(orc_deadline_take_due(&all, 99), &a);
    orc_deadlines_finish(&all);
}
