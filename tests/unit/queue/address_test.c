/* REDIS_URL, taken apart. */
#include "actors/queue/address.h"
#include "tests/unit/test.h"

#include <string.h>

Test(address, all_parts_are_taken)
{
    char error[256];
    address a;
    cr_assert(address_parse("rediss://us%65r:p%40ss%3A%2F@cache.example:6380/7", &a, error));
    cr_expect_str_eq(a.user, "user");
    cr_expect_str_eq(a.password, "p@ss:/");
    cr_expect_str_eq(a.host, "cache.example");
    cr_expect_str_eq(a.port, "6380");
    cr_expect_eq(a.db, 7);
    cr_expect(a.tls);
    cr_expect_not(address_is_local(&a));
}

Test(address, what_is_left_out_has_a_default)
{
    char error[256];
    address a;
    cr_assert(address_parse("redis://127.0.0.1", &a, error));
    cr_expect_str_eq(a.port, "6379");
    cr_expect(a.user[0] == '\0' && a.password[0] == '\0' && a.db == 0 && !a.tls);
    cr_expect(address_is_local(&a));
    cr_assert(address_parse("redis://:secret@[::1]:7000/", &a, error));
    cr_expect_str_eq(a.host, "::1");
    cr_expect_str_eq(a.port, "7000");
    cr_expect_str_eq(a.password, "secret");
    cr_expect(address_is_local(&a));
    cr_assert(address_parse("redis://user@host", &a, error));
    cr_expect_str_eq(a.user, "user");
    cr_expect(a.password[0] == '\0');
    cr_assert(address_parse("redis://a:b@c@host", &a, error), "the last @ is before the host");
    cr_expect_str_eq(a.password, "b@c");
}

Test(address, a_name_that_only_looks_local_is_not)
{
    char error[256];
    address a;
    static const char *const urls[] = {"redis://127.0.0.1.example.org",
                                       "redis://localhost.example.org", "redis://10.0.0.1",
                                       "redis://[::2]"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        cr_assert(address_parse(urls[i], &a, error));
        cr_expect_not(address_is_local(&a), "%s", urls[i]);
    }
}

/* Whoever mistypes a URL must not find the password in a log. */
Test(address, a_wrong_url_is_refused_without_repeating_it)
{
    static const char *const urls[] = {"",
                                       "http://h",
                                       "redis:/h",
                                       "redis://",
                                       "redis://:hush@",
                                       "redis://:hush@h:",
                                       "redis://:hush@h:0",
                                       "redis://:hush@h:65536",
                                       "redis://:hush@h:123456",
                                       "redis://:hush@h:7x",
                                       "redis://:hush@h/x",
                                       "redis://:hush@h/1x",
                                       "redis://:hush@h/99999999",
                                       "redis://:hush@h?db=1",
                                       "redis://:hush%@h",
                                       "redis://:hush%4@h",
                                       "redis://:hush%zz@h",
                                       "redis://:hush%00@h",
                                       "redis://:hush@[::1",
                                       "redis://:hush@[::1]x"};
    char error[256];
    address a;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        error[0] = '\0';
        cr_expect_not(address_parse(urls[i], &a, error), "%s", urls[i]);
        cr_expect(error[0] != '\0' && strstr(error, "hush") == NULL, "%s: %s", urls[i], error);
    }
}

Test(address, what_does_not_fit_is_refused)
{
    char url[4096] = "redis://:", error[256];
    address a;
    memset(url + 9, 'x', 1100);
    memcpy(url + 9 + 1100, "@h", 3);
    cr_expect_not(address_parse(url, &a, error));
    memset(url + 8, 'h', 300);
    url[308] = '\0';
    cr_expect_not(address_parse(url, &a, error));
}
