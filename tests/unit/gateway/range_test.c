/* Which bytes of an answer are wanted. */
#include "actors/gateway/range.h"
#include "tests/unit/test.h"

static void expect(const char *text, int64_t size, range_verdict verdict, int64_t first,
                   int64_t last)
{
    int64_t from = -1, to = -1;
    cr_expect_eq(range_read(text, size, &from, &to), verdict, "%s",
                 text == NULL ? "none" : text);
    if (verdict != RANGE_BAD) {
        cr_expect(from == first && to == last, "%s: %lld-%lld", text == NULL ? "none" : text,
                  (long long)from, (long long)to);
    }
}

Test(range, one_range_of_bytes_is_understood)
{
    expect(NULL, 10, RANGE_ALL, 0, 9);
    expect("bytes=0-3", 10, RANGE_PART, 0, 3);
    expect("BYTES=3-", 10, RANGE_PART, 3, 9);
    expect("bytes=-4", 10, RANGE_PART, 6, 9);
    expect("bytes=-40", 10, RANGE_PART, 0, 9);
    expect("bytes=9-9", 10, RANGE_PART, 9, 9);
    expect("bytes=5-500", 10, RANGE_PART, 5, 9);
}

Test(range, what_is_not_there_is_bad_and_what_is_no_range_is_all)
{
    static const char *const none[] = {
        "bytes=3-1", "bytes=1-2,4-5", "lines=1-2", "bytes=a-b",   "bytes=1",
        "bytes=",    "bytes=1-x",     "bytes=--1", "bytes=1-2-3", "bytes=99999999999999999999-",
        ""};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        expect(none[i], 10, RANGE_ALL, 0, 9);
    }
    expect("bytes=10-", 10, RANGE_BAD, 0, 0);
    expect("bytes=-0", 10, RANGE_BAD, 0, 0);
    expect("bytes=0-", 0, RANGE_BAD, 0, 0);
    expect("bytes=-1", 0, RANGE_BAD, 0, 0);
}

Test(range, a_tag_is_found_in_a_list_of_them)
{
    cr_expect(range_tag_in("\"a\"", "\"a\""));
    cr_expect(range_tag_in("\"x\", W/\"a\"", "\"a\""));
    cr_expect(range_tag_in("*", "\"a\""));
    cr_expect_not(range_tag_in("\"aa\"", "\"a\""));
    cr_expect_not(range_tag_in("\"b\",\"c\"", "\"a\""));
    cr_expect_not(range_tag_in(NULL, "\"a\""));
    cr_expect_not(range_tag_in("", "\"a\""));
    cr_expect_not(range_tag_in(",,, ,", "\"a\""));
}
