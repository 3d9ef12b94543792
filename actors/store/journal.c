/* Picks the engine. */
#include "actors/store/journal.h"

#include "actors/store/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct journal_reader {
    const journal_engine *engine;
    database *db;
};

static const journal_engine *engine_of(const char *path)
{
    return store_is_url(path) ? &postgres_engine : &sqlite_engine;
}

bool store_is_url(const char *path)
{
    return strncmp(path, "postgres://", 11) == 0 || strncmp(path, "postgresql://", 13) == 0;
}

cogo_err journal_open(const store_config *config, journal **out, int64_t *out_term,
                      char error[JOURNAL_ERROR_SIZE])
{
    error[0] = '\0';
    return engine_of(config->path)->open(config, out, out_term, error);
}

void journal_close(journal *j)
{
    if (j != NULL) {
        j->engine->close(j);
    }
}

journal_verdict journal_apply(journal *j, const store_write *write,
                              char error[JOURNAL_ERROR_SIZE])
{
    return j->engine->apply(j, write, error);
}

cogo_err journal_commit(journal *j, char error[JOURNAL_ERROR_SIZE])
{
    return j->engine->commit(j, error);
}

journal_verdict journal_resume(journal *j, bool *out_committed, char error[JOURNAL_ERROR_SIZE])
{
    *out_committed = false;
    return j->engine->resume(j, out_committed, error);
}

uint64_t journal_renew_ns(const journal *j)
{
    return j->engine->renew_ns;
}

journal_verdict journal_renew(journal *j, char error[JOURNAL_ERROR_SIZE])
{
    return j->engine->renew(j, error);
}

cogo_err journal_edit(journal *j, const char *sql, const db_value *values, size_t count,
                      int64_t *out_rows, char error[JOURNAL_ERROR_SIZE])
{
    return j->engine->edit(j, sql, values, count, out_rows, error);
}

int64_t journal_term(const journal *j)
{
    return j->engine->term(j);
}

int64_t journal_stale(const journal *j)
{
    return j->engine->stale == NULL ? 0 : j->engine->stale(j);
}

cogo_err journal_reader_open(const char *path, journal_reader **out,
                             char error[JOURNAL_ERROR_SIZE])
{
    journal_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        (void)snprintf(error, JOURNAL_ERROR_SIZE, "out of memory");
        return COGO_ENOMEM;
    }
    r->engine = engine_of(path);
    cogo_err err = r->engine->connect(path, &r->db, error);
    if (err != COGO_OK) {
        free(r);
        return err;
    }
    *out = r;
    return COGO_OK;
}

void journal_reader_close(journal_reader *r)
{
    if (r != NULL) {
        r->engine->disconnect(r->db);
        free(r);
    }
}

database *journal_reader_db(journal_reader *r)
{
    return r->db;
}

cogo_err store_migrate(const char *path, bool dry_run,
                       void (*print)(void *ctx, const char *line), void *ctx, char error[256])
{
    error[0] = '\0';
    return engine_of(path)->migrate(path, dry_run, print, ctx, error);
}
