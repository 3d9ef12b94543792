/* The report for people: verdict, scores with their evidence, tests with failures first,
 * findings worst first, what was skipped and how to get it. */
#include "actors/cli/output.h"
#include "actors/cli/report.h"

#include <stdlib.h>
#include <string.h>

enum {
    FINDINGS_SHOWN = 25,
    TESTS_SHOWN = 15,
    SKIPPED_SHOWN = 12,
    LANGUAGES_SHOWN = 5,
    PLACE_WIDTH = 24, /* Of the column with file:line. */
    EVIDENCE_COLUMN = 24,
};

/* @p left, then @p right flush at the page's right edge; @p left is cut when both don't fit. */
static void two_ends(FILE *to, size_t width, const char *left, const char *right)
{
    size_t tail = strlen(right);
    size_t room = width > tail + 12 ? width - tail - 2 : 10;
    char line[512];
    snprintf(line, sizeof line, "%.*s", (int)room, left);
    output_text(to, OUTPUT_BOLD, line);
    fprintf(to, "%*s", (int)(room > strlen(line) ? room - strlen(line) + 2 : 2), "");
    output_text(to, OUTPUT_DIM, right);
    fputc('\n', to);
}

/* "  critical  src/list.c:50   message": @p place stands in a column of its own. */
static void entry(FILE *to, size_t width, output_style style, const char *head,
                  const char *place, size_t place_width, const char *text)
{
    char column[280];
    snprintf(column, sizeof column, "%-*s  ", (int)place_width, place);
    output_text(to, style, head);
    output_text(to, OUTPUT_PLAIN, column);
    size_t at = strlen(head) + strlen(column);
    size_t indent = strlen(head) + place_width + 2;
    if (at > indent) { /* A long place pushes its text to the next line. */
        fprintf(to, "\n%*s", (int)indent, "");
        at = indent;
    }
    output_wrapped(to, width, at, indent, OUTPUT_PLAIN, text);
}

static void print_head(const json_t *report, FILE *to, size_t width)
{
    char cell[300], left[400], right[120];
    const char *verdict = json_string_value(json_object_get(report, "verdict"));
    snprintf(left, sizeof left, "cogo assess %s",
             output_value(report, "path", cell, sizeof cell));
    double seconds = (double)json_integer_value(json_object_get(report, "durationMs")) / 1000.0;
    snprintf(right, sizeof right, "%.1f s, %zu roles", seconds,
             json_array_size(json_object_get(report, "roles")));
    two_ends(to, width, left, right);
    bool pass = strcmp(verdict, "pass") == 0, fail = strcmp(verdict, "fail") == 0;
    output_text(to,
                fail   ? OUTPUT_RED
                : pass ? OUTPUT_GREEN
                       : OUTPUT_YELLOW,
                fail   ? "FAIL"
                : pass ? "PASS"
                       : "WARN");
    fputs("  ", to);
    output_text(to, OUTPUT_BOLD, output_value(report, "summary", cell, sizeof cell));
    fputc('\n', to);

    const json_t *index = json_object_get(report, "index"), *languages;
    languages = json_object_get(index, "languages");
    bool one = json_integer_value(json_object_get(index, "files")) == 1;
    fprintf(to, "      %s file%s, ", output_value(index, "files", cell, sizeof cell),
            one ? "" : "s");
    fprintf(to, "%s lines", output_value(index, "lines", cell, sizeof cell));
    size_t i, shown = 0;
    json_t *language;
    json_array_foreach(languages, i, language)
    {
        output_value(language, "language", cell, sizeof cell);
        if (shown < LANGUAGES_SHOWN && strcmp(cell, "other") != 0) {
            fprintf(to, "%s%s", shown++ == 0 ? ": " : ", ", cell);
        }
    }
    fputs("\n\n", to);
}

static void print_scores(const json_t *report, FILE *to, size_t width)
{
    static const char *const names[] = {"syntax", "semantics", "architecture", "security",
                                        "tests"};
    const json_t *scores = json_object_get(report, "scores");
    char cell[500];
    output_text(to, OUTPUT_DIM, "  dimension      score  evidence");
    fputc('\n', to);
    for (size_t i = 0; i < 5; i++) {
        const json_t *score = json_object_get(scores, names[i]);
        if (score == NULL) {
            fprintf(to, "  %-13s      -  not judged (see skipped)\n", names[i]);
            continue;
        }
        double value = json_number_value(score);
        fprintf(to, "  %-13s   ", names[i]);
        char number[16];
        snprintf(number, sizeof number, "%.2f", value < 1 && value > 0.99 ? 0.99 : value);
        output_text(to,
                    value >= 0.9   ? OUTPUT_GREEN
                    : value >= 0.6 ? OUTPUT_YELLOW
                                   : OUTPUT_RED,
                    number);
        fputs("  ", to);
        output_value(json_object_get(report, "evidence"), names[i], cell, sizeof cell);
        output_wrapped(to, width, EVIDENCE_COLUMN, EVIDENCE_COLUMN, OUTPUT_PLAIN, cell);
    }
    fputc('\n', to);
}

static void place(const json_t *entry, char *out, size_t size)
{
    char file[200], line[24];
    output_value(entry, "file", file, sizeof file);
    output_value(entry, "line", line, sizeof line);
    bool has_line = line[0] != '\0' && strcmp(line, "0") != 0;
    snprintf(out, size, "%s%s%s", file, file[0] && has_line ? ":" : "",
             file[0] && has_line ? line : "");
}

static size_t print_cases(const json_t *report, FILE *to, size_t width, const char *status,
                          const char *mark, size_t shown)
{
    size_t i, count = 0;
    json_t *test;
    json_array_foreach(json_object_get(json_object_get(report, "tests"), "cases"), i, test)
    {
        char name[160], message[400], text[640], where[240], state[24];
        output_value(test, "status", state, sizeof state);
        if (strcmp(state, status) != 0 || ++count > shown) {
            continue;
        }
        output_value(test, "name", name, sizeof name);
        output_value(test, "message", message, sizeof message);
        message[strcspn(message, "\n")] = '\0';
        place(test, where, sizeof where);
        snprintf(text, sizeof text, "%s%s%s", name, message[0] ? ": " : "", message);
        entry(to, width, OUTPUT_RED, mark, where, PLACE_WIDTH, text);
    }
    return count;
}

static void print_tests(const json_t *report, FILE *to, size_t width)
{
    const json_t *tests = json_object_get(report, "tests");
    const json_t *build = json_object_get(tests, "build");
    char log[2000];
    size_t wrong = 0;
    output_value(build, "log", log, sizeof log);
    if (json_is_false(json_object_get(build, "ok")) && log[0] != '\0') {
        output_text(to, OUTPUT_BOLD, "build");
        fputc('\n', to);
        size_t shown = 0;
        for (char *save = NULL, *line = strtok_r(log, "\n", &save); line != NULL && shown < 12;
             line = strtok_r(NULL, "\n", &save), shown++) {
            fputs("  ", to);
            output_text(to, OUTPUT_PLAIN, line);
            fputc('\n', to);
        }
        fputc('\n', to);
    }
    size_t cases = json_array_size(json_object_get(tests, "cases"));
    if (cases == 0) {
        return;
    }
    output_text(to, OUTPUT_BOLD, "tests");
    fputc('\n', to);
    wrong += print_cases(report, to, width, "failed", "  x ", TESTS_SHOWN);
    wrong += print_cases(report, to, width, "error", "  x ", TESTS_SHOWN);
    wrong += print_cases(report, to, width, "flaky", "  ~ ", TESTS_SHOWN);
    if (wrong == 0) {
        char passed[24], skipped[24];
        fprintf(to, "  %s pass, %s skipped\n",
                output_value(tests, "passed", passed, sizeof passed),
                output_value(tests, "skipped", skipped, sizeof skipped));
    } else if (wrong > TESTS_SHOWN) {
        fprintf(to, "  ... and more; all are in the JSON report\n");
    }
    fputc('\n', to);
}

static void print_finding(const json_t *finding, FILE *to, size_t width)
{
    char head[32], cwe[24], message[400], where[240], tools[200] = "", text[700];
    const char *severity = json_string_value(json_object_get(finding, "severity"));
    size_t i;
    json_t *tool;
    json_array_foreach(json_object_get(finding, "tools"), i, tool)
    {
        size_t used = strlen(tools);
        snprintf(tools + used, sizeof tools - used, "%s%s", used ? ", " : "",
                 json_string_value(tool) ? json_string_value(tool) : "");
    }
    output_value(finding, "cwe", cwe, sizeof cwe);
    output_value(finding, "message", message, sizeof message);
    place(finding, where, sizeof where);
    snprintf(head, sizeof head, "  %-9s ", severity);
    snprintf(text, sizeof text, "%s%s%s (%s)", cwe, cwe[0] ? " " : "", message, tools);
    entry(to, width, report_severity_rank(severity) <= 1 ? OUTPUT_RED : OUTPUT_YELLOW, head,
          where, PLACE_WIDTH, text);
}

static void print_findings(const json_t *report, FILE *to, size_t width)
{
    const json_t *findings = json_object_get(report, "findings");
    size_t i, shown = 0, quiet = 0;
    json_t *finding;
    if (json_array_size(findings) == 0) {
        return;
    }
    output_text(to, OUTPUT_BOLD, "findings, worst first");
    fputc('\n', to);
    json_array_foreach(findings, i, finding)
    {
        const char *severity = json_string_value(json_object_get(finding, "severity"));
        if (report_severity_rank(severity) >= 4 || shown >= FINDINGS_SHOWN) {
            quiet++; /* Hints are in the files; the page is for what needs somebody. */
            continue;
        }
        shown++;
        print_finding(finding, to, width);
    }
    if (quiet > 0) {
        fprintf(to, "  and %zu more, of lesser weight, in the JSON and SARIF reports\n", quiet);
    }
    fputc('\n', to);
}

static void print_skipped(const json_t *report, FILE *to, size_t width)
{
    const json_t *skipped = json_object_get(report, "skipped");
    size_t i;
    json_t *line;
    if (json_array_size(skipped) == 0) {
        return;
    }
    output_text(to, OUTPUT_BOLD, "skipped");
    fputc('\n', to);
    json_array_foreach(skipped, i, line)
    {
        if (i < SKIPPED_SHOWN) {
            fputs("  ", to);
            output_wrapped(to, width, 2, 4, OUTPUT_PLAIN, json_string_value(line));
        }
    }
    if (json_array_size(skipped) > SKIPPED_SHOWN) {
        fprintf(to, "  and %zu more in the JSON report\n",
                json_array_size(skipped) - SKIPPED_SHOWN);
    }
}

void report_print_text(const json_t *report, const char *folder, FILE *to)
{
    size_t width = output_width(to);
    print_head(report, to, width);
    print_scores(report, to, width);
    print_tests(report, to, width);
    print_findings(report, to, width);
    print_skipped(report, to, width);
    if (folder != NULL) {
        fprintf(to, "report: text, json and sarif under %s\n", folder);
    }
}
