/* Bytes of a program as text.
 * Used by roles for output and file names that nobody promised to be UTF-8.
 * Never passes on what is no UTF-8. */
#ifndef ROLES_UTF8_H
#define ROLES_UTF8_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A new JSON string, with U+FFFD for what is no UTF-8 and for NUL; JSON null when @p bytes is
 * NULL; NULL when out of memory. */
json_t *utf8_json(const char *bytes, size_t size);

/* Every byte is part of a well-formed character, none is NUL. */
bool utf8_is_valid(const char *bytes, size_t size);

/* The size of the well-formed character that begins at @p bytes, by table 3-7 of the Unicode
 * standard; 0: none does, or it is NUL. @p size_left: at least 1. */
size_t utf8_part(const char *bytes, size_t size_left);

/* What is no UTF-8 becomes '?', control characters become blanks: for one line of JSON. */
void utf8_clean(char *text);

#endif
