/* Places at which a test can end or stop the process, named after what has just happened or is
 * about to. Used by the rooms that promise something across a crash.
 * Off unless COGO_FAILPOINT is set when failpoints_arm() runs, and then it costs one comparison
 * of a pointer. */
#ifndef CONTRACT_FAILPOINT_H
#define CONTRACT_FAILPOINT_H

#include <stdbool.h>
#include <stddef.h>

/* Each place once, in the order of a write's life. */
#define FAILPOINT_MAP(X)                                                               \
    X("orchestrator.write.before")     /* Changes gathered, not sent to the store. */  \
    X("orchestrator.write.after")      /* In the store's mailbox. */                   \
    X("store.apply.before")            /* Taken by the store. */                       \
    X("store.artifact.before")         /* Its task is in the transaction, not it. */   \
    X("store.artifact.after")          /* It is; SQLite: nothing refers to it yet. */  \
    X("store.apply.after")             /* In the open transaction. */                  \
    X("store.commit.before")           /* COMMIT is next. */                           \
    X("store.commit.sent")             /* PostgreSQL: sent, no answer yet. */          \
    X("store.commit.after")            /* On disk, nobody was told. */                 \
    X("store.told.after")              /* The orchestrator's mailbox has the news. */  \
    X("orchestrator.committed.before") /* It has read them; no answer has left. */     \
    X("orchestrator.committed.after")  /* All answers that waited for it have left. */ \
    X("queue.durable")                 /* Redis door: on disk, not acknowledged. */

extern const char *const failpoint_names[]; /* Ends with NULL. */

/* "NAME:kill[:COUNT]" or "NAME:stop[:COUNT]": SIGKILL or SIGSTOP for this process when it comes
 * to NAME for the COUNTth time (1). NULL arms nothing. False: it is not of that form. Called
 * before the first actor starts. */
bool failpoints_arm(const char *order);

extern const char *failpoint_armed; /* NULL: none. */
void failpoint_reach(const char *name);

static inline void failpoint(const char *name)
{
    if (failpoint_armed != NULL) {
        failpoint_reach(name);
    }
}

#endif
