/* Walks a folder that somebody hostile may have made, through descriptors only.
 * Used to measure, hand over, copy and list workdirs.
 * Never follows a symbolic link, never leaves the tree, never opens anything but folders. */
#ifndef SANDBOX_WALK_H
#define SANDBOX_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { WALK_DEPTH_MAX = 100, WALK_PATH_MAX = 4096 };

typedef enum sandbox__walk_kind {
    WALK_ENTRY,      /* Anything but a folder. */
    WALK_FOLDER,     /* Before what is in it. */
    WALK_UNREADABLE, /* A folder or entry that can't be looked at. */
    WALK_TOO_DEEP,   /* A folder below WALK_DEPTH_MAX others, or with a path too long. */
} sandbox__walk_kind;

typedef struct sandbox__walk_entry {
    sandbox__walk_kind kind;
    int folder;       /* Where it is. */
    const char *name; /* There. */
    const char *path; /* Relative to the start. */
    struct stat st;   /* Zero with WALK_UNREADABLE. */
} sandbox__walk_entry;

typedef enum sandbox__walk_answer {
    WALK_GO_ON,
    WALK_PASS_OVER,
    WALK_STOP
} sandbox__walk_answer;

typedef sandbox__walk_answer sandbox__walk_visit(void *ctx, const sandbox__walk_entry *entry);

/* False: stopped by the visitor, or @p root can't be read. */
bool sandbox__walk(int root, sandbox__walk_visit *visit, void *ctx);

#endif
