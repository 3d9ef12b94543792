/* Signals and messages are two words: none of them is missed when the actor goes idle.
 * The source of the signal lane is compiled here with another way to make an actor ready. */
#include "runtime/actor/core.h"
#include "tests/model/explore.h"

#include <string.h>

#define cogo__sched_ready     program_ready
#define cogo__signal_push     program_signal_push
#define cogo__signal_send     program_signal_send
#define cogo__signal_alloc    program_signal_alloc
#define cogo__signal_send_in  program_signal_send_in
#define cogo__signals_take    program_signals_take
#define cogo__signals_suspend program_signals_suspend
static void program_ready(cogo_system *system, cogo_context *here, cogo__cell *cell);
#include "runtime/actor/signals.h"
// The functions above, from the source itself.
#include "runtime/actor/signals.c"

enum { MESSAGES = 2, SIGNALS = 2 };

static struct {
    cogo__cell cell;
    cogo_msg messages[MESSAGES], signals[SIGNALS];
    unsigned got, signalled; // Plain: the holder's.
    bool suspends;           // The first signal makes it wait for another one.
    bool suspended;
} w;

static void take_signals(void)
{
    for (cogo_msg *msg = cogo__signals_take(&w.cell), *next; msg != NULL; msg = next) {
        next = cogo__ptr_load_relaxed(&msg->link.next);
        MODEL_CHECK(msg->type == 9);
        msg->type = 0; // Used again at once.
        w.signalled++;
        w.suspended = w.suspends && w.signalled == 1;
    }
}

/* As a turn: signals first, then messages, then idle. */
static void program_ready(cogo_system *system, cogo_context *here, cogo__cell *cell)
{
    (void)system;
    (void)here;
    for (;;) {
        if (cogo__signals_waiting(cell)) {
            take_signals();
        }
        if (w.suspended && cogo__signals_suspend(cell)) {
            return;
        }
        if (w.suspended) {
            continue;
        }
        cogo__link *done = NULL, *node = cogo__mailbox_peek(cell->tail);
        if (node != NULL) {
            (void)cogo__mailbox_take(&cell->box, &cell->tail, node);
            w.got++;
        } else if (!cogo__mailbox_empty(&cell->box, cell->tail)) {
            cogo__atomic_pause();
        } else if (cogo__mailbox_idle(&cell->box, &cell->tail, &done)
                   && !cogo__signals_recheck(cell)) {
            return;
        }
    }
}

static void begin(bool suspends)
{
    memset(&w, 0, sizeof w);
    cogo__mailbox_init(&w.cell.box, &w.cell.tail);
    w.suspends = suspends;
}

static void signal_all(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < SIGNALS; i++) {
        w.signals[i].type = 9;
        cogo__signal_push(NULL, NULL, &w.cell, &w.signals[i]);
    }
}

static void send_all(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < MESSAGES; i++) {
        if (cogo__mailbox_push(&w.cell.box, &w.messages[i].link)) {
            program_ready(NULL, NULL, &w.cell);
        }
    }
}

static void finish(unsigned other)
{
    model_join(other);
    MODEL_CHECK(w.signalled == SIGNALS);
    MODEL_CHECK(w.got == MESSAGES);
}

static void with_messages(void)
{
    begin(false);
    unsigned other = model_start(signal_all, NULL);
    send_all(NULL);
    finish(other);
}

/* It ended, and only a signal wakes it: the messages wait as long. */
static void suspended(void)
{
    begin(true);
    unsigned other = model_start(signal_all, NULL);
    send_all(NULL);
    finish(other);
}

static void signal_one(void *arg)
{
    cogo_msg *msg = arg;
    msg->type = 9;
    cogo__signal_push(NULL, NULL, &w.cell, msg);
}

static void of_two_senders(void)
{
    begin(false);
    w.got = MESSAGES;
    unsigned other = model_start(signal_one, &w.signals[0]);
    signal_one(&w.signals[1]);
    finish(other);
}

const model_program signal_programs[] = {
    {"signals/of_two_senders", of_two_senders, 20000},
    {"signals/with_messages", with_messages, 40000},
    {"signals/suspended", suspended, 20000},
    {0},
};
