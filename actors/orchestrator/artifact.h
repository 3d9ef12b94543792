/* What is kept beside a task's record: a context or an output that is too large for it, and
 * what its workers store. The bytes leave with the write that makes them part of the task, so
 * nothing that is acknowledged ever refers to something that is not there.
 * Used by the files that make tasks, take results, offer and write. */
#ifndef ORCHESTRATOR_ARTIFACT_H
#define ORCHESTRATOR_ARTIFACT_H

#include "actors/orchestrator/room.h"
#include "codec/contract/artifact.h"

/* An artifact that no write carries yet. */
typedef struct orc_fresh {
    struct orc_fresh *next;
    artifact *about; /* Own block. */
    size_t size;
    uint8_t bytes[];
} orc_fresh;

typedef struct orc_large {
    cogo_value context, output; /* Own blocks; size 0: in the record, or none. */
    void *list_block;           /* Of the record's list. */
    orc_fresh *fresh;
} orc_large;

/* True: @p value has no room in the record. */
bool orc_value_large(cogo_value value);

/* The context of a new task, which its record leaves out. */
void orc_artifact_context(orc *o, orc_task *t, cogo_value context);

/* The large values of a task that was loaded whole: they are on disk already. */
void orc_artifact_loaded(orc_task *t, cogo_value context, cogo_value output);

/* The output of an attempt; true: it is large, and the record leaves it out. Without an output
 * that which the worker has stored under that name for this attempt counts. */
bool orc_artifact_output(orc_task *t, cogo_value output);

/* The attempt has ended the task: its large output becomes an artifact. */
void orc_artifact_end(orc *o, orc_task *t);

/* What keeps @p t from having one of that size, in place of an earlier one of the name and
 * lease, as a sentence; NULL: nothing. */
const char *orc_artifact_refused(orc *o, const orc_task *t, const char *name, int64_t lease,
                                 int64_t size);

/* What a worker is given. *out_missing: it is not in memory. */
cogo_value orc_context_of(const orc_task *t, bool *out_missing);
cogo_value orc_output_of(const orc_task *t, bool *out_missing);

/* True: something that a worker of @p t is to have is not in memory; it leaves its line, and
 * comes back to it when the store has given it (fetch.c). */
bool orc_artifact_fetch(orc *o, orc_task *t);

/* For the journal: the new ones, in the scratch arena; how many bytes they have; they are in a
 * write now. */
cogo_records orc_artifact_fresh(orc *o, const orc_task *t);
size_t orc_artifact_fresh_size(const orc_task *t);
void orc_artifact_written(orc_task *t);

void orc_artifact_free(orc_task *t);
void orc_on_artifact_put(orc *o, cogo_msg *msg);
void orc_artifact_metrics(orc *o, metric_list *list);

#endif
