/* Who shares what: groups of tasks with one fairness key take turns, and a group whose limit is
 * used up stands aside at its gate. All of it is counted in memory: after a restart what runs
 * on under its lease is counted again, and the tokens of rates are full. */
#include "actors/orchestrator/share.h"

#include <stdio.h>
#include <string.h>

enum { GATE_LOOK_MAX = 64 /* Parked groups looked at for one of another line. */ };

static int64_t period_ms(const task_limit *l)
{
    return l->per > 0 ? l->per : 1000;
}

static double burst_of(const task_limit *l)
{
    return (double)(l->burst > 0 ? l->burst : l->rate);
}

static void refill(const orc *o, orc_gate *g)
{
    uint64_t now_ns = cogo_now_ns(o->ctx);
    if (g->limit == NULL || g->limit->rate == 0) {
        return;
    }
    double passed_ms = (double)(now_ns - g->filled_ns) / (double)NS_PER_MS;
    double tokens =
        g->tokens + passed_ms * (double)g->limit->rate / (double)period_ms(g->limit);
    g->tokens = tokens > burst_of(g->limit) ? burst_of(g->limit) : tokens;
    g->filled_ns = now_ns;
}

/* How many runs may begin now. */
static size_t room_of(const orc *o, orc_gate *g)
{
    double room = 1e9;
    if (g->limit == NULL) {
        return 1000000000;
    }
    if (g->limit->rate > 0) {
        refill(o, g);
        room = (double)(int64_t)(g->tokens + 1e-9);
    }
    if (g->limit->concurrency > 0) {
        double left = (double)(g->limit->concurrency - g->used);
        room = left < room ? left : room;
    }
    return room < 0 ? 0 : (size_t)room;
}

static void gate_free(orc *o, orc_gate *g)
{
    orc_deadline_clear(&o->deadlines, &g->deadline);
    (void)orc_map_take_text(&o->gates, g->key);
    orc_free(g->key);
    orc_free(g);
}

static void gate_is_due(void *room, void *owner)
{
    orc_gate *g = owner;
    if (g->user_count == 0) {
        gate_free(room, g); // Its tokens are full again.
    } else {
        orc_gate_wake(room, g);
    }
}

/* When @p tokens are there. */
static void wait_for(orc *o, orc_gate *g, double tokens)
{
    double left_ms =
        (tokens - g->tokens) * (double)period_ms(g->limit) / (double)g->limit->rate;
    g->deadline.fire = gate_is_due;
    g->deadline.owner = g;
    orc_deadline_set(&o->deadlines, &g->deadline,
                     g->filled_ns + (uint64_t)(left_ms * (double)NS_PER_MS) + 1);
}

static void gate_drop(orc *o, orc_gate *g)
{
    if (--g->user_count > 0) {
        return;
    }
    refill(o, g);
    if (g->limit != NULL && g->limit->rate > 0 && g->tokens < burst_of(g->limit)) {
        wait_for(o, g, burst_of(g->limit)); // Who leaves and comes back gets no more by it.
    } else {
        gate_free(o, g);
    }
}

static orc_gate *gate_of(orc *o, const char *key)
{
    orc_gate *g = orc_map_get_text(&o->gates, key);
    if (g == NULL) {
        char name[LIMIT_NAME_SIZE];
        g = orc_alloc(sizeof *g);
        g->key = orc_strdup(key);
        g->name_size = strcspn(key, ":");
        (void)snprintf(name, sizeof name, "%.*s", (int)g->name_size, key);
        g->limit = orc_map_get_text(&o->limits, name);
        g->filled_ns = cogo_now_ns(o->ctx);
        g->tokens = g->limit == NULL ? 0 : burst_of(g->limit);
        orc_map_put_text(&o->gates, g->key, g);
    }
    g->user_count++;
    return g;
}

static void unpark(orc *o, orc_group *group)
{
    orc_gate *g = group->parked;
    if (group->previous != NULL) {
        group->previous->next = group->next;
    } else {
        g->first = group->next;
    }
    if (group->next != NULL) {
        group->next->previous = group->previous;
    } else {
        g->last = group->previous;
    }
    g->parked_count--;
    group->previous = NULL;
    group->next = NULL;
    group->parked = NULL;
    if (group->count > 0) {
        orc_group_enter(group);
        orc_line_hungry(o, group->line);
    }
}

static void park(orc *o, orc_gate *g, orc_group *group)
{
    orc_group_leave(group);
    group->parked = g;
    group->previous = g->last;
    group->next = NULL;
    if (g->last != NULL) {
        g->last->next = group;
    } else {
        g->first = group;
    }
    g->last = group;
    g->parked_count++;
    if (g->limit->rate > 0 && g->tokens < 1) {
        wait_for(o, g, 1);
    }
}

void orc_gate_wake(orc *o, orc_gate *g)
{
    for (size_t room = room_of(o, g); room > 0 && g->first != NULL; room--) {
        unpark(o, g->first);
    }
    if (g->first != NULL && g->limit->rate > 0 && g->tokens < 1) {
        wait_for(o, g, 1);
    }
}

void orc_gate_follow(orc *o, orc_gate *g, const task_limit *now)
{
    refill(o, g);
    bool fresh = g->limit == NULL || g->limit->rate == 0;
    g->limit = now;
    g->filled_ns = cogo_now_ns(o->ctx);
    if (now != NULL && (fresh || g->tokens > burst_of(now))) {
        g->tokens = burst_of(now);
    }
    orc_deadline_clear(&o->deadlines, &g->deadline);
    if (g->user_count == 0) {
        gate_free(o, g);
    } else {
        orc_gate_wake(o, g);
    }
}

const char *orc_gate_closed(orc *o, orc_gate *g)
{
    if (room_of(o, g) > 0) {
        return NULL;
    }
    if (g->limit->concurrency > 0 && g->used >= g->limit->concurrency) {
        return cogo_arena_printf(&o->scratch, "limit %s is used up (%lld of %lld run)", g->key,
                                 (long long)g->used, (long long)g->limit->concurrency);
    }
    return cogo_arena_printf(&o->scratch, "limit %s lets %lld begin in %lld ms", g->key,
                             (long long)g->limit->rate, (long long)period_ms(g->limit));
}

/* The limit that the task means, or meant while there was one. */
static const char *limit_of(orc *o, const task *t, const char *key)
{
    const char *found = orc_limit_key(o, t->tenant, key);
    return found != NULL ? found : key;
}

/* "line level key\nlimit\nlimit": one map finds the groups of all lines. */
static const char *group_key(orc *o, const orc_task *t)
{
    const task *r = t->record;
    const char *key = cogo_arena_printf(&o->scratch, "%p %d %s", (void *)t->line, r->priority,
                                        r->fairness_key == NULL ? "" : r->fairness_key);
    for (size_t i = 0; i < r->limits.count && key != NULL; i++) {
        key = cogo_arena_printf(&o->scratch, "%s\n%s", key, limit_of(o, r, r->limits.items[i]));
    }
    return key;
}

orc_group *orc_group_of(orc *o, orc_task *t)
{
    const task *r = t->record;
    if (r->fairness_key == NULL && r->limits.count == 0) {
        return NULL;
    }
    const char *key = group_key(o, t);
    orc_group *group = key == NULL ? NULL : orc_map_get_text(&o->groups, key);
    if (group == NULL && key != NULL) {
        group = orc_alloc(sizeof *group);
        group->key = orc_strdup(key);
        group->queue = &t->line->queue;
        group->level = r->priority;
        group->line = t->line;
        group->gates = orc_alloc((r->limits.count + 1) * sizeof(orc_gate *));
        for (size_t i = 0; i < r->limits.count; i++) {
            group->gates[group->gate_count++] = gate_of(o, limit_of(o, r, r->limits.items[i]));
        }
        orc_map_put_text(&o->groups, group->key, group);
    }
    return group;
}

static void group_free(orc *o, orc_group *group)
{
    if (group->parked != NULL) {
        unpark(o, group);
    }
    for (size_t i = 0; i < group->gate_count; i++) {
        gate_drop(o, group->gates[i]);
    }
    (void)orc_map_take_text(&o->groups, group->key);
    orc_free(group->gates);
    orc_free(group->key);
    orc_free(group);
}

void orc_dequeue(orc *o, orc_task *t)
{
    orc_group *group = t->waiting.group;
    orc_queue_remove(&t->line->queue, &t->waiting);
    if (group != NULL && group->key != NULL && group->count == 0) {
        group_free(o, group);
    }
}

bool orc_group_open(orc *o, orc_group *group)
{
    for (size_t i = 0; i < group->gate_count; i++) {
        if (room_of(o, group->gates[i]) == 0) {
            park(o, group->gates[i], group);
            return false;
        }
    }
    return true;
}

void orc_gates_take(orc *o, orc_run *run, const orc_group *group)
{
    if (group == NULL || group->gate_count == 0) {
        return;
    }
    run->gates = orc_alloc(group->gate_count * sizeof(orc_gate *));
    run->gate_count = group->gate_count;
    for (size_t i = 0; i < group->gate_count; i++) {
        orc_gate *g = group->gates[i];
        refill(o, g);
        g->used++;
        g->tokens -= g->limit != NULL && g->limit->rate > 0 ? 1 : 0;
        g->user_count++;
        run->gates[i] = g;
    }
}

void orc_gates_hold(orc *o, orc_run *run)
{
    const task *r = run->task->record;
    if (r->limits.count == 0) {
        return;
    }
    run->gates = orc_alloc(r->limits.count * sizeof(orc_gate *));
    run->gate_count = r->limits.count;
    for (size_t i = 0; i < r->limits.count; i++) {
        run->gates[i] = gate_of(o, limit_of(o, r, r->limits.items[i]));
        run->gates[i]->used++;
    }
}

void orc_gates_give(orc *o, orc_run *run)
{
    for (size_t i = 0; i < run->gate_count; i++) {
        orc_gate *g = run->gates[i];
        g->used--;
        orc_gate_wake(o, g);
        gate_drop(o, g);
    }
    orc_free(run->gates);
    run->gates = NULL;
    run->gate_count = 0;
}

/* No worker takes @p group now, and what its gates have room for goes to another line's. */
void orc_group_yield(orc *o, const orc_group *group)
{
    for (size_t i = 0; group != NULL && i < group->gate_count; i++) {
        orc_gate *g = group->gates[i];
        size_t looked = 0;
        orc_group *other = g->first;
        while (other != NULL && other->line == group->line && looked++ < GATE_LOOK_MAX) {
            other = other->next;
        }
        if (other != NULL && other->line != group->line && room_of(o, g) > 0) {
            unpark(o, other);
        }
    }
}

void orc_share_finish(orc *o)
{
    size_t cursor = 0;
    for (orc_group *group; (group = orc_map_next(&o->groups, &cursor)) != NULL;) {
        orc_free(group->gates);
        orc_free(group->key);
        orc_free(group);
    }
    cursor = 0;
    for (orc_gate *g; (g = orc_map_next(&o->gates, &cursor)) != NULL;) {
        orc_free(g->key);
        orc_free(g);
    }
    cursor = 0;
    for (task_limit *l; (l = orc_map_next(&o->limits, &cursor)) != NULL;) {
        orc_free(l);
    }
    orc_map_finish(&o->groups);
    orc_map_finish(&o->gates);
    orc_map_finish(&o->limits);
}
