/* What pytest and unittest print for people; pytest's JUnit file is better when it exists. */
#include "actors/roles/test_runner/format.h"
#include "actors/roles/test_runner/lines.h"

#include <string.h>

typedef struct word_status {
    const char *word;
    case_status status;
} word_status;

static const word_status pytest_words[] = {
    {"PASSED", CASE_PASSED}, {"FAILED", CASE_FAILED},   {"ERROR", CASE_ERROR},
    {"XPASS", CASE_PASSED},  {"SKIPPED", CASE_SKIPPED}, {"XFAIL", CASE_SKIPPED},
};

enum { PYTEST_WORDS = sizeof pytest_words / sizeof pytest_words[0] };

/* "tests/a.py::Class::test_x[1]": the file and classes are the suite. */
static case_record *add_node(case_list *out, line node, case_status status)
{
    const char *split = NULL;
    for (const char *at = line_find(node, "::"); at != NULL;) {
        split = at;
        line rest = {at + 2, (size_t)(node.text + node.size - at) - 2};
        const char *bracket = rest.size == 0 ? NULL : memchr(rest.text, '[', rest.size);
        at = line_find(rest, "::");
        at = at != NULL && (bracket == NULL || at < bracket) ? at : NULL;
    }
    if (split == NULL) {
        return NULL;
    }
    size_t suite = (size_t)(split - node.text);
    return case_add(out, node.text, suite, split + 2, node.size - suite - 2, status);
}

static case_record *find_node(case_list *out, size_t first, line node)
{
    for (size_t i = first; i < out->count; i++) {
        const case_record *record = &out->items[i];
        size_t suite = record->suite == NULL ? 0 : strlen(record->suite);
        if (node.size == suite + 2 + strlen(record->name) && suite > 0
            && memcmp(node.text, record->suite, suite) == 0
            && memcmp(node.text + suite + 2, record->name, node.size - suite - 2) == 0) {
            return &out->items[i];
        }
    }
    return NULL;
}

/* "tests/a.py::test_x PASSED    [ 14%]" of -v. */
static bool node_line(case_list *out, line at)
{
    const char *colons = line_find(at, "::");
    const char *blank = at.size == 0 ? NULL : memchr(at.text, ' ', at.size);
    if (colons == NULL || blank == NULL || blank < colons) {
        return false;
    }
    for (size_t i = 0; i < PYTEST_WORDS; i++) {
        const char *word = line_find(at, pytest_words[i].word);
        if (word != NULL && word[-1] == ' ') {
            line node = {at.text, (size_t)(word - at.text) - 1};
            return add_node(out, node, pytest_words[i].status) != NULL;
        }
    }
    return false;
}

/* "FAILED tests/a.py::test_x - AssertionError: ..." of the short summary. */
static bool summary_line(case_list *out, size_t first, line at, unsigned *searches)
{
    for (size_t i = 0; i < PYTEST_WORDS; i++) {
        line rest = at;
        if (!line_take(&rest, pytest_words[i].word) || !line_take(&rest, " ")) {
            continue;
        }
        const char *dash = line_find(rest, " - ");
        line node = {rest.text, dash == NULL ? rest.size : (size_t)(dash - rest.text)};
        case_record *record =
            *searches < CASE_SEARCHES_MAX ? find_node(out, first, node) : NULL;
        ++*searches;
        if (record == NULL && line_find(node, "::") != NULL) {
            record = add_node(out, node, pytest_words[i].status);
        } else if (record == NULL && pytest_words[i].status == CASE_ERROR
                   && line_ends_with(node, ".py")) {
            record =
                case_add(out, NULL, 0, node.text, node.size, CASE_ERROR); // Not importable.
        }
        if (record != NULL && dash != NULL && record->message == NULL) {
            size_t size = (size_t)(rest.text + rest.size - dash) - 3;
            record->message = case_text(out, dash + 3, size, CASE_TEXT_MAX);
        }
        return record != NULL;
    }
    return false;
}

/* "____ TestUnit.test_method ____" above a failure. The bare name; text NULL: no such line. */
static line heading(line at)
{
    line none = {NULL, 0};
    if (!line_take(&at, "__") || !line_ends_with(at, "__")) {
        return none;
    }
    while (at.size > 0 && at.text[0] == '_') {
        at.text++;
        at.size--;
    }
    while (at.size > 0 && at.text[at.size - 1] == '_') {
        at.size--;
    }
    line_trim(&at.text, &at.size);
    (void)(line_take(&at, "ERROR at setup of ") || line_take(&at, "ERROR at teardown of "));
    return at.size == 0 ? none : at;
}

static case_record *find_heading(case_list *out, size_t first, line name)
{
    for (size_t i = first; name.text != NULL && i < out->count; i++) {
        size_t size = strlen(out->items[i].name);
        bool fits = name.size >= size
                    && memcmp(name.text + name.size - size, out->items[i].name, size) == 0
                    && (name.size == size || name.text[name.size - size - 1] == '.');
        if (fits && out->items[i].status != CASE_PASSED && out->items[i].file == NULL) {
            return &out->items[i];
        }
    }
    return NULL;
}

/* "tests/a.py:12: AssertionError" ends each failure's block: the place of the assertion. */
static void failure_blocks(case_list *out, size_t first, const char *text, size_t size)
{
    case_record *about = NULL;
    unsigned searches = 0;
    line_walk walk = line_walk_of(text, size);
    for (line at; searches < CASE_SEARCHES_MAX && line_next(&walk, &at);) {
        line name = heading(at);
        searches += name.text != NULL;
        if (name.text != NULL) {
            about = find_heading(out, first, name);
        } else if (about != NULL && at.size > 0 && at.text[0] != ' ' && at.text[0] != '>'
                   && at.text[0] != 'E') {
            case_explain(out, about, at.text, at.size);
        } else if (about != NULL && at.size > 4 && at.text[0] == 'E'
                   && about->message == NULL) {
            about->message = case_text(out, at.text + 1, at.size - 1, CASE_TEXT_MAX);
        }
    }
}

void format_pytest(const char *text, size_t size, case_list *out)
{
    line all = {text, size};
    if (line_find(all, ".py") == NULL) {
        return;
    }
    size_t first = out->count;
    unsigned searches = 0;
    line_walk walk = line_walk_of(text, size);
    for (line at; line_next(&walk, &at);) {
        if (!summary_line(out, first, at, &searches)) {
            (void)node_line(out, at);
        }
    }
    failure_blocks(out, first, text, size);
}

static const word_status unittest_words[] = {
    {"... ok", CASE_PASSED},
    {"... FAIL", CASE_FAILED},
    {"... ERROR", CASE_ERROR},
    {"... skipped", CASE_SKIPPED},
    {"... expected failure", CASE_PASSED},
    {"... unexpected success", CASE_FAILED},
};

/* "test_x (module.Class.test_x)": name and class. */
static bool unittest_name(line at, line *name, line *suite)
{
    const char *open = line_find(at, " (");
    const char *close = at.size == 0 ? NULL : memchr(at.text, ')', at.size);
    if (open == NULL || close == NULL || close < open) {
        return false;
    }
    *name = (line){at.text, (size_t)(open - at.text)};
    *suite = (line){open + 2, (size_t)(close - open) - 2};
    if (name->size == 0 || memchr(name->text, ' ', name->size) != NULL) {
        return false;
    }
    line tail = *suite; // Since 3.11 the name is repeated at the end.
    if (line_ends_with(tail, "") && tail.size > name->size + 1
        && memcmp(tail.text + tail.size - name->size, name->text, name->size) == 0
        && tail.text[tail.size - name->size - 1] == '.') {
        suite->size -= name->size + 1;
    }
    return true;
}

/* A test with a docstring needs two lines: its name, then the sentence with the verdict. */
static void unittest_results(const char *text, size_t size, case_list *out)
{
    line name = {NULL, 0}, suite = {NULL, 0};
    line_walk walk = line_walk_of(text, size);
    for (line at; line_next(&walk, &at);) {
        line new_name, new_suite;
        if (unittest_name(at, &new_name, &new_suite)) {
            name = new_name;
            suite = new_suite;
        }
        for (size_t i = 0;
             name.text != NULL && i < sizeof unittest_words / sizeof *unittest_words; i++) {
            const char *found = line_find(at, unittest_words[i].word);
            if (found == NULL) {
                continue;
            }
            case_record *record = case_add(out, suite.text, suite.size, name.text, name.size,
                                           unittest_words[i].status);
            const char *rest = found + strlen(unittest_words[i].word);
            if (record != NULL && record->status == CASE_SKIPPED) {
                record->message =
                    case_text(out, rest, (size_t)(at.text + at.size - rest), CASE_TEXT_MAX);
            }
            name = (line){NULL, 0};
        }
    }
}

/* "FAIL: test_x (module.Class.test_x)", then the traceback up to the next "=====" or "-----".
 */
static void unittest_tracebacks(const char *text, size_t size, case_list *out, size_t first)
{
    case_record *about = NULL;
    const char *start = NULL, *end = NULL;
    unsigned searches = 0;
    line_walk walk = line_walk_of(text, size);
    for (line at; searches < CASE_SEARCHES_MAX && line_next(&walk, &at);) {
        line rest = at, name, suite;
        bool bar = line_take(&rest, "=====") || (start != NULL && line_take(&rest, "-----"));
        if (bar && about != NULL && start != NULL) {
            case_explain(out, about, start, (size_t)(end - start));
            about = NULL;
        }
        bool head = line_take(&rest, "FAIL: ") || line_take(&rest, "ERROR: ");
        if (head && unittest_name(rest, &name, &suite)) {
            about = NULL;
            start = NULL;
            searches++;
            for (size_t i = first; i < out->count && about == NULL; i++) {
                case_record *record = &out->items[i];
                bool fits = strlen(record->name) == name.size && record->message == NULL
                            && memcmp(record->name, name.text, name.size) == 0
                            && record->status != CASE_PASSED;
                about = fits ? record : NULL;
            }
        } else if (about != NULL && !bar && line_find(at, "-----") != at.text) {
            start = start == NULL ? at.text : start;
            end = at.text + at.size;
        }
    }
}

void format_unittest(const char *text, size_t size, case_list *out)
{
    size_t first = out->count;
    unittest_results(text, size, out);
    unittest_tracebacks(text, size, out, first);
}
