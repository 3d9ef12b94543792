// The workloads, as event-based actors with lambdas.
#include "peer.hpp"

using namespace caf;

namespace {

actor sender_of(event_based_actor* self) {
    return actor_cast<actor>(self->current_sender());
}

outcome ping_pong(actor_system& system) {
    const number n = 1000000;
    stopwatch watch;
    auto ponger = system.spawn([](event_based_actor* self) -> behavior {
        auto seen = std::make_shared<number>(0);
        return {[=](ping) -> pong {
                    ++*seen;
                    return 1;
                },
                [=](count) -> number {
                    self->quit();
                    return *seen;
                }};
    });
    auto pinger = system.spawn([&watch, ponger, n](event_based_actor* self) -> behavior {
        auto left = std::make_shared<number>(n);
        return {[=](ping) { SEND(self, ponger, ping{1}); },
                [=](pong) {
                    if (--*left == 0) {
                        SEND(self, ponger, count{0});
                    } else {
                        SEND(self, ponger, ping{1});
                    }
                },
                [=, &watch](number seen) {
                    check(seen == n, "ping-pong");
                    watch.end();
                    self->quit();
                }};
    });
    watch.begin();
    SEND_FROM_OUTSIDE(pinger, ping{0});
    return {double(n), watch.wait()};
}

outcome thread_ring(actor_system& system) {
    const token n = 1000000, nodes = 100;
    stopwatch watch;
    std::vector<actor> ring;
    for (token i = 0; i < nodes; i++) {
        ring.push_back(system.spawn([&watch, i](event_based_actor* self) -> behavior {
            auto next = std::make_shared<actor>();
            return {[=, &watch](token left) {
                        if (left == 0) {
                            check(i == n % nodes, "thread-ring");
                            watch.end();
                        } else {
                            SEND(self, *next, left - 1);
                        }
                    },
                    [=](actor to) { *next = std::move(to); },
                    [=](stop) {
                        *next = actor{};
                        self->quit();
                    }};
        }));
    }
    for (token i = 0; i < nodes; i++) {
        SEND_FROM_OUTSIDE(ring[i], ring[(i + 1) % nodes]);
    }
    watch.begin();
    SEND_FROM_OUTSIDE(ring[0], n);
    double elapsed_ns = watch.wait();
    for (auto& node : ring) {
        SEND_FROM_OUTSIDE(node, stop{0});
    }
    return {double(n), elapsed_ns};
}

outcome counting(actor_system& system) {
    const number n = 5000000;
    stopwatch watch;
    auto counter = system.spawn([](event_based_actor* self) -> behavior {
        auto seen = std::make_shared<number>(0);
        return {[=](ping) { ++*seen; },
                [=](count) -> number {
                    self->quit();
                    return *seen;
                }};
    });
    auto producer = system.spawn([&watch, counter, n](event_based_actor* self) -> behavior {
        return {[=](ping) {
                    for (number i = 0; i < n; i++) {
                        SEND(self, counter, ping{1});
                    }
                    SEND(self, counter, count{0});
                },
                [=, &watch](number seen) {
                    check(seen == n, "counting");
                    watch.end();
                    self->quit();
                }};
    });
    watch.begin();
    SEND_FROM_OUTSIDE(producer, ping{0});
    return {double(n), watch.wait()};
}

outcome fork_join_throughput(actor_system& system) {
    const number forks = 60, each = 10000;
    stopwatch watch;
    auto driver = system.spawn([&watch](event_based_actor* self) -> behavior {
        auto to = std::make_shared<std::vector<actor>>();
        auto sum = std::make_shared<number>(0);
        auto reports = std::make_shared<number>(0);
        return {[=, &watch](actor fork) {
                    to->push_back(std::move(fork));
                    if (to->size() < forks) {
                        return;
                    }
                    watch.begin();
                    for (number i = 0; i < each; i++) {
                        for (auto& a : *to) {
                            SEND(self, a, ping{1});
                        }
                    }
                },
                [=, &watch](number seen) {
                    *sum += seen;
                    if (++*reports == forks) {
                        check(*sum == forks * each, "fork-join-throughput");
                        watch.end();
                        self->quit();
                    }
                }};
    });
    for (number i = 0; i < forks; i++) {
        SEND_FROM_OUTSIDE(driver, system.spawn([driver](event_based_actor* self) -> behavior {
            auto seen = std::make_shared<number>(0);
            return {[=](ping) {
                if (++*seen == each) {
                    SEND(self, driver, *seen);
                    self->quit();
                }
            }};
        }));
    }
    return {double(forks * each), watch.wait()};
}

outcome fork_join_create(actor_system& system) {
    const number n = 1000000;
    stopwatch watch;
    auto driver = system.spawn([&watch, n](event_based_actor* self) -> behavior {
        auto sum = std::make_shared<number>(0);
        auto answers = std::make_shared<number>(0);
        return {[=](ping) {
                    for (number i = 0; i < n; i++) {
                        auto a = self->spawn([](event_based_actor* mayfly) -> behavior {
                            return {[=](token i) -> number {
                                mayfly->quit();
                                return i;
                            }};
                        });
                        SEND(self, a, token(i));
                    }
                },
                [=, &watch](number i) {
                    *sum += i;
                    if (++*answers == n) {
                        check(*sum == n * (n - 1) / 2, "fork-join-create");
                        watch.end();
                        self->quit();
                    }
                }};
    });
    watch.begin();
    SEND_FROM_OUTSIDE(driver, ping{0});
    return {double(n), watch.wait()};
}

struct mall_state {
    actor waiting;
    colour waiting_colour;
    number left, gone, sum;
};

outcome chameneos(actor_system& system) {
    const number n = 200000, creatures = 100;
    stopwatch watch;
    auto mall = system.spawn([&watch, n](event_based_actor* self) -> behavior {
        auto m = std::make_shared<mall_state>(mall_state{{}, 0, n, 0, 0});
        return {[=](colour c) {
                    auto guest = sender_of(self);
                    if (m->left == 0) {
                        SEND(self, guest, stop{0});
                    } else if (!m->waiting) {
                        m->waiting = guest;
                        m->waiting_colour = c;
                    } else {
                        SEND(self, m->waiting, c);
                        SEND(self, guest, m->waiting_colour);
                        m->waiting = actor{};
                        m->left--;
                    }
                },
                [=, &watch](number met) {
                    m->sum += met;
                    if (++m->gone == creatures) {
                        check(m->sum == 2 * n, "chameneos");
                        watch.end();
                        self->quit();
                    }
                }};
    });
    watch.begin();
    for (number i = 0; i < creatures; i++) {
        system.spawn([mall, i](event_based_actor* self) -> behavior {
            auto mine = std::make_shared<colour>(colour(i % 3));
            auto met = std::make_shared<number>(0);
            SEND(self, mall, *mine);
            return {[=](colour other) {
                        ++*met;
                        if (*mine != other) {
                            *mine = 3 - *mine - other;
                        }
                        SEND(self, mall, *mine);
                    },
                    [=](stop) {
                        SEND(self, mall, *met);
                        self->quit();
                    }};
        });
    }
    return {double(n), watch.wait()};
}

struct big_state {
    std::uint32_t random;
    number pings, pongs;
};

outcome big(actor_system& system) {
    const number peers = 120, each = 10000;
    stopwatch watch, counted;
    std::vector<actor> all;
    auto driver = system.spawn([&](event_based_actor* self) -> behavior {
        auto done = std::make_shared<number>(0);
        auto reports = std::make_shared<number>(0);
        auto sum = std::make_shared<number>(0);
        return {[=, &watch](pong) {
                    if (++*done == peers) {
                        watch.end();
                    }
                },
                [=, &counted](number pings) {
                    *sum += pings;
                    if (++*reports == peers) {
                        check(*sum == peers * each, "big");
                        counted.end();
                        self->quit();
                    }
                }};
    });
    for (number i = 0; i < peers; i++) {
        all.push_back(system.spawn([i, driver, &all](event_based_actor* self) -> behavior {
            auto b = std::make_shared<big_state>(big_state{std::uint32_t(i) * 7919 + 1, 0, 0});
            auto send = [=, &all] {
                b->random = (b->random * 1103515245 + 12345) & 0x7fffffff;
                SEND(self, all[(b->random >> 8) % peers], ping{1});
            };
            return {[=](ping) -> pong {
                        b->pings++;
                        return 1;
                    },
                    [=](pong) {
                        if (++b->pongs == each) {
                            SEND(self, driver, pong{1});
                        } else {
                            send();
                        }
                    },
                    [=](count) { send(); },
                    [=](stop) {
                        SEND(self, driver, b->pings);
                        self->quit();
                    }};
        }));
    }
    watch.begin();
    for (auto& a : all) {
        SEND_FROM_OUTSIDE(a, count{0});
    }
    double elapsed_ns = watch.wait();
    for (auto& a : all) {
        SEND_FROM_OUTSIDE(a, stop{0});
    }
    counted.wait(); // Until then the actors use what is here.
    return {double(2 * peers * each), elapsed_ns};
}

outcome n_to_1(actor_system& system) {
    const number senders = 100, each = 50000;
    stopwatch watch;
    auto receiver = system.spawn([&watch](event_based_actor* self) -> behavior {
        auto seen = std::make_shared<number>(0);
        return {[=, &watch](ping) {
            if (++*seen == senders * each) {
                watch.end();
                self->quit();
            }
        }};
    });
    std::vector<actor> all;
    for (number i = 0; i < senders; i++) {
        all.push_back(system.spawn([receiver](event_based_actor* self) -> behavior {
            return {[=](ping) {
                for (number j = 0; j < each; j++) {
                    SEND(self, receiver, ping{1});
                }
                self->quit();
            }};
        }));
    }
    watch.begin();
    for (auto& a : all) {
        SEND_FROM_OUTSIDE(a, ping{0});
    }
    return {double(senders * each), watch.wait()};
}

behavior skynet_node(event_based_actor* self, actor parent, number first, number leaves) {
    if (leaves == 1) {
        SEND(self, parent, first);
        return {};
    }
    number below = leaves / 10;
    for (number i = 0; i < 10; i++) {
        self->spawn(skynet_node, actor_cast<actor>(self), first + i * below, below);
    }
    auto sum = std::make_shared<number>(0);
    auto reports = std::make_shared<int>(0);
    return {[=](number n) {
        *sum += n;
        if (++*reports == 10) {
            SEND(self, parent, *sum);
            self->quit();
        }
    }};
}

outcome skynet(actor_system& system) {
    const number n = 1000000;
    stopwatch watch;
    auto root = system.spawn([&watch, n](event_based_actor* self) -> behavior {
        return {[=, &watch](number sum) {
            check(sum == n * (n - 1) / 2, "skynet");
            watch.end();
            self->quit();
        }};
    });
    watch.begin();
    system.spawn(skynet_node, root, number{0}, n);
    return {double(n), watch.wait()};
}

} // namespace

const std::vector<workload> workloads = {
    {"ping-pong", "ns/round trip", ping_pong},
    {"thread-ring", "ns/hop", thread_ring},
    {"counting", "ns/message", counting},
    {"fork-join-throughput", "ns/message", fork_join_throughput},
    {"fork-join-create", "ns/actor", fork_join_create},
    {"chameneos", "ns/meeting", chameneos},
    {"big", "ns/message", big},
    {"n-to-1", "ns/message", n_to_1},
    {"skynet", "ms", skynet},
};
