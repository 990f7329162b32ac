// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A service that loses a waker in each request. Elsewhere each leaves a task behind, for ever.

#include <rouse/rouse.hpp>

#include "support/console.hpp"

#include <cstdio>
#include <vector>

class BuggyFuture {
public:
    using Output = int;
    rouse::Poll<int> poll(rouse::Context&) { return rouse::Pending; }
};

rouse::Task<int> handle_request(int number) { co_return number + co_await BuggyFuture(); }

/// Resident memory of this process, from Linux.
double memory_mib() {
    double kib = 0;
    if (std::FILE* status = std::fopen("/proc/self/status", "r")) {
        for (char line[256]; std::fgets(line, sizeof(line), status);)
            if (std::sscanf(line, "VmRSS: %lf", &kib) == 1) break;
        std::fclose(status);
    }
    return kib / 1024;
}

rouse::Task<int> serve(int requests) {
    std::vector<rouse::JoinHandle<int>> handles;
    handles.reserve(static_cast<std::size_t>(requests));
    for (int i = 0; i < requests; ++i) handles.push_back(rouse::spawn(handle_request(i)));

    int lost = 0;
    for (auto& handle : handles) {
        try {
            co_await handle;
        } catch (const rouse::LostWaker&) {
            ++lost;
        }
    }
    co_return lost;
}

void serve_a_hundred_thousand() {
    auto runtime = rouse::Runtime::current_thread();
    const Stopwatch watch;
    const double before = memory_mib();
    int lost = 0;
    for (int round = 1; round <= 100; ++round) {
        lost += runtime.block_on(serve(1000));
        if (round == 1 || round % 20 == 0)
            say("{:6} tasks hung and ended as errors, {} are alive, memory {:.1f} MiB", lost,
                runtime.alive_tasks(), memory_mib());
    }
    say("memory before {:.1f} MiB, after {:.1f} MiB; {:.1f} us for each hang", before, memory_mib(),
        watch.wall_ms() * 1000 / lost);
}

int main() {
    serve_a_hundred_thousand();

    note(
        "Each of the 100,000 was found, failed, was reported to whoever held its handle, and gave its memory back: "
        "after the first thousand there is nothing to add. One report was printed, and at the end of the runtime "
        "how many there were.");
}
