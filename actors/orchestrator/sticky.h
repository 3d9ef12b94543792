/* Sticky keys: tasks of one key go to the worker that had the last of them. Each key has lines
 * of its own, so one that waits for its worker stands in nobody's way. Which worker that is is
 * kept in the store, for the next leader.
 * Used by line.c, placement.c, dispatch.c and who tells that workers come and go. */
#ifndef ORCHESTRATOR_STICKY_H
#define ORCHESTRATOR_STICKY_H

#include "actors/orchestrator/room.h"

typedef struct orc_sticky {
    char *key;         /* "tenant\nkey" */
    char *worker_id;   /* NULL: none of its tasks was placed yet. */
    uint64_t grace_ns; /* After a start its worker counts as known until then. */
    size_t line_count;
    struct orc_sticky *previous, *next; /* Used longest ago first. */
} orc_sticky;

/* The key of @p r with its tenant, in the scratch arena; NULL: it has none. */
const char *orc_sticky_key(orc *o, const task *r);

/* One more line uses the key, or one less. */
orc_sticky *orc_sticky_hold(orc *o, const char *key);
void orc_sticky_drop(orc *o, orc_line *line);

/* True: any worker may have @p t, the first of @p line. False: only *out_worker, or, when that
 * is NULL, none yet. */
bool orc_sticky_free(orc *o, const orc_line *line, const orc_task *t, orc_worker **out_worker);

/* True: a free slot of @p w may be @p t's. */
bool orc_sticky_lets(orc *o, const orc_line *line, const orc_task *t, const orc_worker *w);

/* Looks at the line again when its first task (NULL: none) waits no longer. */
void orc_sticky_arm(orc *o, orc_line *line, const orc_task *t);

/* @p w has a task of the line's key now. */
void orc_sticky_placed(orc *o, orc_line *line, const orc_worker *w);

/* @p w is lost or gone: who waits for it may have to wait no longer. */
void orc_sticky_worker_gone(orc *o, const orc_worker *w);

/* Why @p t waits, or where its key is, as a sentence; NULL: it has none. */
const char *orc_sticky_reason(orc *o, const orc_task *t);

void orc_sticky_recover(orc *o, const store_definition *from);
void orc_sticky_metrics(orc *o, metric_list *list);
void orc_sticky_finish(orc *o);

#endif
