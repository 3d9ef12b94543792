/* Asks under time-outs, late answers, deaths and killings: exactly one outcome each (I5). */
#include "tests/sim/stories.h"

enum { QUESTION = COGO_MSG_USER, GO, ASKERS = 3, ANSWERERS = 3, ASKS = 12, CALLS = 6 };

typedef struct fair {
    cogo_system *system;
    cogo_actor_id answerers[ANSWERERS];
    uint64_t outcomes; // Of all askers.
} fair;

typedef struct asker {
    fair *fair;
    uint64_t open[ASKS]; // 0: decided.
    uint64_t asked;
} asker;

static cogo_err fair_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(fair *));
    return COGO_OK;
}

/* Answers at once, late, twice, later than it lives, or never. */
static cogo_err answerer_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)state;
    cogo_system *system = cogo_context_system(ctx);
    uint64_t value = scenario_value(msg);
    switch (scenario_pick(8)) {
    case 0:
        return COGO_OK;
    case 1:
        return COGO_EIO; // Fails with the question unanswered.
    case 2:
        cogo_exit(ctx, COGO_EXIT_NORMAL, NULL);
        break;
    case 3:
        cogo__sim_busy(scenario_pick(20 * SCENARIO_MS));
        break;
    case 4:
        cogo_reply(ctx, msg, scenario_msg(system, QUESTION, value));
        break;
    default:
        break;
    }
    cogo_reply(ctx, msg, scenario_msg(system, QUESTION, value));
    return COGO_OK;
}

static const cogo_behavior answerer_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "answerer",
    .state_size_bytes = sizeof(fair *),
    .start = fair_start,
    .receive = answerer_receive,
};

static void ask_one(cogo_context *ctx, asker *a)
{
    uint64_t number = a->asked++;
    cogo_msg *msg = scenario_msg(cogo_context_system(ctx), QUESTION, number);
    cogo_err err = cogo_ask(ctx, a->fair->answerers[scenario_pick(ANSWERERS)], msg,
                            1 + scenario_pick(10 * SCENARIO_MS), &a->open[number]);
    if (err != COGO_OK) { // Then nothing will arrive.
        a->open[number] = 0;
        a->fair->outcomes++;
    }
}

static cogo_err asker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    asker *a = state;
    uint64_t ask = cogo_msg_ask(msg);
    if (cogo_msg_type_of(msg) == GO) {
        ask_one(ctx, a);
        return COGO_OK;
    }
    scenario_check(ask != 0, "I5: an answer to nothing");
    uint64_t at = 0;
    while (at < a->asked && a->open[at] != ask) {
        at++;
    }
    scenario_check(at < a->asked, "I5: a second outcome of ask %llx", (unsigned long long)ask);
    bool answered = cogo_msg_type_of(msg) == QUESTION;
    scenario_check(!answered || scenario_value(msg) == at, "the answer to another question");
    a->open[at] = 0;
    a->fair->outcomes++;
    return COGO_OK;
}

static const cogo_behavior asker_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "asker",
    .state_size_bytes = sizeof(asker),
    .start = fair_start,
    .receive = asker_receive,
};

static void caller_main(void *arg)
{
    fair *f = arg;
    for (uint64_t i = 0; i < CALLS; i++) {
        cogo_msg *answer = NULL;
        cogo_err err = cogo_system_ask(f->system, f->answerers[scenario_pick(ANSWERERS)],
                                       scenario_msg(f->system, QUESTION, i),
                                       1 + scenario_pick(10 * SCENARIO_MS), &answer);
        scenario_check((err == COGO_OK) == (answer != NULL), "an outcome and none");
        scenario_check(err != COGO_OK || scenario_value(answer) == i, "another's answer");
        cogo_msg_destroy(answer);
    }
}

static void killer_main(void *arg)
{
    fair *f = arg;
    scenario_sleep(1 + scenario_pick(10 * SCENARIO_MS));
    cogo_exit_actor(f->system, f->answerers[0], COGO_EXIT_KILLED, "by the seed");
}

void ask_outcomes(void)
{
    fair f = {.system = scenario_open()};
    const fair *shared = &f;
    cogo_actor_id askers[ASKERS];
    for (int i = 0; i < ANSWERERS; i++) {
        uint32_t flags = scenario_maybe(30) ? COGO_SPAWN_DETACHED : 0;
        f.answerers[i] =
            scenario_spawn(f.system, &answerer_behavior, &shared, sizeof shared, flags);
    }
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = scenario_spawn(f.system, &asker_behavior, &shared, sizeof shared, 0);
    }
    cogo__thread *caller = scenario_thread("caller", caller_main, &f);
    cogo__thread *killer = scenario_thread("killer", killer_main, &f);
    for (int i = 0; i < ASKERS * ASKS; i++) {
        scenario_tell(f.system, askers[i % ASKERS], GO, 0);
    }
    scenario_join(caller);
    scenario_join(killer);
    for (int i = 0; f.outcomes < ASKERS * ASKS; i++) {
        scenario_check(i < 600, "I5: %llu of %d asks have an outcome",
                       (unsigned long long)f.outcomes, ASKERS * ASKS);
        scenario_sleep(SCENARIO_S);
    }
    scenario_close(f.system);
}
