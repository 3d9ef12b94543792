/* What the PostgreSQL engine's files share. Used by this folder only. */
#ifndef STORE_POSTGRES_POSTGRES_H
#define STORE_POSTGRES_POSTGRES_H

#include "actors/store/engine.h"
#include "actors/store/migrations.h"
#include "actors/store/postgres/connection.h"

/* A connection as a db; PG_MIGRATOR gives one that may also change things. */
COGO_MUST_USE cogo_err postgres_connect(const char *url, pg_kind kind, database **out,
                                        char error[JOURNAL_ERROR_SIZE]);
COGO_MUST_USE cogo_err postgres_open_reader(const char *url, database **out,
                                            char error[JOURNAL_ERROR_SIZE]);
void postgres_disconnect(database *d);
pg *postgres_connection(database *d);

/* Writes "cannot DOING: what the server said" into @p error. */
void postgres_explain(const pg *p, const char *doing, char error[JOURNAL_ERROR_SIZE]);

/* Applies what is missing, or only says so; one migrator at a time works. @p dir NULL: the
 * built-in migrations. */
COGO_MUST_USE cogo_err postgres_migrate(const char *url, const char *dir, migration_mode mode,
                                        migration_print print, void *ctx,
                                        char error[JOURNAL_ERROR_SIZE]);

/* The right to write (right.c). It is renewed so often; one that stands by asks for it so
 * often.
 */
enum { PG_RENEW_MS = 700 };

typedef struct pg_right {
    int64_t term;  /* That was taken; 0: stands by. */
    int64_t stale; /* Writes that were refused, as of the last renewal. */
} pg_right;

/* One try to take the next term; right->term tells. Waits for the lock of the row as for any
 * other, but for no owner that hangs. False: see p->fault. */
COGO_MUST_USE bool pg_right_ask(pg *p, bool standby, pg_right *right);
/* At the start: with @p standby as pg_right_ask(), else waits until the right is free or its
 * owner known to live (COGO_EEXIST). */
COGO_MUST_USE cogo_err pg_right_take(pg *p, bool standby, pg_right *right,
                                     char error[JOURNAL_ERROR_SIZE]);
/* Also waits for what an earlier session of ours still does. JOURNAL_AWAY: the connection is
 * dropped; JOURNAL_BROKEN: another one has the right, or the store is not as it was. */
COGO_MUST_USE journal_verdict pg_right_renew(pg *p, pg_right *right, int64_t *out_commit_id,
                                             char error[JOURNAL_ERROR_SIZE]);
/* Counts a refused write, for all to see. */
COGO_MUST_USE bool pg_right_stale(pg *p);
/* The next one need not wait. */
void pg_right_give(pg *p, const pg_right *right);

/* A write as the parameters of cogo_write(): arrays in PostgreSQL's binary form (arrays.c). */
enum { WRITE_PARAMETERS = 34 };

typedef struct pg_write {
    const char *values[WRITE_PARAMETERS];
    int sizes[WRITE_PARAMETERS];
    int formats[WRITE_PARAMETERS];
} pg_write;

/* The key that the write's tasks belong to, kept between its parts. */
typedef struct pg_request {
    const char *key;
} pg_request;

/* Encodes changes of @p write from @p first on, up to the first task that occurs again; returns
 * how many. 0: out of memory, or too large. What @p out points to is in @p arena. */
size_t pg_write_encode(const store_write *write, size_t first, int64_t commit_id,
                       pg_request *request, cogo_arena *arena, pg_write *out);

/* Queues the note whose the tasks of @p write are that may be new, when any is another one's
 * than the default tenant's (tenants.c); counts it in @p *commands. False: it could not. */
bool pg_send_tenants(pg *p, const store_write *write, cogo_arena *arena, size_t *commands);

/* All of @p write that is no change of a task, as the parameters of cogo_keep() (keep.c).
 * False: out of memory, or too large. */
enum { KEEP_PARAMETERS = 8 };
COGO_MUST_USE bool pg_keep_encode(const store_write *write, int64_t commit_id,
                                  cogo_arena *arena, pg_write *out);

/* The artifacts of all changes of @p write as the parameters of cogo_artifacts() (artifacts.c).
 * False: out of memory, or too large. */
enum { ARTIFACTS_PARAMETERS = 5 };
size_t pg_artifacts_count(const store_write *write);
COGO_MUST_USE bool pg_artifacts_encode(const store_write *write, cogo_arena *arena,
                                       pg_write *out);

/* Who did what as the parameters of cogo_audit() (audit.c). False: out of memory, or too large.
 */
enum { AUDIT_PARAMETERS = 12 };
COGO_MUST_USE bool pg_audit_encode(const store_write *write, int64_t commit_id,
                                   cogo_arena *arena, pg_write *out);

/* Queues a prepared statement, and counts it (rest.c). */
bool pg_queue(pg *p, const char *name, int count, const pg_write *parameters, size_t *commands);

/* Queues all of @p write but its changes. False: it could not; with @p *out_memory false
 * because there is no memory. */
bool pg_send_rest(pg *p, const store_write *write, int64_t commit_id, cogo_arena *arena,
                  size_t *commands, bool *out_memory);

/* Prepares "write", "keep", "artifacts" and "audit" (statements.c). False: p->fault tells why.
 */
COGO_MUST_USE bool pg_prepare(pg *p);

#endif
