/* Finds what a person wants first about a failed test: one sentence, and file:line. */
#include "actors/roles/test_runner/case.h"
#include "actors/roles/test_runner/lines.h"

#include <string.h>

/* Longest text that is searched per case: a failing test that prints a gigabyte says what is
 * wrong near its start or its end. */
enum { SEARCH_BYTES_MAX = 64 * 1024, PATH_BYTES_MAX = 400 };

static const char *const source_endings[] = {".c",  ".h",  ".cc", ".cpp", ".cxx", ".hpp",
                                             ".py", ".sh", ".js", ".ts",  ".mjs", ".t",
                                             ".pl", ".rb", ".go", ".rs",  ".bats"};

static bool is_source(const char *path, size_t size)
{
    for (size_t i = 0; i < sizeof source_endings / sizeof source_endings[0]; i++) {
        size_t ending = strlen(source_endings[i]);
        if (size > ending && memcmp(path + size - ending, source_endings[i], ending) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_path_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || (c != '\0' && strchr("/._-+@", c) != NULL);
}

/* "path.c:12" with @p colon at the ':'. */
static bool path_before(const char *start, const char *colon, const char **file, size_t *size)
{
    const char *begin = colon;
    while (begin > start && is_path_byte(begin[-1]) && colon - begin < PATH_BYTES_MAX) {
        begin--;
    }
    *file = begin;
    *size = (size_t)(colon - begin);
    line path = {begin, *size};
    bool foreign =
        line_find(path, "libsanitizer/") != NULL || line_find(path, "/usr/") == begin;
    return !foreign && is_source(begin, *size);
}

/* 'File "x.py", line 12' of a traceback, or "at x.js line 12." of Perl and YAML. */
static bool python_frame(line at, const char **file, size_t *size, int64_t *number)
{
    line_take_blanks(&at);
    if (!line_take(&at, "File \"")) {
        return false;
    }
    const char *quote = line_find(at, "\", line ");
    if (quote == NULL) {
        return false;
    }
    *file = at.text;
    *size = (size_t)(quote - at.text);
    line rest = {quote + 8, (size_t)(at.text + at.size - quote) - 8};
    line path = {*file, *size};
    return line_take_number(&rest, number) && line_find(path, "/usr/lib/") == NULL
           && line_find(path, "<frozen") == NULL;
}

/* Perl's Test::More: "#   at t/basic.t line 9." */
static bool perl_place(line at, const char **file, size_t *size, int64_t *number)
{
    const char *found = line_find(at, " line ");
    if (found == NULL) {
        return false;
    }
    line rest = {found + 6, (size_t)(at.text + at.size - found) - 6};
    return path_before(at.text, found, file, size) && line_take_number(&rest, number);
}

static bool colon_place(line at, const char **file, size_t *size, int64_t *number)
{
    const char *from = at.text;
    const char *end = at.text + at.size;
    while (from < end) {
        const char *colon = memchr(from, ':', (size_t)(end - from));
        if (colon == NULL) {
            return false;
        }
        line rest = {colon + 1, (size_t)(end - colon) - 1};
        if (path_before(at.text, colon, file, size) && line_take_number(&rest, number)) {
            return true;
        }
        from = colon + 1;
    }
    return false;
}

bool case_locate(const char *text, size_t size, const char **file, size_t *file_size,
                 int64_t *number)
{
    if (size > SEARCH_BYTES_MAX) {
        size = SEARCH_BYTES_MAX;
    }
    line_walk walk = line_walk_of(text, size);
    bool found = false, framed = false;
    for (line at; line_next(&walk, &at);) {
        const char *path;
        size_t path_size;
        int64_t n;
        if (python_frame(at, &path, &path_size, &n)) {
            framed = true; // Later frames are nearer to the failure: the last one counts.
        } else if (found
                   || !(colon_place(at, &path, &path_size, &n)
                        || perl_place(at, &path, &path_size, &n))) {
            continue;
        } else if (framed) {
            continue;
        }
        found = true;
        *file = path;
        *file_size = path_size;
        *number = n;
    }
    return found;
}

/* Lines that say nothing about the failure itself. */
static bool is_noise(line at)
{
    static const char *const noise[] = {"Failed test",
                                        "Looks like",
                                        "Traceback (",
                                        "at ",
                                        "---",
                                        "===",
                                        "...",
                                        "File \"",
                                        "^",
                                        "~",
                                        "Assertion Failed",
                                        "Failure"};
    for (size_t i = 0; i < sizeof noise / sizeof noise[0]; i++) {
        line copy = at;
        if (line_take(&copy, noise[i])) {
            return true;
        }
    }
    return at.size == 0;
}

/* "tests/a.c:12: expected 1" without its place; "E   assert" without pytest's mark. */
static line without_marks(line at)
{
    line_trim(&at.text, &at.size);
    while (at.size > 0 && at.text[0] == '#') {
        at.text++;
        at.size--;
    }
    line_trim(&at.text, &at.size);
    (void)line_take(&at, "[----]");
    line_trim(&at.text, &at.size);
    const char *file;
    size_t size;
    int64_t number;
    if (colon_place(at, &file, &size, &number) && file == at.text) {
        at.text += size;
        at.size -= size;
        while (at.size > 0 && (at.text[0] == ':' || (at.text[0] >= '0' && at.text[0] <= '9'))) {
            at.text++;
            at.size--;
        }
    }
    line_trim(&at.text, &at.size);
    return at;
}

/* TAP's YAML: "message: 'left is 3'", or "error: |-" and the text below. */
static bool yaml_message(line at, line_walk walk, line *out)
{
    line_take_blanks(&at);
    if (!line_take(&at, "message: ") && !line_take(&at, "error: ")) {
        return false;
    }
    if (at.size > 0 && (at.text[0] == '|' || at.text[0] == '>')) {
        while (line_next(&walk, &at)) {
            line_trim(&at.text, &at.size);
            if (at.size > 0) {
                break;
            }
        }
    }
    while (at.size > 1 && (at.text[0] == '\'' || at.text[0] == '"')
           && at.text[at.size - 1] == at.text[0]) {
        at.text++;
        at.size -= 2;
    }
    *out = at;
    return at.size > 0;
}

/* What assert() of the C library says, without program and place: "Assertion `x > 0' failed."
 */
static bool assertion(line at, line *out)
{
    const char *said = line_find(at, ": Assertion `");
    if (said == NULL || line_find(at, "' failed.") == NULL) {
        return false;
    }
    *out = (line){said + 2, (size_t)(at.text + at.size - said) - 2};
    return true;
}

/* The sentence: a line marked by pytest, an exception's last line or an assertion, else the
 * first that names a place, else the first that speaks. */
static line sentence(const char *text, size_t size)
{
    line first = {NULL, 0}, placed = {NULL, 0};
    line_walk walk = line_walk_of(text, size);
    for (line at; line_next(&walk, &at);) {
        line marked = at;
        if (line_take(&marked, "E  ")) {
            line_trim(&marked.text, &marked.size);
            return marked;
        }
        if (yaml_message(at, walk, &marked) || assertion(at, &marked)) {
            return marked;
        }
        bool indented = at.size > 0 && (at.text[0] == ' ' || at.text[0] == '\t');
        const char *error = line_find(at, "Error: ");
        const char *colon = line_find(at, ": ");
        if (!indented && error != NULL && colon > error) {
            line_trim(&at.text, &at.size);
            return at;
        }
        line clean = without_marks(at);
        if (is_noise(clean)) {
            continue;
        }
        const char *file;
        size_t file_size;
        int64_t number;
        first = first.size == 0 ? clean : first;
        if (placed.size == 0 && colon_place(at, &file, &file_size, &number)) {
            placed = clean;
        }
    }
    return placed.size > 0 ? placed : first;
}

void case_explain(case_list *list, case_record *record, const char *text, size_t size)
{
    if (size > SEARCH_BYTES_MAX) {
        size = SEARCH_BYTES_MAX;
    }
    const char *file;
    size_t file_size;
    int64_t number;
    if (record->file == NULL && case_locate(text, size, &file, &file_size, &number)) {
        record->file = case_text(list, file, file_size, PATH_BYTES_MAX);
        record->line = number;
    }
    if (record->message == NULL) {
        line said = sentence(text, size);
        record->message = case_text(list, said.text, said.size, CASE_TEXT_MAX);
    }
}
