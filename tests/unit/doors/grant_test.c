/* Scopes, tenants, remembered tokens and rates, without a socket. */
#include "actors/doors/rate.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t second_ns = UINT64_C(1000000000);

static cogo_strings names(const char *const *items, size_t count)
{
    return (cogo_strings){.items = items, .count = count};
}

Test(grant, scopes_imply_each_other_and_unknown_ones_are_named)
{
    static const char *const submit[] = {"submit"}, *const admin[] = {"admin"};
    static const char *const bad[] = {"read", "root"};
    const char *unknown = NULL;
    uint32_t scopes;
    cr_expect(grant_scopes(names(submit, 1), &scopes, &unknown));
    cr_expect_eq(scopes, (uint32_t)(SCOPE_SUBMIT | SCOPE_READ));
    cr_expect(grant_scopes(names(admin, 1), &scopes, &unknown));
    cr_expect_eq(scopes, grant_all().scopes);
    cr_expect_not(grant_scopes(names(bad, 2), &scopes, &unknown));
    cr_expect_str_eq(unknown, "root");
}

Test(grant, names_of_tenants_are_narrow)
{
    static const char *const good[] = {"a", "acme", "team-7", "a_b", "default"};
    static const char *const bad[] = {
        "",     "*",    "-a",
        "Acme", "a b",  "a.b",
        "a/b",  "a\nb", "0123456789012345678901234567890123456789012345678901234567890123"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_expect(grant_tenant_valid(good[i]), "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_not(grant_tenant_valid(bad[i]), "%s", bad[i]);
    }
}

Test(grant, a_revoked_or_expired_token_gives_nothing)
{
    static const char *const scopes[] = {"read", "of-a-newer-program"};
    access_token t = {.token_id = "tok_1", .tenant = "acme", .scopes = {scopes, 2}};
    grant g;
    cr_expect(grant_from(&t, 1000, &g));
    cr_expect_eq(g.scopes, (uint32_t)SCOPE_READ);
    cr_expect_str_eq(grant_bound(&g), "acme");
    t.expires_at = 1000;
    cr_expect_not(grant_from(&t, 1000, &g));
    cr_expect(grant_from(&t, 999, &g));
    t.revoked_at = 1;
    cr_expect_not(grant_from(&t, 999, &g));
    t = (access_token){.token_id = "tok_2", .tenant = "default"};
    cr_expect(grant_from(&t, 0, &g));
    cr_expect_eq(g.scopes, 0u);
    cr_expect_null(grant_tenant(&g), "tasks of the default tenant carry no name");
    g = grant_all();
    cr_expect_null(grant_bound(&g));
}

Test(grant, a_token_is_remembered_for_a_while_and_never_too_many)
{
    grants *g = calloc(1, sizeof *g);
    uint8_t hash[32] = {1};
    grant all = grant_all();
    memcpy(all.token_id, "tok_1", 6);
    cr_expect_null(grants_find(g, hash, second_ns));
    grants_put(g, hash, &all, second_ns);
    cr_assert_not_null(grants_find(g, hash, 2 * second_ns));
    cr_expect(grants_find(g, hash, 2 * second_ns)->good);
    cr_expect_null(grants_find(g, hash, 6 * second_ns), "it is looked up again");
    cr_expect(grants_knows(g, hash));
    grants_drop(g, "tok_1");
    cr_expect_null(grants_find(g, hash, 2 * second_ns));
    cr_expect_not(grants_knows(g, hash));
    for (int i = 0; i < GRANTS_MAX + 10; i++) {
        uint8_t other[32] = {2, (uint8_t)i, (uint8_t)(i >> 8)};
        grants_put(g, other, NULL, second_ns);
        cr_assert_not_null(grants_find(g, other, second_ns));
        cr_expect_not(grants_find(g, other, second_ns)->good);
    }
    free(g);
}

Test(rate, a_tenant_gets_its_rate_and_its_burst_and_no_more)
{
    char error[256];
    rates *r = malloc(sizeof *r);
    cr_assert(rates_init(r, "10,acme=100", "http", error));
    uint64_t now_ns = second_ns;
    int let_in = 0;
    for (int i = 0; i < 1000; i++) {
        let_in += rates_take(r, "acme", now_ns) == 0;
    }
    cr_expect_eq(let_in, 100 * RATE_BURST_SECONDS);
    int64_t wait_ms = rates_take(r, "acme", now_ns);
    cr_expect(wait_ms > 0 && wait_ms <= 20, "%ld", (long)wait_ms);
    cr_expect_eq(rates_take(r, "acme", now_ns + (uint64_t)wait_ms * 1000000), 0);
    cr_expect_eq(rates_take(r, "quiet", now_ns), 0, "another tenant is not held up");
    cr_expect_eq(rates_take(r, NULL, now_ns), 0, "who is bound to none has no limit");
    rates_charge(r, "quiet", 100, now_ns);
    cr_expect_gt(rates_take(r, "quiet", now_ns), 7000, "a batch is paid for later");
    free(r);
}

Test(rate, more_tenants_than_buckets_still_have_limits)
{
    char error[256];
    rates *r = malloc(sizeof *r);
    cr_assert(rates_init(r, "1", "http", error));
    for (int i = 0; i < 3 * RATE_TENANTS_MAX; i++) {
        char tenant[32];
        snprintf(tenant, sizeof tenant, "t%d", i);
        for (int k = 0; k < RATE_BURST_SECONDS; k++) {
            cr_expect_eq(rates_take(r, tenant, second_ns + (uint64_t)i), 0);
        }
        cr_expect_gt(rates_take(r, tenant, second_ns + (uint64_t)i), 0);
    }
    free(r);
}

Test(rate, bad_settings_are_named)
{
    static const char *const bad[] = {"x",     "-1",   "1000001", "a=",       "=5",
                                      "A=5",   "1,,2", "1 ",      "ftp:5",    ":5",
                                      "http:", "ws:x", "**=5",    "redis:A=1"};
    char error[256];
    rates *r = malloc(sizeof *r);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        error[0] = '\0';
        cr_expect_not(rates_init(r, bad[i], "http", error), "%s", bad[i]);
        cr_expect_not_null(strstr(error, "TENANT=N"));
    }
    cr_expect(rates_init(r, NULL, "http", error));
    cr_expect_eq(rates_take(r, "any", 1), 0);
    free(r);
}

Test(rate, each_door_has_limits_of_its_own_and_one_for_all_callers)
{
    static const char text[] = "100,acme=50,ws:acme=5,ws:*=20,redis:7";
    char error[256];
    rates *http = malloc(sizeof *http), *ws = malloc(sizeof *ws),
          *redis = malloc(sizeof *redis);
    cr_assert(rates_init(http, text, "http", error) && rates_init(ws, text, "ws", error)
              && rates_init(redis, text, "redis", error));
    cr_expect(http->common == 100 && ws->common == 100 && redis->common == 7);
    cr_expect(http->whole == 0 && ws->whole == 20);
    int acme = 0, others = 0;
    for (int i = 0; i < 100; i++) {
        acme += rates_take(ws, "acme", second_ns) == 0;
    }
    for (int i = 0; i < 100; i++) {
        others += rates_take(ws, NULL, second_ns) == 0;
    }
    cr_expect_eq(acme, 5 * RATE_BURST_SECONDS, "the later entry, of this door");
    cr_expect_eq(acme + others, 20 * RATE_BURST_SECONDS, "all callers together");
    cr_expect_gt(rates_take(ws, NULL, second_ns), 0);
    cr_expect_eq(rates_take(ws, NULL, 2 * second_ns), 0, "it fills again");
    cr_expect_eq(rates_take(http, "acme", second_ns), 0, "another door is not held up");
    free(http);
    free(ws);
    free(redis);
}
