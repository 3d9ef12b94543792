/* What strangers do to a node's port: wrong secrets, silence, garbage, many connections. */
#include "tests/unit/runtime/cluster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int dial(const place *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(cogo_node_port(p->system))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_expect_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* Reads until the node closes. Returns how many bytes it said. */
static size_t hear_the_end(int fd)
{
    char buffer[4096];
    size_t total = 0;
    ssize_t got;
    while ((got = recv(fd, buffer, sizeof buffer, 0)) > 0) {
        total += (size_t)got;
    }
    close(fd);
    return total;
}

/* Whoever connects and says nothing is cut off; others are let in meanwhile. */
Test(node_stranger, a_silent_one_is_cut_off_while_others_come_in)
{
    place a, b;
    cogo_node_config config = cluster_config("a");
    config.handshake_ms = 300;
    place_open(&a, config, NULL);
    int silent = dial(&a);
    place_open(&b, cluster_config("b"), &a);
    (void)cluster_echo(&a, "echo");
    cogo_actor_id far = cluster_find(&b, "a", "echo");
    cr_expect_eq(scene_ask_u64(b.system, far), 0u);
    cr_expect_gt(hear_the_end(silent), 0u, "it is told why");
    cr_expect_eq(scene_ask_u64(b.system, far), 0u);
    place_close(&b);
    place_close(&a);
}

Test(node_stranger, garbage_is_refused_and_hurts_nobody)
{
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    place_open(&b, cluster_config("b"), &a);
    (void)cluster_echo(&a, "echo");
    cogo_actor_id far = cluster_find(&b, "a", "echo");
    uint64_t seed = 7;
    for (int round = 0; round < 50; round++) {
        unsigned char bytes[600];
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            bytes[i] = (unsigned char)(seed >> 56);
        }
        bytes[0] = 0;
        bytes[1] = (unsigned char)(round % 2); // Half of them promise too much.
        bytes[2] = 0;
        bytes[3] = 50;
        int fd = dial(&a);
        (void)send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);
        (void)hear_the_end(fd);
    }
    cr_expect_eq(scene_ask_u64(b.system, far), 0u);
    place_close(&b);
    place_close(&a);
}

/* More than are allowed at a time: those beyond the limit are closed at once, the others when
 * their time is over, and then a peer comes in. */
Test(node_stranger, two_hundred_half_open_connections_are_bounded)
{
    enum { MANY = 200 };
    place a, b;
    int fds[MANY];
    cogo_node_config config = cluster_config("a");
    config.handshake_ms = 500;
    place_open(&a, config, NULL);
    for (int i = 0; i < MANY; i++) {
        fds[i] = dial(&a);
    }
    place_open(&b, cluster_config("b"), &a);
    (void)cluster_echo(&a, "echo");
    cogo_actor_id far = cluster_find(&b, "a", "echo");
    cr_expect_eq(scene_ask_u64(b.system, far), 0u);
    int told = 0;
    for (int i = 0; i < MANY; i++) {
        told += hear_the_end(fds[i]) > 0;
    }
    cr_expect_lt(told, MANY, "some were closed without a word");
    place_close(&b);
    place_close(&a);
}

typedef struct logged {
    sem_t refused;
} logged;

static void on_log(void *ctx, cogo_log_level level, const char *line)
{
    (void)level;
    if (strstr(line, "secrets differ") != NULL) {
        sem_post(&((logged *)ctx)->refused);
    }
}

Test(node_stranger, a_wrong_secret_is_refused_and_logged)
{
    place a;
    logged log;
    sem_init(&log.refused, 0, 0);
    place_open(&a, cluster_config("a"), NULL);
    cogo_system_config config = {
        .struct_size = sizeof config, .lane_count = 1, .log = on_log, .log_ctx = &log};
    cogo_system *system = NULL;
    cr_assert_eq(cogo_system_create(&config, &system), COGO_OK);
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", cogo_node_port(a.system));
    cogo_node_config wrong = cluster_config("b");
    wrong.secret = "a secret of some other cluster";
    wrong.secret_size_bytes = 30;
    wrong.join = address;
    cr_expect_eq(cogo_node_start(system, &wrong), COGO_OK);
    sem_wait(&log.refused);
    sem_wait(&log.refused); // It tries again, later each time.
    cr_expect_eq(cogo_node_find(system, "a"), 0u);
    cr_expect_eq(cogo_node_find(a.system, "b"), 0u);
    cr_expect_eq(cogo_node_stop(system, SCENE_LONG_NS), COGO_OK);
    scene_close(system);
    place_close(&a);
    sem_destroy(&log.refused);
}

/* Tries to join a node of the name @p name until that is refused for @p reason, on both
 * sides. */
static void refused_for(const place *a, const char *name, const char *cluster,
                        cogo_node_refusal reason)
{
    cogo_node_stats here = {.struct_size = sizeof here}, there = here;
    cogo_system *system = scene_open(1);
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", cogo_node_port(a->system));
    cogo_node_config config = cluster_config(name);
    config.cluster = cluster;
    config.join = address;
    cr_expect_eq(cogo_node_start(system, &config), COGO_OK);
    while (here.refused[reason] == 0 || there.refused[reason] == 0) {
        sched_yield();
        cr_expect_eq(cogo_node_stats_read(a->system, &here), COGO_OK);
        cr_expect_eq(cogo_node_stats_read(system, &there), COGO_OK);
    }
    cr_expect_eq(there.links, 0u);
    cr_expect_eq(there.links_up, 0u);
    cr_expect_str_eq(there.name, name);
    cr_expect_eq(cogo_node_stop(system, SCENE_LONG_NS), COGO_OK);
    scene_close(system);
}

Test(node_stranger, refusals_are_counted_by_reason_on_both_sides)
{
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    place_open(&b, cluster_config("b"), &a);
    sem_wait(&a.ups);
    refused_for(&a, "c", "some other", COGO_REFUSED_CLUSTER);
    refused_for(&a, "b", NULL, COGO_REFUSED_NAME); // It lives.
    refused_for(&a, "a", NULL, COGO_REFUSED_NAME);
    cogo_node_stats stats = {.struct_size = sizeof stats};
    cr_expect_eq(cogo_node_stats_read(a.system, &stats), COGO_OK);
    cr_expect_eq(stats.links, 1u);
    cr_expect_eq(stats.links_up, 1u);
    for (int i = 0; i < COGO_NODE_REFUSALS; i++) {
        cr_expect_str_neq(cogo_node_refusal_name((cogo_node_refusal)i), "unknown");
    }
    place_close(&b);
    place_close(&a);
}

/* A node that lists its own address, as every one of a DNS name does, and one that both
 * join. */
Test(node_stranger, to_join_a_node_twice_is_no_harm)
{
    place a, b;
    char address[64];
    cogo_node_stats stats = {.struct_size = sizeof stats};
    place_open(&a, cluster_config("a"), NULL);
    b.system = scene_open(2);
    snprintf(address, sizeof address, "127.0.0.1:%u,127.0.0.1:%u", cogo_node_port(a.system),
             cogo_node_port(a.system));
    cogo_node_config config = cluster_config("b");
    config.join = address;
    cr_expect_eq(cogo_node_start(b.system, &config), COGO_OK);
    sem_wait(&a.ups);
    while (stats.refused[COGO_REFUSED_TWICE] == 0) {
        sched_yield();
        cr_expect_eq(cogo_node_stats_read(b.system, &stats), COGO_OK);
    }
    cr_expect_eq(stats.links, 1u);
    cr_expect_eq(cogo_node_stop(b.system, SCENE_LONG_NS), COGO_OK);
    scene_close(b.system);
    place_close(&a);
}

/* All addresses of the name are tried; nobody listens at [::1]. */
Test(node_stranger, a_name_stands_for_its_addresses)
{
    place a;
    char address[64];
    place_open(&a, cluster_config("a"), NULL);
    cogo_system *system = scene_open(1);
    snprintf(address, sizeof address, "dns:localhost:%u", cogo_node_port(a.system));
    cogo_node_config config = cluster_config("b");
    config.join = address;
    cr_expect_eq(cogo_node_start(system, &config), COGO_OK);
    sem_wait(&a.ups);
    while (cogo_node_find(system, "a") == 0) {
        sched_yield();
    }
    cr_expect_eq(cogo_node_stop(system, SCENE_LONG_NS), COGO_OK);
    scene_close(system);
    static const char *const wrong[] = {"name",  "name:",  ":7",         "na me:7", "name:0",
                                        "dns:7", "dns::7", "name:70000", "::1:7"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        config.join = wrong[i];
        cr_expect_eq(cogo_node_start(a.system, &config), COGO_EINVAL, "%s", wrong[i]);
    }
    place_close(&a);
}
