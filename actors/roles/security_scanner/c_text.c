#include "actors/roles/security_scanner/c_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

bool c_text_is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

bool c_slice_equals(c_slice s, const char *word)
{
    return strlen(word) == s.size && memcmp(s.at, word, s.size) == 0;
}

bool c_slice_one_of(c_slice s, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (c_slice_equals(s, *words)) {
            return true;
        }
    }
    return false;
}

static c_slice trimmed(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at)) {
        at++;
    }
    while (end > at && isspace((unsigned char)end[-1])) {
        end--;
    }
    return (c_slice){at, (size_t)(end - at)};
}

const char *c_text_skip_string(const char *at, const char *end)
{
    char quote = *at++;
    while (at < end && *at != quote && *at != '\n') {
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    }
    return at < end ? at + 1 : end;
}

char *c_text_without_comments(const char *text, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy == NULL) {
        return NULL;
    }
    memcpy(copy, text, size);
    copy[size] = '\0';
    for (char *at = copy, *end = copy + size; at < end;) {
        if (*at == '"' || *at == '\'') {
            at += c_text_skip_string(at, end) - at;
        } else if (at[0] == '/' && at[1] == '/') {
            while (at < end && *at != '\n') {
                *at++ = ' ';
            }
        } else if (at[0] == '/' && at[1] == '*') {
            bool open = true;
            *at++ = ' ';
            *at++ = ' ';
            while (at < end && open) {
                open = !(at[0] == '*' && at[1] == '/');
                if (!open) {
                    at[1] = ' ';
                }
                *at = *at == '\n' ? '\n' : ' ';
                at += open ? 1 : 2;
            }
        } else {
            at++;
        }
    }
    return copy;
}

/* The plain name in "(char *)&name[0]"; empty when it is anything else. */
c_slice c_slice_name(c_slice s)
{
    const char *at = s.at, *end = s.at + s.size;
    if (at < end && *at == '(') { /* A cast. */
        const char *close = memchr(at, ')', (size_t)(end - at));
        at = close != NULL ? close + 1 : end;
    }
    while (at < end && (*at == '&' || *at == ' ')) {
        at++;
    }
    const char *start = at;
    while (at < end && c_text_is_word(*at)) {
        at++;
    }
    bool rest =
        at < end && memcmp(at, "[0]", (size_t)(end - at) < 3 ? (size_t)(end - at) : 3) != 0;
    return (c_slice){start, rest ? 0 : (size_t)(at - start)};
}

/* "text", 'c', 12, NAME, sizeof x: text that the program's author wrote. */
bool c_slice_is_constant(c_slice s)
{
    if (s.size == 0 || *s.at == '"' || *s.at == '\'' || isdigit((unsigned char)*s.at)) {
        return true;
    }
    bool upper = false;
    for (size_t i = 0; i < s.size; i++) {
        if (!isupper((unsigned char)s.at[i]) && !isdigit((unsigned char)s.at[i])
            && s.at[i] != '_') {
            return false;
        }
        upper = upper || isupper((unsigned char)s.at[i]);
    }
    return upper && s.size > 1;
}

static bool has_word(c_slice s, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= s.size; i++) {
        if (strncasecmp(s.at + i, word, n) == 0 && (i == 0 || !c_text_is_word(s.at[i - 1]))
            && (i + n == s.size || !c_text_is_word(s.at[i + n]))) {
            return true;
        }
    }
    return false;
}

/* Two words that belong together, so that "delete %s" of a message is none. */
bool c_slice_is_sql(c_slice s)
{
    static const char *const pairs[][2] = {
        {"select", "from"}, {"insert", "into"}, {"update", "set"},  {"delete", "from"},
        {"drop", "table"},  {"alter", "table"}, {"replace", "into"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (has_word(s, pairs[i][0]) && has_word(s, pairs[i][1])) {
            return true;
        }
    }
    return has_word(s, "where") && memchr(s.at, '=', s.size) != NULL;
}

/* Does the format put foreign text in as it is? %d does not, %q and %Q quote. */
bool c_slice_takes_text(c_slice format)
{
    for (size_t i = 0; i + 1 < format.size; i++) {
        if (format.at[i] != '%') {
            continue;
        }
        size_t k = i + 1;
        while (k < format.size && strchr("-+ #0123456789.*lhz", format.at[k]) != NULL) {
            k++;
        }
        if (k < format.size && format.at[k] == 's') {
            return true;
        }
        i = k;
    }
    return false;
}

/* Splits the arguments of the call at @p at (its name); false when it is none. */
bool c_text_call(const char *text, const char *end_of_text, const char *at, c_call *c)
{
    if (at > text && (at[-1] == '.' || (at[-1] == '>' && at - 1 > text && at[-2] == '-'))) {
        return false; /* A function pointer in a struct, a method. */
    }
    const char *end = at;
    while (end < end_of_text && c_text_is_word(*end)) {
        end++;
    }
    *c = (c_call){.name = {at, (size_t)(end - at)}};
    while (end < end_of_text && (*end == ' ' || *end == '\t' || *end == '\n')) {
        end++;
    }
    if (end >= end_of_text || *end != '(') {
        return false;
    }
    const char *start = ++end;
    for (int depth = 1; end < end_of_text && end - start < (long)C_CALL_BYTES_MAX;) {
        if (*end == '"' || *end == '\'') {
            end = c_text_skip_string(end, end_of_text);
            continue;
        }
        bool close = *end == ')' || *end == ']' || *end == '}';
        depth += *end == '(' || *end == '[' || *end == '{' ? 1 : close ? -1 : 0;
        if (depth == 0 || (depth == 1 && *end == ',')) {
            if (c->count < C_ARGUMENTS_MAX) {
                c->args[c->count++] = trimmed(start, end);
            }
            start = end + 1;
        }
        if (depth == 0) {
            c->end = end + 1;
            return true;
        }
        if (*end == ';') {
            return false; /* Not a call after all. */
        }
        end++;
    }
    return false;
}
