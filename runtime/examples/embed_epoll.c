/* Actors on the thread of a program that has an epoll loop already: no lanes, no locks.
 * A foreign thread sends to them; a timer of theirs ticks through the loop's time-out. */
#include <cogo/cogo.h>

#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { VISIT = COGO_MSG_USER, VISITS = 1000, TICKS = 5, MS = 1000000 };

typedef struct counts {
    unsigned visits, ticks;
} counts;

static counts seen; // Written by the actor, read by main(): one thread, so no lock.

static cogo_err start(cogo_context *ctx, void *state, const void *args)
{
    (void)state, (void)args;
    return cogo_timer_start(ctx, 10 * MS, 10 * MS, 0, NULL);
}

static cogo_err receive(cogo_context *ctx, void *state, cogo_msg *msg)
{
    (void)ctx, (void)state;
    seen.visits += cogo_msg_type_of(msg) == VISIT;
    seen.ticks += cogo_msg_type_of(msg) == COGO_MSG_TIMER;
    return COGO_OK;
}

static const cogo_behavior counter = {.struct_size = sizeof(cogo_behavior),
                                      .name = "counter",
                                      .start = start,
                                      .receive = receive};

static void *visitor(void *arg)
{
    cogo_system *system = arg;
    cogo_actor_id to = cogo_name_find(system, "counter");
    for (int i = 0; i < VISITS; i++) {
        (void)cogo_system_send(system, to, cogo_msg_create(system, VISIT, 0));
    }
    return NULL;
}

/* epoll counts in milliseconds; rounded up, so that it does not come back too early. */
static int epoll_timeout(uint64_t timeout_ns)
{
    return timeout_ns == UINT64_MAX ? -1 : (int)((timeout_ns + MS - 1) / MS);
}

static int loop(cogo_system *system, int epoll_fd)
{
    struct epoll_event wanted = {.events = EPOLLIN}, got;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, cogo_system_poll_fd(system), &wanted) != 0) {
        return 1;
    }
    while (seen.visits < VISITS || seen.ticks < TICKS) {
        uint64_t timeout_ns = 0;
        if (cogo_system_poll(system, MS, &timeout_ns) != COGO_OK) {
            return 1;
        }
        (void)epoll_wait(epoll_fd, &got, 1, epoll_timeout(timeout_ns)); // And your own files.
    }
    printf("%u visits, %s ticks\n", seen.visits, seen.ticks >= TICKS ? "enough" : "too few");
    return 0;
}

int main(void)
{
    cogo_system *system = NULL;
    cogo_system_config config = {.struct_size = sizeof config, .flags = COGO_SYSTEM_POLLED};
    cogo_spawn_options options = {
        .struct_size = sizeof options, .behavior = &counter, .name = "counter"};
    cogo_actor_id id;
    pthread_t thread;
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0 || cogo_system_create(&config, &system) != COGO_OK) {
        return 1;
    }
    int failed = cogo_system_spawn(system, &options, &id) != COGO_OK
                 || pthread_create(&thread, NULL, visitor, system) != 0;
    if (!failed) {
        failed = loop(system, epoll_fd);
        (void)pthread_join(thread, NULL);
    }
    (void)cogo_system_stop(system, UINT64_C(1000) * MS);
    cogo_system_destroy(system);
    (void)close(epoll_fd);
    return failed;
}
