/* What the files of the simulated network share.
 * Used by net.c (hosts, paths and what goes over them) and net_socket.c (its two ends). */
#ifndef TESTS_SIM_NET_PARTS_H
#define TESTS_SIM_NET_PARTS_H

#include "tests/sim/net.h"

/** When what goes from one host to another now arrives; NET_NEVER: the path is cut. */
uint64_t net_arrival(int from, int to, size_t size);
/** With a copy of @p bytes; of size 0: an end. */
net_segment *net_segment_of(const void *bytes, size_t size);
/** Puts it on its way, behind what is on its way already. */
void net_send(net_socket *to, int from, net_segment *segment);
/** The first that is on its way or here; NULL: none. The caller frees it. */
net_segment *net_segment_take(net_socket *s);
/** A reset came: what has not been read is lost. */
void net_break(net_socket *s, int error);
/** Both ends are closed: its number may be another's. */
void net_forget(net_socket *s);

#endif
