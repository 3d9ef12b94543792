/* The standing of a worker outside with the orchestrator that leads, on whatever node that is:
 * found, registered with, told that the worker lives; and found again when another one leads.
 */
#include "actors/gateway/outworker_inside.h"
#include "actors/gateway/problem.h"
#include "codec/contract/locate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORCHESTRATOR "orchestrator" /* The name of the one that leads. */
#define NS_PER_MS    UINT64_C(1000000)
enum { ASK_MS = 10000, LOOK_MIN_MS = 100, LOOK_MAX_MS = 1000 };

static void look_later(outworker *o)
{
    uint64_t delay_ms = o->look_ms;
    o->look_ms = 2 * delay_ms < LOOK_MAX_MS ? 2 * delay_ms : LOOK_MAX_MS;
    delay_ms += cogo_system_random(o->system) % (delay_ms / 4 + 1);
    if (o->look_timer != 0) {
        cogo_timer_cancel(o->ctx, o->look_timer);
    }
    if (cogo_timer_start(o->ctx, delay_ms * NS_PER_MS, 0, TIMER_LOOK, &o->look_timer)
        != COGO_OK) {
        cogo_exit(o->ctx, COGO_EXIT_ERROR, "no memory for a timer");
    }
}

/* "taskId:lease" of all that it has in hand. */
static cogo_strings names(const outworker *o, cogo_arena *arena)
{
    const char **items = cogo_arena_alloc(arena, (o->lease_count + 1) * sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < o->lease_count && items != NULL; i++) {
        const held_lease *h = &o->leases[i];
        const char *text = cogo_arena_printf(arena, "%s:%" PRId64, h->task_id, h->lease);
        if (text != NULL) {
            items[count++] = text;
        }
    }
    return (cogo_strings){items, count};
}

static void register_at(outworker *o, cogo_actor_id to)
{
    cogo_arena arena;
    worker_register mine = *o->as;
    cogo_arena_init(&arena, 0);
    mine.worker_id = o->who.id;
    mine.slots = mine.slots > 0 ? mine.slots : 1;
    mine.running = names(o, &arena);
    o->orchestrator = to;
    if (cogo_ask(o->ctx, to, cogo_msg_create_record(o->system, MSG_WORKER_REGISTER, &mine),
                 ASK_MS * NS_PER_MS, &o->ask)
        != COGO_OK) {
        o->ask = 0;
        look_later(o);
    }
    cogo_arena_finish(&arena);
}

void outlead_look(outworker *o)
{
    cogo_actor_id here = cogo_name_find(o->system, ORCHESTRATOR);
    if (o->ask != 0 || o->registered || o->as == NULL) {
        return;
    }
    if (cogo_actor_id_is_set(here)) {
        register_at(o, here);
        return;
    }
    o->locating = locate_ask(o->ctx, ORCHESTRATOR, &o->node, &o->ask);
    if (!o->locating) {
        look_later(o);
    }
}

void outlead_register(outworker *o, const worker_register *as)
{
    void *copy = malloc(cogo_record_flat_size(&worker_register_record, as));
    if (copy == NULL) {
        cogo_exit(o->ctx, COGO_EXIT_ERROR, "out of memory");
        return;
    }
    cogo_record_flatten(&worker_register_record, as, copy);
    free(o->as);
    o->as = copy;
    o->asked = true;
    o->look_ms = LOOK_MIN_MS;
    /* What it does not name, it does not have; results that are on their way stay. */
    for (size_t i = o->lease_count; i > 0; i--) {
        if (o->leases[i - 1].result == NULL) {
            outlead_release(o, o->leases[i - 1].lease);
        }
    }
    for (size_t i = 0; i < as->running.count; i++) {
        const char *colon = strrchr(as->running.items[i], ':');
        char task_id[64];
        if (colon != NULL) {
            snprintf(task_id, sizeof task_id, "%.*s", (int)(colon - as->running.items[i]),
                     as->running.items[i]);
            outlead_hold(o, task_id, strtoll(colon + 1, NULL, 10));
        }
    }
    o->registered = false; /* Again, with what it says now. */
    if (!o->locating) {
        o->ask = 0;
        outlead_look(o);
    }
}

/* What happened while nobody led, or while the worker was away, follows. */
static void on_welcome(outworker *o, const worker_welcome *welcome)
{
    uint64_t every_ns =
        (uint64_t)(welcome->heartbeat_ms > 200 ? welcome->heartbeat_ms : 200) * NS_PER_MS;
    if (o->monitor != 0) {
        cogo_demonitor(o->ctx, o->monitor);
    }
    if (o->beat_timer != 0) {
        cogo_timer_cancel(o->ctx, o->beat_timer);
    }
    o->registered =
        cogo_monitor(o->ctx, o->orchestrator, &o->monitor) == COGO_OK
        && cogo_timer_start(o->ctx, every_ns, every_ns, TIMER_BEAT, &o->beat_timer) == COGO_OK;
    if (!o->registered) {
        cogo_exit(o->ctx, COGO_EXIT_ERROR, "out of memory");
        return;
    }
    o->look_ms = LOOK_MIN_MS;
    o->welcomed = true;
    if (o->asked) { /* Else another one leads, and the worker need not know. */
        o->asked = false;
        outworker_deliver(o, json_pack("{s:s, s:s*, s:s, s:o}", "type", "welcome", "id",
                                       o->frame_id[0] != '\0' ? o->frame_id : NULL, "session",
                                       o->who.session, "data",
                                       json_from_record(&worker_welcome_record, welcome)));
        outworker_deliver_kept(o);
    }
    for (size_t i = 0; i < o->lease_count; i++) {
        if (o->leases[i].result != NULL) {
            outlead_forward(o, MSG_INSTRUCTION_RESULT, o->leases[i].result);
        }
    }
    if (o->draining) {
        outlead_beat(o);
    }
}

static void on_refused(outworker *o, const problem *why)
{
    if (why->status == 503) {
        look_later(o); /* It has just begun to lead, or is about to end. */
        return;
    }
    outworker_reply(o, "problem", o->asked ? o->frame_id : NULL, problem_to_json(why));
    cogo_exit(o->ctx, COGO_EXIT_NORMAL, "not registered");
}

void outlead_answer(outworker *o, cogo_msg *msg)
{
    cogo_msg_type type = cogo_msg_type_of(msg);
    if (cogo_msg_ask(msg) != o->ask) {
        return;
    }
    o->ask = 0;
    if (o->locating) {
        cogo_actor_id found = locate_found(msg);
        o->locating = false;
        if (cogo_actor_id_is_set(found)) {
            register_at(o, found);
        } else {
            outlead_look(o);
        }
    } else if (type == MSG_WORKER_WELCOME) {
        on_welcome(o, cogo_msg_payload(msg));
    } else if (type == MSG_PROBLEM) {
        on_refused(o, cogo_msg_payload(msg));
    } else {
        look_later(o); /* No answer: another one may lead by now. */
    }
}

void outlead_lost(outworker *o)
{
    o->registered = false;
    o->orchestrator = COGO_NO_ACTOR;
    o->monitor = 0;
    o->node = 0;
    outlead_look(o);
}

void outlead_beat(outworker *o)
{
    worker_agent_status status = {.agent_id = o->who.id,
                                  .status = o->lease_count == 0 ? WORKER_IDLE
                                            : (int64_t)o->lease_count < o->as->slots
                                                ? WORKER_WORKING
                                                : WORKER_BUSY,
                                  .draining = o->draining};
    outlead_forward(o, MSG_WORKER_STATUS, &status);
}

void outlead_forward(outworker *o, cogo_msg_type type, const void *record)
{
    if (o->registered) {
        (void)cogo_send(o->ctx, o->orchestrator,
                        cogo_msg_create_record(o->system, type, record));
    }
}

static held_lease *find(outworker *o, int64_t lease)
{
    for (size_t i = 0; i < o->lease_count; i++) {
        if (o->leases[i].lease == lease) {
            return &o->leases[i];
        }
    }
    return NULL;
}

void outlead_hold(outworker *o, const char *task_id, int64_t lease)
{
    if (find(o, lease) != NULL || o->lease_count >= OUTWORKER_LEASES_MAX) {
        return;
    }
    if (o->lease_count == o->lease_capacity) {
        size_t capacity = o->lease_capacity == 0 ? 4 : 2 * o->lease_capacity;
        held_lease *more = realloc(o->leases, capacity * sizeof *more);
        if (more == NULL) {
            cogo_exit(o->ctx, COGO_EXIT_ERROR, "out of memory");
            return;
        }
        o->leases = more;
        o->lease_capacity = capacity;
    }
    held_lease *h = &o->leases[o->lease_count++];
    *h = (held_lease){.lease = lease};
    snprintf(h->task_id, sizeof h->task_id, "%s", task_id);
}

void outlead_result(outworker *o, const instruction_result *result)
{
    instruction_result mine = *result;
    agent_result whole = *result->result;
    held_lease *h = find(o, result->lease);
    if (whole.task_id == NULL && h != NULL) {
        whole.task_id = h->task_id;
    } else if (whole.task_id != NULL) {
        outlead_hold(o, whole.task_id, result->lease);
        h = find(o, result->lease);
    }
    mine.worker_id = o->who.id;
    mine.result = &whole;
    if (h != NULL) {
        free(h->result);
        h->result = malloc(cogo_record_flat_size(&instruction_result_record, &mine));
        if (h->result != NULL) {
            cogo_record_flatten(&instruction_result_record, &mine, h->result);
        }
    }
    outlead_forward(o, MSG_INSTRUCTION_RESULT, &mine);
}

void outlead_release(outworker *o, int64_t lease)
{
    held_lease *h = find(o, lease);
    if (h != NULL) {
        free(h->result);
        *h = o->leases[--o->lease_count];
    }
}

void outlead_finish(outworker *o)
{
    while (o->lease_count > 0) {
        outlead_release(o, o->leases[0].lease);
    }
    free(o->leases);
    free(o->as);
}
