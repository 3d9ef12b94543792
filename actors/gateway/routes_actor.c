/* Routes of the actors of this node. Nobody is asked: the runtime tells while they go on. */
#include "actors/gateway/route.h"

#include <cogo/system.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 64 };

/* NULL: no memory. @p info has to live as long as the record. */
static const actor_status *status_of(cogo_arena *arena, const cogo_actor_info *info)
{
    actor_status *s = cogo_arena_alloc(arena, sizeof *s);
    char *id = cogo_arena_printf(arena, "%u.%u.%u.%u", info->id.node, info->id.incarnation,
                                 info->id.slot, info->id.generation);
    if (s == NULL || id == NULL) {
        return NULL;
    }
    *s = (actor_status){
        .actor_id = id,
        .name = info->name,
        .behavior = info->behavior,
        .state = (int32_t)info->state,
        .message_type = info->message_name,
        .detached = info->detached,
        .mailbox_depth = info->mailbox_depth,
        .messages_handled = (int64_t)info->messages_handled,
        .memory_bytes = (int64_t)info->memory_bytes,
        .memory_limit_bytes = (int64_t)info->memory_limit_bytes,
        .restarts = info->restarts,
        .links = info->links,
        .watchers = info->watchers,
    };
    return s;
}

static json_t *actor_json(exchange *x, const cogo_actor_info *info)
{
    const actor_status *status = status_of(&x->arena, info);
    return status != NULL ? json_from_record(&actor_status_record, status) : NULL;
}

bool route_read_page(exchange *x, int64_t *out_size, int64_t *out_from)
{
    const char *token = query_get(&x->query, "pageToken");
    *out_from = 0;
    if (!exchange_page_size(x, out_size)) {
        return false;
    }
    if (token != NULL && !query_number(token, 0, UINT32_MAX, out_from)) {
        exchange_invalid(x, "pageToken", "Not a token of this list.");
        return false;
    }
    return true;
}

void route_actor_list(exchange *x)
{
    int64_t size, from;
    if (!route_read_page(x, &size, &from)) {
        return;
    }
    cogo_actor_info *found = cogo_arena_alloc(&x->arena, (size_t)size * sizeof *found);
    if (found == NULL) {
        exchange_problem(x, 503, NULL, "Out of memory.");
        return;
    }
    found->struct_size = sizeof *found;
    uint32_t cursor = (uint32_t)from;
    size_t count = cogo_actor_list(x->desk->system, &cursor, found, (size_t)size);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, actor_json(x, &found[i]));
    }
    json_t *whole = json_object();
    (void)json_object_set_new(whole, "actors", list);
    if (cursor != 0) {
        char next[16];
        snprintf(next, sizeof next, "%u", cursor);
        (void)json_object_set_new(whole, "nextPageToken", json_string(next));
    }
    exchange_json(x, 200, whole);
}

/* "0.7.12.3", or a registered name. */
static cogo_actor_id id_of(cogo_system *system, const char *text)
{
    uint64_t part[4];
    char again[TEXT_SIZE];
    if (sscanf(text, "%10" SCNu64 ".%10" SCNu64 ".%10" SCNu64 ".%10" SCNu64, &part[0], &part[1],
               &part[2], &part[3])
        == 4) {
        cogo_actor_id id = {(uint32_t)part[0], (uint32_t)part[1], (uint32_t)part[2],
                            (uint32_t)part[3]};
        snprintf(again, sizeof again, "%u.%u.%u.%u", id.node, id.incarnation, id.slot,
                 id.generation);
        if (strcmp(again, text) == 0) {
            return id; // Else something is behind it, or a part is too large.
        }
    }
    return cogo_name_find(system, text);
}

void route_actor_get(exchange *x)
{
    cogo_actor_info info = {.struct_size = sizeof info};
    cogo_actor_id id = id_of(x->desk->system, x->id);
    if (cogo_actor_info_read(x->desk->system, id, &info) != COGO_OK) {
        exchange_problem(x, 404, "ACTOR_NOT_FOUND", "No actor has this id or name.");
        return;
    }
    exchange_json(x, 200, actor_json(x, &info));
}
