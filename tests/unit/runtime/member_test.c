/* Members of a cluster as programs see them: found through others, gone with and without a
 * word, and a peer that tells stories about them. */
#include "tests/unit/runtime/rogue.h"

#include <pthread.h>
#include <time.h>

enum { BEAT_MS = 100, LEASE_MS = 3000, TRIES = 60000 };

typedef struct seat {
    place place;
    sem_t news;
    cogo_actor_id watcher;
} seat;

static cogo_err watch_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    seat *s = *(seat **)state;
    (void)ctx;
    if (cogo_msg_type_of(msg) == COGO_MSG_MEMBER) {
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
static void seat_open_with(seat *s, const char *name, const char *members, const seat *seed,
                           const cogo_cluster_store *store)
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
    p->listener = scene_spawn(p->system, &cluster_listener, &p, sizeof(place *), 0);
    s->watcher = scene_spawn(p->system, &watcher, &self, sizeof(seat *), 0);
    cluster_types(p->system);
    cr_expect_eq(cogo_cluster_subscribe(p->system, s->watcher), COGO_ESTATE);
    cr_expect_eq(cogo_node_start(p->system, &config), COGO_OK);
    cr_expect_eq(cogo_node_subscribe(p->system, p->listener), COGO_OK);
    cr_expect_eq(cogo_cluster_subscribe(p->system, s->watcher), COGO_OK);
}

static void seat_open(seat *s, const char *name, const char *members, const seat *seed)
{
    seat_open_with(s, name, members, seed, NULL);
}

static void seat_close(seat *s)
{
    place_close(&s->place);
    sem_destroy(&s->news);
}

static cogo_member find(const seat *s, const char *name)
{
    cogo_member member = {.struct_size = sizeof member};
    if (cogo_cluster_find(s->place.system, name, &member) != COGO_OK) {
        member = (cogo_member){.state = COGO_MEMBER_UNKNOWN};
    }
    return member;
}

static cogo_cluster_stats stats_of(const seat *s)
{
    cogo_cluster_stats stats = {.struct_size = sizeof stats};
    cr_expect_eq(cogo_cluster_stats_read(s->place.system, &stats), COGO_OK);
    return stats;
}

static void await_state(seat *s, const char *name, cogo_member_state state)
{
    while (find(s, name).state != state) {
        sem_wait(&s->news);
    }
}

static void await_incarnation(seat *s, const char *name, uint64_t other_than)
{
    while (find(s, name).incarnation == other_than) {
        sem_wait(&s->news);
    }
}

static cogo_value text(const char *bytes)
{
    return (cogo_value){(const uint8_t *)bytes, strlen(bytes)};
}

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
    await_state(&b, "c", COGO_MEMBER_ALIVE);
    cogo_member members[4] = {{.struct_size = sizeof members[0]}};
    uint32_t cursor = 0;
    cr_expect_eq(cogo_cluster_list(b.place.system, &cursor, members, 4), 3u);
    cr_expect_eq(cursor, 0u);
    cr_expect(members[0].self && members[0].linked);
    cr_expect_str_eq(members[0].name, "b");
    cr_expect_eq(stats_of(&a).voters, 3u);
    cr_expect_eq(stats_of(&a).members[COGO_MEMBER_ALIVE], 3u);
    cr_expect_str_eq(cogo_member_state_name(COGO_MEMBER_LEFT), "left");
    cr_expect_str_eq(cogo_member_state_name((cogo_member_state)99), "unknown");
    seat_close(&c); // It says so: nobody doubts it first.
    await_state(&a, "c", COGO_MEMBER_LEFT);
    await_state(&b, "c", COGO_MEMBER_LEFT);
    cr_expect_eq(stats_of(&a).suspicions, 0u);
    cr_expect_eq(stats_of(&b).suspicions, 0u);
    seat_close(&b);
    seat_close(&a);
}

/* The one that left comes back: its next incarnation is a later one, whatever the clock says.
 */
Test(member, who_left_may_come_back)
{
    seat a, b;
    seat_open(&a, "a", NULL, NULL);
    for (int i = 0; i < 3; i++) {
        seat_open(&b, "b", NULL, &a);
        sem_wait(&b.place.ups);
        await_state(&a, "b", COGO_MEMBER_ALIVE);
        uint64_t before = find(&a, "b").incarnation;
        seat_close(&b);
        await_state(&a, "b", COGO_MEMBER_LEFT);
        cr_expect_eq(find(&a, "b").incarnation, before);
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
    cr_expect_eq(find(&a, "rogue").state, COGO_MEMBER_UNKNOWN);
    cr_expect(find(&a, "rogue").listed);
    rogue_open(&r, &a.place);
    await_state(&b, "rogue", COGO_MEMBER_ALIVE);
    rogue_close(&r);
    await_state(&b, "rogue", COGO_MEMBER_DEAD);
    await_state(&a, "rogue", COGO_MEMBER_DEAD);
    cogo_cluster_stats one = stats_of(&a), other = stats_of(&b);
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
    await_state(&b, "rogue", COGO_MEMBER_ALIVE);
    cr_expect_eq(find(&b, "rogue").incarnation, 78u);
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
    await_state(&a, "rogue", COGO_MEMBER_ALIVE);
    cr_expect(stats_of(&a).majority);
    rogue_close(&r);
    await_state(&a, "rogue", COGO_MEMBER_SUSPECT);
    cr_expect_not(stats_of(&a).majority);
    r.incarnation = 77; // Not fenced: it is let in again, and has to deny what is said of it.
    rogue_open(&r, &a.place);
    const cogo__frame denial = {.kind = COGO__FRAME_MEMBER,
                                .member = {COGO_MEMBER_ALIVE, 77, 1, text("rogue"), text("")}};
    rogue_say(&r, COGO__CONTROL, &denial);
    await_state(&a, "rogue", COGO_MEMBER_ALIVE);
    cr_expect_eq(stats_of(&a).deaths, 0u);
    cr_expect_eq(stats_of(&a).refuted, 1u);
    rogue_close(&r);
    seat_close(&a);
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
    await_state(&a, "rogue", COGO_MEMBER_ALIVE); // Linked, and so one that is told.
    uint64_t incarnation = find(&a, "a").incarnation;
    cogo__frame story = {.kind = COGO__FRAME_MEMBER,
                         .member = {COGO_MEMBER_SUSPECT, incarnation, 3, text("a"), text("")}};
    r.fits = denies;
    rogue_say(&r, COGO__CONTROL, &story);
    cr_assert(rogue_await(&r, COGO__CONTROL, COGO__FRAME_MEMBER));
    cr_expect_eq(r.frame.member.state, COGO_MEMBER_ALIVE);
    r.fits = NULL;
    cr_expect_eq(find(&a, "a").version, 4u);
    const cogo__frame question = {.kind = COGO__FRAME_PROBE, .probe = {9, 0, text("x"), 5}};
    rogue_say(&r, COGO__CONTROL, &question);
    cr_expect(rogue_await(&r, COGO__CONTROL, COGO__FRAME_PROBED));
    cr_expect_eq(r.frame.probe.number, 9u);
    cr_expect_eq(r.frame.probe.alive, 0u);
    story.member.state = COGO_MEMBER_DEAD;
    rogue_say(&r, COGO__CONTROL, &story);
    await_incarnation(&a, "a", incarnation);
    sem_wait(&a.place.downs);
    cr_expect_gt(find(&a, "a").incarnation, incarnation);
    cr_expect_eq(find(&a, "a").state, COGO_MEMBER_ALIVE);
    cr_expect_eq(stats_of(&a).reborn, 1u);
    cogo_node_stats node = {.struct_size = sizeof node};
    cr_expect_eq(cogo_node_stats_read(a.place.system, &node), COGO_OK);
    cr_expect_eq(node.incarnation, find(&a, "a").incarnation);
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
    cogo__frame story = {.kind = COGO__FRAME_MEMBER,
                         .member = {COGO_MEMBER_ALIVE, 5, 1, text("z"), text("127.0.0.9:9")}};
    rogue_say(&r, COGO__CONTROL, &story);
    cluster_await_joiners(&a.place, 1);
    story.member.version = 2;
    story.member.address = text("");
    rogue_say(&r, COGO__CONTROL, &story);
    cluster_await_joiners(&a.place, 0);
    story.member.version = 3;
    story.member.address = text("127.0.0.8:9");
    rogue_say(&r, COGO__CONTROL, &story);
    cluster_await_joiners(&a.place, 1);
    story.member.state = COGO_MEMBER_LEFT;
    rogue_say(&r, COGO__CONTROL, &story);
    cluster_await_joiners(&a.place, 0);
    cr_expect_eq(find(&a, "z").state, COGO_MEMBER_LEFT);
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

/* --- Names that one holds. ------------------------------------------------------------------
 */

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
Test(member, a_singleton_moves_on_when_its_node_goes)
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
Test(member, a_singleton_is_begun_again_and_ends_with_its_keeper)
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

Test(member, a_name_has_one_claimant_on_a_node_and_is_given_back)
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

Test(member, claims_need_a_list_of_members)
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

/* --- A store's lease in place of a majority. -----------------------------------------------
 */

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
Test(member, a_singleton_by_the_lease_of_a_store_moves_on_when_its_node_goes)
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
Test(member, a_singleton_ends_while_the_store_can_not_be_asked)
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

/* What is given back another one has at once, and a store without its two functions is refused.
 */
Test(member, a_name_is_given_back_to_the_store)
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
