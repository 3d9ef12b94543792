/* The route of nodes: this one, and those that it is or was linked with. Nobody is asked. */
#include "actors/gateway/route.h"

#include <cogo/node.h>

#include <inttypes.h>
#include <stdio.h>

#define NS_PER_MS 1e6

static const char *hex(exchange *x, uint64_t number)
{
    const char *text = cogo_arena_printf(&x->arena, "%016" PRIx64, number);
    return text != NULL ? text : "";
}

static json_t *self_json(exchange *x)
{
    cogo_node_stats stats = {.struct_size = sizeof stats};
    if (cogo_node_stats_read(x->desk->system, &stats) != COGO_OK) {
        return NULL; // A process without links is no node.
    }
    node_status status = {
        .name = stats.name, .state = "self", .incarnation = hex(x, stats.incarnation)};
    return json_from_record(&node_status_record, &status);
}

static json_t *peer_json(exchange *x, const cogo_node_info *info)
{
    node_status status = {.name = info->name,
                          .state = info->up ? "up" : "down",
                          .node = info->node,
                          .incarnation = hex(x, info->incarnation),
                          .rtt_ms = (double)info->rtt_ns / NS_PER_MS,
                          .bytes_in = (int64_t)info->bytes_in,
                          .bytes_out = (int64_t)info->bytes_out,
                          .queued_bytes = (int64_t)info->queued_bytes,
                          .nacks = (int64_t)info->nacks};
    return json_from_record(&node_status_record, &status);
}

/* A node that came back as another incarnation is shown once. */
static bool was_replaced(cogo_system *system, const cogo_node_info *info)
{
    uint32_t now = info->up ? info->node : cogo_node_find(system, info->name);
    return now != 0 && now != info->node;
}

void route_node_list(exchange *x)
{
    int64_t size, from;
    if (!route_read_page(x, &size, &from)) {
        return;
    }
    uint32_t cursor = (uint32_t)from;
    json_t *list = json_array(), *self = from == 0 ? self_json(x) : NULL;
    if (self != NULL) {
        (void)json_array_append_new(list, self);
    }
    do {
        cogo_node_info info = {.struct_size = sizeof info};
        if (cogo_node_list(x->desk->system, &cursor, &info, 1) == 1
            && !was_replaced(x->desk->system, &info)) {
            (void)json_array_append_new(list, peer_json(x, &info));
        }
    } while (cursor != 0 && (int64_t)json_array_size(list) < size);
    json_t *whole = json_object();
    (void)json_object_set_new(whole, "nodes", list);
    if (cursor != 0) {
        char next[16];
        snprintf(next, sizeof next, "%u", cursor);
        (void)json_object_set_new(whole, "nextPageToken", json_string(next));
    }
    exchange_json(x, 200, whole);
}
