/* What `cogo dev` and `cogo node` have in common: a node that serves until a signal or its own
 * failure ends it.
 * Used by those two commands. Installs the only signal handling of the program. */
#ifndef CLI_SERVE_H
#define CLI_SERVE_H

#include "actors/cli/cli.h"
#include "actors/cli/keep.h"
#include "actors/cli/node.h"

/* Lines of an option table. */
#define SERVE_OPTIONS                                                                          \
    {.name = "data",                                                                           \
     .value = "DIR",                                                                           \
     .env = "COGO_DATA",                                                                       \
     .doc = "folder of the journal and of workers' scratch (default: the XDG state folder)"},  \
        {.name = "database-url",                                                               \
         .value = "URL",                                                                       \
         .env = "DATABASE_URL",                                                                \
         .no_flag = true,                                                                      \
         .doc = "the journal in PostgreSQL (postgres://...) or another file (sqlite:PATH)"},   \
        {.name = "worker-slots",                                                               \
         .value = "N",                                                                         \
         .doc = "blocking roles that one worker runs at the same time (default 3)"},           \
        {.name = "worker-processes",                                                           \
         .value = "all|TYPE,...",                                                              \
         .env = "COGO_WORKER_PROCESSES",                                                       \
         .doc = "worker types that run in a child process each: what crashes there is tried "  \
                "again, and all else goes on (default: none)"},                                \
        {.name = "tenant-rates",                                                               \
         .value = "[DOOR:]N,TENANT=N,*=N,...",                                                 \
         .env = "COGO_TENANT_RATES",                                                           \
         .doc = "requests a second of each tenant, of one, of all callers together; behind "   \
                "http:, ws: or redis: in that door alone (default: no limit)"},                \
        {.name = "otlp-endpoint",                                                              \
         .value = "URL",                                                                       \
         .env = "OTEL_EXPORTER_OTLP_ENDPOINT",                                                 \
         .doc = "collector of OpenTelemetry that gets spans (OTLP/HTTP, JSON); more in the "   \
                "OTEL_ variables"},                                                            \
        {.name = "redis-url", .value = "URL", .env = "REDIS_URL", .no_flag = true},            \
        {.name = "redis-token", .value = "TOKEN", .env = "COGO_REDIS_TOKEN", .no_flag = true}, \
        {.name = "redis-keep",                                                                 \
         .value = "N",                                                                         \
         .fallback = "100000",                                                                 \
         .doc = "with REDIS_URL: entries that the stream cogo:results keeps"},                 \
        {.name = "redis-required", .doc = "with REDIS_URL: not ready while Redis is away"},    \
        KEEP_OPTIONS,                                                                          \
        {.name = "no-migrate",                                                                 \
         .doc = "don't bring the journal's schema up to date: end when it is not (cogo "       \
                "migrate)"},                                                                   \
        {.name = "drain-timeout",                                                              \
         .value = "TIME",                                                                      \
         .env = "COGO_DRAIN_TIMEOUT",                                                          \
         .fallback = "20s",                                                                    \
         .doc = "on SIGTERM: for what runs to end; the rest is given back and costs no "       \
                "attempt"},                                                                    \
    {                                                                                          \
        .name = "trace", .value = "FILE",                                                      \
        .doc = "what the actors did last, for ui.perfetto.dev; written when it stops"          \
    }

/* "HOST:PORT", "[V6]:PORT" or ":PORT". False: none of them. */
bool serve_split(const char *text, char *host, size_t host_size, int *port);

/* Puts what these options say into @p config, which borrows from @p a. CLI_USAGE: it has said
 * which one is wrong. */
cli_exit serve_take(const args *a, node_config *config);

/* Starts the node, logs one line, waits for the end, stops it. Says what went wrong. */
cli_exit serve_node(const node_config *config);

#endif
