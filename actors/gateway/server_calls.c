/* What other threads ask of the server thread: through its inbox, and a knock at its loop. */
#include "actors/gateway/server_inside.h"

void server_answer(server *s, uint64_t exchange, answer *a)
{
    if (a == NULL) {
        a = answer_piece(exchange, NULL, 0, true);
        if (a == NULL) {
            return; /* The client's own timeout has to do. */
        }
        a->close = true;
    }
    inbox_put(&s->inbox, a);
    ev_async_send(s->loop, &s->wake);
}

void server_credit(server *s, uint64_t exchange)
{
    answer *a = answer_piece(exchange, NULL, 0, false);
    if (a != NULL) { /* Else the socket reads one message less at a time. */
        a->credit = true;
        inbox_put(&s->inbox, a);
        ev_async_send(s->loop, &s->wake);
    }
}

void server_orphan(server *s)
{
    inbox_set(&s->inbox, (inbox_flags){.orphaned = true});
    ev_async_send(s->loop, &s->wake);
}

void server_drain(server *s)
{
    inbox_set(&s->inbox, (inbox_flags){.draining = true});
}

bool server_await_quiet(server *s, uint64_t timeout_ns)
{
    return inbox_await_quiet(&s->inbox, timeout_ns);
}

void server_stop(server *s)
{
    if (s->thread_runs) {
        inbox_set(&s->inbox, (inbox_flags){.stopping = true});
        ev_async_send(s->loop, &s->wake);
        (void)pthread_join(s->thread, NULL);
        s->thread_runs = false;
    }
}
