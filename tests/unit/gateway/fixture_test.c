#include "codec/contract/messages.h"
#include "tests/unit/gateway/fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

bool door_open(door *d, const char *token)
{
    char error[256];
    cogo_system_config system = {.struct_size = sizeof system, .lane_count = 2};
    memset(d, 0, sizeof *d);
    if (cogo_system_create(&system, &d->system) != COGO_OK
        || messages_register(d->system) != COGO_OK
        || fake_start(d->system, &d->orchestrator) != COGO_OK) {
        fprintf(stderr, "no system\n");
        return false;
    }
    gateway_config config = {
        .host = "127.0.0.1", .token = token, .orchestrator = d->orchestrator};
    if (gateway_start(d->system, &config, &d->gateway, error) != COGO_OK) {
        fprintf(stderr, "%s\n", error);
        return false;
    }
    d->port = gateway_port(d->gateway);
    return true;
}

void door_close(door *d)
{
    gateway_stop(d->gateway, 0);
    gateway_destroy(d->gateway);
    (void)cogo_system_stop(d->system, UINT64_C(2000000000));
    cogo_system_destroy(d->system);
}

void allow_files(void)
{
    struct rlimit files;
    (void)getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &files);
}

int dial(const door *d)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)d->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&in, sizeof in) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

void say(int fd, const char *text)
{
    size_t size = strlen(text);
    while (size > 0) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        text += n;
        size -= (size_t)n;
    }
}

void hear(int fd, reply *r)
{
    size_t size = 0;
    memset(r, 0, sizeof *r);
    /* Byte by byte, so that what follows the head stays in the socket. */
    while (size < sizeof r->head - 1 && strstr(r->head, "\r\n\r\n") == NULL) {
        if (recv(fd, r->head + size, 1, 0) != 1) {
            return;
        }
        size++;
    }
    const char *length = strcasestr(r->head, "\r\ncontent-length:");
    r->body_size = length != NULL ? strtoul(length + 17, NULL, 10) : 0;
    r->body = calloc(1, r->body_size + 1);
    for (size_t at = 0; at < r->body_size;) {
        ssize_t n = recv(fd, r->body + at, r->body_size - at, 0);
        if (n <= 0) {
            return;
        }
        at += (size_t)n;
    }
    r->status = (int)strtol(r->head + 9, NULL, 10);
}

bool hear_until(int fd, const char *text, char *out, size_t capacity)
{
    size_t size = strlen(out);
    while (strstr(out, text) == NULL && size < capacity - 1) {
        ssize_t n = recv(fd, out + size, capacity - 1 - size, 0);
        if (n <= 0) {
            return false;
        }
        size += (size_t)n;
        out[size] = '\0';
    }
    return strstr(out, text) != NULL;
}

void reply_finish(reply *r)
{
    free(r->body);
    r->body = NULL;
}

bool reply_has(const reply *r, const char *name, const char *value)
{
    char line[512];
    snprintf(line, sizeof line, "\r\n%s: %s", name, value);
    return strcasestr(r->head, line) != NULL;
}

void ask(const door *d, const char *method, const char *path, const char *headers,
         const char *body, reply *r)
{
    size_t capacity = strlen(path) + strlen(headers) + 512;
    char *head = malloc(capacity);
    int fd = dial(d);
    memset(r, 0, sizeof *r);
    snprintf(head, capacity, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s",
             method, path, headers);
    say(fd, head);
    if (body != NULL) {
        snprintf(head, capacity, "Content-Length: %zu\r\n", strlen(body));
        say(fd, head);
    }
    say(fd, "\r\n");
    say(fd, body != NULL ? body : "");
    if (strcmp(method, "HEAD") == 0) {
        (void)hear_until(fd, "\r\n\r\n", r->head, sizeof r->head);
        r->status = (int)strtol(r->head + 9, NULL, 10);
    } else {
        hear(fd, r);
    }
    (void)close(fd);
    free(head);
}
