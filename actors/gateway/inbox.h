/* What other threads tell the server thread: answers to write, and that an end is near; and how
 * many requests are with the actor. The only memory that server thread and others share.
 * Used by server.c. Never wakes anybody: the server does that with its loop. */
#ifndef GATEWAY_INBOX_H
#define GATEWAY_INBOX_H

#include "actors/gateway/answer.h"

#include <pthread.h>

typedef struct inbox_flags {
    bool draining; /* New requests are refused. */
    bool orphaned; /* The actor has ended: nobody will answer. */
    bool stopping; /* Write what is queued, then end. */
} inbox_flags;

typedef struct inbox {
    pthread_mutex_t mutex; /* Guards all below. */
    pthread_cond_t quiet;  /* exchange_count has shrunk. */
    answer *first, *last;
    uint32_t exchange_count;
    inbox_flags flags;
} inbox;

void inbox_init(inbox *b);
void inbox_finish(inbox *b);

/* Takes @p a. Any thread. */
void inbox_put(inbox *b, answer *a);
/* Sets the flags that are true in @p flags. Any thread. */
void inbox_set(inbox *b, inbox_flags flags);
/* All answers, oldest first. The server thread. */
answer *inbox_take(inbox *b, inbox_flags *out_flags);

typedef enum inbox_verdict { INBOX_ENTERED, INBOX_FULL, INBOX_CLOSED } inbox_verdict;

/* One more request goes to the actor, if fewer than @p limit are there. The server thread. */
inbox_verdict inbox_enter(inbox *b, uint32_t limit);
/* Would INBOX_FULL be the answer now? */
bool inbox_crowded(inbox *b, uint32_t limit);
void inbox_leave(inbox *b);
/* Waits until none is there, at most @p timeout_ns. True: none is. Any other thread. */
bool inbox_await_quiet(inbox *b, uint64_t timeout_ns);

#endif
