/* JUnit XML, in the dialects of pytest, ctest, meson, Criterion, gtest and Maven. */
#include "actors/roles/test_runner/format.h"
#include "actors/roles/test_runner/lines.h"
#include "actors/roles/test_runner/xml.h"

#include <string.h>

enum { TEXT_BYTES_MAX = 32 * 1024 };

typedef struct junit {
    case_list *out;
    size_t open; /* Index + 1 of the case whose element is open; 0: none. */
    line suite;  /* Name of the innermost <testsuite>, raw. */
    line inside; /* Name of the child element of a case that is open. */
    bool told;   /* The open case has a failure, error or skipped element. */
} junit;

static bool is(line name, const char *word)
{
    return name.size == strlen(word) && memcmp(name.text, word, name.size) == 0;
}

static line clean(junit *state, line raw, size_t max)
{
    size_t size = 0;
    char *text = raw.text == NULL ? NULL : xml_unescape(&state->out->arena, raw, max, &size);
    return (line){text, text == NULL ? 0 : size};
}

/* Dialects without child elements say it in an attribute: ctest "fail", Criterion "ERRORED". */
static case_status status_of(line status)
{
    if (is(status, "fail") || is(status, "FAILED") || is(status, "failed")) {
        return CASE_FAILED;
    }
    if (is(status, "ERRORED") || is(status, "error")) {
        return CASE_ERROR;
    }
    if (is(status, "SKIPPED") || is(status, "skipped") || is(status, "disabled")
        || is(status, "notrun")) {
        return CASE_SKIPPED;
    }
    return CASE_PASSED;
}

static void open_case(junit *state, const xml_token *token)
{
    line name = clean(state, xml_attribute(token, "name"), CASE_NAME_MAX);
    line class = clean(state, xml_attribute(token, "classname"), CASE_NAME_MAX);
    line suite = clean(state, state->suite, CASE_NAME_MAX);
    bool own = class.size > 0
               && !(class.size == name.size && memcmp(class.text, name.text, name.size) == 0);
    if (own) {
        suite = class;
    }
    const char *slash = line_find(name, " / "); // meson: "project:suite / test".
    if (suite.size > 0 && slash != NULL && name.size > suite.size
        && memcmp(name.text, suite.text, suite.size) == 0) {
        name.size -= (size_t)(slash - name.text) + 3;
        name.text = slash + 3;
    }
    bool plain = is(suite, "(empty)") || is(suite, "pytest");
    case_record *record = case_add(state->out, plain ? NULL : suite.text, suite.size, name.text,
                                   name.size, status_of(xml_attribute(token, "status")));
    state->open = record == NULL ? 0 : state->out->count;
    state->told = false;
    if (record == NULL) {
        return;
    }
    line seconds = xml_attribute(token, "time");
    record->duration_ms =
        seconds.text == NULL ? -1 : line_seconds_ms(seconds.text, seconds.size);
    line file = clean(state, xml_attribute(token, "file"), CASE_NAME_MAX);
    line number = xml_attribute(token, "line");
    int64_t at = 0;
    if (file.text != NULL && record->status != CASE_PASSED && line_take_number(&number, &at)) {
        record->file = case_text(state->out, file.text, file.size, CASE_NAME_MAX);
        record->line = at;
    }
}

/* <failure>, <error> or <skipped> of the open case. */
static void open_verdict(junit *state, const xml_token *token)
{
    case_record *record = &state->out->items[state->open - 1];
    line message = clean(state, xml_attribute(token, "message"), CASE_TEXT_MAX);
    bool absent =
        message.text != NULL && line_find(message, "Unable to find executable") != NULL;
    if (!state->told) {
        record->status = is(token->name, "failure")           ? CASE_FAILED
                         : is(token->name, "error") || absent ? CASE_ERROR
                                                              : CASE_SKIPPED;
    }
    state->told = true;
    if (record->message == NULL) {
        const char *newline =
            memchr(message.text == NULL ? "" : message.text, '\n', message.size);
        size_t size = newline == NULL ? message.size : (size_t)(newline - message.text);
        bool counts = line_find(message, "assertion(s) failed") != NULL // Criterion's number.
                      || is(message, "collection failure");             // pytest; says nothing.
        record->message =
            counts ? NULL : case_text(state->out, message.text, size, CASE_TEXT_MAX);
    }
}

static void take_open(junit *state, const xml_token *token)
{
    bool verdict =
        is(token->name, "failure") || is(token->name, "error") || is(token->name, "skipped");
    if (is(token->name, "testsuite")) {
        state->suite = xml_attribute(token, "name");
    } else if (is(token->name, "testcase")) {
        open_case(state, token);
        state->inside = (line){NULL, 0};
        if (token->is_empty) {
            state->open = 0;
        }
    } else if (state->open > 0) {
        if (verdict) {
            open_verdict(state, token);
        }
        state->inside = token->is_empty ? (line){NULL, 0} : token->name;
    }
}

/* What a failed case printed explains it; skipped and passed ones keep their words. */
static void take_text(junit *state, const xml_token *token)
{
    if (state->open == 0 || state->inside.text == NULL) {
        return;
    }
    case_record *record = &state->out->items[state->open - 1];
    if (record->status != CASE_FAILED && record->status != CASE_ERROR) {
        return;
    }
    line text = token->is_cdata ? token->text : clean(state, token->text, TEXT_BYTES_MAX);
    if (text.size > 0) {
        case_explain(state->out, record, text.text, text.size);
    }
}

void format_junit(const char *text, size_t size, case_list *out)
{
    line all = {text, size};
    if (line_find(all, "<testsuite") == NULL) {
        return;
    }
    junit state = {.out = out};
    xml_walk walk = {.at = text, .end = text + size};
    for (xml_token token = xml_next(&walk); token.kind != XML_END; token = xml_next(&walk)) {
        if (token.kind == XML_OPEN) {
            take_open(&state, &token);
        } else if (token.kind == XML_TEXT) {
            take_text(&state, &token);
        } else if (is(token.name, "testcase")) {
            state.open = 0;
        } else {
            state.inside = (line){NULL, 0};
        }
    }
    if (state.open > 0 && !state.told) { // Cut off inside this case: nobody knows how it went.
        case_record *record = &out->items[state.open - 1];
        record->status = CASE_ERROR;
        record->message = "the report ends inside this case";
    }
}
