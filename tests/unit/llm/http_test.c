/* The HTTP client against a server of one connection that says exactly what a test wants. */
#include "actors/llm/events.h"
#include "actors/llm/http.h"
#include "tests/unit/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct peer {
    int fd;
    int port;
    const char *answer; /* NULL: says nothing until the client leaves. */
    char request[8192];
    pthread_t thread;
} peer;

static void *serve(void *arg)
{
    peer *p = arg;
    size_t size = 0;
    int fd = accept(p->fd, NULL, NULL);
    if (fd < 0) {
        return NULL;
    }
    while (size < sizeof p->request - 1 && strstr(p->request, "\r\n\r\n") == NULL) {
        ssize_t n = recv(fd, p->request + size, sizeof p->request - 1 - size, 0);
        if (n <= 0) {
            break;
        }
        size += (size_t)n;
        p->request[size] = '\0';
    }
    if (p->answer != NULL) {
        (void)send(fd, p->answer, strlen(p->answer), MSG_NOSIGNAL);
    } else {
        char byte;
        while (recv(fd, &byte, 1, 0) > 0) {
        }
    }
    (void)close(fd);
    return NULL;
}

static void peer_start(peer *p, const char *answer, char url[64])
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof in;
    memset(p, 0, sizeof *p);
    p->answer = answer;
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)bind(p->fd, (struct sockaddr *)&in, sizeof in);
    (void)listen(p->fd, 4);
    (void)getsockname(p->fd, (struct sockaddr *)&in, &size);
    p->port = ntohs(in.sin_port);
    snprintf(url, 64, "http://127.0.0.1:%d/x", p->port);
    (void)pthread_create(&p->thread, NULL, serve, p);
}

static void peer_stop(peer *p)
{
    (void)pthread_join(p->thread, NULL);
    (void)close(p->fd);
}

Test(http, an_answer_has_status_headers_and_body)
{
    peer p;
    char url[64], value[32];
    http_response r;
    peer_start(&p,
               "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nX-One:  two \r\n"
               "Connection: close\r\n\r\nhello",
               url);
    const char *headers[] = {"Idempotency-Key: k1", NULL};
    http_request q = {
        .url = url, .token = "geheim", .body = "{}", .body_size = 2, .headers = headers};
    cr_expect_eq(http_send(&q, &r), HTTP_ANSWERED);
    cr_expect_eq(r.status, 404);
    cr_expect_eq(r.body_size, 5u);
    cr_assert_not_null(r.body);
    cr_expect_str_eq(r.body, "hello");
    cr_expect(http_response_header(&r, "x-one", value, sizeof value));
    cr_expect_str_eq(value, "two");
    cr_expect_not(http_response_header(&r, "x-two", value, sizeof value));
    http_response_finish(&r);
    peer_stop(&p);
    cr_expect(strstr(p.request, "POST /x HTTP/1.1\r\n") != NULL);
    cr_expect(strstr(p.request, "Authorization: Bearer geheim\r\n") != NULL);
    cr_expect(strstr(p.request, "Content-Type: application/json\r\n") != NULL);
    cr_expect(strstr(p.request, "Idempotency-Key: k1\r\n") != NULL);
    cr_expect(strstr(p.request, "Expect:") == NULL);
}

/* Nobody listens: nothing was sent, so the caller may try again without fear. */
Test(http, a_closed_port_is_unreachable_not_broken)
{
    peer p;
    char url[64];
    http_response r;
    peer_start(&p, "", url);
    (void)shutdown(p.fd, SHUT_RDWR); /* Wakes accept(). */
    peer_stop(&p);
    http_request q = {.url = url};
    cr_expect_eq(http_send(&q, &r), HTTP_UNREACHABLE);
    cr_expect_eq(r.status, 0);
    cr_expect_neq(r.error[0], '\0');
    http_response_finish(&r);
}

Test(http, silence_times_out)
{
    peer p;
    char url[64];
    http_response r;
    peer_start(&p, NULL, url);
    http_request q = {.url = url, .timeout_ms = 100};
    cr_expect_eq(http_send(&q, &r), HTTP_TIMED_OUT);
    http_response_finish(&r);
    peer_stop(&p);
}

Test(http, a_cut_answer_is_broken)
{
    peer p;
    char url[64];
    http_response r;
    peer_start(&p, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", url);
    http_request q = {.url = url};
    cr_expect_eq(http_send(&q, &r), HTTP_BROKEN);
    http_response_finish(&r);
    peer_stop(&p);
}

Test(http, an_answer_over_the_limit_is_too_large)
{
    peer p;
    char url[64];
    http_response r;
    peer_start(&p, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", url);
    http_request q = {.url = url, .response_limit = 4};
    cr_expect_eq(http_send(&q, &r), HTTP_TOO_LARGE);
    http_response_finish(&r);
    peer_stop(&p);
}

Test(http, redirects_are_told_not_followed)
{
    peer p;
    char url[64];
    http_response r;
    peer_start(
        &p, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        url);
    http_request q = {.url = url, .token = "geheim"};
    cr_expect_eq(http_send(&q, &r), HTTP_ANSWERED);
    cr_expect_eq(r.status, 302);
    http_response_finish(&r);
    peer_stop(&p);
}

/* A proxy in the environment must not get a token that is meant for this machine. */
Test(http, loopback_ignores_proxy_variables)
{
    peer p;
    char url[64];
    http_response r;
    peer_start(&p, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", url);
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    http_request q = {.url = url};
    cr_expect_eq(http_send(&q, &r), HTTP_ANSWERED);
    (void)unsetenv("http_proxy");
    http_response_finish(&r);
    peer_stop(&p);
}

Test(http, a_line_break_can_not_become_a_header)
{
    http_response r;
    const char *headers[] = {"X: y\r\nZ: z", NULL};
    http_request a = {.url = "http://127.0.0.1:1/", .token = "a\r\nb"};
    http_request b = {.url = "http://127.0.0.1:1/", .headers = headers};
    http_request c = {.url = "file:///etc/passwd"};
    cr_expect_eq(http_send(&a, &r), HTTP_INVALID);
    cr_expect_eq(http_send(&b, &r), HTTP_INVALID);
    cr_expect_eq(http_send(&c, &r), HTTP_INVALID);
    http_response_finish(&r);
}

static bool always(void *ctx)
{
    (void)ctx;
    return true;
}

Test(http, the_caller_can_stop_a_call)
{
    peer p;
    char url[64];
    http_response r;
    peer_start(&p, NULL, url);
    http_request q = {.url = url, .stopped = always};
    cr_expect_eq(http_send(&q, &r), HTTP_STOPPED);
    http_response_finish(&r);
    (void)shutdown(p.fd, SHUT_RDWR); /* Perhaps it never connected. */
    peer_stop(&p);
}

typedef struct seen {
    int count;
    char text[512];
} seen;

static bool on_event(void *ctx, const http_event *event)
{
    seen *s = ctx;
    size_t at = strlen(s->text);
    s->count++;
    snprintf(s->text + at, sizeof s->text - at, "[%s|%s|%s]", event->id, event->type,
             event->data);
    return strcmp(event->type, "stop") != 0;
}

Test(events, any_cut_of_the_stream_gives_the_same_events)
{
    static const char stream[] = ": hi\n\nid: 1\nevent: a\ndata: x\ndata: y\n\r\n"
                                 "data:z\r\n\r\nid:2\rdata\r\revent: lost\n\ndata: end\n\n";
    static const char expected[] = "[1|a|x\ny][1|message|z][2|message|][2|message|end]";
    for (size_t cut = 0; cut < sizeof stream - 1; cut++) {
        seen s = {0, ""};
        http_event_parser p = {.limit_bytes = 100};
        cr_expect_eq(http_events_feed(&p, stream, cut, on_event, &s), HTTP_EVENTS_OK);
        cr_expect_eq(http_events_feed(&p, stream + cut, sizeof stream - 1 - cut, on_event, &s),
                     HTTP_EVENTS_OK);
        cr_expect_str_eq(s.text, expected);
        http_events_finish(&p);
    }
}

Test(events, a_line_without_end_is_refused)
{
    seen s = {0, ""};
    http_event_parser p = {.limit_bytes = 10};
    cr_expect_eq(http_events_feed(&p, "data: 1234567890", 16, on_event, &s),
                 HTTP_EVENTS_TOO_LARGE);
    http_events_finish(&p);
}

Test(events, a_stream_ends_when_the_callback_says_so)
{
    peer p;
    char url[64];
    http_response r;
    seen s = {0, ""};
    peer_start(&p,
               "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
               "id: 7\ndata: one\n\nevent: stop\ndata: two\n\ndata: never\n\n",
               url);
    http_request q = {.url = url};
    cr_expect_eq(http_events(&q, "6", on_event, &s, &r), HTTP_STOPPED);
    cr_expect_str_eq(s.text, "[7|message|one][7|stop|two]");
    http_response_finish(&r);
    peer_stop(&p);
    cr_expect(strstr(p.request, "Last-Event-ID: 6\r\n") != NULL);
    cr_expect(strstr(p.request, "Accept: text/event-stream\r\n") != NULL);
}
