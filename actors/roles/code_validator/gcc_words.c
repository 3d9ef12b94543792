/* What the words of gcc mean. */
#include "actors/roles/code_validator/gcc_read.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What gcc's warnings mean; those that are not here are opinions and become info. */
static const struct warning {
    const char *option;
    unsigned cwe;
    finding_severity severity;
} warnings[] = {
    {"-Wuse-after-free", 416, FINDING_CRITICAL},
    {"-Wstringop-overflow=", 787, FINDING_CRITICAL},
    {"-Wstringop-overflow", 787, FINDING_CRITICAL},
    {"-Warray-bounds", 787, FINDING_HIGH},
    {"-Wstringop-overread", 126, FINDING_HIGH},
    {"-Wfree-nonheap-object", 590, FINDING_HIGH},
    {"-Wmismatched-dealloc", 762, FINDING_HIGH},
    {"-Wreturn-local-addr", 562, FINDING_HIGH},
    {"-Wdangling-pointer=", 825, FINDING_MEDIUM},
    {"-Wformat-security", 134, FINDING_MEDIUM},
    {"-Wformat-overflow=", 120, FINDING_MEDIUM},
    {"-Wformat=", 686, FINDING_MEDIUM},
    {"-Wformat-extra-args", 685, FINDING_LOW},
    {"-Wuninitialized", 457, FINDING_MEDIUM},
    {"-Wmaybe-uninitialized", 457, FINDING_LOW},
    {"-Wreturn-type", 0, FINDING_MEDIUM},
    {"-Wdiv-by-zero", 369, FINDING_MEDIUM},
    {"-Wnonnull", 476, FINDING_MEDIUM},
    {"-Wint-conversion", 0, FINDING_MEDIUM},
    {"-Wincompatible-pointer-types", 0, FINDING_MEDIUM},
    {"-Wimplicit-function-declaration", 0, FINDING_LOW},
    {"-Wsizeof-pointer-memaccess", 131, FINDING_MEDIUM},
    {"-Wmemset-transposed-args", 688, FINDING_MEDIUM},
    {"-Wmisleading-indentation", 0, FINDING_LOW},
    {"-Wparentheses", 0, FINDING_LOW},
    {"-Wlogical-not-parentheses", 0, FINDING_LOW},
    {"-Wtautological-compare", 0, FINDING_LOW},
    {"-Wimplicit-fallthrough=", 0, FINDING_INFO},
};

static bool holds_any(const char *message, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strstr(message, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

bool gcc_warning(const char *option, unsigned *out_cwe, finding_severity *out_severity)
{
    for (size_t i = 0; i < sizeof warnings / sizeof warnings[0]; i++) {
        if (strcmp(warnings[i].option, option) == 0) {
            *out_cwe = warnings[i].cwe;
            *out_severity = warnings[i].severity;
            return true;
        }
    }
    return false;
}

bool gcc_says_missing_header(const char *kind, const char *message)
{
    return strcmp(kind, "fatal error") == 0 && strstr(message, "No such file") != NULL;
}

bool gcc_says_parse_error(const char *message)
{
    static const char *const words[] = {"expected ",    "stray ",  "missing terminating",
                                        "unterminated", "before ", "at end of input"};
    return holds_any(message, words, sizeof words / sizeof words[0]);
}

bool gcc_says_plain_mistake(const char *message)
{
    static const char *const words[] = {
        "expected ‘;’ before ‘}’", "expected ‘;’ before ‘return’",
        "expected declaration or statement at end of input", "missing terminating"};
    return holds_any(message, words, sizeof words / sizeof words[0]);
}

bool gcc_says_undeclared(const char *message)
{
    static const char *const words[] = {
        "undeclared",           "unknown type name",   "incomplete type", "not declared",
        "does not name a type", "has no member named", "storage size of", "have ‘int’"};
    if (holds_any(message, words, sizeof words / sizeof words[0])) {
        return true;
    }
    /* "expected ‘)’ before ‘VERSION’": a macro's name. */
    const char *name = strstr(message, " before ‘");
    name = name != NULL ? name + strlen(" before ‘") : "";
    size_t size = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    return size > 1 && strncmp(name + size, "’", strlen("’")) == 0;
}

static size_t name_size(const char *text)
{
    size_t n = 0;
    while (text[n] == '_' || isalnum((unsigned char)text[n])) {
        n++;
    }
    return n;
}

/* How much of a name is left without "_63" at its end; all of it when there is none. */
static size_t size_without_number(const char *name, size_t size)
{
    size_t digits = 0;
    while (digits < size && isdigit((unsigned char)name[size - digits - 1])) {
        digits++;
    }
    bool numbered = digits > 0 && digits < size && name[size - digits - 1] == '_';
    return numbered ? size - digits - 1 : size;
}

/* Also when nobody knows. */
static bool source_may_have(const char *source, const char *name, size_t size)
{
    char word[128];
    if (source == NULL || size >= sizeof word) {
        return true;
    }
    (void)snprintf(word, sizeof word, "%.*s", (int)size, name);
    return strstr(source, word) != NULL;
}

static void replace_odd(char *text)
{
    static const char *const odd[][2] = {
        {"(4294967295)", "(-1)"}, {"(18446744073709551615)", "(-1)"}, {"NULL ‘0’", "NULL"}};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char *at = strstr(text, odd[i][0]);
        if (at != NULL) {
            size_t from = strlen(odd[i][0]), to = strlen(odd[i][1]);
            memcpy(at, odd[i][1], to);
            memmove(at + to, at + from, strlen(at + from) + 1);
        }
    }
}

void gcc_make_readable(const workspace *ws, const char *file, char *text)
{
    size_t size = 0;
    const workspace_file *f = workspace_find(ws, file);
    char *source = f != NULL ? workspace_read(ws, f, &size) : NULL;
    replace_odd(text);
    for (char *at = text; *at != '\0';) {
        size_t n = name_size(at);
        size_t keep = size_without_number(at, n);
        if (keep < n && !source_may_have(source, at, n)) {
            if (keep == 0) {
                at[keep++] = '?';
            }
            memmove(at + keep, at + n, strlen(at + n) + 1);
            n = keep;
        }
        at += n > 0 ? n : 1;
    }
    free(source);
}
