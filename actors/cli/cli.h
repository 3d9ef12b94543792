/* The commands: `cogo <noun> <verb>`, one table.
 * Used by main.c. Data goes to stdout, messages to stderr. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "actors/cli/args.h"

/* Exit codes of the outer contract. */
typedef enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_NOT_FOUND = 3,
    CLI_CONFLICT = 4,
    CLI_UNAVAILABLE = 5,
    CLI_AUTH = 6,
    CLI_TIMED_OUT = 7,
    CLI_INTERRUPTED = 130,
} cli_exit;

typedef struct cli_command {
    const char *noun;
    const char *verb;      /* NULL: the noun stands alone. */
    const char *arguments; /* After noun and verb, for the help; "" when none. */
    const char *summary;
    const args_option *options;
    size_t positional_min, positional_max;
    cli_exit (*run)(const args *a);
} cli_command;

/* Each noun's file brings its commands; each list ends with a command without noun. */
extern const cli_command dev_commands[], assess_commands[], task_commands[],
    deadletter_commands[], schedule_commands[], limit_commands[], workflow_commands[],
    worker_commands[], node_commands[], ops_commands[], bench_commands[], token_commands[],
    artifact_commands[], audit_commands[];

cli_exit cli_main(int argc, char **argv);

/* Prints "cogo: ..." on stderr and gives @p code back. */
cli_exit cli_fail(cli_exit code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
