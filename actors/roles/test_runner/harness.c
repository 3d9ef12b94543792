/* What automake's harness and meson print for people. */
#include "actors/roles/test_runner/format.h"
#include "actors/roles/test_runner/lines.h"

#include <string.h>

typedef struct word_status {
    const char *word;
    case_status status;
} word_status;

static const word_status automake_words[] = {
    {"PASS: ", CASE_PASSED},   {"FAIL: ", CASE_FAILED},  {"SKIP: ", CASE_SKIPPED},
    {"XFAIL: ", CASE_SKIPPED}, {"XPASS: ", CASE_FAILED}, {"ERROR: ", CASE_ERROR},
};

static case_record *find_name(case_list *out, size_t first, line name)
{
    for (size_t i = first; i < out->count; i++) {
        if (strlen(out->items[i].name) == name.size
            && memcmp(out->items[i].name, name.text, name.size) == 0) {
            return &out->items[i];
        }
    }
    return NULL;
}

/* With VERBOSE=1 the log follows: a heading as the result line, underlined, then the output. */
static bool is_underline(line at)
{
    for (size_t i = 0; i < at.size; i++) {
        if (at.text[i] != '=') {
            return false;
        }
    }
    return at.size >= 6;
}

typedef struct automake {
    case_list *out;
    size_t first;
    case_record *about; /* Whose log is being read. */
    const char *start, *end;
    unsigned searches;
} automake;

static void end_log(automake *state)
{
    if (state->about != NULL && state->start != NULL && state->about->status != CASE_PASSED) {
        case_explain(state->out, state->about, state->start,
                     (size_t)(state->end - state->start));
    }
    state->about = NULL;
    state->start = NULL;
}

static bool automake_line(automake *state, line at, line next)
{
    for (size_t i = 0; i < sizeof automake_words / sizeof automake_words[0]; i++) {
        line name = at;
        if (!line_take(&name, automake_words[i].word)) {
            continue;
        }
        line_trim(&name.text, &name.size);
        if (is_underline(next) && next.size == at.size) {
            end_log(state);
            state->about = state->searches < CASE_SEARCHES_MAX
                               ? find_name(state->out, state->first, name)
                               : NULL;
            state->searches++;
        } else if (state->about == NULL && name.size > 0) {
            (void)case_add(state->out, NULL, 0, name.text, name.size, automake_words[i].status);
        }
        return true;
    }
    return false;
}

void format_automake(const char *text, size_t size, case_list *out)
{
    automake state = {.out = out, .first = out->count};
    line_walk walk = line_walk_of(text, size);
    for (line at; line_next(&walk, &at);) {
        line_walk peek = walk;
        line next = {NULL, 0};
        (void)line_next(&peek, &next);
        if (is_underline(at) && at.size > 70) {
            end_log(&state); // The closing summary.
        } else if (!automake_line(&state, at, next) && !is_underline(at) && at.size > 0
                   && state.about != NULL) {
            state.start = state.start == NULL ? at.text : state.start;
            state.end = at.text + at.size;
        }
    }
    end_log(&state);
}

/* "2/5 sample:unit / bad FAIL            0.01s   exit status 1" */
static bool meson_case(case_list *out, line at)
{
    static const word_status words[] = {
        {" OK ", CASE_PASSED},
        {" FAIL ", CASE_FAILED},
        {" SKIP ", CASE_SKIPPED},
        {" TIMEOUT ", CASE_FAILED},
        {" ERROR ", CASE_ERROR},
        {" EXPECTEDFAIL ", CASE_PASSED},
        {" UNEXPECTEDPASS ", CASE_FAILED},
        {" INTERRUPT ", CASE_ERROR},
    };
    int64_t number = 0;
    line_take_blanks(&at);
    if (!line_take_number(&at, &number) || !line_take(&at, "/")
        || !line_take_number(&at, &number) || !line_take(&at, " ")) {
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *word = line_find(at, words[i].word);
        if (word == NULL) {
            continue;
        }
        line name = {at.text, (size_t)(word - at.text)};
        line suite = {NULL, 0};
        const char *slash = line_find(name, " / ");
        if (slash != NULL) {
            suite = (line){name.text, (size_t)(slash - name.text)};
            name = (line){slash + 3, name.size - suite.size - 3};
        }
        case_record *record =
            case_add(out, suite.text, suite.size, name.text, name.size, words[i].status);
        line rest = {word + strlen(words[i].word),
                     (size_t)(at.text + at.size - word) - strlen(words[i].word)};
        line_take_blanks(&rest);
        if (record != NULL) {
            record->duration_ms = line_seconds_ms(rest.text, rest.size);
        }
        const char *end = line_find(rest, "s ");
        if (record != NULL && end != NULL && words[i].status != CASE_PASSED) {
            record->message = case_text(out, end + 2, (size_t)(rest.text + rest.size - end) - 2,
                                        CASE_TEXT_MAX);
        }
        return true;
    }
    return false;
}

void format_meson(const char *text, size_t size, case_list *out)
{
    line_walk walk = line_walk_of(text, size);
    for (line at; line_next(&walk, &at);) {
        if (line_find(at, "Summary of Failures:") == at.text && at.size > 0) {
            return;
        }
        (void)meson_case(out, at);
    }
}
