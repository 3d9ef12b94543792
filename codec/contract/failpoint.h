/* Places at which a test can end or stop the process, named after what has just happened or is
 * about to. Used by the rooms that promise something across a crash.
 * Off unless COGO_FAILPOINT is set when failpoints_arm() runs, and then it costs one comparison
 * of a flag. */
#ifndef CONTRACT_FAILPOINT_H
#define CONTRACT_FAILPOINT_H

#include <stdbool.h>
#include <stddef.h>

/* Each place once: a start, the life of a write, then the writes that differ from it. */
#define FAILPOINT_MAP(X)                                                                   \
    X("store.migrate.before")          /* A migration is next. */                          \
    X("store.migrate.after")           /* It is on disk. */                                \
    X("store.term.after")              /* The right to write was taken, nobody knows. */   \
    X("orchestrator.write.before")     /* Changes gathered, not sent to the store. */      \
    X("orchestrator.write.after")      /* In the store's mailbox. */                       \
    X("store.apply.before")            /* Taken by the store. */                           \
    X("store.artifact.before")         /* Its task is in the transaction, not it. */       \
    X("store.artifact.after")          /* It is; SQLite: nothing refers to it yet. */      \
    X("store.audit.before")            /* The changes are there, who made them not. */     \
    X("store.audit.after")             /* All of the write is there. */                    \
    X("store.apply.after")             /* In the open transaction. */                      \
    X("store.commit.before")           /* COMMIT is next. */                               \
    X("store.commit.sent")             /* PostgreSQL: sent, no answer yet. */              \
    X("store.commit.after")            /* On disk, nobody was told. */                     \
    X("store.told.after")              /* The orchestrator's mailbox has the news. */      \
    X("orchestrator.committed.before") /* It has read them; no answer has left. */         \
    X("orchestrator.committed.after")  /* All answers that waited for it have left. */     \
    X("store.keep.before")             /* Definitions or what retention removes, taken. */ \
    X("store.keep.after")              /* The same, in the open transaction. */            \
    X("orchestrator.sweep.before")     /* Chosen what is removed, not written. */          \
    X("orchestrator.sweep.after")      /* It is removed; memory does not know. */          \
    X("orchestrator.slot.before")      /* The slot of a schedule is due. */                \
    X("orchestrator.slot.submitted")   /* Its task is on disk, the schedule is not on. */  \
    X("orchestrator.slot.after")       /* It has moved on, in memory. */                   \
    X("orchestrator.redrive.before")   /* Dead letters are loaded. */                      \
    X("orchestrator.redrive.after")    /* Their retries are sent to the store. */          \
    X("store.token.before")            /* A token is about to change. */                   \
    X("store.token.after")             /* It is on disk, nobody was told. */               \
    X("queue.durable")                 /* Redis door: on disk, not acknowledged. */

extern const char *const failpoint_names[]; /* Ends with NULL. */

enum { FAILPOINT_ORDERS_MAX = 8 };

/* "NAME:kill[:COUNT]" or "NAME:stop[:COUNT]", several with commas between: SIGKILL or SIGSTOP
 * for this process when it comes to NAME for the COUNTth time (1), which it tells on stderr.
 * NULL arms nothing. False: it is not of that form. Called before the first actor starts. */
bool failpoints_arm(const char *order);

extern bool failpoint_armed;
void failpoint_reach(const char *name);

static inline void failpoint(const char *name)
{
    if (failpoint_armed) {
        failpoint_reach(name);
    }
}

#endif
