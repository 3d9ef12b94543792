/* As many requests as there is room for, and one more. */
#include "codec/contract/messages.h"
#include "tests/unit/gateway/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ROOM = 512, /* Requests that may wait at once: actors/gateway/server.h */
    TRIES = 100 /* For a request to be there when its connection is taken. */
};

/* As many as have room, each with a task that never ends. */
static void fill_up(const door *d, int fds[ROOM])
{
    for (int i = 0; i < ROOM; i++) {
        fds[i] = dial(d);
        say(fds[i], "GET /v1/tasks/tsk_never?wait=60s HTTP/1.1\r\n" HOST "\r\n");
    }
    cr_expect(fake_sees(MSG_TASK_GET, ROOM));
}

static void expect_refused(const reply *r, const char *connection)
{
    cr_expect_eq(r->status, 503);
    cr_expect(reply_has(r, "Retry-After", "1\r\n"));
    cr_expect(reply_has(r, "Connection", connection));
    cr_expect(reply_has(r, "Content-Type", "application/problem+json\r\n"));
    cr_expect(r->body != NULL && strstr(r->body, "\"retryAfterMs\":1000") != NULL);
}

/* One that is there when its connection is taken is refused without one of the door's. The door
 * may be quicker. */
static void expect_shed(const door *d, const char *request, reply *r)
{
    bool closed = false;
    for (int i = 0; i < TRIES && !closed; i++) {
        char byte;
        int fresh = dial(d);
        say(fresh, request);
        hear(fresh, r);
        closed = reply_has(r, "Connection", "close");
        expect_refused(r, closed ? "close" : "keep-alive");
        cr_expect(!closed || recv(fresh, &byte, 1, 0) == 0);
        (void)close(fresh);
        if (!closed) {
            reply_finish(r);
        }
    }
    cr_expect(closed);
}

Test(door, what_there_is_no_room_for_is_refused_and_told_when_to_come_back)
{
    static const char whole[] =
        "POST /v1/tasks HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
        "Content-Length: 15\r\n\r\n{\"role\":\"echo\"}";
    door d;
    reply r, other;
    int fds[ROOM];
    allow_files();
    cr_assert(door_open(&d, NULL));
    int kept = dial(&d);
    say(kept, whole);
    hear(kept, &r);
    cr_expect_eq(r.status, 202);
    reply_finish(&r);
    fill_up(&d, fds);
    expect_shed(&d, whole, &r);
    say(kept, whole);
    hear(kept, &other);
    expect_refused(&other, "keep-alive");
    cr_expect_str_neq(strstr(r.body, "requestId"), strstr(other.body, "requestId"));
    reply_finish(&r);
    reply_finish(&other);
    char head[1024] = "";
    say(kept, "HEAD /v1/tasks HTTP/1.1\r\n" HOST "\r\n");
    cr_expect(hear_until(kept, "\r\n\r\n", head, sizeof head));
    cr_expect(strstr(head, "\r\n\r\n")[4] == '\0', "what follows is the next answer's");
    ask(&d, "GET", "/livez", "", NULL, &r); /* Much to do is not dead. */
    cr_expect_eq(r.status, 200);
    reply_finish(&r);
    unsigned refused_before = fake_seen(MSG_TASK_SUBMIT);
    (void)close(fds[0]);
    for (r.status = 503; r.status == 503; reply_finish(&r)) { /* Until that is noticed. */
        say(kept, whole);
        hear(kept, &r);
    }
    cr_expect_eq(r.status, 202);
    cr_expect_eq(fake_seen(MSG_TASK_SUBMIT), refused_before + 1);
    for (int i = 1; i < ROOM; i++) {
        (void)close(fds[i]);
    }
    (void)close(kept);
    door_close(&d);
}

/* Whatever is there when the connection is taken: an answer, never a reset. */
Test(door, one_without_room_may_come_in_pieces_or_be_more_than_one)
{
    static const char *const pieces[][2] = {
        {"GET /v1/tasks HTTP/1.1\r\nHo", "st: localhost\r\nConnection: close\r\n\r\n"},
        {"POST /v1/tasks HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{",
         "}GET / HTTP/1.1\r\n" HOST "\r\n"},
        {"POST /v1/tasks HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
         "0\r\n\r\n"},
        {"GET /v1/tasks HTTP/1.1\r\n" HOST "\r\nGET /v1/tasks HTTP/1.1\r\n", HOST "\r\n"},
    };
    door d;
    reply r;
    int fds[ROOM];
    allow_files();
    cr_assert(door_open(&d, NULL));
    fill_up(&d, fds);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        int fd = dial(&d);
        say(fd, pieces[i][0]);
        ask(&d, "GET", "/livez", "", NULL, &r); /* The first piece is with the door now. */
        reply_finish(&r);
        say(fd, pieces[i][1]);
        hear(fd, &r);
        expect_refused(&r, i == 0 ? "close" : "keep-alive");
        reply_finish(&r);
        (void)close(fd);
    }
    int fd = dial(&d);
    say(fd, "GET / HTTP/1.1\r\n\r\n"); /* What is wrong by itself is told so. */
    hear(fd, &r);
    cr_expect_eq(r.status, 400);
    reply_finish(&r);
    (void)close(fd);
    for (int i = 0; i < ROOM; i++) {
        (void)close(fds[i]);
    }
    door_close(&d);
}
