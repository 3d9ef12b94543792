#include "actors/roles/code_validator/dimension.h"
#include "actors/roles/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOOL                 "architecture"
#define FILE_LINES_MAX       2000u
#define RULES_MAX            500u
#define FOLDER_BYTES         256u
#define FORBIDDEN_LISTED_MAX 200u

/* "from -> to": files below `from` may use files below `to`. A folder that is on the left of
 * any rule may use nothing else but itself. */
typedef struct edge_rule {
    char from[FOLDER_BYTES], to[FOLDER_BYTES];
} edge_rule;

typedef struct rules {
    edge_rule *items;
    size_t count;
} rules;

static void add(dimension_job *d, const char *rule, finding_severity severity, const char *file,
                unsigned line, const char *message)
{
    finding_add(d->s->findings, &(finding_draft){.rule_id = rule,
                                                 .severity = severity,
                                                 .dimension = FINDING_ARCHITECTURE,
                                                 .file = file,
                                                 .line = line,
                                                 .message = message,
                                                 .tool = TOOL,
                                                 .trust = 5});
}

static void trim(char *text)
{
    size_t skip = strspn(text, " \t");
    size_t size = strlen(text + skip);
    memmove(text, text + skip, size + 1);
    while (size > 0 && strchr(" \t\r/", text[size - 1]) != NULL) {
        text[--size] = '\0';
    }
}

typedef struct rules_reading {
    dimension_job *d;
    rules *rules;
    unsigned line;
} rules_reading;

static bool rule_read(char *line, void *ctx)
{
    rules_reading *r = ctx;
    r->line++;
    line[strcspn(line, "#")] = '\0';
    char *arrow = strstr(line, "->");
    if (arrow == NULL) {
        trim(line);
        if (line[0] != '\0') {
            add(r->d, "rules-file", FINDING_LOW, DIMENSION_RULES_FILE, r->line,
                "not a rule: write \"folder -> folder\"");
        }
        return true;
    }
    if (r->rules->count < RULES_MAX) {
        edge_rule *rule = &r->rules->items[r->rules->count++];
        (void)snprintf(rule->from, sizeof rule->from, "%.*s", (int)(arrow - line), line);
        (void)snprintf(rule->to, sizeof rule->to, "%s", arrow + 2);
        trim(rule->from);
        trim(rule->to);
    }
    return true;
}

static bool below(const char *path, const char *folder)
{
    size_t size = strlen(folder);
    return size == 0 || strcmp(folder, "*") == 0
           || (strncmp(path, folder, size) == 0 && (path[size] == '/' || path[size] == '\0'));
}

/* NULL when allowed; else the folder whose rules forbid it. */
static const char *forbidden_by(const rules *r, const char *from, const char *to)
{
    const char *folder = NULL;
    for (size_t i = 0; i < r->count; i++) {
        const edge_rule *rule = &r->items[i];
        if (!below(from, rule->from)) {
            continue;
        }
        if (below(to, rule->from) || below(to, rule->to)) {
            return NULL;
        }
        folder = rule->from;
    }
    return folder;
}

static size_t check_rules(dimension_job *d, const graph *g, const rules *r)
{
    const workspace *ws = d->s->ws;
    size_t found = 0;
    for (size_t i = 0; i < g->count && found < FORBIDDEN_LISTED_MAX; i++) {
        const char *from = ws->files[g->edges[i].from].path,
                   *to = ws->files[g->edges[i].to].path;
        const char *folder = forbidden_by(r, from, to);
        if (folder != NULL) {
            char message[400];
            (void)snprintf(message, sizeof message,
                           "%.150s is not among what %.100s may use (%s)", to, folder,
                           DIMENSION_RULES_FILE);
            add(d, "forbidden-edge", FINDING_MEDIUM, from, g->edges[i].line, message);
            found++;
        }
    }
    return found;
}

static size_t check_cycles(dimension_job *d, const graph *g)
{
    const workspace *ws = d->s->ws;
    graph_cycle cycles[GRAPH_CYCLES_MAX];
    size_t count = graph_cycles(g, ws->count, cycles);
    for (size_t i = 0; i < count; i++) {
        const graph_edge *edge = graph_cycle_edge(g, &cycles[i]);
        bool package = false; /* Parts of a Python package import what the package gathers. */
        char message[400];
        size_t used = (size_t)snprintf(message, sizeof message,
                                       "%zu files need each other: ", cycles[i].count);
        for (size_t k = 0; k < cycles[i].count && used + 100 < sizeof message; k++) {
            const char *path = ws->files[cycles[i].files[k]].path;
            package = package || strstr(path, "__init__.py") != NULL;
            used += (size_t)snprintf(message + used, sizeof message - used, "%s%.90s",
                                     k > 0 ? ", " : "", path);
        }
        if (edge != NULL) {
            add(d, "dependency-cycle", package ? FINDING_LOW : FINDING_MEDIUM,
                ws->files[edge->from].path, edge->line, message);
        }
        free(cycles[i].files);
    }
    return count;
}

static size_t check_sizes(dimension_job *d)
{
    const workspace *ws = d->s->ws;
    size_t sources = 0;
    for (size_t i = 0; i < ws->count; i++) {
        const workspace_file *f = &ws->files[i];
        bool source = scan_is_c(f) || scan_is_python(f) || scan_is_shell(f)
                      || f->language == LANGUAGE_JAVASCRIPT
                      || f->language == LANGUAGE_TYPESCRIPT;
        size_t size = 0;
        char *text = source ? workspace_read(ws, f, &size) : NULL;
        sources += source;
        uint64_t lines = text != NULL ? language_count(f->language, text, size).lines : 0;
        if (lines > FILE_LINES_MAX) {
            char message[120];
            (void)snprintf(message, sizeof message, "%llu lines in one file (more than %u)",
                           (unsigned long long)lines, FILE_LINES_MAX);
            add(d, "large-file", FINDING_INFO, f->path, 1, message);
        }
        free(text);
    }
    return sources;
}

static bool load_rules(dimension_job *d, rules *out)
{
    const workspace_file *file = workspace_find(d->s->ws, DIMENSION_RULES_FILE);
    size_t size = 0;
    char *text = file != NULL ? workspace_read(d->s->ws, file, &size) : NULL;
    *out = (rules){.items = calloc(RULES_MAX, sizeof(edge_rule))};
    rules_reading r = {d, out, 0};
    bool there = text != NULL && out->items != NULL;
    if (there) {
        (void)scan_lines(text, rule_read, &r);
    }
    free(text);
    return there;
}

void dimension_architecture(dimension_job *d)
{
    uint64_t start = tool_now_ns();
    graph g;
    rules r;
    size_t sources = check_sizes(d);
    if (!graph_build(d->s->ws, &g)) {
        tool_failed(d->s->box, TOOL, "out of memory");
        return;
    }
    size_t cycles = check_cycles(d, &g);
    char cycle_text[64] = "no cycles", rules_text[96] = "no rules file: " DIMENSION_RULES_FILE;
    if (cycles > 0) {
        (void)snprintf(cycle_text, sizeof cycle_text, "%zu cycle%s", cycles,
                       cycles == 1 ? "" : "s");
    }
    if (load_rules(d, &r)) {
        size_t broken = check_rules(d, &g, &r);
        (void)snprintf(rules_text, sizeof rules_text,
                       "%zu rules of " DIMENSION_RULES_FILE ", %zu broken", r.count, broken);
    }
    free(r.items);
    (void)snprintf(d->note, sizeof d->note, "%s among %zu file%s and %zu dependencies (%s)",
                   cycle_text, sources, sources == 1 ? "" : "s", g.count, rules_text);
    graph_finish(&g);
    tool_own(d->s->box, TOOL, sources, (tool_now_ns() - start) / 1000000u);
}
