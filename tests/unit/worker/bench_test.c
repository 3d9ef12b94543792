#include "codec/json/json.h"
#include "tests/unit/worker/bench.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    cogo_msg *heard[HEARD_MAX];
    size_t count;
} ears = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

typedef struct probe {
    int refusals;
} probe;

static cogo_err probe_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(probe));
    return COGO_OK;
}

static cogo_err probe_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    probe *p = state;
    cogo_system *system = cogo_context_system(ctx);
    if (cogo_msg_type_of(msg) == MSG_WORKER_REGISTER) {
        const worker_register *as = cogo_msg_payload(msg);
        if (p->refusals > 0) {
            p->refusals--;
            problem why = {.status = 409, .code = "WORKER_ID_TAKEN"};
            (void)cogo_reply(ctx, msg, cogo_msg_create_record(system, MSG_PROBLEM, &why));
        } else {
            worker_welcome welcome = {
                .worker_id = as->worker_id, .epoch = 1, .heartbeat_ms = 30, .lease_ms = 90};
            (void)cogo_reply(ctx, msg,
                             cogo_msg_create_record(system, MSG_WORKER_WELCOME, &welcome));
        }
    }
    if (cogo_msg_type_of(msg) == MSG_WORKER_DEREGISTER
        && !cogo_actor_id_equal(cogo_msg_reply_to(msg), cogo_msg_sender(msg))) {
        worker_page page = {.workers = {NULL, 0}};
        (void)cogo_reply(ctx, msg, cogo_msg_create_record(system, MSG_WORKER_PAGE, &page));
    }
    cogo_msg_take(ctx, msg);
    pthread_mutex_lock(&ears.lock);
    if (ears.count < HEARD_MAX) {
        ears.heard[ears.count++] = msg;
        msg = NULL;
    }
    pthread_cond_broadcast(&ears.changed);
    pthread_mutex_unlock(&ears.lock);
    cogo_msg_destroy(msg);
    return COGO_OK;
}

static const cogo_behavior probe_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "probe",
    .state_size_bytes = sizeof(probe),
    .start = probe_start,
    .receive = probe_receive,
};

static void forget_all(void)
{
    pthread_mutex_lock(&ears.lock);
    for (size_t i = 0; i < ears.count; i++) {
        cogo_msg_destroy(ears.heard[i]);
    }
    ears.count = 0;
    pthread_mutex_unlock(&ears.lock);
}

bool bench_probe(bench *b, int refusals)
{
    probe args = {.refusals = refusals};
    return cogo_system_spawn(b->system,
                             &(cogo_spawn_options){.struct_size = sizeof(cogo_spawn_options),
                                                   .behavior = &probe_behavior,
                                                   .args = &args,
                                                   .args_size_bytes = sizeof args,
                                                   .name = "orchestrator"},
                             &b->probe)
           == COGO_OK;
}

bool bench_start(bench *b, int refusals)
{
    *b = (bench){.folder = "/tmp/cogo_worker_XXXXXX"};
    atomic_store_explicit(&bench_release, false, memory_order_relaxed);
    cogo_system_config config = {.struct_size = sizeof config, .lane_count = 2};
    return mkdtemp(b->folder) != NULL && cogo_system_create(&config, &b->system) == COGO_OK
           && messages_register(b->system) == COGO_OK && bench_probe(b, refusals);
}

bool bench_worker(bench *b, int64_t slots)
{
    worker_config config = {
        .type = "research", .worker_id = "wrk_1", .state_dir = b->folder, .slots = slots};
    return worker_start(b->system, &config, &b->worker) == COGO_OK;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *walk)
{
    (void)facts;
    (void)kind;
    (void)walk;
    return remove(path);
}

void bench_finish(bench *b)
{
    atomic_store_explicit(&bench_release, true, memory_order_relaxed);
    cr_expect_eq(cogo_system_stop(b->system, UINT64_C(5000000000)), COGO_OK);
    forget_all();
    cogo_system_destroy(b->system);
    (void)nftw(b->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static cogo_msg *take(cogo_msg_type type)
{
    for (size_t i = 0; i < ears.count; i++) {
        cogo_msg *msg = ears.heard[i];
        if (cogo_msg_type_of(msg) == type) {
            memmove(&ears.heard[i], &ears.heard[i + 1],
                    (ears.count - i - 1) * sizeof *ears.heard);
            ears.count--;
            return msg;
        }
    }
    return NULL;
}

cogo_msg *bench_hear(cogo_msg_type type)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += BENCH_WAIT_MS / 1000;
    pthread_mutex_lock(&ears.lock);
    cogo_msg *msg = take(type);
    while (msg == NULL && pthread_cond_timedwait(&ears.changed, &ears.lock, &until) == 0) {
        msg = take(type);
    }
    pthread_mutex_unlock(&ears.lock);
    return msg;
}

int bench_heard(cogo_msg_type type)
{
    int count = 0;
    pthread_mutex_lock(&ears.lock);
    for (size_t i = 0; i < ears.count; i++) {
        count += cogo_msg_type_of(ears.heard[i]) == type;
    }
    pthread_mutex_unlock(&ears.lock);
    return count;
}

void bench_offer(bench *b, int64_t lease, const char *role_name, const char *context,
                 int64_t timeout_ms)
{
    bench_offer_to(b, b->worker, lease, role_name, context, timeout_ms);
}

void bench_offer_to(bench *b, cogo_actor_id worker, int64_t lease, const char *role_name,
                    const char *context, int64_t timeout_ms)
{
    char task_id[32], instruction_id[32];
    (void)snprintf(task_id, sizeof task_id, "tsk_%lld", (long long)lease);
    (void)snprintf(instruction_id, sizeof instruction_id, "ins_%lld", (long long)lease);
    cogo_arena arena;
    cogo_arena_init(&arena, 0);
    instruction asked = {
        .instruction_id = instruction_id, .task_id = task_id, .role = role_name};
    role_context about = {.task_id = task_id, .attempt = 1};
    cogo_record_error wrong;
    json_t *json = json_parse(context, strlen(context), &wrong);
    cr_expect_not_null(json);
    cr_expect_eq(json_to_value(json, &arena, &about.input), COGO_OK);
    instruction_offer offer = {
        .instruction = &asked, .lease = lease, .context = &about, .timeout = timeout_ms};
    cr_expect_eq(
        cogo_system_send(b->system, worker,
                         cogo_msg_create_record(b->system, MSG_INSTRUCTION_OFFER, &offer)),
        COGO_OK);
    json_decref(json);
    cogo_arena_finish(&arena);
}

static void say(bench *b, cogo_msg_type type, int64_t lease, const char *reason)
{
    char task_id[32];
    (void)snprintf(task_id, sizeof task_id, "tsk_%lld", (long long)lease);
    instruction_cancel what = {.task_id = task_id, .lease = lease, .reason = reason};
    cr_expect_eq(
        cogo_system_send(b->system, b->worker, cogo_msg_create_record(b->system, type, &what)),
        COGO_OK);
}

void bench_leave(bench *b, int64_t grace_ms)
{
    worker_leave order = {.grace_ms = grace_ms};
    cr_expect_eq(cogo_system_send(b->system, b->worker,
                                  cogo_msg_create_record(b->system, MSG_WORKER_LEAVE, &order)),
                 COGO_OK);
}

bool bench_left(bench *b)
{
    cogo_reason reason;
    return cogo_system_await(b->system, b->worker, BENCH_WAIT_MS * UINT64_C(1000000), &reason)
               == COGO_OK
           && (reason.kind == COGO_EXIT_SHUTDOWN || reason.kind == COGO_EXIT_NOPROC);
}

void bench_cancel(bench *b, int64_t lease)
{
    say(b, MSG_INSTRUCTION_CANCEL, lease, "by the test");
}

void bench_ack(bench *b, int64_t lease)
{
    say(b, MSG_RESULT_ACK, lease, "accepted");
}
