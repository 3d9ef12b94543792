#include "codec/contract/locate.h"

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

bool locate_ask(cogo_context *ctx, const char *name, uint32_t *node, uint64_t *out_ask)
{
    *node = next_node(cogo_context_system(ctx), *node);
    if (*node != 0
        && cogo_node_name_ask(ctx, *node, name, LOCATE_TIMEOUT_MS * UINT64_C(1000000), out_ask)
               == COGO_OK) {
        return true;
    }
    *out_ask = 0;
    *node = 0;
    return false;
}

cogo_actor_id locate_found(cogo_msg *answer)
{
    cogo_actor_id found = COGO_NO_ACTOR;
    if (cogo_msg_type_of(answer) == COGO_MSG_NAME) {
        memcpy(&found, cogo_msg_payload(answer), sizeof found);
    }
    return found;
}
