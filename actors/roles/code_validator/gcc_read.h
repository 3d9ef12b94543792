/* What gcc says of a file, read and judged. Used by gcc.c, which runs it, and gcc_read.c. */
#ifndef ROLES_CODE_VALIDATOR_GCC_READ_H
#define ROLES_CODE_VALIDATOR_GCC_READ_H

#include "actors/roles/code_validator/dimension.h"

/* One pass over the files, by threads that may run at the same time. */
typedef struct gcc_run {
    dimension_job *d;
    bool syntax;
    bool configured; /* The tree is made ready by a configure step that we did not run. */
    pthread_mutex_t lock;
    size_t unconfigured; /* Errors that the tree's configuration may explain. */
    size_t undeclared;   /* Files whose names only the build's flags may declare. */
    size_t no_header;    /* Files that want a header that is not there. */
    char headers[160];
} gcc_run;

/* The scan_adapter's parse, whose ctx is a gcc_run: takes the diagnostics of each file. */
bool gcc_read(scan *s, const scan_adapter *adapter, const tool_result *result);

/* gcc_words.c: what the words of an error mean. A header that is not there; */
bool gcc_says_missing_header(const char *kind, const char *message);
/* gcc gives up on what it cannot parse, the rest is about declarations; */
bool gcc_says_parse_error(const char *message);
/* no macro or type of a missing header explains it; */
bool gcc_says_plain_mistake(const char *message);
/* a macro, a type or a declaration behind an unknown flag explains it. */
bool gcc_says_undeclared(const char *message);

/* The class and severity of a warning; false: an opinion. */
bool gcc_warning(const char *option, unsigned *out_cwe, finding_severity *out_severity);

/* The compiler's own names for values ("argv_63", "_20") and for -1 mean nothing to the reader
 * of the source; a name that the source really has stays. */
void gcc_make_readable(const workspace *ws, const char *file, char *text);

#endif
