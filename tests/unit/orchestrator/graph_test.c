#include "actors/orchestrator/graph.h"
#include "tests/unit/test.h"

#include <stdlib.h>

Test(graph, diamond_is_no_cycle)
{
    const size_t starts[] = {0, 2, 3, 4, 4};
    const size_t targets[] = {1, 2, 3, 3};
    size_t path[4];
    orc_graph graph = {.starts = starts, .targets = targets, .node_count = 4};
    cr_expect_eq(orc_graph_cycle(&graph, path), 0u);
}

Test(graph, cycle_is_shown_in_the_order_of_its_dependencies)
{
    const size_t starts[] = {0, 1, 2, 3};
    const size_t targets[] = {1, 2, 1}; // 0 -> 1 -> 2 -> 1
    size_t path[3];
    orc_graph graph = {.starts = starts, .targets = targets, .node_count = 3};
    cr_assert_eq(orc_graph_cycle(&graph, path), 2u);
    cr_expect_eq(path[0], 1u);
    cr_expect_eq(path[1], 2u);
}

Test(graph, task_that_depends_on_itself_is_a_cycle_of_one)
{
    const size_t starts[] = {0, 1};
    const size_t targets[] = {0};
    size_t path[1];
    orc_graph graph = {.starts = starts, .targets = targets, .node_count = 1};
    cr_expect_eq(orc_graph_cycle(&graph, path), 1u);
}

Test(graph, long_chain_does_not_need_a_deep_stack)
{
    enum { COUNT = 200000 };
    size_t *starts = calloc(COUNT + 1, sizeof *starts);
    size_t *targets = calloc(COUNT, sizeof *targets);
    size_t *path = calloc(COUNT, sizeof *path);
    for (size_t i = 0; i < COUNT; i++) {
        starts[i] = i;
        targets[i] = (i + 1) % COUNT;
    }
    starts[COUNT] = COUNT;
    orc_graph graph = {.starts = starts, .targets = targets, .node_count = COUNT};
    cr_expect_eq(orc_graph_cycle(&graph, path), (size_t)COUNT);
    free(starts);
    free(targets);
    free(path);
}
