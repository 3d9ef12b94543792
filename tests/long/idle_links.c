/* Many idle links. Used by test_idle_links.py.
 *   idle_links hub                 listens; prints its port, and per line of stdin how many
 * links it has idle_links spokes PORT COUNT   so many nodes, each linked with the hub; prints
 * when all are; ends with stdin */
#include <cogo/cogo.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPOKES_MAX = 500, POLL_US = 10000 };
#define STOP_NS UINT64_C(10000000000)
static const char secret[] = "secret of the idle links";

static cogo_system *node_open(const char *name, const char *listen, const char *join)
{
    cogo_system *system = NULL;
    cogo_system_config config = {.struct_size = sizeof config, .lane_count = 1};
    cogo_node_config node = {.struct_size = sizeof node,
                             .name = name,
                             .listen = listen,
                             .join = join,
                             .secret = secret,
                             .secret_size_bytes = sizeof secret - 1};
    if (cogo_system_create(&config, &system) != COGO_OK
        || cogo_node_start(system, &node) != COGO_OK) {
        fprintf(stderr, "%s did not start\n", name);
        exit(1);
    }
    return system;
}

static uint32_t links(cogo_system *system)
{
    cogo_node_stats stats = {.struct_size = sizeof stats};
    return cogo_node_stats_read(system, &stats) == COGO_OK ? stats.links : 0;
}

static void close_all(cogo_system **systems, int count)
{
    for (int i = 0; i < count; i++) {
        (void)cogo_node_stop(systems[i], STOP_NS);
        (void)cogo_system_stop(systems[i], STOP_NS);
        cogo_system_destroy(systems[i]);
    }
}

int main(int argc, char **argv)
{
    static cogo_system *systems[SPOKES_MAX];
    char line[64], name[64], join[64];
    int count = argc == 4 ? atoi(argv[3]) : 1;
    if (argc == 2) {
        systems[0] = node_open("hub", "127.0.0.1:0", NULL);
        printf("%u\n", (unsigned)cogo_node_port(systems[0]));
    }
    for (int i = 0; argc == 4 && i < count && i < SPOKES_MAX; i++) {
        snprintf(name, sizeof name, "spoke-%d-%d", (int)getpid(), i);
        snprintf(join, sizeof join, "127.0.0.1:%s", argv[2]);
        systems[i] = node_open(name, NULL, join);
        while (links(systems[i]) == 0) {
            usleep(POLL_US);
        }
    }
    printf("%d\n", count);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        printf("%u\n", (unsigned)links(systems[0]));
        fflush(stdout);
    }
    close_all(systems, count);
    return 0;
}
