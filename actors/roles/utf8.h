/* Bytes of a program as JSON text.
 * Used by roles for output and file names that nobody promised to be UTF-8.
 * Never fails but for memory: what is no UTF-8, and NUL, becomes U+FFFD. */
#ifndef ROLES_UTF8_H
#define ROLES_UTF8_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A new string; JSON null when @p bytes is NULL; NULL when out of memory. */
json_t *utf8_json(const char *bytes, size_t size);

/* Every byte is part of a well-formed character, none is NUL. */
bool utf8_is_valid(const char *bytes, size_t size);

#endif
