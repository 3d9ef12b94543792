/* Lanes that are in each other's way: one gives its actors to the others and stays out. */
#include "runtime/sched/sched.h"
#include "tests/unit/runtime/scene.h"

enum { SHORT_NS = 100, SOME = 1000 };

static cogo__company strangers(void)
{
    cogo__company c = {0};
    cogo__cell cell = {.flags = COGO__ACTOR_ALIVE};
    for (uint32_t i = 0; i < COGO__COMPANY_SAMPLES; i++) {
        cogo__company_note(&c, &cell, i % 2); // One lane's notes, but the actor moves.
    }
    cr_expect_eq(c.moved, (uint32_t)COGO__COMPANY_SAMPLES - 1, "the first time it is new");
    cr_expect_eq(cell.flags % (1u << COGO__ACTOR_LANE_SHIFT), (uint32_t)COGO__ACTOR_ALIVE);
    return c;
}

Test(company, is_doubted_when_actors_come_from_elsewhere_and_messages_are_quick)
{
    cogo__company c = strangers(), home = {0};
    cogo__cell cell = {0};
    cogo__pace quick = {SOME, SOME * SHORT_NS}, slow = {SOME, SOME * COGO__STEAL_WORTH_NS};
    for (uint32_t i = 0; i < COGO__COMPANY_SAMPLES; i++) {
        cogo__company_note(&home, &cell, 0);
    }
    cr_expect(cogo__company_ripe(&c));
    cr_expect(cogo__company_doubts(&c, 1, quick, SOME));
    cr_expect_not(cogo__company_doubts(&home, 1, quick, SOME), "nobody moves");
    cr_expect_not(cogo__company_doubts(&c, 1, slow, SOME), "two do more of that");
    cr_expect_not(cogo__company_doubts(&c, 1, quick, 0), "the others stand");
    c.not_before_ns = 2;
    cr_expect_not(cogo__company_doubts(&c, 1, quick, SOME), "it was wrong just now");
}

Test(company, stays_out_longer_when_it_is_not_missed_and_not_again_soon_when_it_is)
{
    cogo__company c = {0};
    cogo__pace both = {SOME, SOME * SHORT_NS}, more = {2 * SOME, SOME * SHORT_NS},
               less = {SOME / 2, SOME * SHORT_NS};
    for (int i = 0; i < 20; i++) {
        uint64_t before = c.out_ns;
        cogo__company_learn(&c, 1, both, i % 2 == 0 ? both : more);
        cr_expect(c.out_ns > before || c.out_ns == COGO__DOZE_MOST_NS);
        cr_expect_eq(c.not_before_ns, 0u);
    }
    uint64_t least = 0;
    for (int i = 0; i < 20; i++) {
        cogo__company_learn(&c, 1, both, less);
        cr_expect_eq(c.out_ns, 0u);
        cr_expect(c.not_before_ns >= least && c.not_before_ns < 60000 * SCENE_MS);
        least = c.not_before_ns;
    }
}

/* --- What is given away is done: talkers that draw each other to and fro. ----------------- */

enum {
    TALKERS = 60,
    TALKS = 2000,
    ALL_TALK = TALKERS * TALKS * 2,
    KNOW = SCENE_ASK + 1,
    GO,
    TALK
};

typedef struct talker {
    cogo_actor_id others[TALKERS];
    uint64_t heard[TALKERS], said[TALKERS]; /* By place: first in, first out. */
    uint64_t left, random;
    uint32_t place;
    bool wrong;
} talker;

typedef struct talk {
    uint32_t from;
    bool back;
    uint64_t number;
} talk;

static cogo_err say(cogo_context *ctx, talker *t, uint32_t to, bool back)
{
    cogo_msg *msg = cogo_msg_create(cogo_context_system(ctx), TALK, sizeof(talk));
    talk *body = cogo_msg_payload(msg);
    *body = (talk){t->place, back, t->said[to]++};
    return cogo_send(ctx, t->others[to], msg);
}

static cogo_err say_on(cogo_context *ctx, talker *t)
{
    if (t->left == 0) {
        return COGO_OK;
    }
    t->left--;
    t->random = t->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return say(ctx, t, (uint32_t)(t->random >> 33) % TALKERS, false);
}

static cogo_err talker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    talker *t = state;
    if (cogo_msg_type_of(msg) == KNOW) {
        *t = *(const talker *)cogo_msg_payload(msg);
        return COGO_OK;
    }
    if (cogo_msg_type_of(msg) == GO) {
        return say_on(ctx, t);
    }
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        uint64_t heard = 0;
        for (int i = 0; i < TALKERS; i++) {
            heard += t->heard[i];
        }
        return scene_reply_u64(ctx, msg, t->wrong ? 2 * ALL_TALK : heard);
    }
    const talk *body = cogo_msg_payload(msg);
    t->wrong = t->wrong || body->number != t->heard[body->from];
    t->heard[body->from]++;
    return body->back ? say_on(ctx, t) : say(ctx, t, body->from, true);
}

static const cogo_behavior talker_behavior = {.struct_size = sizeof(cogo_behavior),
                                              .name = "talker",
                                              .state_size_bytes = sizeof(talker),
                                              .receive = talker_receive};

static void all_talk(uint32_t lanes)
{
    cogo_system *system = scene_open(lanes);
    static talker first;
    for (int i = 0; i < TALKERS; i++) {
        first.others[i] = scene_spawn(system, &talker_behavior, NULL, 0, 0);
    }
    for (uint32_t i = 0; i < TALKERS; i++) {
        cogo_msg *msg = cogo_msg_create(system, KNOW, sizeof first);
        first.left = TALKS;
        first.place = i;
        first.random = i;
        memcpy(cogo_msg_payload(msg), &first, sizeof first);
        cogo_system_send(system, first.others[i], msg);
        cr_expect_eq(scene_ask_u64(system, first.others[i]), 0u);
    }
    for (uint32_t i = 0; i < TALKERS; i++) {
        cogo_system_send(system, first.others[i], cogo_msg_create(system, GO, 0));
    }
    uint64_t heard = 0;
    const uint64_t all = ALL_TALK;
    while (heard < all) { // Each round of asks waits behind the talk.
        heard = 0;
        for (int i = 0; i < TALKERS; i++) {
            heard += scene_ask_u64(system, first.others[i]);
        }
        cr_assert_leq(heard, all, "somebody heard something twice, or in the wrong order");
    }
    cr_expect_eq(heard, all);
    scene_close(system);
}

Test(company, what_is_given_away_is_done_in_order)
{
    for (uint32_t lanes = 2; lanes <= 4; lanes += 2) {
        all_talk(lanes);
    }
}
