/* The least that a wake-up costs: one thread sleeps on a futex word, another writes into a ring
 * and wakes it. The same loads as the workload dispatch, no actors: futex dispatch LANES RUNS.
 * A second sleeper would not help: LANES is only said again in the result. */
#include "bench/histogram.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    WINDOWS = 4,
    RING = 1 << 20
}; /* The ring holds all of one window at the highest rate. */

static const uint64_t window_ns = 250000000, pause_ns = 20000000, second_ns = 1000000000;

/* The thread sleeps while `taken` is `put`; `asleep` is the futex word. */
static struct {
    uint64_t due_ns[RING];
    _Alignas(64) _Atomic(uint32_t) put;
    _Alignas(64) _Atomic(uint32_t) asleep;
    _Alignas(64) uint32_t taken;
    histogram seen;
} box;

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * second_ns + (uint64_t)t.tv_nsec;
}

/* seq_cst on both words: either the sleeper sees the new `put`, or the waker sees it asleep. */
static void sleep_while_empty(void)
{
    atomic_store(&box.asleep, 1);
    while (atomic_load(&box.put) == box.taken && atomic_load(&box.asleep) == 1) {
        (void)syscall(SYS_futex, &box.asleep, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
    }
    atomic_store(&box.asleep, 0);
}

static void *receive(void *messages)
{
    for (uint64_t left = *(const uint64_t *)messages; left > 0; left--) {
        while (atomic_load_explicit(&box.put, memory_order_acquire) == box.taken) {
            sleep_while_empty();
        }
        uint64_t due = box.due_ns[box.taken++ % RING], now = now_ns();
        if (due != 0) {
            histogram_add(&box.seen, now > due ? now - due : 0);
        }
    }
    return NULL;
}

static void send(uint64_t due_ns)
{
    uint32_t put = atomic_load_explicit(&box.put, memory_order_relaxed);
    box.due_ns[put % RING] = due_ns;
    atomic_store(&box.put, put + 1);
    if (atomic_load(&box.asleep) == 1 && atomic_exchange(&box.asleep, 0) == 1) {
        (void)syscall(SYS_futex, &box.asleep, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

static bool dispatch(int lanes, uint64_t rate)
{
    uint64_t each = rate * window_ns / second_ns, all = each * (WINDOWS + 1);
    const struct timespec pause = {.tv_nsec = (long)pause_ns};
    pthread_t receiver;
    memset(&box, 0, sizeof box);
    if (pthread_create(&receiver, NULL, receive, &all) != 0) {
        return false;
    }
    for (int w = 0; w <= WINDOWS; w++) { // The first warms up: its messages carry no time.
        uint64_t now = now_ns(), due = now + 1000000;
        for (uint64_t i = 0; i < each; i++, due += second_ns / rate) {
            while (now < due) {
                now = now_ns();
            }
            send(w > 0 ? due : 0); // When it should have been sent, not when it was.
        }
        (void)nanosleep(&pause, NULL);
    }
    (void)pthread_join(receiver, NULL);
    const histogram *h = &box.seen;
    unsigned long long p50 = histogram_at(h, 0.5);
    printf(
        "{\"bench\":\"dispatch\",\"lanes\":%d,\"unit\":\"ns\",\"rate\":%llu,\"mode\":\"parked\","
        "\"median\":%llu,\"min\":%llu,\"max\":%llu,\"n\":1,\"p50\":%llu,\"p99\":%llu,"
        "\"p999\":%llu,\"peer\":\"futex\"}\n",
        lanes, (unsigned long long)rate, p50, (unsigned long long)h->min,
        (unsigned long long)h->max, p50, (unsigned long long)histogram_at(h, 0.99),
        (unsigned long long)histogram_at(h, 0.999));
    return h->total == each * WINDOWS;
}

int main(int argc, char **argv)
{
    static const uint64_t rates[] = {10000, 100000, 1000000};
    if (argc != 4 || strcmp(argv[1], "dispatch") != 0) {
        fprintf(stderr, "usage: futex dispatch LANES RUNS\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        if (!dispatch(atoi(argv[2]), rates[i])) {
            fprintf(stderr, "futex: the work was not done right\n");
            return 1;
        }
    }
    return 0;
}
