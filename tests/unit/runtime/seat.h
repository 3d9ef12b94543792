/* A member of a cluster as a test has it: a node that tells of members, and beats fast.
 * Used by the tests of members and of names that one holds. */
#ifndef TESTS_UNIT_RUNTIME_SEAT_H
#define TESTS_UNIT_RUNTIME_SEAT_H

#include "tests/unit/runtime/cluster.h"

enum { BEAT_MS = 100, LEASE_MS = 3000 };

typedef struct seat {
    place place;
    sem_t news;
    cogo_actor_id watcher;
    uint32_t apart; /* Times that one was said to be alive now, and not linked. */
} seat;

static cogo_err watch_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    seat *s = *(seat **)state;
    (void)ctx;
    if (cogo_msg_type_of(msg) == COGO_MSG_MEMBER) {
        const cogo_member_event *event = cogo_msg_payload(msg);
        s->apart += event->member.state == COGO_MEMBER_ALIVE && !event->member.linked;
        sem_post(&s->news);
    }
    return COGO_OK;
}

static const cogo_behavior watcher = {
    .struct_size = sizeof(cogo_behavior),
    .name = "watcher",
    .state_size_bytes = sizeof(seat *),
    .start = cluster_keep,
    .receive = watch_receive,
};

/* Listens, and joins @p seed if that is not NULL: nobody else is known to it. */
static inline void seat_open_with(seat *s, const char *name, const char *members,
                                  const seat *seed, const cogo_cluster_store *store)
{
    char address[32];
    cogo_node_config config = cluster_config(name);
    config.listen = "127.0.0.1:0";
    config.members = members;
    config.heartbeat_ms = BEAT_MS;
    config.lease_ms = LEASE_MS;
    config.store = store;
    if (seed != NULL) {
        snprintf(address, sizeof address, "127.0.0.1:%u", cogo_node_port(seed->place.system));
        config.join = address;
    }
    place *p = &s->place;
    seat *self = s;
    p->system = scene_open(2);
    sem_init(&p->ups, 0, 0);
    sem_init(&p->downs, 0, 0);
    sem_init(&s->news, 0, 0);
    s->apart = 0;
    p->listener = scene_spawn(p->system, &cluster_listener, &p, sizeof(place *), 0);
    s->watcher = scene_spawn(p->system, &watcher, &self, sizeof(seat *), 0);
    cluster_types(p->system);
    cr_expect_eq(cogo_cluster_subscribe(p->system, s->watcher), COGO_ESTATE);
    cr_expect_eq(cogo_node_start(p->system, &config), COGO_OK);
    cr_expect_eq(cogo_node_subscribe(p->system, p->listener), COGO_OK);
    cr_expect_eq(cogo_cluster_subscribe(p->system, s->watcher), COGO_OK);
}

static inline void seat_open(seat *s, const char *name, const char *members, const seat *seed)
{
    seat_open_with(s, name, members, seed, NULL);
}

static inline void seat_close(seat *s)
{
    place_close(&s->place);
    sem_destroy(&s->news);
}

static inline cogo_member seat_find(const seat *s, const char *name)
{
    cogo_member member = {.struct_size = sizeof member};
    if (cogo_cluster_find(s->place.system, name, &member) != COGO_OK) {
        member = (cogo_member){.state = COGO_MEMBER_UNKNOWN};
    }
    return member;
}

static inline cogo_cluster_stats seat_stats(const seat *s)
{
    cogo_cluster_stats stats = {.struct_size = sizeof stats};
    cr_expect_eq(cogo_cluster_stats_read(s->place.system, &stats), COGO_OK);
    return stats;
}

static inline void seat_await(seat *s, const char *name, cogo_member_state state)
{
    while (seat_find(s, name).state != state) {
        sem_wait(&s->news);
    }
}

static inline void seat_await_other(seat *s, const char *name, uint64_t other_than)
{
    while (seat_find(s, name).incarnation == other_than) {
        sem_wait(&s->news);
    }
}

#endif
