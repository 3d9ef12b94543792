#include "actors/cli/cli.h"

#include "codec/contract/names.h"

#include <cogo/system.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const cli_command *const lists[] = {
    dev_commands,      assess_commands, task_commands,     deadletter_commands,
    schedule_commands, limit_commands,  workflow_commands, worker_commands,
    node_commands,     ops_commands,    bench_commands,    token_commands,
    artifact_commands, audit_commands};
enum { LIST_COUNT = sizeof lists / sizeof lists[0], NAMES_MAX = 128, USAGE_MAX = 160 };

cli_exit cli_fail(cli_exit code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("cogo: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    return code;
}

/* One line a command; of one noun when @p noun is given. */
static void print_commands(FILE *to, const char *noun)
{
    for (size_t l = 0; l < LIST_COUNT; l++) {
        for (const cli_command *c = lists[l]; c->noun != NULL; c++) {
            char left[96];
            if (noun != NULL && strcmp(noun, c->noun) != 0) {
                continue;
            }
            snprintf(left, sizeof left, "%s%s%s %s", c->noun, c->verb ? " " : "",
                     c->verb ? c->verb : "", c->arguments);
            fprintf(to, "  %-34s %s\n", left, c->summary);
        }
    }
}

static void print_overview(FILE *to)
{
    fputs("cogo: actors that do a team's work\n\nusage: cogo <command> [options]\n\n", to);
    print_commands(to, NULL);
    fputs(
        "\nStart with: cogo assess .\nHelp on one command: cogo <command> --help, or cogo help <command>\n",
        to);
}

/* "cogo task get ID", in @p out. */
static const char *usage_of(const cli_command *c, char out[USAGE_MAX])
{
    snprintf(out, USAGE_MAX, "cogo %s%s%s%s%s", c->noun, c->verb ? " " : "",
             c->verb ? c->verb : "", *c->arguments ? " " : "", c->arguments);
    return out;
}

static void print_command_help(const cli_command *c)
{
    char usage[USAGE_MAX];
    printf("usage: %s [options]\n\n%s\n\noptions:\n", usage_of(c, usage), c->summary);
    args_print_help(c->options);
    args_print_help(args_common);
    puts("\nTIME is a number with ms, s, m, h or d; without it ms\n"
         "exit codes: 0 ok, 1 the job failed, 2 usage, 3 not found, 4 conflict,\n"
         "            5 server unavailable, 6 auth, 7 timed out, 130 interrupted");
}

/* The noun, or verb of @p noun, that is nearest to what was typed; NULL: none is near. */
static const char *nearest_command(const char *noun, const char *verb)
{
    const char *known[NAMES_MAX + 1];
    size_t count = 0;
    for (size_t l = 0; l < LIST_COUNT; l++) {
        for (const cli_command *c = lists[l]; c->noun != NULL && count < NAMES_MAX; c++) {
            if (verb == NULL) {
                known[count++] = c->noun;
            } else if (strcmp(c->noun, noun) == 0 && c->verb != NULL) {
                known[count++] = c->verb;
            }
        }
    }
    known[count] = NULL;
    const char *near = NULL;
    return names_nearest(verb == NULL ? noun : verb, known, &near, 1) == 1 ? near : NULL;
}

static cli_exit unknown_command(const char *noun, const char *verb)
{
    const char *typed = verb == NULL ? noun : verb, *near = nearest_command(noun, verb);
    if (near != NULL) {
        return cli_fail(CLI_USAGE, "unknown command '%s' (did you mean '%s'?)", typed, near);
    }
    return cli_fail(CLI_USAGE, "unknown command '%s'; try cogo --help", typed);
}

static const cli_command *find(int argc, char **argv, bool *noun_known, int *used)
{
    const char *noun = argv[1];
    const char *verb = argc > 2 && argv[2][0] != '-' ? argv[2] : NULL;
    for (size_t l = 0; l < LIST_COUNT; l++) {
        for (const cli_command *c = lists[l]; c->noun != NULL; c++) {
            if (strcmp(c->noun, noun) != 0) {
                continue;
            }
            *noun_known = true;
            if (c->verb == NULL || (verb != NULL && strcmp(c->verb, verb) == 0)) {
                *used = c->verb == NULL ? 2 : 3;
                return c;
            }
        }
    }
    return NULL;
}

static cli_exit wrong_arguments(const cli_command *c, const args *given)
{
    char usage[USAGE_MAX];
    usage_of(c, usage);
    if (given->positional_count < c->positional_min) {
        return cli_fail(CLI_USAGE, "%s is missing; usage: %s [options]", c->arguments, usage);
    }
    const char *extra = given->positionals[c->positional_max];
    if (c->verb == NULL && nearest_command(c->noun, extra) != NULL) {
        return unknown_command(c->noun, extra);
    }
    return cli_fail(CLI_USAGE, "unexpected argument '%s'; usage: %s [options]", extra, usage);
}

static cli_exit run(const cli_command *command, int argc, char **argv)
{
    args parsed;
    args_storage storage;
    char error[256];
    if (!args_parse(argc, argv, command->options, &storage, &parsed, error)) {
        return cli_fail(CLI_USAGE, "%s", error);
    }
    if (parsed.help) {
        print_command_help(command);
        return CLI_OK;
    }
    if (parsed.positional_count < command->positional_min
        || parsed.positional_count > command->positional_max) {
        return wrong_arguments(command, &parsed);
    }
    return command->run(&parsed);
}

/* "cogo help task list" is "cogo task list --help". */
static cli_exit help_on(char *program, char *noun, char *verb)
{
    static char flag[] = "--help";
    char *asked[] = {program, noun, verb != NULL ? verb : flag, flag, NULL};
    return cli_main(verb != NULL ? 4 : 3, asked);
}

cli_exit cli_main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "help") == 0 && argv[2][0] != '-') {
        return help_on(argv[0], argv[2], argc > 3 ? argv[3] : NULL);
    }
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0
        || strcmp(argv[1], "help") == 0) {
        print_overview(argc < 2 ? stderr : stdout);
        return argc < 2 ? CLI_USAGE : CLI_OK;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        printf("cogo %s\n", cogo_version());
        return CLI_OK;
    }
    bool noun_known = false;
    int used = 0;
    const cli_command *command = find(argc, argv, &noun_known, &used);
    if (command == NULL) {
        if (!noun_known) {
            return unknown_command(argv[1], NULL);
        }
        if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
            print_commands(stdout, argv[1]);
            return CLI_OK;
        }
        if (argc < 3 || argv[2][0] == '-') {
            return cli_fail(CLI_USAGE, "'%s' needs a verb; try cogo %s --help", argv[1],
                            argv[1]);
        }
        return unknown_command(argv[1], argv[2]);
    }
    return run(command, argc - used, argv + used);
}
