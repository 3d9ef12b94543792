/* The program. Start reading here:
 *   cli/cli.c     the commands
 *   cli/node.c    how a node is built out of store, orchestrator, workers and gateway
 *   cli/process.c what it is as a child process, in which a worker runs
 *   cli/assess.c  the main job
 * and in ARCHITECTURE.md the way of a task from the HTTP door to its result. */
#include "actors/cli/cli.h"
#include "actors/cli/process.h"

int main(int argc, char **argv)
{
    int code = 0;
    if (process_main(&code)) {
        return code;
    }
    return (int)cli_main(argc, argv);
}
