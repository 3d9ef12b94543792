/* A sentence that shows a part of somebody's text is UTF-8 wherever it is cut. */
#include "codec/contract/text.h"
#include "tests/unit/test.h"

#include <stdio.h>

#define EURO   "\xe2\x82\xac"     /* 3 bytes. */
#define AEGEAN "\xf0\x90\x84\x80" /* 4 bytes. */
#define MIXED  "a\xc3\xa4" EURO AEGEAN "z"

static void format(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    text_format(out, size, format, args);
    va_end(args);
}

Test(text, a_precision_leaves_whole_characters_alone)
{
    static const char *const shown[] = {"",
                                        "a",
                                        "a",
                                        "a\xc3\xa4",
                                        "a\xc3\xa4",
                                        "a\xc3\xa4",
                                        "a\xc3\xa4" EURO,
                                        "a\xc3\xa4" EURO,
                                        "a\xc3\xa4" EURO,
                                        "a\xc3\xa4" EURO,
                                        "a\xc3\xa4" EURO AEGEAN,
                                        MIXED,
                                        MIXED};
    for (int most = 0; most < (int)(sizeof shown / sizeof shown[0]); most++) {
        char text[64], expected[64];
        format(text, sizeof text, "No: %.*s.", most, MIXED);
        (void)snprintf(expected, sizeof expected, "No: %s.", shown[most]);
        cr_expect_str_eq(text, expected, "%d bytes", most);
    }
}

Test(text, the_end_of_the_buffer_cuts_no_character)
{
    char text[8];
    format(text, sizeof text, "%s", "abc" EURO EURO);
    cr_expect_str_eq(text, "abc" EURO);
    format(text, sizeof text, "%s", "abcd" EURO "e");
    cr_expect_str_eq(text, "abcd" EURO);
}

Test(text, in_an_arena_as_long_as_it_is)
{
    cogo_arena arena;
    cogo_arena_init(&arena, 0);
    cr_expect_str_eq(text_print(&arena, "%.4s|%s", EURO EURO, MIXED), EURO "|" MIXED);
    cogo_arena_finish(&arena);
}
