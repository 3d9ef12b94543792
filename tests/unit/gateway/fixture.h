/* A door on a free port with a fake orchestrator behind it, and a client on a raw socket.
 * Used by the gateway's tests. Reads wait for bytes; fake_sees() looks again each millisecond.
 */
#ifndef TESTS_GATEWAY_FIXTURE_H
#define TESTS_GATEWAY_FIXTURE_H

#include "actors/gateway/gateway.h"
#include "tests/unit/test.h"

#include <cogo/system.h>

#define HOST "Host: localhost\r\n"

typedef struct door {
    cogo_system *system;
    cogo_actor_id orchestrator;
    gateway *gateway;
    int port;
} door;

/* False with a message on stderr. @p token NULL: none. */
bool door_open(door *d, const char *token);
void door_close(door *d);

/* As many descriptors as there may be: both ends of all connections are in this process. Before
 * the door is opened. */
void allow_files(void);

/* A connected socket, reads time out after 10 s. */
int dial(const door *d);
void say(int fd, const char *text);

typedef struct reply {
    int status;
    char head[8192];
    char *body;
    size_t body_size;
} reply;

/* Reads one answer with a Content-Length. Status 0: the connection ended. */
void hear(int fd, reply *r);
/* Reads until @p text has come or the connection ends; the bytes are in @p out. */
bool hear_until(int fd, const char *text, char *out, size_t capacity);
void reply_finish(reply *r);
/* True when the head has the line "@p name: @p value". */
bool reply_has(const reply *r, const char *name, const char *value);

/* One request on a connection of its own. @p headers: lines with CRLF, or "". */
void ask(const door *d, const char *method, const char *path, const char *headers,
         const char *body, reply *r);

/* The fake orchestrator (fake_test.c). @p system has the messages. */
cogo_err fake_start(cogo_system *system, cogo_actor_id *out_id);
/* Messages that it has seen of this type. */
unsigned fake_seen(unsigned type);
/* Waits until they are @p count; false: they were not within a minute. */
bool fake_sees(unsigned type, unsigned count);

#endif
