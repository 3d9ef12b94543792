#include "actors/store/postgres/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t pg_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t answer_ms(const pg *p)
{
    return p->kind == PG_MIGRATOR ? PG_MIGRATION_MS : PG_ANSWER_MS;
}

/* One line, without what libpq puts around it. */
static void set_why(pg *p, pg_fault fault, const char *text)
{
    p->fault = fault;
    (void)snprintf(p->why, sizeof p->why, "%s", text == NULL || *text == '\0' ? "?" : text);
    size_t size = strcspn(p->why, "\n");
    p->why[size] = '\0';
}

/* False when @p deadline passed or the descriptor is bad. */
static bool wait_for(int fd, short events, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline - pg_now_ms();
        struct pollfd one = {.fd = fd, .events = events};
        int ready = left <= 0 ? 0 : poll(&one, 1, (int)left);
        if (ready > 0) {
            return true;
        }
        if (ready == 0 || errno != EINTR) {
            return false;
        }
    }
}

cogo_err pg_init(pg *p, pg_kind kind, const char *url, char error[JOURNAL_ERROR_SIZE])
{
    *p = (pg){.kind = kind};
    char *why = NULL;
    PQconninfoOption *parsed = PQconninfoParse(url, &why);
    if (parsed == NULL) {
        // libpq quotes what it does not understand, which may be a password.
        (void)snprintf(error, JOURNAL_ERROR_SIZE,
                       "DATABASE_URL is no address of PostgreSQL "
                       "(postgres://USER@HOST:PORT/DATABASE?OPTION=VALUE)");
        PQfreemem(why);
        return COGO_EINVAL;
    }
    PQconninfoFree(parsed);
    p->url = strdup(url);
    return p->url == NULL ? COGO_ENOMEM : COGO_OK;
}

void pg_finish(pg *p)
{
    pg_drop(p);
    if (p->url != NULL) {
        explicit_bzero(p->url, strlen(p->url));
    }
    free(p->url);
    p->url = NULL;
}

void pg_drop(pg *p)
{
    PQfinish(p->conn);
    p->conn = NULL;
}

static bool is_one_of(const char *state, const char *const *states)
{
    for (; *states != NULL; states++) {
        if (strncmp(state, *states, strlen(*states)) == 0) {
            return true;
        }
    }
    return false;
}

static pg_fault fault_of(const char *state)
{
    // Classes and codes of the manual's appendix A; 25P03 is the end of an idle transaction.
    static const char *const away[] = {"08",    "57",    "53300", "53400", "40",
                                       "55P03", "25P03", "25006", NULL};
    static const char *const refused[] = {"22", "23", "CG", NULL};
    if (is_one_of(state, away)) {
        return PG_AWAY;
    }
    if (strcmp(state, "53100") == 0 || strcmp(state, "53200") == 0) {
        return PG_FULL;
    }
    return is_one_of(state, refused) ? PG_REFUSED : PG_BROKEN;
}

void pg_blame(pg *p, const PGresult *result)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (p->conn == NULL) {
        return; // Told when it was lost.
    }
    if (state == NULL || PQstatus(p->conn) == CONNECTION_BAD) {
        set_why(p, PG_AWAY, PQerrorMessage(p->conn));
        pg_drop(p);
        return;
    }
    set_why(p, fault_of(state), PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

static PGconn *begin_connect(const pg *p)
{
    // What stands before "dbname" is overruled by what the address says.
    static const char *const names[] = {
        "application_name", "client_encoding",  "keepalives_idle", "keepalives_interval",
        "keepalives_count", "tcp_user_timeout", "dbname",          NULL};
    const char *const values[] = {"cogo", "UTF8", "5", "2", "3", "10000", p->url, NULL};
    return PQconnectStartParams(names, values, 1);
}

/* True once the server has let us in. */
static bool finish_connect(pg *p, int64_t deadline)
{
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;
    while (want == PGRES_POLLING_READING || want == PGRES_POLLING_WRITING) {
        short events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (PQstatus(p->conn) == CONNECTION_BAD) {
            break;
        }
        if (!wait_for(PQsocket(p->conn), events, deadline)) {
            set_why(p, PG_AWAY, "no answer from the server while connecting");
            return false;
        }
        want = PQconnectPoll(p->conn);
    }
    if (want == PGRES_POLLING_OK) {
        return true;
    }
    set_why(p, PG_AWAY, PQerrorMessage(p->conn));
    return false;
}

static bool set_session(pg *p)
{
    // The fixed plans look dear to the planner, which would compile them: 100 ms a statement.
    char sql[512];
    int64_t statement_ms = p->kind == PG_MIGRATOR ? PG_MIGRATION_MS : PG_STATEMENT_MS;
    (void)snprintf(sql, sizeof sql,
                   "SELECT set_config('statement_timeout', '%d', false), "
                   "set_config('lock_timeout', '%d', false), "
                   "set_config('idle_in_transaction_session_timeout', '%d', false), "
                   "set_config('client_min_messages', 'error', false), "
                   "set_config('jit', 'off', false), "
                   "set_config('default_transaction_read_only', '%s', false), "
                   "CASE current_setting('synchronous_commit') WHEN 'off' THEN "
                   "set_config('synchronous_commit', 'on', false) END",
                   (int)statement_ms, p->kind == PG_MIGRATOR ? PG_MIGRATION_MS : PG_LOCK_MS,
                   p->kind == PG_MIGRATOR ? PG_MIGRATION_MS : PG_IDLE_MS,
                   p->kind == PG_READER ? "on" : "off");
    return pg_do(p, sql);
}

bool pg_connect(pg *p)
{
    pg_drop(p);
    p->conn = begin_connect(p);
    if (p->conn == NULL) {
        set_why(p, PG_AWAY, "out of memory");
        return false;
    }
    bool good =
        PQstatus(p->conn) != CONNECTION_BAD && finish_connect(p, pg_now_ms() + PG_CONNECT_MS);
    if (!good) {
        if (PQstatus(p->conn) == CONNECTION_BAD && p->conn != NULL) {
            set_why(p, PG_AWAY, PQerrorMessage(p->conn));
        }
        pg_drop(p);
        return false;
    }
    if (PQsetnonblocking(p->conn, 1) != 0 || !set_session(p)) {
        pg_drop(p);
        return false;
    }
    return true;
}

static PGresult *lost(pg *p, const char *why)
{
    set_why(p, PG_AWAY, why);
    pg_drop(p);
    return NULL;
}

PGresult *pg_result(pg *p)
{
    int64_t deadline = pg_now_ms() + answer_ms(p);
    for (;;) {
        int unsent = PQflush(p->conn);
        if (unsent < 0) {
            return lost(p, PQerrorMessage(p->conn));
        }
        if (!PQisBusy(p->conn)) {
            return PQgetResult(p->conn);
        }
        short events = (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
        if (!wait_for(PQsocket(p->conn), events, deadline)) {
            return lost(p, "the server does not answer");
        }
        // A bad connection is seen by PQgetResult(), which gives the server's last words first.
        if (PQconsumeInput(p->conn) == 0 && PQisBusy(p->conn)) {
            return lost(p, PQerrorMessage(p->conn));
        }
    }
}

bool pg_send(pg *p, const char *sql, const char *const *values, int count)
{
    if (p->conn == NULL) {
        return false;
    }
    if (PQsendQueryParams(p->conn, sql, count, NULL, values, NULL, NULL, 0) == 0
        || PQflush(p->conn) < 0) {
        (void)lost(p, PQerrorMessage(p->conn));
        return false;
    }
    return true;
}

PGresult *pg_run(pg *p, const char *sql, const char *const *values, int count)
{
    return pg_send(p, sql, values, count) ? pg_answer(p) : NULL;
}

PGresult *pg_answer(pg *p)
{
    PGresult *result = pg_result(p);
    while (p->conn != NULL) {
        PGresult *more = pg_result(p); // One command: only its end follows.
        if (more == NULL) {
            break;
        }
        PQclear(result);
        result = more;
    }
    ExecStatusType status = result == NULL ? PGRES_FATAL_ERROR : PQresultStatus(result);
    if (p->conn == NULL || (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)) {
        pg_blame(p, result);
        PQclear(result);
        return NULL;
    }
    return result;
}

bool pg_do(pg *p, const char *sql)
{
    PGresult *result = pg_run(p, sql, NULL, 0);
    PQclear(result);
    return result != NULL;
}

int64_t pg_number(const PGresult *result, int row, int column)
{
    return strtoll(PQgetvalue(result, row, column), NULL, 10);
}
