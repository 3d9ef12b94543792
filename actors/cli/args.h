/* Command-line options, each described once: name, environment variable, default, help.
 * Used by every command. A flag wins over the environment, that over the config file, that over
 * the default. Never takes a secret on the command line. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ARGS_OPTIONS_MAX = 64, ARGS_POSITIONALS_MAX = 16 };

typedef struct args_option {
    const char *name;     /* Long option without dashes; also the key in the config file. */
    const char *value;    /* Placeholder of its value for the help; NULL: a flag. */
    const char *env;      /* NULL: none. */
    const char *fallback; /* NULL: none. */
    const char *doc;
    bool no_flag; /* Only environment and config file: secrets. */
} args_option;

typedef struct args {
    const args_option *options; /* Ends with an option without name. */
    const char *values[ARGS_OPTIONS_MAX];
    const char *positionals[ARGS_POSITIONALS_MAX];
    size_t positional_count;
    bool help;
} args;

/* Options that every command has: --server, --json, --config, and the token from the
 * environment. */
extern const args_option args_common[];

/* Parses argv[0..argc) (without program, noun and verb). On bad input writes one sentence, with
 * the nearest known name, into @p error and returns false. @p storage keeps the option tables
 * together and must outlive @p out. */
typedef struct args_storage {
    args_option options[ARGS_OPTIONS_MAX + 1];
} args_storage;
bool args_parse(int argc, char **argv, const args_option *own, args_storage *storage, args *out,
                char error[256]);

/* The value by flag, environment, config file or default; NULL when there is none. */
const char *args_value(const args *a, const char *name);
bool args_flag(const args *a, const char *name);

/* Digits alone. False: no such number. */
bool args_count(const char *text, int64_t *out);
/* "30s", "500ms", "2m", "1h", "7d" or plain ms. False when malformed. */
bool args_duration_ms(const char *text, int64_t *out_ms);

/* Prints a table of options for --help. */
void args_print_help(const args_option *options);

#endif
