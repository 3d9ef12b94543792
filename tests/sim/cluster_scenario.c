/* Whole clusters: nodes linked over the simulated network, which is cut, slowed down, reset and
 * healed by the seed, while nodes end and come back under their names. All members are in one
 * group, and each host supervises a guest that is placed on the next one. */
#include "runtime/sched/system.h"
#include "tests/sim/cluster.h"
#include "tests/sim/net.h"
#include "tests/sim/stories.h"

#include <stdio.h>

enum {
    PORT_FIRST = 7000, // Divides by NET_HOSTS_MAX.
    BEAT_MS = 500,
};
#define HEALED_NS    (300 * SCENARIO_S) /* Then all must be linked again. */
#define QUEUE_BYTES  UINT64_C(262144)
#define WINDOW_BYTES UINT64_C(524288)

/* --- Hosts. ------------------------------------------------------------------------------- */

/* Each joins all others, or those with a higher number, by the seed: both may find the
 * other. */
static void start_node(host *h, bool both)
{
    char name[2] = {(char)('a' + h->number), 0}, listen[32], join[256] = "";
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%d", PORT_FIRST + h->number);
    for (int i = 0; i < h->cluster->hosts; i++) {
        size_t at = strlen(join);
        if (i > h->number || (both && i != h->number)) {
            (void)snprintf(join + at, sizeof join - at, "%s127.0.0.1:%d", at > 0 ? "," : "",
                           PORT_FIRST + i);
        }
    }
    const cogo_node_config config = {
        .struct_size = sizeof config,
        .name = name,
        .listen = listen,
        .join = join[0] != '\0' ? join : NULL,
        .window_bytes = (uint32_t)WINDOW_BYTES,
        .queue_bytes = (uint32_t)QUEUE_BYTES,
        .heartbeat_ms = BEAT_MS,
        .reconnect_max_ms = 2000,
    };
    cogo_err err = cogo_node_start(h->system, &config);
    scenario_check(err == COGO_OK, "no node: %s", cogo_strerror(err));
}

static void open_host(host *h)
{
    const cogo_system_config config = {.struct_size = sizeof config,
                                       .lane_count = 1 + (uint32_t)scenario_pick(2),
                                       .actor_limit = 1024};
    const cogo_type type = {sizeof type, SAY, "say", NULL};
    uint64_t ahead_ns = scenario_maybe(50) ? 0 : scenario_pick(1000 * SCENARIO_S);
    h->clock =
        (host_clock){.ahead_ns = ahead_ns, .wall_ahead_ms = (int64_t)(ahead_ns / SCENARIO_MS)};
    host_clock_init(&h->clock);
    cogo_err err = cogo__system_create_in(&h->clock.world, &config, &h->system);
    scenario_check(err == COGO_OK, "no system: %s", cogo_strerror(err));
    net_host_is(h->system, h->number);
    scenario_must(cogo_type_register(h->system, &type) == COGO_OK);
    h->member = scenario_spawn(h->system, &cluster_member_behavior, &h, sizeof h, 0);
    scenario_must(cogo_name_register(h->system, MEMBER, h->member) == COGO_OK);
    scenario_must(cogo_behavior_register(h->system, &cluster_guest_behavior, NULL) == COGO_OK);
    const char group[] = {(char)('a' + h->number), '\0'};
    scenario_must(cogo_group_join(h->system, SCOPE, group, h->member) == COGO_OK);
    start_node(h, scenario_maybe(50));
    scenario_must(cogo_node_subscribe(h->system, h->member) == COGO_OK);
    cluster_send_guest(h);
}

/* All that was of this life ends; the next begins as a new process would. */
static void close_host(host *h)
{
    if (scenario_maybe(50)) {
        (void)cogo_node_stop(h->system, 10 * SCENARIO_S);
    }
    cogo_err err = cogo_system_stop(h->system, SCENARIO_LONG);
    scenario_check(err == COGO_OK, "stop() says: %s", cogo_strerror(err));
    scenario_destroy(h->system, 0);
    scenario_check(net_open_count(h->number) == 0, "host %d leaves sockets open", h->number);
    host next = {.cluster = h->cluster, .number = h->number, .life = h->life + 1};
    *h = next;
}

/* --- What happens to them. ---------------------------------------------------------------- */

static void cut(int from, int to, bool is_cut)
{
    net_path_of(from, to)->cut = is_cut;
    net_path_changed(from, to);
}

static void heal(cluster *c)
{
    for (int a = 0; a < c->hosts; a++) {
        for (int b = 0; b < c->hosts; b++) {
            *net_path_of(a, b) = (net_path){.delay_ns = 1 + scenario_pick(SCENARIO_MS)};
            net_path_changed(a, b);
        }
    }
}

static void partition(cluster *c)
{
    uint64_t side = scenario_pick(UINT64_C(1) << c->hosts);
    for (int a = 0; a < c->hosts; a++) {
        for (int b = 0; b < c->hosts; b++) {
            if ((side >> a & 1) != (side >> b & 1)) {
                cut(a, b, true);
            }
        }
    }
}

/* Dead at once: nothing that it says at its end is heard before it is back. */
static void restart(cluster *c, int number)
{
    bool sudden = scenario_maybe(50);
    for (int i = 0; sudden && i < c->hosts; i++) {
        cut(number, i, true);
        cut(i, number, true);
    }
    close_host(&c->all[number]);
    scenario_sleep(scenario_pick(5 * SCENARIO_S));
    open_host(&c->all[number]);
    for (int i = 0; sudden && i < c->hosts; i++) {
        cut(number, i, false);
        cut(i, number, false);
    }
}

static void happen(cluster *c)
{
    int a = (int)scenario_pick((uint64_t)c->hosts), b = (int)scenario_pick((uint64_t)c->hosts);
    net_path *path = net_path_of(a, b);
    switch (scenario_pick(7)) {
    case 0:
        partition(c);
        break;
    case 1: // One way.
        cut(a, b, true);
        break;
    case 2:
        net_reset(a, b);
        break;
    case 3: // A slow peer.
        path->bytes_per_s = 2000 + scenario_pick(100000);
        break;
    case 4:
        path->delay_ns = scenario_pick(SCENARIO_S);
        path->jitter_ns = scenario_pick(SCENARIO_S);
        break;
    case 5:
        restart(c, a);
        break;
    default:
        heal(c);
        break;
    }
}

static void look_at_bounds(cluster *c)
{
    for (int i = 0; i < c->hosts; i++) {
        cogo_node_info infos[LIVES_MAX];
        uint32_t cursor = 0;
        infos[0].struct_size = sizeof infos[0];
        size_t count = cogo_node_list(c->all[i].system, &cursor, infos, LIVES_MAX);
        for (size_t n = 0; n < count; n++) {
            scenario_check(infos[n].queued_bytes <= QUEUE_BYTES + LARGE + 16384,
                           "%llu bytes wait on host %d",
                           (unsigned long long)infos[n].queued_bytes, i);
        }
    }
}

/* True if @p h knows all others, also as members of their groups, of all that it watches just
 * those have not ended, and it has one guest. */
static bool is_whole(const cluster *c, const host *h)
{
    int known = 0, grouped = 0;
    for (int i = 0; i < c->hosts; i++) {
        const cogo_actor_id *id = &h->others[i].id;
        known += cogo_actor_id_is_set(*id) && id->incarnation == c->all[i].member.incarnation;
        grouped += cogo_actor_id_is_set(*id) && cogo_actor_id_equal(h->others[i].grouped, *id);
    }
    return known == c->hosts - 1 && h->watch_count - h->fired_count == (uint64_t)known
           && grouped == known && c->guests[h->number] == 1;
}

static void await_whole(cluster *c)
{
    uint64_t end = cogo__world_now(cogo__sim_world()) + HEALED_NS;
    for (int i = 0; i < c->hosts;) {
        if (is_whole(c, &c->all[i])) {
            i++;
            continue;
        }
        scenario_sleep(SCENARIO_S);
        scenario_check(cogo__world_now(cogo__sim_world()) < end,
                       "host %d is not whole again: %llu watched, %llu fired, %d guests", i,
                       (unsigned long long)c->all[i].watch_count,
                       (unsigned long long)c->all[i].fired_count, c->guests[i]);
    }
}

void cluster_torn(void)
{
    static cluster c; // Too large for a thread's stack here.
    memset(&c, 0, sizeof c);
    c.hosts = 2 + (int)scenario_pick(HOSTS_MAX - 1);
    net_begin(c.hosts);
    for (int i = 0; i < c.hosts; i++) {
        c.all[i] = (host){.cluster = &c, .number = i};
        open_host(&c.all[i]);
    }
    for (uint64_t events = scenario_pick(8); events > 0; events--) {
        scenario_sleep(scenario_pick(6 * SCENARIO_S));
        happen(&c);
        look_at_bounds(&c);
    }
    heal(&c);
    await_whole(&c);
    for (int i = 0; i < c.hosts; i++) {
        close_host(&c.all[i]);
        scenario_check(c.guests[(i + c.hosts - 1) % c.hosts] == 0, "host %d leaves a guest", i);
    }
    net_end();
}
