/* Many clients at once, each with a connection and a request of its own: so many that each asks
 * anew when it is answered, or at a rate that waits for nobody.
 *
 *     open_loop PORT crowd CLIENTS SECONDS [TOKEN...]
 *     open_loop PORT flood RATE SECONDS [TOKEN...]       the tokens take turns
 *     open_loop PORT kept-crowd|kept-flood ...           the same over connections that are
 * kept: at most KEPT_MAX; more requests are late
 *     open_loop PORT work-crowd|work-flood ...           each asks for a task that a worker
 * labelled busy=yes does, and for its end: only one that has succeeded was accepted
 *
 * A line for each request that was accepted, in us since the start: when it was due, sent and
 * answered, how often TCP sent something again, the token's number, the task. The last line is
 * an object about all. It takes 10 to 20 us of a CPU for each request: what it measures is the
 * server, as long as its own lateness, which it tells, is small. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    OPEN_MAX = 60000, /* At once; the process may have to do with fewer. */
    FILES = 16,       /* Besides them. */
    ANSWER_SIZE = 4096,
    EVENTS = 256,
    TOKENS_MAX = 64,
    REQUEST_SIZE = 512,
    SOURCES = 32, /* Addresses that they come from: one has ports for 28,000 at once. */
    TURN = 32,    /* Requests that are sent before answers are looked at. */
    KEPT_MAX = 1500,
    PATIENCE_US = 60000000,
    LATE_STEP_US = 100,
    LATE_STEPS = 100000,
};

typedef struct client {
    int64_t due_us, sent_us;
    int token;
    bool said; /* The request is with the kernel. */
    bool idle; /* Kept, and nothing was asked over it. */
    size_t size;
    char answer[ANSWER_SIZE];
} client;

static client *clients[OPEN_MAX + 64]; /* By descriptor. */
static char requests[TOKENS_MAX][REQUEST_SIZE];
static int token_count, poll_fd, port, idle_fds[KEPT_MAX];
static bool keeps, works;
static uint32_t idle_count;
static uint32_t open_count, open_max, late[LATE_STEPS + 1];
static uint64_t sent, accepted, refused, limited, without_retry_after, unanswered, other;
static int64_t began_ns;

static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return ((int64_t)t.tv_sec * 1000000000 + t.tv_nsec - began_ns) / 1000;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int open_socket(void)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    from.sin_addr.s_addr = htonl(0x7f000100u + (uint32_t)(sent % SOURCES));
    if (fd < 0 || fd >= OPEN_MAX
        || setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes) != 0
        || bind(fd, (struct sockaddr *)&from, sizeof from) != 0
        || (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)) {
        fail("connect");
    }
    return fd;
}

static void say(int fd, client *c)
{
    const char *request = requests[c->token];
    size_t size = strlen(request);
    c->said = send(fd, request, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void watch(int op, int fd, bool writes)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET | (writes ? EPOLLOUT : 0),
                                .data.fd = fd};
    if (epoll_ctl(poll_fd, op, fd, &event) != 0) {
        fail("epoll_ctl");
    }
}

static void ask(int64_t due_us)
{
    bool again = idle_count > 0;
    int fd = again ? idle_fds[--idle_count] : open_socket();
    client *c = clients[fd];
    if (c == NULL && (c = clients[fd] = malloc(sizeof *c)) == NULL) {
        fail("malloc");
    }
    int64_t now = now_us();
    c->idle = false;
    c->due_us = due_us;
    c->sent_us = now;
    c->token = (int)(sent++ % (uint64_t)token_count);
    c->size = 0;
    int64_t step = (now - due_us) / LATE_STEP_US;
    late[step < LATE_STEPS ? step : LATE_STEPS]++;
    open_count++;
    say(fd, c);
    if (!again || !c->said) {
        watch(again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, !c->said);
    }
}

static void keep(int fd)
{
    clients[fd]->idle = true;
    idle_fds[idle_count++] = fd;
}

/* The server has closed one that nothing was asked over. */
static void forget(int fd)
{
    for (uint32_t i = 0; i < idle_count; i++) {
        if (idle_fds[i] == fd) {
            idle_fds[i] = idle_fds[--idle_count];
            (void)close(fd);
            return;
        }
    }
}

static bool is_whole(const client *c)
{
    const char *end = strstr(c->answer, "\r\n\r\n");
    const char *length = strstr(c->answer, "Content-Length: ");
    return end != NULL && length != NULL
           && c->size >= (size_t)(end + 4 - c->answer) + strtoul(length + 16, NULL, 10);
}

static void note(int fd, const client *c)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    int status = c->size > 12 ? atoi(c->answer + 9) : 0;
    bool done = works && status == 200 && strstr(c->answer, "\"state\":\"succeeded\"") != NULL;
    if (done || (status == 202 && !works)) {
        const char *task = strstr(c->answer, "\"taskId\":\"");
        (void)getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
        accepted++;
        printf("%lld %lld %lld %u %d %.30s\n", (long long)c->due_us, (long long)c->sent_us,
               (long long)now_us(), info.tcpi_total_retrans, c->token,
               task != NULL ? task + 10 : "-");
    } else if (status == 429 || status == 503) {
        const char *after = strstr(c->answer, "Retry-After: ");
        refused++;
        limited += status == 429;
        without_retry_after += after == NULL || atoi(after + 13) < 1;
    } else if (status == 0) {
        unanswered++;
    } else {
        other++;
    }
}

static void hear(int fd, uint32_t events)
{
    client *c = clients[fd];
    if (c->idle) {
        forget(fd);
        return;
    }
    if ((events & EPOLLOUT) != 0 && !c->said) {
        say(fd, c);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) {
        return;
    }
    ssize_t got = 0;
    for (;;) {
        got = recv(fd, c->answer + c->size, ANSWER_SIZE - 1 - c->size, 0);
        if (got < 0 && errno == EAGAIN) {
            return;
        }
        c->size += got > 0 ? (size_t)got : 0;
        c->answer[c->size] = '\0';
        if (got <= 0 || is_whole(c)) {
            break;
        }
    }
    note(fd, c);
    open_count--;
    if (keeps && got > 0 && strstr(c->answer, "\r\nConnection: close") == NULL) {
        keep(fd);
    } else {
        (void)close(fd);
    }
}

static void hear_all(int64_t wait_us)
{
    struct epoll_event events[EVENTS];
    struct timespec wait = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
    int count = epoll_pwait2(poll_fd, events, EVENTS, &wait, NULL);
    for (int i = 0; i < count; i++) {
        hear(events[i].data.fd, events[i].events);
    }
}

static void crowd(uint32_t count, int64_t until_us)
{
    for (int64_t now; (now = now_us()) < until_us;) {
        for (int i = 0; i < TURN && open_count < count; i++) {
            ask(now_us());
        }
        hear_all(open_count < count ? 0 : until_us - now);
    }
}

static void flood(double rate, int64_t until_us)
{
    int64_t due_us = 0;
    while (due_us < until_us) {
        int64_t now = now_us();
        for (int i = 0; i < TURN && due_us <= now && due_us < until_us && open_count < open_max;
             i++) {
            ask(due_us);
            due_us = (int64_t)((double)sent * 1e6 / rate);
        }
        hear_all(open_count == open_max ? 1000 : due_us <= now ? 0 : due_us - now);
    }
}

static double late_at(double share)
{
    uint64_t seen = 0;
    int64_t step = 0;
    while (step < LATE_STEPS && (double)(seen += late[step]) < share * (double)sent) {
        step++;
    }
    return (double)(step + 1) * LATE_STEP_US / 1e6;
}

static void prepare(int argc, char **argv)
{
    static const char form[] =
        "POST /v1/tasks%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Connection: %s\r\nContent-Length: %zu\r\n%s%.128s%s\r\n%s";
    struct rlimit most;
    struct timespec now;
    port = atoi(argv[1]);
    keeps = strncmp(argv[2], "kept-", 5) == 0;
    works = strncmp(argv[2], "work-", 5) == 0;
    const char *body =
        works ? "{\"role\":\"echo\",\"labels\":[\"busy=yes\"]}" : "{\"role\":\"echo\"}";
    token_count = argc > 5 ? argc - 5 : 1;
    for (int i = 0; i < token_count && i < TOKENS_MAX; i++) {
        bool has = argc > 5;
        snprintf(requests[i], REQUEST_SIZE, form, works ? "?wait=60s" : "",
                 keeps ? "keep-alive" : "close", strlen(body),
                 has ? "Authorization: Bearer " : "", has ? argv[5 + i] : "", has ? "\r\n" : "",
                 body);
    }
    (void)getrlimit(RLIMIT_NOFILE, &most);
    most.rlim_cur = most.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &most);
    open_max = (most.rlim_cur < OPEN_MAX ? (uint32_t)most.rlim_cur : OPEN_MAX) - FILES;
    open_max = keeps && open_max > KEPT_MAX ? KEPT_MAX : open_max;
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    began_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(int argc, char **argv)
{
    struct rusage used;
    if (argc < 5 || argc > 5 + TOKENS_MAX) {
        fputs("open_loop PORT crowd|flood NUMBER SECONDS [TOKEN...]\n", stderr);
        return 2;
    }
    prepare(argc, argv);
    int64_t until_us = (int64_t)(atof(argv[4]) * 1e6);
    if (strcmp(argv[2] + (keeps || works ? 5 : 0), "crowd") == 0) {
        crowd((uint32_t)atoi(argv[3]), until_us);
    } else {
        flood(atof(argv[3]), until_us);
    }
    double sending_s = (double)now_us() / 1e6;
    int64_t end_us = now_us() + PATIENCE_US;
    while (open_count > 0 && now_us() < end_us) {
        hear_all(100000);
    }
    (void)getrusage(RUSAGE_SELF, &used);
    printf(
        "{\"sent\": %llu, \"seconds\": %.3f, \"accepted\": %llu, \"refused\": %llu, "
        "\"limited\": %llu, \"without_retry_after\": %llu, \"other\": %llu, \"unanswered\": %llu, "
        "\"late_p99_s\": %.4f, \"cpu_s\": %.2f}\n",
        (unsigned long long)sent, sending_s, (unsigned long long)accepted,
        (unsigned long long)refused, (unsigned long long)limited,
        (unsigned long long)without_retry_after, (unsigned long long)other,
        (unsigned long long)(unanswered + open_count), late_at(0.99),
        (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec)
            + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    return 0;
}
