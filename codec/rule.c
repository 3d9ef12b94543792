#include "codec/rule.h"

#include "codec/wire_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A text that is cut off when it is full. */
typedef struct cut {
    char *text;
    size_t size;
    size_t length;
} cut;

static void add(cut *to, const char *bytes, size_t size)
{
    size_t room = to->size - 1 - to->length;
    size_t taken = size < room ? size : room;
    memcpy(to->text + to->length, bytes, taken);
    to->length += taken;
    to->text[to->length] = '\0';
}

/* As RFC 6901 wants it; what could harm a terminal or a log becomes a question mark. */
static void add_name(cut *to, const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (name[i] == '~') {
            add(to, "~0", 2);
        } else if (name[i] == '/') {
            add(to, "~1", 2);
        } else if (name[i] < 0x20 || name[i] > 0x7e) {
            add(to, "?", 1);
        } else {
            add(to, &name[i], 1);
        }
    }
}

static void write_pointer(cut *to, const cogo__path *path)
{
    // Two for each level: a field and an element of its list.
    const cogo__path *steps[2 * COGO_RECORD_DEPTH_MAX + 2];
    size_t count = 0;
    for (; path != NULL && count < sizeof steps / sizeof steps[0]; path = path->parent) {
        steps[count++] = path;
    }
    while (count > 0) {
        const cogo__path *step = steps[--count];
        add(to, "/", 1);
        if (step->name != NULL) {
            add_name(to, step->name, step->name_size);
        } else {
            char digits[24];
            int length = snprintf(digits, sizeof digits, "%zu", step->index);
            add(to, digits, length > 0 ? (size_t)length : 0);
        }
    }
}

bool cogo__rule_fail(cogo_record_error *error, const cogo__path *path, const char *format, ...)
{
    if (error == NULL) {
        return false;
    }
    *error = (cogo_record_error){0};
    cut pointer = {.text = error->pointer, .size = sizeof error->pointer};
    write_pointer(&pointer, path);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->detail, sizeof error->detail, format, args);
    va_end(args);
    return false;
}

bool cogo__rule_text(const char *text, size_t size_bytes, const cogo__path *path,
                     cogo_record_error *error)
{
    if (size_bytes > COGO_RECORD_STRING_MAX) {
        return cogo__rule_fail(error, path, "must be at most %d bytes long, got %zu",
                               COGO_RECORD_STRING_MAX, size_bytes);
    }
    if (memchr(text, 0, size_bytes) != NULL) {
        return cogo__rule_fail(error, path, "must not contain a NUL character");
    }
    if (!cogo__utf8_check(text, size_bytes)) {
        return cogo__rule_fail(error, path, "must be UTF-8");
    }
    return true;
}

/* The least and the greatest length of a string or list. */
static int64_t length_max(const cogo_field *field)
{
    if (field->min != 0 || field->max != 0) {
        return field->max;
    }
    return field->kind == COGO_FIELD_STRING ? COGO_RECORD_STRING_MAX : COGO_RECORD_LIST_MAX;
}

static bool length(const cogo_field *field, size_t count, const char *unit,
                   const cogo__path *path, cogo_record_error *error)
{
    int64_t max = length_max(field);
    if (count <= INT64_MAX && (int64_t)count >= field->min && (int64_t)count <= max) {
        return true;
    }
    return cogo__rule_fail(error, path, "must have %" PRId64 " to %" PRId64 " %s, got %zu",
                           field->min, max, unit, count);
}

bool cogo__rule_string(const cogo_field *field, const char *text, size_t size_bytes,
                       const cogo__path *path, cogo_record_error *error)
{
    return length(field, size_bytes, "bytes", path, error)
           && cogo__rule_text(text, size_bytes, path, error);
}

bool cogo__rule_count(const cogo_field *field, size_t count, const cogo__path *path,
                      cogo_record_error *error)
{
    return length(field, count, "elements", path, error);
}

bool cogo__rule_int(const cogo_field *field, int64_t value, const cogo__path *path,
                    cogo_record_error *error)
{
    bool limited = field->min != 0 || field->max != 0;
    if (!limited || (value >= field->min && value <= field->max)) {
        return true;
    }
    if (field->max == INT64_MAX) {
        return cogo__rule_fail(error, path, "must be at least %" PRId64 ", got %" PRId64,
                               field->min, value);
    }
    return cogo__rule_fail(error, path, "must be %" PRId64 " to %" PRId64 ", got %" PRId64,
                           field->min, field->max, value);
}

bool cogo__rule_double(const cogo_field *field, double value, const cogo__path *path,
                       cogo_record_error *error)
{
    if (!isfinite(value)) {
        return cogo__rule_fail(error, path, "must be a finite number");
    }
    bool limited = field->min != 0 || field->max != 0;
    if (!limited || (value >= (double)field->min && value <= (double)field->max)) {
        return true;
    }
    if (field->max == INT64_MAX) {
        return cogo__rule_fail(error, path, "must be at least %" PRId64 ", got %g", field->min,
                               value);
    }
    return cogo__rule_fail(error, path, "must be %" PRId64 " to %" PRId64 ", got %g",
                           field->min, field->max, value);
}

bool cogo__rule_enum_fail(const cogo_field *field, const cogo__path *path,
                          cogo_record_error *error)
{
    char names[200] = "";
    cut list = {.text = names, .size = sizeof names};
    for (size_t i = 0; field->names[i] != NULL; i++) {
        if (i > 0) {
            add(&list, ", ", 2);
        }
        add(&list, field->names[i], strlen(field->names[i]));
    }
    return cogo__rule_fail(error, path, "expected one of %s", names);
}
