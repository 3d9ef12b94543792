/* The door on the wire: connections, hostile bytes, stopping. */
#include "codec/contract/messages.h"
#include "tests/unit/gateway/fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

Test(door, one_connection_serves_many_requests)
{
    door d;
    reply r;
    cr_assert(door_open(&d, NULL));
    int fd = dial(&d);
    for (int i = 0; i < 50; i++) {
        say(fd, "GET /v1/tasks/tsk_1 HTTP/1.1\r\n" HOST "\r\n");
        hear(fd, &r);
        cr_expect_eq(r.status, 200);
        cr_expect(reply_has(&r, "Connection", "keep-alive"));
        reply_finish(&r);
    }
    (void)close(fd);
    door_close(&d);
}

/* Sent at once, answered in order. */
Test(door, pipelined_requests_are_answered_in_order)
{
    door d;
    reply r;
    cr_assert(door_open(&d, NULL));
    int fd = dial(&d);
    say(fd, "GET /v1/tasks/tsk_a HTTP/1.1\r\n" HOST "\r\n"
            "POST /v1/tasks/tsk_b:cancel HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"
            "GET /v1/tasks/tsk_c HTTP/1.1\r\n" HOST "\r\n"
            "GET /nothing HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    static const char *const in_order[] = {"tsk_a", "cancelled", "tsk_c", "NOT_FOUND"};
    for (size_t i = 0; i < 4; i++) {
        hear(fd, &r);
        cr_expect(r.body != NULL && strstr(r.body, in_order[i]) != NULL);
        reply_finish(&r);
    }
    hear(fd, &r);
    cr_expect_eq(r.status, 0);
    reply_finish(&r);
    (void)close(fd);
    door_close(&d);
}

Test(door, hostile_bytes_get_a_refusal_or_the_end)
{
    door d;
    reply r;
    cr_assert(door_open(&d, NULL));
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},
        {"GET / HTTP/1.1\nHost: h\n\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST
         "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
        {"POST /v1/tasks HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n", 413},
        {"POST /v1/tasks:batchCreate HTTP/1.1\r\n" HOST "Content-Length: 16777217\r\n\r\n",
         413},
        {"GET / HTTP/3.0\r\n" HOST "\r\n", 505},
        {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403},
        {"GET / HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n", 403},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int fd = dial(&d);
        say(fd, cases[i].text);
        hear(fd, &r);
        if (r.status != cases[i].status) {
            fprintf(stderr, "%zu: %d, expected %d\n", i, r.status, cases[i].status);
        }
        cr_expect_eq(r.status, cases[i].status);
        reply_finish(&r);
        (void)close(fd);
    }
    ask(&d, "GET", "/health", "", NULL, &r);
    cr_expect_eq(r.status, 200);
    reply_finish(&r);
    door_close(&d);
}

Test(door, random_bytes_do_no_harm)
{
    door d;
    reply r;
    unsigned seed = 7;
    cr_assert(door_open(&d, NULL));
    for (int i = 0; i < 100; i++) {
        char bytes[600];
        int fd = dial(&d);
        for (size_t at = 0; at < sizeof bytes; at++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[at] = (char)(seed >> 24);
        }
        (void)send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);
        (void)close(fd);
    }
    ask(&d, "GET", "/health", "", NULL, &r);
    cr_expect_eq(r.status, 200);
    reply_finish(&r);
    door_close(&d);
}

Test(door, a_head_over_16_KiB_is_refused)
{
    door d;
    reply r;
    cr_assert(door_open(&d, NULL));
    char *line = malloc(20000);
    memset(line, 'a', 19999);
    line[19999] = '\0';
    int fd = dial(&d);
    say(fd, "GET / HTTP/1.1\r\nX: ");
    say(fd, line);
    hear(fd, &r);
    cr_expect_eq(r.status, 431);
    reply_finish(&r);
    (void)close(fd);
    free(line);
    door_close(&d);
}

Test(door, expect_100_continue_is_answered)
{
    door d;
    reply r;
    char text[256] = "";
    cr_assert(door_open(&d, NULL));
    int fd = dial(&d);
    say(fd,
        "POST /v1/tasks HTTP/1.1\r\n" HOST
        "Content-Type: application/json\r\nContent-Length: 15\r\nExpect: 100-continue\r\n\r\n");
    cr_expect(hear_until(fd, "\r\n\r\n", text, 26));
    cr_expect_str_eq(text, "HTTP/1.1 100 Continue\r\n\r\n");
    say(fd, "{\"role\":\"echo\"}");
    hear(fd, &r);
    cr_expect_eq(r.status, 202);
    reply_finish(&r);
    (void)close(fd);
    door_close(&d);
}

Test(door, the_path_of_sockets_tells_who_does_not_upgrade)
{
    door d;
    char text[4096] = "";
    cr_assert(door_open(&d, NULL));
    int fd = dial(&d);
    say(fd, "GET /v1/ws HTTP/1.1\r\n" HOST "\r\n");
    cr_expect(hear_until(fd, "HTTP/1.1 426 Upgrade Required\r\n", text, sizeof text));
    cr_expect(hear_until(fd, "UPGRADE_REQUIRED", text, sizeof text));
    (void)close(fd);
    door_close(&d);
}

/* Leaving ends the waiting only; other requests and the task go on. */
Test(door, a_client_may_leave_while_it_waits)
{
    door d;
    reply r;
    cr_assert(door_open(&d, NULL));
    int fd = dial(&d);
    say(fd, "GET /v1/tasks/tsk_never?wait=60s HTTP/1.1\r\n" HOST "\r\n");
    cr_expect(fake_sees(MSG_TASK_GET, 1));
    (void)close(fd);
    ask(&d, "GET", "/v1/tasks/tsk_1", "", NULL, &r);
    cr_expect_eq(r.status, 200);
    reply_finish(&r);
    cr_expect_eq(fake_seen(MSG_TASK_CANCEL), 0u);
    door_close(&d);
}

Test(door, stopping_answers_who_waits_and_ends_streams)
{
    door d;
    reply r;
    char text[8192] = "";
    cr_assert(door_open(&d, NULL));
    int waiting = dial(&d);
    int stream = dial(&d);
    say(waiting, "GET /v1/tasks/tsk_never?wait=60s HTTP/1.1\r\n" HOST "\r\n");
    say(stream,
        "GET /v1/tasks/tsk_open/events HTTP/1.1\r\n" HOST "Accept: text/event-stream\r\n\r\n");
    cr_expect(fake_sees(MSG_TASK_GET, 1));
    cr_expect(hear_until(stream, ": replay\n\n", text, sizeof text));
    gateway_stop(d.gateway, 50000000);
    hear(waiting, &r);
    cr_expect_eq(r.status, 503);
    cr_expect(reply_has(&r, "Retry-After", "1\r\n"));
    reply_finish(&r);
    char byte;
    cr_expect_eq(recv(stream, &byte, 1, 0), 0);
    (void)close(waiting);
    (void)close(stream);
    door_close(&d);
}

typedef struct crowd {
    const door *door;
    int good;
} crowd;

static void *crowd_run(void *arg)
{
    crowd *c = arg;
    int fd = dial(c->door);
    for (int i = 0; i < 20; i++) {
        reply r;
        say(fd, "GET /v1/tasks/tsk_1 HTTP/1.1\r\n" HOST "\r\n");
        hear(fd, &r);
        c->good += r.status == 200;
        reply_finish(&r);
    }
    (void)close(fd);
    return NULL;
}

Test(door, sixty_four_clients_at_once)
{
    door d;
    enum { CLIENTS = 64 };
    pthread_t threads[CLIENTS];
    crowd crowds[CLIENTS];
    int good = 0;
    cr_assert(door_open(&d, NULL));
    for (int i = 0; i < CLIENTS; i++) {
        crowds[i] = (crowd){.door = &d};
        (void)pthread_create(&threads[i], NULL, crowd_run, &crowds[i]);
    }
    for (int i = 0; i < CLIENTS; i++) {
        (void)pthread_join(threads[i], NULL);
        good += crowds[i].good;
    }
    cr_expect_eq(good, CLIENTS * 20);
    door_close(&d);
}

Test(door, without_a_token_only_loopback_is_bound)
{
    door d;
    char error[256] = "";
    gateway *other = NULL;
    cr_assert(door_open(&d, NULL));
    gateway_config config = {.host = "0.0.0.0", .orchestrator = d.orchestrator};
    cr_expect_neq(gateway_start(d.system, &config, &other, error), COGO_OK);
    cr_expect(strstr(error, "COGO_API_TOKEN") != NULL);
    config =
        (gateway_config){.host = "127.0.0.1", .port = d.port, .orchestrator = d.orchestrator};
    cr_expect_neq(gateway_start(d.system, &config, &other, error), COGO_OK);
    cr_expect(strstr(error, "in use") != NULL);
    door_close(&d);
}
