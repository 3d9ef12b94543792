/* The mailbox: who ends the idle state runs the actor, and sees all that the last one did. */
#include "runtime/actor/mailbox.h"

#include "tests/model/explore.h"

enum { SENDERS = 2, EACH = 2 };

typedef struct letter {
    cogo__link link;
    unsigned sender, number;
} letter;

static struct {
    cogo__mailbox box;
    cogo__link *tail;
    letter letters[SENDERS][EACH];
    unsigned next[SENDERS], got; // The actor's state: plain, its holder's.
    bool keeps;                  // Its handler takes every message out of the queue.
} w;

static void reuse(cogo__link *link)
{
    if (link != NULL) { // As memory that is used again at once, for something else.
        ((letter *)(void *)link)->number = 0xdead;
    }
}

/* As a lane runs an actor: until it is idle. */
static void run_actor(void)
{
    for (;;) {
        cogo__link *done = NULL, *node = cogo__mailbox_peek(w.tail);
        if (node != NULL) {
            reuse(cogo__mailbox_take(&w.box, &w.tail, node));
            const letter *l = (letter *)(void *)node;
            MODEL_CHECK(l->number == w.next[l->sender]);
            w.next[l->sender]++;
            w.got++;
            if (w.keeps) {
                cogo__mailbox_detach(&w.box, &w.tail);
                reuse(node);
            }
        } else if (!cogo__mailbox_empty(&w.box, w.tail)) {
            cogo__atomic_pause();
        } else if (cogo__mailbox_idle(&w.box, &w.tail, &done)) {
            reuse(done);
            return;
        }
    }
}

static void send_all(void *arg)
{
    letter *letters = arg;
    unsigned sender = letters == w.letters[0] ? 0 : 1;
    for (unsigned i = 0; i < EACH; i++) {
        letters[i].sender = sender;
        letters[i].number = i;
        if (cogo__mailbox_push(&w.box, &letters[i].link)) {
            run_actor();
        }
    }
}

static void begin(bool keeps)
{
    cogo__mailbox_init(&w.box, &w.tail);
    w.next[0] = w.next[1] = w.got = 0;
    w.keeps = keeps;
}

static void two_senders(void)
{
    begin(false);
    unsigned other = model_start(send_all, w.letters[0]);
    send_all(w.letters[1]);
    model_join(other);
    MODEL_CHECK(w.got == SENDERS * EACH); // Nobody is left to run what still waits.
}

static void kept_messages(void)
{
    begin(true);
    unsigned other = model_start(send_all, w.letters[0]);
    send_all(w.letters[1]);
    model_join(other);
    MODEL_CHECK(w.got == SENDERS * EACH);
}

/* As what a connection decoded: linked by plain stores before anybody can see it. */
static void send_chain(void *arg)
{
    letter *letters = arg;
    for (unsigned i = 0; i < EACH; i++) {
        letters[i].sender = 0;
        letters[i].number = i;
        cogo__ptr_store_relaxed(&letters[i].link.next,
                                i + 1 < EACH ? &letters[i + 1].link : NULL);
    }
    if (cogo__mailbox_push_all(&w.box, &letters[0].link, &letters[EACH - 1].link)) {
        run_actor();
    }
}

static void a_chain_beside_a_sender(void)
{
    begin(false);
    unsigned other = model_start(send_chain, w.letters[0]);
    send_all(w.letters[1]);
    model_join(other);
    MODEL_CHECK(w.got == SENDERS * EACH);
}

static void hold_and_run(void *arg)
{
    (void)arg;
    if (cogo__mailbox_hold(&w.box)) {
        w.got += 100;
        run_actor();
    }
}

/* Somebody takes the right to run it without a message. */
static void held_without_a_message(void)
{
    begin(false);
    unsigned other = model_start(hold_and_run, NULL);
    send_all(w.letters[0]);
    model_join(other);
    MODEL_CHECK(w.got % 100 == EACH);
}

const model_program mailbox_programs[] = {
    {"mailbox/two_senders", two_senders, 40000},
    {"mailbox/a_chain_beside_a_sender", a_chain_beside_a_sender, 40000},
    {"mailbox/kept_messages", kept_messages, 40000},
    {"mailbox/held_without_a_message", held_without_a_message, 20000},
    {0},
};
