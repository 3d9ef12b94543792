/* Cycles in the dependencies of one request.
 * Used when tasks name each other by `ref`; tasks that exist already can't be part of a cycle.
 * Pure, and without recursion: a chain of 65536 tasks is no danger to the stack. */
#ifndef ORCHESTRATOR_GRAPH_H
#define ORCHESTRATOR_GRAPH_H

#include <stddef.h>

/* Node n depends on targets[starts[n] .. starts[n + 1] - 1]. */
typedef struct orc_graph {
    const size_t *starts; /* node_count + 1 entries. */
    const size_t *targets;
    size_t node_count;
} orc_graph;

/* Writes the nodes of one cycle in the order of their dependencies (at most node_count) and
 * returns how many; 0 when there is none. */
size_t orc_graph_cycle(const orc_graph *graph, size_t *out_path);

#endif
