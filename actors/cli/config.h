/* The YAML config file: one flat mapping of option names to values.
 * Used by args.c. Never silently ignores a key: an unknown one is an error with the nearest
 * known. */
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include <stdbool.h>

/* Reads @p path once (NULL: there is none). False with one sentence in @p error. */
bool config_load(const char *path, char error[256]);

/* NULL when the file does not set it. Lives until the program ends. */
const char *config_value(const char *key);

#endif
