/* The journal: what the store's actors do to an engine, without actors, threads or messages.
 * Used by the writer and reader of this room and their tests. The engines (sqlite*.c,
 * postgres/) implement it behind engine.h.
 * Never acknowledges: a write is durable only once journal_commit() has returned COGO_OK. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "actors/store/db.h"
#include "actors/store/store.h"
#include "codec/contract/messages.h"

enum {
    JOURNAL_ERROR_SIZE = 256,                  /* Bytes of one sentence for people. */
    JOURNAL_PAGE_DEFAULT = 50,                 /* Tasks of a page when none is asked for. */
    JOURNAL_PAGE_MAX = 1000,                   /* Tasks or events of a page. */
    JOURNAL_PAGE_BYTES_MAX = 16 * 1024 * 1024, /* A page ends early beyond it. */
    JOURNAL_IDS_MAX = 1000,                    /* Ids of one lookup. */
    JOURNAL_TOKENS_MAX = 10000,                /* Tokens that are not revoked. */
    JOURNAL_WORKFLOW_TASKS_MAX = 10000, /* Tasks shown of one workflow or keyed request. */
};

typedef struct journal journal;               /* The one that writes. */
typedef struct journal_reader journal_reader; /* Sees what was committed. */

/* What became of one write. */
typedef enum journal_verdict {
    JOURNAL_APPLIED, /* In the open transaction. */
    JOURNAL_REFUSED, /* Breaks a rule of the journal; nothing of it is in the transaction. */
    JOURNAL_FULL,    /* No room on the disk: the whole transaction is undone, may be redone. */
    JOURNAL_AWAY,    /* The engine can't be reached: as above, after journal_resume(). */
    JOURNAL_BROKEN,  /* The engine failed: this handle writes nothing any more. */
} journal_verdict;

/* Takes the exclusive right to @p config->path, migrates it and takes the next term. With
 * config->standby another one may have it: then *out_term is 0, and journal_renew() tries.
 * COGO_EEXIST: somebody else has it. COGO_ECLOSED: it can't be reached now. @p error is filled
 * on failure. */
COGO_MUST_USE cogo_err journal_open(const store_config *config, journal **out,
                                    int64_t *out_term, char error[JOURNAL_ERROR_SIZE]);

/* Rolls back what was not committed and gives the right to the file up. NULL is allowed. */
void journal_close(journal *j);

/* Applies all changes of @p write or none, in a transaction that is opened when none is. */
COGO_MUST_USE journal_verdict journal_apply(journal *j, const store_write *write,
                                            char error[JOURNAL_ERROR_SIZE]);

/* The write also removes or defines something. */
bool write_keeps(const store_write *write);

/* Makes all that was applied durable. COGO_OK when nothing is open. COGO_EFULL: there is no
 * room, all of it is undone and may be applied again. COGO_ECLOSED: the connection was lost,
 * journal_resume() will tell the outcome. After any other failure it is unknown until the next
 * journal_open(), and the handle is broken. */
COGO_MUST_USE cogo_err journal_commit(journal *j, char error[JOURNAL_ERROR_SIZE]);

/* After JOURNAL_AWAY or COGO_ECLOSED: one try to reach the engine again. JOURNAL_APPLIED: it
 * can be written to, nothing is open, and @p *out_committed tells whether the transaction whose
 * commit was lost is on disk; if not, nothing of it ever will be. JOURNAL_AWAY: not yet.
 * JOURNAL_BROKEN: another one has the right to write. Does nothing when nothing was lost. */
COGO_MUST_USE journal_verdict journal_resume(journal *j, bool *out_committed,
                                             char error[JOURNAL_ERROR_SIZE]);

/* The right to write lasts for a while only where several compete for it: to be renewed so
 * often, with nothing open (0: it needs no renewal). JOURNAL_BROKEN: another one has it. */
uint64_t journal_renew_ns(const journal *j);
COGO_MUST_USE journal_verdict journal_renew(journal *j, char error[JOURNAL_ERROR_SIZE]);

/* One statement of tokens.c; see engine.h. */
COGO_MUST_USE cogo_err journal_edit(journal *j, const char *sql, const db_value *values,
                                    size_t count, int64_t *out_rows,
                                    char error[JOURNAL_ERROR_SIZE]);
int64_t journal_term(const journal *j); /* 0: stands by. */

/* Writes that were refused because of their term, ever, by any process: as of the last renewal.
 */
int64_t journal_stale(const journal *j);

/* Makes or takes back a token, durably; nothing is open. What @p out points to is in @p change
 * and @p arena. COGO_ENOTFOUND: no good token has this id. COGO_ELIMIT: there are too many.
 * COGO_EINVAL: refused by the schema. COGO_ECLOSED, COGO_EFULL: as journal_commit(). */
COGO_MUST_USE cogo_err journal_token(journal *j, const token_change *change, access_token *out,
                                     char error[JOURNAL_ERROR_SIZE]);

/* A reader of a journal that has been opened for writing before. */
COGO_MUST_USE cogo_err journal_reader_open(const char *path, journal_reader **out,
                                           char error[JOURNAL_ERROR_SIZE]);
void journal_reader_close(journal_reader *r);
struct database *journal_reader_db(journal_reader *r); /* For read.c. */

/* One page of unfinished tasks, oldest first, with contexts. What @p out points to is in
 * @p arena. On failure only @p out->error is set. */
void journal_recover(journal_reader *r, const store_recover *request, cogo_arena *arena,
                     store_recovered *out);

/* Answers @p request. What @p out points to is in @p arena. On failure only @p out->error is
 * set. */
void journal_tokens(journal_reader *r, const token_list *request, cogo_arena *arena,
                    token_page *out);

/* Answers @p request. What @p out points to is in @p arena. On failure only @p out->error is
 * set. */
void journal_audit(journal_reader *r, const audit_list *request, cogo_arena *arena,
                   audit_page *out);

/* Bytes of one artifact, wrapped (artifact.h), in @p arena. COGO_ENOTFOUND: the task, or the
 * artifact, is not there. @p out_why is a sentence on failure. */
COGO_MUST_USE cogo_err journal_artifact(journal_reader *r, const artifact_get *wanted,
                                        cogo_arena *arena, artifact_content *out,
                                        const char **out_why);

/* Answers @p request. What @p out points to is in @p arena. On failure only @p out->error is
 * set. What is not there is not in the answer. */
void journal_find(journal_reader *r, const store_lookup *request, cogo_arena *arena,
                  store_found *out);

#endif
