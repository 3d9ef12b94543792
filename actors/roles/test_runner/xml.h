/* A tolerant walk over XML: tags with their attributes, and the text between them.
 * Used for JUnit reports, which crashed programs leave half written.
 * Never resolves entities beyond the five of XML and characters; reads no DTD; no recursion. */
#ifndef TEST_RUNNER_XML_H
#define TEST_RUNNER_XML_H

#include "actors/roles/test_runner/lines.h"

#include <cogo/arena.h>

typedef enum xml_kind { XML_OPEN, XML_CLOSE, XML_TEXT, XML_END } xml_kind;

typedef struct xml_walk {
    const char *at, *end;
} xml_walk;

typedef struct xml_token {
    xml_kind kind;
    line name;       /* Of a tag, without its namespace. */
    line attributes; /* The raw text after the name. */
    line text;       /* Raw text between tags, or the inside of a CDATA section. */
    bool is_empty;   /* "<a/>" */
    bool is_cdata;
} xml_token;

/* Comments, declarations and instructions are passed over. */
xml_token xml_next(xml_walk *walk);

/* The raw value of an attribute; text NULL: it is not there. */
line xml_attribute(const xml_token *token, const char *name);

/* A copy with entities replaced, at most @p max bytes long. NULL when out of memory or empty.
 */
char *xml_unescape(cogo_arena *arena, line raw, size_t max, size_t *out_size);

#endif
