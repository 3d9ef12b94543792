#include "actors/roles/graph.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 1024u

typedef struct builder {
    const workspace *ws;
    graph *g;
    size_t capacity;
    uint32_t *by_name; /* Files in the order of their last name, to find "x.h" anywhere. */
    uint32_t from, line;
    bool failed;
} builder;

static void read_line(builder *b, const char *line, size_t size);

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static int by_last_name(const void *a, const void *b, void *ctx)
{
    const workspace *ws = ctx;
    const uint32_t *x = a, *y = b;
    int order = strcmp(last_name(ws->files[*x].path), last_name(ws->files[*y].path));
    return order != 0 ? order : (*x > *y) - (*x < *y);
}

static int by_from(const void *a, const void *b)
{
    const graph_edge *x = a, *y = b;
    return x->from != y->from ? (x->from > y->from) - (x->from < y->from)
                              : (x->line > y->line) - (x->line < y->line);
}

bool graph_build(const workspace *ws, graph *out)
{
    *out = (graph){0};
    builder b = {.ws = ws, .g = out, .by_name = calloc(ws->count + 1, sizeof(uint32_t))};
    if (b.by_name == NULL) {
        return false;
    }
    for (size_t i = 0; i < ws->count; i++) {
        b.by_name[i] = (uint32_t)i;
    }
    qsort_r(b.by_name, ws->count, sizeof b.by_name[0], by_last_name,
            &(workspace){.files = ws->files});
    for (size_t i = 0; i < ws->count && !b.failed; i++) {
        size_t size = 0;
        char *text = workspace_read(ws, &ws->files[i], &size);
        b.from = (uint32_t)i;
        b.line = 1;
        for (char *at = text; at != NULL && at < text + size; b.line++) {
            size_t length = strcspn(at, "\n");
            read_line(&b, at, length);
            at += length + 1;
        }
        free(text);
    }
    free(b.by_name);
    if (b.failed) {
        graph_finish(out);
        return false;
    }
    if (out->count > 0) {
        qsort(out->edges, out->count, sizeof out->edges[0], by_from);
    }
    return true;
}

void graph_finish(graph *g)
{
    free(g->edges);
    *g = (graph){0};
}

static void add_edge(builder *b, const workspace_file *to)
{
    graph *g = b->g;
    uint32_t index = (uint32_t)(to - b->ws->files);
    if (index == b->from) {
        return;
    }
    if (g->count >= GRAPH_EDGES_MAX) {
        g->full = true;
        return;
    }
    if (g->count == b->capacity) {
        size_t capacity = b->capacity == 0 ? 256 : b->capacity * 2;
        graph_edge *edges = realloc(g->edges, capacity * sizeof *edges);
        if (edges == NULL) {
            b->failed = true;
            return;
        }
        g->edges = edges;
        b->capacity = capacity;
    }
    g->edges[g->count++] = (graph_edge){b->from, index, b->line};
}

/* folder-of-from/name, with "./" and "../" taken away; NULL when it leaves the tree. */
static const workspace_file *beside(const builder *b, const char *name)
{
    char path[NAME_BYTES];
    const char *from = b->ws->files[b->from].path;
    size_t used = (size_t)(last_name(from) - from);
    if (used + strlen(name) + 2 >= sizeof path) {
        return NULL;
    }
    memcpy(path, from, used);
    while (*name != '\0') {
        size_t part = strcspn(name, "/");
        if (part == 2 && name[0] == '.' && name[1] == '.') {
            if (used == 0) {
                return NULL;
            }
            for (used--; used > 0 && path[used - 1] != '/';) {
                used--;
            }
        } else if (part > 0 && !(part == 1 && name[0] == '.')) {
            memcpy(path + used, name, part);
            used += part;
            path[used++] = '/';
        }
        name += part + (name[part] == '/');
    }
    path[used > 0 ? used - 1 : 0] = '\0';
    return workspace_find(b->ws, path);
}

/* The only file of the tree whose path ends with /name; NULL when there are several. */
static const workspace_file *anywhere(const builder *b, const char *name)
{
    const char *last = last_name(name);
    size_t low = 0, high = b->ws->count, size = strlen(name);
    while (low < high) {
        size_t middle = (low + high) / 2;
        bool before = strcmp(last_name(b->ws->files[b->by_name[middle]].path), last) < 0;
        *(before ? &low : &high) = before ? middle + 1 : middle;
    }
    const workspace_file *only = NULL;
    for (; low < b->ws->count; low++) {
        const workspace_file *f = &b->ws->files[b->by_name[low]];
        size_t path = strlen(f->path);
        if (strcmp(last_name(f->path), last) != 0) {
            break;
        }
        if (path > size && f->path[path - size - 1] == '/'
            && strcmp(f->path + path - size, name) == 0) {
            if (only != NULL) {
                return NULL;
            }
            only = f;
        }
    }
    return only;
}

static void read_include(builder *b, const char *line, size_t size)
{
    char name[NAME_BYTES];
    const char *at = line, *end = line + size;
    for (at++; at < end && (*at == ' ' || *at == '\t');) {
        at++;
    }
    if (end - at < 9 || memcmp(at, "include", 7) != 0) {
        return;
    }
    for (at += 7; at < end && (*at == ' ' || *at == '\t');) {
        at++;
    }
    char close = at < end && *at == '<' ? '>' : '"';
    const char *stop = at < end && (*at == '"' || *at == '<')
                           ? memchr(at + 1, close, (size_t)(end - at - 1))
                           : NULL;
    if (stop == NULL || stop - at >= (long)sizeof name) {
        return;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)(stop - at - 1), at + 1);
    const workspace_file *to = close == '"' ? beside(b, name) : NULL;
    to = to != NULL ? to : workspace_find(b->ws, name);
    /* <stdio.h> is the system's, even if some folder of the tree has one. */
    to = to != NULL || (close == '>' && strchr(name, '/') == NULL) ? to : anywhere(b, name);
    if (to != NULL) {
        add_edge(b, to);
    }
}

/* "a.b" as a/b.py or a/b/__init__.py, from the root or beside, dots first going up. */
static bool import_module(builder *b, const char *module, size_t size)
{
    char path[NAME_BYTES] = "", file[NAME_BYTES + 16];
    size_t dots = strspn(module, "."), used = 0;
    if (size + 3 * dots + 16 >= sizeof path || size < dots) {
        return false;
    }
    for (size_t i = 1; i < dots; i++) {
        used += (size_t)snprintf(path + used, sizeof path - used, "../");
    }
    for (size_t i = dots; i < size; i++) {
        path[used++] = module[i] == '.' ? '/' : module[i];
    }
    path[used] = '\0';
    static const char *const endings[] = {".py", "/__init__.py"};
    for (size_t i = 0; i < 2 && used > 0; i++) {
        (void)snprintf(file, sizeof file, "%s%s", path, endings[i]);
        const workspace_file *to = beside(b, file);
        to = to != NULL || dots > 0 ? to : workspace_find(b->ws, file);
        to = to != NULL || dots > 0 || strchr(file, '/') == NULL ? to : anywhere(b, file);
        if (to != NULL) {
            add_edge(b, to);
            return true;
        }
    }
    return false;
}

static size_t module_size(const char *at, const char *end)
{
    size_t n = 0;
    while (at + n < end && (isalnum((unsigned char)at[n]) || at[n] == '_' || at[n] == '.')) {
        n++;
    }
    return n;
}

/* Only imports at the start of a line: those inside functions are how cycles are avoided. */
static void read_import(builder *b, const char *line, size_t size)
{
    const char *end = line + size;
    if (size > 7 && memcmp(line, "import ", 7) == 0) {
        for (const char *at = line + 7; at < end;) {
            at += strspn(at, " \t");
            size_t n = module_size(at, end);
            (void)import_module(b, at, n);
            const char *comma = memchr(at, ',', (size_t)(end - at));
            at = comma != NULL ? comma + 1 : end;
        }
    } else if (size > 5 && memcmp(line, "from ", 5) == 0) {
        const char *module = line + 5 + strspn(line + 5, " \t");
        size_t n = module_size(module, end);
        const char *names = module + n + strspn(module + n, " \t");
        if (n == 0 || end - names < 7 || memcmp(names, "import ", 7) != 0) {
            return;
        }
        /* "from . import a, b" names modules; "from a import b" names what is in a, or a.b. */
        bool any = false;
        for (const char *at = names + 7; at < end;) {
            at += strspn(at, " \t(");
            size_t k = module_size(at, end);
            char full[NAME_BYTES];
            bool dotted = module[n - 1] == '.';
            if (k > 0 && n + k + 2 < sizeof full) {
                (void)snprintf(full, sizeof full, "%.*s%s%.*s", (int)n, module,
                               dotted ? "" : ".", (int)k, at);
                any = import_module(b, full, strlen(full)) || any;
            }
            const char *comma = memchr(at, ',', (size_t)(end - at));
            at = comma != NULL ? comma + 1 : end;
        }
        if (!any) {
            (void)import_module(b, module, n);
        }
    }
}

/* ... from './x'; require('./x') */
static void read_require(builder *b, const char *line, size_t size)
{
    static const char *const endings[] = {"",     ".js",  ".ts",       ".mjs",
                                          ".jsx", ".tsx", "/index.js", "/index.ts"};
    char text[NAME_BYTES], name[NAME_BYTES], file[NAME_BYTES + 16];
    if (size >= sizeof text) {
        return;
    }
    memcpy(text, line, size);
    text[size] = '\0';
    const char *at = strstr(text, "require(");
    at = at != NULL ? at + 8 : strncmp(text, "import", 6) == 0 ? strpbrk(text, "'\"") : NULL;
    if (at == NULL || (*at != '\'' && *at != '"') || at[1] != '.'
        || sscanf(at + 1, "%1023[^'\"]", name) != 1) {
        return;
    }
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        (void)snprintf(file, sizeof file, "%s%s", name, endings[i]);
        const workspace_file *to = beside(b, file);
        if (to != NULL) {
            add_edge(b, to);
            return;
        }
    }
}

static void read_line(builder *b, const char *line, size_t size)
{
    switch ((int)b->ws->files[b->from].language) {
    case LANGUAGE_C:
    case LANGUAGE_C_HEADER:
    case LANGUAGE_CPP: {
        size_t blank = strspn(line, " \t");
        if (blank < size && line[blank] == '#') {
            read_include(b, line + blank, size - blank);
        }
        break;
    }
    case LANGUAGE_PYTHON:
        read_import(b, line, size);
        break;
    case LANGUAGE_JAVASCRIPT:
    case LANGUAGE_TYPESCRIPT:
        read_require(b, line, size);
        break;
    default:
        break;
    }
}
