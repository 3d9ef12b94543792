/* Views without nodes: what is believed of two stories, in whatever order they come, and what
 * is forgotten; how long a silence may be. */
#include "runtime/node/detect.h"
#include "runtime/node/view.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define HOUR   (3600 * SECOND)

static cogo__member member(const char *name, uint64_t incarnation, cogo_member_state state,
                           uint64_t version)
{
    cogo__member m = {.incarnation = incarnation, .state = state, .version = version};
    (void)snprintf(m.name, sizeof m.name, "%s", name);
    return m;
}

static void begin(cogo__view *view, const char *self, const char *members)
{
    const cogo__member me = member(self, 1, COGO_MEMBER_ALIVE, 0);
    cr_expect_eq(cogo__view_begin(view, &me, members, 0), COGO_OK);
}

static cogo__merged merge(cogo__view *view, const cogo__member *news, uint64_t now)
{
    cogo__member before;
    cogo__entry *entry = NULL;
    return cogo__view_merge(view, news, now, &before, &entry);
}

static cogo__merged hear(cogo__view *view, const char *name, uint64_t incarnation,
                         cogo_member_state state, uint64_t version)
{
    const cogo__member news = member(name, incarnation, state, version);
    return merge(view, &news, 0);
}

static cogo_member_state state_of(const cogo__view *view, const char *name)
{
    const cogo__entry *entry = cogo__view_find(view, name);
    return entry != NULL ? entry->known.state : COGO_MEMBER_STATES;
}

Test(view, a_list_is_names_and_rows_of_ordinals)
{
    cogo__view view = {.from = NULL};
    begin(&view, "pod-1", "pod-0..2,other,pod-1");
    cr_expect_eq(view.count, 4u);
    cr_expect_eq(view.listed, 4u);
    cr_expect_eq(state_of(&view, "pod-2"), COGO_MEMBER_UNKNOWN);
    uint32_t voters = 0, here = 0;
    cogo__view_count(&view, &voters, &here);
    cr_expect_eq(voters, 4u);
    cr_expect_eq(here, 1u);
    cogo__view_finish(&view);
    static const char *const good[] = {"a", "a,b", "a-0..0", "cogo-orchestrator-0..63", ""};
    static const char *const bad[] = {",a",   "a,,b",  "a-2..1",  "a-0..64",
                                      "a..2", "a-0..", "a-0..2x", "a-9999999..9999999"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_expect(cogo__view_list_is_valid(good[i]), "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_not(cogo__view_list_is_valid(bad[i]), "%s", bad[i]);
    }
    cr_expect(cogo__view_list_is_valid(NULL));
    cr_expect_not(cogo__view_list_is_valid("a-0..40,b-0..40"), "more than 64");
}

Test(view, what_is_dead_stays_dead_and_comes_back_only_as_a_later_incarnation)
{
    cogo__view view = {.from = NULL};
    uint64_t beyond = 0;
    begin(&view, "a", NULL);
    cr_expect_eq(hear(&view, "b", 5, COGO_MEMBER_ALIVE, 0), COGO__MERGED_NEWS);
    cr_expect_eq(hear(&view, "b", 5, COGO_MEMBER_SUSPECT, 0), COGO__MERGED_NEWS);
    cr_expect_eq(hear(&view, "b", 5, COGO_MEMBER_ALIVE, 0), COGO__MERGED_NOTHING);
    cr_expect_eq(hear(&view, "b", 5, COGO_MEMBER_ALIVE, 1), COGO__MERGED_NEWS, "it denies");
    cr_expect_eq(cogo__view_judge(&view, "b", 5, &beyond), COGO_OK);
    cr_expect_eq(hear(&view, "b", 5, COGO_MEMBER_DEAD, 0), COGO__MERGED_NEWS);
    cr_expect_eq(hear(&view, "b", 5, COGO_MEMBER_ALIVE, 9), COGO__MERGED_NOTHING);
    cr_expect_eq(hear(&view, "b", 5, COGO_MEMBER_LEFT, 9), COGO__MERGED_NOTHING);
    cr_expect_eq(hear(&view, "b", 4, COGO_MEMBER_ALIVE, 9), COGO__MERGED_NOTHING);
    cr_expect_eq(cogo__view_judge(&view, "b", 5, &beyond), COGO_EGONE);
    cr_expect_eq(beyond, 5u);
    cr_expect_eq(cogo__view_judge(&view, "b", 4, &beyond), COGO_EGONE);
    cr_expect_eq(cogo__view_judge(&view, "b", 6, &beyond), COGO_OK);
    cr_expect_eq(hear(&view, "b", 6, COGO_MEMBER_ALIVE, 0), COGO__MERGED_NEWS);
    cr_expect_eq(cogo__view_judge(&view, "b", 5, &beyond), COGO_EEXIST, "a later one lives");
    cr_expect_eq(hear(&view, "a", 1, COGO_MEMBER_DEAD, 0), COGO__MERGED_SELF);
    cr_expect_eq(state_of(&view, "a"), COGO_MEMBER_ALIVE);
    cr_expect_eq(hear(&view, "c", 1, COGO_MEMBER_LEFT, 0), COGO__MERGED_NOTHING, "unknown");
    cogo__view_finish(&view);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

/* The same stories in any order, some of them twice, make the same view. */
Test(view, the_order_of_news_does_not_matter)
{
    enum { STORIES = 12, VIEWS = 300 };
    for (uint64_t round = 1; round <= 20; round++) {
        cogo__member stories[STORIES];
        uint64_t seed = round, digest = 0;
        for (int i = 0; i < STORIES; i++) {
            stories[i] =
                member(next_random(&seed) % 2 == 0 ? "b" : "c", 1 + next_random(&seed) % 3,
                       (cogo_member_state)(1 + next_random(&seed) % 4), next_random(&seed) % 3);
            (void)snprintf(stories[i].address, sizeof stories[i].address, "10.0.0.%u:1",
                           (uint32_t)(next_random(&seed) % 3));
        }
        for (int v = 0; v < VIEWS; v++) {
            cogo__view view = {.from = NULL};
            begin(&view, "a", "b,c"); // Listed, so that news of an end are kept, too.
            for (int i = STORIES; i > 0; i--) {
                int other = (int)(next_random(&seed) % (uint64_t)i);
                cogo__member swap = stories[i - 1];
                stories[i - 1] = stories[other];
                stories[other] = swap;
                (void)merge(&view, &stories[i - 1], 0);
                (void)merge(&view, &swap, 0);
            }
            for (int i = 0; i < STORIES; i++) {
                (void)merge(&view, &stories[i], 0);
            }
            digest = digest != 0 ? digest : view.digest;
            cr_assert_eq(view.digest, digest);
            cogo__view_finish(&view);
        }
    }
}

/* Two who deny a suspicion at a time: found by a simulation whose digests were equal before and
 * after. */
Test(view, changes_of_several_do_not_cancel_each_other_out)
{
    cogo__view before = {.from = NULL}, after = {.from = NULL};
    begin(&before, "pod-1", "pod-0..2");
    begin(&after, "pod-1", "pod-0..2");
    for (uint64_t incarnation = 1; incarnation <= 2000; incarnation++) {
        for (int i = 0; i <= 2; i += 2) {
            const char *name = i == 0 ? "pod-0" : "pod-2";
            uint64_t own = incarnation * (i == 0 ? UINT64_C(0x9e3779b97f4a7c15) >> 8 : 1 << 20);
            (void)hear(&before, name, own, COGO_MEMBER_SUSPECT, 0);
            (void)hear(&after, name, own, COGO_MEMBER_ALIVE, 1);
        }
        cr_assert_neq(before.digest, after.digest);
    }
    cogo__view_finish(&before);
    cogo__view_finish(&after);
}

Test(view, is_bounded_and_makes_room_by_forgetting_who_is_gone)
{
    cogo__view view = {.from = NULL};
    char name[32];
    begin(&view, "a", "listed");
    for (int i = 0; i < COGO_CLUSTER_MEMBERS_MAX - 2; i++) {
        (void)snprintf(name, sizeof name, "worker-%d", i);
        const cogo__member news = member(name, 1, COGO_MEMBER_ALIVE, 0);
        cr_assert_eq(merge(&view, &news, (uint64_t)i), COGO__MERGED_NEWS);
    }
    cr_expect_eq(view.count, (uint32_t)COGO_CLUSTER_MEMBERS_MAX);
    cr_expect_eq(hear(&view, "one more", 1, COGO_MEMBER_ALIVE, 0), COGO__MERGED_FULL);
    cogo__member dead = member("worker-7", 1, COGO_MEMBER_DEAD, 0);
    cr_expect_eq(merge(&view, &dead, 9000), COGO__MERGED_NEWS);
    dead = member("worker-5", 1, COGO_MEMBER_LEFT, 0);
    cr_expect_eq(merge(&view, &dead, 8000), COGO__MERGED_NEWS);
    cr_expect_eq(hear(&view, "one more", 1, COGO_MEMBER_ALIVE, 0), COGO__MERGED_NEWS);
    cr_expect_null(cogo__view_find(&view, "worker-5"), "gone for longest");
    cr_expect_not_null(cogo__view_find(&view, "worker-7"));
    cr_expect_not_null(cogo__view_find(&view, "listed"));
    cr_expect_eq(view.count, (uint32_t)COGO_CLUSTER_MEMBERS_MAX);
    cogo__view_finish(&view);
}

/* First nobody is told of who is gone, then it is forgotten: so it does not come back from one
 * who forgets later. Who is on the list is never forgotten. */
Test(view, who_is_gone_is_forgotten_everywhere)
{
    cogo__view view = {.from = NULL};
    begin(&view, "a", "listed");
    (void)hear(&view, "listed", 1, COGO_MEMBER_ALIVE, 0);
    (void)hear(&view, "listed", 1, COGO_MEMBER_DEAD, 0);
    (void)hear(&view, "b", 1, COGO_MEMBER_ALIVE, 0);
    (void)hear(&view, "b", 1, COGO_MEMBER_DEAD, 0);
    (void)hear(&view, "c", 1, COGO_MEMBER_ALIVE, 0);
    const cogo__entry *b = cogo__view_find(&view, "b");
    cr_assert_not_null(b);
    cr_expect(cogo__view_tells(b, HOUR / 2 - 1));
    cr_expect_not(cogo__view_tells(b, HOUR / 2));
    uint64_t digest = view.digest;
    cogo__view_age(&view, HOUR / 2);
    cr_expect_neq(view.digest, digest);
    cr_expect_eq(state_of(&view, "b"), COGO_MEMBER_DEAD);
    cogo__view_age(&view, HOUR);
    cr_expect_eq(state_of(&view, "b"), COGO_MEMBER_STATES);
    cr_expect_eq(state_of(&view, "c"), COGO_MEMBER_ALIVE);
    cr_expect_eq(state_of(&view, "listed"), COGO_MEMBER_DEAD);
    cogo__view_finish(&view);
}

Test(detect, patience_is_learned_between_a_floor_and_a_ceiling)
{
    cogo__rhythm steady = {0}, rough = {0};
    cr_expect_eq(cogo__rhythm_patience(&steady, SECOND, 0, 0), 4 * SECOND);
    for (uint64_t i = 1; i <= 50; i++) {
        cogo__rhythm_note(&steady, i * SECOND);
        cogo__rhythm_note(&rough, i * SECOND + (i % 2) * SECOND * 9 / 10);
    }
    uint64_t patience = cogo__rhythm_patience(&steady, SECOND, 0, 0);
    cr_expect(patience >= 4 * SECOND && patience < 5 * SECOND);
    uint64_t longer = cogo__rhythm_patience(&rough, SECOND, 0, 0);
    cr_expect(longer > 6 * SECOND && longer < 9 * SECOND);
    cr_expect_eq(cogo__rhythm_patience(&rough, SECOND, 100 * SECOND, 0), 12 * SECOND);
    cr_expect_eq(cogo__rhythm_patience(&steady, SECOND, 0, 2), 3 * patience);
    cr_expect_eq(cogo__rhythm_patience(&steady, SECOND, 0, 1000), 9 * patience);
}

/* Who is late itself doubts itself first, and gets over it beat by beat. */
Test(detect, own_lateness_is_a_strain_that_passes)
{
    cogo__pulse pulse = {0};
    cr_expect_eq(cogo__pulse_beat(&pulse, 10 * SECOND, SECOND), 0u);
    cr_expect_eq(cogo__pulse_beat(&pulse, 11 * SECOND + SECOND / 4, SECOND), SECOND / 4);
    cr_expect_eq(pulse.strain, 0u);
    uint64_t now = 11 * SECOND + SECOND / 4;
    for (int i = 0; i < 20; i++) {
        now += 2 * SECOND;
        cr_expect_eq(cogo__pulse_beat(&pulse, now, SECOND), SECOND);
    }
    cr_expect_eq(pulse.strain, (uint32_t)COGO__STRAIN_MAX);
    cr_expect_eq(pulse.late_max_ns, SECOND);
    for (int i = 0; i < COGO__STRAIN_MAX; i++) {
        now += SECOND;
        cr_expect_eq(cogo__pulse_beat(&pulse, now, SECOND), 0u);
    }
    cr_expect_eq(pulse.strain, 0u);
}
