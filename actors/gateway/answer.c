#include "actors/gateway/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char keep_alive[] = "keep-alive"; /* As long as what replaces it. */
static const char closes[] = "close     ";

enum { HEAD_MAX = 4096 }; /* Bytes; every part of a head is bounded well below. */

static void date_now(char out[40])
{
    struct tm tm;
    time_t now = time(NULL);
    if (gmtime_r(&now, &tm) == NULL
        || strftime(out, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm) == 0) {
        out[0] = '\0';
    }
}

/* Everything but the length, the connection and the empty line. Returns its size, 0: too long.
 */
static size_t write_head(char out[HEAD_MAX], const answer_head *head)
{
    char date[40];
    date_now(date);
    int n = snprintf(
        out, HEAD_MAX,
        "HTTP/1.1 %d %s\r\nDate: %s\r\n"
        "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n%s%s%s%s%s%s%s%s%s%s",
        head->status, http_status_text(head->status), date,
        head->content_type != NULL ? "Content-Type: " : "",
        head->content_type != NULL ? head->content_type : "",
        head->content_type != NULL ? "\r\n" : "",
        head->request_id != NULL ? "X-Request-Id: " : "",
        head->request_id != NULL ? head->request_id : "",
        head->request_id != NULL ? "\r\n" : "",
        head->traceparent != NULL ? "traceparent: " : "",
        head->traceparent != NULL ? head->traceparent : "",
        head->traceparent != NULL ? "\r\n" : "", head->extra != NULL ? head->extra : "");
    return n > 0 && n < HEAD_MAX ? (size_t)n : 0;
}

static answer *join(uint64_t exchange, const char *head, size_t head_size, const char *body,
                    size_t body_size)
{
    answer *a = malloc(sizeof *a + head_size + body_size);
    if (a == NULL) {
        return NULL;
    }
    memset(a, 0, sizeof *a);
    a->exchange = exchange;
    a->size_bytes = head_size + body_size;
    memcpy(a->bytes, head, head_size);
    if (body_size > 0) {
        memcpy(a->bytes + head_size, body, body_size);
    }
    return a;
}

/* Appends the length (when @p size is not NULL), the connection and the empty line. */
static answer *finish(uint64_t exchange, const answer_head *head, const size_t *size,
                      const char *body, size_t body_size)
{
    char text[HEAD_MAX];
    size_t at = write_head(text, head);
    if (at == 0 || at > HEAD_MAX - 128) {
        return NULL;
    }
    if (size != NULL) {
        at += (size_t)snprintf(text + at, HEAD_MAX - at, "Content-Length: %zu\r\n", *size);
    }
    at += (size_t)snprintf(text + at, HEAD_MAX - at, "Connection: ");
    size_t connection_at = at;
    at += (size_t)snprintf(text + at, HEAD_MAX - at, "%s\r\n\r\n", keep_alive);
    answer *a = join(exchange, text, at, body, body_size);
    if (a != NULL) {
        a->status = head->status;
        a->connection_at = connection_at;
    }
    return a;
}

void answer_set_close(answer *a)
{
    a->close = true;
    if (a->connection_at > 0) {
        memcpy(a->bytes + a->connection_at, closes, sizeof closes - 1);
    }
}

answer *answer_make(uint64_t exchange, const answer_head *head, const char *body, size_t size)
{
    answer *a = finish(exchange, head, &size, body, head->no_body ? 0 : size);
    if (a != NULL) {
        a->last = true;
    }
    return a;
}

answer *answer_stream(uint64_t exchange, const answer_head *head)
{
    answer *a = finish(exchange, head, NULL, NULL, 0);
    if (a != NULL) {
        answer_set_close(a);
    }
    return a;
}

answer *answer_upgrade(uint64_t exchange, const answer_head *head)
{
    char text[HEAD_MAX];
    size_t at = write_head(text, head);
    if (at == 0 || at > HEAD_MAX - 128) {
        return NULL;
    }
    at += (size_t)snprintf(text + at, HEAD_MAX - at, "Connection: Upgrade\r\n\r\n");
    answer *a = join(exchange, text, at, NULL, 0);
    if (a != NULL) {
        a->status = head->status;
        a->upgrade = true;
    }
    return a;
}

answer *answer_piece(uint64_t exchange, const char *bytes, size_t size, bool last)
{
    answer *a = join(exchange, "", 0, bytes, size);
    if (a != NULL) {
        a->last = last;
    }
    return a;
}
