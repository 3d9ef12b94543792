/* The journal: what the store's actors do to an engine, without actors, threads or messages.
 * Used by the writer and reader of this room and their tests. SQLite implements it (sqlite*.c);
 * another engine implements the same functions.
 * Never acknowledges: a write is durable only once journal_commit() has returned COGO_OK. */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "actors/store/store.h"
#include "codec/contract/messages.h"

enum {
    JOURNAL_ERROR_SIZE = 256,                  /* Bytes of one sentence for people. */
    JOURNAL_PAGE_DEFAULT = 50,                 /* Tasks of a page when none is asked for. */
    JOURNAL_PAGE_MAX = 1000,                   /* Tasks or events of a page. */
    JOURNAL_PAGE_BYTES_MAX = 16 * 1024 * 1024, /* A page ends early beyond it. */
    JOURNAL_IDS_MAX = 1000,                    /* Ids of one lookup. */
    JOURNAL_WORKFLOW_TASKS_MAX = 10000, /* Tasks shown of one workflow or keyed request. */
};

typedef struct journal journal;               /* The one that writes. */
typedef struct journal_reader journal_reader; /* Sees what was committed. */

/* What became of one write. */
typedef enum journal_verdict {
    JOURNAL_APPLIED, /* In the open transaction. */
    JOURNAL_REFUSED, /* Breaks a rule of the journal; nothing of it is in the transaction. */
    JOURNAL_FULL,    /* No room on the disk: the whole transaction is undone, may be redone. */
    JOURNAL_BROKEN,  /* The engine failed: this handle writes nothing any more. */
} journal_verdict;

/* Takes the exclusive right to @p config->path, migrates it and takes the next term.
 * COGO_EEXIST: somebody else has it. @p error is filled on failure. */
COGO_MUST_USE cogo_err journal_open(const store_config *config, journal **out,
                                    int64_t *out_term, char error[JOURNAL_ERROR_SIZE]);

/* Rolls back what was not committed and gives the right to the file up. NULL is allowed. */
void journal_close(journal *j);

/* Applies all changes of @p write or none, in a transaction that is opened when none is. */
COGO_MUST_USE journal_verdict journal_apply(journal *j, const store_write *write,
                                            char error[JOURNAL_ERROR_SIZE]);

/* Makes all that was applied durable. COGO_OK when nothing is open. COGO_EFULL: there is no
 * room, all of it is undone and may be applied again. After any other failure its outcome is
 * unknown until the next journal_open(), and the handle is broken. */
COGO_MUST_USE cogo_err journal_commit(journal *j, char error[JOURNAL_ERROR_SIZE]);

/* A reader of a journal that has been opened for writing before. */
COGO_MUST_USE cogo_err journal_reader_open(const char *path, journal_reader **out,
                                           char error[JOURNAL_ERROR_SIZE]);
void journal_reader_close(journal_reader *r);

/* One page of unfinished tasks, oldest first, with contexts. What @p out points to is in
 * @p arena. On failure only @p out->error is set. */
void journal_recover(journal_reader *r, const store_recover *request, cogo_arena *arena,
                     store_recovered *out);

/* Answers @p request. What @p out points to is in @p arena. On failure only @p out->error is
 * set. What is not there is not in the answer. */
void journal_find(journal_reader *r, const store_lookup *request, cogo_arena *arena,
                  store_found *out);

#endif
