/* The role code-indexer: files, languages, lines, symbols, build systems of a source tree. */
#include "actors/roles/graph.h"
#include "actors/roles/scan.h"
#include "codec/json/json.h"

#include <stdlib.h>
#include <string.h>

extern const role role_code_indexer;

#define SYMBOLS_LISTED_MAX 5000u
#define SYMBOL_NAME_MAX    200u

typedef struct index_job {
    pthread_mutex_t lock; /* Two runs of ctags may be read at a time. */
    json_t *symbols;
    uint64_t symbol_count;
} index_job;

static const char *const tools[] = {"ctags", NULL};

static const struct build_system {
    const char *file, *name;
} build_systems[] = {
    {"SConstruct", "scons"},
    {"Makefile", "make"},
    {"GNUmakefile", "make"},
    {"makefile", "make"},
    {"CMakeLists.txt", "cmake"},
    {"meson.build", "meson"},
    {"configure", "autotools"},
    {"configure.ac", "autotools"},
    {"setup.py", "setuptools"},
    {"pyproject.toml", "pyproject"},
    {"package.json", "npm"},
    {"Cargo.toml", "cargo"},
    {"go.mod", "go"},
    {"pom.xml", "maven"},
    {"build.gradle", "gradle"},
};

static json_t *find_build_systems(const workspace *ws)
{
    json_t *array = json_array();
    for (size_t i = 0; i < sizeof build_systems / sizeof build_systems[0]; i++) {
        const struct build_system *b = &build_systems[i];
        bool known = false;
        size_t k = 0;
        json_t *old = NULL;
        json_array_foreach(array, k, old)
        {
            known = known || strcmp(json_string_value(old), b->name) == 0;
        }
        if (!known && workspace_find(ws, b->file) != NULL) {
            (void)json_array_append_new(array, json_string(b->name));
        }
    }
    return array;
}

/* A path that is no UTF-8 is listed with '?' in place of its strange bytes. */
static json_t *path_json(const char *path)
{
    json_t *text = json_string(path);
    if (text != NULL) {
        return text;
    }
    char *copy = strdup(path);
    for (char *at = copy; at != NULL && *at != '\0'; at++) {
        *at = (unsigned char)*at < 0x80 ? *at : '?';
    }
    text = json_string(copy != NULL ? copy : "?");
    free(copy);
    return text;
}

static json_t *list_kind(const workspace *ws, workspace_kind kind)
{
    json_t *array = json_array();
    for (size_t i = 0; i < ws->count && json_array_size(array) < SYMBOLS_LISTED_MAX; i++) {
        if (ws->files[i].kind == kind) {
            (void)json_array_append_new(array, path_json(ws->files[i].path));
        }
    }
    return array;
}

static json_t *languages_json(const workspace *ws, uint64_t *out_lines)
{
    language_lines sums[LANGUAGE_COUNT] = {0};
    uint64_t files[LANGUAGE_COUNT] = {0};
    json_t *array = json_array();
    for (size_t i = 0; i < ws->count; i++) {
        const workspace_file *f = &ws->files[i];
        size_t size = 0;
        char *text = workspace_read(ws, f, &size);
        if (text != NULL) {
            language_lines n = language_count(f->language, text, size);
            language_lines *sum = &sums[f->language];
            *sum = (language_lines){sum->lines + n.lines, sum->code + n.code,
                                    sum->comment + n.comment, sum->blank + n.blank};
            files[f->language]++;
            *out_lines += n.lines;
        }
        free(text);
    }
    for (bool more = true; more;) { /* The language with the most lines first. */
        size_t best = LANGUAGE_COUNT;
        for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
            if (files[i] > 0 && (best == LANGUAGE_COUNT || sums[i].code > sums[best].code)) {
                best = i;
            }
        }
        more = best < LANGUAGE_COUNT;
        if (more) {
            const language_lines *n = &sums[best];
            (void)json_array_append_new(
                array,
                json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "language",
                          language_name((language_id)best), "files", (json_int_t)files[best],
                          "lines", (json_int_t)n->lines, "code", (json_int_t)n->code, "comment",
                          (json_int_t)n->comment, "blank", (json_int_t)n->blank));
            files[best] = 0;
        }
    }
    return array;
}

typedef struct reading {
    scan *s;
    index_job *index;
} reading;

static bool symbol_read(char *line, void *ctx)
{
    reading *r = ctx;
    cogo_record_error error;
    json_t *tag = line[0] == '{' ? json_parse(line, strlen(line), &error) : NULL;
    const char *name = json_string_value(json_object_get(tag, "name"));
    const char *kind = json_string_value(json_object_get(tag, "kind"));
    const char *path = json_string_value(json_object_get(tag, "path"));
    const char *file = path != NULL ? scan_relative(r->s, path) : NULL;
    json_int_t number = json_integer_value(json_object_get(tag, "line"));
    if (name != NULL && file != NULL && number > 0 && strlen(name) <= SYMBOL_NAME_MAX) {
        pthread_mutex_lock(&r->index->lock);
        r->index->symbol_count++;
        if (json_array_size(r->index->symbols) < SYMBOLS_LISTED_MAX) {
            (void)json_array_append_new(r->index->symbols,
                                        json_pack("{s:s, s:s, s:s, s:I}", "name", name, "kind",
                                                  kind != NULL ? kind : "", "file", file,
                                                  "line", number));
        }
        pthread_mutex_unlock(&r->index->lock);
    }
    json_decref(tag);
    return tag != NULL || line[0] == '\0';
}

static bool parse(scan *s, const scan_adapter *adapter, const tool_result *result)
{
    reading r = {s, adapter->ctx};
    return scan_lines(result->run.out, symbol_read, &r);
}

static bool wanted(const workspace_file *file)
{
    switch ((int)file->language) {
    case LANGUAGE_NONE:
    case LANGUAGE_JSON:
    case LANGUAGE_XML:
    case LANGUAGE_HTML:
    case LANGUAGE_CSS:
    case LANGUAGE_YAML:
    case LANGUAGE_MARKDOWN:
        return false;
    default:
        return file->kind == WORKSPACE_TEXT;
    }
}

static void run_ctags(scan *s, index_job *index)
{
    static const char *const prefix[] = {"ctags",
                                         "--options=NONE",
                                         "--output-format=json",
                                         "--fields=NFnK-P",
                                         "--sort=no",
                                         "-f",
                                         "-",
                                         NULL};
    scan_run(s, &(scan_adapter){
                    .name = "ctags",
                    .program = "ctags",
                    .package = "universal-ctags",
                    .purpose = "symbols",
                    .prefix = prefix,
                    .wanted = wanted,
                    .generated_too = true,
                    .files_per_run = 100,
                    .run_ms = 30000,
                    .budget_ms = 60000,
                    .ctx = index,
                    .parse = parse,
                });
}

static json_t *output_of(const workspace *ws, index_job *index, size_t edges)
{
    uint64_t lines = 0;
    json_t *languages = languages_json(ws, &lines);
    return json_pack(
        "{s:I, s:I, s:I, s:o, s:I, s:O, s:o, s:I, s:o, s:o, s:o}", "files",
        (json_int_t)ws->count, "bytes", (json_int_t)ws->bytes, "lines", (json_int_t)lines,
        "languages", languages, "symbolCount", (json_int_t)index->symbol_count, "symbols",
        index->symbols, "buildSystems", find_build_systems(ws), "edges", (json_int_t)edges,
        "binary", list_kind(ws, WORKSPACE_BINARY), "oversized",
        list_kind(ws, WORKSPACE_OVERSIZED), "unreadable", list_kind(ws, WORKSPACE_UNREADABLE));
}

static role_status execute(role_job *job)
{
    workspace ws;
    tool_box box;
    graph g;
    if (!workspace_open(job, &ws)) {
        return ROLE_FAILED;
    }
    if (!tool_box_init(&box, job)) {
        workspace_close(&ws);
        return ROLE_FAILED;
    }
    index_job index = {.lock = PTHREAD_MUTEX_INITIALIZER, .symbols = json_array()};
    scan s = {&box, &ws, NULL};
    job->progress(job, 20, "symbols", "ctags");
    run_ctags(&s, &index);
    job->progress(job, 70, "graph", "includes and imports");
    size_t edges = 0;
    if (graph_build(&ws, &g)) {
        edges = g.count;
        graph_finish(&g);
    }
    job->progress(job, 85, "lines", "languages");
    job->output = output_of(&ws, &index, edges);
    if (job->output != NULL) {
        (void)json_object_set(job->output, "evidence", box.evidence);
    }
    if (index.symbol_count > json_array_size(index.symbols)) {
        tool_skip(&box, "symbols: the first %zu of %llu are listed",
                  json_array_size(index.symbols), (unsigned long long)index.symbol_count);
    }
    json_decref(index.symbols);
    job->quality = job->confidence = tool_confidence(&box);
    tool_box_finish(&box);
    workspace_close(&ws);
    return job->output == NULL   ? ROLE_FAILED
           : role_cancelled(job) ? ROLE_PARTIAL
                                 : ROLE_SUCCESS;
}

const role role_code_indexer = {
    .name = "code-indexer",
    .title = "Counts files, languages and lines, and lists symbols and build systems",
    .input_schema = "{\"type\":\"object\",\"properties\":{" WORKSPACE_SCHEMA "}}",
    .output_schema = "{\"type\":\"object\",\"properties\":{"
                     "\"files\":{\"type\":\"integer\"},\"bytes\":{\"type\":\"integer\"},"
                     "\"lines\":{\"type\":\"integer\"},\"languages\":{\"type\":\"array\"},"
                     "\"symbolCount\":{\"type\":\"integer\"},\"symbols\":{\"type\":\"array\"},"
                     "\"buildSystems\":{\"type\":\"array\"},\"edges\":{\"type\":\"integer\"},"
                     "\"binary\":{\"type\":\"array\"},\"oversized\":{\"type\":\"array\"},"
                     "\"unreadable\":{\"type\":\"array\"},\"evidence\":{\"type\":\"array\"}}}",
    .default_timeout_ms = 120000,
    .blocking = true,
    .llm = "none",
    .tools = tools,
    .execute = execute,
};
