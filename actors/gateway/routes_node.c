/* The route of nodes: this one, those that it is or was linked with, and members that it only
 * heard of. Nobody is asked. */
#include "actors/gateway/route.h"

#include <cogo/cluster.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1e6

/* Page tokens: indices of peers, of which the first is 1, then those of members behind this
 * one.
 */
static const int64_t members_from = INT64_C(1) << 30;

static const char *hex(exchange *x, uint64_t number)
{
    const char *text = cogo_arena_printf(&x->arena, "%016" PRIx64, number);
    return text != NULL ? text : "";
}

/* What is told of it as a member, if that is not of an earlier incarnation. */
static void add_member(exchange *x, node_status *status, const cogo_member *m)
{
    status->member_state = cogo_member_state_name(m->state);
    status->address = m->address[0] != '\0' ? cogo_arena_strdup(&x->arena, m->address) : NULL;
    status->listed = m->listed;
}

static json_t *self_json(exchange *x)
{
    cogo_node_stats stats = {.struct_size = sizeof stats};
    cogo_member member = {.struct_size = sizeof member};
    if (cogo_node_stats_read(x->desk->system, &stats) != COGO_OK) {
        return NULL; // A process without links is no node.
    }
    node_status status = {
        .name = stats.name, .state = "self", .incarnation = hex(x, stats.incarnation)};
    if (cogo_cluster_find(x->desk->system, stats.name, &member) == COGO_OK) {
        add_member(x, &status, &member);
    }
    return json_from_record(&node_status_record, &status);
}

static json_t *peer_json(exchange *x, const cogo_node_info *info)
{
    cogo_member member = {.struct_size = sizeof member};
    node_status status = {.name = info->name,
                          .state = info->up ? "up" : "down",
                          .node = info->node,
                          .incarnation = hex(x, info->incarnation),
                          .rtt_ms = (double)info->rtt_ns / NS_PER_MS,
                          .bytes_in = (int64_t)info->bytes_in,
                          .bytes_out = (int64_t)info->bytes_out,
                          .queued_bytes = (int64_t)info->queued_bytes,
                          .nacks = (int64_t)info->nacks};
    if (cogo_cluster_find(x->desk->system, info->name, &member) == COGO_OK
        && member.incarnation >= info->incarnation) {
        add_member(x, &status, &member);
    }
    return json_from_record(&node_status_record, &status);
}

static json_t *member_json(exchange *x, const cogo_member *member)
{
    node_status status = {.name = member->name,
                          .state = "down",
                          .incarnation =
                              member->incarnation != 0 ? hex(x, member->incarnation) : NULL};
    add_member(x, &status, member);
    return json_from_record(&node_status_record, &status);
}

/* A node that came back as another incarnation is shown once. */
static bool was_replaced(cogo_system *system, const cogo_node_info *info)
{
    uint32_t now = info->up ? info->node : cogo_node_find(system, info->name);
    return now != 0 && now != info->node;
}

static bool was_linked(cogo_system *system, const char *name)
{
    cogo_node_info info = {.struct_size = sizeof info};
    uint32_t cursor = 0;
    do {
        if (cogo_node_list(system, &cursor, &info, 1) == 1 && strcmp(info.name, name) == 0) {
            return true;
        }
    } while (cursor != 0);
    return false;
}

static bool is_full(const json_t *list, int64_t size)
{
    return (int64_t)json_array_size(list) >= size;
}

/* Where to go on. */
static int64_t add_peers(exchange *x, json_t *list, int64_t size, int64_t from)
{
    uint32_t cursor = (uint32_t)from;
    while (cursor != 0 && !is_full(list, size)) {
        cogo_node_info info = {.struct_size = sizeof info};
        if (cogo_node_list(x->desk->system, &cursor, &info, 1) == 1
            && !was_replaced(x->desk->system, &info)) {
            (void)json_array_append_new(list, peer_json(x, &info));
        }
    }
    return cursor != 0 ? cursor : members_from;
}

/* 0: that was all of them. */
static int64_t add_members(exchange *x, json_t *list, int64_t size, int64_t from)
{
    uint32_t cursor = (uint32_t)(from - members_from);
    bool more = true;
    while (more && !is_full(list, size)) {
        cogo_member member = {.struct_size = sizeof member};
        if (cogo_cluster_list(x->desk->system, &cursor, &member, 1) == 1 && !member.self
            && !was_linked(x->desk->system, member.name)) {
            (void)json_array_append_new(list, member_json(x, &member));
        }
        more = cursor != 0;
    }
    return more ? members_from + cursor : 0;
}

void route_node_list(exchange *x)
{
    int64_t size, from;
    if (!route_read_page(x, &size, &from)) {
        return;
    }
    json_t *list = json_array(), *self = from == 0 ? self_json(x) : NULL;
    if (self != NULL) {
        (void)json_array_append_new(list, self);
    }
    from = from < members_from ? add_peers(x, list, size, from != 0 ? from : 1) : from;
    from = from >= members_from ? add_members(x, list, size, from) : from;
    json_t *whole = json_object();
    (void)json_object_set_new(whole, "nodes", list);
    if (from != 0) {
        char next[24];
        snprintf(next, sizeof next, "%" PRId64, from);
        (void)json_object_set_new(whole, "nextPageToken", json_string(next));
    }
    exchange_json(x, 200, whole);
}
