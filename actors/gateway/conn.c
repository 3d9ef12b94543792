#include "actors/gateway/conn.h"

#include <stdlib.h>
#include <string.h>

enum { SPARE_CAPACITY = 32 * 1024 }; /* A connection at rest keeps no more than this. */

bool conn_feed(conn *c, const char *bytes, size_t size)
{
    if (c->state == CONN_LINGER) {
        return true;
    }
    if (c->in_size + size > c->in_capacity) {
        size_t capacity = c->in_capacity + c->in_capacity / 2 + size + 1024;
        char *in = realloc(c->in, capacity);
        if (in == NULL) {
            return false;
        }
        c->in = in;
        c->in_capacity = capacity;
    }
    if (size > 0) {
        memcpy(c->in + c->in_size, bytes, size);
        c->in_size += size;
    }
    return true;
}

static void drop_front(conn *c, size_t size)
{
    if (size == 0) {
        return;
    }
    c->in_size -= size;
    memmove(c->in, c->in + size, c->in_size);
    if (c->in_size == 0 && c->in_capacity > SPARE_CAPACITY) {
        free(c->in);
        c->in = NULL;
        c->in_capacity = 0;
    }
}

static conn_step refuse(conn_refusal *out, int status, const char *why)
{
    out->status = status;
    out->why = why;
    return CONN_REFUSE;
}

static conn_step read_head(conn *c, conn_limit_fn limit, const void *ctx, conn_refusal *out)
{
    while (c->scanned == 0 && c->in_size >= 2 && memcmp(c->in, "\r\n", 2) == 0) {
        drop_front(c, 2); /* Old clients end a body with an empty line. */
    }
    long size = c->in_size > 0 ? request_head_end(c->in, c->in_size, &c->scanned) : 0;
    if (size < 0) {
        return refuse(out, 400, "The request head has a byte that no head may have.");
    }
    if (size > REQUEST_HEAD_LIMIT || (size == 0 && c->in_size > REQUEST_HEAD_LIMIT)) {
        return refuse(out, 431, "The request head is larger than 16 KiB.");
    }
    if (size == 0) {
        return CONN_MORE;
    }
    c->head_size = (size_t)size;
    c->head_bytes = malloc(c->head_size);
    if (c->head_bytes == NULL) {
        return refuse(out, 503, "Out of memory.");
    }
    memcpy(c->head_bytes, c->in, c->head_size);
    drop_front(c, c->head_size);
    const char *why = "";
    int status = request_parse(c->head_bytes, c->head_size, &c->head, &why);
    if (status != 0) {
        return refuse(out, status, why);
    }
    c->body_limit = limit(ctx, &c->head);
    if (c->head.content_length > c->body_limit) {
        return refuse(out, 413, "The body is larger than this path takes.");
    }
    c->state = CONN_BODY;
    c->chunks = (chunks){.decoded = 0};
    return CONN_REQUEST;
}

static conn_step read_chunks(conn *c, conn_refusal *out)
{
    switch (chunks_advance(&c->chunks, c->in, &c->in_size, c->body_limit)) {
    case CHUNKS_MORE:
        return CONN_MORE;
    case CHUNKS_DONE:
        break;
    case CHUNKS_BAD:
        return refuse(out, 400, "The body is not in well-formed chunks.");
    case CHUNKS_LARGE:
        return refuse(out, 413, "The body is larger than this path takes.");
    }
    c->head.content_length = (int64_t)c->chunks.decoded;
    c->head.chunked = false;
    return CONN_REQUEST;
}

conn_step conn_advance(conn *c, conn_limit_fn limit, const void *ctx, conn_refusal *refusal)
{
    if (c->state == CONN_HEAD) {
        conn_step step = read_head(c, limit, ctx, refusal);
        if (step != CONN_REQUEST) {
            return step;
        }
    }
    if (c->state == CONN_BODY && c->head.chunked) {
        return c->in_size > 0 ? read_chunks(c, refusal) : CONN_MORE;
    }
    if (c->state == CONN_BODY && c->in_size >= (size_t)c->head.content_length) {
        return CONN_REQUEST;
    }
    return CONN_MORE;
}

const char *conn_body(const conn *c)
{
    return c->in;
}

void conn_consume(conn *c)
{
    drop_front(c, (size_t)c->head.content_length);
    free(c->head_bytes);
    c->head_bytes = NULL;
    c->scanned = 0;
    c->head.content_length = 0;
}

bool conn_queue(conn *c, answer *a)
{
    bool stream = !a->last && a->connection_at == 0;
    size_t limit = stream ? CONN_STREAM_LIMIT : CONN_OUTPUT_LIMIT;
    if (c->out_bytes + a->size_bytes > limit) {
        free(a);
        return false;
    }
    if (a->connection_at > 0 && c->close) {
        answer_set_close(a);
    }
    c->close = c->close || a->close;
    c->begun = c->begun || a->connection_at > 0;
    c->answered = c->answered || a->last;
    c->out_bytes += a->size_bytes;
    a->next = NULL;
    if (c->out_last != NULL) {
        c->out_last->next = a;
    } else {
        c->out_first = a;
    }
    c->out_last = a;
    return true;
}

static void drop_first(conn *c)
{
    answer *a = c->out_first;
    c->out_first = a->next;
    if (c->out_first == NULL) {
        c->out_last = NULL;
    }
    c->out_bytes -= a->size_bytes;
    c->out_offset = 0;
    free(a);
}

size_t conn_take(conn *c, char *out, size_t capacity)
{
    size_t taken = 0;
    while (c->out_first != NULL && taken < capacity) {
        answer *a = c->out_first;
        size_t size = a->size_bytes - c->out_offset;
        if (size > capacity - taken) {
            size = capacity - taken;
        }
        memcpy(out + taken, a->bytes + c->out_offset, size);
        taken += size;
        c->out_offset += size;
        if (c->out_offset == a->size_bytes) {
            drop_first(c);
        }
    }
    return taken;
}

void conn_drop(conn *c, size_t size)
{
    drop_front(c, size);
}

void conn_unqueue(conn *c)
{
    answer *keep = c->out_offset > 0 ? c->out_first : NULL;
    answer *a = keep != NULL ? keep->next : c->out_first;
    while (a != NULL) {
        answer *next = a->next;
        c->out_bytes -= a->size_bytes;
        free(a);
        a = next;
    }
    if (keep != NULL) {
        keep->next = NULL;
    }
    c->out_first = c->out_last = keep;
}

void conn_finish(conn *c)
{
    frame_reader_finish(&c->reader);
    while (c->out_first != NULL) {
        drop_first(c);
    }
    free(c->in);
    free(c->head_bytes);
    c->in = NULL;
    c->head_bytes = NULL;
}
