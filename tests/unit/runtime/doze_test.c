/* Lanes whose help is not worth what it costs, and leave the work to the others for a while. */
#include "runtime/sched/sched.h"
#include "tests/unit/runtime/scene.h"

#include <string.h>

/* --- What is judged. ---------------------------------------------------------------------- */

Test(doze, visits_that_bring_little_make_tired_and_one_that_was_worth_it_ends_that)
{
    cogo__doze d = {0};
    for (int i = 1; i < COGO__VISITS_TRIED; i++) {
        cogo__doze_visited(&d, 0, COGO__VISIT_WORTH_NS);
        cr_expect_not(d.tired);
    }
    uint64_t last = 0;
    for (int i = 0; i < 10; i++) { // After a doze one is enough, and it sleeps longer.
        cogo__doze_visited(&d, COGO__VISIT_WORTH_NS - 1, COGO__VISIT_WORTH_NS);
        cr_expect(d.tired);
        cr_expect(d.last_ns == last * 2 || d.last_ns == COGO__DOZE_MOST_NS || last == 0);
        last = d.last_ns;
        d.tired = false;
    }
    cogo__doze_visited(&d, COGO__VISIT_WORTH_NS, COGO__VISIT_WORTH_NS);
    cr_expect_eq(d.last_ns, 0u);
    cogo__doze_visited(&d, 0, COGO__VISIT_WORTH_NS);
    cr_expect_not(d.tired, "it begins anew");
}

Test(doze, steals_are_judged_together)
{
    const uint64_t worth = (uint64_t)COGO__STEALS_TRIED * COGO__STEAL_WORTH_NS;
    cogo__doze d = {0};
    cogo__doze_stole(&d, 1);
    cr_expect_not(d.tired, "there is nothing to judge yet");
    cogo__doze_stole(&d, worth);
    cr_expect(d.tired);
    d.tired = false;
    cogo__doze_stole(&d, 2 * worth);
    cr_expect_not(d.tired);
    cr_expect_eq(d.last_ns, 0u);
}

/* --- What a visit is: two lanes without threads, and a clock of our own. ------------------ */

typedef struct stage {
    uint64_t now;
    uint64_t slept_ns; /* In all parks. */
    uint32_t out;      /* Parks in which lane 0 took part in nothing, and was counted so. */
    cogo__world world;
    cogo_system system;
    cogo__sched sched;
    cogo__lane lanes[2];
} stage;

static uint64_t stage_now(void *ctx)
{
    return ((const stage *)ctx)->now;
}

static void stage_park(void *ctx, cogo__parker *parker, uint64_t deadline_ns)
{
    stage *s = ctx;
    cr_assert_eq(parker, &s->lanes[0].parker);
    cr_assert_gt(deadline_ns, s->now);
    s->slept_ns += deadline_ns - s->now;
    s->now = deadline_ns;
    s->out += cogo__lane_is_quiet(&s->sched, 0) && !cogo__lane_sleeps(&s->sched, 0)
              && cogo__u32_load_relaxed(&s->sched.dozing) == 1;
}

static stage *stage_open(void)
{
    static stage s; // Too large for the stack of a test.
    memset(&s, 0, sizeof s);
    s.now = 1;
    s.world = (cogo__world){.ctx = &s, .now_ns = stage_now, .park = stage_park};
    s.system.world = &s.world;
    s.sched.system = &s.system;
    s.sched.lanes = s.lanes;
    s.sched.lane_count = s.sched.regular_count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        s.lanes[i].sched = &s.sched;
        s.lanes[i].index = i;
    }
    return &s;
}

/* Lane 0 is woken, works for that long, and goes back to sleep. */
static void visit(stage *s, uint64_t work_ns)
{
    cogo__visit_begin(&s->lanes[0]);
    s->now += 1000000; // Looking is no work, however long.
    cogo__visit_work(&s->lanes[0]);
    s->now += work_ns;
    cogo__visit_pause(&s->lanes[0], true);
    cr_assert_not(s->lanes[0].doze.visiting);
}

Test(doze, a_visit_counts_by_its_work)
{
    stage *s = stage_open();
    visit(s, COGO__VISIT_WORTH_NS - 1);
    cr_expect_eq(s->lanes[0].doze.visits, 1u);
    visit(s, COGO__VISIT_WORTH_NS);
    cr_expect_eq(s->lanes[0].doze.visits, 0u);
    cogo__visit_pause(&s->lanes[0], true); // Its own timer woke it: nobody paid for that.
    cr_expect_eq(s->lanes[0].doze.visits, 0u);
}

/* The other lane is in a callback that lasts: the message in between was ours to do. */
Test(doze, help_was_needed_while_another_lane_stands)
{
    stage *s = stage_open();
    cogo__u64_store_relaxed(&s->lanes[1].turns, 3);
    visit(s, 0);
    cr_expect_eq(s->lanes[0].doze.visits, 0u);
    cogo__visit_begin(&s->lanes[0]);
    cogo__u64_store_relaxed(&s->lanes[1].turns, 5); // It came to its next turn by itself.
    cogo__visit_pause(&s->lanes[0], true);
    cr_expect_eq(s->lanes[0].doze.visits, 1u);
}

/* It finds something now and then, and looks around most of the time. */
Test(doze, a_visit_that_lasts_is_judged_in_parts)
{
    stage *s = stage_open();
    cogo__visit_begin(&s->lanes[0]);
    for (int i = 0; i < 3; i++) {
        s->now += COGO__VISIT_MOST_NS * 3 / 4;
        cogo__visit_work(&s->lanes[0]);
        s->now += COGO__VISIT_MOST_NS / 4;
        cogo__visit_pause(&s->lanes[0], false);
    }
    cr_expect(s->lanes[0].doze.visiting);
    cr_expect_eq(s->lanes[0].doze.visits, 3u);
    cogo__visit_work(&s->lanes[0]);
    s->now += COGO__VISIT_MOST_NS;
    cogo__visit_pause(&s->lanes[0], false);
    cr_expect_eq(s->lanes[0].doze.visits, 0u);
}

/* Nobody can wake it for work meanwhile, and it looks again only because of new work: so there
 * is no clock by which lanes look around. */
Test(doze, a_tired_lane_is_out_once_and_then_idle_as_others_are)
{
    stage *s = stage_open();
    cogo__u32_store_relaxed(&s->sched.watch.armed, 1);
    for (int i = 0; i < COGO__VISITS_TRIED; i++) {
        visit(s, 0);
    }
    cr_assert(s->lanes[0].doze.tired);
    cr_expect(cogo__lane_rest(&s->lanes[0]));
    cr_expect_eq(s->slept_ns, (uint64_t)COGO__DOZE_NS);
    cr_expect_eq(s->out, 1u);
    cr_expect_not(s->lanes[0].doze.tired);
    cr_expect_not(cogo__lane_is_quiet(&s->sched, 0));
    cr_expect_eq(cogo__u32_load_relaxed(&s->sched.dozing), 0u);

    s->lanes[0].doze.tired = true;
    (void)cogo__u64_or_seq_cst(&s->sched.idle[0], 2); // The other one sleeps.
    cr_expect_not(cogo__lane_rest(&s->lanes[0]), "nobody else would do the work");
    cr_expect_eq(s->out, 1u);
}

/* Else a message from outside would find nobody to wake. */
Test(doze, the_last_lane_does_not_doze)
{
    stage *s = stage_open();
    cogo__u32_store_relaxed(&s->sched.dozing, 1);
    cr_expect_not(cogo__lane_doze(&s->lanes[0], 1));
    cr_expect_eq(cogo__u32_load_relaxed(&s->sched.dozing), 1u);
    cr_expect_eq(cogo__u32_load_relaxed(&s->lanes[0].rests), 0u);
}
