#include "bench/histogram.h"
#include "bench/peers/link/peer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRIPS = 20000, RUNS_MAX = 1000 };

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void peer_check(int right, const char *what)
{
    if (!right) {
        fprintf(stderr, "%s: %s\n", the_peer.name, what);
        _exit(1);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *bench, const char *unit, int lanes, size_t size, double *values,
                   int runs, const histogram *samples)
{
    qsort(values, (size_t)runs, sizeof *values, by_value);
    printf(
        "{\"bench\":\"%s\",\"lanes\":%d,\"unit\":\"%s\",\"median\":%.2f,\"min\":%.2f,\"max\":%."
        "2f,\"n\":%d,",
        bench, lanes, unit, (values[(runs - 1) / 2] + values[runs / 2]) / 2, values[0],
        values[runs - 1], runs);
    if (samples->total != 0) {
        printf("\"p50\":%llu,\"p99\":%llu,\"p999\":%llu,",
               (unsigned long long)histogram_at(samples, 0.5),
               (unsigned long long)histogram_at(samples, 0.99),
               (unsigned long long)histogram_at(samples, 0.999));
    } else {
        printf("\"p50\":null,\"p99\":null,\"p999\":null,");
    }
    printf("\"size\":%zu,\"peer\":\"%s\"}\n", size, the_peer.name);
}

static void rtt(int lanes, int runs)
{
    static histogram samples, first;
    double values[RUNS_MAX];
    for (int r = 0; r <= runs; r++) { // The first is not counted.
        uint64_t began = now_ns();
        for (int i = 0; i < TRIPS; i++) {
            uint64_t sent = now_ns();
            the_peer.round_trip(64);
            histogram_add(r > 0 ? &samples : &first, now_ns() - sent);
        }
        values[r > 0 ? r - 1 : 0] = (double)(now_ns() - began) / TRIPS;
    }
    report("link-rtt", "ns/round trip", lanes, 64, values, runs, &samples);
}

static void throughput(int lanes, int runs)
{
    static const struct {
        size_t size;
        uint64_t count;
    } loads[] = {{64, 2000000}, {1024, 1000000}, {65536, 40000}};
    static const histogram none;
    double values[RUNS_MAX];
    for (size_t l = 0; l < sizeof loads / sizeof loads[0]; l++) {
        uint64_t count = loads[l].count / the_peer.share;
        for (int r = 0; r <= runs; r++) {
            uint64_t began = now_ns();
            uint64_t got = the_peer.one_way(loads[l].size, count);
            peer_check(got == count, "messages were lost");
            values[r > 0 ? r - 1 : 0] = (double)(now_ns() - began) / (double)count;
        }
        report("link-throughput", "ns/message", lanes, loads[l].size, values, runs, &none);
    }
}

int main(int argc, char **argv)
{
    int lanes = argc == 4 ? atoi(argv[2]) : 0, runs = argc == 4 ? atoi(argv[3]) : 0;
    int says[2];
    if (lanes < 1 || runs < 1 || runs > RUNS_MAX
        || (strcmp(argv[1], "link-rtt") != 0 && strcmp(argv[1], "link-throughput") != 0)) {
        fprintf(stderr, "usage: %s link-rtt|link-throughput LANES RUNS\n", argv[0]);
        return 2;
    }
    peer_check(pipe(says) == 0, "no pipe");
    pid_t pid = fork();
    uint16_t port = 0;
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        port = the_peer.listen();
        peer_check(write(says[1], &port, sizeof port) == (ssize_t)sizeof port, "no pipe");
        the_peer.serve();
        _exit(0);
    }
    (void)close(says[1]);
    peer_check(pid > 0 && read(says[0], &port, sizeof port) == (ssize_t)sizeof port,
               "the other process does not listen");
    the_peer.connect(port);
    (strcmp(argv[1], "link-rtt") == 0 ? rtt : throughput)(lanes, runs);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
    return 0;
}
