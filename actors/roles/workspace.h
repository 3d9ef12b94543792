/* The source tree of one job: a private copy, and the list of its files with kind and language.
 * Used by every role that looks at code; its context is {"path": "/abs"} or {"files": {"a/b.c":
 * "text"}}. Never touches the user's own tree, never follows a symbolic link, never trusts a
 * file name's ending alone. */
#ifndef ROLES_WORKSPACE_H
#define ROLES_WORKSPACE_H

#include "actors/roles/language.h"
#include "actors/roles/role.h"

#define WORKSPACE_FILES_MAX      100000u                     /* Files of a tree. */
#define WORKSPACE_BYTES_MAX      (2ull * 1024 * 1024 * 1024) /* Bytes of a tree. */
#define WORKSPACE_TEXT_BYTES_MAX (4u * 1024 * 1024) /* Larger files are listed, not read. */
#define WORKSPACE_DEPTH_MAX      64                 /* Folders below each other. */
#define WORKSPACE_NAMED_MAX      20u                /* Names given per kind of left-out file. */

/* JSON Schema text of the two properties, for the input_schema of roles:
 * "{\"type\":\"object\",\"properties\":{" WORKSPACE_SCHEMA ",...}}" */
#define WORKSPACE_SCHEMA                                                                      \
    "\"path\":{\"type\":\"string\",\"description\":\"absolute path of a folder or a file\"}," \
    "\"files\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"},"          \
    "\"description\":\"relative name to text\"}"

typedef enum workspace_kind {
    WORKSPACE_TEXT,
    WORKSPACE_BINARY,     /* Holds a NUL byte in a text's place, whatever its name says. */
    WORKSPACE_OVERSIZED,  /* Text beyond WORKSPACE_TEXT_BYTES_MAX. */
    WORKSPACE_UNREADABLE, /* Could not be read, so it is not in the copy. */
    WORKSPACE_MISNAMED,   /* Its name holds control bytes or is no UTF-8: no tool can say it. */
} workspace_kind;

typedef struct workspace_file {
    const char *path; /* Below the tree, without "./" or a leading "/". */
    workspace_kind kind;
    language_id language; /* LANGUAGE_NONE unless WORKSPACE_TEXT. */
    uint64_t bytes;
    bool generated; /* Made by a program, or other people's: counted, not judged. */
} workspace_file;

typedef struct workspace {
    const char *tree; /* Absolute; may be used as a sandbox's workdir (then it is changed). */
    workspace_file *files; /* Sorted by path. Leaves out .git, node_modules and their like. */
    size_t count;
    uint64_t bytes;
    cogo_arena arena; /* Holds paths; not for others (threads). */
} workspace;

/* Validates the context, copies the tree to state_dir/tree, lists it. What is left out is said
 * in job->skipped. Ownership: end @p ws with workspace_close() if true was returned. False:
 * job->errors says which field and why; the role answers ROLE_FAILED. */
bool workspace_open(role_job *job, workspace *ws);
void workspace_close(workspace *ws);

/* workspace_list.c: lists the copy of @p from that workspace_open() has made. */
bool workspace_list(role_job *job, const char *from, workspace *ws);

/* The text of a file with a NUL after it; NULL when it is no text, too large, or out of memory.
 * Thread-safe. The caller frees it. */
char *workspace_read(const workspace *ws, const workspace_file *file, size_t *out_size);

/* NULL when there is no such file. */
const workspace_file *workspace_find(const workspace *ws, const char *path);

/* Text files of one language. */
size_t workspace_language_count(const workspace *ws, language_id language);

/* Says in skipped how many files are not judged because nobody here wrote them. */
void workspace_say_generated(role_job *job, const workspace *ws);

/* True for the code of tests and examples ("tests/", "test_x.py", "examples/", ...). */
bool workspace_is_test(const char *path);

#endif
