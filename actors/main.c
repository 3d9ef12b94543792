/* The program. Start reading here:
 *   cli/cli.c     the commands
 *   cli/node.c    how a node is built out of store, orchestrator, workers and gateway
 *   cli/assess.c  the main job
 * and in ARCHITECTURE.md the way of a task from the HTTP door to its result. */
#include "actors/cli/cli.h"

int main(int argc, char **argv)
{
    return (int)cli_main(argc, argv);
}
