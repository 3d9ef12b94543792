/* A YAML document as JSON: mappings, lists and scalars, for files that people write.
 * Used by `cogo workflow run`. Never follows aliases: a small file can't grow into a large
 * value. */
#ifndef CLI_YAML_H
#define CLI_YAML_H

#include <jansson.h>
#include <stddef.h>

/* NULL with one sentence (with the line) in @p error. The caller owns the result. Plain scalars
 * become null, booleans and numbers as in JSON; quoted ones stay strings. */
json_t *yaml_to_json(const char *text, size_t size, char error[256]);

#endif
