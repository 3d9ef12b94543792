#include "actors/cli/args.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const args_option own[] = {
    {.name = "listen", .value = "HOST:PORT", .env = "COGO_TEST_LISTEN", .fallback = "here:1"},
    {.name = "wait"},
    {.name = NULL},
};

static bool parse(const char *const *words, int count, args_storage *storage, args *out,
                  char error[256])
{
    static char copies[16][64]; /* What was parsed points into it. */
    char *argv[16];
    for (int i = 0; i < count; i++) {
        snprintf(copies[i], sizeof copies[i], "%s", words[i]);
        argv[i] = copies[i];
    }
    return args_parse(count, argv, own, storage, out, error);
}

Test(args, a_flag_wins_over_the_environment_and_that_over_the_default)
{
    args_storage storage;
    args a;
    char error[256];
    static const char *const none[] = {"x"};
    static const char *const flag[] = {"--listen", "flag:3"};
    unsetenv("COGO_TEST_LISTEN");
    cr_assert(parse(none, 1, &storage, &a, error));
    cr_assert_str_eq(args_value(&a, "listen"), "here:1");
    setenv("COGO_TEST_LISTEN", "env:2", 1);
    cr_assert(parse(none, 1, &storage, &a, error));
    cr_assert_str_eq(args_value(&a, "listen"), "env:2");
    cr_assert(parse(flag, 2, &storage, &a, error));
    cr_assert_str_eq(args_value(&a, "listen"), "flag:3");
    unsetenv("COGO_TEST_LISTEN");
}

Test(args, words_and_options_may_come_in_any_order)
{
    args_storage storage;
    args a;
    char error[256];
    static const char *const words[] = {"one", "--wait", "two", "--", "--three"};
    cr_assert(parse(words, 5, &storage, &a, error));
    cr_assert_eq(a.positional_count, 3u);
    cr_assert_str_eq(a.positionals[2], "--three");
    cr_assert(args_flag(&a, "wait"));
}

Test(args, an_unknown_option_names_the_nearest)
{
    args_storage storage;
    args a;
    char error[256];
    static const char *const words[] = {"--lisen=x"};
    cr_assert_not(parse(words, 1, &storage, &a, error));
    cr_assert(strstr(error, "--lisen") != NULL);
    cr_assert(strstr(error, "did you mean --listen?") != NULL);
}

Test(args, a_missing_value_is_said)
{
    args_storage storage;
    args a;
    char error[256];
    static const char *const words[] = {"--listen"};
    cr_assert_not(parse(words, 1, &storage, &a, error));
    cr_assert(strstr(error, "needs a value") != NULL);
}

Test(args, the_token_can_not_be_given_on_the_command_line)
{
    args_storage storage;
    args a;
    char error[256];
    static const char *const words[] = {"--api-token=x"};
    cr_assert_not(parse(words, 1, &storage, &a, error));
}

Test(args, durations_have_units)
{
    int64_t ms = 0;
    cr_expect(args_duration_ms("500ms", &ms) && ms == 500);
    cr_expect(args_duration_ms("30s", &ms) && ms == 30000);
    cr_expect(args_duration_ms("2m", &ms) && ms == 120000);
    cr_expect(args_duration_ms("1h", &ms) && ms == 3600000);
    cr_expect(args_duration_ms("7", &ms) && ms == 7);
    cr_expect_not(args_duration_ms("soon", &ms));
    cr_expect_not(args_duration_ms("-1s", &ms));
    cr_expect_not(args_duration_ms("99999999999999999999s", &ms));
    cr_expect_not(args_duration_ms("", &ms));
}

/* A list that grew beyond the room once lost the options that all commands have, unseen. */
Test(args, more_options_than_there_is_room_for_are_refused_and_not_left_out)
{
    enum { MANY = ARGS_OPTIONS_MAX };
    static args_option many[MANY + 1];
    static char names[MANY][16];
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "option%zu", i);
        many[i].name = names[i];
    }
    args_storage storage;
    args a;
    char error[256] = "";
    char word[] = "x";
    char *argv[] = {word};
    cr_expect_not(args_parse(1, argv, many, &storage, &a, error));
    cr_expect(strstr(error, "options") != NULL);
}
