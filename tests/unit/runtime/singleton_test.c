/* Names that one node of a cluster holds, by a majority or by a store's lease, and the actors
 * that run under them. */
#include "tests/unit/runtime/seat.h"

#include <pthread.h>
#include <time.h>

enum { TRIES = 60000 };

static sem_t began, ended;
/* Of two nodes, one after the other: nothing but the name joins them. */
static _Atomic(seat *) leads;
static _Atomic uint64_t leads_since; /* Term. */

static cogo_err leader_start(cogo_context *ctx, void *state, const void *args)
{
    (void)state;
    uint64_t term = 0;
    cogo_err err = cogo_cluster_whereis(cogo_context_system(ctx), "leader", NULL, &term);
    leads = *(seat *const *)args;
    leads_since = term;
    sem_post(&began);
    return err;
}

static void leader_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)ctx;
    (void)state;
    (void)reason;
    sem_post(&ended);
}

static const cogo_behavior leader_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "leader",
    .start = leader_start,
    .receive = echo_receive,
    .stop = leader_stop,
};

static cogo_actor_id lead(seat *s)
{
    const cogo_singleton_spec spec = {.struct_size = sizeof spec,
                                      .name = "leader",
                                      .behavior = &leader_behavior,
                                      .args = &s,
                                      .args_size_bytes = sizeof s};
    cogo_actor_id keeper = COGO_NO_ACTOR;
    cr_expect_eq(cogo_cluster_singleton_start(s->place.system, &spec, &keeper), COGO_OK);
    return keeper;
}

/* Nobody is told when another node's word about a name has come. */
static cogo_actor_id await_holder(const seat *s, uint64_t *out_term)
{
    cogo_actor_id id = COGO_NO_ACTOR;
    cogo_err err = COGO_ENOTFOUND;
    for (int i = 0; i < TRIES && err != COGO_OK; i++) {
        struct timespec moment = {0, 1000000};
        (void)nanosleep(&moment, NULL);
        err = cogo_cluster_whereis(s->place.system, "leader", &id, out_term);
    }
    cr_expect_eq(err, COGO_OK);
    return id;
}

/* The node that runs it goes; one of the others begins it, with a higher term. */
Test(singleton, a_singleton_moves_on_when_its_node_goes)
{
    seat seats[3];
    sem_init(&began, 0, 0);
    sem_init(&ended, 0, 0);
    seat_open(&seats[0], "a", "a,b,c", NULL);
    seat_open(&seats[1], "b", "a,b,c", &seats[0]);
    seat_open(&seats[2], "c", "a,b,c", &seats[0]);
    for (int i = 0; i < 3; i++) {
        (void)lead(&seats[i]);
    }
    sem_wait(&began);
    seat *first = leads, *asks = first == &seats[0] ? &seats[1] : &seats[0];
    uint64_t term = leads_since, seen = 0;
    cr_expect_neq(term, 0u);
    (void)await_holder(asks, &seen);
    cr_expect_geq(seen, term);
    seat_close(first);
    sem_wait(&ended);
    sem_wait(&began);
    cr_expect_neq(leads, first);
    cr_expect_gt(leads_since, term);
    cogo_actor_id here = await_holder(leads, &seen);
    cr_expect_eq(here.node, 0u);
    for (int i = 0; i < 3; i++) {
        if (&seats[i] != first) {
            seat_close(&seats[i]);
        }
    }
    sem_destroy(&began);
    sem_destroy(&ended);
}

/* One node of a list of one is a majority. What ends is begun again; the end of the keeper is
 * the end of all of it, and the name may be had by another when its time is over. */
Test(singleton, a_singleton_is_begun_again_and_ends_with_its_keeper)
{
    seat a;
    uint64_t term = 0;
    sem_init(&began, 0, 0);
    sem_init(&ended, 0, 0);
    seat_open(&a, "a", "a", NULL);
    cogo_actor_id keeper = lead(&a);
    sem_wait(&began);
    cogo_actor_id id = await_holder(&a, &term);
    while (cogo_actor_id_equal(id, keeper)) { // In the moment before it is told who runs.
        id = await_holder(&a, &term);
    }
    cogo_exit_actor(a.place.system, id, COGO_EXIT_KILLED, "");
    sem_wait(&ended);
    sem_wait(&began);
    cogo_exit_actor(a.place.system, keeper, COGO_EXIT_SHUTDOWN, "");
    sem_wait(&ended);
    (void)lead(&a);
    sem_wait(&began);
    seat_close(&a);
    sem_destroy(&began);
    sem_destroy(&ended);
}

typedef struct claimer {
    sem_t held, refused;
    cogo_err claimed, released;
    uint64_t term; /* Of its first holding. */
    cogo_claim_event event;
    bool asked;
} claimer;

/* Asked once it claims, asked again it gives back. */
static cogo_err claimer_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    claimer *c = *(claimer **)state;
    if (cogo_msg_type_of(msg) == SCENE_ASK) {
        *(c->asked ? &c->released : &c->claimed) =
            c->asked ? cogo_cluster_release(ctx, "name") : cogo_cluster_claim(ctx, "name");
        c->asked = !c->asked;
        return scene_reply_u64(ctx, msg, 0);
    }
    const cogo_claim_event *event = cogo_msg_payload(msg);
    if (cogo_msg_type_of(msg) == COGO_MSG_CLAIM && event->held && c->term == 0) {
        c->event = *event;
        c->term = event->term;
        sem_post(&c->held);
    } else if (cogo_msg_type_of(msg) == COGO_MSG_CLAIM && event->err == COGO_EEXIST) {
        sem_post(&c->refused);
    }
    return COGO_OK;
}

static cogo_err claimer_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    *(claimer **)state = *(claimer *const *)args;
    return COGO_OK;
}

static const cogo_behavior claimer_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "claimer",
    .state_size_bytes = sizeof(claimer *),
    .start = claimer_start,
    .receive = claimer_receive,
};

Test(singleton, a_name_has_one_claimant_on_a_node_and_is_given_back)
{
    seat a;
    claimer one = {.claimed = COGO_EFAULT}, two = one, *first = &one, *second = &two;
    sem_init(&one.held, 0, 0);
    sem_init(&two.held, 0, 0);
    sem_init(&two.refused, 0, 0);
    seat_open(&a, "a", "a", NULL);
    cogo_system *system = a.place.system;
    cogo_actor_id x = scene_spawn(system, &claimer_behavior, &first, sizeof first, 0);
    cogo_actor_id y = scene_spawn(system, &claimer_behavior, &second, sizeof second, 0);
    (void)scene_ask_u64(system, x);
    cr_expect_eq(one.claimed, COGO_OK);
    sem_wait(&one.held);
    cr_expect(one.event.term != 0 && one.event.left_ns != 0);
    cr_expect_str_eq(one.event.name, "name");
    (void)scene_ask_u64(system, y);
    sem_wait(&two.refused);
    (void)scene_ask_u64(system, y); // What it does not have it can't give.
    (void)scene_ask_u64(system, x);
    cr_expect_eq(one.released, COGO_OK);
    (void)scene_ask_u64(system, y);
    sem_wait(&two.held);
    cr_expect_gt(two.term, one.term);
    seat_close(&a);
    sem_destroy(&one.held);
    sem_destroy(&two.held);
    sem_destroy(&two.refused);
}

Test(singleton, claims_need_a_list_of_members)
{
    seat a;
    const cogo_singleton_spec spec = {
        .struct_size = sizeof spec, .name = "leader", .behavior = &leader_behavior};
    cogo_singleton_spec wrong = spec;
    cogo_actor_id id;
    claimer one = {.claimed = COGO_OK}, *first = &one;
    seat_open(&a, "a", NULL, NULL);
    cogo_system *system = a.place.system;
    cr_expect_eq(cogo_cluster_singleton_start(system, &spec, &id), COGO_ESTATE);
    cr_expect_eq(cogo_cluster_singleton_start(system, NULL, &id), COGO_EINVAL);
    wrong.name = "";
    cr_expect_eq(cogo_cluster_singleton_start(system, &wrong, &id), COGO_EINVAL);
    wrong = spec;
    wrong.args_size_bytes = COGO_SINGLETON_ARGS_MAX + 1;
    cr_expect_eq(cogo_cluster_singleton_start(system, &wrong, &id), COGO_EINVAL);
    cr_expect_eq(cogo_cluster_whereis(system, "leader", &id, NULL), COGO_ENOTFOUND);
    cogo_actor_id x = scene_spawn(system, &claimer_behavior, &first, sizeof first, 0);
    (void)scene_ask_u64(system, x);
    cr_expect_eq(one.claimed, COGO_ESTATE);
    seat_close(&a);
}

/* --- A store's lease in place of a majority. ---------------------------------------------- */

/* A store as simple as one can be: one name, by the wall clock. */
typedef struct shelf {
    pthread_mutex_t lock;
    char holder[200];
    uint64_t term;
    struct timespec until;
    bool away;
    int gives;
    sem_t asked_away; /* It was asked while it was away. */
} shelf;

static bool is_past(const struct timespec *t)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > t->tv_sec || (now.tv_sec == t->tv_sec && now.tv_nsec >= t->tv_nsec);
}

static cogo_err shelf_take(void *ctx, const cogo_lease_request *r, uint64_t *out_term)
{
    shelf *s = ctx;
    pthread_mutex_lock(&s->lock);
    cogo_err err = s->away ? COGO_EIO : COGO_EEXIST;
    bool mine = strcmp(s->holder, r->claimant) == 0 && s->term == r->term;
    if (!s->away && (mine || (is_past(&s->until) && r->term > s->term))) {
        (void)snprintf(s->holder, sizeof s->holder, "%s", r->claimant);
        s->term = r->term;
        (void)clock_gettime(CLOCK_MONOTONIC, &s->until);
        uint64_t ns = (uint64_t)s->until.tv_nsec + (uint64_t)r->lease_ms * 1000000;
        s->until.tv_sec += (time_t)(ns / 1000000000);
        s->until.tv_nsec = (long)(ns % 1000000000);
        err = COGO_OK;
    }
    *out_term = s->term;
    if (s->away) {
        sem_post(&s->asked_away);
    }
    pthread_mutex_unlock(&s->lock);
    return err;
}

static void shelf_give(void *ctx, const cogo_lease_request *r)
{
    shelf *s = ctx;
    pthread_mutex_lock(&s->lock);
    s->gives++;
    if (strcmp(s->holder, r->claimant) == 0 && s->term == r->term) {
        s->until = (struct timespec){0};
    }
    pthread_mutex_unlock(&s->lock);
}

static void shelf_open(shelf *s, cogo_cluster_store *store)
{
    *s = (shelf){.term = 0};
    pthread_mutex_init(&s->lock, NULL);
    sem_init(&s->asked_away, 0, 0);
    *store = (cogo_cluster_store){
        .struct_size = sizeof *store, .take = shelf_take, .give = shelf_give, .ctx = s};
}

static void shelf_close(shelf *s)
{
    pthread_mutex_destroy(&s->lock);
    sem_destroy(&s->asked_away);
}

static void put_away(shelf *s, bool away)
{
    pthread_mutex_lock(&s->lock);
    s->away = away;
    pthread_mutex_unlock(&s->lock);
}

/* Two nodes without a list of members, and without a link: each knows the store alone. */
Test(singleton, a_singleton_by_the_lease_of_a_store_moves_on_when_its_node_goes)
{
    shelf s;
    cogo_cluster_store store;
    seat seats[2];
    shelf_open(&s, &store);
    sem_init(&began, 0, 0);
    sem_init(&ended, 0, 0);
    seat_open_with(&seats[0], "a", NULL, NULL, &store);
    seat_open_with(&seats[1], "b", NULL, NULL, &store);
    (void)lead(&seats[0]);
    (void)lead(&seats[1]);
    sem_wait(&began);
    seat *first = leads, *other = first == &seats[0] ? &seats[1] : &seats[0];
    uint64_t term = leads_since;
    seat_close(first);
    sem_wait(&ended);
    sem_wait(&began);
    cr_expect_eq(leads, other);
    cr_expect_gt(leads_since, term);
    cr_expect_eq(sem_trywait(&began), -1, "there is one");
    seat_close(other);
    sem_destroy(&began);
    sem_destroy(&ended);
    shelf_close(&s);
}

/* Nobody knows then who else may be asking: it ends, and comes back with the store. */
Test(singleton, a_singleton_ends_while_the_store_can_not_be_asked)
{
    shelf s;
    cogo_cluster_store store;
    seat a;
    shelf_open(&s, &store);
    sem_init(&began, 0, 0);
    sem_init(&ended, 0, 0);
    seat_open_with(&a, "a", NULL, NULL, &store);
    (void)lead(&a);
    sem_wait(&began);
    put_away(&s, true);
    sem_wait(&s.asked_away);
    sem_wait(&ended);
    put_away(&s, false);
    sem_wait(&began);
    seat_close(&a);
    sem_destroy(&began);
    sem_destroy(&ended);
    shelf_close(&s);
}

/* What is given back another one has at once, and a store without its two functions is
 * refused. */
Test(singleton, a_name_is_given_back_to_the_store)
{
    shelf s;
    cogo_cluster_store store, half;
    seat a;
    claimer one = {.claimed = COGO_EFAULT}, *first = &one;
    shelf_open(&s, &store);
    sem_init(&one.held, 0, 0);
    seat_open_with(&a, "a", NULL, NULL, &store);
    cogo_actor_id x = scene_spawn(a.place.system, &claimer_behavior, &first, sizeof first, 0);
    (void)scene_ask_u64(a.place.system, x);
    cr_expect_eq(one.claimed, COGO_OK);
    sem_wait(&one.held);
    (void)scene_ask_u64(a.place.system, x);
    bool given = false;
    for (int i = 0; i < TRIES && !given; i++) {
        struct timespec moment = {0, 1000000};
        (void)nanosleep(&moment, NULL);
        pthread_mutex_lock(&s.lock);
        given = s.gives == 1 && s.until.tv_sec == 0;
        pthread_mutex_unlock(&s.lock);
    }
    cr_expect(given);
    seat_close(&a);
    half = store;
    half.give = NULL;
    cogo_node_config config = cluster_config("a");
    config.store = &half;
    cogo_system *system = scene_open(1);
    cr_expect_eq(cogo_node_start(system, &config), COGO_EINVAL);
    scene_close(system);
    sem_destroy(&one.held);
    shelf_close(&s);
}
