#include "runtime/node/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG = 128, TEXT_SIZE = 64, PORT_MAX = 65535 };

static bool parse_port(const char *text, size_t size, uint16_t *out)
{
    uint32_t port = 0;
    if (size == 0 || size > 5) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    *out = (uint16_t)port;
    return port <= PORT_MAX;
}

cogo_err cogo__address_parse(const char *text, cogo__address *out)
{
    size_t size = strcspn(text, ",");
    size_t colon = size;
    while (colon > 0 && text[colon - 1] != ':') {
        colon--;
    }
    char host[TEXT_SIZE];
    uint16_t port = 0;
    size_t host_size = colon > 0 ? colon - 1 : 0;
    if (host_size == 0 || host_size >= sizeof host
        || !parse_port(text + colon, size - colon, &port)) {
        return COGO_EINVAL;
    }
    bool bracketed = text[0] == '[' && text[host_size - 1] == ']';
    host_size -= bracketed ? 2 : 0;
    memcpy(host, text + bracketed, host_size);
    host[host_size] = '\0';
    const char *numeric = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    memset(out, 0, sizeof *out);
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&out->at;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&out->at;
    if (!bracketed && inet_pton(AF_INET, numeric, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        out->size = sizeof *v4;
        return COGO_OK;
    }
    if (bracketed && inet_pton(AF_INET6, numeric, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        out->size = sizeof *v6;
        return COGO_OK;
    }
    return COGO_EINVAL;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
           || c == '-' || c == '.' || c == '_';
}

cogo_err cogo__address_parse_name(const char *text, char out_host[COGO__HOST_SIZE],
                                  uint16_t *out_port)
{
    static const char prefix[] = "dns:";
    text += strncmp(text, prefix, sizeof prefix - 1) == 0 ? sizeof prefix - 1 : 0;
    size_t size = strcspn(text, ","), host_size = 0;
    while (host_size < size && is_name_char(text[host_size])) {
        host_size++;
    }
    if (host_size == 0 || host_size >= COGO__HOST_SIZE || text[host_size] != ':'
        || !parse_port(text + host_size + 1, size - host_size - 1, out_port)
        || *out_port == 0) {
        return COGO_EINVAL;
    }
    memcpy(out_host, text, host_size);
    out_host[host_size] = '\0';
    return COGO_OK;
}

bool cogo__address_is_loopback(const cogo__address *address)
{
    if (address->at.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address->at;
        return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address->at;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

void cogo__address_text(const cogo__address *address, char out[COGO__ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "?";
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address->at;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address->at;
    bool is_v6 = address->at.ss_family == AF_INET6;
    const void *from = is_v6 ? (const void *)&v6->sin6_addr : &v4->sin_addr;
    (void)inet_ntop(address->at.ss_family, from, host, sizeof host);
    (void)snprintf(out, COGO__ADDRESS_TEXT, is_v6 ? "[%s]:%u" : "%s:%u", host,
                   ntohs(v4->sin_port)); // Both families have the port in the same place.
}

static int open_socket(const cogo__address *address)
{
    return socket(address->at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static uint16_t port_of(int fd)
{
    cogo__address mine = {.size = sizeof mine.at};
    if (getsockname(fd, (struct sockaddr *)&mine.at, &mine.size) != 0) {
        return 0;
    }
    // Both families have the port in the same place.
    return ntohs(((const struct sockaddr_in *)(const void *)&mine.at)->sin_port);
}

cogo_err cogo__address_listen(const cogo__address *address, int *out_fd, uint16_t *out_port)
{
    const int on = 1;
    int fd = open_socket(address);
    if (fd < 0) {
        return COGO_EIO;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)&address->at, address->size) != 0
        || listen(fd, BACKLOG) != 0) {
        (void)close(fd);
        return COGO_EIO;
    }
    *out_fd = fd;
    *out_port = port_of(fd);
    return COGO_OK;
}

static void send_at_once(int fd)
{
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // Only slower without.
}

cogo_err cogo__address_connect(const cogo__address *address, int *out_fd)
{
    int fd = open_socket(address);
    if (fd < 0) {
        return COGO_EIO;
    }
    send_at_once(fd);
    if (connect(fd, (const struct sockaddr *)&address->at, address->size) != 0
        && errno != EINPROGRESS) {
        (void)close(fd);
        return COGO_EIO;
    }
    *out_fd = fd;
    return COGO_OK;
}

int cogo__address_accept(int fd)
{
    int got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (got >= 0) {
        send_at_once(got);
    }
    return got;
}
