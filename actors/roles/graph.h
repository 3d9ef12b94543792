/* Which file of a tree includes or imports which: C and C++ includes, Python and JavaScript
 * imports. Used by the indexer to count, by the validator to find cycles and forbidden edges.
 * Never follows what leads out of the tree. */
#ifndef ROLES_GRAPH_H
#define ROLES_GRAPH_H

#include "actors/roles/workspace.h"

#define GRAPH_EDGES_MAX  500000u
#define GRAPH_CYCLES_MAX 50u

typedef struct graph_edge {
    uint32_t from, to; /* Indices of workspace files. */
    uint32_t line;     /* Of the include or import in `from`. */
} graph_edge;

typedef struct graph {
    graph_edge *edges; /* Sorted by from. */
    size_t count;
    bool full; /* GRAPH_EDGES_MAX was reached. */
} graph;

/* One strongly connected part: at least two files that need each other. */
typedef struct graph_cycle {
    uint32_t *files; /* Owned; ascending. */
    size_t count;
} graph_cycle;

/* False: out of memory. End with graph_finish() if true. */
bool graph_build(const workspace *ws, graph *out);
void graph_finish(graph *g);

/* Writes at most GRAPH_CYCLES_MAX cycles; the caller frees each `files`. */
size_t graph_cycles(const graph *g, size_t file_count, graph_cycle *out);

/* The first edge from a file of the cycle to another one of it. */
const graph_edge *graph_cycle_edge(const graph *g, const graph_cycle *cycle);

#endif
