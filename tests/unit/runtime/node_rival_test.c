/* Two incarnations of one name: whoever answers keeps its link, whoever is silent makes
 * room. */
#include "tests/unit/runtime/rogue.h"

enum { BEAT_MS = 100, TRIES = 20 };

static void listen_as(place *p, const char *name)
{
    cogo_node_config config = cluster_config(name);
    config.heartbeat_ms = BEAT_MS;
    place_open(p, config, NULL);
}

static bool admits(const place *p, const char *name, uint64_t incarnation)
{
    rogue r = {.incarnation = incarnation};
    bool admitted = rogue_connect(&r, p, name, COGO__CONTROL);
    rogue_close(&r);
    return admitted;
}

/* Its silence alone would be borne for minutes: it has said that it beats once in one. */
Test(node_rival, a_silent_one_makes_room_for_a_later_incarnation)
{
    place a, b;
    rogue r = {.incarnation = 77};
    listen_as(&a, "a");
    rogue_open(&r, &a);
    place_open(&b, cluster_config("rogue"), &a);
    sem_wait(&a.downs);
    sem_wait(&a.ups);
    sem_wait(&b.ups);
    rogue_close(&r);
    place_close(&b);
    place_close(&a);
}

Test(node_rival, one_that_answers_stays)
{
    place a, b;
    listen_as(&a, "a");
    place_open(&b, cluster_config("b"), &a);
    sem_wait(&a.ups);
    uint64_t until = cogo_system_now_ns(a.system) + UINT64_C(1000000) * BEAT_MS * TRIES;
    while (cogo_system_now_ns(a.system) < until) {
        cr_assert_not(admits(&a, "b", UINT64_MAX / 2));
    }
    cr_expect_neq(sem_trywait(&a.downs), 0);
    place_close(&b);
    place_close(&a);
}

/* An earlier one has no claim, however silent the other is. */
Test(node_rival, an_earlier_incarnation_makes_no_doubt)
{
    place a;
    rogue r = {.incarnation = 77};
    listen_as(&a, "a");
    rogue_open(&r, &a);
    uint64_t until = cogo_system_now_ns(a.system) + UINT64_C(1000000) * BEAT_MS * TRIES;
    while (cogo_system_now_ns(a.system) < until) {
        cr_assert_not(admits(&a, "rogue", 76));
    }
    cr_expect_neq(sem_trywait(&a.downs), 0);
    rogue_close(&r);
    place_close(&a);
}
