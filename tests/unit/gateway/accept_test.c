/* What is done about new connections before there is one: the server by itself, with an actor
 * of these tests behind it that says yes to everything. */
#include "actors/gateway/door.h"
#include "actors/gateway/listen.h"
#include "actors/gateway/server.h"
#include "tests/unit/gateway/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FEW_FILES = 256, FILES_MAX = 16384 };

typedef struct bare {
    door door; /* For the clients. */
    counts counts;
    server *server;
    cogo_actor_id actor;
    _Atomic unsigned seen, lines, at_gate;
    bool silent;          /* The actor answers nobody. */
    pthread_mutex_t gate; /* Who holds it holds the server's thread, when it reads GATE. */
} bare;

#define GATE "/gate"

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    (void)ctx;
    memcpy(state, args, sizeof(bare *));
    return COGO_OK;
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    bare *b = *(bare **)state;
    const door_request *r = cogo_msg_payload(msg);
    (void)ctx;
    if (cogo_msg_type_of(msg) == GATEWAY_MSG_REQUEST) {
        atomic_fetch_add_explicit(&b->seen, 1, memory_order_relaxed);
        answer_head head = {.status = 200, .content_type = "application/json"};
        if (!b->silent) {
            server_answer(b->server, r->exchange, answer_make(r->exchange, &head, "{}", 2));
        }
    }
    return COGO_OK;
}

static const cogo_behavior behavior = {.struct_size = sizeof(cogo_behavior),
                                       .name = "yes",
                                       .state_size_bytes = sizeof(bare *),
                                       .start = start,
                                       .receive = receive};

static void on_line(void *ctx, cogo_log_level level, const char *line)
{
    bare *b = ctx;
    if (level <= COGO_LOG_WARN && strstr(line, "can't take new connections") != NULL) {
        atomic_fetch_add_explicit(&b->lines, 1, memory_order_relaxed);
    }
}

static int64_t body_limit(const void *ctx, const request_head *head)
{
    bare *b = (bare *)(uintptr_t)ctx;
    if (strcmp(head->path, GATE) == 0) {
        atomic_store_explicit(&b->at_gate, 1, memory_order_relaxed);
        (void)pthread_mutex_lock(&b->gate);
        (void)pthread_mutex_unlock(&b->gate);
    }
    return 1024;
}

static bool is_probe(const request_head *head)
{
    return strcmp(head->path, "/livez") == 0;
}

/* It listens; nobody is let in before server_start(). */
static bool bare_open(bare *b)
{
    char error[256];
    static const cogo_type types[] = {
        {sizeof(cogo_type), GATEWAY_MSG_REQUEST, "gateway.request", NULL},
        {sizeof(cogo_type), GATEWAY_MSG_GONE, "gateway.gone", NULL}};
    cogo_system_config system = {
        .struct_size = sizeof system, .lane_count = 1, .log = on_line, .log_ctx = b};
    cogo_spawn_options options = {.struct_size = sizeof options,
                                  .behavior = &behavior,
                                  .args = &b,
                                  .args_size_bytes = sizeof b};
    memset(b, 0, sizeof *b);
    counts_init(&b->counts);
    (void)pthread_mutex_init(&b->gate, NULL);
    server_config config = {.counts = &b->counts,
                            .body_limit = body_limit,
                            .body_limit_ctx = b,
                            .is_probe = is_probe,
                            .listen_fd =
                                listen_open("127.0.0.1", 0, true, &b->door.port, error)};
    if (config.listen_fd < 0 || cogo_system_create(&system, &b->door.system) != COGO_OK
        || cogo_type_register(b->door.system, &types[0]) != COGO_OK
        || cogo_type_register(b->door.system, &types[1]) != COGO_OK
        || cogo_system_spawn(b->door.system, &options, &b->actor) != COGO_OK) {
        return false;
    }
    config.system = b->door.system;
    b->server = server_create(&config, error);
    return b->server != NULL;
}

static void bare_close(bare *b)
{
    server_stop(b->server);
    (void)cogo_system_stop(b->door.system, UINT64_C(2000000000));
    server_destroy(b->server);
    cogo_system_destroy(b->door.system);
    counts_finish(&b->counts);
    (void)pthread_mutex_destroy(&b->gate);
}

static int send_request(const bare *b, const char *path)
{
    int fd = dial(&b->door);
    say(fd, "GET ");
    say(fd, path);
    say(fd, " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return fd;
}

/* More than may wait in front of the door wait there, though none is behind it: the thread is
 * late, so who waits longest is refused, but for probes, until no more wait than may. */
Test(accept, a_door_that_is_late_refuses_until_it_has_caught_up)
{
    enum { MORE = 88, ALL = SERVER_WAITING_MAX + MORE, PROBE = 100 };
    bare b;
    int fds[ALL];
    unsigned refused = 0;
    allow_files();
    cr_assert(bare_open(&b));
    for (int i = 0; i < ALL; i++) {
        fds[i] = send_request(&b, i == PROBE ? "/livez" : "/v1/tasks/tsk_1");
        cr_assert_geq(fds[i], 0);
    }
    cr_assert_eq(server_start(b.server, b.actor), COGO_OK);
    for (int i = 0; i < ALL; i++) {
        reply r;
        bool first = i < SERVER_WAITING_MAX && i != PROBE;
        hear(fds[i], &r);
        cr_expect_eq(r.status, first ? 503 : 200);
        cr_expect(!first || reply_has(&r, "Retry-After", "1\r\n"));
        cr_expect(!first || reply_has(&r, "Connection", "close"));
        refused += r.status == 503;
        reply_finish(&r);
        (void)close(fds[i]);
    }
    cr_expect_eq(refused, (unsigned)SERVER_WAITING_MAX - 1);
    cr_expect_eq(atomic_load_explicit(&b.seen, memory_order_relaxed), MORE + 1u);
    bare_close(&b);
}

/* As many as may wait: nobody is refused for it. */
Test(accept, a_door_that_is_not_late_refuses_nobody)
{
    bare b;
    int fds[SERVER_WAITING_MAX];
    allow_files();
    cr_assert(bare_open(&b));
    for (int i = 0; i < SERVER_WAITING_MAX; i++) {
        fds[i] = send_request(&b, "/v1/tasks/tsk_1");
    }
    cr_assert_eq(server_start(b.server, b.actor), COGO_OK);
    for (int i = 0; i < SERVER_WAITING_MAX; i++) {
        reply r;
        hear(fds[i], &r);
        cr_expect_eq(r.status, 200);
        reply_finish(&r);
        (void)close(fds[i]);
    }
    bare_close(&b);
}

static void await_count(const _Atomic unsigned *count, unsigned wanted)
{
    struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 60000 && atomic_load_explicit(count, memory_order_relaxed) < wanted;
         i++) {
        (void)nanosleep(&pause, NULL);
    }
    cr_expect_geq(atomic_load_explicit(count, memory_order_relaxed), wanted);
}

/* Many come while there is room for few: those that the room is for go in, and the others are
 * refused in front, though all of them were there in the same turn. */
Test(accept, of_one_turn_no_more_go_in_than_there_is_room_for)
{
    enum { ROOM = 11, BEFORE = SERVER_EXCHANGES_MAX - ROOM - 1, MORE = 100 };
    static int fds[BEFORE + MORE + 1];
    bare b;
    allow_files();
    cr_assert(bare_open(&b));
    b.silent = true;
    cr_assert_eq(server_start(b.server, b.actor), COGO_OK);
    for (int i = 0; i < BEFORE; i++) {
        fds[i] = send_request(&b, "/v1/tasks/tsk_1");
    }
    await_count(&b.seen, BEFORE);
    (void)pthread_mutex_lock(&b.gate);
    fds[BEFORE + MORE] = send_request(&b, GATE);
    await_count(&b.at_gate, 1);
    for (int i = BEFORE; i < BEFORE + MORE; i++) {
        fds[i] = send_request(&b, "/v1/tasks/tsk_1");
    }
    (void)pthread_mutex_unlock(&b.gate);
    for (int i = BEFORE + ROOM; i < BEFORE + MORE; i++) {
        reply r;
        hear(fds[i], &r);
        cr_expect_eq(r.status, 503);
        cr_expect(reply_has(&r, "Connection", "close"));
        reply_finish(&r);
    }
    await_count(&b.seen, SERVER_EXCHANGES_MAX);
    for (int i = 0; i <= BEFORE + MORE; i++) {
        (void)close(fds[i]);
    }
    bare_close(&b);
}

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void await_rests(bare *b, uint64_t count)
{
    struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 60000 && counts_rests(&b->counts) < count; i++) {
        (void)nanosleep(&pause, NULL);
    }
    cr_expect_geq(counts_rests(&b->counts), count);
}

/* Takes descriptors until one has the number @p until or there are no more. */
static size_t take_files(int *files, int until)
{
    size_t count = 0;
    int fd;
    do {
        fd = dup(STDERR_FILENO);
        files[count] = fd;
        count += fd >= 0 ? 1 : 0;
    } while (fd >= 0 && fd < until && count < FILES_MAX);
    return count;
}

static void give_files(const int *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)close(files[i]);
    }
}

/* Without a descriptor for it a connection stays in front. The door looks once a second, says
 * so once, and takes it when there is one. */
Test(accept, without_descriptors_it_waits_and_does_not_spin)
{
    static int files[FILES_MAX];
    struct rlimit before, few;
    reply r;
    bare b;
    cr_assert(bare_open(&b));
    cr_assert_eq(server_start(b.server, b.actor), COGO_OK);
    int kept = send_request(&b, "/v1/tasks/tsk_1"); /* All that the thread needs it has then. */
    hear(kept, &r);
    reply_finish(&r);
    (void)getrlimit(RLIMIT_NOFILE, &before);
    few = before;
    few.rlim_cur = FEW_FILES;
    (void)setrlimit(RLIMIT_NOFILE, &few);
    size_t count = take_files(files, FILES_MAX);
    (void)close(files[--count]); /* The client's. */
    int fd = send_request(&b, "/v1/tasks/tsk_1");
    cr_assert_geq(fd, 0);
    await_rests(&b, 1);
    double began = seconds();
    await_rests(&b, 3);
    cr_expect_geq(seconds() - began, 0.9);
    cr_expect_eq(atomic_load_explicit(&b.seen, memory_order_relaxed), 1u);
    give_files(files, count);
    hear(fd, &r);
    cr_expect_eq(r.status, 200);
    reply_finish(&r);
    (void)close(fd);
    cr_expect_eq(atomic_load_explicit(&b.lines, memory_order_relaxed), 1u);
    (void)close(kept);
    (void)setrlimit(RLIMIT_NOFILE, &before);
    bare_close(&b);
}

/* The library's table of descriptors is no longer than it has to be; whoever gets a number
 * beyond it goes, is counted, and may come again. */
Test(accept, a_connection_beyond_the_table_is_closed_and_others_go_on)
{
    static int files[FILES_MAX];
    struct rlimit before, after;
    reply r;
    bare b;
    allow_files();
    (void)getrlimit(RLIMIT_NOFILE, &before);
    if (before.rlim_cur < SERVER_DESCRIPTORS_MAX + FEW_FILES) {
        return; /* None can get such a number here. */
    }
    cr_assert(bare_open(&b));
    (void)getrlimit(RLIMIT_NOFILE, &after);
    cr_expect_eq(after.rlim_cur, before.rlim_cur);
    cr_assert_eq(server_start(b.server, b.actor), COGO_OK);
    size_t count = take_files(files, SERVER_DESCRIPTORS_MAX);
    int fd = send_request(&b, "/v1/tasks/tsk_1");
    hear(fd, &r);
    cr_expect_eq(r.status, 0);
    await_rests(&b, 1);
    reply_finish(&r);
    (void)close(fd);
    give_files(files, count);
    fd = send_request(&b, "/v1/tasks/tsk_1");
    hear(fd, &r);
    cr_expect_eq(r.status, 200);
    reply_finish(&r);
    (void)close(fd);
    bare_close(&b);
}
