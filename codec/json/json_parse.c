/* Text -> jansson values, refusing what is ambiguous or too deep. */
#include "codec/json/json.h"

#include <stdio.h>

static json_t *refuse(cogo_record_error *error, json_t *json, const char *detail)
{
    if (error != NULL) {
        *error = (cogo_record_error){0};
        (void)snprintf(error->detail, sizeof error->detail, "%s", detail);
    }
    json_decref(json);
    return NULL;
}

/* True when @p json has at most @p depth lists and objects inside each other. */
static bool is_flat_enough(const json_t *json, uint32_t depth)
{
    if (!json_is_object(json) && !json_is_array(json)) {
        return true;
    }
    if (depth == 0) {
        return false;
    }
    for (size_t i = 0; json_is_array(json) && i < json_array_size(json); i++) {
        if (!is_flat_enough(json_array_get(json, i), depth - 1)) {
            return false;
        }
    }
    // jansson iterates over objects through a pointer that is not const; nothing is changed.
    json_t *object = json_is_object(json) ? (json_t *)(uintptr_t)json : NULL;
    for (void *at = json_object_iter(object); at != NULL;
         at = json_object_iter_next(object, at)) {
        if (!is_flat_enough(json_object_iter_value(at), depth - 1)) {
            return false;
        }
    }
    return true;
}

json_t *json_parse(const char *text, size_t size, cogo_record_error *error)
{
    enum { FLAGS = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL };
    if (size == 0) {
        return refuse(error, NULL, "expected JSON, got nothing");
    }
    json_error_t what;
    json_t *json = json_loadb(text, size, FLAGS, &what);
    if (json == NULL) {
        char detail[sizeof error->detail];
        (void)snprintf(detail, sizeof detail, "line %d, column %d: %s", what.line, what.column,
                       what.text);
        return refuse(error, NULL, detail);
    }
    if (!is_flat_enough(json, JSON_DEPTH_MAX)) {
        return refuse(error, json, "lists and objects are nested too deeply");
    }
    return json;
}
