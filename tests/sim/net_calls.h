/* How the calls of the simulated network stand in the place of the machine's: the linker gives
 * the runtime these; outside of a run, and for descriptors of the machine, they are the
 * machine's. Used by net_calls.c (sockets) and net_epoll.c (waiting for them). */
#ifndef TESTS_SIM_NET_CALLS_H
#define TESTS_SIM_NET_CALLS_H

#include "tests/sim/net.h"

#include <errno.h>

#define WRAP(type, name, ...)        \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

static inline bool net_is_ours(int fd)
{
    return fd >= NET_FD_FIRST;
}

static inline int net_failed(int error)
{
    errno = error;
    return -1;
}

#endif
