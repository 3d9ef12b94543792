/* What an engine is: one table of functions for the writing side, the reading side and the
 * migrations. Used by journal.c, which picks one by what the path looks like; the functions do
 * what journal.h says of their namesakes. */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "actors/store/db.h"
#include "actors/store/journal.h"

typedef struct journal_engine {
    const char *name;
    cogo_err (*open)(const store_config *config, journal **out, int64_t *out_term,
                     char error[JOURNAL_ERROR_SIZE]);
    void (*close)(journal *j);
    journal_verdict (*apply)(journal *j, const store_write *write,
                             char error[JOURNAL_ERROR_SIZE]);
    cogo_err (*commit)(journal *j, char error[JOURNAL_ERROR_SIZE]);
    journal_verdict (*resume)(journal *j, bool *out_committed, char error[JOURNAL_ERROR_SIZE]);
    journal_verdict (*renew)(journal *j, char error[JOURNAL_ERROR_SIZE]);
    /* One statement as a transaction of its own, durable when it returns COGO_OK; nothing is
     * open. COGO_EINVAL: a rule of the schema refused it. COGO_ECLOSED, COGO_EFULL: as
     * commit().
     */
    cogo_err (*edit)(journal *j, const char *sql, const db_value *values, size_t count,
                     int64_t *out_rows, char error[JOURNAL_ERROR_SIZE]);
    int64_t (*term)(const journal *j);
    int64_t (*stale)(const journal *j); /* NULL: nobody can be stale. */
    uint64_t renew_ns; /* Between two renewals; 0: the right to write needs none. */
    cogo_err (*connect)(const char *path, database **out, char error[JOURNAL_ERROR_SIZE]);
    void (*disconnect)(database *d);
    cogo_err (*migrate)(const char *path, bool dry_run,
                        void (*print)(void *ctx, const char *line), void *ctx,
                        char error[JOURNAL_ERROR_SIZE]);
} journal_engine;

extern const journal_engine sqlite_engine, postgres_engine;

/* Each engine's own struct begins with it. */
struct journal {
    const journal_engine *engine;
};

/* What a change may not lack, as a sentence, or NULL: the same for all engines. */
const char *change_malformed(const store_change *change);

/* The same of all that a write defines. */
const char *definitions_malformed(const store_write *write);

/* The write also says who did what, or what of that goes. */
bool write_audits(const store_write *write);

/* The texts of an entry in the order of their columns; "" for what is absent. */
enum { AUDIT_TEXTS = 8 };
void audit_texts(const audit_entry *entry, const char *out[AUDIT_TEXTS]);

/* A change tells all that happened since the last write. When it became ready or blocked again
 * in between, a task that had ended was retried, whatever its state is by now. */
bool change_retries(const store_change *change);

/* Whose the task is, when it is not the default tenant's; else NULL. */
const char *change_tenant(const store_change *change);

bool state_is_terminal(int32_t state);

#endif
