/* Processes that only burn CPU, to see how latency stands it when CPUs are wanted by others.
 * Used by `cogo bench --burners`.
 * Never outlive the thread that started them. */
#ifndef BENCH_BURNERS_H
#define BENCH_BURNERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { BURNERS_MAX = 256 };

typedef struct burners {
    pid_t pids[BURNERS_MAX];
    uint32_t count;
} burners;

/* Before there are other threads. False: errno says why, and none burns. */
bool burners_start(uint32_t count, burners *out);
void burners_stop(burners *b);

#endif
