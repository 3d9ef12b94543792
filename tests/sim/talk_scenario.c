/* Messages between actors and from foreign threads: none lost, none twice, in order. */
#include "tests/sim/stories.h"

enum { NUMBER = COGO_MSG_USER, PEERS, TALKERS_MAX = 5, THREADS_MAX = 3, LETTERS_MAX = 40 };

/* Everyone counts up towards everyone; who hears a gap has lost a message. Senders are
 * numbered: actors first, then foreign threads. */
typedef struct hall {
    cogo_system *system;
    uint64_t talkers, threads, letters;
    cogo_actor_id ids[TALKERS_MAX];
    uint64_t heard[TALKERS_MAX][TALKERS_MAX + THREADS_MAX]; // Of the receiver's state: next.
    uint64_t total;
} hall;

typedef struct talker {
    hall *hall;
    uint64_t number, said;
} talker;

static cogo_err talker_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(talker));
    return COGO_OK;
}

static void say(cogo_context *ctx, talker *t, cogo_msg *reuse)
{
    hall *h = t->hall;
    for (uint64_t i = 0; i < h->talkers; i++) {
        uint64_t value = t->number << 32 | t->said;
        if (i == 0 && reuse != NULL) {
            cogo_msg_take(ctx, reuse);
            memcpy(cogo_msg_payload(reuse), &value, sizeof value);
            cogo_send(ctx, h->ids[i], reuse);
        } else {
            scenario_send(ctx, h->ids[i], NUMBER, value);
        }
    }
    t->said++;
}

static cogo_err talker_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    talker *t = state;
    hall *h = t->hall;
    uint64_t from = scenario_value(msg) >> 32, number = scenario_value(msg) & UINT32_MAX;
    scenario_check(number == h->heard[t->number][from],
                   "I3: talker %llu expected number %llu of sender %llu and got %llu",
                   (unsigned long long)t->number, (unsigned long long)h->heard[t->number][from],
                   (unsigned long long)from, (unsigned long long)number);
    h->heard[t->number][from]++;
    h->total++;
    if (t->said < h->letters) {
        say(ctx, t, scenario_maybe(30) ? msg : NULL);
    }
    return COGO_OK;
}

static const cogo_behavior talker_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "talker",
    .state_size_bytes = sizeof(talker),
    .start = talker_start,
    .receive = talker_receive,
};

typedef struct caller {
    hall *hall;
    uint64_t number;
} caller;

static void caller_main(void *arg)
{
    const caller *c = arg;
    for (uint64_t said = 0; said < c->hall->letters; said++) {
        for (uint64_t i = 0; i < c->hall->talkers; i++) {
            scenario_tell(c->hall->system, c->hall->ids[i], NUMBER, c->number << 32 | said);
        }
    }
}

void talk_fifo(void)
{
    hall h = {.talkers = 1 + scenario_pick(TALKERS_MAX),
              .threads = 1 + scenario_pick(THREADS_MAX),
              .letters = 1 + scenario_pick(LETTERS_MAX)};
    caller callers[THREADS_MAX];
    cogo__thread *threads[THREADS_MAX];
    h.system = scenario_open();
    for (uint64_t i = 0; i < h.talkers; i++) {
        talker args = {.hall = &h, .number = i};
        uint32_t flags = scenario_maybe(20) ? COGO_SPAWN_DETACHED : 0;
        h.ids[i] = scenario_spawn(h.system, &talker_behavior, &args, sizeof args, flags);
    }
    for (uint64_t i = 0; i < h.threads; i++) {
        callers[i] = (caller){&h, h.talkers + i};
        threads[i] = scenario_thread("caller", caller_main, &callers[i]);
    }
    for (uint64_t i = 0; i < h.threads; i++) {
        scenario_join(threads[i]);
    }
    uint64_t all = h.talkers * (h.talkers + h.threads) * h.letters;
    while (h.total < all) { // A lost message or wake-up shows as a time that never comes.
        scenario_sleep(SCENARIO_S);
        scenario_check(cogo_system_now_ns(h.system) < SCENARIO_LONG, "only %llu of %llu came",
                       (unsigned long long)h.total, (unsigned long long)all);
    }
    scenario_close(h.system);
}
