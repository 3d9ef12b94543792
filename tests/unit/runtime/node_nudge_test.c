/* How what is sent gets to the data connection: senders make small frames themselves, the rest
 * queues, and the connection is told once, whatever it is doing just then. */
#include "tests/unit/runtime/cluster.h"

#include <pthread.h>

enum {
    NEVER_MS = 600000, // A beat would make up for what nobody was told.
    ROUND_TRIPS = 3000,
    IN_ORDER = 4000,
};
#define SOON_NS (UINT64_C(1000000) * NEVER_MS / 20)

typedef struct caller {
    place *from;
    cogo_actor_id far;
} caller;

static void *call_often(void *arg)
{
    const caller *c = arg;
    cogo_system *system = c->from->system;
    for (uint64_t n = 0; n < ROUND_TRIPS; n++) {
        cogo_msg *answer = NULL;
        cogo_err err = cogo_system_ask(system, c->far, scene_msg_u64(system, CLUSTER_ECHO, n),
                                       SOON_NS, &answer);
        cr_expect_eq(err, COGO_OK, "%llu: %s", (unsigned long long)n, cogo_strerror(err));
        if (err != COGO_OK) {
            break;
        }
        cr_expect_eq(scene_u64(answer), n);
        cogo_msg_destroy(answer);
    }
    return NULL;
}

/* Whoever gets an answer asks again while the connection that brought it ends its turn: it is
 * idle by then, or looks for the last time, or is about to. */
Test(node_nudge, what_is_sent_never_waits_for_a_heartbeat)
{
    place a, b;
    cogo_node_config one = cluster_config("a"), two = cluster_config("b");
    one.heartbeat_ms = two.heartbeat_ms = NEVER_MS;
    place_open(&a, one, NULL);
    place_open(&b, two, &a);
    (void)cluster_echo(&a, "echo");
    (void)cluster_echo(&b, "echo");
    caller there = {&b, cluster_find(&b, "a", "echo")};
    caller here = {&a, cluster_find(&a, "b", "echo")};
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, call_often, &there), 0);
    (void)call_often(&here);
    (void)pthread_join(thread, NULL);
    place_close(&b);
    place_close(&a);
}

/* Frames that senders make and messages that queue take turns: the second of these is too large
 * for the former, and the types are announced by what queues. */
Test(node_nudge, messages_of_one_sender_stay_in_order_whoever_makes_the_frames)
{
    static const size_t sizes[] = {8, 5000, 8, 200, 4097, 4096, 60000, 8};
    place a, b;
    place_open(&a, cluster_config("a"), NULL);
    place_open(&b, cluster_config("b"), &a);
    (void)cluster_echo(&a, "count");
    cogo_actor_id far = cluster_find(&b, "a", "count");
    for (uint64_t sent = 0; sent < IN_ORDER;) {
        size_t size = sizes[sent * sent % 11 % (sizeof sizes / sizeof *sizes)];
        cogo_msg *msg = cogo_msg_create(b.system, CLUSTER_COUNT, size);
        memset(cogo_msg_payload(msg), 0, size);
        memcpy(cogo_msg_payload(msg), &sent, sizeof sent);
        cogo_err err = cogo_system_send(b.system, far, msg);
        sent += err == COGO_OK;
        if (err != COGO_OK || sent % 97 == 0) { // The queue is full; or it should run dry.
            (void)scene_ask_u64(b.system, far);
        }
    }
    uint64_t got = 0;
    while ((got = scene_ask_u64(b.system, far)) == UINT64_MAX) { // Its queue was full.
    }
    cr_expect_eq(got, (uint64_t)IN_ORDER, "in order, none lost: %llu", (unsigned long long)got);
    place_close(&b);
    place_close(&a);
}
