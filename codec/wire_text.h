/* Text on the wire: UTF-8 and RFC 3339 times.
 * Used by encoding, decoding and checking of records.
 * Never reads a clock or a locale. */
#ifndef CODEC_WIRE_TEXT_H
#define CODEC_WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WIRE_TIME_SIZE = 25 }; /* "2026-11-22T17:05:03.123Z" with its NUL. */

/* True for well-formed UTF-8 (no overlong forms, surrogates, or code points beyond U+10FFFF).
 */
bool cogo__utf8_check(const void *bytes, size_t size_bytes);

/* Writes @p wall_ms, ms since 1970 UTC. False outside the years 0000 to 9999. */
bool cogo__time_format(int64_t wall_ms, char out[WIRE_TIME_SIZE]);

/* Reads an RFC 3339 time with any offset; digits beyond ms are cut off. */
bool cogo__time_parse(const char *text, size_t size_bytes, int64_t *out_wall_ms);

#endif
