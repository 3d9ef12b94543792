#include "codec/contract/metric_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_CAPACITY_FIRST = 16 };

void metric_list_init(metric_list *list, cogo_arena *arena)
{
    *list = (metric_list){.arena = arena};
}

/* Room for one more of @p size_bytes each in @p items; what was there is copied. NULL: no
 * memory. */
static void *grow(metric_list *list, void *items, size_t count, size_t *capacity,
                  size_t size_bytes)
{
    if (count < *capacity) {
        return items;
    }
    size_t more = *capacity == 0 ? LIST_CAPACITY_FIRST : *capacity * 2;
    void *bigger = cogo_arena_alloc(list->arena, more * size_bytes);
    if (bigger == NULL) {
        list->failed = true;
        return NULL;
    }
    if (count > 0) {
        memcpy(bigger, items, count * size_bytes);
    }
    *capacity = more;
    return bigger;
}

void metric_list_family(metric_list *list, const char *name, const char *help, const char *type)
{
    metric_family *families = list->failed ? NULL
                                           : grow(list, list->families, list->family_count,
                                                  &list->family_capacity, sizeof *families);
    if (families == NULL) {
        return;
    }
    list->families = families;
    families[list->family_count++] = (metric_family){.name = name, .help = help, .type = type};
    list->samples = NULL;
    list->sample_capacity = 0;
}

void metric_list_sample(metric_list *list, const char *suffix, const char *labels, double value)
{
    if (list->failed || list->family_count == 0) {
        return;
    }
    metric_family *family = &list->families[list->family_count - 1];
    metric_sample *samples = grow(list, list->samples, family->samples.count,
                                  &list->sample_capacity, sizeof *samples);
    if (samples == NULL) {
        return;
    }
    list->samples = samples;
    samples[family->samples.count++] =
        (metric_sample){.suffix = suffix, .labels = labels, .value = value};
    family->samples.items = samples;
}

cogo_err metric_list_finish(const metric_list *list, metrics *out)
{
    if (list->failed) {
        return COGO_ENOMEM;
    }
    *out = (metrics){.families = {.items = list->families, .count = list->family_count}};
    return COGO_OK;
}

/* Bytes of the escaped @p text; written when @p out is not NULL. Quotes are escaped in labels
 * only. */
static size_t escape(const char *text, bool in_label, char *out)
{
    size_t length = 0;
    for (; text != NULL && *text != '\0'; text++) {
        bool escaped = *text == '\\' || *text == '\n' || (in_label && *text == '"');
        if (out != NULL) {
            if (escaped) {
                out[length] = '\\';
            }
            out[length + escaped] = *text == '\n' ? 'n' : *text;
        }
        length += 1u + escaped;
    }
    return length;
}

char *metric_labels(cogo_arena *arena, const char *const *names, const char *const *values,
                    size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += strlen(names[i]) + escape(values[i], true, NULL) + strlen("=\"\",");
    }
    char *text = size == 0 ? NULL : cogo_arena_alloc(arena, size + 1);
    char *at = text;
    for (size_t i = 0; text != NULL && i < count; i++) {
        if (i > 0) {
            *at++ = ',';
        }
        size_t length = strlen(names[i]);
        memcpy(at, names[i], length);
        at += length;
        *at++ = '=';
        *at++ = '"';
        at += escape(values[i], true, at);
        *at++ = '"';
    }
    return text; // The arena's memory is zero: the text ends.
}

static void write_value(FILE *to, double value)
{
    const double exact_max = 9007199254740992.0; // 2^53
    if (isnan(value)) {
        (void)fputs("NaN", to);
    } else if (isinf(value)) {
        (void)fputs(value > 0 ? "+Inf" : "-Inf", to);
    } else if (fabs(value) < exact_max && value == (double)(int64_t)value) {
        (void)fprintf(to, "%" PRId64, (int64_t)value);
    } else {
        (void)fprintf(to, "%.17g", value);
    }
}

static void write_sample(FILE *to, const char *name, const metric_sample *sample)
{
    (void)fprintf(to, "%s%s", name, sample->suffix == NULL ? "" : sample->suffix);
    if (sample->labels != NULL && sample->labels[0] != '\0') {
        (void)fprintf(to, "{%s}", sample->labels);
    }
    (void)fputc(' ', to);
    write_value(to, sample->value);
    (void)fputc('\n', to);
}

static void write_help(FILE *to, const metric_family *family)
{
    (void)fprintf(to, "# HELP %s ", family->name);
    for (const char *at = family->help == NULL ? "" : family->help; *at != '\0'; at++) {
        if (*at == '\\' || *at == '\n') {
            (void)fputc('\\', to);
        }
        (void)fputc(*at == '\n' ? 'n' : *at, to);
    }
    (void)fputc('\n', to);
}

cogo_err metric_text(const metrics *from, char **out_text, size_t *out_size)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL) {
        return COGO_ENOMEM;
    }
    const metric_family *families = from->families.items;
    for (size_t i = 0; i < from->families.count; i++) {
        const metric_sample *samples = families[i].samples.items;
        write_help(to, &families[i]);
        (void)fprintf(to, "# TYPE %s %s\n", families[i].name, families[i].type);
        for (size_t n = 0; n < families[i].samples.count; n++) {
            write_sample(to, families[i].name, &samples[n]);
        }
    }
    bool failed = ferror(to) != 0;
    if (fclose(to) != 0 || failed) {
        free(text);
        return COGO_ENOMEM;
    }
    *out_text = text;
    *out_size = size;
    return COGO_OK;
}
