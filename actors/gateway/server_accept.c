/* New connections: taken before anything else of a turn, so that none is lost in front of the
 * door (the kernel drops what the backlog has no room for, and the peer tries again after a
 * second), and while there is no room for requests, most are refused right here. */
#include "actors/gateway/server_inside.h"

#include <cogo/system.h>

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPTS_PER_WAKE = 512, /* Then what is connected has its turn. */
    FIRST_BYTES = 4096,     /* Of a request that may be refused without a connection of ours. */
    SAY_SECONDS = 60,       /* Between two lines about new connections that have to wait. */
};

struct lws_context *server_context(const struct lws_context_creation_info *info,
                                   int *out_descriptors)
{
    struct rlimit files, fewer;
    (void)getrlimit(RLIMIT_NOFILE, &files); /* Neither can fail with these arguments. */
    fewer = files;
    fewer.rlim_cur =
        files.rlim_cur < SERVER_DESCRIPTORS_MAX ? files.rlim_cur : SERVER_DESCRIPTORS_MAX;
    (void)setrlimit(RLIMIT_NOFILE, &fewer);
    struct lws_context *context = lws_create_context(info);
    (void)setrlimit(RLIMIT_NOFILE, &files);
    *out_descriptors = (int)fewer.rlim_cur;
    return context;
}

void server_request_id(const server *s, char out[ID_SIZE])
{
    id_make(out, "req", cogo_system_wall_ms(s->config.system),
            cogo_system_random(s->config.system), cogo_system_random(s->config.system));
}

answer *server_refusal(server *s, http_method method)
{
    char request_id[ID_SIZE];
    server_request_id(s, request_id);
    counts_add(s->config.counts, method, "refused", 503);
    return refusal_make(&s->refusal, cogo_system_wall_ms(s->config.system), request_id,
                        method == HTTP_METHOD_HEAD);
}

/* The one whole request that @p bytes are, into @p head, which points into @p copy. False: it
 * needs more than a look: more bytes, a refusal of its own, an answer whatever there is to do.
 */
static bool read_whole(const server *s, const char *bytes, size_t size, char *copy,
                       request_head *head)
{
    size_t scanned = 0;
    const char *why;
    long head_size = request_head_end(bytes, size, &scanned);
    if (head_size <= 0) {
        return false;
    }
    memcpy(copy, bytes, (size_t)head_size);
    return request_parse(copy, (size_t)head_size, head, &why) == 0 && !head->chunked
           && head->content_length == (int64_t)size - head_size && !s->config.is_probe(head);
}

/* Answers and closes. Nothing of the request is left unread, and with the answer goes the end:
 * no reset can destroy it. False: this one has to be adopted. */
static bool shed(server *s, int fd, const char *bytes, size_t size)
{
    char copy[FIRST_BYTES];
    request_head head;
    if (!read_whole(s, bytes, size, copy, &head)) {
        return false;
    }
    answer *a = server_refusal(s, head.method);
    if (a != NULL) {
        answer_set_close(a);
        (void)send(fd, a->bytes, a->size_bytes, MSG_NOSIGNAL | MSG_MORE);
        free(a);
    }
    (void)close(fd);
    return true;
}

/* More wait in front of the door than may behind it: this thread gets less of the CPU than it
 * needs, and whoever is let in makes it less. So nobody is until it has caught up; else the
 * backlog would fill up. */
static bool is_late(const server *s)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    return getsockopt(s->config.listen_fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0
           && info.tcpi_unacked > SERVER_WAITING_MAX; /* Of a listener: what is not accepted. */
}

/* What has come with it is read at once, so that the next one finds a request that enters here
 * already counted; else all of a turn would be let in for the room that the first one saw. */
static void take(server *s, int fd, bool late)
{
    char bytes[FIRST_BYTES];
    ssize_t size = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (size > 0 && (late || inbox_crowded(&s->inbox, SERVER_EXCHANGES_MAX))
        && shed(s, fd, bytes, (size_t)size)) {
        return;
    }
    lws_sock_file_fd_type descriptor = {.sockfd = fd};
    /* On failure the library has closed the socket. */
    struct lws *wsi =
        lws_adopt_descriptor_vhost(s->vhost, LWS_ADOPT_SOCKET, descriptor, "http", NULL);
    if (wsi != NULL && size > 0) {
        server_bytes(s, wsi, bytes, (size_t)size);
    }
}

/* The next connection, or -1 with errno. The library has no place for one whose number is
 * beyond its table. */
static int next_connection(const server *s)
{
    int fd = accept4(s->config.listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= s->descriptors_max) {
        (void)close(fd);
        errno = EMFILE;
        return -1;
    }
    return fd;
}

/* There is nothing to have a connection with. Who comes waits in front until the next tick or
 * close: to try at once and again would be all that this thread does. */
static void rest(server *s, struct ev_loop *loop, int error)
{
    uint64_t now = cogo_system_now_ns(s->config.system);
    char text[80];
    ev_io_stop(loop, &s->accept);
    if (!ev_is_active(&s->tick)) { /* Else it would be put off, and deadlines with it. */
        ev_timer_again(loop, &s->tick);
    }
    counts_rest(s->config.counts);
    if (s->rest_said_ns == 0 || now - s->rest_said_ns >= SAY_SECONDS * UINT64_C(1000000000)) {
        s->rest_said_ns = now;
        cogo_log(s->config.system, COGO_LOG_WARN,
                 "the HTTP door can't take new connections now, and they wait: %s",
                 strerror_r(error, text, sizeof text));
    }
}

void server_on_accept(struct ev_loop *loop, ev_io *watcher, int events)
{
    server *s = watcher->data;
    bool late = is_late(s);
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_WAKE; i++) {
        if (s->conn_count >= SERVER_CONNECTIONS_MAX) {
            ev_io_stop(loop, watcher); /* Until one closes. */
            return;
        }
        int fd = next_connection(s);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                rest(s, loop, errno);
            }
            return;
        }
        take(s, fd, late);
    }
}
