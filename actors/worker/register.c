/* A worker's standing with the orchestrator: found by name, asked to register, told it is
 * alive. */
#include "actors/worker/capability.h"
#include "actors/worker/room.h"
#include "codec/contract/locate.h"

#include <cogo/group.h>
#include <cogo/node.h>
#include <cogo/system.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One timer drives both: the next try while not registered, the next heartbeat afterwards. */
static void arm(cogo_context *ctx, worker *w, uint64_t delay_ms)
{
    if (w->tick != 0) {
        cogo_timer_cancel(ctx, w->tick);
    }
    if (cogo_timer_start(ctx, delay_ms * NS_PER_MS, 0, 0, &w->tick) != COGO_OK) {
        cogo_exit(ctx, COGO_EXIT_ERROR, "no memory for a timer");
    }
}

/* Doubles the delay; a random quarter keeps a crowd of workers apart. */
static void retry_later(cogo_context *ctx, worker *w)
{
    uint64_t delay_ms = w->register_delay_ms;
    uint64_t jitter_ms = cogo_system_random(cogo_context_system(ctx)) % (delay_ms / 4 + 1);
    w->register_delay_ms =
        delay_ms * 2 > REGISTER_DELAY_MAX_MS ? REGISTER_DELAY_MAX_MS : delay_ms * 2;
    arm(ctx, w, delay_ms + jitter_ms);
}

/* "taskId:lease" of all that it still works on or has not been thanked for. */
static cogo_strings leases(const worker *w, cogo_arena *arena)
{
    const char **items = cogo_arena_alloc(arena, (w->attempts.count + 1) * sizeof *items);
    size_t count = 0;
    for (const attempt *a = w->attempts.first; a != NULL && items != NULL; a = a->next) {
        const char *text = cogo_arena_printf(arena, "%s:%" PRId64, a->task_id, a->lease);
        if (text != NULL) {
            items[count++] = text;
        }
    }
    return (cogo_strings){items, count};
}

static cogo_strings labels(const worker *w, cogo_arena *arena)
{
    char *text = cogo_arena_strdup(arena, w->labels), *save = NULL;
    const char **items = cogo_arena_alloc(arena, (strlen(w->labels) / 2 + 1) * sizeof *items);
    size_t count = 0;
    if (text == NULL || items == NULL) {
        return (cogo_strings){NULL, 0};
    }
    for (char *part = strtok_r(text, ",", &save); part != NULL;
         part = strtok_r(NULL, ",", &save)) {
        items[count++] = part;
    }
    return (cogo_strings){items, count};
}

/* Asks one node after the other; when all of this round have been asked, later again. */
static void ask_next_node(cogo_context *ctx, worker *w)
{
    w->locating = locate_ask(ctx, w->orchestrator_name, &w->node, &w->ask);
    if (!w->locating) {
        retry_later(ctx, w);
    }
}

static void register_at(cogo_context *ctx, worker *w, cogo_actor_id to)
{
    cogo_system *system = cogo_context_system(ctx);
    cogo_arena arena;
    cogo_arena_init(&arena, 0);
    worker_register as = {
        .worker_id = w->id,
        .worker_type = w->type_name,
        .slots = w->slots,
        .running = leases(w, &arena),
        .labels = labels(w, &arena),
    };
    cogo_err err = capability_list(w->type, w->slots, &arena, &as.capabilities);
    if (err == COGO_OK) {
        w->orchestrator = to;
        err = cogo_ask(ctx, to, cogo_msg_create_record(system, MSG_WORKER_REGISTER, &as),
                       REGISTER_TIMEOUT_MS * NS_PER_MS, &w->ask);
    }
    cogo_arena_finish(&arena);
    if (err != COGO_OK) {
        w->ask = 0;
        retry_later(ctx, w);
    }
}

static void try_to_register(cogo_context *ctx, worker *w)
{
    cogo_actor_id here = cogo_name_find(cogo_context_system(ctx), w->orchestrator_name);
    if (cogo_actor_id_is_set(here)) {
        register_at(ctx, w, here);
    } else {
        ask_next_node(ctx, w);
    }
}

void worker_on_located(cogo_context *ctx, worker *w, cogo_actor_id orchestrator)
{
    w->locating = false;
    if (cogo_actor_id_is_set(orchestrator)) {
        register_at(ctx, w, orchestrator);
    } else {
        ask_next_node(ctx, w);
    }
}

void worker_on_linked(cogo_context *ctx, worker *w)
{
    if (!w->registered && w->ask == 0) {
        w->register_delay_ms = REGISTER_DELAY_MIN_MS;
        w->node = 0;
        try_to_register(ctx, w);
    }
}

void worker_tick(cogo_context *ctx, worker *w)
{
    if (!w->registered) {
        if (w->ask == 0) {
            try_to_register(ctx, w);
        }
        return;
    }
    w->stalled = false;
    worker_heartbeat(ctx, w);
    worker_resend(ctx, w);
    arm(ctx, w, w->stalled ? LINK_RETRY_MS : w->heartbeat_ms);
}

void worker_on_stalled(cogo_context *ctx, worker *w)
{
    arm(ctx, w, LINK_RETRY_MS);
}

/* The group is for those who want to know; without memory for it the work goes on. */
static void set_registered(cogo_context *ctx, worker *w, bool registered)
{
    cogo_system *system = cogo_context_system(ctx);
    if (w->registered && !registered) {
        (void)cogo_group_leave(system, WORKER_SCOPE, WORKER_REGISTERED, cogo_self(ctx));
    } else if (!w->registered && registered) {
        (void)!cogo_group_join(system, WORKER_SCOPE, WORKER_REGISTERED, cogo_self(ctx));
    }
    w->registered = registered;
}

void worker_on_welcome(cogo_context *ctx, worker *w, const worker_welcome *welcome)
{
    set_registered(ctx, w, true);
    w->register_delay_ms = REGISTER_DELAY_MIN_MS;
    w->heartbeat_ms = welcome->heartbeat_ms < HEARTBEAT_MIN_MS
                          ? HEARTBEAT_MIN_MS
                          : (uint64_t)welcome->heartbeat_ms;
    if (cogo_monitor(ctx, w->orchestrator, &w->orchestrator_monitor) != COGO_OK) {
        cogo_exit(ctx, COGO_EXIT_ERROR, "no memory for a monitor");
        return;
    }
    if (w->orchestrator.node != 0) {
        cogo_log(cogo_context_system(ctx), COGO_LOG_INFO,
                 "worker %s is registered at the orchestrator", w->id);
    }
    w->refusal[0] = '\0';
    // The first heartbeat at once; it also sends the results that waited.
    worker_tick(ctx, w);
}

void worker_on_refused(cogo_context *ctx, worker *w, const char *why)
{
    if (why != NULL && strncmp(w->refusal, why, sizeof w->refusal - 1) != 0) {
        (void)snprintf(w->refusal, sizeof w->refusal, "%s", why);
        cogo_log(cogo_context_system(ctx), COGO_LOG_WARN,
                 "worker %s is not registered and tries again: %s", w->id, w->refusal);
    }
    retry_later(ctx, w);
}

/* What runs goes on: the next orchestrator learns of it and may still take the result. */
void worker_on_orchestrator_lost(cogo_context *ctx, worker *w)
{
    if (w->orchestrator.node != 0) {
        cogo_log(cogo_context_system(ctx), COGO_LOG_WARN,
                 "worker %s has lost the orchestrator; its work goes on", w->id);
    }
    set_registered(ctx, w, false);
    w->orchestrator = COGO_NO_ACTOR;
    w->orchestrator_monitor = 0;
    w->node = 0;
    for (attempt *a = w->attempts.first; a != NULL; a = a->next) {
        a->sent_ns = 0; // It may not have arrived.
    }
    w->register_delay_ms = REGISTER_DELAY_MIN_MS;
    retry_later(ctx, w);
}

void worker_on_rejoin(cogo_context *ctx, worker *w)
{
    if (w->registered) {
        cogo_demonitor(ctx, w->orchestrator_monitor);
        worker_on_orchestrator_lost(ctx, w);
    }
    w->ask = 0; // Who was asked to register it may be gone.
    w->locating = false;
    worker_on_linked(ctx, w);
}

void worker_deregister(cogo_context *ctx, worker *w)
{
    (void)worker_tell(ctx, w, MSG_WORKER_DEREGISTER,
                      &(worker_command){.worker_id = w->id, .reason = "the worker stops"});
    set_registered(ctx, w, false);
}

cogo_err worker_tell(cogo_context *ctx, worker *w, cogo_msg_type type, const void *record)
{
    if (!w->registered) {
        return COGO_EGONE;
    }
    // When it has ended, its DOWN is on the way.
    return cogo_send(ctx, w->orchestrator,
                     cogo_msg_create_record(cogo_context_system(ctx), type, record));
}

void worker_count_busy(cogo_context *ctx, worker *w)
{
    uint64_t now_ns = cogo_now_ns(ctx);
    w->busy_ns += (uint64_t)w->slots_used * (now_ns - w->counted_ns);
    w->counted_ns = now_ns;
}

static double utilization(cogo_context *ctx, worker *w)
{
    worker_count_busy(ctx, w);
    uint64_t window_ns = w->counted_ns - w->window_ns;
    double used =
        window_ns == 0 ? 0 : (double)w->busy_ns / ((double)w->slots * (double)window_ns);
    w->busy_ns = 0;
    w->window_ns = w->counted_ns;
    return used > 1 ? 1 : used;
}

static int64_t resident_bytes(void)
{
    long long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return 0;
    }
    if (fscanf(file, "%lld %lld", &total, &resident) != 2) {
        resident = 0;
    }
    (void)fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

void worker_heartbeat(cogo_context *ctx, worker *w)
{
    int64_t done = w->completed + w->failed;
    performance_metrics performance = {
        .tasks_completed = w->completed,
        .tasks_failed = w->failed,
        .average_ms = done == 0 ? 0 : (double)w->total_ms / (double)done,
        .utilization = utilization(ctx, w),
        .rss_bytes = resident_bytes(),
    };
    worker_agent_status status = {
        .agent_id = w->id,
        .worker_type = w->type_name,
        .status = w->slots_used >= w->slots           ? WORKER_BUSY
                  : w->slots_used + w->light_used > 0 ? WORKER_WORKING
                                                      : WORKER_IDLE,
        .performance = &performance,
        .last_heartbeat = cogo_system_wall_ms(cogo_context_system(ctx)),
        .slots = w->slots,
        .slots_used = w->slots_used,
        .draining = w->draining,
    };
    for (const attempt *a = w->attempts.first; a != NULL && status.current_task == NULL;
         a = a->next) {
        if (a->role != NULL && (a->monitor != 0 || a->held_back)) {
            status.current_task = a->task_id;
            status.current_role = a->role->name;
        }
    }
    (void)worker_tell(ctx, w, MSG_WORKER_STATUS, &status);
}
