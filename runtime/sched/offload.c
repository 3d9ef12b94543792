/* A job is a reference of its actor, as an ask is: the first of result, failure, time-out and
 * the actor's end claims it, and whatever comes later finds it claimed. The pool itself is rare
 * and slow beside what it runs (system calls that block), so one lock guards it. */
#include "runtime/sched/offload.h"

#include "runtime/actor/life.h"
#include "runtime/actor/send.h"
#include "runtime/sched/sched.h"

#include <string.h>

struct cogo_offload_job {
    cogo_offload_job *next;
    cogo_system *system;
    cogo_offload_fn run;
    uint64_t ask;
    uint64_t trace;
    size_t arg_size_bytes;
    _Alignas(16) unsigned char arg[];
};

struct cogo__offload_thread {
    cogo__offload *pool;
    cogo__parker parker;
    cogo__thread *thread;
    cogo__offload_thread *next; /**< In `idle` or `ended`. */
    bool idle;                  /**< In `idle`; under the lock. */
};

bool cogo_offload_cancelled(const cogo_offload_job *job)
{
    cogo__ref *ref = cogo__ref_find(&job->system->refs, job->ask);
    return ref == NULL || !cogo__ref_waits(cogo__u64_load_acquire(&ref->state));
}

cogo_system *cogo_offload_system(const cogo_offload_job *job)
{
    return job->system;
}

static void run(cogo_offload_job *job)
{
    cogo_system *system = job->system;
    cogo__count(system, NULL, COGO__OFFLOAD_TAKEN, 1);
    if (!cogo_offload_cancelled(job)) {
        cogo_msg *msg = job->run(job, job->arg_size_bytes != 0 ? job->arg : NULL);
        if (msg != NULL) {
            msg->trace = msg->trace != 0 ? msg->trace : job->trace;
            cogo_actor_id alias = cogo__id(system, (uint32_t)job->ask | COGO__SLOT_ALIAS,
                                           (uint32_t)(job->ask >> 32));
            (void)cogo_system_send(system, alias, msg);
        } else {
            cogo__ask_fail(system, NULL, job->ask, COGO_EFAULT);
        }
    }
    cogo__free(job);
}

static cogo_offload_job *take_job(cogo__offload *pool)
{
    cogo_offload_job *job = pool->first;
    if (job != NULL) {
        pool->first = job->next;
        pool->last = pool->first != NULL ? pool->last : NULL;
        pool->queued--;
    }
    return job;
}

/* Caller holds the lock; it is given while the thread sleeps. */
static void sleep_till(cogo__offload_thread *t, uint64_t deadline_ns)
{
    cogo__offload *pool = t->pool;
    t->idle = true;
    t->next = pool->idle;
    pool->idle = t;
    cogo__lock_give(&pool->lock);
    cogo__world_park(pool->system->world, &t->parker, deadline_ns);
    cogo__lock_take(&pool->lock);
    if (t->idle) { // Nobody took it from the list.
        cogo__offload_thread **at = &pool->idle;
        while (*at != t) {
            at = &(*at)->next;
        }
        *at = t->next;
        t->idle = false;
    }
}

/* Caller holds the lock. False: its time is over. */
static bool stay(cogo__offload_thread *t, uint64_t idle_since_ns)
{
    const cogo_system_config *config = &t->pool->system->config;
    if (t->pool->closed) {
        return false;
    }
    if (t->pool->threads <= config->offload_threads_min) {
        sleep_till(t, COGO__FOREVER);
        return true;
    }
    uint64_t until = idle_since_ns < UINT64_MAX - config->offload_idle_ns
                         ? idle_since_ns + config->offload_idle_ns
                         : UINT64_MAX;
    if (cogo__world_now(t->pool->system->world) >= until) {
        return false;
    }
    sleep_till(t, until);
    return true;
}

static void thread_main(void *arg)
{
    cogo__offload_thread *t = arg;
    cogo__offload *pool = t->pool;
    cogo_system *system = pool->system;
    uint64_t idle_since = cogo__world_now(system->world);
    cogo__lock_take(&pool->lock);
    for (;;) {
        cogo_offload_job *job = take_job(pool);
        if (job != NULL) {
            cogo__lock_give(&pool->lock);
            run(job);
            idle_since = cogo__world_now(system->world);
            cogo__lock_take(&pool->lock);
        } else if (!stay(t, idle_since)) {
            break;
        }
    }
    pool->threads--;
    t->next = pool->ended;
    pool->ended = t;
    cogo__count(system, NULL, COGO__OFFLOAD_ENDED, 1);
    bool closed = pool->closed;
    cogo__lock_give(&pool->lock);
    if (closed) {
        cogo__sched_wake(system, &system->stopper);
    }
}

static void join(cogo_system *system, cogo__offload_thread *ended)
{
    while (ended != NULL) {
        cogo__offload_thread *next = ended->next;
        system->world->thread_join(system->world->ctx, ended->thread);
        cogo__free(ended);
        ended = next;
    }
}

/* A place for one more thread was taken under the lock. It takes the job that waits; if it
 * can't be started and is the only one, nobody would. */
static cogo_err start_thread(cogo__offload *pool)
{
    cogo_system *system = pool->system;
    cogo__offload_thread *t = cogo__alloc_zeroed(system->config.allocator, 1, sizeof *t);
    if (t == NULL) {
        return COGO_ENOMEM;
    }
    t->pool = pool;
    cogo__count(system, NULL, COGO__OFFLOAD_STARTED, 1);
    cogo_err err = system->world->thread_start(system->world->ctx, system->config.allocator,
                                               thread_main, t, "cogo-offload", &t->thread);
    if (err != COGO_OK) {
        cogo__count(system, NULL, COGO__OFFLOAD_ENDED, 1);
        cogo__free(t);
        return COGO_ENOMEM;
    }
    return COGO_OK;
}

/* Takes the job out again, unless a thread was faster. */
static bool take_back(cogo__offload *pool, cogo_offload_job *job)
{
    cogo_offload_job *before = NULL;
    cogo_offload_job *at = pool->first;
    while (at != NULL && at != job) {
        before = at;
        at = at->next;
    }
    if (at == NULL) {
        return false;
    }
    *(before != NULL ? &before->next : &pool->first) = job->next;
    pool->last = pool->last == job ? before : pool->last;
    pool->queued--;
    return true;
}

static cogo_err submit(cogo__offload *pool, cogo_offload_job *job)
{
    const cogo_system_config *config = &pool->system->config;
    cogo__lock_take(&pool->lock);
    if (pool->closed || pool->queued >= config->offload_queue_limit) {
        cogo_err err = pool->closed ? COGO_ECLOSED : COGO_EFULL;
        cogo__lock_give(&pool->lock);
        return err;
    }
    *(pool->last != NULL ? &pool->last->next : &pool->first) = job;
    pool->last = job;
    pool->queued++;
    cogo__offload_thread *woken = pool->idle;
    bool more = woken == NULL && pool->threads < config->offload_threads_max;
    if (woken != NULL) {
        pool->idle = woken->next;
        woken->idle = false;
    }
    pool->threads += more;
    cogo__offload_thread *ended = pool->ended;
    pool->ended = NULL;
    if (woken != NULL) { // Under the lock: once it is given the thread may end and be freed.
        cogo__world_wake(pool->system->world, &woken->parker);
    }
    cogo__lock_give(&pool->lock);
    join(pool->system, ended);
    if (more && start_thread(pool) != COGO_OK) {
        cogo__lock_take(&pool->lock);
        pool->threads--;
        bool back = pool->threads == 0 && take_back(pool, job);
        cogo__lock_give(&pool->lock);
        return back ? COGO_ENOMEM : COGO_OK;
    }
    return COGO_OK;
}

static cogo_offload_job *make_job(cogo_context *ctx, const cogo_offload_options *o)
{
    if (o->arg_size_bytes > SIZE_MAX - sizeof(cogo_offload_job)) {
        return NULL;
    }
    cogo_offload_job *job =
        cogo__alloc(ctx->system->config.allocator, sizeof *job + o->arg_size_bytes);
    if (job == NULL) {
        return NULL;
    }
    *job = (cogo_offload_job){
        .system = ctx->system,
        .run = o->run,
        .trace = ctx->trace,
        .arg_size_bytes = o->arg_size_bytes,
    };
    if (o->arg_size_bytes != 0) {
        memcpy(job->arg, o->arg, o->arg_size_bytes);
    }
    return job;
}

cogo_err cogo_offload(cogo_context *ctx, const cogo_offload_options *options, uint64_t *out_ask)
{
    if (options == NULL || options->struct_size < sizeof *options || options->run == NULL
        || out_ask == NULL || (options->arg_size_bytes != 0 && options->arg == NULL)) {
        return COGO_EINVAL;
    }
    cogo_system *system = ctx->system;
    cogo_offload_job *job = make_job(ctx, options);
    cogo__ref *ref = NULL;
    uint64_t number =
        job != NULL ? cogo__ref_create(system, ctx, ctx->cell, COGO__REF_ASK, &ref) : 0;
    if (number == 0) {
        cogo__free(job);
        return COGO_ENOMEM;
    }
    job->ask = number;
    cogo_err err = COGO_OK;
    if (options->timeout_ns != 0) {
        uint64_t now = cogo__world_now(system->world);
        ref->deadline_ns =
            options->timeout_ns < UINT64_MAX - now ? now + options->timeout_ns : UINT64_MAX;
        err = cogo__sched_timer_arm(system, ctx, ref);
    }
    if (err == COGO_OK) {
        *out_ask = number;
        cogo__count(system, ctx, COGO__OFFLOAD_GIVEN, 1);
        err = submit(&system->sched->offload, job);
        if (err != COGO_OK) {
            cogo__count(system, ctx, COGO__OFFLOAD_TAKEN, 1);
            cogo__count(system, ctx, COGO__OFFLOAD_REFUSED, 1);
            cogo__sched_timer_disarm(system, ctx, ref);
        }
    }
    if (err != COGO_OK) {
        cogo__ref_release(system, ctx, ctx->cell, ref);
        cogo__free(job);
    }
    return err;
}

void cogo_offload_cancel(cogo_context *ctx, uint64_t ask)
{
    cogo__ref *ref = cogo__ref_find(&ctx->system->refs, ask);
    if (ref == NULL || cogo__u32_load_relaxed(&ref->kind) != COGO__REF_ASK
        || !cogo_actor_id_equal(cogo__ref_owner(ctx->system, ref), ctx->self)) {
        return;
    }
    cogo__sched_timer_disarm(ctx->system, ctx, ref);
    cogo__ref_release(ctx->system, ctx, ctx->cell, ref);
}

void cogo__offload_init(cogo__offload *pool, cogo_system *system)
{
    cogo__lock_init(&pool->lock);
    pool->system = system;
}

void cogo__offload_close(cogo__offload *pool)
{
    cogo__lock_take(&pool->lock);
    pool->closed = true;
    while (pool->idle != NULL) {
        cogo__offload_thread *t = pool->idle;
        pool->idle = t->next;
        t->idle = false;
        cogo__world_wake(pool->system->world, &t->parker);
    }
    cogo__lock_give(&pool->lock);
}

uint32_t cogo__offload_threads(cogo__offload *pool)
{
    cogo__lock_take(&pool->lock);
    uint32_t count = pool->threads;
    cogo__lock_give(&pool->lock);
    return count;
}

void cogo__offload_finish(cogo__offload *pool)
{
    join(pool->system, pool->ended); // Jobs that wait were all taken before the threads ended.
    pool->ended = NULL;
    cogo__lock_finish(&pool->lock);
}
