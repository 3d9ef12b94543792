/* Parts of a node alone: addresses as text, the numbers of announced types, the loads of child
 * processes. */
#include "runtime/node/address.h"
#include "runtime/node/loads.h"
#include "runtime/node/numbers.h"
#include "tests/unit/test.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

Test(node_parts, addresses_are_numbers_and_names_have_letters)
{
    static const char *const good[] = {"127.0.0.1:0", "[::1]:65535", "localhost:80",
                                       "10.0.0.1:7,else"};
    static const char *const bad[] = {
        "",
        ":1",
        "1.2.3.4",
        "1.2.3.4:",
        "1.2.3.4:x",
        "1.2.3.4:/",
        "1.2.3.4:99999",
        "1.2.3.4:123456",
        "::1:80",
        "[1.2.3.4]:80",
        "[::1:80",
        "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25.26:1"};
    static const struct {
        const char *text, *host;
        uint16_t port;
    } names[] = {{"dns:Pods-0.my_ns.TEST:7400", "Pods-0.my_ns.TEST", 7400},
                 {"z9:1,b:2", "z9", 1}};
    static const char *const no_names[] = {"",      "host",  "host:",  "host:0", "host:70000",
                                           "a/b:1", "a b:1", "dns::1", "{x}:1",  "h@st:1"};
    cogo__address at;
    char host[COGO__HOST_SIZE], text[COGO__ADDRESS_TEXT];
    uint16_t port = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_expect_eq(cogo__address_parse(good[i], &at), COGO_OK, "%s", good[i]);
        cr_expect_eq(cogo__address_is_loopback(&at), i < 3, "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_eq(cogo__address_parse(bad[i], &at), COGO_EINVAL, "%s", bad[i]);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_expect_eq(cogo__address_parse_name(names[i].text, host, &port), COGO_OK);
        cr_expect_str_eq(host, names[i].host);
        cr_expect_eq(port, names[i].port);
    }
    for (size_t i = 0; i < sizeof no_names / sizeof *no_names; i++) {
        cr_expect_eq(cogo__address_parse_name(no_names[i], host, &port), COGO_EINVAL, "%s",
                     no_names[i]);
    }
    static const char *const far[] = {"[8000::]:1", "[0:0:1::]:1", "[::1:0:0]:1", "[::2]:1"};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        cr_expect_eq(cogo__address_parse(far[i], &at), COGO_OK, "%s", far[i]);
        cr_expect_not(cogo__address_is_loopback(&at), "%s", far[i]);
    }
    cogo__address_text(&at, text);
    cr_expect_str_eq(text, "[::2]:1");
}

/* An address that is there, of a kind that nobody can connect to, or listen at twice. */
Test(node_parts, sockets_that_can_not_be_are_errors)
{
    cogo__address at;
    int fd = -1, other = -1;
    uint16_t port = 0;
    cr_expect_eq(cogo__address_parse("255.255.255.255:9", &at), COGO_OK);
    cr_expect_eq(cogo__address_connect(&at, &fd), COGO_EIO);
    cr_expect_eq(cogo__address_parse("192.0.2.1:0", &at), COGO_OK); // Nobody's.
    cr_expect_eq(cogo__address_listen(&at, &fd, &port), COGO_EIO);
    cr_expect_eq(fd, -1);
    cr_expect_eq(cogo__address_parse("127.0.0.1:0", &at), COGO_OK);
    cr_assert_eq(cogo__address_listen(&at, &fd, &port), COGO_OK);
    ((struct sockaddr_in *)(void *)&at.at)->sin_port = htons(port);
    cr_expect_eq(cogo__address_listen(&at, &other, &port), COGO_EIO);
    cr_expect_eq(cogo__address_accept(fd), -1, "nobody waits");
    (void)close(fd);
}

Test(node_parts, numbers_are_kept_while_the_map_grows_up_to_its_limit)
{
    static const char values[2];
    cogo__numbers numbers = {.from = NULL};
    const void *found = NULL;
    cr_expect_not(cogo__numbers_get(&numbers, 7, &found));
    for (uint32_t i = 0; i < COGO__NUMBERS_MAX; i++) {
        cr_expect_eq(cogo__numbers_put(&numbers, i * 5, &values[i % 2]), COGO_OK);
    }
    for (uint32_t i = 0; i < COGO__NUMBERS_MAX; i++) {
        cr_expect(cogo__numbers_get(&numbers, i * 5, &found) && found == &values[i % 2]);
        cr_expect_not(cogo__numbers_get(&numbers, i * 5 + 1, &found));
    }
    cr_expect_eq(cogo__numbers_put(&numbers, 1, values), COGO_ELIMIT);
    cr_expect_eq(cogo__numbers_put(&numbers, 5, values), COGO_OK, "one that is there");
    cr_expect(cogo__numbers_get(&numbers, 5, &found) && found == values);
    cogo__numbers_finish(&numbers);
    cr_expect_not(cogo__numbers_get(&numbers, 5, &found));
}

Test(node_parts, the_next_actor_goes_to_the_least_loaded_process_that_runs)
{
    cogo__loads loads = {.all = NULL};
    const bool both[COGO_PROCESS_COUNT_MAX] = {true, true},
               second[COGO_PROCESS_COUNT_MAX] = {false, true},
               none[COGO_PROCESS_COUNT_MAX] = {false};
    cr_expect_eq(cogo__loads_count(&loads, "a"), 0u);
    cr_expect_eq(cogo__loads_take(&loads, "a", both, 0), (uint32_t)COGO_PROCESS_COUNT_MAX);
    cogo__loads_give(&loads, "a", 0); // Of a pool that nobody knows.
    cr_expect_eq(cogo__loads_know(&loads, NULL, "a", 2), COGO_OK);
    cr_expect_eq(cogo__loads_know(&loads, NULL, "b", 1), COGO_OK);
    cr_expect_eq(cogo__loads_count(&loads, "b"), 1u);
    cr_expect_eq(cogo__loads_take(&loads, "a", second, 0), 1u);
    cr_expect_eq(cogo__loads_take(&loads, "a", both, 1), 0u);
    cr_expect_eq(cogo__loads_take(&loads, "a", none, 0), (uint32_t)COGO_PROCESS_COUNT_MAX);
    cogo__loads_give(&loads, "a", 1);
    cogo__loads_give(&loads, "a", 1); // Once more than was taken.
    cogo__loads_give(&loads, "a", COGO_PROCESS_COUNT_MAX);
    cr_expect_eq(cogo__loads_take(&loads, "a", both, 0), 1u);
    cr_expect_eq(cogo__loads_know(&loads, NULL, "a", 0), COGO_OK); // It was stopped.
    cr_expect_eq(cogo__loads_take(&loads, "a", both, 0), (uint32_t)COGO_PROCESS_COUNT_MAX);
    cogo__loads_finish(&loads);
}
