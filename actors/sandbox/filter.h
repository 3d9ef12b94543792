/* The seccomp filter: the system calls that a sandboxed program is refused.
 * Used by the plan; made once per process for each kind of network.
 * Never loads anything itself. */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include <cogo/error.h>

#include <linux/filter.h>
#include <stdbool.h>

typedef enum sandbox__net {
    NET_NO_SOCKETS, /* No sockets at all but connected pairs: the host's network is in reach. */
    NET_UNIX,     /* AF_UNIX only: no network, but file names and abstract names are our own. */
    NET_LOOPBACK, /* + IPv4, IPv6, netlink, in a network namespace of its own. */
} sandbox__net;

/* Ownership: the program stays the room's; it is constant once made. NULL: libseccomp refused.
 */
const struct sock_fprog *sandbox__filter(sandbox__net net);

#endif
