/* Base64 with padding, as in RFC 4648 section 4.
 * Used where binary strings must become JSON text.
 * Never decodes: nothing reads it back. */
#ifndef CODEC_JSON_BASE64_H
#define CODEC_JSON_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Characters of the text for @p size_bytes, without a NUL. */
size_t base64_length(size_t size_bytes);

/* Writes base64_length() characters and no NUL. */
void base64_write(const uint8_t *bytes, size_t size_bytes, char *out);

#endif
