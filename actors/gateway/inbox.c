#include "actors/gateway/inbox.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint64_t second_ns = UINT64_C(1000000000);
static const uint64_t wait_max_ns = UINT64_C(3600) * UINT64_C(1000000000);

void inbox_init(inbox *b)
{
    pthread_condattr_t attributes;
    memset(b, 0, sizeof *b);
    /* None of these can fail on Linux with these arguments. */
    (void)pthread_mutex_init(&b->mutex, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&b->quiet, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

void inbox_finish(inbox *b)
{
    while (b->first != NULL) {
        answer *next = b->first->next;
        free(b->first);
        b->first = next;
    }
    (void)pthread_cond_destroy(&b->quiet);
    (void)pthread_mutex_destroy(&b->mutex);
}

void inbox_put(inbox *b, answer *a)
{
    (void)pthread_mutex_lock(&b->mutex);
    a->next = NULL;
    if (b->last != NULL) {
        b->last->next = a;
    } else {
        b->first = a;
    }
    b->last = a;
    (void)pthread_mutex_unlock(&b->mutex);
}

void inbox_set(inbox *b, inbox_flags flags)
{
    (void)pthread_mutex_lock(&b->mutex);
    b->flags.draining = b->flags.draining || flags.draining;
    b->flags.orphaned = b->flags.orphaned || flags.orphaned;
    b->flags.stopping = b->flags.stopping || flags.stopping;
    (void)pthread_mutex_unlock(&b->mutex);
}

answer *inbox_take(inbox *b, inbox_flags *out_flags)
{
    (void)pthread_mutex_lock(&b->mutex);
    answer *first = b->first;
    b->first = b->last = NULL;
    *out_flags = b->flags;
    (void)pthread_mutex_unlock(&b->mutex);
    return first;
}

/* The caller holds the mutex. */
static inbox_verdict judge(const inbox *b, uint32_t limit)
{
    if (b->flags.draining || b->flags.orphaned) {
        return INBOX_CLOSED;
    }
    return b->exchange_count >= limit ? INBOX_FULL : INBOX_ENTERED;
}

inbox_verdict inbox_enter(inbox *b, uint32_t limit)
{
    (void)pthread_mutex_lock(&b->mutex);
    inbox_verdict verdict = judge(b, limit);
    b->exchange_count += verdict == INBOX_ENTERED ? 1 : 0;
    (void)pthread_mutex_unlock(&b->mutex);
    return verdict;
}

bool inbox_crowded(inbox *b, uint32_t limit)
{
    (void)pthread_mutex_lock(&b->mutex);
    bool crowded = judge(b, limit) == INBOX_FULL;
    (void)pthread_mutex_unlock(&b->mutex);
    return crowded;
}

void inbox_leave(inbox *b)
{
    (void)pthread_mutex_lock(&b->mutex);
    b->exchange_count--;
    (void)pthread_cond_broadcast(&b->quiet);
    (void)pthread_mutex_unlock(&b->mutex);
}

bool inbox_await_quiet(inbox *b, uint64_t timeout_ns)
{
    struct timespec until;
    int status = 0;
    uint64_t wait_ns = timeout_ns < wait_max_ns ? timeout_ns : wait_max_ns;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    wait_ns += (uint64_t)until.tv_nsec;
    until.tv_sec += (time_t)(wait_ns / second_ns);
    until.tv_nsec = (long)(wait_ns % second_ns);
    (void)pthread_mutex_lock(&b->mutex);
    while (b->exchange_count > 0 && status == 0) {
        status = pthread_cond_timedwait(&b->quiet, &b->mutex, &until);
    }
    bool quiet = b->exchange_count == 0;
    (void)pthread_mutex_unlock(&b->mutex);
    return quiet;
}
