/* What goes with the changes of a write, or alone: tenants, artifacts, what is kept, who did
 * it.
 */
#include "actors/store/postgres/postgres.h"
#include "codec/contract/failpoint.h"

bool pg_queue(pg *p, const char *name, int count, const pg_write *parameters, size_t *commands)
{
    (*commands)++;
    return PQsendQueryPrepared(p->conn, name, count, parameters->values, parameters->sizes,
                               parameters->formats, 0)
           == 1;
}

bool pg_send_rest(pg *p, const store_write *write, int64_t commit_id, cogo_arena *arena,
                  size_t *commands, bool *out_memory)
{
    pg_write all;
    bool good = pg_send_tenants(p, write, arena, commands);
    if (good && pg_artifacts_count(write) > 0) {
        failpoint("store.artifact.before");
        *out_memory = pg_artifacts_encode(write, arena, &all);
        good = *out_memory && pg_queue(p, "artifacts", ARTIFACTS_PARAMETERS, &all, commands);
        failpoint("store.artifact.after");
    }
    if (good && write_keeps(write)) {
        *out_memory = pg_keep_encode(write, commit_id, arena, &all);
        good = *out_memory && pg_queue(p, "keep", KEEP_PARAMETERS, &all, commands);
    }
    if (good && write_audits(write)) {
        failpoint("store.audit.before");
        *out_memory = pg_audit_encode(write, commit_id, arena, &all);
        good = *out_memory && pg_queue(p, "audit", AUDIT_PARAMETERS, &all, commands);
        failpoint("store.audit.after");
    }
    return good;
}
