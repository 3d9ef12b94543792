/* One submit while it is being checked.
 * Used by submit.c, which checks, and accept.c, which makes tasks of it.
 * Lives in the scratch arena of one handler: after a question to the store it is made anew. */
#ifndef ORCHESTRATOR_SUBMISSION_H
#define ORCHESTRATOR_SUBMISSION_H

#include "actors/orchestrator/room.h"

typedef struct submit_entry {
    const instruction *asked;
    orc_task **dependencies; /* Tasks that exist. */
    size_t dependency_count;
    size_t *refs; /* Entries of the same request. */
    size_t ref_count;
    const char *code; /* NULL: nothing wrong so far. */
    const char *detail;
    field_problem *errors;
    size_t error_count;
    uint64_t stamp; /* Of the entry that saw this one last. */
    orc_task *made;
} submit_entry;

typedef struct submission {
    orc *o;
    orc_ask *ask;
    const task_submit *request;
    submit_entry *entries;
    size_t count;
} submission;

/* Makes tasks of all entries without a code, and answers. */
void orc_accept(submission *s);

/* The answer to an entry that was refused. */
problem orc_entry_problem(const submit_entry *entry);

#endif
