#include "actors/cli/bench_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_SIZE = 8192 };
#define ANSWER_WAIT_NS UINT64_C(10000000000)

static const char request[] = "POST /v1/tasks HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                              "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n"
                              "{\"role\":\"echo\"}";

typedef struct connection {
    int fd;
    bool busy;
    uint64_t due_ns;
    size_t size;
    char answer[ANSWER_SIZE];
} connection;

typedef struct load {
    const bench_http *order;
    connection connections[BENCH_HTTP_CONNECTIONS];
    uint64_t sent, answered, began_ns;
    char *error;
} load;

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static bool connect_all(load *l)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)l->order->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    for (size_t i = 0; i < BENCH_HTTP_CONNECTIONS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        l->connections[i].fd = fd;
        if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0
            || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0) {
            snprintf(l->error, 160, "connection %zu: %s", i, strerror(errno));
            return false;
        }
    }
    return true;
}

/* When the next request is due; UINT64_MAX: none is left. */
static uint64_t next_due(const load *l)
{
    if (l->sent == l->order->count) {
        return UINT64_MAX;
    }
    return l->order->rate == 0 ? 0
                               : l->began_ns + l->sent * UINT64_C(1000000000) / l->order->rate;
}

/* Whatever is due leaves on a free connection. */
static bool send_due(load *l)
{
    for (size_t i = 0; i < BENCH_HTTP_CONNECTIONS; i++) {
        connection *c = &l->connections[i];
        uint64_t due_ns = next_due(l), now = now_ns();
        if (due_ns > now) {
            return true;
        }
        if (c->busy) {
            continue;
        }
        if (write(c->fd, request, sizeof request - 1) != (ssize_t)(sizeof request - 1)) {
            snprintf(l->error, 160, "a request was not taken: %s", strerror(errno));
            return false;
        }
        c->busy = true;
        c->size = 0;
        c->due_ns = due_ns == 0 ? now : due_ns;
        l->sent++;
    }
    return true;
}

/* Whole: head and as much body as it promises. */
static bool is_whole(const connection *c)
{
    const char *end = strstr(c->answer, "\r\n\r\n");
    const char *length = strcasestr(c->answer, "content-length:");
    return end != NULL && length != NULL
           && c->size >= (size_t)(end + 4 - c->answer) + strtoul(length + 15, NULL, 10);
}

static bool take_answer(load *l, connection *c, histogram *latency)
{
    ssize_t got = read(c->fd, c->answer + c->size, ANSWER_SIZE - 1 - c->size);
    if (got <= 0) {
        snprintf(l->error, 160, "a connection was closed: %s",
                 got < 0 ? strerror(errno) : "by the server");
        return false;
    }
    c->size += (size_t)got;
    c->answer[c->size] = '\0';
    if (!is_whole(c)) {
        return true;
    }
    if (strncmp(c->answer, "HTTP/1.1 202", 12) != 0) {
        snprintf(l->error, 160, "answered with %.60s", c->answer);
        return false;
    }
    c->busy = false;
    l->answered++;
    histogram_add(latency, now_ns() - c->due_ns);
    return true;
}

static bool turn(load *l, histogram *latency)
{
    struct pollfd fds[BENCH_HTTP_CONNECTIONS];
    uint64_t due_ns = next_due(l), now = now_ns();
    uint64_t wait_ns = ANSWER_WAIT_NS;
    for (size_t i = 0; i < BENCH_HTTP_CONNECTIONS; i++) {
        fds[i] = (struct pollfd){.fd = l->connections[i].busy ? l->connections[i].fd : -1,
                                 .events = POLLIN};
    }
    if (l->order->rate != 0 && due_ns != UINT64_MAX) {
        wait_ns = due_ns <= now ? 0 : due_ns - now;
    }
    struct timespec wait = {.tv_sec = (time_t)(wait_ns / UINT64_C(1000000000)),
                            .tv_nsec = (long)(wait_ns % UINT64_C(1000000000))};
    int ready = ppoll(fds, BENCH_HTTP_CONNECTIONS, &wait, NULL);
    if (ready == 0 && wait_ns == ANSWER_WAIT_NS) {
        snprintf(l->error, 160, "no answer within 10 s");
        return false;
    }
    for (size_t i = 0; i < BENCH_HTTP_CONNECTIONS && ready > 0; i++) {
        if (fds[i].revents != 0 && !take_answer(l, &l->connections[i], latency)) {
            return false;
        }
    }
    return true;
}

cogo_err bench_http_run(const bench_http *order, histogram *latency, char error[160])
{
    load *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return COGO_ENOMEM;
    }
    for (size_t i = 0; i < BENCH_HTTP_CONNECTIONS; i++) {
        l->connections[i].fd = -1;
    }
    l->order = order;
    l->error = error;
    bool good = connect_all(l);
    l->began_ns = now_ns();
    while (good && l->answered < order->count) {
        good = send_due(l) && turn(l, latency);
    }
    for (size_t i = 0; i < BENCH_HTTP_CONNECTIONS; i++) {
        if (l->connections[i].fd >= 0) {
            (void)close(l->connections[i].fd);
        }
    }
    free(l);
    return good ? COGO_OK : COGO_EIO;
}
