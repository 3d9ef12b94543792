/* The Test Anything Protocol, versions 12 to 14, with subtests, YAML blocks and diagnostics.
 * Written by us from the specification; also what Criterion prints with --tap. */
#include "actors/roles/test_runner/format.h"
#include "actors/roles/test_runner/lines.h"

#include <string.h>

enum { LEVELS_MAX = 8, LEVEL_BLANKS = 4 };

/* One level of subtests. */
typedef struct level {
    const char *suite; /* What "# Subtest: name" said. */
    size_t suite_size;
    size_t first;    /* Index of the first case at or below this level. */
    int64_t planned; /* -1: no plan yet. */
    int64_t seen;
} level;

typedef struct tap {
    case_list *out;
    level levels[LEVELS_MAX];
    size_t depth;            /* Of the level that the current line belongs to. */
    size_t failed;           /* Index + 1 of the case that diagnostics belong to; 0: none. */
    const char *about, *end; /* The diagnostics after it. */
    bool report;             /* A plan, a version or a numbered line was there. */
    bool bailed;
} tap;

/* The words after the number: "- description # SKIP reason". */
typedef struct tap_words {
    line name, directive, reason;
} tap_words;

static bool take_word_nocase(line *at, const char *word)
{
    size_t size = strlen(word);
    if (at->size < size || strncasecmp(at->text, word, size) != 0) {
        return false;
    }
    at->text += size;
    at->size -= size;
    return true;
}

static tap_words split_words(line at)
{
    tap_words words = {0};
    line_take_blanks(&at);
    if (line_take(&at, "- ") || line_take(&at, "-")) {
        line_take_blanks(&at);
    }
    words.name = at;
    for (size_t i = 0; i + 1 < at.size; i++) {
        line rest = {at.text + i + 1, at.size - i - 1};
        if (at.text[i] != '#' || (i > 0 && at.text[i - 1] == '\\')) {
            continue;
        }
        line_take_blanks(&rest);
        line directive = {rest.text, 4};
        if (take_word_nocase(&rest, "skip") || take_word_nocase(&rest, "todo")) {
            words.name.size = i;
            words.directive = directive;
            while (rest.size > 0 && rest.text[0] != ' ') {
                rest.text++; // "skipped:"
                rest.size--;
            }
            words.reason = rest;
            break;
        }
    }
    return words;
}

/* Criterion: "suite::name  (0.01s)", "suite::name timed out (0.20s)". */
static int64_t take_duration(line *name)
{
    line_trim(&name->text, &name->size);
    if (!line_ends_with(*name, "s)")) {
        return -1;
    }
    size_t at = name->size;
    while (at > 0 && name->text[at - 1] != '(') {
        at--;
    }
    if (at == 0) {
        return -1;
    }
    int64_t ms = line_seconds_ms(name->text + at, name->size - at);
    if (ms >= 0) {
        name->size = at - 1;
        line_trim(&name->text, &name->size);
    }
    return ms;
}

/* "suite::name" without blanks around the colons. What follows a blank is no name: "crashed".
 */
static line take_suite(line *name, line *said)
{
    const char *colons = line_find(*name, "::");
    const char *blank = memchr(name->text, ' ', name->size);
    line suite = {NULL, 0};
    if (colons == NULL || colons == name->text || (blank != NULL && blank < colons)) {
        return suite;
    }
    suite = (line){name->text, (size_t)(colons - name->text)};
    size_t end = blank == NULL ? name->size : (size_t)(blank - name->text);
    *said = (line){name->text + end, name->size - end};
    *name = (line){colons + 2, end - suite.size - 2};
    return suite;
}

static void end_about(tap *state)
{
    if (state->failed > 0 && state->about != NULL) {
        case_explain(state->out, &state->out->items[state->failed - 1], state->about,
                     (size_t)(state->end - state->about));
    }
    state->failed = 0;
    state->about = NULL;
}

/* A parent's line only says again what its subtests said, unless it alone failed. */
static bool repeats_children(const tap *state, const level *children, bool ok)
{
    if (children->first >= state->out->count) {
        return false;
    }
    bool child_failed = false;
    for (size_t i = children->first; i < state->out->count; i++) {
        child_failed = child_failed || state->out->items[i].status == CASE_FAILED;
    }
    return ok || child_failed;
}

static void close_level(tap *state, size_t depth)
{
    level *at = &state->levels[depth];
    if (at->planned > at->seen) {
        const char *name = "planned tests that did not run";
        case_record *record =
            case_add(state->out, at->suite, at->suite_size, name, strlen(name), CASE_ERROR);
        if (record != NULL) {
            record->message = cogo_arena_printf(&state->out->arena, "planned %lld, saw %lld",
                                                (long long)at->planned, (long long)at->seen);
        }
    }
    *at = (level){.planned = -1, .first = state->out->count};
}

static void add_result(tap *state, line at, bool ok)
{
    int64_t number = 0;
    line_take_blanks(&at);
    bool numbered = line_take_number(&at, &number);
    tap_words words = split_words(at);
    end_about(state);
    size_t below = state->depth + 1;
    if (below < LEVELS_MAX && state->levels[below].seen > 0) {
        bool repeated = repeats_children(state, &state->levels[below], ok);
        close_level(state, below);
        if (repeated) {
            state->levels[state->depth].seen++;
            return;
        }
    }
    bool todo = words.directive.size > 0 && strncasecmp(words.directive.text, "todo", 4) == 0;
    bool skip = words.directive.size > 0 && !todo;
    int64_t ms = take_duration(&words.name);
    line said = {NULL, 0};
    line suite = take_suite(&words.name, &said);
    level *here = &state->levels[state->depth];
    if (suite.text == NULL) {
        suite = (line){here->suite, here->suite_size};
    }
    case_status status = skip || (todo && !ok) ? CASE_SKIPPED : ok ? CASE_PASSED : CASE_FAILED;
    case_record *record =
        case_add(state->out, suite.text, suite.size, words.name.text, words.name.size, status);
    here->seen++;
    state->report = state->report || numbered;
    if (record == NULL) {
        return;
    }
    record->duration_ms = ms;
    if (status == CASE_SKIPPED) {
        record->message =
            case_text(state->out, words.reason.text, words.reason.size, CASE_TEXT_MAX);
    } else if (status == CASE_FAILED) {
        record->message = case_text(state->out, said.text, said.size, CASE_TEXT_MAX);
        state->failed = state->out->count;
    }
}

static bool add_plan(tap *state, line at)
{
    int64_t last = 0;
    if (!line_take(&at, "1..") || !line_take_number(&at, &last)) {
        return false;
    }
    line_take_blanks(&at);
    if (at.size > 0 && at.text[0] != '#') {
        return false; // "1..2; echo": a shell's words.
    }
    state->report = true;
    level *here = &state->levels[state->depth];
    here->planned =
        (here->planned < 0 ? 0 : here->planned) + last; // Several programs in a row.
    if (last == 0 && state->depth == 0) {
        tap_words words = split_words(at);
        case_record *record =
            case_add(state->out, NULL, 0, "whole suite", strlen("whole suite"), CASE_SKIPPED);
        if (record != NULL) {
            record->message =
                case_text(state->out, words.reason.text, words.reason.size, CASE_TEXT_MAX);
        }
    }
    return true;
}

static void note_diagnostic(tap *state, line at)
{
    line copy = at;
    line_take_blanks(&copy);
    if (line_take(&copy, "# Subtest: ")) {
        end_about(state);
        size_t below = state->depth + 1;
        if (at.text[0] != '#') {
            below = state->depth; // TAP 14: the comment is indented as its tests are.
        }
        if (below < LEVELS_MAX && below > 0) {
            close_level(state, below);
            state->levels[below].suite = copy.text;
            state->levels[below].suite_size = copy.size;
        }
        return;
    }
    if (state->failed > 0) {
        state->about = state->about == NULL ? at.text : state->about;
        state->end = at.text + at.size;
    }
}

static void add_bail_out(tap *state, line reason)
{
    end_about(state);
    case_record *record =
        case_add(state->out, NULL, 0, "Bail out!", strlen("Bail out!"), CASE_ERROR);
    if (record != NULL) {
        record->message = case_text(state->out, reason.text, reason.size, CASE_TEXT_MAX);
    }
    state->report = true;
    state->bailed = true;
}

static bool is_result(line *at, bool *ok)
{
    line copy = *at;
    *ok = !line_take(&copy, "not ");
    if (!line_take(&copy, "ok")
        || (copy.size > 0 && copy.text[0] != ' ' && copy.text[0] != '\t')) {
        return false;
    }
    *at = copy;
    return true;
}

static void take_line(tap *state, line at)
{
    line inner = at;
    size_t blanks = line_take_blanks(&inner);
    size_t depth = blanks / LEVEL_BLANKS;
    bool deep = blanks % LEVEL_BLANKS == 0 && depth < LEVELS_MAX;
    bool ok;
    if (deep) {
        state->depth = depth;
    }
    line rest = inner;
    if (deep && is_result(&inner, &ok)) {
        add_result(state, inner, ok);
    } else if (deep && add_plan(state, inner)) {
        return;
    } else if (line_take(&rest, "TAP version ")) {
        state->report = true;
    } else if (line_take(&rest, "Bail out!")) {
        add_bail_out(state, rest);
    } else {
        note_diagnostic(state, at);
    }
}

void format_tap(const char *text, size_t size, case_list *out)
{
    size_t before = out->count;
    tap state = {.out = out};
    for (size_t i = 0; i < LEVELS_MAX; i++) {
        state.levels[i] = (level){.planned = -1, .first = out->count};
    }
    line_walk walk = line_walk_of(text, size);
    for (line at; !state.bailed && line_next(&walk, &at);) {
        take_line(&state, at);
    }
    end_about(&state);
    if (!state.bailed) {
        close_level(&state, 0);
    }
    if (!state.report) {
        out->count = before; // Some program happened to print "ok".
    }
}
