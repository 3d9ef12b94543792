/* One answer, or one piece of a stream, as bytes for the wire.
 * Made by the gateway actor and by the server's refusals; written and freed by the server.
 * Never knows connections: the exchange number says whose it is. */
#ifndef GATEWAY_ANSWER_H
#define GATEWAY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct answer {
    struct answer *next;
    uint64_t exchange;    /* Number of the request that it belongs to. */
    int status;           /* 0 for a later piece of a stream. */
    bool last;            /* The exchange is over after these bytes. */
    bool close;           /* The connection has to end after them. */
    bool upgrade;         /* From now on the connection is a WebSocket. */
    bool credit;          /* No bytes: one message of the WebSocket was dealt with. */
    size_t connection_at; /* Where the value of Connection starts; 0 for a later piece. */
    size_t size_bytes;    /* All bytes. */
    char bytes[];
} answer;

/* What goes into the head besides the status. */
typedef struct answer_head {
    int status;
    const char *content_type; /* NULL: no body type. */
    const char *request_id;   /* NULL: none. */
    const char *traceparent;  /* NULL: none. */
    const char *extra;        /* Whole header lines with CRLF; NULL: none. */
    bool no_body;             /* HEAD: the length is told, the body is left out. */
} answer_head;

/* Writes "close" into a head that says "keep-alive". */
void answer_set_close(answer *a);

/* A whole answer. NULL when out of memory. */
answer *answer_make(uint64_t exchange, const answer_head *head, const char *body, size_t size);
/* The first piece of a stream of unknown length: the connection ends with it. */
answer *answer_stream(uint64_t exchange, const answer_head *head);
/* The 101 that makes the connection a WebSocket; its frames are pieces. */
answer *answer_upgrade(uint64_t exchange, const answer_head *head);
/* A later piece. */
answer *answer_piece(uint64_t exchange, const char *bytes, size_t size, bool last);

/* status.c */
const char *http_status_text(int status);
/* The code of a problem with @p status when nothing more exact is known. */
const char *http_status_code(int status);

#endif
