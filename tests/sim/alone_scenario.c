/* A cluster with a list of members and one singleton, while the network is torn, nodes end and
 * come back, and clocks run at different rates: there are never two, and in the end one. */
#include "runtime/sched/system.h"
#include "tests/sim/host_clock.h"
#include "tests/sim/net.h"
#include "tests/sim/stories.h"

#include <stdio.h>

enum {
    HOSTS_MAX = 7,
    PORT_FIRST = 7000, // Divides by NET_HOSTS_MAX.
    BEAT_MS = 1000,
    EVENTS_MAX = 6,
    RATE_MAX = 20, // In 1000: two differ by 4 % at most.
};
#define LEADER    "leader"
#define HEALED_NS (300 * SCENARIO_S) /* Then all must know each other, and one must lead. */

typedef struct host {
    host_clock clock;
    int number;
    cogo_system *system;
} host;

static host hosts[HOSTS_MAX];
static int host_count, running;
static uint64_t last_term, led;

/* It differs in more than its offset; terms begin with the time of day, which is about
 * right. */
static void give_clock(host *h)
{
    h->clock = (host_clock){.ahead_ns = scenario_pick(1000 * SCENARIO_S)};
    h->clock.rate = 1000 - RATE_MAX + scenario_pick(2 * RATE_MAX + 1);
    host_clock_init(&h->clock);
}

/* --- What may run once. ------------------------------------------------------------------- */

static cogo_err leader_start(cogo_context *ctx, void *state, const void *args)
{
    const host *h = *(host *const *)args;
    uint64_t term = 0;
    (void)state;
    scenario_check(++running == 1, "host %d begins where another still runs", h->number);
    cogo_err err = cogo_cluster_whereis(cogo_context_system(ctx), LEADER, NULL, &term);
    if (err == COGO_OK) { // Else its node is stopping.
        scenario_check(term >= last_term, "host %d leads with term %llu after %llu", h->number,
                       (unsigned long long)term, (unsigned long long)last_term);
        last_term = term;
    }
    led++;
    return COGO_OK;
}

static cogo_err leader_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_OK;
}

static void leader_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)ctx;
    (void)state;
    (void)reason;
    running--;
}

static const cogo_behavior leader_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = LEADER,
    .start = leader_start,
    .receive = leader_receive,
    .stop = leader_stop,
};

/* --- Hosts. ------------------------------------------------------------------------------- */

/* Each joins the first one only, or the one before it: the others are found through it. */
static void start_node(const host *h)
{
    char name[16], listen[32], join[32], members[32];
    int seed = h->number == 0 ? 1 : scenario_maybe(50) ? 0 : h->number - 1;
    (void)snprintf(name, sizeof name, "pod-%d", h->number);
    (void)snprintf(members, sizeof members, "pod-0..%d", host_count - 1);
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%d", PORT_FIRST + h->number);
    (void)snprintf(join, sizeof join, "127.0.0.1:%d", PORT_FIRST + seed);
    const cogo_node_config config = {
        .struct_size = sizeof config,
        .name = name,
        .listen = listen,
        .join = join,
        .members = members,
        .heartbeat_ms = BEAT_MS,
        .reconnect_max_ms = 2000,
    };
    cogo_err err = cogo_node_start(h->system, &config);
    scenario_check(err == COGO_OK, "no node: %s", cogo_strerror(err));
}

static void open_host(int number)
{
    host *h = &hosts[number];
    const cogo_system_config config = {
        .struct_size = sizeof config, .lane_count = 1, .actor_limit = 1024};
    cogo_actor_id keeper;
    *h = (host){.number = number};
    give_clock(h);
    cogo_err err = cogo__system_create_in(&h->clock.world, &config, &h->system);
    scenario_check(err == COGO_OK, "no system: %s", cogo_strerror(err));
    net_host_is(h->system, number);
    start_node(h);
    const cogo_singleton_spec spec = {.struct_size = sizeof spec,
                                      .name = LEADER,
                                      .behavior = &leader_behavior,
                                      .args = &h,
                                      .args_size_bytes = sizeof h};
    err = cogo_cluster_singleton_start(h->system, &spec, &keeper);
    scenario_check(err == COGO_OK, "no singleton: %s", cogo_strerror(err));
}

static void close_host(int number)
{
    host *h = &hosts[number];
    if (scenario_maybe(50)) {
        (void)cogo_node_stop(h->system, 10 * SCENARIO_S);
    }
    cogo_err err = cogo_system_stop(h->system, SCENARIO_LONG);
    scenario_check(err == COGO_OK, "stop() says: %s", cogo_strerror(err));
    scenario_destroy(h->system, 0);
    h->system = NULL;
    scenario_check(net_open_count(number) == 0, "host %d leaves sockets open", number);
}

/* --- What happens to them. ---------------------------------------------------------------- */

static void set_path(int from, int to, bool cut)
{
    *net_path_of(from, to) = (net_path){.cut = cut, .delay_ns = 1 + scenario_pick(SCENARIO_MS)};
    net_path_changed(from, to);
}

static void heal(void)
{
    for (int a = 0; a < host_count; a++) {
        for (int b = 0; b < host_count; b++) {
            set_path(a, b, false);
        }
    }
}

static void partition(void)
{
    uint64_t side = scenario_pick(UINT64_C(1) << host_count);
    for (int a = 0; a < host_count; a++) {
        for (int b = 0; b < host_count; b++) {
            set_path(a, b, (side >> a & 1) != (side >> b & 1));
        }
    }
}

static void cut_off(int number, bool cut)
{
    for (int i = 0; i < host_count; i++) {
        set_path(number, i, cut);
        set_path(i, number, cut);
    }
}

static void happen(void)
{
    int a = (int)scenario_pick((uint64_t)host_count);
    int b = (int)scenario_pick((uint64_t)host_count);
    bool sudden = scenario_maybe(50);
    switch (scenario_pick(7)) {
    case 0:
    case 1:
        partition();
        break;
    case 2: // One way.
        set_path(a, b, true);
        break;
    case 3:
        net_reset(a, b);
        break;
    case 4:
        net_path_of(a, b)->delay_ns = scenario_pick(2 * SCENARIO_S);
        break;
    case 5: // Dead at once, or with a word; and back.
        if (sudden) {
            cut_off(a, true);
        }
        close_host(a);
        scenario_sleep(scenario_pick(20 * SCENARIO_S));
        open_host(a);
        if (sudden) {
            cut_off(a, false);
        }
        break;
    default:
        heal();
        break;
    }
}

/* All know all others, as they are now, and nobody else. */
static bool is_whole(const host *h)
{
    cogo_member members[HOSTS_MAX + 1];
    uint32_t cursor = 0;
    members[0].struct_size = sizeof members[0];
    size_t count = cogo_cluster_list(h->system, &cursor, members, HOSTS_MAX + 1);
    bool whole = count == (size_t)host_count;
    for (size_t i = 0; i < count; i++) {
        cogo_node_stats stats = {.struct_size = sizeof stats};
        int number = members[i].name[4] - '0';
        scenario_must(number >= 0 && number < host_count);
        scenario_must(cogo_node_stats_read(hosts[number].system, &stats) == COGO_OK);
        whole = whole && members[i].state == COGO_MEMBER_ALIVE && members[i].linked
                && members[i].incarnation == stats.incarnation;
    }
    return whole;
}

/* For who looks into a failure. */
static void print_view(const host *h)
{
    cogo_member members[HOSTS_MAX + 1];
    uint32_t cursor = 0;
    members[0].struct_size = sizeof members[0];
    size_t count = cogo_cluster_list(h->system, &cursor, members, HOSTS_MAX + 1);
    cogo_cluster_stats stats = {.struct_size = sizeof stats};
    if (cogo_cluster_stats_read(h->system, &stats) == COGO_OK) {
        fprintf(stderr, "    pod-%d: epoch %llu, late %llu ms, strain %u, %u of %u voters\n",
                h->number, (unsigned long long)stats.epoch,
                (unsigned long long)(stats.late_ns / SCENARIO_MS), stats.strain,
                stats.voters_here, stats.voters);
    }
    for (size_t i = 0; i < count; i++) {
        const cogo_member *m = &members[i];
        fprintf(stderr, "    pod-%d sees %s at '%s' as %016llx, %s, version %llu%s\n",
                h->number, m->name, m->address, (unsigned long long)m->incarnation,
                cogo_member_state_name(m->state), (unsigned long long)m->version,
                m->linked ? ", linked" : "");
    }
}

static void await_whole(void)
{
    uint64_t end = cogo__world_now(cogo__sim_world()) + HEALED_NS;
    for (int i = 0; i < host_count || running == 0;) {
        if (i < host_count && is_whole(&hosts[i])) {
            i++;
            continue;
        }
        scenario_sleep(SCENARIO_S);
        for (int n = 0; n < host_count && cogo__world_now(cogo__sim_world()) >= end; n++) {
            print_view(&hosts[n]);
        }
        scenario_check(cogo__world_now(cogo__sim_world()) < end,
                       "host %d does not know all others, or nobody leads: %d", i, running);
    }
}

/* In a whole cluster the others find the one. */
static void check_found(void)
{
    uint64_t end = cogo__world_now(cogo__sim_world()) + HEALED_NS;
    for (int i = 0; i < host_count;) {
        cogo_actor_id id = COGO_NO_ACTOR;
        if (cogo_cluster_whereis(hosts[i].system, LEADER, &id, NULL) == COGO_OK) {
            i++;
            continue;
        }
        scenario_sleep(SCENARIO_S);
        scenario_check(cogo__world_now(cogo__sim_world()) < end, "host %d finds no leader", i);
    }
}

void cluster_alone(void)
{
    running = 0;
    led = last_term = 0;
    host_count = 3 + (int)scenario_pick(HOSTS_MAX - 2);
    net_begin(host_count);
    for (int i = 0; i < host_count; i++) {
        open_host(i);
    }
    scenario_sleep(scenario_pick(30 * SCENARIO_S));
    for (uint64_t events = scenario_pick(EVENTS_MAX); events > 0; events--) {
        happen();
        scenario_sleep(scenario_pick(20 * SCENARIO_S));
    }
    heal();
    await_whole();
    check_found();
    for (int i = 0; i < host_count; i++) {
        close_host(i);
    }
    scenario_check(running == 0 && led > 0, "%d still run", running);
    net_end();
}
