#include "actors/roles/test_runner/format.h"

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

format_id format_parse(format_id format, const char *text, size_t size, case_list *out)
{
    size_t before = out->count;
    if (format == FORMAT_AUTO) {
        format = guess(text, size);
    }
    if (format != FORMAT_AUTO) {
        formats[format].parse(text, size, out);
        case_number_repeats(out, before);
    }
    return out->count > before ? format : FORMAT_AUTO;
}
