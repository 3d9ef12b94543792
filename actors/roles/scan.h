/* One pass of one tool over the files it understands: in chunks, within a budget, output
 * parsed. Used by the adapters of analyzers; a scan is what the threads of one role share.
 * Never trusts a tool's output: what does not parse is said in skipped, not guessed. */
#ifndef ROLES_SCAN_H
#define ROLES_SCAN_H

#include "actors/roles/finding.h"
#include "actors/roles/tool.h"
#include "actors/roles/workspace.h"

#define SCAN_FILES_MAX  200u /* Files of one run. */
#define SCAN_ALONE_MAX  48u  /* Files run alone after a chunk of theirs failed; per pass. */
#define SCAN_PREFIX_MAX 160u /* Arguments before the files. */

typedef struct scan {
    tool_box *box;
    const workspace *ws;
    finding_list *findings;
} scan;

typedef struct scan_adapter {
    const char *name; /* In evidence and findings: "gcc -fanalyzer". A constant. */
    const char *program, *package, *purpose;
    const char *const *prefix; /* Arguments before the files; ends with NULL. */
    bool (*wanted)(const workspace_file *file);
    bool generated_too; /* Also the files that nobody here wrote. */
    size_t files_per_run;
    uint64_t run_ms;    /* For one run. */
    uint64_t budget_ms; /* Tool time: For all of them, added up; what is left out then is said
                           in skipped. */
    uint64_t mem_bytes; /* 0: the sandbox's default. */
    const char *stdin_text; /* May be NULL. */
    finding_dimension dimension;
    void *ctx; /* The adapter's own. */
    /* False: the output is not what this tool writes. May run in two threads at a time. */
    bool (*parse)(scan *s, const struct scan_adapter *adapter, const tool_result *result);
} scan_adapter;

/* Runs the adapter over all files it wants; two runs at a time. Nothing wanted: does nothing.
 */
void scan_run(scan *s, const scan_adapter *adapter);

/* A path of the tool's output, relative to the tree; NULL when it is outside. Changes nothing.
 */
const char *scan_relative(const scan *s, const char *path);

/* Calls @p each with every line of @p text, NUL-terminated in a buffer of its own (which @p
 * each may change). Stops early when it returns false; false when one did, or without memory.
 */
bool scan_lines(const char *text, bool (*each)(char *line, void *ctx), void *ctx);

/* Splits @p line at tabs, in place; returns how many fields (at most @p capacity). */
size_t scan_fields(char *line, char **out, size_t capacity);

/* A line, a column or another number that begins with 1; 0: there is none. */
unsigned scan_number(const json_t *object, const char *key);

/* Lines of code in the languages that the analyzers know. */
uint64_t scan_code_lines(const workspace *ws);

bool scan_is_c(const workspace_file *file);      /* C, C++ and headers. */
bool scan_is_c_unit(const workspace_file *file); /* C and C++ without headers. */
bool scan_is_python(const workspace_file *file);
bool scan_is_python_product(const workspace_file *file); /* Not of its tests. */
bool scan_is_shell(const workspace_file *file);

#endif
