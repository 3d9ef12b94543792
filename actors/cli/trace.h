/* A trace of the runtime, kept while a node works and written to a file when it stops.
 * Used by `cogo dev --trace`. Never slows a node that was started without it. */
#ifndef CLI_TRACE_H
#define CLI_TRACE_H

#include <cogo/observe.h>

#include <stdio.h>

typedef struct trace {
    FILE *out; /* NULL: nothing is traced. */
    const char *path;
} trace;

/* Opens @p path, so that a wrong one is told at once, and begins. NULL: does nothing. @p error:
 * one sentence on failure. @p path must outlive @p t. */
COGO_MUST_USE cogo_err trace_begin(trace *t, cogo_system *system, const char *path,
                                   char error[256]);
/* Ends what was begun, writes it and says where; also that it could not. */
void trace_end(trace *t, cogo_system *system);

#endif
