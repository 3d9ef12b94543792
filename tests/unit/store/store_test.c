/* The store as its orchestrator sees it: writes go in, acknowledgements come out, asks are
 * answered. */
#include "tests/unit/store/fixture.h"

#include <cogo/cogo.h>

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { WAIT_S = 60, ACKS_MAX = 1024, BIG = 65536, BIG_MAX = 100 };

/* Acknowledgements that clients got, in the order of arrival. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    store_committed acks[ACKS_MAX];
    bool failed[ACKS_MAX];
    char error[JOURNAL_ERROR_SIZE];
    size_t count;
} heard = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

typedef struct scene {
    fixture f;
    cogo_system *system;
    cogo_actor_id writer, reader, client;
} scene;

static cogo_err client_start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(cogo_actor_id));
    return COGO_OK;
}

/* Passes writes on as their sender, and keeps what comes back. */
static cogo_err client_receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    cogo_actor_id writer = *(cogo_actor_id *)state;
    if (cogo_msg_type_of(msg) == MSG_STORE_WRITE) {
        (void)cogo_send(ctx, writer,
                        cogo_msg_create_record(cogo_context_system(ctx), MSG_STORE_WRITE,
                                               cogo_msg_payload(msg)));
    } else if (cogo_msg_type_of(msg) == MSG_STORE_COMMITTED) {
        const store_committed *ack = cogo_msg_payload(msg);
        pthread_mutex_lock(&heard.lock);
        if (heard.count < ACKS_MAX) {
            heard.failed[heard.count] = ack->error != NULL;
            if (ack->error != NULL) {
                (void)snprintf(heard.error, sizeof heard.error, "%s", ack->error);
            }
            heard.acks[heard.count++] = *ack;
        }
        pthread_cond_broadcast(&heard.changed);
        pthread_mutex_unlock(&heard.lock);
    }
    return COGO_OK;
}

static const cogo_behavior client_behavior = {
    .struct_size = sizeof(cogo_behavior),
    .name = "client",
    .state_size_bytes = sizeof(cogo_actor_id),
    .start = client_start,
    .receive = client_receive,
};

static bool spawn_client(scene *s)
{
    pthread_mutex_lock(&heard.lock);
    heard.count = 0;
    pthread_mutex_unlock(&heard.lock);
    return cogo_system_spawn(s->system,
                             &(cogo_spawn_options){.struct_size = sizeof(cogo_spawn_options),
                                                   .behavior = &client_behavior,
                                                   .args = &s->writer,
                                                   .args_size_bytes = sizeof s->writer},
                             &s->client)
           == COGO_OK;
}

static bool scene_open(scene *s)
{
    cogo_system_config config = {.struct_size = sizeof config, .lane_count = 2};
    if (cogo_system_create(&config, &s->system) != COGO_OK
        || messages_register(s->system) != COGO_OK) {
        return false;
    }
    store_config store = {.path = s->f.path};
    if (store_start(s->system, &store, &s->writer, &s->reader, &s->f.term, s->f.error)
        != COGO_OK) {
        fprintf(stderr, "store: %s\n", s->f.error);
        return false;
    }
    return spawn_client(s);
}

static bool scene_start(scene *s)
{
    *s = (scene){.system = NULL};
    return fixture_folder(&s->f) && scene_open(s);
}

static void scene_close(scene *s)
{
    cr_expect_eq(cogo_system_stop(s->system, UINT64_C(5000000000)), COGO_OK);
    cogo_system_destroy(s->system);
}

static void send_write(scene *s, int64_t sequence, store_change change)
{
    store_write write = {.sequence = sequence, .term = s->f.term, .changes = {&change, 1}};
    cr_expect_eq(cogo_system_send(s->system, s->client,
                                  cogo_msg_create_record(s->system, MSG_STORE_WRITE, &write)),
                 COGO_OK);
}

/* Waits until the latest acknowledgement is for @p sequence, or failed. */
static bool acknowledged(int64_t sequence, bool failed)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    int waited = 0;
    bool found = false;
    pthread_mutex_lock(&heard.lock);
    while (!found && waited == 0) {
        for (size_t i = 0; i < heard.count; i++) {
            found = found || (heard.acks[i].sequence == sequence && heard.failed[i] == failed);
        }
        if (!found) {
            waited = pthread_cond_timedwait(&heard.changed, &heard.lock, &until);
        }
    }
    pthread_mutex_unlock(&heard.lock);
    return found;
}

/* Waits until @p count acknowledgements have come. */
static bool heard_all(size_t count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += WAIT_S;
    int waited = 0;
    pthread_mutex_lock(&heard.lock);
    while (heard.count < count && waited == 0) {
        waited = pthread_cond_timedwait(&heard.changed, &heard.lock, &until);
    }
    bool all = heard.count >= count;
    pthread_mutex_unlock(&heard.lock);
    return all;
}

/* How many tasks with the id of @p number the reader finds; -1: no answer. */
static int found_tasks(scene *s, int number)
{
    const char *const ids[] = {make_task(&s->f, number, TASK_QUEUED)->task_id};
    store_lookup lookup = {.ids = {ids, 1}};
    cogo_msg *answer = NULL;
    if (cogo_system_ask(s->system, s->reader,
                        cogo_msg_create_record(s->system, MSG_STORE_LOOKUP, &lookup),
                        UINT64_C(10000000000), &answer)
        != COGO_OK) {
        return -1;
    }
    const store_found *found = cogo_msg_payload(answer);
    int count = found->error != NULL ? -1 : (int)found->tasks.count;
    cogo_msg_destroy(answer);
    return count;
}

Test(store, what_was_acknowledged_is_found_also_after_a_restart)
{
    scene s;
    cr_assert(scene_start(&s));
    int64_t term = s.f.term;
    task *t = make_task(&s.f, 1, TASK_RUNNING);
    cr_expect_eq(found_tasks(&s, 1), 0);
    send_write(&s, 1, (store_change){.task = t, .lease = 4, .events = one_event(&s.f, t, 1)});
    cr_assert(acknowledged(1, false));
    cr_expect_eq(found_tasks(&s, 1), 1);
    scene_close(&s);

    cr_assert(scene_open(&s));
    cr_expect_gt(s.f.term, term);
    store_recover request = {0};
    cogo_msg *answer = NULL;
    cr_assert_eq(cogo_system_ask(s.system, s.reader,
                                 cogo_msg_create_record(s.system, MSG_STORE_RECOVER, &request),
                                 UINT64_C(10000000000), &answer),
                 COGO_OK);
    cr_expect_eq(cogo_msg_type_of(answer), (cogo_msg_type)MSG_STORE_RECOVERED);
    const store_recovered *recovered = cogo_msg_payload(answer);
    cr_expect_eq(recovered->lease_max, 4);
    cr_assert_eq(recovered->tasks.count, 1u);
    cr_assert_eq(recovered->marks.count, 1u);
    cr_expect_eq(((const store_mark *)recovered->marks.items)->event_sequence, 1);
    cogo_msg_destroy(answer);
    scene_close(&s);
    fixture_finish(&s.f);
}

/* A commit waits for the disk; the writes that come meanwhile share the next one. */
Test(store, writes_that_wait_share_a_commit)
{
    enum { WRITES = 500 };
    scene s;
    cr_assert(scene_start(&s));
    for (int i = 1; i <= WRITES; i++) {
        send_write(&s, i, (store_change){.task = make_task(&s.f, i, TASK_QUEUED)});
    }
    cr_assert(acknowledged(WRITES, false));
    int64_t writes = 0, last = 0;
    for (size_t i = 0; i < heard.count; i++) {
        cr_expect_not(heard.failed[i]);
        cr_expect_gt(heard.acks[i].sequence, last);
        cr_expect_eq(heard.acks[i].changes, heard.acks[i].writes);
        last = heard.acks[i].sequence;
        writes += heard.acks[i].writes;
    }
    cr_expect_eq(writes, WRITES);
    cr_expect_lt(heard.count, (size_t)WRITES, "%zu commits", heard.count);
    cr_expect_eq(found_tasks(&s, WRITES), 1);
    scene_close(&s);
    fixture_finish(&s.f);
}

Test(store, a_refused_write_ends_its_sender_but_not_the_store)
{
    scene s;
    cr_assert(scene_start(&s));
    task *t = make_task(&s.f, 1, TASK_QUEUED);
    send_write(&s, 1, (store_change){.task = t});
    t->state = TASK_SUCCEEDED;
    send_write(&s, 2, (store_change){.task = t});
    t->state = TASK_RUNNING;
    send_write(&s, 3, (store_change){.task = t});
    cr_assert(acknowledged(2, true), "3 was refused, 2 is the last one on disk");
    cr_expect_not_null(strstr(heard.error, "ended"), "%s", heard.error);
    pthread_mutex_lock(&heard.lock);
    size_t count = heard.count;
    pthread_mutex_unlock(&heard.lock);
    send_write(&s, 4, (store_change){.task = make_task(&s.f, 4, TASK_QUEUED)});
    cr_assert(heard_all(count + 1), "the refusal of 4");
    cr_assert_eq(found_tasks(&s, 1), 1);

    cr_assert(spawn_client(&s));
    s.f.term--;
    send_write(&s, 1, (store_change){.task = make_task(&s.f, 5, TASK_QUEUED)});
    cr_assert(acknowledged(0, true));
    cr_expect_not_null(strstr(heard.error, "term"));
    s.f.term++;
    cr_assert(spawn_client(&s));
    send_write(&s, 1, (store_change){.task = make_task(&s.f, 6, TASK_QUEUED)});
    cr_expect(acknowledged(1, false));
    cr_expect_eq(found_tasks(&s, 6), 1);
    cr_expect_eq(found_tasks(&s, 4), 0);
    cr_expect_eq(found_tasks(&s, 5), 0);
    scene_close(&s);
    fixture_finish(&s.f);
}

static bool told_of_retry(void)
{
    pthread_mutex_lock(&heard.lock);
    bool told = false;
    for (size_t i = 0; i < heard.count; i++) {
        told = told || (heard.failed[i] && heard.acks[i].retrying);
    }
    pthread_mutex_unlock(&heard.lock);
    return told;
}

static bool writer_is_ready(scene *s)
{
    cogo_msg *answer = NULL;
    bool ready =
        cogo_system_ask(s->system, s->writer,
                        cogo_msg_create_record(s->system, MSG_HEALTH_READ, &(empty){false}),
                        UINT64_C(10000000000), &answer)
            == COGO_OK
        && ((const health *)cogo_msg_payload(answer))->ready;
    cogo_msg_destroy(answer);
    return ready;
}

/* In a process of its own: the allowed size of files is its. 0: as it should be. */
static int fill_and_make_room(void)
{
    scene s;
    if (!scene_start(&s)) {
        return 1;
    }
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {.rlim_cur = 1024 * 1024, .rlim_max = RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 2;
    }
    char *bytes = calloc(1, BIG);
    memcpy(bytes, "\xc6\x00\x00\xff\xfb", 5); // One MessagePack binary of 65531 bytes.
    int number = 0;
    while (!told_of_retry() && number < BIG_MAX) {
        task *t = make_task(&s.f, ++number, TASK_QUEUED);
        t->context = (cogo_value){.data = (const uint8_t *)bytes, .size_bytes = BIG};
        send_write(&s, number, (store_change){.task = t});
        if (!writer_is_ready(&s)) { // By then it has tried to write this one.
            break;
        }
    }
    if (number == BIG_MAX || writer_is_ready(&s)) {
        return 3;
    }
    send_write(&s, number + 1,
               (store_change){.task = make_task(&s.f, number + 1, TASK_QUEUED)});
    limit.rlim_cur = RLIM_INFINITY;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || !acknowledged(number + 1, false)
        || !told_of_retry() || !writer_is_ready(&s)) {
        return 4;
    }
    for (int i = 1; i <= number + 1; i++) {
        if (found_tasks(&s, i) != 1) {
            return 5;
        }
    }
    free(bytes);
    scene_close(&s);
    fixture_finish(&s.f);
    return 0;
}

Test(store, full_disk_holds_the_writes_back_until_there_is_room)
{
    pid_t child = fork();
    if (child == 0) {
        _exit(fill_and_make_room());
    }
    int status = -1;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", status);
}

Test(store, a_second_system_is_refused_while_the_first_one_runs)
{
    scene s;
    cr_assert(scene_start(&s));
    cogo_actor_id writer, reader;
    int64_t term = 0;
    char error[256];
    cr_expect_eq(store_start(s.system, &(store_config){.path = s.f.path}, &writer, &reader,
                             &term, error),
                 COGO_EEXIST);
    cr_expect_not_null(strstr(error, "in use"));
    scene_close(&s);
    cr_expect(scene_open(&s), "the right ends with the system");
    scene_close(&s);
    fixture_finish(&s.f);
}
