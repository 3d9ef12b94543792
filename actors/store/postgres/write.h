/* The PostgreSQL journal while it writes. Used by journal.c, which opens, commits and renews,
 * and write.c. */
#ifndef STORE_POSTGRES_WRITE_H
#define STORE_POSTGRES_WRITE_H

#include "actors/store/postgres/postgres.h"

typedef struct pg_journal {
    journal base;
    pg connection;
    cogo_arena arena; /* Encoded records of the write in hand. */
    pg_right right;
    int64_t commit_id; /* Of the open or the latest transaction. */
    bool open;         /* A transaction is. */
    bool unsure;       /* Its COMMIT was sent, and not answered. */
    bool lost;         /* Nothing is written before resume(). */
    bool broken;       /* Nor after it. */
} pg_journal;

/* As journal_apply(). */
COGO_MUST_USE journal_verdict pg_apply(journal *base, const store_write *write,
                                       char error[JOURNAL_ERROR_SIZE]);

#endif
