/* Knows the languages of source files: by name, by extension, by shebang; and how they write
 * comments. Used by the workspace to classify, by the roles to choose tools and to count lines.
 * Never parses a language: it only tells code, comment and blank lines apart. */
#ifndef ROLES_LANGUAGE_H
#define ROLES_LANGUAGE_H

#include <stddef.h>
#include <stdint.h>

typedef enum language_id {
    LANGUAGE_NONE, /* Text of no known language. */
    LANGUAGE_C,
    LANGUAGE_C_HEADER,
    LANGUAGE_CPP,
    LANGUAGE_PYTHON,
    LANGUAGE_SHELL,
    LANGUAGE_JAVASCRIPT,
    LANGUAGE_TYPESCRIPT,
    LANGUAGE_GO,
    LANGUAGE_RUST,
    LANGUAGE_JAVA,
    LANGUAGE_RUBY,
    LANGUAGE_PERL,
    LANGUAGE_PHP,
    LANGUAGE_LUA,
    LANGUAGE_SQL,
    LANGUAGE_HTML,
    LANGUAGE_CSS,
    LANGUAGE_JSON,
    LANGUAGE_YAML,
    LANGUAGE_TOML,
    LANGUAGE_XML,
    LANGUAGE_MARKDOWN,
    LANGUAGE_MAKE,
    LANGUAGE_CMAKE,
    LANGUAGE_DOCKER,
    LANGUAGE_ASSEMBLY,
    LANGUAGE_AUTOCONF,
    LANGUAGE_COUNT,
} language_id;

typedef struct language_lines {
    uint64_t lines, code, comment, blank;
} language_lines;

/* @p path may have folders; @p head is the start of the file (for the shebang), may be empty.
 */
language_id language_detect(const char *path, const char *head, size_t head_size);

/* "C", "Python", ...; "other" for LANGUAGE_NONE. */
const char *language_name(language_id language);

/* A line with both code and comment counts as code. */
language_lines language_count(language_id language, const char *text, size_t size);

#endif
