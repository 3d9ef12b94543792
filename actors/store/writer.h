/* The writer: its state, and the transaction that group.c keeps for it. Used by these two files
 * only. */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "actors/store/journal.h"

#include <cogo/actor.h>

enum {
    COMMIT_CHANGES_MAX = 4096, /* A transaction commits early beyond it, */
    COMMIT_WRITES_MAX = 4096,  /* or beyond so many writes. */
};

enum { TIMER_RETRY = 1, TIMER_RENEW };

/* The writes of one transaction come from one sender; another sender's begin the next one. They
 * are kept until they are on disk: a full disk or a lost connection undoes them all, and they
 * are applied again. */
typedef struct writer {
    journal *journal;
    cogo_msg *kept[COMMIT_WRITES_MAX]; /* Oldest first. */
    size_t kept_count;
    size_t unsure_count;     /* Of them are in a transaction whose commit was lost, */
    int64_t unsure_sequence; /* up to this write. */
    uint64_t delay_ns;       /* Before the next try; 0: nothing has to wait. */
    uint64_t waits_since_ns; /* While delay_ns is set. */
    cogo_actor_id candidate; /* Is told of the right to write. */
    cogo_actor_id sender;
    int64_t applied;         /* Sequence of its last write in the open transaction. */
    int64_t committed;       /* Sequence of its last write on disk. */
    int64_t writes, changes; /* In the open transaction. */
    uint64_t began_ns;
    bool failed; /* `error` is final: for this sender, or for all when the engine is broken. */
    bool broken;
    char error[JOURNAL_ERROR_SIZE];
} writer;

/* Takes @p msg, a write of w->sender, into the open transaction, or keeps it until there is
 * something to write to again. */
void writer_take(cogo_context *ctx, writer *w, cogo_msg *msg);

/* Makes durable what was applied, and reports it. False: it did not work, and that is reported.
 */
bool writer_commit(cogo_context *ctx, writer *w);

/* Tells the sender how far its writes are. */
void writer_report(cogo_context *ctx, writer *w);

/* True: @p verdict lets the writer go on. Else it waits for the engine or gives up, and reports
 * that. */
bool writer_goes_on(cogo_context *ctx, writer *w, journal_verdict verdict);

/* Nothing more is written: for this sender, or for all when the engine is broken. */
void writer_give_up(cogo_context *ctx, writer *w, bool broken);

/* A wait is over. */
void writer_try_again(cogo_context *ctx, writer *w);

/* The @p count oldest of what is kept need not be kept any more. */
void writer_forget(writer *w, size_t count);

#endif
