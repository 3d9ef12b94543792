#include "actors/roles/security_scanner/sbom.h"

#include "codec/json/json.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bom {
    finding_list *findings;
    json_t *components;
    json_t *seen; /* purl -> true */
    const char *file;
    unsigned line;
} bom;

static void read_requirements(bom *b, char *text);
static void read_pyproject(bom *b, char *text);
static void read_package_json(bom *b, char *text);
static void read_package_lock(bom *b, char *text);
static void read_cmake(bom *b, char *text);
static void read_debian_control(bom *b, char *text);
static void read_dockerfile(bom *b, char *text);

/* Files by the end of their name. */
static const struct manifest {
    const char *name;
    bool prefix_only; /* requirements-dev.txt */
    void (*read)(bom *b, char *text);
} manifests[] = {
    {"requirements", true, read_requirements},  {"pyproject.toml", false, read_pyproject},
    {"package.json", false, read_package_json}, {"package-lock.json", false, read_package_lock},
    {"CMakeLists.txt", false, read_cmake},      {"Dockerfile", false, read_dockerfile},
};

static const struct manifest *manifest_of(const char *path)
{
    static const struct manifest control = {"control", false, read_debian_control};
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t size = strlen(name);
    for (size_t i = 0; i < sizeof manifests / sizeof manifests[0]; i++) {
        const struct manifest *m = &manifests[i];
        bool text = size > 4 && strcmp(name + size - 4, ".txt") == 0;
        if (m->prefix_only ? text && strncmp(name, m->name, strlen(m->name)) == 0
                           : strcmp(name, m->name) == 0) {
            return m;
        }
    }
    bool debian =
        strcmp(path, "debian/control") == 0
        || (strlen(path) > 15 && strcmp(path + strlen(path) - 15, "/debian/control") == 0);
    return debian ? &control : NULL;
}

json_t *sbom_document(const workspace *ws, finding_list *findings)
{
    bom b = {.findings = findings, .components = json_array(), .seen = json_object()};
    for (size_t i = 0; i < ws->count; i++) {
        const struct manifest *m = manifest_of(ws->files[i].path);
        size_t size = 0;
        char *text = m != NULL ? workspace_read(ws, &ws->files[i], &size) : NULL;
        if (text != NULL) {
            b.file = ws->files[i].path;
            b.line = 0;
            m->read(&b, text);
        }
        free(text);
    }
    json_decref(b.seen);
    return json_pack("{s:s, s:s, s:i, s:{s:{s:[{s:s, s:s, s:s}]}}, s:o}", "bomFormat",
                     "CycloneDX", "specVersion", "1.5", "version", 1, "metadata", "tools",
                     "components", "type", "application", "name", "cogo", "version",
                     COGO_VERSION, "components", b.components);
}

static bool is_name(const char *text)
{
    bool ok = text[0] != '\0' && strlen(text) < 128;
    for (; ok && *text != '\0'; text++) {
        ok = isalnum((unsigned char)*text) || strchr("-_.@/+", *text) != NULL;
    }
    return ok;
}

/* A part of a package URL: lower case is the caller's, "@" and other signs become %XX. */
static void append_escaped(char *out, size_t capacity, const char *text)
{
    size_t n = strlen(out);
    for (; *text != '\0' && n + 4 < capacity; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = isalnum(c) || strchr("-_.~/", c) != NULL;
        n += (size_t)snprintf(out + n, capacity - n, plain ? "%c" : "%%%02X", c);
    }
}

static void component(bom *b, const char *type, const char *name, const char *version)
{
    char purl[400];
    if (!is_name(name) || json_array_size(b->components) >= SBOM_COMPONENTS_MAX) {
        return;
    }
    (void)snprintf(purl, sizeof purl, "pkg:%s/", type);
    append_escaped(purl, sizeof purl, name);
    if (version != NULL && version[0] != '\0') {
        size_t n = strlen(purl);
        (void)snprintf(purl + n, sizeof purl - n, "@");
        append_escaped(purl, sizeof purl, version);
    }
    if (json_object_get(b->seen, purl) != NULL) {
        return;
    }
    (void)json_object_set_new(b->seen, purl, json_true());
    json_t *c = json_pack("{s:s, s:s, s:s, s:s}", "type", "library", "bom-ref", purl, "name",
                          name, "purl", purl);
    if (c != NULL && version != NULL && is_name(version)) {
        (void)json_object_set_new(c, "version", json_string(version));
    }
    (void)json_array_append_new(b->components, c);
}

static void loose(bom *b, const char *name, bool none)
{
    char message[240];
    (void)snprintf(message, sizeof message,
                   none ? "dependency '%.100s' has no version: each build may get another one"
                        : "dependency '%.100s' is a range of versions, not one",
                   name);
    if (b->findings != NULL) {
        finding_add(b->findings, &(finding_draft){
                                     .rule_id = "dependency-unpinned",
                                     .cwe = 1357,
                                     .severity = none ? FINDING_LOW : FINDING_INFO,
                                     .dimension = FINDING_SECURITY,
                                     .file = b->file,
                                     .line = b->line,
                                     .message = message,
                                     .tool = "manifests",
                                     .trust = 5,
                                 });
    }
}

/* "name[extra] == 1.2 ; marker # comment": the name, and the version when it is exact. */
static void requirement(bom *b, const char *text, bool exact_wanted)
{
    char name[128] = "", version[64] = "";
    text += strspn(text, " \t");
    size_t size = strcspn(text, "[=<>!~; \t,@(\r#");
    if (size == 0 || size >= sizeof name || !isalnum((unsigned char)*text)) {
        return;
    }
    (void)snprintf(name, sizeof name, "%.*s", (int)size, text);
    size_t rest = strcspn(text, ";#");
    const char *marks = text + strcspn(text, "=<>~!;#");
    bool ranged = (size_t)(marks - text) < rest;
    bool exact = ranged && marks[0] == '=' && marks[1] == '=';
    if (exact) {
        marks += strspn(marks, "= \t");
        (void)snprintf(version, sizeof version, "%.*s", (int)strcspn(marks, ",;# \t\r)"),
                       marks);
    }
    component(b, "pypi", name, version);
    if (exact_wanted && !exact && memchr(text, '@', rest) == NULL) {
        loose(b, name, !ranged);
    }
}

static char *next_line(bom *b, char **at)
{
    char *line = *at;
    if (line == NULL || *line == '\0') {
        return NULL;
    }
    char *newline = strchr(line, '\n');
    if (newline != NULL) {
        *newline = '\0';
    }
    *at = newline != NULL ? newline + 1 : NULL;
    b->line++;
    return line;
}

static void read_requirements(bom *b, char *text)
{
    for (char *line; (line = next_line(b, &text)) != NULL;) {
        line += strspn(line, " \t");
        if (*line != '#' && *line != '-' && *line != '\0' && *line != '\r') {
            requirement(b, line, !workspace_is_test(b->file));
        }
    }
}

/* dependencies = ["a>=1", "b"] of [project]; name = "1.2" of [tool.poetry.dependencies]. */
static void read_pyproject(bom *b, char *text)
{
    bool project = false, poetry = false, in_list = false;
    for (char *line; (line = next_line(b, &text)) != NULL;) {
        char *start = line + strspn(line, " \t");
        if (*start == '[' && !in_list) {
            project = strncmp(start, "[project]", 9) == 0;
            poetry = strncmp(start, "[tool.poetry.dependencies]", 26) == 0;
            continue;
        }
        if (project && strncmp(start, "dependencies", 12) == 0 && strchr(start, '[') != NULL) {
            in_list = true;
            start = strchr(start, '[') + 1;
        }
        char name[128] = "";
        if (poetry && sscanf(start, "%127[A-Za-z0-9_.-] =", name) == 1
            && strcmp(name, "python") != 0) {
            component(b, "pypi", name, NULL);
        }
        while (in_list && *start != '\0') {
            size_t skip = strcspn(start, "\"']");
            in_list = start[skip] != ']';
            if (start[skip] != '"' && start[skip] != '\'') {
                break;
            }
            char quote = start[skip];
            char *item = start + skip + 1, *close = strchr(item, quote);
            if (close == NULL) {
                break;
            }
            *close = '\0';
            requirement(b, item, false); /* A library must give ranges. */
            start = close + 1;
        }
    }
}

static unsigned line_with(const char *text, const char *key)
{
    char quoted[160];
    (void)snprintf(quoted, sizeof quoted, "\"%.150s\"", key);
    const char *hit = strstr(text, quoted);
    unsigned line = hit != NULL ? 1 : 0;
    for (const char *at = text; hit != NULL && at < hit; at++) {
        line += *at == '\n';
    }
    return line;
}

static void read_package_json(bom *b, char *text)
{
    static const char *const groups[] = {"dependencies", "devDependencies",
                                         "optionalDependencies", "peerDependencies"};
    cogo_record_error error;
    json_t *all = json_parse(text, strlen(text), &error);
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        const char *name = NULL;
        json_t *wanted = NULL;
        json_object_foreach(json_object_get(all, groups[g]), name, wanted)
        {
            const char *version = json_string_value(wanted);
            version = version != NULL ? version : "";
            bool exact =
                isdigit((unsigned char)version[0]) && strpbrk(version, " x*<>|") == NULL;
            bool any = version[0] == '\0' || strcmp(version, "*") == 0
                       || strcmp(version, "latest") == 0;
            component(b, "npm", name, exact ? version : NULL);
            b->line = line_with(text, name);
            if (any) {
                loose(b, name, true);
            }
        }
    }
    json_decref(all);
}

static void read_package_lock(bom *b, char *text)
{
    cogo_record_error error;
    json_t *all = json_parse(text, strlen(text), &error);
    const char *path = NULL;
    json_t *package = NULL;
    json_object_foreach(json_object_get(all, "packages"), path, package)
    {
        const char *folder = strstr(path, "node_modules/");
        for (const char *deeper;
             folder != NULL && (deeper = strstr(folder + 1, "node_modules/")) != NULL;) {
            folder = deeper;
        }
        if (folder != NULL) {
            component(b, "npm", folder + sizeof "node_modules/" - 1,
                      json_string_value(json_object_get(package, "version")));
        }
    }
    json_decref(all);
}

static void read_cmake(bom *b, char *text)
{
    for (char *at = text; (at = strstr(at, "find_package")) != NULL;) {
        at += sizeof "find_package" - 1;
        at += strspn(at, " \t");
        if (*at != '(') {
            continue;
        }
        char name[128] = "", version[64] = "";
        if (sscanf(at + 1, " %127[A-Za-z0-9_.+-] %63[0-9.]", name, version) >= 1) {
            component(b, "generic", name, version);
        }
    }
}

static void read_debian_control(bom *b, char *text)
{
    bool depends = false;
    for (char *line; (line = next_line(b, &text)) != NULL;) {
        if (*line != ' ' && *line != '\t') {
            char *colon = strchr(line, ':');
            size_t size = colon != NULL ? (size_t)(colon - line) : 0;
            depends = size >= 7 && strncasecmp(line + size - 7, "Depends", 7) == 0;
            line = colon != NULL ? colon + 1 : line;
        }
        char *save = NULL;
        for (char *item = depends ? strtok_r(line, ",|", &save) : NULL; item != NULL;
             item = strtok_r(NULL, ",|", &save)) {
            item += strspn(item, " \t");
            item[strcspn(item, " \t(:[<\r")] = '\0';
            if (*item != '$') {
                component(b, "deb/debian", item, NULL);
            }
        }
    }
}

static void read_dockerfile(bom *b, char *text)
{
    for (char *line; (line = next_line(b, &text)) != NULL;) {
        char image[200] = "";
        if (strncasecmp(line, "FROM ", 5) != 0 || sscanf(line + 5, " %199s", image) != 1
            || image[0] == '-' || strcmp(image, "scratch") == 0 || strchr(image, '$') != NULL) {
            continue;
        }
        char *slash = strrchr(image, '/');
        char *tag = strchr(slash != NULL ? slash : image, ':');
        bool latest = tag == NULL || strcmp(tag, ":latest") == 0;
        if (latest && strchr(image, '@') == NULL) {
            loose(b, image, true);
        }
        if (tag != NULL) {
            *tag++ = '\0';
        }
        component(b, "docker", image, tag);
    }
}
