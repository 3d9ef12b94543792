/* A second process with a node of its own, for workloads over a link.
 * Used by link.c. Never outlives the process that started it. */
#ifndef BENCH_FAR_H
#define BENCH_FAR_H

#include "bench/bench.h"

#include <sys/types.h>

enum {
    FAR_PING = COGO_MSG_USER + 256, /* Comes back as FAR_PONG, payload and all. */
    FAR_PONG,
    FAR_BEGIN, /* A number: after so many FAR_COUNTs the count is told; begins at 0 again. */
    FAR_COUNT,
    FAR_COUNTED, /* The answer: a number. */
};

#define FAR_ACTOR "bench.far" /* The name of the actor that answers. */

typedef struct far {
    pid_t pid;
    int keep;      /* The other process ends when this end of a pipe is closed. */
    uint16_t port; /* Of its node, on 127.0.0.1. */
} far;

/* What both sides call their messages. */
cogo_err far_types(cogo_system *system);
/* Starts it, with @p lanes lanes. Call it while this process has one thread only. */
cogo_err far_start(uint32_t lanes, far *out);
/* Ends it. */
void far_stop(far *f);

#endif
