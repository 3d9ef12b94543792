#include "actors/gateway/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is open but not accepted yet; beyond that the kernel drops what comes and the peer tries
 * again after a second. It takes no more than net.core.somaxconn, 4096 since Linux 5.4. */
enum { BACKLOG = 4096 };

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) != 0;
    }
    return false;
}

static int port_of(int fd)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0) {
        return -1;
    }
    if (bound.ss_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, &bound, sizeof in6);
        return ntohs(in6.sin6_port);
    }
    struct sockaddr_in in;
    memcpy(&in, &bound, sizeof in);
    return ntohs(in.sin_port);
}

static int open_one(const struct addrinfo *info)
{
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* Of all it accepts. */
    if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int saved = errno;
        (void)close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

int listen_open(const char *host, int port, bool loopback_only, int *out_port, char error[256])
{
    char service[16];
    struct addrinfo *found = NULL;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    errno = EINVAL; /* Until the socket itself fails. */
    if (port < 0 || port > 65535) {
        snprintf(error, 256, "%d is not a port number", port);
        return -1;
    }
    snprintf(service, sizeof service, "%d", port);
    int status = getaddrinfo(host, service, &hints, &found);
    if (status != 0) {
        snprintf(error, 256, "can't find the address %.100s: %s", host, gai_strerror(status));
        errno = EINVAL;
        return -1;
    }
    if (loopback_only && !is_loopback(found->ai_addr)) {
        snprintf(error, 256,
                 "%.100s is not a loopback address: set COGO_API_TOKEN, or listen on 127.0.0.1",
                 host);
        freeaddrinfo(found);
        errno = EINVAL;
        return -1;
    }
    int fd = open_one(found);
    int saved = errno;
    if (fd < 0) {
        char text[80];
        snprintf(error, 256, "can't listen on %.100s:%d: %s", host, port,
                 strerror_r(saved, text, sizeof text));
    } else {
        *out_port = port_of(fd);
    }
    freeaddrinfo(found);
    errno = saved;
    return fd;
}

bool listen_is_local_name(const char *authority)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t size = strlen(names[i]);
        if (strncasecmp(authority, names[i], size) == 0) {
            const char *rest = authority + size;
            return rest[0] == '\0'
                   || (rest[0] == ':' && rest[1 + strspn(rest + 1, "0123456789")] == '\0');
        }
    }
    return false;
}
