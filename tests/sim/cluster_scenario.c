/* Whole clusters: nodes linked over the simulated network, which is cut, slowed down, reset and
 * healed by the seed, while nodes end and come back under their names. All members are in one
 * group, and each host supervises a guest that is placed on the next one. */
#include "runtime/sched/system.h"
#include "tests/sim/net.h"
#include "tests/sim/stories.h"

#include <stdio.h>

enum {
    HOSTS_MAX = 5,
    PORT_FIRST = 7000, // Divides by NET_HOSTS_MAX.
    LIVES_MAX = 16,
    WATCHES_MAX = 256,
    OLD_MAX = 8,
    SAY = COGO_MSG_USER,
    LARGE = 100000, // Bytes: goes in parts.
    BEAT_MS = 500,
};
#define MEMBER       "member"
#define SCOPE        "cluster"
#define HEALED_NS    (300 * SCENARIO_S) /* Then all must be linked again. */
#define QUEUE_BYTES  UINT64_C(262144)
#define WINDOW_BYTES UINT64_C(524288)

/* One number of one life of one host to another. */
typedef struct word {
    uint32_t incarnation, host, life; // Of the target; of the sender.
    uint64_t number;
} word;

typedef struct watched {
    uint64_t monitor, fired;
} watched;

typedef struct other {
    bool up, asked;
    uint32_t node;
    cogo_actor_id id;
    cogo_actor_id grouped; // As the watch of the group has told.
    uint64_t ask;
} other;

typedef struct host {
    struct cluster *cluster;
    cogo__world world;
    uint64_t skew_ns;
    int number;
    uint32_t life;
    cogo_system *system;
    cogo_actor_id member;
    other others[HOSTS_MAX];
    watched watches[WATCHES_MAX];
    uint64_t watch_count, fired_count, said;
    uint64_t heard[HOSTS_MAX][LIVES_MAX]; // The latest number of each life of each host.
    uint64_t counted;
    cogo_actor_id old[OLD_MAX]; // Members of others that have gone.
    uint64_t old_count;
} host;

typedef struct cluster {
    int hosts;
    host all[HOSTS_MAX];
    int guests[HOSTS_MAX]; // Of each host, alive on another one.
    uint64_t losses;
} cluster;

/* --- A clock of its own for each host. --------------------------------------------------- */

static uint64_t skewed_now(void *ctx)
{
    return cogo__world_now(cogo__sim_world()) + ((host *)ctx)->skew_ns;
}

static int64_t skewed_wall(void *ctx)
{
    const cogo__world *w = cogo__sim_world();
    return w->wall_ms(w->ctx) + (int64_t)(((host *)ctx)->skew_ns / SCENARIO_MS);
}

static uint64_t world_random(void *ctx)
{
    (void)ctx;
    return cogo__sim_world()->random(cogo__sim_world()->ctx);
}

static uint32_t world_cpus(void *ctx)
{
    (void)ctx;
    return cogo__sim_world()->cpu_count(cogo__sim_world()->ctx);
}

static void skewed_park(void *ctx, cogo__parker *parker, uint64_t deadline_ns)
{
    uint64_t skew = ((host *)ctx)->skew_ns;
    uint64_t mine = deadline_ns > skew ? deadline_ns - skew : 1;
    cogo__world_park(cogo__sim_world(), parker,
                     deadline_ns == COGO__FOREVER ? COGO__FOREVER : mine);
}

static void world_wake(void *ctx, cogo__parker *parker)
{
    (void)ctx;
    cogo__world_wake(cogo__sim_world(), parker);
}

static cogo_err world_thread(void *ctx, const cogo_allocator *from, void (*run)(void *arg),
                             void *arg, const char *name, cogo__thread **out)
{
    const cogo__world *w = cogo__sim_world();
    (void)ctx;
    return w->thread_start(w->ctx, from, run, arg, name, out);
}

static void world_join(void *ctx, cogo__thread *thread)
{
    (void)ctx;
    cogo__sim_world()->thread_join(cogo__sim_world()->ctx, thread);
}

static void give_world(host *h)
{
    h->skew_ns = scenario_maybe(50) ? 0 : scenario_pick(1000 * SCENARIO_S);
    h->world = (cogo__world){
        .ctx = h,
        .now_ns = skewed_now,
        .wall_ms = skewed_wall,
        .random = world_random,
        .cpu_count = world_cpus,
        .park = skewed_park,
        .wake = world_wake,
        .thread_start = world_thread,
        .thread_join = world_join,
    };
}

/* --- The member of each host. ------------------------------------------------------------ */

static cogo_err member_start(cogo_context *ctx, void *state, const void *args)
{
    host *h = *(host *const *)args;
    uint64_t every = (20 + scenario_pick(300)) * SCENARIO_MS;
    *(host **)state = h;
    cogo_err err = cogo_group_watch(ctx, SCOPE, NULL, NULL);
    return err == COGO_OK ? cogo_timer_start(ctx, every, every, 0, NULL) : err;
}

/* Each member of another host comes once, and goes once before another one of that host comes.
 */
static void on_group(host *h, const cogo_group_event *event)
{
    if (event->change == COGO_GROUP_READY || event->member.node == 0) {
        return;
    }
    int number = event->group[0] - 'a';
    scenario_must(number >= 0 && number < h->cluster->hosts && number != h->number);
    cogo_actor_id *known = &h->others[number].grouped;
    if (event->change == COGO_GROUP_LEFT) {
        scenario_check(cogo_actor_id_equal(*known, event->member),
                       "host %d is told that one left who was not there", h->number);
        *known = COGO_NO_ACTOR;
    } else {
        scenario_check(!cogo_actor_id_is_set(*known), "host %d is told of a member twice",
                       h->number);
        *known = event->member;
    }
}

static void say(cogo_context *ctx, host *h, cogo_actor_id to)
{
    size_t size = scenario_maybe(3) ? LARGE : sizeof(word) + scenario_pick(200);
    cogo_msg *msg = cogo_msg_create(cogo_context_system(ctx), SAY, size);
    word w = {to.incarnation, (uint32_t)h->number, h->life, h->said + 1};
    scenario_must(msg != NULL);
    memset(cogo_msg_payload(msg), 0, size);
    memcpy(cogo_msg_payload(msg), &w, sizeof w);
    h->said += cogo_send(ctx, to, msg) == COGO_OK;
}

static void bury(host *h, other *o)
{
    if (cogo_actor_id_is_set(o->id)) {
        h->old[h->old_count++ % OLD_MAX] = o->id;
    }
    o->id = COGO_NO_ACTOR;
}

static void on_tick(cogo_context *ctx, host *h)
{
    for (int i = 0; i < h->cluster->hosts; i++) {
        other *o = &h->others[i];
        if (cogo_actor_id_is_set(o->id)) {
            for (uint64_t n = scenario_pick(4); n > 0; n--) {
                say(ctx, h, o->id);
            }
        } else if (o->up && !o->asked) {
            o->asked =
                cogo_node_name_ask(ctx, o->node, MEMBER, 10 * SCENARIO_S, &o->ask) == COGO_OK;
        }
    }
    if (h->old_count > 0 && scenario_maybe(20)) { // Must reach nobody, or who it was.
        uint64_t n = scenario_pick(h->old_count < OLD_MAX ? h->old_count : OLD_MAX);
        say(ctx, h, h->old[n]);
    }
}

static void on_node(host *h, const cogo_node_event *event)
{
    int number = event->name[0] - 'a';
    scenario_must(number >= 0 && number < h->cluster->hosts && number != h->number);
    other *o = &h->others[number];
    if (event->up) {
        bury(h, o);
        *o = (other){.up = true, .node = event->node, .grouped = o->grouped};
    } else if (event->node == o->node) {
        bury(h, o);
        o->up = false;
        h->cluster->losses++;
    }
}

static void on_name(cogo_context *ctx, host *h, cogo_msg *msg)
{
    for (int i = 0; i < h->cluster->hosts; i++) {
        other *o = &h->others[i];
        if (!o->asked || cogo_msg_ask(msg) != o->ask) {
            continue;
        }
        o->asked = false;
        cogo_actor_id id = cogo_msg_type_of(msg) == COGO_MSG_NAME
                               ? *(const cogo_actor_id *)cogo_msg_payload(msg)
                               : COGO_NO_ACTOR;
        if (!cogo_actor_id_is_set(id) || !o->up) {
            return;
        }
        watched *w = &h->watches[h->watch_count];
        scenario_must(h->watch_count < WATCHES_MAX);
        if (cogo_monitor(ctx, id, &w->monitor) == COGO_OK) {
            h->watch_count++;
            o->id = id;
        }
    }
}

static void on_down(host *h, const cogo_down *down)
{
    uint64_t found = 0;
    for (uint64_t i = 0; i < h->watch_count; i++) {
        watched *w = &h->watches[i];
        if (w->monitor == down->monitor) {
            found++;
            scenario_check(++w->fired == 1, "a monitor of host %d fired twice", h->number);
        }
    }
    scenario_check(found == 1, "a DOWN of no monitor on host %d", h->number);
    h->fired_count++;
    for (int i = 0; i < h->cluster->hosts; i++) {
        if (cogo_actor_id_equal(h->others[i].id, down->actor)) {
            bury(h, &h->others[i]);
        }
    }
}

static void on_word(host *h, cogo_msg *msg)
{
    word w;
    memcpy(&w, cogo_msg_payload(msg), sizeof w);
    scenario_check(w.incarnation == h->member.incarnation,
                   "host %d got what was for another actor", h->number);
    scenario_must(w.host < HOSTS_MAX && w.life < LIVES_MAX);
    uint64_t *heard = &h->heard[w.host][w.life];
    scenario_check(w.number > *heard, "host %d heard %llu of host %u after %llu", h->number,
                   (unsigned long long)w.number, w.host, (unsigned long long)*heard);
    *heard = w.number;
    h->counted++;
}

static cogo_err member_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    host *h = *(host **)state;
    switch (cogo_msg_type_of(msg)) {
    case COGO_MSG_TIMER:
        on_tick(ctx, h);
        break;
    case COGO_MSG_NODE:
        on_node(h, cogo_msg_payload(msg));
        break;
    case COGO_MSG_GROUP:
        on_group(h, cogo_msg_payload(msg));
        break;
    case COGO_MSG_NAME:
    case COGO_MSG_ASK_FAILED:
        on_name(ctx, h, msg);
        break;
    case COGO_MSG_DOWN:
        on_down(h, cogo_msg_payload(msg));
        break;
    default:
        on_word(h, msg);
        break;
    }
    return COGO_OK;
}

static const cogo_behavior member_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = MEMBER,
    .state_size_bytes = sizeof(host *),
    .start = member_start,
    .receive = member_receive,
};

/* --- The guest of each host, on the next one. ----------------------------------------------
 */

static cogo_err guest_start(cogo_context *ctx, void *state, const void *args)
{
    int *alive = *(int *const *)args;
    (void)ctx;
    *(int **)state = alive;
    ++*alive;
    return COGO_OK;
}

static cogo_err guest_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx;
    (void)state;
    (void)msg;
    return COGO_OK;
}

static void guest_stop(cogo_context *ctx, void *state, const cogo_reason *reason)
{
    (void)ctx;
    (void)reason;
    --**(int **)state;
}

static const cogo_behavior guest_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "guest",
    .state_size_bytes = sizeof(int *),
    .start = guest_start,
    .receive = guest_receive,
    .stop = guest_stop,
};

/* With all defaults: those bear a node that is away for long. */
static void send_guest(host *h)
{
    char where[] = {'n', 'o', 'd', 'e', ':', (char)('a' + (h->number + 1) % h->cluster->hosts),
                    '\0'};
    int *alive = &h->cluster->guests[h->number];
    const cogo_child_spec child = {.id = "guest",
                                   .options = {.struct_size = sizeof child.options,
                                               .behavior = &guest_behavior,
                                               .args = &alive,
                                               .args_size_bytes = sizeof alive,
                                               .placement = where}};
    const cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = &child, .child_count = 1};
    cogo_actor_id id;
    scenario_must(cogo_supervisor_start(h->system, &spec, &id) == COGO_OK);
}

/* --- Hosts. ------------------------------------------------------------------------------- */

/* Each joins all others, or those with a higher number, by the seed: both may find the other.
 */
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
    give_world(h);
    cogo_err err = cogo__system_create_in(&h->world, &config, &h->system);
    scenario_check(err == COGO_OK, "no system: %s", cogo_strerror(err));
    net_host_is(h->system, h->number);
    scenario_must(cogo_type_register(h->system, &type) == COGO_OK);
    h->member = scenario_spawn(h->system, &member_behavior, &h, sizeof h, 0);
    scenario_must(cogo_name_register(h->system, MEMBER, h->member) == COGO_OK);
    scenario_must(cogo_behavior_register(h->system, &guest_behavior, NULL) == COGO_OK);
    const char group[] = {(char)('a' + h->number), '\0'};
    scenario_must(cogo_group_join(h->system, SCOPE, group, h->member) == COGO_OK);
    start_node(h, scenario_maybe(50));
    scenario_must(cogo_node_subscribe(h->system, h->member) == COGO_OK);
    send_guest(h);
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
