/* A request on a connection: handed to the actor, or refused. */
#include "actors/gateway/door.h"
#include "actors/gateway/problem.h"
#include "actors/gateway/server_inside.h"

#include <cogo/system.h>

#include <time.h>

enum { SLOT_BITS = 11 };
_Static_assert(SERVER_CONNECTIONS_MAX == 1 << SLOT_BITS, "an exchange number holds its slot");

uint64_t server_now_ns(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

void server_set_deadline(conn *c, unsigned seconds)
{
    c->deadline_ns = server_now_ns() + seconds * UINT64_C(1000000000);
}

void server_tell_gone(server *s, uint64_t exchange)
{
    cogo_msg *msg = cogo_msg_create(s->config.system, GATEWAY_MSG_GONE, sizeof(door_gone));
    if (msg != NULL) {
        ((door_gone *)cogo_msg_payload(msg))->exchange = exchange;
        (void)cogo_system_send(s->config.system, s->actor, msg); /* Gone: it knows. */
    }
}

void server_exchange_over(server *s, conn *c)
{
    if (c->exchange != 0 && c->socket) {
        server_tell_gone(s, c->exchange);
    } else if (c->exchange != 0) {
        inbox_leave(&s->inbox);
    }
    c->exchange = 0;
}

/* The connection gets @p a, which the actor has no part in. NULL: it just ends. */
static void answer_here(server *s, conn *c, answer *a)
{
    server_exchange_over(s, c);
    c->state = CONN_WAIT;
    c->close = c->close || a == NULL;
    c->answered = true;
    if (a != NULL) {
        (void)conn_queue(c, a);
    }
    server_set_deadline(c, SERVER_WRITE_SECONDS);
}

void server_refuse(server *s, conn *c, int status, const char *why, int64_t retry_after_ms)
{
    char request_id[ID_SIZE];
    server_request_id(s, request_id);
    problem p = {.status = status, .detail = why, .retry_after_ms = retry_after_ms};
    answer *a = problem_answer(c->exchange, (answer_head){.request_id = request_id}, &p);
    counts_add(s->config.counts, c->head.method, "refused", status);
    c->close = true;
    answer_here(s, c, a);
}

/* May one more request go to the actor? */
static inbox_verdict enter(server *s, const request_head *head)
{
    inbox_verdict verdict = inbox_enter(&s->inbox, SERVER_EXCHANGES_MAX);
    if (verdict == INBOX_FULL && s->config.is_probe(head)) { /* Much to do is not dead. */
        verdict = inbox_enter(&s->inbox, SERVER_EXCHANGES_MAX + SERVER_PROBES_MAX);
    }
    return verdict;
}

static bool tell_actor(server *s, conn *c)
{
    c->exchange = ++s->serial << SLOT_BITS | c->slot;
    cogo_msg *msg = door_message(s->config.system, c);
    return msg != NULL && cogo_system_send(s->config.system, s->actor, msg) == COGO_OK;
}

/* A whole request is there: it goes to the actor. Who is refused for want of room keeps the
 * connection: a new one for the next try would cost both sides more. */
static void hand_over(server *s, conn *c)
{
    inbox_verdict verdict = enter(s, &c->head);
    bool told = verdict == INBOX_ENTERED && tell_actor(s, c);
    c->close = !c->head.keep_alive;
    c->state = CONN_WAIT;
    conn_consume(c);
    if (verdict == INBOX_FULL) {
        answer_here(s, c, server_refusal(s, c->head.method));
    } else if (verdict == INBOX_CLOSED) {
        server_refuse(s, c, 503, "The server is stopping.", REFUSAL_RETRY_AFTER_MS);
    } else if (!told) {
        server_refuse(s, c, 503, "The gateway can't take the request.", REFUSAL_RETRY_AFTER_MS);
    }
}

/* The peer waits for this before it sends the body. */
static void invite_body(conn *c)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    answer *a = answer_piece(0, go_on, sizeof go_on - 1, false);
    if (a != NULL) {
        (void)conn_queue(c, a);
    }
    c->head.expect_continue = false;
}

void server_advance(server *s, conn *c)
{
    conn_refusal refusal;
    bool started = c->in_size > 0;
    switch (conn_advance(c, s->config.body_limit, s->config.body_limit_ctx, &refusal)) {
    case CONN_REQUEST:
        hand_over(s, c);
        break;
    case CONN_REFUSE:
        server_refuse(s, c, refusal.status, refusal.why, 0);
        break;
    case CONN_MORE:
        if (c->state == CONN_BODY) {
            server_set_deadline(c, SERVER_BODY_SECONDS);
            if (c->head.expect_continue && c->in_size == 0 && c->out_first == NULL) {
                invite_body(c);
            }
        } else if (!started) {
            server_set_deadline(c, SERVER_IDLE_SECONDS);
        }
        break;
    }
}
