#include "actors/gateway/metrics_links.h"

#include <cogo/cluster.h>

#include <string.h>

#define FIRST_BOUND_S 16e-6 /* Of cogo_node_info.rtt_counts. */
#define NS_PER_S      1e9

/* All peers that ever were, and those that are linked now. */
typedef struct sums {
    cogo_node_info *up; /* LINK_SERIES_MAX. */
    size_t up_count;
    uint64_t bytes_in, bytes_out, queued_bytes, nacks;
} sums;

static void add_up(cogo_system *system, sums *all)
{
    cogo_node_info info = {.struct_size = sizeof info};
    uint32_t cursor = 0;
    do {
        if (cogo_node_list(system, &cursor, &info, 1) != 1) {
            return;
        }
        all->bytes_in += info.bytes_in;
        all->bytes_out += info.bytes_out;
        all->queued_bytes += info.queued_bytes;
        all->nacks += info.nacks;
        if (info.up && all->up_count < LINK_SERIES_MAX) {
            all->up[all->up_count++] = info;
        }
    } while (cursor != 0);
}

static char *label(metric_list *list, const char *name, const char *value)
{
    char *text = metric_labels(list->arena, &name, &value, 1);
    list->failed = list->failed || text == NULL;
    return text;
}

static void one(metric_list *list, const char *name, const char *type, const char *help,
                double value)
{
    metric_list_family(list, name, help, type);
    metric_list_sample(list, "", NULL, value);
}

static void add_rtt(metric_list *list, const cogo_node_info *info)
{
    const char *labels = label(list, "node", info->name);
    double bound = FIRST_BOUND_S;
    uint64_t sum = 0;
    for (int i = 0; i < COGO_NODE_RTT_BUCKETS; i++, bound *= 2) {
        bool last = i == COGO_NODE_RTT_BUCKETS - 1;
        char *text = last ? cogo_arena_printf(list->arena, "%s,le=\"+Inf\"", labels)
                          : cogo_arena_printf(list->arena, "%s,le=\"%.6g\"", labels, bound);
        sum += info->rtt_counts[i];
        list->failed = list->failed || text == NULL;
        metric_list_sample(list, "_bucket", text, (double)sum);
    }
    metric_list_sample(list, "_sum", labels, (double)info->rtt_sum_ns / NS_PER_S);
    metric_list_sample(list, "_count", labels, (double)sum);
}

static void add_counts(metric_list *list, const cogo_node_stats *stats, const sums *all)
{
    one(list, "cogo_links", "gauge", "Nodes that this one is linked with.", stats->links);
    one(list, "cogo_links_up_total", "counter", "Links that came up.", (double)stats->links_up);
    one(list, "cogo_links_lost_total", "counter", "Links that were lost.",
        (double)stats->links_lost);
    metric_list_family(list, "cogo_link_refused_total",
                       "Connections that were not made, on either side, by reason.", "counter");
    for (int i = 0; i < COGO_NODE_REFUSALS; i++) {
        metric_list_sample(list, "",
                           label(list, "reason", cogo_node_refusal_name((cogo_node_refusal)i)),
                           (double)stats->refused[i]);
    }
    metric_list_family(list, "cogo_link_bytes_total", "Bytes over all links, by direction.",
                       "counter");
    metric_list_sample(list, "", label(list, "direction", "in"), (double)all->bytes_in);
    metric_list_sample(list, "", label(list, "direction", "out"), (double)all->bytes_out);
    one(list, "cogo_process_ends_total", "counter",
        "Child processes that ended unasked, by a crash or otherwise.",
        (double)stats->process_ends);
    one(list, "cogo_link_queued_bytes", "gauge", "Messages that wait for links.",
        (double)all->queued_bytes);
    one(list, "cogo_link_nacks_total", "counter",
        "Messages that other nodes could not deliver, or this one of theirs.",
        (double)all->nacks);
}

/* What this node knows of the others, and what it did about those out of reach. */
static void add_members(cogo_system *system, metric_list *list)
{
    cogo_cluster_stats stats = {.struct_size = sizeof stats};
    if (cogo_cluster_stats_read(system, &stats) != COGO_OK) {
        return;
    }
    metric_list_family(list, "cogo_members", "Members of the cluster by state, as seen here.",
                       "gauge");
    for (int i = 0; i < COGO_MEMBER_STATES; i++) {
        metric_list_sample(list, "",
                           label(list, "state", cogo_member_state_name((cogo_member_state)i)),
                           stats.members[i]);
    }
    one(list, "cogo_cluster_majority", "gauge", "1: this side has the majority of the voters.",
        stats.majority);
    one(list, "cogo_member_suspicions_total", "counter", "Members that this node suspected.",
        (double)stats.suspicions);
    one(list, "cogo_member_suspicions_refuted_total", "counter",
        "Suspicions, of anybody's, that were denied.", (double)stats.refuted);
    one(list, "cogo_member_deaths_total", "counter", "Members that this node declared dead.",
        (double)stats.deaths);
    one(list, "cogo_member_probes_total", "counter",
        "Questions to others about a member that is out of reach.", (double)stats.probes);
    one(list, "cogo_node_reborn_total", "counter",
        "Times that this node was declared dead and went on as a later incarnation.",
        (double)stats.reborn);
    one(list, "cogo_node_late_seconds", "gauge", "How late its latest beat came.",
        (double)stats.late_ns / NS_PER_S);
}

void metrics_links(cogo_system *system, metric_list *list)
{
    cogo_node_stats stats = {.struct_size = sizeof stats};
    sums all = {.up = cogo_arena_alloc(list->arena, LINK_SERIES_MAX * sizeof *all.up)};
    if (cogo_node_stats_read(system, &stats) != COGO_OK) {
        return;
    }
    if (all.up == NULL) {
        list->failed = true;
        return;
    }
    add_up(system, &all);
    add_counts(list, &stats, &all);
    add_members(system, list);
    metric_list_family(list, "cogo_link_rtt_seconds",
                       "Round trips of heartbeats with each linked node.", "histogram");
    for (size_t i = 0; i < all.up_count; i++) {
        add_rtt(list, &all.up[i]);
    }
}
