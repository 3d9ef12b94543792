/* The actors of a cluster: each host has a member, which looks at all that a node may break,
 * and a guest on the next one. */
#include "tests/sim/cluster.h"

/* One number of one life of one host to another. */
typedef struct word {
    uint32_t incarnation, host, life; // Of the target; of the sender.
    uint64_t number;
} word;

static cogo_err member_start(cogo_context *ctx, void *state, const void *args)
{
    host *h = *(host *const *)args;
    uint64_t every = (20 + scenario_pick(300)) * SCENARIO_MS;
    *(host **)state = h;
    cogo_err err = cogo_group_watch(ctx, SCOPE, NULL, NULL);
    return err == COGO_OK ? cogo_timer_start(ctx, every, every, 0, NULL) : err;
}

/* Each member of another host comes once, and goes once before another one of that host
 * comes. */
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
    size_t size = scenario_maybe(3)   ? LARGE
                  : scenario_maybe(3) ? MIDDLE
                                      : sizeof(word) + scenario_pick(200);
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

const cogo_behavior cluster_member_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = MEMBER,
    .state_size_bytes = sizeof(host *),
    .start = member_start,
    .receive = member_receive,
};

/* --- The guest of each host, on the next one. --------------------------------------------- */

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

const cogo_behavior cluster_guest_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "guest",
    .state_size_bytes = sizeof(int *),
    .start = guest_start,
    .receive = guest_receive,
    .stop = guest_stop,
};

/* With all defaults: those bear a node that is away for long. */
void cluster_send_guest(host *h)
{
    char where[] = {'n', 'o', 'd', 'e', ':', (char)('a' + (h->number + 1) % h->cluster->hosts),
                    '\0'};
    int *alive = &h->cluster->guests[h->number];
    const cogo_child_spec child = {.id = "guest",
                                   .options = {.struct_size = sizeof child.options,
                                               .behavior = &cluster_guest_behavior,
                                               .args = &alive,
                                               .args_size_bytes = sizeof alive,
                                               .placement = where}};
    const cogo_supervisor_spec spec = {
        .struct_size = sizeof spec, .children = &child, .child_count = 1};
    cogo_actor_id id;
    scenario_must(cogo_supervisor_start(h->system, &spec, &id) == COGO_OK);
}
