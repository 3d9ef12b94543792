/* Finding an actor by its name on other nodes, which are asked one after the other. Used by
 * workers, doors and orchestrators that look for the one that leads. Never decides when to try
 * again. */
#ifndef CONTRACT_LOCATE_H
#define CONTRACT_LOCATE_H

#include <cogo/actor.h>

#include <stdbool.h>

enum { LOCATE_TIMEOUT_MS = 2000 }; /* Of the question to one node. */

/* Asks the next linked node behind @p node who has the name @p name there. False: all of this
 * round have been asked, and @p node is 0 again. */
bool locate_ask(cogo_context *ctx, const char *name, uint32_t *node, uint64_t *out_ask);
/* What was answered; COGO_NO_ACTOR: nobody has it there. */
cogo_actor_id locate_found(cogo_msg *answer);

#endif
