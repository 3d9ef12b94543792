/* What the writing connection says again and again, prepared once. */
#include "actors/store/postgres/postgres.h"

#define WRITE                                                                               \
    "SELECT cogo_write($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, "  \
    "$16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, " \
    "$33, $34)"

#define KEEP "SELECT cogo_keep($1, $2, $3, $4, $5, $6, $7, $8)"

#define ARTIFACTS "SELECT cogo_artifacts($1, $2, $3, $4, $5)"

#define AUDIT "SELECT cogo_audit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"

static bool prepare_one(pg *p, const char *name, const char *sql)
{
    if (p->conn == NULL || PQsendPrepare(p->conn, name, sql, 0, NULL) == 0) {
        return false;
    }
    bool good = true;
    for (PGresult *result; (result = pg_result(p)) != NULL;) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            pg_blame(p, result);
            good = false;
        }
        PQclear(result);
        if (p->conn == NULL) {
            return false;
        }
    }
    return good && p->conn != NULL;
}

bool pg_prepare(pg *p)
{
    return prepare_one(p, "write", WRITE) && prepare_one(p, "keep", KEEP)
           && prepare_one(p, "artifacts", ARTIFACTS) && prepare_one(p, "audit", AUDIT);
}
