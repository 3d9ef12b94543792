/* Members of a cluster as programs see them: found through others, gone with and without a
 * word, and a peer that tells stories about them. */
#include "tests/unit/runtime/rogue.h"
#include "tests/unit/runtime/seat.h"

/* Three nodes, of which two know the first one only. */
Test(member, who_joined_one_finds_the_others_through_it)
{
    seat a, b, c;
    seat_open(&a, "a", NULL, NULL);
    seat_open(&b, "b", NULL, &a);
    seat_open(&c, "c", NULL, &a);
    for (int i = 0; i < 2; i++) {
        sem_wait(&a.place.ups);
        sem_wait(&b.place.ups);
        sem_wait(&c.place.ups);
    }
    cr_expect_neq(cogo_node_find(b.place.system, "c"), 0u);
    cr_expect_neq(cogo_node_find(c.place.system, "b"), 0u);
    seat_await(&b, "c", COGO_MEMBER_ALIVE);
    cogo_member members[4] = {{.struct_size = sizeof members[0]}};
    uint32_t cursor = 0;
    cr_expect_eq(cogo_cluster_list(b.place.system, &cursor, members, 4), 3u);
    cr_expect_eq(cursor, 0u);
    cr_expect(members[0].self && members[0].linked);
    cr_expect_str_eq(members[0].name, "b");
    cr_expect_eq(seat_stats(&a).voters, 3u);
    cr_expect_eq(seat_stats(&a).members[COGO_MEMBER_ALIVE], 3u);
    cr_expect_str_eq(cogo_member_state_name(COGO_MEMBER_LEFT), "left");
    cr_expect_str_eq(cogo_member_state_name((cogo_member_state)99), "unknown");
    seat_close(&c); // It says so: nobody doubts it first.
    seat_await(&a, "c", COGO_MEMBER_LEFT);
    seat_await(&b, "c", COGO_MEMBER_LEFT);
    cr_expect_eq(seat_stats(&a).suspicions, 0u);
    cr_expect_eq(seat_stats(&b).suspicions, 0u);
    seat_close(&b);
    seat_close(&a);
}

/* The one that left comes back: its next incarnation is a later one, whatever the clock
 * says. */
Test(member, who_left_may_come_back)
{
    seat a, b;
    seat_open(&a, "a", NULL, NULL);
    for (int i = 0; i < 3; i++) {
        seat_open(&b, "b", NULL, &a);
        sem_wait(&b.place.ups);
        seat_await(&a, "b", COGO_MEMBER_ALIVE);
        uint64_t before = seat_find(&a, "b").incarnation;
        seat_close(&b);
        seat_await(&a, "b", COGO_MEMBER_LEFT);
        cr_expect_eq(seat_find(&a, "b").incarnation, before);
    }
    seat_close(&a);
}

/* Two of three have lost the third, which says nothing: it is doubted, declared dead and kept
 * out; the same name comes in again as a later incarnation. */
Test(member, a_majority_declares_the_silent_dead_and_keeps_that_incarnation_out)
{
    seat a, b;
    rogue r = {.incarnation = 77};
    seat_open(&a, "a", "a,b,rogue", NULL);
    seat_open(&b, "b", "a,b,rogue", &a);
    sem_wait(&a.place.ups);
    cr_expect_eq(seat_find(&a, "rogue").state, COGO_MEMBER_UNKNOWN);
    cr_expect(seat_find(&a, "rogue").listed);
    rogue_open(&r, &a.place);
    seat_await(&b, "rogue", COGO_MEMBER_ALIVE);
    rogue_close(&r);
    seat_await(&b, "rogue", COGO_MEMBER_DEAD);
    seat_await(&a, "rogue", COGO_MEMBER_DEAD);
    cogo_cluster_stats one = seat_stats(&a), other = seat_stats(&b);
    cr_expect(one.majority);
    cr_expect_geq(one.suspicions + other.suspicions, 1u);
    cr_expect_geq(one.deaths + other.deaths, 1u);
    cr_expect_geq(one.probes + other.probes, 1u);
    r.incarnation = 77;
    bool let_in = rogue_connect(&r, &a.place, "rogue", COGO__CONTROL);
    let_in = let_in && rogue_hear(&r, COGO__CONTROL);
    cr_expect_not(let_in);
    cr_expect_eq(cogo__session_beyond(r.sessions[COGO__CONTROL]), 77u);
    rogue_close(&r);
    r.incarnation = 78;
    rogue_open(&r, &a.place);
    seat_await(&b, "rogue", COGO_MEMBER_ALIVE);
    cr_expect_eq(seat_find(&b, "rogue").incarnation, 78u);
    rogue_close(&r);
    seat_close(&b);
    seat_close(&a);
}

/* Of two, one can't know whether it or the other is alone: it only doubts. */
Test(member, a_minority_doubts_and_never_declares_dead)
{
    seat a;
    rogue r = {.incarnation = 77};
    seat_open(&a, "a", "a,b,rogue", NULL);
    rogue_open(&r, &a.place);
    seat_await(&a, "rogue", COGO_MEMBER_ALIVE);
    cr_expect(seat_stats(&a).majority);
    rogue_close(&r);
    seat_await(&a, "rogue", COGO_MEMBER_SUSPECT);
    cr_expect_not(seat_stats(&a).majority);
    r.incarnation = 77; // Not fenced: it is let in again, and has to deny what is said of it.
    rogue_open(&r, &a.place);
    const cogo__frame denial = {
        .kind = COGO__FRAME_MEMBER,
        .member = {COGO_MEMBER_ALIVE, 77, 1, rogue_text("rogue"), rogue_text("")}};
    rogue_say(&r, COGO__CONTROL, &denial);
    seat_await(&a, "rogue", COGO_MEMBER_ALIVE);
    cr_expect_eq(seat_stats(&a).deaths, 0u);
    cr_expect_eq(seat_stats(&a).refuted, 1u);
    rogue_close(&r);
    seat_close(&a);
    cr_expect_eq(a.apart, 0u, "who is told of a link finds it there");
}

/* What "a" says of itself once it has heard the story; what it said before may come with it. */
static bool denies(const cogo__frame *frame)
{
    return frame->member.version == 4 && frame->member.node.size_bytes == 1
           && memcmp(frame->member.node.data, "a", 1) == 0;
}

Test(member, a_node_denies_that_it_is_suspect_and_goes_on_as_another_when_it_is_dead)
{
    seat a;
    rogue r = {.incarnation = 77};
    seat_open(&a, "a", NULL, NULL);
    rogue_open(&r, &a.place);
    seat_await(&a, "rogue", COGO_MEMBER_ALIVE); // Linked, and so one that is told.
    uint64_t incarnation = seat_find(&a, "a").incarnation;
    cogo__frame story = {
        .kind = COGO__FRAME_MEMBER,
        .member = {COGO_MEMBER_SUSPECT, incarnation, 3, rogue_text("a"), rogue_text("")}};
    r.fits = denies;
    rogue_say(&r, COGO__CONTROL, &story);
    cr_assert(rogue_await(&r, COGO__CONTROL, COGO__FRAME_MEMBER));
    cr_expect_eq(r.frame.member.state, COGO_MEMBER_ALIVE);
    r.fits = NULL;
    cr_expect_eq(seat_find(&a, "a").version, 4u);
    const cogo__frame question = {.kind = COGO__FRAME_PROBE,
                                  .probe = {9, 0, rogue_text("x"), 5}};
    rogue_say(&r, COGO__CONTROL, &question);
    cr_expect(rogue_await(&r, COGO__CONTROL, COGO__FRAME_PROBED));
    cr_expect_eq(r.frame.probe.number, 9u);
    cr_expect_eq(r.frame.probe.alive, 0u);
    story.member.state = COGO_MEMBER_DEAD;
    rogue_say(&r, COGO__CONTROL, &story);
    seat_await_other(&a, "a", incarnation);
    sem_wait(&a.place.downs);
    cr_expect_gt(seat_find(&a, "a").incarnation, incarnation);
    cr_expect_eq(seat_find(&a, "a").state, COGO_MEMBER_ALIVE);
    cr_expect_eq(seat_stats(&a).reborn, 1u);
    cogo_node_stats node = {.struct_size = sizeof node};
    cr_expect_eq(cogo_node_stats_read(a.place.system, &node), COGO_OK);
    cr_expect_eq(node.incarnation, seat_find(&a, "a").incarnation);
    rogue_close(&r);
    r.incarnation = 77;
    rogue_open(&r, &a.place); // It is a node like any other.
    rogue_close(&r);
    seat_close(&a);
}

/* It is tried at the address that it was last said to have, and until it has gone. */
Test(member, who_is_only_heard_of_is_looked_for_until_it_has_left)
{
    seat a;
    rogue r = {.incarnation = 77};
    seat_open(&a, "a", NULL, NULL);
    rogue_open(&r, &a.place);
    cogo__frame story = {
        .kind = COGO__FRAME_MEMBER,
        .member = {COGO_MEMBER_ALIVE, 5, 1, rogue_text("z"), rogue_text("127.0.0.9:9")}};
    rogue_say(&r, COGO__CONTROL, &story);
    cluster_await_joiners(&a.place, 1);
    story.member.version = 2;
    story.member.address = rogue_text("");
    rogue_say(&r, COGO__CONTROL, &story);
    cluster_await_joiners(&a.place, 0);
    story.member.version = 3;
    story.member.address = rogue_text("127.0.0.8:9");
    rogue_say(&r, COGO__CONTROL, &story);
    cluster_await_joiners(&a.place, 1);
    story.member.state = COGO_MEMBER_LEFT;
    rogue_say(&r, COGO__CONTROL, &story);
    cluster_await_joiners(&a.place, 0);
    cr_expect_eq(seat_find(&a, "z").state, COGO_MEMBER_LEFT);
    rogue_close(&r);
    seat_close(&a);
}

Test(member, calls_say_what_is_wrong)
{
    cogo_system *system = scene_open(1);
    cogo_member member = {.struct_size = sizeof member};
    cogo_cluster_stats stats = {.struct_size = sizeof stats};
    uint32_t cursor = 0;
    cr_expect_eq(cogo_cluster_list(system, &cursor, &member, 1), 0u);
    cr_expect_eq(cogo_cluster_find(system, "a", &member), COGO_ESTATE);
    cr_expect_eq(cogo_cluster_stats_read(system, &stats), COGO_ESTATE);
    cr_expect_eq(cogo_cluster_subscribe(system, COGO_NO_ACTOR), COGO_ESTATE);
    cr_expect_eq(cogo_cluster_whereis(system, "leader", NULL, NULL), COGO_ESTATE);
    cogo_node_config config = cluster_config("a");
    config.members = "a-2..1";
    cr_expect_eq(cogo_node_start(system, &config), COGO_EINVAL);
    config.members = NULL;
    config.advertise = "no address";
    cr_expect_eq(cogo_node_start(system, &config), COGO_EINVAL);
    config.advertise = "10.1.2.3:7400";
    cr_expect_eq(cogo_node_start(system, &config), COGO_OK);
    cr_expect_eq(cogo_cluster_find(system, "b", &member), COGO_ENOTFOUND);
    cr_expect_eq(cogo_cluster_find(system, NULL, &member), COGO_EINVAL);
    cr_expect_eq(cogo_cluster_find(system, "a", &member), COGO_OK);
    cr_expect_str_eq(member.address, "10.1.2.3:7400");
    member.struct_size = 0;
    cr_expect_eq(cogo_cluster_find(system, "a", &member), COGO_EINVAL);
    stats.struct_size = 0;
    cr_expect_eq(cogo_cluster_stats_read(system, &stats), COGO_EINVAL);
    cr_expect_eq(cogo_cluster_list(system, &cursor, &member, 1), 0u);
    member.struct_size = offsetof(cogo_member, state); // Of an older program.
    cr_expect_eq(cogo_cluster_list(system, &cursor, &member, 1), 1u);
    for (int i = 0; i < COGO_CLUSTER_SUBSCRIBERS_MAX; i++) {
        cogo_actor_id id = scene_spawn(system, &echo_behavior, NULL, 0, 0);
        cr_expect_eq(cogo_cluster_subscribe(system, id), COGO_OK);
    }
    cogo_actor_id id = scene_spawn(system, &echo_behavior, NULL, 0, 0);
    cr_expect_eq(cogo_cluster_subscribe(system, id), COGO_ELIMIT);
    cr_expect_eq(cogo_node_stop(system, SCENE_LONG_NS), COGO_OK);
    scene_close(system);
}
