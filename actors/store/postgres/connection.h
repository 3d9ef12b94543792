/* One connection to PostgreSQL that never blocks for longer than it was told to: every wait is
 * a poll() with a deadline. Used by the files of this folder only.
 * Never lets an address reach people: it may hold a password. What the server says may. */
#ifndef STORE_POSTGRES_CONNECTION_H
#define STORE_POSTGRES_CONNECTION_H

#include "actors/store/journal.h"

#include <libpq-fe.h>

enum {
    PG_CONNECT_MS = 3000,     /* To connect, with name resolution, TLS and authentication. */
    PG_STATEMENT_MS = 5000,   /* The server ends a statement then; */
    PG_ANSWER_MS = 6000,      /* we take the connection for dead then. */
    PG_MIGRATION_MS = 600000, /* As the two above, for one migration. */
    PG_LOCK_MS = 3000,        /* The server gives up waiting for a lock. */
    PG_IDLE_MS = 2000,        /* The server ends a transaction in which nothing happens. */
};

/* What an error of the server means for the transaction it came in. */
typedef enum pg_fault {
    PG_FINE,
    PG_AWAY,    /* The connection or the server is gone or busy: another try may work. */
    PG_FULL,    /* Its disk is full: another try may work. */
    PG_REFUSED, /* The data broke a rule. */
    PG_BROKEN,  /* Ours: wrong schema, missing rights. */
} pg_fault;

typedef enum pg_kind {
    PG_WRITER,
    PG_READER, /* Read only. */
    PG_MIGRATOR,
} pg_kind;

typedef struct pg {
    char *url;
    pg_kind kind;
    PGconn *conn; /* NULL: not connected. */
    pg_fault fault;
    char why[JOURNAL_ERROR_SIZE]; /* Of the last fault. */
} pg;

/* Copies @p url. COGO_EINVAL when it is no address that libpq understands. */
COGO_MUST_USE cogo_err pg_init(pg *p, pg_kind kind, const char *url,
                               char error[JOURNAL_ERROR_SIZE]);
void pg_finish(pg *p);

/* Connects within PG_CONNECT_MS and sets the session up. On failure @p p->why tells why, and
 * fault is PG_AWAY, or PG_BROKEN when no other try will do (a wrong password, no such
 * database). */
COGO_MUST_USE bool pg_connect(pg *p);
void pg_drop(pg *p); /* Hangs up. */

/* The next result of what was sent, NULL at the end of one command's, and NULL with
 * p->conn == NULL when the connection was lost. The caller clears it. */
PGresult *pg_result(pg *p);

/* Runs @p sql, one command, with @p count parameters as text. The caller clears the result,
 * which is NULL on failure: fault and why are set then. Errors of the server that leave the
 * connection usable do so. */
PGresult *pg_run(pg *p, const char *sql, const char *const *values, int count);
bool pg_send(pg *p, const char *sql, const char *const *values, int count); /* Its halves. */
PGresult *pg_answer(pg *p);
COGO_MUST_USE bool pg_do(pg *p, const char *sql); /* The same, without parameters and result. */

/* Sets fault and why from @p result, or from the connection when it is NULL. */
void pg_blame(pg *p, const PGresult *result);

int64_t pg_number(const PGresult *result, int row, int column); /* Of a text result. */

/* A clock that only goes on. */
int64_t pg_now_ms(void);

#endif
