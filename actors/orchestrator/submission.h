/* One submit while it is being checked.
 * Used by submit.c, check.c and depend.c, which check, and accept.c, which makes tasks of it.
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

/* check.c: notes what is wrong with entry @p at; the first code stays. */
void orc_submit_wrong(submission *s, size_t at, const char *code, const char *pointer,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));
void orc_check_entry(submission *s, size_t at);
/* A task of another tenant is as unknown as one that does not exist. */
bool orc_same_tenant(const char *a, const char *b);

/* depend.c: what the entries depend on. False: the store is asked, or it is refused. */
bool orc_resolve(submission *s);
/* True when the refs of the request form a cycle; it is noted. */
bool orc_find_cycle(submission *s);
/* In a batch a task can't wait for one that was refused. */
void orc_refuse_dependants(submission *s);

/* submit.c: an answer to all of it. @p pointer NULL: it is no field's fault. */
void orc_submit_refuse_whole(submission *s, int64_t status, const char *code,
                             const char *pointer, const char *detail);

/* accept.c: makes tasks of all entries without a code, and answers. */
void orc_accept(submission *s);

/* The answer to an entry that was refused. */
problem orc_entry_problem(const submit_entry *entry);

#endif
