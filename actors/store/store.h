/* The store: the journal of the orchestrator. One writer actor with group commit, one reader
 * actor. Used by whoever builds a node; the orchestrator talks to it by messages only. Never
 * acknowledges before the transaction is on disk. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <cogo/actor.h>

typedef struct store_config {
    const char *path;           /* SQLite file whose folder exists, or postgres://... */
    const char *migrations_dir; /* NULL: the ones built in. */
    bool no_migrate; /* A schema that lacks a migration is refused, not brought up to date. */
    bool standby;    /* Several compete: wait until the right of the one that has it ran out. */
} store_config;

/* Opens @p config->path, migrates it, takes the next term and spawns writer and reader. With
 * config->standby *out_term is 0 while another one has the right to write; MSG_STORE_STAND is
 * answered with MSG_STORE_ELECTED once it is ours.
 * Writer: MSG_STORE_WRITE -> MSG_STORE_COMMITTED to the sender. Reader: MSG_STORE_RECOVER and
 * MSG_STORE_LOOKUP asks. @p error gets one sentence for people on failure.
 * COGO_EEXIST when another process has the store open. */
COGO_MUST_USE cogo_err store_start(cogo_system *system, const store_config *config,
                                   cogo_actor_id *out_writer, cogo_actor_id *out_reader,
                                   int64_t *out_term, char error[256]);

/* True for a database server's address in place of a file. It may hold a password. */
bool store_is_url(const char *path);

/* Shows (dry run) or applies what is missing; one line per migration through @p print. */
COGO_MUST_USE cogo_err store_migrate(const char *path, bool dry_run,
                                     void (*print)(void *ctx, const char *line), void *ctx,
                                     char error[256]);

#endif
