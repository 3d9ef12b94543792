/* Picks the engine, and what all engines ask of a change. */
#include "actors/store/journal.h"

#include "actors/store/engine.h"
#include "codec/contract/artifact.h"

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

bool state_is_terminal(int32_t state)
{
    return state >= TASK_SUCCEEDED;
}

_Static_assert(TASK_RETRYING + 1 == TASK_SUCCEEDED && TASK_DEADLETTERED + 1 == TASK_STATE_COUNT,
               "the states from succeeded on are the terminal ones, as in the schema");

const char *change_malformed(const store_change *change)
{
    const task *t = change->task;
    if (t == NULL) {
        return "it has no task";
    }
    if (t->task_id == NULL || t->instruction_id == NULL || t->role == NULL) {
        return "taskId, instructionId and role must be set";
    }
    if (t->state < 0 || t->state >= TASK_STATE_COUNT || t->priority < 0
        || t->priority >= PRIORITY_COUNT) {
        return "its state or priority is not known";
    }
    if (t->result != NULL && t->result->result_id == NULL) {
        return "its result has no resultId";
    }
    if (change->idempotency_key != NULL && change->request_hash == NULL) {
        return "an idempotency key needs a request hash";
    }
    const artifact_content *artifacts = change->artifacts.items;
    for (size_t i = 0; i < change->artifacts.count; i++) {
        const artifact *about = artifacts[i].about;
        const uint8_t *bytes;
        size_t size;
        if (about == NULL || about->name == NULL || about->sha256 == NULL
            || !artifact_unwrap(artifacts[i].bytes, &bytes, &size)) {
            return "an artifact needs a name, a hash and bytes";
        }
    }
    const task_event *events = change->events.items;
    for (size_t i = 1; i < change->events.count; i++) {
        if (events[i].sequence != events[0].sequence + (int64_t)i) {
            return "its events do not follow each other";
        }
    }
    return NULL;
}

const char *change_tenant(const store_change *change)
{
    const char *tenant = change->task->tenant;
    return tenant != NULL && strcmp(tenant, TENANT_DEFAULT) != 0 ? tenant : NULL;
}

const char *definitions_malformed(const store_write *write)
{
    const store_definition *all = write->definitions.items;
    for (size_t i = 0; i < write->definitions.count; i++) {
        if (all[i].kind == NULL || all[i].name == NULL) {
            return "a definition needs a kind and a name";
        }
        for (size_t k = 0; k < i; k++) {
            if (strcmp(all[i].kind, all[k].kind) == 0
                && strcmp(all[i].name, all[k].name) == 0) {
                return "a definition occurs twice";
            }
        }
    }
    return NULL;
}

bool write_keeps(const store_write *write)
{
    return write->remove.count + write->trim.count + write->definitions.count > 0;
}

bool write_audits(const store_write *write)
{
    return write->audits.count > 0 || write->audits_before > 0;
}

bool change_retries(const store_change *change)
{
    const task_event *events = change->events.items;
    for (size_t i = 0; i < change->events.count; i++) {
        if (events[i].type != NULL
            && (strcmp(events[i].type, "cogo.task.queued") == 0
                || strcmp(events[i].type, "cogo.task.blocked") == 0)) {
            return true;
        }
    }
    return change->task->state == TASK_QUEUED || change->task->state == TASK_BLOCKED;
}
