/* What test programs print for people: Criterion, GoogleTest and cmocka, libcheck, ctest. */
#include "actors/roles/test_runner/format.h"
#include "actors/roles/test_runner/lines.h"

#include <string.h>

/* A run of lines that belong to one test. */
typedef struct block {
    const char *start, *end;
} block;

static void block_add(block *at, line next)
{
    at->start = at->start == NULL ? next.text : at->start;
    at->end = next.text + next.size;
}

static size_t block_size(const block *at)
{
    return at->start == NULL ? 0 : (size_t)(at->end - at->start);
}

/* "(0.01s)" or "(12 ms)" at the end. */
static int64_t duration_at_end(line at)
{
    size_t open = at.size;
    while (open > 0 && at.text[open - 1] != '(') {
        open--;
    }
    if (open == 0) {
        return -1;
    }
    line inside = {at.text + open, at.size - open};
    int64_t ms = 0;
    if (line_ends_with(inside, " ms)")) {
        return line_take_number(&inside, &ms) ? ms : -1;
    }
    return line_ends_with(inside, "s)") ? line_seconds_ms(inside.text, inside.size) : -1;
}

/* "suite::name: rest" */
static case_record *criterion_case(case_list *out, line at, case_status status)
{
    const char *colons = line_find(at, "::");
    if (colons == NULL) {
        return NULL;
    }
    line name = {colons + 2, (size_t)(at.text + at.size - colons) - 2};
    const char *end = line_find(name, ": ");
    line rest = {NULL, 0};
    if (end != NULL) {
        rest = (line){end + 2, (size_t)(name.text + name.size - end) - 2};
        name.size = (size_t)(end - name.text);
    }
    case_record *record =
        case_add(out, at.text, (size_t)(colons - at.text), name.text, name.size, status);
    if (record == NULL) {
        return NULL;
    }
    record->duration_ms = duration_at_end(rest);
    if (status != CASE_PASSED && rest.size > 0 && rest.text[0] != '(') {
        record->message = case_text(out, rest.text, rest.size, CASE_TEXT_MAX);
    }
    if (record->message != NULL && strncmp(record->message, "CRASH", 5) == 0) {
        record->status = CASE_ERROR;
    }
    return record;
}

/* Without --verbose only failures are named; the closing line counts the others. */
static void criterion_unnamed(case_list *out, line at, size_t named)
{
    const char *found = line_find(at, "Passing: ");
    int64_t passing = 0;
    line rest = {found == NULL ? NULL : found + 9,
                 found == NULL ? 0 : (size_t)(at.text + at.size - found) - 9};
    if (found == NULL || !line_take_number(&rest, &passing)) {
        return;
    }
    for (int64_t i = (int64_t)named; i < passing && i < (int64_t)CASES_MAX; i++) {
        (void)case_add(out, "criterion", strlen("criterion"), "a passing test, not named",
                       strlen("a passing test, not named"), CASE_PASSED);
    }
}

void format_criterion(const char *text, size_t size, case_list *out)
{
    block about = {0};
    size_t passed = 0;
    line_walk walk = line_walk_of(text, size);
    for (line at; line_next(&walk, &at);) {
        line rest = at;
        if (line_take(&rest, "[----] ")) {
            block_add(&about, at);
        } else if (line_take(&rest, "[PASS] ")) {
            passed += criterion_case(out, rest, CASE_PASSED) != NULL;
            about = (block){0};
        } else if (line_take(&rest, "[SKIP] ")) {
            (void)criterion_case(out, rest, CASE_SKIPPED);
        } else if (line_take(&rest, "[FAIL] ")) {
            case_record *record = criterion_case(out, rest, CASE_FAILED);
            if (record != NULL) {
                case_explain(out, record, about.start, block_size(&about));
            }
            about = (block){0};
        } else if (line_take(&rest, "[====] Synthesis: ")) {
            criterion_unnamed(out, rest, passed);
            passed = 0;
        }
    }
}

/* "Suite.Name (3 ms)", "Suite.Name" or cmocka's "name". */
static case_record *gtest_case(case_list *out, line at, case_status status)
{
    int64_t ms = duration_at_end(at);
    const char *blank = at.size == 0 ? NULL : memchr(at.text, ' ', at.size);
    line name = {at.text, blank == NULL ? at.size : (size_t)(blank - at.text)};
    const char *dot = name.size == 0 ? NULL : memchr(name.text, '.', name.size);
    line suite = {NULL, 0};
    if (dot != NULL) {
        suite = (line){name.text, (size_t)(dot - name.text)};
        name = (line){dot + 1, name.size - suite.size - 1};
    }
    case_record *record = case_add(out, suite.text, suite.size, name.text, name.size, status);
    if (record != NULL) {
        record->duration_ms = ms;
    }
    return record;
}

void format_gtest(const char *text, size_t size, case_list *out)
{
    block about = {0};
    bool running = false;
    line_walk walk = line_walk_of(text, size);
    for (line at; line_next(&walk, &at);) {
        line rest = at;
        if (line_take(&rest, "[ RUN      ] ")) {
            about = (block){0};
            running = true;
        } else if (!running) {
            continue; // The list at the end names the failed ones again.
        } else if (line_take(&rest, "[       OK ] ")) {
            (void)gtest_case(out, rest, CASE_PASSED);
            running = false;
        } else if (line_take(&rest, "[  SKIPPED ] ")) {
            (void)gtest_case(out, rest, CASE_SKIPPED);
            running = false;
        } else if (line_take(&rest, "[  FAILED  ] ")) {
            case_record *record = gtest_case(out, rest, CASE_FAILED);
            if (record != NULL) {
                case_explain(out, record, about.start, block_size(&about));
            }
            running = false;
        } else {
            block_add(&about, at);
        }
    }
}

/* "test.c:12:F:case:name:0: message"; P passed, F failed, E error, S skipped. */
static void check_case(case_list *out, line at)
{
    line fields[6];
    size_t count = 0;
    line rest = at;
    while (count < 6) {
        const char *colon = rest.size == 0 ? NULL : memchr(rest.text, ':', rest.size);
        if (colon == NULL) {
            return;
        }
        fields[count] = (line){rest.text, (size_t)(colon - rest.text)};
        rest.size -= fields[count++].size + 1;
        rest.text = colon + 1;
    }
    int64_t number = 0;
    line copy = fields[1];
    const char *kinds = "PFES";
    const char *kind = fields[2].size != 1 ? NULL : strchr(kinds, fields[2].text[0]);
    if (kind == NULL || *kind == '\0' || !line_take_number(&copy, &number)) {
        return;
    }
    static const case_status statuses[] = {CASE_PASSED, CASE_FAILED, CASE_ERROR, CASE_SKIPPED};
    case_record *record = case_add(out, fields[3].text, fields[3].size, fields[4].text,
                                   fields[4].size, statuses[kind - kinds]);
    if (record != NULL && record->status != CASE_PASSED) {
        record->file = case_text(out, fields[0].text, fields[0].size, CASE_NAME_MAX);
        record->line = number;
        record->message = case_text(out, rest.text, rest.size, CASE_TEXT_MAX);
    }
}

void format_check(const char *text, size_t size, case_list *out)
{
    line all = {text, size};
    if (line_find(all, "%: Checks: ") == NULL) {
        return;
    }
    line_walk walk = line_walk_of(text, size);
    for (line at; line_next(&walk, &at);) {
        check_case(out, at);
    }
}

/* "1/5 Test #1: good ......   Passed    0.00 sec" */
static bool ctest_case(case_list *out, line at)
{
    line_take_blanks(&at);
    int64_t number = 0;
    if (!line_take_number(&at, &number) || !line_take(&at, "/")
        || !line_take_number(&at, &number) || !line_take(&at, " Test ")) {
        return false;
    }
    const char *colon = line_find(at, ": ");
    const char *dots = line_find(at, " .");
    if (colon == NULL || dots == NULL || dots < colon) {
        return false;
    }
    line rest = {dots, (size_t)(at.text + at.size - dots)};
    case_status status = line_find(rest, " Passed ") != NULL       ? CASE_PASSED
                         : line_find(rest, "***Skipped") != NULL   ? CASE_SKIPPED
                         : line_find(rest, "***Failed") != NULL    ? CASE_FAILED
                         : line_find(rest, "***Exception") != NULL ? CASE_FAILED
                         : line_find(rest, "***Timeout") != NULL   ? CASE_FAILED
                                                                   : CASE_ERROR;
    case_record *record = case_add(out, NULL, 0, colon + 2, (size_t)(dots - colon) - 2, status);
    size_t from = rest.size;
    if (record != NULL && line_ends_with(rest, " sec")) {
        from -= 4;
        while (from > 0 && rest.text[from - 1] != ' ') {
            from--;
        }
        record->duration_ms = line_seconds_ms(rest.text + from, rest.size - from);
    }
    size_t dots_size = 0;
    while (dots_size < from && strchr(" .*", rest.text[dots_size]) != NULL) {
        dots_size++;
    }
    if (record != NULL && status == CASE_FAILED) { // "Subprocess aborted***Exception:"
        record->message =
            case_text(out, rest.text + dots_size, from - dots_size, CASE_TEXT_MAX);
    }
    return true;
}

void format_ctest(const char *text, size_t size, case_list *out)
{
    block about = {0};
    size_t first = out->count;
    line_walk walk = line_walk_of(text, size);
    for (line at; line_next(&walk, &at);) {
        line rest = at;
        line_take_blanks(&rest);
        bool starts = line_take(&rest, "Start ");
        bool summary = line_find(at, "% tests passed, ") != NULL;
        size_t before = out->count;
        bool result = !starts && !summary && ctest_case(out, at);
        if (!starts && !summary && !result) {
            block_add(&about, at);
            continue;
        }
        case_record *last = before > first ? &out->items[before - 1] : NULL;
        if (last != NULL && (last->status == CASE_FAILED || last->status == CASE_ERROR)) {
            const char *word =
                last->message; // What the test printed says more than ctest's word.
            last->message = NULL;
            case_explain(out, last, about.start, block_size(&about));
            last->message = last->message == NULL ? word : last->message;
        }
        about = (block){0};
        if (summary) {
            return;
        }
    }
}
