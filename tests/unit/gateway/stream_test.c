/* Event streams: what a reader sees, and what the orchestrator hears of it. */
#include "codec/contract/messages.h"
#include "tests/unit/gateway/fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char stream_request[] =
    "GET /v1/tasks/tsk_live/events HTTP/1.1\r\n" HOST "Accept: text/event-stream\r\n";

Test(stream, replays_then_follows_then_ends)
{
    door d;
    char text[8192] = "";
    cr_assert(door_open(&d, NULL));
    int fd = dial(&d);
    say(fd, stream_request);
    say(fd, "\r\n");
    cr_expect(hear_until(fd, "id: 4\nevent: cogo.task.succeeded\ndata: {", text, sizeof text));
    char byte;
    while (recv(fd, &byte, 1, 0) > 0) {
    }
    cr_expect(strstr(text, "Content-Type: text/event-stream\r\n") != NULL);
    const char *last = text;
    for (int i = 1; i <= 4; i++) {
        char id[16];
        snprintf(id, sizeof id, "id: %d\n", i);
        const char *at = strstr(last, id);
        cr_assert_not_null(at);
        cr_expect_null(strstr(at + 1, id));
        last = at;
    }
    cr_expect_eq(fake_seen(MSG_EVENTS_FOLLOW), 1u);
    (void)close(fd);
    door_close(&d);
}

Test(stream, goes_on_after_the_last_event_id)
{
    door d;
    char text[8192] = "";
    cr_assert(door_open(&d, NULL));
    int fd = dial(&d);
    say(fd, stream_request);
    say(fd, "Last-Event-ID: 3\r\n\r\n");
    cr_expect(hear_until(fd, "id: 4\n", text, sizeof text));
    cr_expect_null(strstr(text, "id: 3\n"));
    (void)close(fd);
    door_close(&d);
}

Test(stream, of_an_unknown_task_is_a_problem)
{
    door d;
    reply r;
    cr_assert(door_open(&d, NULL));
    ask(&d, "GET", "/v1/tasks/tsk_missing/events", "Accept: text/event-stream\r\n", NULL, &r);
    cr_expect_eq(r.status, 404);
    reply_finish(&r);
    door_close(&d);
}

/* The reader closes its laptop: the orchestrator must not go on sending events. */
Test(stream, is_forgotten_when_the_client_leaves)
{
    door d;
    char text[8192] = "";
    cr_assert(door_open(&d, NULL));
    int fd = dial(&d);
    say(fd,
        "GET /v1/tasks/tsk_open/events HTTP/1.1\r\n" HOST "Accept: text/event-stream\r\n\r\n");
    cr_expect(hear_until(fd, ": replay\n\n", text, sizeof text));
    (void)close(fd);
    cr_expect(fake_sees(MSG_EVENTS_UNFOLLOW, 1));
    door_close(&d);
}
