/* The right to write: a term in the row "meta", which runs out unless it is renewed, and a lock
 * of the session that has it. */
#include "actors/store/postgres/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum {
    HOLD_MS = 3000,              /* The right to write lasts so long without a renewal. */
    SILENT_MS = 2 * PG_RENEW_MS, /* Without renewal and without a session, its owner is gone. */
    TAKE_PAUSE_MS = 50,          /* Between two tries of one that does not stand by. */
    LOOK_MS = 300, /* Who waits for the row looks so often whether its owner hangs. */
    HOLDER_SIZE = 128,
};

/* "cogo" as a number, and the schema: held by the session that writes. */
#define OWNER_LOCK "1668245356, hashtext(current_schema())"
#define HOLD_UNTIL "held_until = clock_timestamp() + $1::bigint * interval '1 ms'"

/* Who has it now, as a sentence. */
static void tell_owner(pg *p, char error[JOURNAL_ERROR_SIZE])
{
    PGresult *result = pg_run(p, "SELECT holder, term FROM meta", NULL, 0);
    (void)snprintf(error, JOURNAL_ERROR_SIZE,
                   "another orchestrator writes the store: %.120s (term %.20s)",
                   result == NULL ? "unknown" : PQgetvalue(result, 0, 0),
                   result == NULL ? "?" : PQgetvalue(result, 0, 1));
    PQclear(result);
}

bool pg_right_stale(pg *p)
{
    return pg_do(p, "UPDATE meta SET stale_writes = stale_writes + 1");
}

journal_verdict pg_right_renew(pg *p, pg_right *right, int64_t *out_commit_id,
                               char error[JOURNAL_ERROR_SIZE])
{
    char hold_ms[24], term[24];
    (void)snprintf(hold_ms, sizeof hold_ms, "%d", HOLD_MS);
    (void)snprintf(term, sizeof term, "%" PRId64, right->term);
    const char *const values[] = {hold_ms, term};
    PGresult *result = pg_run(p,
                              "UPDATE meta SET " HOLD_UNTIL
                              " WHERE term = $2::bigint RETURNING commit_id, stale_writes",
                              values, 2);
    if (result == NULL) {
        postgres_explain(p, "renew the right to write the store", error);
        pg_drop(p);
        return p->fault == PG_BROKEN ? JOURNAL_BROKEN : JOURNAL_AWAY;
    }
    bool mine = PQntuples(result) == 1;
    *out_commit_id = mine ? pg_number(result, 0, 0) : 0;
    right->stale = mine ? pg_number(result, 0, 1) : right->stale;
    PQclear(result);
    if (!mine) {
        (void)!pg_right_stale(p);
        tell_owner(p, error);
        return JOURNAL_BROKEN;
    }
    // Another one that is told to wait for our session finds this lock. Its absence costs time
    // only.
    result = pg_run(p, "SELECT pg_try_advisory_lock(" OWNER_LOCK ")", NULL, 0);
    PQclear(result);
    return JOURNAL_APPLIED;
}

static void name_holder(char out[HOLDER_SIZE])
{
    char host[64] = "?";
    (void)gethostname(host, sizeof host - 1);
    (void)snprintf(out, HOLDER_SIZE, "%s, process %ld", host, (long)getpid());
}

/* One try to take the next term, which is free when it was not renewed in time. When the
 * owner's session has ended, too, the wait is shorter: none for a node that does not compete
 * (its own past may be the owner), SILENT_MS for one that stands by, so that an owner who lost
 * its connection, and not its life, can come back first. False: see p->fault; right->term
 * tells. */
static bool try_term(pg *p, bool standby, pg_right *right)
{
    char holder[HOLDER_SIZE], hold_ms[24], spare_ms[24], look_ms[24];
    name_holder(holder);
    PGresult *result = pg_run(p, "SELECT pg_try_advisory_lock(" OWNER_LOCK ")", NULL, 0);
    if (result == NULL) {
        return false;
    }
    bool alone = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    (void)snprintf(hold_ms, sizeof hold_ms, "%d", HOLD_MS);
    (void)snprintf(spare_ms, sizeof spare_ms, "%d",
                   !alone    ? 0
                   : standby ? HOLD_MS - SILENT_MS
                             : HOLD_MS + 1);
    (void)snprintf(look_ms, sizeof look_ms, "%d", LOOK_MS);
    const char *const values[] = {hold_ms, holder, spare_ms, look_ms};
    result = pg_run(p,
                    "UPDATE meta SET term = term + 1, sequence = 0, commit_id = 0, "
                    "holder = $2, " HOLD_UNTIL " FROM set_config('lock_timeout', $4, true) "
                    "WHERE held_until <= clock_timestamp() + $3::bigint * interval '1 ms' "
                    "RETURNING term, stale_writes",
                    values, 4);
    if (result == NULL) {
        return false;
    }
    right->term = PQntuples(result) == 1 ? pg_number(result, 0, 0) : 0;
    right->stale = PQntuples(result) == 1 ? pg_number(result, 0, 1) : right->stale;
    PQclear(result);
    if (right->term == 0 && alone) {
        PQclear(pg_run(p, "SELECT pg_advisory_unlock(" OWNER_LOCK ")", NULL, 0));
    }
    return true;
}

/* Whoever has the right may hang half-way through its pipeline: the server waits for the rest
 * of it with all locks held, and for no time-out of ours. When its right is over it has none to
 * be left in peace: its session is ended. Who takes the right just now has the same lock, but
 * not for so long. */
static void end_hung_owner(pg *p)
{
    char hold_ms[24];
    (void)snprintf(hold_ms, sizeof hold_ms, "%d", HOLD_MS);
    const char *const values[] = {hold_ms};
    PQclear(
        pg_run(p,
               "SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l "
               "JOIN pg_stat_activity AS a ON a.pid = l.pid, meta "
               "WHERE l.locktype = 'advisory' AND l.granted AND l.pid <> pg_backend_pid() "
               "AND (l.classid::bigint, l.objid::bigint) = (1668245356, "
               "hashtext(current_schema())::bigint & 4294967295) AND l.database = (SELECT oid "
               "FROM pg_database WHERE datname = current_database()) "
               "AND held_until <= clock_timestamp() "
               "AND a.xact_start <= clock_timestamp() - $1::bigint * interval '1 ms'",
               values, 1));
}

bool pg_right_ask(pg *p, bool standby, pg_right *right)
{
    bool good = try_term(p, standby, right);
    for (int waited_ms = LOOK_MS;
         !good && p->conn != NULL && p->fault == PG_AWAY && waited_ms <= PG_LOCK_MS;
         waited_ms += LOOK_MS) {
        end_hung_owner(p);
        good = try_term(p, standby, right);
    }
    return good;
}

/* Whoever lives renews within PG_RENEW_MS, so after HOLD_MS and that the owner is known to
 * live.
 */
cogo_err pg_right_take(pg *p, bool standby, pg_right *right, char error[JOURNAL_ERROR_SIZE])
{
    for (int waited_ms = 0;; waited_ms += TAKE_PAUSE_MS) {
        if (!pg_right_ask(p, standby, right)) {
            postgres_explain(p, "take the next term", error);
            return p->fault == PG_BROKEN ? COGO_EIO : COGO_ECLOSED;
        }
        if (right->term != 0 || standby || waited_ms > HOLD_MS + PG_RENEW_MS) {
            break;
        }
        (void)usleep(TAKE_PAUSE_MS
                     * 1000); // A node that died may have its session for a while.
    }
    if (right->term == 0 && !standby) {
        tell_owner(p, error);
        return COGO_EEXIST;
    }
    return COGO_OK;
}

void pg_right_give(pg *p, const pg_right *right)
{
    char term[24];
    (void)snprintf(term, sizeof term, "%" PRId64, right->term);
    const char *const values[] = {term};
    PQclear(pg_run(p, "UPDATE meta SET held_until = clock_timestamp() WHERE term = $1::bigint",
                   values, 1));
}
