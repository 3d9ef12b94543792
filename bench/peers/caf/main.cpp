// caf WORKLOAD LANES RUNS: one JSON line per result.
#include "peer.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <thread>
#include <unistd.h>

std::string version() {
    return "caf " + std::to_string(CAF_VERSION / 10000) + "." + std::to_string(CAF_VERSION / 100 % 100)
           + "." + std::to_string(CAF_VERSION % 100);
}

static double resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    double all = 0, resident = 0;
    statm >> all >> resident;
    return resident * double(sysconf(_SC_PAGESIZE));
}

double idle_bytes(caf::actor_system& system, std::size_t actors) {
    std::vector<caf::actor> all(actors);
    double before = resident_bytes();
    for (auto& a : all) {
        a = system.spawn([](caf::event_based_actor*) -> caf::behavior { return {[](ping) {}}; });
    }
    std::this_thread::sleep_for(std::chrono::seconds(1)); // All have started, and wait.
    check(system.registry().running() >= actors, "idle-bytes");
    return (resident_bytes() - before) / double(actors);
}

static void report(const char* name, int lanes, const char* unit, std::vector<double> values) {
    std::sort(values.begin(), values.end());
    std::size_t n = values.size();
    std::printf("{\"bench\":\"%s\",\"lanes\":%d,\"unit\":\"%s\",\"median\":%.2f,\"min\":%.2f,"
                "\"max\":%.2f,\"n\":%zu,\"p50\":null,\"p99\":null,\"p999\":null,\"peer\":\"%s\"}\n",
                name, lanes, unit, (values[(n - 1) / 2] + values[n / 2]) / 2, values.front(),
                values.back(), n, version().c_str());
}

static void measure(caf::actor_system& system, const workload& w, int lanes, int runs) {
    w.run(system); // Warms up.
    std::vector<double> values;
    for (int i = 0; i < runs; i++) {
        outcome o = w.run(system);
        values.push_back(!std::strcmp(w.unit, "ms") ? o.elapsed_ns / 1e6
                                                     : o.elapsed_ns / o.operations);
    }
    report(w.name, lanes, w.unit, values);
}

int main(int argc, char** argv) {
    int lanes = argc == 4 ? std::atoi(argv[2]) : 0, runs = argc == 4 ? std::atoi(argv[3]) : 0;
    if (lanes < 1 || runs < 1) {
        std::fprintf(stderr, "usage: caf WORKLOAD LANES RUNS\n");
        return 2;
    }
#if CAF_VERSION >= 10000
    caf::core::init_global_meta_objects();
#endif
    if (!std::strncmp(argv[1], "link-", 5)) {
        link(argv[1], lanes, runs);
    }
    caf::actor_system_config config;
    config.set(THREADS, lanes);
    caf::actor_system system{config};
    std::string name = argv[1];
    auto known = std::find_if(workloads.begin(), workloads.end(),
                              [&](const workload& w) { return w.name == name; });
    if (name == "dispatch") {
        dispatch(system, lanes);
    } else if (name == "idle-bytes") { // A second time the memory would be there already.
        report("idle-bytes", lanes, "bytes/actor", {idle_bytes(system, 1000000)});
    } else if (known != workloads.end()) {
        measure(system, *known, lanes, runs);
    } else {
        std::fprintf(stderr, "caf: no workload '%s'\n", argv[1]);
        return 2;
    }
    std::fflush(stdout);
    std::_Exit(0); // Some actors of the last run may still be ending.
}
