/* One node, built out of the rooms: system, store, orchestrator, workers, gateway, links.
 * Used by `cogo dev`, `cogo node`, and by `cogo assess` when no cluster answers. Never installs
 * signal handlers. */
#ifndef CLI_NODE_H
#define CLI_NODE_H

#include <cogo/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the node is made of. */
typedef enum node_part {
    NODE_ALL, /* One process is the whole cluster; no links but with child processes. */
    NODE_ORCHESTRATOR, /* Store, orchestrator and HTTP door; workers come over links. */
    NODE_WORKER,       /* Workers alone. */
} node_part;

/* How a node is linked with others. */
typedef struct node_links {
    const char *name;      /* Of this node; NULL: none is made up. */
    const char *cluster;   /* NULL: "". */
    const char *listen;    /* "ADDRESS:PORT"; NULL: does not listen. */
    const char *join;      /* "ADDRESS:PORT,..."; NULL: joins nobody. */
    const char *members;   /* As of cogo_node_config, as the next; NULL: all. */
    const char *advertise; /* NULL: listen. */
    const char *secret;    /* At least 16 bytes; NULL: loopback only, unless there is TLS. */
    const char *tls_cert, *tls_key, *tls_ca; /* PEM files; all or NULL: no TLS. */
} node_links;

/* How long finished work is kept; 0: for ever. */
typedef struct node_keep {
    int64_t tasks_ms, deadletters_ms, events_ms, audit_ms;
    int64_t tasks;    /* So many of the newest; 0: all. */
    int64_t every_ms; /* Between two looks for what goes; 0: the default. */
} node_keep;

/* The Redis door. */
typedef struct node_redis {
    const char *url;   /* NULL: there is none. */
    const char *token; /* Of entries that carry none; NULL: those are refused. */
    int64_t keep;      /* Entries that the results keep. */
    bool required;     /* Not ready while Redis is away. */
} node_redis;

typedef struct node_config {
    node_part part;
    node_redis redis; /* Unless NODE_WORKER. */
    node_keep keep;   /* Unless NODE_WORKER. */
    node_links links; /* Unless NODE_ALL. */
    const char
        *data_dir; /* Made when missing, mode 0700: cogo.db and the workers' scratch folders. */
    bool no_migrate;          /* A journal whose schema lacks something is refused. */
    const char *store;        /* postgres://..., sqlite:PATH; NULL: cogo.db in data_dir. */
    const char *host;         /* Of the HTTP door. */
    int port;                 /* 0: any free one. */
    const char *token;        /* NULL: none; then only loopback may be bound. */
    const char *tenant_rates; /* Requests a second, "N,TENANT=N"; NULL: no limits. */
    const char *workers;      /* Worker types, separated by commas; NULL: all. */
    const char *processes;    /* "all", or types of these that run in a child process each. */
    const char *worker_id;    /* Of the only worker; NULL: made up. */
    int64_t drain_ms;         /* For what runs to end when the node stops. */
    int64_t slots; /* Blocking roles per worker at the same time; 0: the default (3). */
    const char *otlp_endpoint; /* Collector of spans; NULL: see settings.h of telemetry. */
    const char *trace; /* File for a trace of the runtime, written at stop; NULL: none. */
} node_config;

typedef struct node node; /* Opaque. */

/* Starts everything in order; ready to serve when it returns, but a worker may not have found
 * its orchestrator yet. @p error: one sentence on failure. */
COGO_MUST_USE cogo_err node_start(const node_config *config, node **out_node, char error[256]);
int node_port(const node *n);
struct cogo_system *node_system(const node *n);
/* What it is and where it can be reached, for the log. */
void node_describe(const node *n, char *out, size_t size);
/* Readable once an actor that the node can't live without has ended; node_failure() says which.
 */
int node_failed_fd(const node *n);
const char *node_failure(const node *n);
/* The workers take nothing new; what runs may end within @p grace_ms, the rest is given back.
 * They have left when node_left_fd() is readable, some seconds after the grace at the latest.
 * False: the node has no workers. */
bool node_leave(node *n, int64_t grace_ms);
int node_left_fd(const node *n);
/* Door first, then workers, orchestrator and store; what runs at the deadline is killed. */
void node_stop(node *n, uint64_t deadline_ns);
void node_destroy(node *n);

#endif
