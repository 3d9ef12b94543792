#include "actors/roles/code_validator/defines.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64u

static size_t name_size(const char *at)
{
    size_t n = 0;
    /* Lower case may be a keyword or a function: a build that redefines those is none we
     * follow. */
    while (isupper((unsigned char)at[n]) || at[n] == '_'
           || (n > 0 && isdigit((unsigned char)at[n]))) {
        n++;
    }
    return isalpha((unsigned char)at[n]) || n >= NAME_MAX_BYTES ? 0 : n;
}

/* The first definition of a name wins; NDEBUG would hide what asserts say. */
static void add(char *out, const char *name, size_t size, const char *value)
{
    char line[256], key[NAME_MAX_BYTES + 8];
    (void)snprintf(key, sizeof key, "\"-D%.*s", (int)size, name);
    (void)snprintf(line, sizeof line, "%s%s%s\"\n", key, value[0] != '\0' ? "=" : "", value);
    for (const char *at = out; (at = strstr(at, key)) != NULL; at++) {
        if (at[strlen(key)] == '=' || at[strlen(key)] == '"') {
            return;
        }
    }
    bool known = size == 6 && memcmp(name, "NDEBUG", 6) == 0;
    if (!known && strlen(out) + strlen(line) < DEFINES_BYTES_MAX) {
        (void)strcat(out, line);
    }
}

/* What follows "=": a string stays one, whatever marks of shells are around it; what the build
 * computes is 0. */
static void value_of(const char *at, char *out, size_t capacity)
{
    bool text = false, computed = false;
    char plain[100];
    size_t used = 0;
    for (int depth = 0; *at != '\0' && *at != '\n' && used + 1 < sizeof plain; at++) {
        depth += (*at == '(' || *at == '{') && at[-1] == '$';
        computed = computed || *at == '$' || *at == '@' || *at == '`' || *at == '%';
        if (depth > 0 && (*at == ')' || *at == '}')) {
            depth--;
        } else if (*at == '"') {
            text = text || at[-1] == '\\' || at[-1] == '\'' || at[-1] == '=';
        } else if (isalnum((unsigned char)*at) || strchr("_.+:/-", *at) != NULL) {
            plain[used++] = *at;
        } else if (depth == 0 && strchr("\\'$@`%", *at) == NULL) {
            break;
        }
    }
    plain[used] = '\0';
    const char *inner = computed || used == 0 ? "0" : plain;
    (void)snprintf(out, capacity, text ? "\\\"%s\\\"" : "%s", inner);
}

static void take_word(const char *at, char *out)
{
    char value[128] = "";
    bool quoted = *at == '\'' || *at == '"';
    at += quoted;
    size_t size = name_size(at);
    if (size == 0) {
        return;
    }
    if (at[size] == '=') {
        value_of(at + size + 1, value, sizeof value);
    }
    add(out, at, size, value);
}

/* scons: CPPDEFINES = ['NAME', ('NAME', value)]. */
static void take_list(const char *at, char *out)
{
    const char *end = at + strcspn(at, "]}\n");
    for (bool pair = false; at < end; at++) {
        if (*at == '(') {
            pair = true;
        } else if (*at == ')') {
            pair = false;
        } else if (*at == '\'' || *at == '"') {
            size_t size = name_size(at + 1);
            if (size > 0 && at[1 + size] == *at) {
                add(out, at + 1, size, pair ? "\\\"0\\\"" : "");
            }
        }
    }
}

void defines_in(const char *text, char *out)
{
    for (const char *at = text; (at = strstr(at, "-D")) != NULL; at += 2) {
        if (at == text || strchr(" \t\n='\"[,(", at[-1]) != NULL) {
            take_word(at + 2, out);
        }
    }
    for (const char *at = text; (at = strstr(at, "CPPDEFINES")) != NULL; at += 10) {
        take_list(at, out);
    }
}

static bool is_build_file(const char *path)
{
    static const char *const names[] = {"compile_commands.json",
                                        "Makefile",
                                        "GNUmakefile",
                                        "makefile",
                                        "SConstruct",
                                        "SConscript",
                                        "CMakeLists.txt",
                                        "meson.build"};
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return !workspace_is_test(path);
        }
    }
    return false;
}

char *defines_of(const workspace *ws)
{
    char *out = calloc(1, DEFINES_BYTES_MAX);
    size_t files = 0;
    for (size_t i = 0; i < ws->count && out != NULL && files < DEFINES_FILES_MAX; i++) {
        const workspace_file *f = &ws->files[i];
        size_t size = 0;
        char *text = is_build_file(f->path) ? workspace_read(ws, f, &size) : NULL;
        if (text != NULL) {
            defines_in(text, out);
            files++;
        }
        free(text);
    }
    return out;
}
