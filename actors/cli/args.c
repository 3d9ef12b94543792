#include "actors/cli/args.h"

#include "actors/cli/config.h"
#include "actors/cli/output.h"
#include "codec/contract/names.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HELP_COLUMN = 29 };

const args_option args_common[] = {
    {.name = "server",
     .value = "URL",
     .env = "ORCHESTRATOR_URL",
     .doc = "cluster to talk to (default http://127.0.0.1:3000)"},
    {.name = "json", .doc = "print JSON on stdout"},
    {.name = "config",
     .value = "FILE",
     .env = "COGO_CONFIG",
     .doc = "YAML file with option values"},
    {.name = "api-token", .env = "COGO_API_TOKEN", .no_flag = true, .value = "TOKEN"},
    {.name = NULL},
};

enum { FOUND_OPTION = 1, FOUND_HELP = 2 }; /* Of getopt_long(). */

/* How many there are; more than ARGS_OPTIONS_MAX: they have no room. */
static size_t join(const args_option *own, args_storage *storage)
{
    size_t count = 0;
    const args_option *lists[] = {own, args_common};
    for (size_t l = 0; l < 2; l++) {
        for (const args_option *o = lists[l]; o != NULL && o->name != NULL; o++) {
            if (count < ARGS_OPTIONS_MAX) {
                storage->options[count] = *o;
            }
            count++;
        }
    }
    storage->options[count < ARGS_OPTIONS_MAX ? count : ARGS_OPTIONS_MAX] =
        (args_option){.name = NULL};
    return count;
}

static void unknown_option(const char *given, const args_option *options, char error[256])
{
    const char *known[ARGS_OPTIONS_MAX + 1];
    size_t count = 0;
    for (const args_option *o = options; o->name != NULL; o++) {
        if (!o->no_flag) {
            known[count++] = o->name;
        }
    }
    known[count] = NULL;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(given, "="), given);
    const char *bare = name + strspn(name, "-");
    const char *near = NULL;
    if (names_nearest(bare, known, &near, 1) == 1) {
        snprintf(error, 256, "unknown option %s (did you mean --%s?)", name, near);
    } else {
        snprintf(error, 256, "unknown option %s", name);
    }
}

static bool option_value(const struct option *option, char **argv, args *out, char error[256])
{
    for (size_t i = 0; out->options[i].name != NULL; i++) {
        if (strcmp(out->options[i].name, option->name) == 0) {
            if (out->options[i].value != NULL && optarg == NULL) {
                break;
            }
            out->values[i] = out->options[i].value == NULL ? "true" : optarg;
            return true;
        }
    }
    snprintf(error, 256, "option %s needs a value", argv[optind - 1]);
    return false;
}

static void to_getopt(const args_option *options, struct option out[ARGS_OPTIONS_MAX + 2])
{
    size_t used = 0;
    memset(out, 0, (ARGS_OPTIONS_MAX + 2) * sizeof *out);
    for (const args_option *o = options; o->name != NULL; o++) {
        if (!o->no_flag) {
            out[used].name = o->name;
            out[used].has_arg = o->value == NULL ? no_argument : required_argument;
            out[used++].val = FOUND_OPTION;
        }
    }
    out[used] = (struct option){.name = "help", .val = FOUND_HELP};
}

/* @p argv with a program's name in front, as getopt wants it. */
static bool read_options(int argc, char **argv, const struct option *longs, args *out,
                         char error[256])
{
    opterr = 0;
    optind = 0; /* glibc: start anew. */
    for (;;) {
        int at = 0;
        int found = getopt_long(argc, argv, ":h", longs, &at);
        if (found == -1) {
            return true;
        }
        if (found == FOUND_HELP || found == 'h') {
            out->help = true;
        } else if (found == ':') {
            snprintf(error, 256, "option %s needs a value", argv[optind - 1]);
            return false;
        } else if (found == '?') {
            /* Of a bundle of short ones getopt names only the letter, in optopt. */
            char letter[3] = {'-', (char)optopt, '\0'};
            unknown_option(optopt != 0 ? letter : argv[optind - 1], out->options, error);
            return false;
        } else if (!option_value(&longs[at], argv, out, error)) {
            return false;
        }
    }
}

bool args_parse(int argc, char **argv, const args_option *own, args_storage *storage, args *out,
                char error[256])
{
    *out = (args){.options = storage->options};
    size_t count = join(own, storage);
    if (count > ARGS_OPTIONS_MAX) {
        snprintf(error, 256, "the command has %zu options, more than there is room for", count);
        return false;
    }
    if (argc > ARGS_OPTIONS_MAX + ARGS_POSITIONALS_MAX) {
        snprintf(error, 256, "too many arguments");
        return false;
    }
    static char program[] = "cogo";
    char *shifted[ARGS_OPTIONS_MAX + ARGS_POSITIONALS_MAX + 2] = {program};
    for (int i = 0; i < argc; i++) {
        shifted[i + 1] = argv[i];
    }
    struct option longs[ARGS_OPTIONS_MAX + 2];
    to_getopt(storage->options, longs);
    if (!read_options(argc + 1, shifted, longs, out, error)) {
        return false;
    }
    while (optind < argc + 1) {
        if (out->positional_count == ARGS_POSITIONALS_MAX) {
            snprintf(error, 256, "too many arguments");
            return false;
        }
        out->positionals[out->positional_count++] = shifted[optind++];
    }
    return out->help || config_load(args_value(out, "config"), error);
}

const char *args_value(const args *a, const char *name)
{
    for (size_t i = 0; a->options[i].name != NULL; i++) {
        const args_option *option = &a->options[i];
        if (strcmp(option->name, name) != 0) {
            continue;
        }
        if (a->values[i] != NULL) {
            return a->values[i];
        }
        const char *env = option->env == NULL ? NULL : getenv(option->env);
        if (env != NULL && *env != '\0') {
            return env;
        }
        const char *file = config_value(name);
        return file != NULL ? file : option->fallback;
    }
    return NULL;
}

bool args_flag(const args *a, const char *name)
{
    const char *value = args_value(a, name);
    return value != NULL && strcmp(value, "true") == 0;
}

bool args_count(const char *text, int64_t *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

bool args_duration_ms(const char *text, int64_t *out_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                 {"h", 3600000}, {"d", 86400000}, {"", 1}};
    if (text == NULL || !isdigit((unsigned char)text[0])) {
        return false;
    }
    char *end = NULL;
    long long number = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].unit) == 0 && number <= INT64_MAX / 86400000) {
            *out_ms = number * units[i].ms;
            return true;
        }
    }
    return false;
}

void args_print_help(const args_option *options)
{
    size_t width = output_width(stdout);
    for (const args_option *o = options; o != NULL && o->name != NULL; o++) {
        char left[80], text[600];
        if (o->no_flag) {
            continue;
        }
        size_t used = (size_t)snprintf(left, sizeof left, "  --%s%s%s", o->name,
                                       o->value ? " " : "", o->value ? o->value : "");
        snprintf(text, sizeof text, "%s%s%s%s%s%s%s", o->doc, o->env ? " [" : "",
                 o->env ? o->env : "", o->env ? "]" : "", o->fallback ? " (default " : "",
                 o->fallback ? o->fallback : "", o->fallback ? ")" : "");
        bool long_name = used + 1 > HELP_COLUMN;
        printf("%s%s%*s", left, long_name ? "\n" : "",
               (int)(long_name ? HELP_COLUMN : HELP_COLUMN - used), "");
        output_wrapped(stdout, width, HELP_COLUMN, HELP_COLUMN, OUTPUT_PLAIN, text);
    }
}
