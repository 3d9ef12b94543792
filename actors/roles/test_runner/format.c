#include "actors/roles/test_runner/format.h"

#include <stdlib.h>
#include <string.h>

typedef void parser(const char *text, size_t size, case_list *out);

static const struct {
    const char *name;
    parser *parse;
} formats[FORMAT_COUNT] = {
    [FORMAT_AUTO] = {"auto", NULL},
    [FORMAT_TAP] = {"tap", format_tap},
    [FORMAT_JUNIT] = {"junit", format_junit},
    [FORMAT_CRITERION] = {"criterion", format_criterion},
    [FORMAT_CTEST] = {"ctest", format_ctest},
    [FORMAT_PYTEST] = {"pytest", format_pytest},
    [FORMAT_UNITTEST] = {"unittest", format_unittest},
    [FORMAT_MESON] = {"meson", format_meson},
    [FORMAT_AUTOMAKE] = {"automake", format_automake},
    [FORMAT_GTEST] = {"gtest", format_gtest},
    [FORMAT_CHECK] = {"check", format_check},
};

const char *format_name(format_id format)
{
    return formats[format].name;
}

bool format_parse_name(const char *name, format_id *out)
{
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            *out = (format_id)i;
            return true;
        }
    }
    return false;
}

/* Most cases wins; with as many, the earlier one: TAP before automake's "PASS: name". */
static format_id guess(const char *text, size_t size)
{
    format_id best = FORMAT_AUTO;
    size_t most = 0;
    for (unsigned i = FORMAT_AUTO + 1; i < FORMAT_COUNT; i++) {
        case_list list;
        case_list_init(&list);
        formats[i].parse(text, size, &list);
        if (list.count > most) {
            most = list.count;
            best = (format_id)i;
        }
        case_list_finish(&list);
    }
    return best;
}

static uint64_t mix(uint64_t hash, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 1099511628211u; // FNV-1a
    }
    return hash * 31;
}

static bool same_name(const case_record *a, const case_record *b)
{
    return strcmp(a->name, b->name) == 0
           && strcmp(a->suite == NULL ? "" : a->suite, b->suite == NULL ? "" : b->suite) == 0;
}

/* A suite that runs a table of inputs often gives all of them one name. @p slots holds index +
 * 1 of the last case of each name; it has more slots than there are cases. */
static void number_repeats(case_list *list, size_t from, uint32_t *slots, size_t slot_count)
{
    for (size_t i = from; i < list->count; i++) {
        case_record *record = &list->items[i];
        size_t at =
            (size_t)(mix(mix(14695981039346656037u, record->suite), record->name) % slot_count);
        while (slots[at] != 0 && !same_name(&list->items[slots[at] - 1], record)) {
            at = (at + 1) % slot_count;
        }
        record->nth = slots[at] == 0 ? 0 : list->items[slots[at] - 1].nth + 1;
        slots[at] = (uint32_t)i + 1;
    }
}

format_id format_parse(format_id format, const char *text, size_t size, case_list *out)
{
    size_t before = out->count;
    if (format == FORMAT_AUTO) {
        format = guess(text, size);
    }
    if (format != FORMAT_AUTO) {
        formats[format].parse(text, size, out);
        size_t slot_count = (out->count - before) * 2 + 1;
        uint32_t *slots = calloc(slot_count, sizeof *slots);
        if (slots != NULL) { // Without memory equal names stay equal; their runs get mixed.
            number_repeats(out, before, slots, slot_count);
        }
        free(slots);
    }
    return out->count > before ? format : FORMAT_AUTO;
}
