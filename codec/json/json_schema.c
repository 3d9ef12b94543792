/* JSON Schemas from descriptors: what the documentation says is what the decoder does. */
#include "codec/json/json.h"

/* The types that contain the one being described, the innermost first. */
typedef struct outer {
    const struct outer *next;
    const cogo_record *type;
} outer;

static json_t *nested_schema(const cogo_record *type, const outer *outside);

static void set(json_t *schema, const char *key, json_t *value)
{
    (void)json_object_set_new(schema, key, value); // On failure the schema only says less.
}

static json_t *of_type(const char *name)
{
    return json_pack("{ss}", "type", name);
}

static void limit(json_t *schema, const cogo_field *field, const char *least, const char *most)
{
    if (field->min == 0 && field->max == 0) {
        return;
    }
    set(schema, least, json_integer(field->min));
    if (field->max != INT64_MAX) {
        set(schema, most, json_integer(field->max));
    }
}

static json_t *enum_schema(const cogo_field *field)
{
    json_t *schema = of_type("string");
    json_t *names = json_array();
    for (size_t i = 0; field->names[i] != NULL; i++) {
        (void)json_array_append_new(names, json_string(field->names[i]));
    }
    set(schema, "enum", names);
    return schema;
}

static json_t *list_schema(const cogo_field *field, json_t *items)
{
    json_t *schema = of_type("array");
    set(schema, "items", items);
    limit(schema, field, "minItems", "maxItems");
    return schema;
}

static json_t *number_schema(const cogo_field *field, const char *type)
{
    json_t *schema = of_type(type);
    limit(schema, field, "minimum", "maximum");
    return schema;
}

static json_t *string_schema(const cogo_field *field)
{
    json_t *schema = of_type("string");
    limit(schema, field, "minLength", "maxLength");
    return schema;
}

static json_t *kind_schema(const cogo_field *field, const outer *outside)
{
    switch (field->kind) {
    case COGO_FIELD_STRING:
        return string_schema(field);
    case COGO_FIELD_INT:
        return number_schema(field, "integer");
    case COGO_FIELD_DOUBLE:
        return number_schema(field, "number");
    case COGO_FIELD_BOOL:
        return of_type("boolean");
    case COGO_FIELD_ENUM:
        return enum_schema(field);
    case COGO_FIELD_TIME:
        return json_pack("{ssss}", "type", "string", "format", "date-time");
    case COGO_FIELD_VALUE:
        return json_object();
    case COGO_FIELD_STRINGS:
        return list_schema(field, of_type("string"));
    case COGO_FIELD_RECORD:
        return nested_schema(field->record, outside);
    case COGO_FIELD_RECORDS:
        return list_schema(field, nested_schema(field->record, outside));
    }
    return NULL;
}

/* The kind with what the flags add: null beside the type, "readOnly". */
static json_t *field_schema(const cogo_field *field, const outer *outside)
{
    json_t *schema = kind_schema(field, outside);
    const char *type = json_string_value(json_object_get(schema, "type"));
    if ((field->flags & COGO_FIELD_KEEP_NULL) != 0 && type != NULL) {
        set(schema, "type", json_pack("[ss]", type, "null"));
    }
    if ((field->flags & COGO_FIELD_OUTPUT) != 0) {
        set(schema, "readOnly", json_true());
    }
    if (field->doc != NULL) {
        set(schema, "description", json_string(field->doc));
    }
    return schema;
}

static json_t *object_schema(const cogo_record *type, const outer *outside)
{
    json_t *schema = of_type("object");
    json_t *properties = json_object();
    json_t *required = json_array();
    const outer here = {.next = outside, .type = type};
    set(schema, "title", json_string(type->name));
    if (type->doc != NULL) {
        set(schema, "description", json_string(type->doc));
    }
    for (size_t i = 0; i < type->field_count; i++) {
        const cogo_field *field = &type->fields[i];
        set(properties, field->name, field_schema(field, &here));
        if ((field->flags & COGO_FIELD_REQUIRED) != 0) {
            (void)json_array_append_new(required, json_string(field->name));
        }
    }
    set(schema, "properties", properties);
    if (json_array_size(required) > 0) {
        set(schema, "required", required);
    } else {
        json_decref(required);
    }
    set(schema, "additionalProperties", json_false());
    return schema;
}

static bool is_outer(const outer *types, const cogo_record *type)
{
    while (types != NULL && types->type != type) {
        types = types->next;
    }
    return types != NULL;
}

/* A type within itself is any object: an inline schema has no end otherwise. */
static json_t *nested_schema(const cogo_record *type, const outer *outside)
{
    return is_outer(outside, type) ? of_type("object") : object_schema(type, outside);
}

json_t *json_schema_of(const cogo_record *type)
{
    json_t *schema = object_schema(type, NULL);
    set(schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
    return schema;
}
