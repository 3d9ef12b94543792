/* The system calls of sockets, as the simulated network gives them. */
#include "tests/sim/net_calls.h"

#include "tests/sim/scenario.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

WRAP(int, socket, int domain, int type, int protocol);
WRAP(int, bind, int fd, const struct sockaddr *at, socklen_t size);
WRAP(int, listen, int fd, int backlog);
WRAP(int, connect, int fd, const struct sockaddr *at, socklen_t size);
WRAP(int, accept4, int fd, struct sockaddr *at, socklen_t *size, int flags);
WRAP(int, getsockname, int fd, struct sockaddr *at, socklen_t *size);
WRAP(int, getsockopt, int fd, int level, int name, void *value, socklen_t *size);
WRAP(int, setsockopt, int fd, int level, int name, const void *value, socklen_t size);
WRAP(ssize_t, recv, int fd, void *bytes, size_t size, int flags);
WRAP(ssize_t, send, int fd, const void *bytes, size_t size, int flags);
WRAP(ssize_t, recvmsg, int fd, struct msghdr *all, int flags);
WRAP(ssize_t, sendmsg, int fd, const struct msghdr *all, int flags);
WRAP(int, shutdown, int fd, int how);

static uint16_t port_of(const struct sockaddr *at)
{
    struct sockaddr_in in;
    memcpy(&in, at, sizeof in);
    return ntohs(in.sin_port);
}

int __wrap_socket(int domain, int type, int protocol)
{
    if (!cogo__sim_active()) {
        return __real_socket(domain, type, protocol);
    }
    return net_fd_of(net_socket_new(-1)); // Its host is known when it binds or connects.
}

/* The last digit of a port is its host, whoever binds it. */
int __wrap_bind(int fd, const struct sockaddr *at, socklen_t size)
{
    if (!net_is_ours(fd)) {
        return __real_bind(fd, at, size);
    }
    net_socket *s = net_socket_at(fd);
    s->port = port_of(at);
    s->host = s->port % NET_HOSTS_MAX;
    return net_listener_at(s->port) != NULL ? net_failed(EADDRINUSE) : 0;
}

int __wrap_listen(int fd, int backlog)
{
    if (!net_is_ours(fd)) {
        return __real_listen(fd, backlog);
    }
    net_socket_at(fd)->listens = true;
    return 0;
}

int __wrap_connect(int fd, const struct sockaddr *at, socklen_t size)
{
    if (!net_is_ours(fd)) {
        return __real_connect(fd, at, size);
    }
    net_socket *s = net_socket_at(fd);
    s->host = net_host();
    net_connect(s, port_of(at));
    return net_failed(EINPROGRESS);
}

int __wrap_accept4(int fd, struct sockaddr *at, socklen_t *size, int flags)
{
    if (!net_is_ours(fd)) {
        return __real_accept4(fd, at, size, flags);
    }
    net_socket *next = net_backlog_next(net_socket_at(fd), net_now());
    if (next == NULL) {
        return net_failed(EAGAIN);
    }
    next->owner = NULL;
    return net_fd_of(next);
}

int __wrap_getsockname(int fd, struct sockaddr *at, socklen_t *size)
{
    if (!net_is_ours(fd)) {
        return __real_getsockname(fd, at, size);
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    in.sin_port = htons(net_socket_at(fd)->port);
    memcpy(at, &in, sizeof in);
    *size = sizeof in;
    return 0;
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    if (!net_is_ours(fd)) {
        return __real_getsockopt(fd, level, name, value, size);
    }
    const net_socket *s = net_socket_at(fd);
    memcpy(value, &s->error, sizeof s->error);
    return 0;
}

int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    return net_is_ours(fd) ? 0 : __real_setsockopt(fd, level, name, value, size);
}

ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
    if (!net_is_ours(fd)) {
        return __real_recv(fd, bytes, size, flags);
    }
    cogo__sim_yield();
    long got = net_get(net_socket_at(fd), bytes, size);
    // All that is here, as TCP has it: less than there is room for means no more.
    for (long more = got; more > 0 && (size_t)got < size;) {
        more = net_get(net_socket_at(fd), (char *)bytes + got, size - (size_t)got);
        got += more > 0 ? more : 0;
    }
    return got == -1 ? net_failed(EAGAIN) : got == -2 ? net_failed(ECONNRESET) : got;
}

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
    if (!net_is_ours(fd)) {
        return __real_send(fd, bytes, size, flags);
    }
    cogo__sim_yield();
    net_socket *s = net_socket_at(fd);
    if (s->broken || s->shut) {
        return net_failed(EPIPE);
    }
    size_t put = net_put(s, bytes, size);
    return put != 0 ? (ssize_t)put : net_failed(EAGAIN);
}

/* Piece by piece, as far as each is done whole. */
ssize_t __wrap_recvmsg(int fd, struct msghdr *all, int flags)
{
    if (!net_is_ours(fd)) {
        return __real_recvmsg(fd, all, flags);
    }
    ssize_t total = 0, got = 0;
    for (size_t i = 0; i < all->msg_iovlen; i++) {
        const struct iovec *piece = &all->msg_iov[i];
        got = __wrap_recv(fd, piece->iov_base, piece->iov_len, flags);
        total += got > 0 ? got : 0;
        if (got < 0 || (size_t)got < piece->iov_len) {
            break;
        }
    }
    return total > 0 ? total : got;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *all, int flags)
{
    if (!net_is_ours(fd)) {
        return __real_sendmsg(fd, all, flags);
    }
    ssize_t total = 0, put = 0;
    for (size_t i = 0; i < all->msg_iovlen; i++) {
        const struct iovec *piece = &all->msg_iov[i];
        put = __wrap_send(fd, piece->iov_base, piece->iov_len, flags);
        total += put > 0 ? put : 0;
        if (put < 0 || (size_t)put < piece->iov_len) {
            break;
        }
    }
    return total > 0 ? total : put;
}

int __wrap_shutdown(int fd, int how)
{
    if (!net_is_ours(fd)) {
        return __real_shutdown(fd, how);
    }
    net_shut(net_socket_at(fd));
    return 0;
}
