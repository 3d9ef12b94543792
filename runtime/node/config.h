/* What a program asks of its node at its start: defaults, checks, addresses.
 * Used by node.c. Never keeps a pointer into what it is given. */
#ifndef COGO_NODE_CONFIG_H
#define COGO_NODE_CONFIG_H

#include "runtime/node/node.h"

/** @p given with defaults in place of what is 0 or not known to it. COGO_EINVAL: it makes no
 * sense. */
cogo_err cogo__config_fill(const cogo_node_config *given, cogo_node_config *c);
/** COGO_OK; COGO_EINVAL: no address; COGO_EAUTH: see cogo__node_may_reach(). */
cogo_err cogo__config_address(const cogo_node_config *c, const char *text, cogo__address *out);
/** Whom to join, at most COGO_NODE_JOIN_MAX: addresses, and names that will be looked up. As
 * cogo__config_address(). */
cogo_err cogo__config_joins(const cogo_node_config *c, cogo__node *node, cogo__join *joins,
                            size_t *out_count);
/** Copies it all into @p node, which is of a new incarnation. */
void cogo__config_keep(cogo__node *node, const cogo_node_config *c);

#endif
