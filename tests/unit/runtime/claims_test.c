/* What can go wrong with a claim: too many names, a claimant that ends, peers that answer late
 * or not at all, a store that hangs. */
#include "tests/unit/runtime/rogue.h"
#include "tests/unit/runtime/seat.h"

/* What a claimant is told. */
typedef struct ear {
    sem_t told;
    cogo_claim_event last;
} ear;

static cogo_err claimant_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    ear *e = *(ear **)state;
    if (cogo_msg_type_of(msg) == CLUSTER_ECHO) {
        return scene_reply_u64(ctx, msg, cogo_cluster_claim(ctx, cogo_msg_payload(msg)));
    }
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        return scene_reply_u64(ctx, msg, cogo_cluster_release(ctx, "name"));
    }
    if (cogo_msg_type_of(msg) == COGO_MSG_CLAIM) {
        e->last = *(const cogo_claim_event *)cogo_msg_payload(msg);
        sem_post(&e->told);
    }
    return COGO_OK;
}

static const cogo_behavior claimant = {
    .struct_size = sizeof(cogo_behavior),
    .name = "claimant",
    .state_size_bytes = sizeof(ear *),
    .start = cluster_keep,
    .receive = claimant_receive,
};

static cogo_actor_id open_ear(ear *e, cogo_system *system)
{
    *e = (ear){.last = {.held = false}};
    sem_init(&e->told, 0, 0);
    return scene_spawn(system, &claimant, &e, sizeof e, 0);
}

static cogo_err claim(cogo_system *system, cogo_actor_id who, const char *name)
{
    cogo_msg *request = cogo_msg_create(system, CLUSTER_ECHO, strlen(name) + 1), *answer = NULL;
    memcpy(cogo_msg_payload(request), name, strlen(name) + 1);
    cr_expect_eq(cogo_system_ask(system, who, request, SCENE_LONG_NS, &answer), COGO_OK);
    cogo_err err = (cogo_err)scene_u64(answer);
    cogo_msg_destroy(answer);
    return err;
}

static void end_claimant(cogo_system *system, cogo_actor_id id)
{
    cogo_exit_actor(system, id, COGO_EXIT_KILLED, "");
    cr_expect_eq(cogo_system_await(system, id, SCENE_LONG_NS, NULL), COGO_OK);
}

Test(claims, there_are_so_many_names_and_no_more)
{
    seat a;
    ear e;
    char name[COGO_CLUSTER_NAME_MAX + 2];
    seat_open(&a, "a", "a", NULL);
    cogo_actor_id id = open_ear(&e, a.place.system);
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    cr_expect_eq(claim(a.place.system, id, name), COGO_EINVAL);
    cr_expect_eq(claim(a.place.system, id, ""), COGO_EINVAL);
    cr_expect_eq(cogo_cluster_whereis(a.place.system, name, NULL, NULL), COGO_ENOTFOUND);
    for (int i = 0; i < COGO_CLUSTER_NAMES_MAX; i++) {
        snprintf(name, sizeof name, "name-%d", i);
        cr_expect_eq(claim(a.place.system, id, name), COGO_OK);
        cr_expect_eq(claim(a.place.system, id, name), COGO_OK, "again is no harm");
        sem_wait(&e.told);
        cr_expect(e.last.held);
    }
    cr_expect_eq(claim(a.place.system, id, "more"), COGO_OK);
    sem_wait(&e.told);
    cr_expect_not(e.last.held);
    cr_expect_eq(e.last.err, COGO_ELIMIT);
    cr_expect_str_eq(e.last.name, "more");
    seat_close(&a);
}

static bool gives_back(const cogo__frame *frame)
{
    return frame->claim.release != 0;
}

/* Two of three voters are there, of which the other one is the test; and a name is wanted. */
static cogo_actor_id open_vote(seat *a, rogue *r, ear *e)
{
    *r = (rogue){.incarnation = 77};
    seat_open(a, "a", "a,rogue,third", NULL);
    rogue_open(r, &a->place);
    seat_await(a, "rogue", COGO_MEMBER_ALIVE);
    cogo_actor_id id = open_ear(e, a->place.system);
    cr_expect_eq(claim(a->place.system, id, "name"), COGO_OK);
    return id;
}

/* Two of three are a majority, but for this the second has to answer. */
Test(claims, who_ends_while_it_asks_gives_back_what_it_may_have_got)
{
    seat a;
    ear e;
    rogue r;
    cogo_actor_id id = open_vote(&a, &r, &e);
    cr_assert(rogue_await(&r, COGO__CONTROL, COGO__FRAME_CLAIM));
    cr_expect_eq(r.frame.claim.name.size_bytes, 4u);
    uint64_t term = r.frame.claim.term;
    end_claimant(a.place.system, id);
    r.fits = gives_back;
    cr_assert(rogue_await(&r, COGO__CONTROL, COGO__FRAME_CLAIM));
    cr_expect_geq(r.frame.claim.term, term);
    cr_expect_eq(sem_trywait(&e.told), -1);
    rogue_close(&r);
    seat_close(&a);
}

static void grant(rogue *r, const cogo__frame_claim *what, uint64_t number, uint64_t granted)
{
    const cogo__frame frame = {.kind = COGO__FRAME_CLAIMED,
                               .claimed = {number, granted, what->term, rogue_text("name")}};
    rogue_say(r, COGO__CONTROL, &frame);
}

/* A voter of another kind: refuses, answers another round, then grants; and claims itself. */
Test(claims, a_name_is_held_once_another_voter_grants_it_and_all_are_told)
{
    seat a;
    ear e;
    rogue r;
    cogo_actor_id id = open_vote(&a, &r, &e);
    const cogo__frame stray = {.kind = COGO__FRAME_CLAIMED,
                               .claimed = {1, 1, 1, rogue_text("unheard of")}};
    rogue_say(&r, COGO__CONTROL, &stray);
    bool held = false;
    while (!held) { // It grants nothing itself until a lease has passed since it began.
        cr_assert(rogue_await(&r, COGO__CONTROL, COGO__FRAME_CLAIM));
        const cogo__frame_claim asked = r.frame.claim;
        grant(&r, &asked, asked.number + 100, 1);
        grant(&r, &asked, asked.number, 1);
        held = sem_trywait(&e.told) == 0;
    }
    cr_expect(e.last.held);
    r.fits = NULL;
    cr_assert(rogue_await(&r, COGO__CONTROL, COGO__FRAME_HELD));
    cr_expect_eq((uint32_t)r.frame.held.actor, id.slot);
    uint64_t lease_ms = r.frame.held.lease_ms, term = r.frame.held.term;
    // Who asks for it meanwhile is refused, and what it asks for with the wrong time, too.
    cogo__frame wish = {.kind = COGO__FRAME_CLAIM,
                        .claim = {1, term + 1, lease_ms, 0, rogue_text("name")}};
    rogue_say(&r, COGO__CONTROL, &wish);
    cr_assert(rogue_await(&r, COGO__CONTROL, COGO__FRAME_CLAIMED));
    cr_expect_eq(r.frame.claimed.granted, 0u);
    wish.claim = (cogo__frame_claim){2, term + 1, lease_ms, 0, rogue_text("another")};
    rogue_say(&r, COGO__CONTROL, &wish);
    cr_assert(rogue_await(&r, COGO__CONTROL, COGO__FRAME_CLAIMED));
    cr_expect_eq(r.frame.claimed.granted, 1u);
    wish.claim.release = 1;
    rogue_say(&r, COGO__CONTROL, &wish);
    // It says who holds that: then it is found there. A later term stands.
    const cogo__frame_held theirs = {term + 5, UINT64_C(3) << 32 | 9, lease_ms,
                                     rogue_text("another")};
    cogo__frame says = {.kind = COGO__FRAME_HELD, .held = theirs};
    rogue_say(&r, COGO__CONTROL, &says);
    says.held.term = term;
    says.held.actor = 1;
    rogue_say(&r, COGO__CONTROL, &says);
    says.held.name = rogue_text("last"); // Once it is found so are those before it.
    rogue_say(&r, COGO__CONTROL, &says);
    cogo_actor_id found = COGO_NO_ACTOR;
    while (cogo_cluster_whereis(a.place.system, "last", &found, NULL) != COGO_OK) {
        sched_yield();
    }
    cr_expect_eq(cogo_cluster_whereis(a.place.system, "another", &found, NULL), COGO_OK);
    cr_expect_eq(found.node, cogo_node_find(a.place.system, "rogue"));
    cr_expect(found.slot == 9 && found.generation == 3);
    rogue_close(&r);
    seat_close(&a);
}

/* --- A store that hangs. ------------------------------------------------------------------ */

typedef struct slow {
    sem_t asked, answer, given;
} slow;

static cogo_err slow_take(void *ctx, const cogo_lease_request *r, uint64_t *out_term)
{
    slow *s = ctx;
    *out_term = r->term;
    sem_post(&s->asked);
    sem_wait(&s->answer);
    return COGO_OK;
}

static void slow_give(void *ctx, const cogo_lease_request *r)
{
    slow *s = ctx;
    (void)r;
    sem_post(&s->given);
}

/* It has been asked for a name. */
static cogo_actor_id ask_slow(seat *a, slow *s, ear *e)
{
    sem_init(&s->asked, 0, 0);
    sem_init(&s->answer, 0, 0);
    sem_init(&s->given, 0, 0);
    const cogo_cluster_store store = {
        .struct_size = sizeof store, .take = slow_take, .give = slow_give, .ctx = s};
    seat_open_with(a, "a", NULL, NULL, &store);
    cogo_actor_id id = open_ear(e, a->place.system);
    cr_expect_eq(claim(a->place.system, id, "name"), COGO_OK);
    sem_wait(&s->asked);
    return id;
}

/* What it says when nobody wants the name any more is given back. */
Test(claims, a_lease_that_comes_too_late_is_given_back)
{
    seat a;
    ear e;
    slow s;
    cogo_actor_id id = ask_slow(&a, &s, &e);
    end_claimant(a.place.system, id);
    sem_wait(&s.given); // At once, in case that it was granted,
    sem_post(&s.answer);
    sem_wait(&s.given); // and again when it turns out so.
    cr_expect_eq(sem_trywait(&e.told), -1);
    seat_close(&a);
}

/* It gets one question at a time, however long it takes. */
Test(claims, a_store_that_hangs_is_not_asked_again_until_it_answers)
{
    seat a;
    ear e;
    slow s;
    (void)ask_slow(&a, &s, &e);
    sem_wait(&s.given); // The time of the first round is over.
    uint64_t end = cogo_system_now_ns(a.place.system) + LEASE_MS * SCENE_MS / 2;
    while (cogo_system_now_ns(a.place.system) < end) {
        sched_yield();
    }
    cr_expect_eq(sem_trywait(&s.asked), -1);
    sem_post(&s.answer); // Of an earlier round: it is not held by that.
    sem_wait(&s.asked);
    sem_post(&s.answer);
    sem_wait(&e.told);
    cr_expect(e.last.held);
    for (int i = 0; i < 8; i++) {
        sem_post(&s.answer);
    }
    seat_close(&a);
}
