/* Members whose links or actors fail: who is heard by another is not doubted, a part of a node
 * that ends is begun again and finds what there is, and addresses are learned on the way. */
#include "tests/unit/runtime/rogue.h"
#include "tests/unit/runtime/seat.h"

/* A second peer of that kind. */
static void open_other(rogue *q, seat *s)
{
    cr_expect(rogue_connect(q, &s->place, "other", COGO__CONTROL));
    cr_expect(rogue_connect(q, &s->place, "other", COGO__DATA));
    sem_wait(&s->place.ups);
}

/* Nodes "a" and "b" that are linked, and a peer of "a" that says what it likes. @return the
 * incarnation of "b". */
static uint64_t open_company(seat *a, seat *b, rogue *r)
{
    seat_open(a, "a", NULL, NULL);
    seat_open(b, "b", NULL, a);
    sem_wait(&a->place.ups);
    seat_await(a, "b", COGO_MEMBER_ALIVE);
    *r = (rogue){.incarnation = 77};
    rogue_open(r, &a->place);
    return seat_find(a, "b").incarnation;
}

static void close_company(seat *a, seat *b, rogue *r)
{
    rogue_close(r);
    seat_close(b);
    seat_close(a);
}

static void answer(rogue *r, uint64_t number, uint64_t alive, const char *name,
                   uint64_t incarnation)
{
    const cogo__frame frame = {.kind = COGO__FRAME_PROBED,
                               .probe = {number, alive, rogue_text(name), incarnation}};
    rogue_say(r, COGO__CONTROL, &frame);
}

/* Its link is lost, but another node hears it. Answers to other questions mean nothing. */
Test(member_fault, who_is_heard_by_another_is_not_doubted)
{
    enum { ROUNDS = 6 };
    seat a;
    rogue r = {.incarnation = 77}, q = {.incarnation = 5};
    seat_open(&a, "a", NULL, NULL);
    rogue_open(&r, &a.place);
    open_other(&q, &a);
    seat_await(&a, "other", COGO_MEMBER_ALIVE);
    rogue_close(&q);
    sem_wait(&a.place.downs);
    for (int i = 0; i < ROUNDS; i++) {
        cr_assert(rogue_await(&r, COGO__CONTROL, COGO__FRAME_PROBE));
        uint64_t number = r.frame.probe.number;
        cr_expect_eq(r.frame.probe.node.size_bytes, strlen("other"));
        answer(&r, number + 1, 1, "other", 5);
        answer(&r, number, 1, "nobody", 5);
        answer(&r, number, 1, "other", 6);
        answer(&r, number, 1, "other", 5);
        answer(&r, number, 1, "other", 5); // Once is enough.
    }
    cr_expect_eq(seat_find(&a, "other").state, COGO_MEMBER_ALIVE);
    cr_expect_eq(seat_stats(&a).suspicions, 0u);
    // Then nobody hears it: it is doubted, and one that has all the votes declares it dead.
    while (seat_find(&a, "other").state == COGO_MEMBER_ALIVE) {
        cr_assert(rogue_hear(&r, COGO__CONTROL));
    }
    rogue_close(&r);
    seat_close(&a);
}

/* The other side of it: what is asked about somebody who was just heard. */
Test(member_fault, who_asks_about_somebody_that_is_linked_here_is_told_that_it_lives)
{
    seat a, b;
    rogue r;
    uint64_t incarnation = open_company(&a, &b, &r);
    const struct {
        const char *name;
        uint64_t incarnation, alive;
    } questions[] = {{"b", incarnation, 1}, {"b", incarnation + 1, 0}, {"rogue", 77, 1}};
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        const cogo__frame question = {
            .kind = COGO__FRAME_PROBE,
            .probe = {i + 1, 0, rogue_text(questions[i].name), questions[i].incarnation}};
        rogue_say(&r, COGO__CONTROL, &question);
        cr_assert(rogue_await(&r, COGO__CONTROL, COGO__FRAME_PROBED));
        cr_expect_eq(r.frame.probe.number, i + 1);
        cr_expect_eq(r.frame.probe.alive, questions[i].alive, "%zu", i);
    }
    close_company(&a, &b, &r);
}

/* Who stood still for so long that it was given up does not know it: whom it comes to says so,
 * and it goes on as a later incarnation. */
Test(member_fault, who_was_declared_dead_meanwhile_comes_back_as_another)
{
    seat a, b;
    rogue r;
    uint64_t incarnation = open_company(&a, &b, &r);
    const cogo__frame story = {
        .kind = COGO__FRAME_MEMBER,
        .member = {COGO_MEMBER_DEAD, incarnation, 9, rogue_text("b"), rogue_text("")}};
    rogue_say(&r, COGO__CONTROL, &story);
    seat_await(&a, "b", COGO_MEMBER_DEAD);
    seat_await_other(&b, "b", incarnation);
    seat_await(&a, "b", COGO_MEMBER_ALIVE);
    cr_expect_gt(seat_find(&a, "b").incarnation, incarnation);
    cr_expect_eq(seat_stats(&b).reborn, 1u);
    close_company(&a, &b, &r);
}

/* --- Actors of a node. -------------------------------------------------------------------- */

/* Ends the one actor of @p s with that behaviour; it has been begun again then. */
static void fail_part(const seat *s, const char *behavior)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_actor_info info = {.struct_size = sizeof info};
    cr_assert_eq(cluster_actors(&s->place, behavior, &id), 1u, "%s", behavior);
    cogo_exit_actor(s->place.system, id, COGO_EXIT_KILLED, "by a fault");
    while (cogo_actor_info_read(s->place.system, id, &info) != COGO_OK || info.restarts == 0) {
        sched_yield();
    }
}

Test(member_fault, parts_of_a_node_that_end_are_begun_again_and_find_what_there_is)
{
    seat a, b, c;
    seat_open(&a, "a", "a,b,c", NULL);
    seat_open(&b, "b", "a,b,c", &a);
    sem_wait(&a.place.ups);
    sem_wait(&b.place.ups);
    seat_await(&a, "b", COGO_MEMBER_ALIVE);
    fail_part(&a, "cogo.node.member");
    fail_part(&a, "cogo.node.claims");
    cr_expect_eq(sem_trywait(&a.place.downs), -1, "links are not theirs");
    while (!seat_find(&a, "b").linked) { // The new member actor knows the old link.
        sched_yield();
    }
    fail_part(&a, "cogo.node.listener"); // Links end with who has them, and come back.
    sem_wait(&a.place.downs);
    sem_wait(&a.place.ups);
    sem_wait(&b.place.downs);
    sem_wait(&b.place.ups);
    fail_part(&b, "cogo.node.joiner");
    sem_wait(&b.place.downs);
    sem_wait(&b.place.ups);
    seat_open(&c, "c", "a,b,c", &a);
    sem_wait(&c.place.ups);
    seat_await(&a, "c", COGO_MEMBER_ALIVE);
    seat_close(&c);
    seat_await(&a, "c", COGO_MEMBER_LEFT);
    seat_close(&b);
    seat_await(&a, "b", COGO_MEMBER_LEFT);
    seat_close(&a);
}

/* It listens anywhere: where it is reached it learns from the first who comes. */
Test(member_fault, a_node_that_listens_everywhere_learns_its_address_from_its_links)
{
    seat a = {.place.system = NULL}, b;
    char seed[32];
    cogo_node_config config = cluster_config("a");
    config.heartbeat_ms = BEAT_MS;
    config.listen = "0.0.0.0:0";
    place_open(&a.place, config, NULL);
    snprintf(seed, sizeof seed, "127.0.0.1:%u", cogo_node_port(a.place.system));
    cr_expect_str_eq(seat_find(&a, "a").address, "");
    seat_open(&b, "b", NULL, &a);
    while (strcmp(seat_find(&b, "a").address, seed) != 0) {
        sem_wait(&b.news);
    }
    cr_expect_str_eq(seat_find(&a, "a").address, seed);
    seat_close(&b);
    place_close(&a.place);
}
