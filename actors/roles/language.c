#include "actors/roles/language.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* How a language writes comments. `quotes` are the characters that begin a string. */
typedef struct comment_style {
    const char *line[2];
    const char *open, *close;
    const char *quotes;
} comment_style;

static const comment_style style_c = {{"//", NULL}, "/*", "*/", "\"'"};
static const comment_style style_hash = {{"#", NULL}, NULL, NULL, "\"'"};
static const comment_style style_sql = {{"--", NULL}, "/*", "*/", "'"};
static const comment_style style_lua = {{"--", NULL}, "--[[", "]]", "\"'"};
static const comment_style style_xml = {{NULL, NULL}, "<!--", "-->", ""};
static const comment_style style_css = {{NULL, NULL}, "/*", "*/", "\"'"};
static const comment_style style_php = {{"//", "#"}, "/*", "*/", "\"'"};
static const comment_style style_asm = {{"#", ";"}, "/*", "*/", "\""};
static const comment_style style_m4 = {{"dnl", "#"}, NULL, NULL, ""};
static const comment_style style_none = {{NULL, NULL}, NULL, NULL, ""};

static const struct language_row {
    const char *name;
    const comment_style *style;
    const char *extensions; /* Between blanks. */
    const char *file_names; /* Between blanks. */
    const char *interpreters;
} rows[LANGUAGE_COUNT] = {
    [LANGUAGE_NONE] = {"other", &style_none, "", "", ""},
    [LANGUAGE_C] = {"C", &style_c, " c ", "", " tcc "},
    [LANGUAGE_C_HEADER] = {"C header", &style_c, " h ", "", ""},
    [LANGUAGE_CPP] = {"C++", &style_c, " cc cpp cxx c++ hh hpp hxx ipp tcc ", "", ""},
    [LANGUAGE_PYTHON] = {"Python", &style_hash, " py pyw pyi ",
                         " SConstruct SConscript wscript ", " python python2 python3 pypy3 "},
    [LANGUAGE_SHELL] = {"Shell", &style_hash, " sh bash ksh dash bats ",
                        " .bashrc .profile .bash_profile ", " sh bash dash ksh ash bats "},
    [LANGUAGE_JAVASCRIPT] = {"JavaScript", &style_c, " js mjs cjs jsx ", "", " node nodejs "},
    [LANGUAGE_TYPESCRIPT] = {"TypeScript", &style_c, " ts tsx mts cts ", "", " ts-node deno "},
    [LANGUAGE_GO] = {"Go", &style_c, " go ", "", ""},
    [LANGUAGE_RUST] = {"Rust", &style_c, " rs ", "", ""},
    [LANGUAGE_JAVA] = {"Java", &style_c, " java ", "", ""},
    [LANGUAGE_RUBY] = {"Ruby", &style_hash, " rb rake gemspec ", " Rakefile Gemfile ",
                       " ruby "},
    [LANGUAGE_PERL] = {"Perl", &style_hash, " pl pm t ", "", " perl "},
    [LANGUAGE_PHP] = {"PHP", &style_php, " php ", "", " php "},
    [LANGUAGE_LUA] = {"Lua", &style_lua, " lua ", "", " lua luajit "},
    [LANGUAGE_SQL] = {"SQL", &style_sql, " sql ", "", ""},
    [LANGUAGE_HTML] = {"HTML", &style_xml, " html htm xhtml ", "", ""},
    [LANGUAGE_CSS] = {"CSS", &style_css, " css scss less ", "", ""},
    [LANGUAGE_JSON] = {"JSON", &style_none, " json jsonl ", " .eslintrc .babelrc ", ""},
    [LANGUAGE_YAML] = {"YAML", &style_hash, " yaml yml ", " .clang-format .clang-tidy ", ""},
    [LANGUAGE_TOML] = {"TOML", &style_hash, " toml ", " Cargo.lock poetry.lock ", ""},
    [LANGUAGE_XML] = {"XML", &style_xml, " xml xsd xsl svg ", "", ""},
    [LANGUAGE_MARKDOWN] = {"Markdown", &style_none, " md markdown ", "", ""},
    [LANGUAGE_MAKE] = {"Make", &style_hash, " mk mak ",
                       " Makefile makefile GNUmakefile Makefile.am Makefile.in ", " make "},
    [LANGUAGE_CMAKE] = {"CMake", &style_hash, " cmake ", " CMakeLists.txt ", ""},
    [LANGUAGE_DOCKER] = {"Dockerfile", &style_hash, " dockerfile ",
                         " Dockerfile Containerfile ", ""},
    [LANGUAGE_ASSEMBLY] = {"Assembly", &style_asm, " s asm ", "", ""},
    [LANGUAGE_AUTOCONF] = {"Autoconf", &style_m4, " ac m4 ", "", ""},
};

/* Is @p word one of the blank-separated words of @p list? */
static bool listed(const char *list, const char *word, size_t size)
{
    for (const char *at = list; size > 0 && (at = strstr(at, " ")) != NULL && at[1] != '\0';) {
        at++;
        if (strncasecmp(at, word, size) == 0 && at[size] == ' ') {
            return true;
        }
    }
    return false;
}

/* The interpreter of "#!/usr/bin/env -S python3.11 -u": "python3". */
static language_id by_shebang(const char *head, size_t head_size)
{
    if (head_size < 3 || head[0] != '#' || head[1] != '!') {
        return LANGUAGE_NONE;
    }
    size_t end = 2;
    while (end < head_size && head[end] != '\n') {
        end++;
    }
    for (size_t at = 2; at < end;) {
        while (at < end && (head[at] == ' ' || head[at] == '\t' || head[at] == '/')) {
            at++;
        }
        size_t start = at;
        while (at < end && strchr(" \t/\r", head[at]) == NULL) {
            at++;
        }
        size_t size = at - start;
        bool last_part = at >= end || head[at] != '/';
        if (!last_part || size == 0 || head[start] == '-'
            || (size == 3 && strncmp(head + start, "env", 3) == 0)) {
            continue;
        }
        const char *dot = memchr(head + start, '.', size);
        size = dot != NULL ? (size_t)(dot - (head + start)) : size;
        for (int i = 1; i < LANGUAGE_COUNT; i++) {
            if (listed(rows[i].interpreters, head + start, size)) {
                return (language_id)i;
            }
        }
        return LANGUAGE_NONE;
    }
    return LANGUAGE_NONE;
}

language_id language_detect(const char *path, const char *head, size_t head_size)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    for (int i = 1; i < LANGUAGE_COUNT; i++) {
        if (listed(rows[i].file_names, name, strlen(name))) {
            return (language_id)i;
        }
    }
    if (dot != NULL && strcmp(dot, ".C") == 0) {
        return LANGUAGE_CPP;
    }
    for (int i = 1; i < LANGUAGE_COUNT && dot != NULL && dot != name; i++) {
        if (listed(rows[i].extensions, dot + 1, strlen(dot + 1))) {
            return (language_id)i;
        }
    }
    return by_shebang(head, head_size);
}

const char *language_name(language_id language)
{
    return (unsigned)language < LANGUAGE_COUNT ? rows[language].name : rows[0].name;
}

static bool starts(const char *at, const char *end, const char *word)
{
    size_t size = word != NULL ? strlen(word) : 0;
    return size > 0 && (size_t)(end - at) >= size && memcmp(at, word, size) == 0;
}

/* Where the string that begins at @p at ends, at the latest before the line's end. */
static const char *string_end(const char *at, const char *end)
{
    char quote = *at++;
    while (at < end && *at != quote && *at != '\n') {
        at += *at == '\\' && at + 1 < end && at[1] != '\n' ? 2 : 1;
    }
    return at < end && *at == quote ? at + 1 : at;
}

typedef struct count_state {
    const comment_style *style;
    const char *docstring; /* Python: the triple quotes that close what is open. */
    bool python, in_block, has_code, has_comment;
} count_state;

/* Consumes one token of a line; returns where the next begins. */
static const char *count_token(count_state *s, const char *at, const char *end)
{
    const comment_style *style = s->style;
    if (s->in_block || s->docstring != NULL) {
        const char *close = s->in_block ? style->close : s->docstring;
        s->has_comment = s->has_comment || (*at != ' ' && *at != '\t' && *at != '\r');
        if (starts(at, end, close)) {
            s->in_block = false;
            s->docstring = NULL;
            return at + strlen(close);
        }
        return at + 1;
    }
    if (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\f') {
        return at + 1;
    }
    if (starts(at, end, style->open)) {
        s->in_block = s->has_comment = true;
        return at + strlen(style->open);
    }
    if (starts(at, end, style->line[0]) || starts(at, end, style->line[1])) {
        s->has_comment = true;
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        return newline != NULL ? newline : end;
    }
    if (s->python && (starts(at, end, "\"\"\"") || starts(at, end, "'''"))) {
        /* At the start of a line it is a docstring, a comment; else a value, code. */
        *(s->has_code ? &s->has_code : &s->has_comment) = true;
        s->docstring = *at == '"' ? "\"\"\"" : "'''";
        return at + 3;
    }
    s->has_code = true;
    return strchr(style->quotes, *at) != NULL ? string_end(at, end) : at + 1;
}

language_lines language_count(language_id language, const char *text, size_t size)
{
    language_lines result = {0};
    count_state s = {.style = rows[(unsigned)language < LANGUAGE_COUNT ? language : 0].style,
                     .python = language == LANGUAGE_PYTHON};
    const char *at = text, *end = text + size;
    while (at < end) {
        s.has_code = s.has_comment = false;
        while (at < end && *at != '\n') {
            at = count_token(&s, at, end);
        }
        at++;
        result.lines++;
        *(s.has_code ? &result.code : s.has_comment ? &result.comment : &result.blank) += 1;
    }
    return result;
}
