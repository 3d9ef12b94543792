/* Leaving: nothing new is taken, what runs may end until the grace is over, what has not ended
 * then is given back, and the orchestrator is told. The actor ends when all of it is done. */
#include "actors/worker/room.h"

static void set_timer(cogo_context *ctx, worker *w, uint64_t delay_ms)
{
    if (w->leave_timer != 0) {
        cogo_timer_cancel(ctx, w->leave_timer);
    }
    if (cogo_timer_start(ctx, delay_ms * NS_PER_MS, 0, 0, &w->leave_timer) != COGO_OK) {
        cogo_exit(ctx, COGO_EXIT_ERROR, "no memory for a timer");
    }
}

static void gone(cogo_context *ctx)
{
    cogo_exit(ctx, COGO_EXIT_SHUTDOWN, "it has left");
}

/* When it can't be told the orchestrator sees the link go, and takes the rest back then. */
static void say_farewell(cogo_context *ctx, worker *w)
{
    worker_command farewell = {.worker_id = w->id, .reason = "the worker leaves"};
    w->leaving = LEAVING_LAST;
    if (!w->registered
        || cogo_ask(ctx, w->orchestrator,
                    cogo_msg_create_record(cogo_context_system(ctx), MSG_WORKER_DEREGISTER,
                                           &farewell),
                    LEAVE_TIMEOUT_MS * NS_PER_MS, &w->leave_ask)
               != COGO_OK) {
        gone(ctx);
    }
}

void worker_on_leave(cogo_context *ctx, worker *w, const worker_leave *order)
{
    if (w->leaving != LEAVING_NOT) {
        return;
    }
    w->leaving = LEAVING_GRACE;
    w->draining = true;
    set_timer(ctx, w, order->grace_ms > 0 ? (uint64_t)order->grace_ms : 0);
    worker_heartbeat(ctx, w);
}

void worker_on_leave_timer(cogo_context *ctx, worker *w)
{
    w->leave_timer = 0;
    if (w->leaving == LEAVING_GRACE) {
        w->leaving = LEAVING_STOP;
        set_timer(ctx, w, LEAVE_STOP_MS);
        worker_give_back(ctx, w);
    } else if (w->leaving == LEAVING_STOP) {
        say_farewell(ctx, w); // What is left is taken back with it.
    }
}

void worker_on_farewell(cogo_context *ctx, worker *w)
{
    (void)w;
    gone(ctx);
}

/* Without an orchestrator results wait for one until the time is over. */
void worker_leave_look(cogo_context *ctx, worker *w)
{
    if (w->attempts.count == 0 && (w->leaving == LEAVING_GRACE || w->leaving == LEAVING_STOP)) {
        say_farewell(ctx, w);
    }
}
