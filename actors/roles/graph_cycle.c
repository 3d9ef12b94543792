/* Cycles in a graph of files. */
#include "actors/roles/graph.h"

#include <stdlib.h>
#include <string.h>

/* Tarjan's strongly connected components, with a stack of our own instead of recursion. */
typedef struct search {
    const graph *g;
    size_t *first; /* Of each file: its first edge; one more at the end. */
    uint32_t *index, *low, *stack, *path;
    size_t *edge; /* Of each file on the path: its next edge. */
    bool *on_stack;
    size_t stacked, deep;
    uint32_t next;
} search;

static void enter(search *s, uint32_t v)
{
    s->index[v] = s->low[v] = s->next++;
    s->stack[s->stacked++] = v;
    s->on_stack[v] = true;
    s->edge[v] = s->first[v];
    s->path[s->deep++] = v;
}

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static size_t leave(search *s, uint32_t v, graph_cycle *out, size_t found)
{
    size_t size = 0;
    while (s->stack[s->stacked - 1 - size] != v) {
        size++;
    }
    size++;
    s->stacked -= size;
    for (size_t i = 0; i < size; i++) {
        s->on_stack[s->stack[s->stacked + i]] = false;
    }
    if (size < 2 || found >= GRAPH_CYCLES_MAX) {
        return found;
    }
    uint32_t *files = calloc(size, sizeof *files);
    if (files != NULL) {
        memcpy(files, s->stack + s->stacked, size * sizeof *files);
        qsort(files, size, sizeof *files, by_number);
        out[found++] = (graph_cycle){files, size};
    }
    return found;
}

static size_t search_from(search *s, uint32_t root, graph_cycle *out, size_t found)
{
    enter(s, root);
    while (s->deep > 0) {
        uint32_t v = s->path[s->deep - 1];
        if (s->edge[v] < s->first[v + 1]) {
            uint32_t to = s->g->edges[s->edge[v]++].to;
            if (s->index[to] == 0) {
                enter(s, to);
            } else if (s->on_stack[to] && s->index[to] < s->low[v]) {
                s->low[v] = s->index[to];
            }
            continue;
        }
        s->deep--;
        if (s->deep > 0 && s->low[v] < s->low[s->path[s->deep - 1]]) {
            s->low[s->path[s->deep - 1]] = s->low[v];
        }
        if (s->low[v] == s->index[v]) {
            found = leave(s, v, out, found);
        }
    }
    return found;
}

size_t graph_cycles(const graph *g, size_t file_count, graph_cycle *out)
{
    size_t n = file_count + 1, found = 0;
    search s = {.g = g,
                .first = calloc(n + 1, sizeof(size_t)),
                .index = calloc(n, sizeof(uint32_t)),
                .low = calloc(n, sizeof(uint32_t)),
                .stack = calloc(n, sizeof(uint32_t)),
                .path = calloc(n, sizeof(uint32_t)),
                .edge = calloc(n, sizeof(size_t)),
                .on_stack = calloc(n, sizeof(bool)),
                .next = 1};
    bool ok = s.first != NULL && s.index != NULL && s.low != NULL && s.stack != NULL
              && s.path != NULL && s.edge != NULL && s.on_stack != NULL;
    for (size_t i = 0; ok && i < g->count; i++) {
        s.first[g->edges[i].from + 1]++;
    }
    for (size_t i = 1; ok && i <= n; i++) {
        s.first[i] += s.first[i - 1];
    }
    for (uint32_t v = 0; ok && v < file_count; v++) {
        if (s.index[v] == 0) {
            found = search_from(&s, v, out, found);
        }
    }
    free(s.first);
    free(s.index);
    free(s.low);
    free(s.stack);
    free(s.path);
    free(s.edge);
    free(s.on_stack);
    return found;
}

static bool in_cycle(const graph_cycle *cycle, uint32_t file)
{
    return bsearch(&file, cycle->files, cycle->count, sizeof file, by_number) != NULL;
}

const graph_edge *graph_cycle_edge(const graph *g, const graph_cycle *cycle)
{
    for (size_t i = 0; i < g->count; i++) {
        if (in_cycle(cycle, g->edges[i].from) && in_cycle(cycle, g->edges[i].to)) {
            return &g->edges[i];
        }
    }
    return NULL;
}
