/* Finding the orchestrator on other nodes: they are asked one after the other. */
#include "actors/worker/room.h"

#include <cogo/node.h>

#include <string.h>

/* The next linked node behind @p index, in the order in which they were known; 0: none. */
static uint32_t next_node(cogo_system *system, uint32_t index)
{
    cogo_node_info info = {.struct_size = sizeof info};
    uint32_t cursor = index + 1;
    while (cursor != 0 && cogo_node_list(system, &cursor, &info, 1) == 1) {
        if (info.up) {
            return info.node;
        }
    }
    return 0;
}

bool worker_locate(cogo_context *ctx, const char *name, uint32_t *node, uint64_t *out_ask)
{
    *node = next_node(cogo_context_system(ctx), *node);
    if (*node != 0
        && cogo_node_name_ask(ctx, *node, name, (uint64_t)LOCATE_TIMEOUT_MS * NS_PER_MS,
                              out_ask)
               == COGO_OK) {
        return true;
    }
    *out_ask = 0;
    *node = 0;
    return false;
}

cogo_actor_id worker_located(cogo_msg *answer)
{
    cogo_actor_id found = COGO_NO_ACTOR;
    if (cogo_msg_type_of(answer) == COGO_MSG_NAME) {
        memcpy(&found, cogo_msg_payload(answer), sizeof found);
    }
    return found;
}
