/* JSON <-> values and records, through the same descriptors that drive MessagePack.
 * Used by doors, roles and the command line; jansson is the parser.
 * Never trusts its input: size, depth, duplicate keys and UTF-8 are checked. */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include <cogo/record.h>

#include <jansson.h>

/* Nesting of lists and objects in JSON text: a value of COGO_RECORD_DEPTH_MAX within records.
 */
enum { JSON_DEPTH_MAX = 2 * COGO_RECORD_DEPTH_MAX };

/* Parses @p size bytes of JSON text. NULL with @p error on bad input (pointer "", detail with
 * line and column). The caller owns the result (json_decref). Depth limit JSON_DEPTH_MAX. */
json_t *json_parse(const char *text, size_t size, cogo_record_error *error);

/* One value as MessagePack in @p arena. Null JSON gives size 0.
 * COGO_EINVAL: nested deeper than COGO_RECORD_DEPTH_MAX, or @p json is NULL. COGO_ENOMEM. */
COGO_MUST_USE cogo_err json_to_value(const json_t *json, cogo_arena *arena, cogo_value *out);

/* The JSON of a value; JSON null for size 0; NULL when the bytes are no MessagePack or no
 * memory. Binary strings become base64 text; infinite numbers null; of two equal keys the first
 * stays. The caller owns the result. */
json_t *json_from_value(cogo_value value);

/* A record as a JSON object; absent fields are left out, or null with COGO_FIELD_KEEP_NULL.
 * NULL when out of memory or when cogo_record_check() refuses it. The caller owns the result.
 */
json_t *json_from_record(const cogo_record *type, const void *record);

/* A JSON object as a record in @p arena. @p flags as for cogo_record_decode().
 * COGO_EDECODE with @p error (may be NULL); COGO_ENOMEM. */
COGO_MUST_USE cogo_err json_to_record(const cogo_record *type, const json_t *json,
                                      uint32_t flags, cogo_arena *arena,
                                      const void **out_record, cogo_record_error *error);

/* The JSON Schema (draft 2020-12) of a record, nested records under "$defs"-free inline form.
 * NULL when out of memory. The caller owns the result. */
json_t *json_schema_of(const cogo_record *type);

#endif
