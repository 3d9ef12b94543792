#include "actors/orchestrator/graph.h"

#include "actors/orchestrator/memory.h"

#include <string.h>

enum colour { NEW, ON_PATH, DONE };

/* One walk in depth from @p root. `path` holds the nodes on the way, `next` the edge that each
 * of them takes next. Returns the length of a cycle, which then starts at path[*out_start]. */
static size_t walk(const orc_graph *graph, size_t root, unsigned char *colours, size_t *next,
                   size_t *path, size_t *out_start)
{
    size_t depth = 1;
    path[0] = root;
    colours[root] = ON_PATH;
    while (depth > 0) {
        size_t node = path[depth - 1];
        if (next[node] == graph->starts[node + 1]) {
            colours[node] = DONE;
            depth--;
            continue;
        }
        size_t target = graph->targets[next[node]++];
        if (colours[target] == NEW) {
            colours[target] = ON_PATH;
            path[depth++] = target;
        } else if (colours[target] == ON_PATH) {
            size_t start = depth - 1;
            while (path[start] != target) {
                start--;
            }
            *out_start = start;
            return depth - start;
        }
    }
    return 0;
}

size_t orc_graph_cycle(const orc_graph *graph, size_t *out_path)
{
    unsigned char *colours = orc_alloc(graph->node_count);
    size_t *next = orc_alloc(graph->node_count * sizeof *next);
    size_t *path = orc_alloc(graph->node_count * sizeof *path);
    memcpy(next, graph->starts, graph->node_count * sizeof *next);
    size_t length = 0;
    size_t start = 0;
    for (size_t node = 0; node < graph->node_count && length == 0; node++) {
        if (colours[node] == NEW) {
            length = walk(graph, node, colours, next, path, &start);
        }
    }
    memcpy(out_path, path + start, length * sizeof *path);
    orc_free(path);
    orc_free(next);
    orc_free(colours);
    return length;
}
