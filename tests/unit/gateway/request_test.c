/* Request heads: what is accepted, and everything that two parsers could read differently. */
#include "actors/gateway/auth.h"
#include "actors/gateway/conn.h"
#include "actors/gateway/listen.h"
#include "actors/gateway/query.h"
#include "actors/gateway/request.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The status of @p text as a whole head; 0: accepted; -1: bad bytes; -2: not complete. */
static int status_of(const char *text, size_t size, request_head *head, char bytes[32768])
{
    const char *why = "";
    size_t scanned = 0;
    memcpy(bytes, text, size);
    long end = request_head_end(bytes, size, &scanned);
    if (end <= 0) {
        return end < 0 ? -1 : -2;
    }
    return request_parse(bytes, (size_t)end, head, &why);
}

static int status_text(const char *text)
{
    static char bytes[32768];
    request_head head;
    return status_of(text, strlen(text), &head, bytes);
}

Test(request, a_plain_request_is_read)
{
    static char bytes[32768];
    request_head h;
    static const char text[] =
        "POST /v1/tasks/a%20b?wait=30s&x=%41 HTTP/1.1\r\nHost: localhost:3000\r\n"
        "content-length: 12\r\nAccept:  text/html \r\nX-Other: 1\r\n\r\n";
    cr_assert_eq(status_of(text, sizeof text - 1, &h, bytes), 0);
    cr_expect_eq(h.method, HTTP_METHOD_POST);
    cr_expect_str_eq(h.path, "/v1/tasks/a b");
    cr_expect_str_eq(h.query, "wait=30s&x=%41");
    cr_expect_eq(h.content_length, 12);
    cr_expect(h.keep_alive);
    cr_expect_str_eq(h.headers[REQUEST_HOST], "localhost:3000");
    cr_expect_str_eq(h.headers[REQUEST_ACCEPT], "text/html");
    cr_expect_null(h.headers[REQUEST_AUTHORIZATION]);
}

/* Request smuggling lives on these. */
Test(request, contradicting_lengths_are_refused)
{
#define R "POST / HTTP/1.1\r\nHost: h\r\n"
    cr_expect_eq(status_text(R "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    cr_expect_eq(status_text(R "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"), 400);
    cr_expect_eq(status_text(R "Content-Length: 1, 1\r\n\r\n"), 400);
    cr_expect_eq(status_text(R "Content-Length: +1\r\n\r\n"), 400);
    cr_expect_eq(status_text(R "Content-Length: -1\r\n\r\n"), 400);
    cr_expect_eq(status_text(R "Content-Length: 0x1\r\n\r\n"), 400);
    cr_expect_eq(status_text(R "Content-Length:\r\n\r\n"), 400);
    cr_expect_eq(status_text(R "Content-Length: 99999999999999999999\r\n\r\n"), 400);
    cr_expect_eq(status_text(R "Transfer-Encoding: chunked\r\n\r\n"), 0);
    cr_expect_eq(status_text(R "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501);
    cr_expect_eq(status_text(R "Transfer-Encoding: xchunked\r\n\r\n"), 501);
    cr_expect_eq(
        status_text(R "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    cr_expect_eq(status_text("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    cr_expect_eq(status_text(R "Transfer-Encoding : chunked\r\n\r\n"), 400);
    cr_expect_eq(status_text(R "Foo\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
    cr_expect_eq(status_text(R "X: a\r\n Transfer-Encoding: chunked\r\n\r\n"), 400);
    cr_expect_eq(status_text(R "Host: other\r\n\r\n"), 400);
#undef R
}

Test(request, loose_line_ends_and_control_bytes_are_refused)
{
    static char bytes[32768];
    request_head h;
    cr_expect_eq(status_text("GET / HTTP/1.1\nHost: h\n\n"), -1);
    cr_expect_eq(status_text("GET / HTTP/1.1\r\nHost: h\n\r\n"), -1);
    cr_expect_eq(status_text("GET / HTTP/1.1\r\nX: a\rb\r\n\r\n"), -1);
    cr_expect_eq(status_of("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", 27, &h, bytes), -1);
    cr_expect_eq(status_text("GET / HTTP/1.1\r\nX: a\x01\r\n\r\n"), -1);
    cr_expect_eq(status_text("GET / HTTP/1.1\r\nHost: h\r\n"), -2);
}

Test(request, strange_request_lines_are_refused)
{
#define H "\r\nHost: h\r\n\r\n"
    cr_expect_eq(status_text("GET /" H), 400);
    cr_expect_eq(status_text("GET" H), 400);
    cr_expect_eq(status_text(" GET / HTTP/1.1" H), 400);
    cr_expect_eq(status_text("GET  / HTTP/1.1" H), 400);
    cr_expect_eq(status_text("GET / HTTP/1.1 x" H), 400);
    cr_expect_eq(status_text("GET http://h/ HTTP/1.1" H), 400);
    cr_expect_eq(status_text("OPTIONS * HTTP/1.1" H), 400);
    cr_expect_eq(status_text("GET /%00 HTTP/1.1" H), 400);
    cr_expect_eq(status_text("GET /%2 HTTP/1.1" H), 400);
    cr_expect_eq(status_text("GET /a%2fb HTTP/1.1" H), 400);
    cr_expect_eq(status_text("GET /\xc3\xa9 HTTP/1.1" H), 400);
    cr_expect_eq(status_text("GET / HTTP/2.0" H), 505);
    cr_expect_eq(status_text("GET / HTTP/1.1\r\n\r\n"), 400);
    cr_expect_eq(status_text("GET / HTTP/1.0\r\n\r\n"), 0);
    cr_expect_eq(status_text("BREW / HTTP/1.1" H), 0); /* Known form: the route says 405. */
#undef H
}

Test(request, more_than_a_hundred_headers_are_refused)
{
    static char text[8192];
    size_t at = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < 100; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "X%d: y\r\n", i);
    }
    snprintf(text + at, sizeof text - at, "\r\n");
    cr_expect_eq(status_text(text), 431);
}

static int64_t limit_of_ten(const void *ctx, const request_head *head)
{
    (void)ctx;
    (void)head;
    return 10;
}

/* TCP may cut anywhere; two requests in one segment are two requests. */
Test(conn, any_cut_of_two_pipelined_requests_gives_both)
{
    static const char text[] = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\r\n"
                               "GET /b HTTP/1.1\r\nHost: h\r\n\r\n";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        conn c;
        conn_refusal refusal;
        char paths[16] = "";
        memset(&c, 0, sizeof c);
        for (int part = 0; part < 2; part++) {
            cr_assert(conn_feed(&c, part == 0 ? text : text + cut,
                                part == 0 ? cut : sizeof text - 1 - cut));
            while (conn_advance(&c, limit_of_ten, NULL, &refusal) == CONN_REQUEST) {
                strcat(paths, c.head.path);
                if (c.head.content_length > 0) {
                    cr_expect_eq(memcmp(conn_body(&c), "abc", 3), 0);
                }
                conn_consume(&c);
                c.state = CONN_HEAD;
            }
        }
        cr_expect_str_eq(paths, "/a/b");
        conn_finish(&c);
    }
}

Test(conn, a_body_over_the_limit_is_refused_before_it_comes)
{
    conn c;
    conn_refusal refusal = {0, ""};
    static const char text[] = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n";
    memset(&c, 0, sizeof c);
    cr_assert(conn_feed(&c, text, sizeof text - 1));
    cr_expect_eq(conn_advance(&c, limit_of_ten, NULL, &refusal), CONN_REFUSE);
    cr_expect_eq(refusal.status, 413);
    conn_finish(&c);
}

Test(conn, a_head_without_end_is_refused)
{
    conn c;
    conn_refusal refusal = {0, ""};
    char block[1024];
    memset(&c, 0, sizeof c);
    memset(block, 'a', sizeof block);
    conn_step step = CONN_MORE;
    for (int i = 0; i < 20 && step == CONN_MORE; i++) {
        cr_assert(conn_feed(&c, block, sizeof block));
        step = conn_advance(&c, limit_of_ten, NULL, &refusal);
    }
    cr_expect_eq(step, CONN_REFUSE);
    cr_expect_eq(refusal.status, 431);
    conn_finish(&c);
}

/* A reader that does not read must not fill our memory. */
Test(conn, a_slow_reader_of_a_stream_is_given_up)
{
    conn c;
    char *piece = calloc(1, 64 * 1024);
    bool taken = true;
    int count = 0;
    memset(&c, 0, sizeof c);
    while (taken && count < 100) {
        taken = conn_queue(&c, answer_piece(1, piece, 64 * 1024, false));
        count++;
    }
    cr_expect_not(taken);
    cr_expect_eq(count, 17);
    free(piece);
    conn_finish(&c);
}

Test(query, durations_have_units)
{
    int64_t ms = 0;
    cr_expect(query_duration("500ms", &ms) && ms == 500);
    cr_expect(query_duration("30s", &ms) && ms == 30000);
    cr_expect(query_duration("2m", &ms) && ms == 120000);
    cr_expect(query_duration("7", &ms) && ms == 7);
    cr_expect_not(query_duration("", &ms));
    cr_expect_not(query_duration("-1s", &ms));
    cr_expect_not(query_duration("1.5s", &ms));
    cr_expect_not(query_duration("30 s", &ms));
    cr_expect_not(query_duration("99999999999999999999s", &ms));
}

Test(query, unknown_parameters_are_named)
{
    cogo_arena arena;
    query q;
    const char *which, *why;
    cogo_arena_init(&arena, 0);
    cr_expect(
        query_parse(&q, "state=a&state=b+c&role=%41", "state role", &arena, &which, &why));
    cr_expect_eq(query_all(&q, "state", &arena).count, 2u);
    cr_expect_str_eq(query_all(&q, "state", &arena).items[1], "b c");
    cr_expect_str_eq(query_get(&q, "role"), "A");
    cr_expect_not(query_parse(&q, "sate=a", "state role", &arena, &which, &why));
    cr_expect_str_eq(which, "sate");
    cr_expect_not(query_parse(&q, "stat=a", "state role", &arena, &which, &why));
    cr_expect_not(query_parse(&q, "role=%0a", "state role", &arena, &which, &why));
    cogo_arena_finish(&arena);
}

/* 0: let in with every right; -1: the store has to be asked; else the status of the refusal. */
static int check_auth(const auth *a, const request_head *h)
{
    auth_answer answer = {.status = 0};
    auth_verdict verdict = auth_check(a, h, &answer);
    return verdict == AUTH_ALL ? 0 : verdict == AUTH_LOOK_UP ? -1 : answer.status;
}

Test(auth, the_gate_denies_by_default)
{
    auth a;
    request_head h;
    memset(&h, 0, sizeof h);
    h.headers[REQUEST_HOST] = "example.org";
    char error[256];
    cr_assert(auth_init(&a, "right", "0.0.0.0", error));
    cr_expect_eq(check_auth(&a, &h), 401);
    h.headers[REQUEST_AUTHORIZATION] = "Bearer wrong";
    cr_expect_eq(check_auth(&a, &h), 401);
    h.headers[REQUEST_AUTHORIZATION] = "Bearer rightx";
    cr_expect_eq(check_auth(&a, &h), 401);
    h.headers[REQUEST_AUTHORIZATION] = "Basic right";
    cr_expect_eq(check_auth(&a, &h), 401);
    h.headers[REQUEST_AUTHORIZATION] = "Bearer cogo_of_the_store";
    cr_expect_eq(check_auth(&a, &h), -1);
    h.headers[REQUEST_AUTHORIZATION] = "bearer right";
    cr_expect_eq(check_auth(&a, &h), 0);
    h.headers[REQUEST_ORIGIN] = "https://evil.example";
    cr_expect_eq(check_auth(&a, &h), 403);
    h.headers[REQUEST_ORIGIN] = "null";
    cr_expect_eq(check_auth(&a, &h), 403);
    h.headers[REQUEST_ORIGIN] = "https://example.org";
    cr_expect_eq(check_auth(&a, &h), 0);
}

Test(auth, a_secret_has_256_bits_and_is_never_the_same)
{
    char one[TOKEN_SECRET_SIZE], other[TOKEN_SECRET_SIZE];
    cr_assert(token_make_secret(one) && token_make_secret(other));
    cr_expect_eq(strlen(one), (size_t)TOKEN_SECRET_SIZE - 1);
    cr_expect_eq(strncmp(one, TOKEN_PREFIX, strlen(TOKEN_PREFIX)), 0);
    cr_expect_str_neq(one, other);
}

/* A page at evil.example may make its own name point to 127.0.0.1. */
Test(auth, without_a_token_only_local_host_names_are_answered)
{
    auth a;
    request_head h;
    memset(&h, 0, sizeof h);
    char error[256];
    cr_assert(auth_init(&a, NULL, "127.0.0.2", error));
    static const char *const good[] = {"localhost", "localhost:3000", "127.0.0.1:1",
                                       "[::1]:3000", "127.0.0.2:3000"};
    static const char *const bad[] = {"evil.example", "localhost.evil.example",
                                      "localhost:3000x", "127.0.0.1.evil.example:80"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        h.headers[REQUEST_HOST] = good[i];
        cr_expect_eq(check_auth(&a, &h), 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        h.headers[REQUEST_HOST] = bad[i];
        cr_expect_eq(check_auth(&a, &h), 403);
    }
    /* A token of the store binds its holder also where none is needed. */
    h.headers[REQUEST_HOST] = "localhost";
    h.headers[REQUEST_AUTHORIZATION] = "Bearer cogo_x";
    cr_expect_eq(check_auth(&a, &h), -1);
    h.headers[REQUEST_AUTHORIZATION] = "Bearer anything";
    cr_expect_eq(check_auth(&a, &h), 0);
}

Test(listen, other_addresses_need_a_token)
{
    char error[256];
    int port = 0;
    cr_expect_lt(listen_open("0.0.0.0", 0, true, &port, error), 0);
    cr_expect(strstr(error, "COGO_API_TOKEN") != NULL);
    cr_expect_lt(listen_open("::", 0, true, &port, error), 0);
    cr_expect_lt(listen_open("127.0.0.1", 70000, true, &port, error), 0);
}
