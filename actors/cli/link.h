/* The links of a node: the settings of the command line become those of the runtime.
 * Used by node.c. Never writes a secret anywhere. */
#ifndef CLI_LINK_H
#define CLI_LINK_H

#include "actors/cli/node.h"

#include <cogo/node.h>

/* The name of the node in @p out: the given one, or one made of role, process and host. False:
 * @p error says why. */
bool link_name(const node_config *config, char out[COGO_NODE_NAME_SIZE], char error[256]);

/* Listens and joins. @p error: one sentence on failure. */
COGO_MUST_USE cogo_err link_start(cogo_system *system, const char *name,
                                  const node_links *links, char error[256]);

#endif
