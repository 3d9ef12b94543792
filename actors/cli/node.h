/* One node, built out of the rooms: system, store, orchestrator, workers, gateway.
 * Used by `cogo dev`, and by `cogo assess` when no cluster answers. Never installs signal
 * handlers. */
#ifndef CLI_NODE_H
#define CLI_NODE_H

#include <cogo/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct node_config {
    const char
        *data_dir; /* Made when missing, mode 0700: cogo.db and the workers' scratch folders. */
    const char *host;    /* Of the HTTP door. */
    int port;            /* 0: any free one. */
    const char *token;   /* NULL: none; then only loopback may be bound. */
    const char *workers; /* Worker types, separated by commas; NULL: all. */
    int64_t slots;       /* Blocking roles per worker at the same time; 0: the default (3). */
    const char *trace;   /* File for a trace of the runtime, written at stop; NULL: none. */
} node_config;

typedef struct node node; /* Opaque. */

/* Starts everything in order; ready to serve when it returns. @p error: one sentence on
 * failure. */
COGO_MUST_USE cogo_err node_start(const node_config *config, node **out_node, char error[256]);
int node_port(const node *n);
/* Absolute. */
const char *node_data_folder(const node *n);
/* Readable once an actor that the node can't live without has ended; node_failure() says which.
 */
int node_failed_fd(const node *n);
const char *node_failure(const node *n);
/* Door first, then workers, orchestrator and store; what runs at the deadline is killed. */
void node_stop(node *n, uint64_t deadline_ns);
void node_destroy(node *n);

/* mkdir -p with mode 0700. False with errno set. */
bool node_make_folder(const char *path);
/* The XDG state folder of the program in @p out: "$XDG_STATE_HOME/cogo" or
 * "~/.local/state/cogo". */
void node_state_folder(char *out, size_t size);

/* Where the attempts of a node with this data folder have their scratch folders: below it, or
 * for root in the temporary folder. A root that has to drop to another uid without namespaces
 * needs parents that this uid may search, and the data folder is private. False with errno set.
 */
bool node_work_folder(const char *data_dir, char *out, size_t size);

#endif
