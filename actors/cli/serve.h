/* What `cogo dev` and `cogo node` have in common: a node that serves until a signal or its own
 * failure ends it.
 * Used by those two commands. Installs the only signal handling of the program. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "actors/cli/cli.h"
#include "actors/cli/node.h"

/* "HOST:PORT", "[V6]:PORT" or ":PORT". False: none of them. */
bool serve_split(const char *text, char *host, size_t host_size, int *port);

/* The option worker-slots. CLI_OK with 0 when it is absent; else it has said what is wrong. */
cli_exit serve_slots(const args *a, int64_t *out_slots);

/* The option drain-timeout in ms; else it has said what is wrong. */
cli_exit serve_drain(const args *a, int64_t *out_ms);

/* Starts the node, logs one line, waits for the end, stops it. Says what went wrong. */
cli_exit serve_node(const node_config *config);

#endif
