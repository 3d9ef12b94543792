// What the CAF programs share: messages, the timed run, reports. CAF 0.17 (Debian) and 1.x.
#ifndef PEER_HPP
#define PEER_HPP

#include <caf/all.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <vector>

#if CAF_VERSION >= 10000
#    define SEND(self, to, ...) (self)->mail(__VA_ARGS__).send(to)
#    define SEND_FROM_OUTSIDE(to, ...) caf::anon_mail(__VA_ARGS__).send(to)
#    define THREADS "caf.scheduler.max-threads"
#else
#    define SEND(self, to, ...) (self)->send(to, __VA_ARGS__)
#    define SEND_FROM_OUTSIDE(to, ...) caf::anon_send(to, __VA_ARGS__)
#    define THREADS "scheduler.max-threads"
#endif

// CAF selects handlers by type; these built-in ones need no registration in either version.
using ping = std::uint8_t;
using pong = std::int8_t;
using stop = std::uint16_t;
using count = std::int16_t;
using colour = std::int32_t;
using token = std::uint32_t;
using number = std::uint64_t;

inline std::int64_t now_ns() {
    using namespace std::chrono;
    return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

inline void check(bool right, const char* what) {
    if (!right) {
        std::fprintf(stderr, "caf: %s: the work was not done right\n", what);
        std::_Exit(1);
    }
}

// One timed run: begin() where the work starts, end() in the actor that sees it done.
class stopwatch {
public:
    void begin() { began_ns_ = now_ns(); }
    void end() {
        ended_ns_ = now_ns();
        over_.set_value();
    }
    double wait() {
        over_.get_future().wait();
        return static_cast<double>(ended_ns_ - began_ns_);
    }

private:
    std::promise<void> over_;
    std::int64_t began_ns_ = 0, ended_ns_ = 0;
};

struct outcome {
    double operations, elapsed_ns;
};

struct workload {
    const char* name;
    const char* unit;
    outcome (*run)(caf::actor_system&);
};

extern const std::vector<workload> workloads;

std::string version();
double idle_bytes(caf::actor_system& system, std::size_t actors);
void dispatch(caf::actor_system& system, int lanes);
void link(const char* work, int lanes, int runs);

#endif
