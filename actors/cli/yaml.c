#include "actors/cli/yaml.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { DEPTH_MAX = 32 };

typedef struct reader {
    yaml_parser_t parser;
    char *error; /* 256 bytes. */
    int depth;
} reader;

static json_t *fail(reader *r, size_t line, const char *why)
{
    snprintf(r->error, 256, "line %zu: %s", line + 1, why);
    return NULL;
}

static bool next(reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event)) {
        return true;
    }
    const char *problem = r->parser.problem != NULL ? r->parser.problem : "not YAML";
    (void)fail(r, r->parser.problem_mark.line, problem);
    return false;
}

static json_t *scalar(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return json_string(text);
    }
    if (*text == '\0' || strcmp(text, "~") == 0) {
        return json_null();
    }
    json_t *typed = json_loads(text, JSON_DECODE_ANY, NULL); /* null, true, 12, 1.5 */
    if (typed != NULL && !json_is_object(typed) && !json_is_array(typed)) {
        return typed;
    }
    json_decref(typed);
    return json_string(text);
}

static json_t *value(reader *r, const yaml_event_t *event);

static json_t *sequence(reader *r)
{
    json_t *list = json_array();
    for (;;) {
        yaml_event_t event;
        if (!next(r, &event)) {
            break;
        }
        bool end = event.type == YAML_SEQUENCE_END_EVENT;
        json_t *item = end ? NULL : value(r, &event);
        yaml_event_delete(&event);
        if (end) {
            return list;
        }
        if (item == NULL || json_array_append_new(list, item) != 0) {
            break;
        }
    }
    json_decref(list);
    return NULL;
}

/* One "key: value" into @p map. False: an error. *out_end: the mapping has ended instead. */
static bool pair(reader *r, json_t *map, bool *out_end)
{
    yaml_event_t key, event;
    if (!next(r, &key)) {
        return false;
    }
    bool good = false;
    *out_end = key.type == YAML_MAPPING_END_EVENT;
    if (*out_end) {
        good = true;
    } else if (key.type != YAML_SCALAR_EVENT) {
        (void)fail(r, key.start_mark.line, "a key must be a word");
    } else if (json_object_get(map, (const char *)key.data.scalar.value) != NULL) {
        (void)fail(r, key.start_mark.line, "this key stands twice");
    } else if (next(r, &event)) {
        json_t *item = value(r, &event);
        yaml_event_delete(&event);
        good = item != NULL
               && json_object_set_new(map, (const char *)key.data.scalar.value, item) == 0;
    }
    yaml_event_delete(&key);
    return good;
}

static json_t *mapping(reader *r)
{
    json_t *map = json_object();
    bool end = false;
    while (!end) {
        if (!pair(r, map, &end)) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

static json_t *value(reader *r, const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT) {
        json_t *item = scalar(event);
        return item != NULL ? item : fail(r, event->start_mark.line, "text that is not UTF-8");
    }
    if (event->type != YAML_SEQUENCE_START_EVENT && event->type != YAML_MAPPING_START_EVENT) {
        return fail(r, event->start_mark.line,
                    "anchors, aliases and several documents are "
                    "not taken");
    }
    if (r->depth == DEPTH_MAX) {
        return fail(r, event->start_mark.line, "nested too deeply");
    }
    r->depth++;
    json_t *item = event->type == YAML_SEQUENCE_START_EVENT ? sequence(r) : mapping(r);
    r->depth--;
    return item;
}

json_t *yaml_to_json(const char *text, size_t size, char error[256])
{
    reader r = {.error = error};
    json_t *document = NULL;
    bool started = false;
    snprintf(error, 256, "empty");
    if (!yaml_parser_initialize(&r.parser)) {
        snprintf(error, 256, "out of memory");
        return NULL;
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, size);
    for (;;) {
        yaml_event_t event;
        if (!next(&r, &event)) {
            json_decref(document);
            document = NULL;
            break;
        }
        yaml_event_type_t type = event.type;
        bool frame = type == YAML_STREAM_START_EVENT || type == YAML_DOCUMENT_START_EVENT
                     || type == YAML_DOCUMENT_END_EVENT || type == YAML_STREAM_END_EVENT;
        bool second = type == YAML_DOCUMENT_START_EVENT && started;
        if (second) {
            json_decref(document);
            document = fail(&r, event.start_mark.line, "only one document is taken");
        } else if (!frame) {
            started = true;
            document = value(&r, &event);
        }
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT || second || (!frame && document == NULL)) {
            break;
        }
    }
    yaml_parser_delete(&r.parser);
    return document;
}
