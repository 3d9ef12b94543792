// Two processes and CAF's middleman between them. Each burst of messages is answered once; two
// bursts are under way, because nothing else would stop a sender.
#include "peer.hpp"

#include <caf/io/all.hpp>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <memory>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int trips = 20000;

void report(const char* bench, const char* unit, int lanes, std::size_t size, std::vector<double> values,
            std::vector<std::int64_t> samples) {
    std::sort(values.begin(), values.end());
    std::sort(samples.begin(), samples.end());
    std::size_t n = values.size(), m = samples.size();
    std::printf("{\"bench\":\"%s\",\"lanes\":%d,\"unit\":\"%s\",\"median\":%.2f,\"min\":%.2f,\"max\":%.2f,\"n\":%zu,",
                bench, lanes, unit, (values[(n - 1) / 2] + values[n / 2]) / 2, values.front(), values.back(), n);
    if (m != 0) {
        std::printf("\"p50\":%ld,\"p99\":%ld,\"p999\":%ld,", long(samples[m / 2]), long(samples[m * 99 / 100]),
                    long(samples[m * 999 / 1000]));
    } else {
        std::printf("\"p50\":null,\"p99\":null,\"p999\":null,");
    }
    std::printf("\"size\":%zu,\"peer\":\"io %s\"}\n", size, version().c_str());
    std::fflush(stdout);
}

// A text comes back; a ping with a text is counted; a token asks for the count.
void serve(caf::actor_system& system, int says) {
    auto far = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
        auto seen = std::make_shared<number>(0);
        return {[](const std::string& text) { return text; },
                [=](ping, const std::string&) { ++*seen; },
                [=](token) {
                    number n = *seen;
                    *seen = 0;
                    return n;
                }};
        (void)self;
    });
    auto port = system.middleman().publish(far, 0, "127.0.0.1");
    check(bool(port) && write(says, &*port, sizeof *port) == ssize_t(sizeof *port), "link");
    pause();
}

double round_trips(caf::actor_system& system, const caf::actor& far, std::vector<std::int64_t>* samples) {
    stopwatch watch;
    auto pinger = system.spawn([&, far, samples](caf::event_based_actor* self) -> caf::behavior {
        auto sent = std::make_shared<std::int64_t>(0);
        auto left = std::make_shared<int>(trips);
        std::string text(64, 'x');
        return {[=](stop) {
                    *sent = now_ns();
                    SEND(self, far, text);
                },
                [=, &watch](const std::string& back) {
                    check(back.size() == text.size(), "link-rtt");
                    samples->push_back(now_ns() - *sent);
                    if (--*left == 0) {
                        watch.end();
                        self->quit();
                        return;
                    }
                    *sent = now_ns();
                    SEND(self, far, text);
                }};
    });
    watch.begin();
    SEND_FROM_OUTSIDE(pinger, stop{0});
    return watch.wait() / trips;
}

double one_way(caf::actor_system& system, const caf::actor& far, std::size_t size, int all, int burst) {
    stopwatch watch;
    auto sender = system.spawn([&, far, size, all, burst](caf::event_based_actor* self) -> caf::behavior {
        auto sent = std::make_shared<int>(0);
        auto counted = std::make_shared<number>(0);
        std::string text(size, 'x');
        auto more = [=] {
            for (int i = 0; i < burst && *sent < all; i++, ++*sent) {
                SEND(self, far, ping{1}, text);
            }
            SEND(self, far, token{0});
        };
        return {[=](stop) {
                    more();
                    more();
                },
                [=, &watch](number n) {
                    *counted += n;
                    if (*counted == number(all)) {
                        watch.end();
                        self->quit();
                    } else if (*sent < all) {
                        more();
                    }
                }};
    });
    watch.begin();
    SEND_FROM_OUTSIDE(sender, stop{0});
    return watch.wait() / all;
}

void measure(caf::actor_system& system, const caf::actor& far, const char* work, int lanes, int runs) {
    std::vector<double> values;
    std::vector<std::int64_t> samples, ignored;
    if (!std::strcmp(work, "link-rtt")) {
        for (int r = 0; r <= runs; r++) {
            double value = round_trips(system, far, r > 0 ? &samples : &ignored);
            if (r > 0)
                values.push_back(value);
        }
        report(work, "ns/round trip", lanes, 64, values, samples);
        return;
    }
    for (std::size_t size : {64, 1024, 65536}) {
        bool large = size == 65536;
        values.clear();
        for (int r = 0; r <= runs; r++) {
            double value = one_way(system, far, size, large ? 10000 : 200000, large ? 128 : 2000);
            if (r > 0)
                values.push_back(value);
        }
        report(work, "ns/message", lanes, size, values, {});
    }
}

} // namespace

// link-rtt and link-throughput; before any other thread is there.
void link(const char* work, int lanes, int runs) {
    int says[2];
    check(pipe(says) == 0, "link");
    pid_t pid = fork();
    caf::actor_system_config config;
#if CAF_VERSION >= 10000
    caf::io::middleman::init_global_meta_objects();
#endif
    config.set(THREADS, lanes);
    config.load<caf::io::middleman>();
    caf::actor_system system{config};
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(system, says[1]);
    }
    std::uint16_t port = 0;
    check(pid > 0 && read(says[0], &port, sizeof port) == ssize_t(sizeof port), "link");
    auto far = system.middleman().remote_actor("127.0.0.1", port);
    check(bool(far), "link");
    measure(system, caf::actor_cast<caf::actor>(*far), work, lanes, runs);
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    std::_Exit(0); // The middleman would wait for the lost peer.
}
