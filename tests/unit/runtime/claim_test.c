/* Leases on names without nodes: voters and claimants as they are told and asked. */
#include "runtime/node/claim.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define LEASE  (10 * SECOND)

static cogo__voter voter;
static uint64_t term;

static bool ask(const char *node, uint64_t incarnation, uint64_t with_term, uint64_t now)
{
    cogo__claimant who = {.incarnation = incarnation};
    (void)snprintf(who.node, sizeof who.node, "%s", node);
    return cogo__voter_ask(&voter, "leader", &who, with_term, LEASE, now, &term);
}

Test(claim, a_voter_grants_a_name_to_one_until_its_time_is_over)
{
    cogo__voter_begin(&voter, LEASE, 0);
    cr_expect_not(ask("a", 1, 1, LEASE - 1), "what it granted before it was restarted");
    cr_expect(ask("a", 1, 1, LEASE));
    cr_expect_not(ask("b", 1, 2, LEASE + 1));
    cr_expect_eq(term, 1u);
    cr_expect(ask("a", 1, 1, 2 * LEASE - 1), "it renews");
    cr_expect_not(ask("a", 2, 5, 2 * LEASE), "another incarnation is another");
    cr_expect_not(ask("b", 1, 2, 3 * LEASE - 2));
    cr_expect_not(ask("b", 1, 1, 3 * LEASE), "not with a term that was granted");
    cr_expect(ask("b", 1, 2, 3 * LEASE));
    cr_expect_not(ask("a", 1, 1, 3 * LEASE + 1));
    const cogo__claimant a = {"a", 1}, b = {"b", 1};
    cogo__voter_release(&voter, "leader", &a, 2);
    cogo__voter_release(&voter, "leader", &b, 1);
    cr_expect_not(ask("a", 1, 3, 3 * LEASE + 2), "neither was its holder and term");
    cogo__voter_release(&voter, "leader", &b, 2);
    cr_expect_not(ask("b", 1, 2, 3 * LEASE + 3), "given back: its term is over, too");
    cr_expect(ask("a", 1, 3, 3 * LEASE + 3));
    uint64_t known = 0;
    cr_expect_not(cogo__voter_ask(&voter, "x", &a, 1, LEASE / 2, 4 * LEASE, &known),
                  "another lease than its own");
}

Test(claim, a_voter_remembers_a_bounded_number_of_names)
{
    const cogo__claimant a = {"a", 1};
    char name[32];
    cogo__voter_begin(&voter, LEASE, 0);
    for (int i = 0; i < COGO_CLUSTER_NAMES_MAX; i++) {
        (void)snprintf(name, sizeof name, "name-%d", i);
        cr_assert(cogo__voter_ask(&voter, name, &a, 1, LEASE, LEASE, &term));
    }
    cr_expect_not(cogo__voter_ask(&voter, "more", &a, 1, LEASE, 2 * LEASE - 1, &term));
    cr_expect(cogo__voter_ask(&voter, "more", &a, 1, LEASE, 2 * LEASE, &term));
}

Test(claim, is_held_by_a_majority_from_when_it_was_asked_for)
{
    cogo__claim c = {.highest_term = 6};
    cogo__claim_ask(&c, LEASE, 100 * SECOND, 3);
    cr_expect_eq(c.term, 7u);
    cr_expect_not(cogo__claim_answer(&c, c.round, 0, 5, true, 7));
    cr_expect_not(cogo__claim_answer(&c, c.round, 0, 5, true, 7), "the same voter");
    cr_expect_not(cogo__claim_answer(&c, c.round - 1, 1, 5, true, 7), "an earlier round");
    cr_expect_not(cogo__claim_answer(&c, c.round, 2, 5, false, 9));
    cr_expect_not(cogo__claim_answer(&c, c.round, 99, 5, true, 7));
    cr_expect_not(cogo__claim_answer(&c, c.round, 3, 5, true, 7));
    cr_expect(cogo__claim_answer(&c, c.round, 4, 5, true, 7));
    cr_expect_eq(c.state, COGO__CLAIM_HELD);
    cr_expect_eq(cogo__claim_give_up_ns(&c, LEASE), 105 * SECOND);
    cr_expect_eq(cogo__claim_over_ns(&c, LEASE), 109 * SECOND + SECOND / 2);
    cogo__claim_ask(&c, LEASE, 102 * SECOND, 0);
    cr_expect_eq(c.term, 7u);
    cr_expect_eq(cogo__claim_give_up_ns(&c, LEASE), 105 * SECOND, "asking is not having");
    for (uint32_t voter_number = 0; voter_number < 3; voter_number++) {
        cr_expect_not(cogo__claim_answer(&c, c.round, voter_number, 5, true, 7), "no news");
    }
    cr_expect_eq(cogo__claim_give_up_ns(&c, LEASE), 107 * SECOND);
}
