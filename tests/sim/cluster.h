/* The hosts of a simulated cluster, and the actors on them.
 * Used by cluster_scenario.c (what happens to them) and cluster_member.c (the actors). */
#ifndef TESTS_SIM_CLUSTER_H
#define TESTS_SIM_CLUSTER_H

#include "tests/sim/host_clock.h"
#include "tests/sim/scenario.h"

enum {
    HOSTS_MAX = 5,
    LIVES_MAX = 16,
    WATCHES_MAX = 256,
    OLD_MAX = 8,
    SAY = COGO_MSG_USER,
    LARGE = 100000, // Bytes: goes in parts;
    MIDDLE = 50000, // in one, and is not copied.
};
#define MEMBER "member"
#define SCOPE  "cluster"

typedef struct watched {
    uint64_t monitor, fired;
} watched;

typedef struct other {
    bool up, asked;
    uint32_t node;
    cogo_actor_id id;
    cogo_actor_id grouped; // As the watch of the group has told.
    uint64_t ask;
} other;

typedef struct host {
    struct cluster *cluster;
    host_clock clock;
    int number;
    uint32_t life;
    cogo_system *system;
    cogo_actor_id member;
    other others[HOSTS_MAX];
    watched watches[WATCHES_MAX];
    uint64_t watch_count, fired_count, said;
    uint64_t heard[HOSTS_MAX][LIVES_MAX]; // The latest number of each life of each host.
    uint64_t counted;
    cogo_actor_id old[OLD_MAX]; // Members of others that have gone.
    uint64_t old_count;
} host;

typedef struct cluster {
    int hosts;
    host all[HOSTS_MAX];
    int guests[HOSTS_MAX]; // Of each host, alive on another one.
    uint64_t losses;
} cluster;

/** One on each host, in a group of its own; it talks to all others. Args: a host pointer. */
extern const cogo_behavior cluster_member_behavior;
/** Of each host one, on the next one. */
extern const cogo_behavior cluster_guest_behavior;
/** Has the guest of @p h supervised there. */
void cluster_send_guest(host *h);

#endif
