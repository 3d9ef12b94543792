/* Writes to the store, and what may be said only once they are on disk.
 * Used by all of this room, through room.h. Never decides what a task becomes. */
#ifndef ORCHESTRATOR_JOURNAL_H
#define ORCHESTRATOR_JOURNAL_H

#include "actors/orchestrator/deadline.h"
#include "actors/orchestrator/map.h"
#include "codec/contract/messages.h"

typedef struct orc orc;
typedef struct orc_task orc_task;
typedef struct orc_key orc_key;
typedef struct orc_ask orc_ask;

/* Something that leaves once all changes up to `needs` are on disk. */
typedef struct orc_parcel {
    uint64_t needs;
    cogo_actor_id to;
    cogo_msg *msg;
    orc_key *key;         /* Is finished then. */
    struct orc_ask *read; /* Is asked then. */
    bool answer; /* Somebody waits for it: a problem replaces it when the store fails. */
} orc_parcel;

/* A task in a write. */
typedef struct orc_carried {
    orc_task *task;
    int32_t ended; /* The state in which it ended just before the write, or -1. */
} orc_carried;

/* Given to the store, not on disk yet. */
typedef struct orc_write {
    int64_t sequence;
    uint64_t covers;
    orc_carried *tasks;
    size_t task_count;
    bool sweeps; /* It removes what the last sweep found. */
} orc_write;

/* What is kept no longer and is on its way out (sweep.c). */
typedef struct orc_sweep {
    orc_deadline deadline;  /* Of the next question. */
    int64_t after;          /* Row that it begins behind. */
    store_swept *going;     /* Own block: from the answer until the removal is on disk. */
    orc_map ids;            /* Of the tasks in it that are removed. */
    bool waits;             /* For the next write. */
    bool audits;            /* Audit entries go, too, and more of them may be due: */
    int64_t audits_before;  /* those from before. */
    uint64_t tasks, events; /* Removed, or whose events were. */
} orc_sweep;

/* Something that was defined or removed, until a write takes it (keep.c). */
typedef struct orc_defined {
    struct orc_defined *next;
    store_definition what; /* In this block. */
} orc_defined;

/* journal.c: writes to the store, and what waits for them. */
void orc_journal_touch(orc *o, orc_task *t);
void orc_journal_flush(orc *o);

/* Sends everything, whatever is on its way already. */
void orc_journal_flush_all(orc *o);
void orc_journal_flush_if_due(orc *o);
void orc_journal_committed(orc *o, const store_committed *committed);
void orc_journal_failed(orc *o, const char *error);
void orc_journal_finish(orc *o);

/* outbox.c: takes @p msg, which may be NULL; it leaves after everything journaled so far is on
 * disk. */
void orc_outbox_put(orc *o, cogo_actor_id to, cogo_msg *msg, bool answer);
void orc_outbox_put_key(orc *o, orc_key *key);

/* A read that has to see everything journaled so far; takes @p read. */
void orc_outbox_put_read(orc *o, orc_ask *read);
void orc_outbox_deliver(orc *o); /* What may leave now. */
void orc_outbox_fail(orc *o);
void orc_outbox_finish(orc *o);

/* keep.c: what is written besides tasks. It leaves with the next write. */
void orc_define(orc *o, const char *kind, const char *name, const cogo_record *type,
                const void *record); /* NULL: it is removed. */
bool orc_keep_waits(const orc *o);
void orc_keep_fill(orc *o, store_write *write, orc_write *sent);
void orc_keep_sent(orc *o);
void orc_keep_finish(orc *o);

/* sweep.c: finished tasks, events and audit entries that are kept no longer. */
void orc_sweep_start(orc *o);
void orc_sweep_saved(orc *o);
bool orc_sweep_takes(const orc *o, const char *task_id); /* It is as good as gone. */
void orc_sweep_finish(orc *o);

#endif
