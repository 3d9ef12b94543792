/* Child processes: what parent and child agree on, and the parts of both sides.
 * Used by process.c (the actor that has one), process_pool.c (many of them), launch.c (how it
 * is started and reaped), inside.c (the child) and words.c (its last words). */
#ifndef COGO_NODE_PROCESS_H
#define COGO_NODE_PROCESS_H

#include "runtime/node/node.h"

#include <cogo/process.h>

#include <sys/types.h>

/* Descriptors of a child process, and the variable that says that it is one:
 * "PARENT MEMORY NAME", the parent's process number, bytes or 0, and the name of its node. */
enum {
    COGO__CHILD_CONTROL = 3, /**< Sockets of the two connections of its link. */
    COGO__CHILD_DATA = 4,
    COGO__CHILD_WORDS = 5, /**< A pipe for its last words. */
    COGO__CHILD_FDS = 6,
    COGO__CHILD_NAME = COGO_PROCESS_NAME_MAX + 16, /**< Bytes of "process:POOL.N". */
};
#define COGO__CHILD_VARIABLE "COGO_PROCESS"
#define COGO__PROCESS_PREFIX "process:"

/* --- launch.c ----------------------------------------------------------------------------- */

/** The parent's side of a child process; -1: not open, or no process. */
typedef struct cogo__launched {
    pid_t pid;
    int pidfd;         /**< Readable when it has ended. */
    int control, data; /**< Non-blocking, as is `words`. */
    int words;         /**< To be read. */
} cogo__launched;

/** Starts the program anew. COGO_OK, COGO_EIO (with errno), COGO_ENOMEM. */
cogo_err cogo__launch(const cogo_allocator *from, const char *name, uint64_t memory_bytes,
                      cogo__launched *out);
void cogo__launched_kill(const cogo__launched *l);
/** True if it has ended, and is no more; @p out_text: how, for people. @p wait: until it
 * has. */
bool cogo__launched_reap(cogo__launched *l, bool wait, char *out_text, size_t text_size);
/** Closes what is open still. */
void cogo__launched_close(cogo__launched *l);

/* --- words.c ------------------------------------------------------------------------------ */

/** Fatal signals of this process say where they happened, on COGO__CHILD_WORDS, then end it. */
void cogo__words_install(void);

/* --- process.c ---------------------------------------------------------------------------- */

/** Args of the actor that has one. */
typedef struct cogo__process_plan {
    cogo__node *node;
    uint64_t memory_bytes;
    char name[COGO__CHILD_NAME];
} cogo__process_plan;

extern const cogo_behavior cogo__process_behavior; /**< Args: cogo__process_plan. */

/* --- Between a deputy and a process. ------------------------------------------------------ */

/** The process of @p pool that is to have the next actor, as it has the fewest: until
 * cogo__process_leave() with @p out_place. COGO_ENOTFOUND: no such pool runs. */
cogo_err cogo__process_choose(cogo_system *system, const char *pool, cogo_actor_id *out_process,
                              uint32_t *out_place);
void cogo__process_leave(cogo_system *system, const char *pool, uint32_t place);
/** Asks @p whom, a process, for its node: COGO__MSG_WHERE with its index comes back. */
cogo_err cogo__process_ask(cogo_context *ctx, cogo_actor_id whom, uint64_t *out_ask);

#endif
