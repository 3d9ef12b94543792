/* The client side of the HTTP door: JSON in, JSON out, problems become exit codes.
 * Used by every command that talks to a cluster. Never prints the token. */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "actors/cli/cli.h"

#include <jansson.h>

typedef struct client {
    const char *server; /* URL without a slash at its end. */
    const char *token;  /* NULL: none. */
    /* A sig_atomic_t. Once it is not 0 a call ends within a second or so, unprinted, with
     * CLI_INTERRUPTED. NULL: never. */
    const volatile int *stop;
} client;

/* --server, ORCHESTRATOR_URL or the default, and the token. False: not an http(s) URL (said).
 */
bool client_from_args(const args *a, client *out);

/* One request. On success CLI_OK and @p *out (owned by the caller; JSON null for an empty
 * body). On failure prints what the server said, or why it could not be reached, and returns
 * the code. */
cli_exit client_call(const client *c, const char *method, const char *path, const json_t *body,
                     const char *idempotency_key, int64_t timeout_ms, json_t **out);

/* As client_call(). @p out_lost: the connection ended before the answer did, so it may have
 * been done; with a key it is safe to try again. */
cli_exit client_try(const client *c, const char *method, const char *path, const json_t *body,
                    const char *idempotency_key, int64_t timeout_ms, json_t **out,
                    bool *out_lost);

/* GET as bytes. On success the caller frees @p *out; otherwise as client_call(). */
cli_exit client_bytes(const client *c, const char *path, int64_t timeout_ms, char **out,
                      size_t *out_size);

/* As client_call() without printing; for probes. @p out_status is 0 when nothing answered. */
cli_exit client_probe(const client *c, const char *path, int64_t timeout_ms, int *out_status,
                      json_t **out);

/* Percent-encodes @p text for a query. The caller frees. */
char *client_escape(const char *text);

/* Appends KEY=VALUE to the query of @p path, a buffer of @p size bytes; NULL: nothing. */
void client_query(char *path, size_t size, const char *key, const char *value);

#endif
