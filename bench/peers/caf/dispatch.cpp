// Dispatch latency, open loop: see ../README.md.
#include "peer.hpp"

#include <atomic>
#include <array>
#include <memory>
#include <thread>

using namespace caf;

namespace {

constexpr int actors = 16, windows = 4, sub_bits = 5; // 32 equal buckets in each power of two.
constexpr std::int64_t window_ns = 250000000, pause_ns = 20000000;

struct histogram {
    std::array<number, (64 - sub_bits + 1) << sub_bits> counts{};
    number total = 0;
    std::int64_t max = 0;

    void add(std::int64_t ns) {
        std::size_t index = std::size_t(ns);
        if (ns >= 1 << sub_bits) {
            int shift = 63 - __builtin_clzll(std::uint64_t(ns)) - sub_bits;
            index = (std::size_t(shift) << sub_bits) + (std::size_t(ns) >> shift);
        }
        counts[index]++;
        total++;
        max = ns > max ? ns : max;
    }

    void merge(const histogram& other) {
        for (std::size_t i = 0; i < counts.size(); i++) {
            counts[i] += other.counts[i];
        }
        total += other.total;
        max = other.max > max ? other.max : max;
    }

    // The highest value of the bucket in which the share is reached.
    std::int64_t at(double share) const {
        number wanted = number(share * double(total - 1)) + 1, seen = 0;
        for (std::size_t i = 0; i < counts.size(); i++) {
            seen += counts[i];
            if (seen >= wanted) {
                std::size_t shift = i < 2 << sub_bits ? 0 : (i >> sub_bits) - 1;
                std::size_t sub = (i & ((1 << sub_bits) - 1)) + (1 << sub_bits);
                return i < 2 << sub_bits ? std::int64_t(i) : std::int64_t(((sub + 1) << shift) - 1);
            }
        }
        return max;
    }
};

// A message carries the time at which it should have been sent: a late pacer is a late message.
void pace(const std::vector<actor>& to, std::int64_t each, std::int64_t step_ns, bool counts) {
    std::int64_t now = now_ns(), due = now + 1000000;
    for (std::int64_t i = 0; i < each; i++, due += step_ns) {
        while (now < due) {
            now = now_ns();
        }
        SEND_FROM_OUTSIDE(to[std::size_t(i) % actors], number(counts ? due : 0));
    }
    std::this_thread::sleep_for(std::chrono::nanoseconds(pause_ns));
}

void dispatch_at(actor_system& system, int lanes, std::int64_t rate) {
    auto seen = std::make_shared<std::array<histogram, actors>>();
    auto over = std::make_shared<std::promise<void>>();
    auto left = std::make_shared<std::atomic<int>>(actors);
    std::vector<actor> to;
    for (std::size_t i = 0; i < actors; i++) {
        to.push_back(system.spawn([=](event_based_actor* self) -> behavior {
            return {[=](number due) {
                        std::int64_t now = now_ns();
                        if (due > 0) {
                            (*seen)[i].add(now - std::int64_t(due));
                        }
                    },
                    [=](stop) {
                        if (--*left == 0) {
                            over->set_value();
                        }
                        self->quit();
                    }};
        }));
    }
    std::int64_t each = rate * window_ns / 1000000000;
    for (int w = 0; w <= windows; w++) {
        pace(to, each, 1000000000 / rate, w > 0); // The first warms up.
    }
    for (auto& a : to) {
        SEND_FROM_OUTSIDE(a, stop{0});
    }
    over->get_future().wait();
    histogram all;
    for (auto& h : *seen) {
        all.merge(h);
    }
    check(all.total == number(windows * each), "dispatch");
    std::printf("{\"bench\":\"dispatch\",\"lanes\":%d,\"unit\":\"ns\",\"rate\":%lld,\"mode\":\"parked\",\"median\":%lld,"
                "\"min\":%lld,\"max\":%lld,\"n\":1,\"p50\":%lld,\"p99\":%lld,\"p999\":%lld,\"peer\":\"%s\"}\n",
                lanes, (long long)rate, (long long)all.at(0.5), (long long)all.at(0), (long long)all.max,
                (long long)all.at(0.5), (long long)all.at(0.99), (long long)all.at(0.999), version().c_str());
}

} // namespace

void dispatch(actor_system& system, int lanes) {
    for (std::int64_t rate : {10000, 100000, 1000000}) {
        dispatch_at(system, lanes, rate);
    }
}
