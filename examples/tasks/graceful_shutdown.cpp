// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Ending in order: a token tells everybody to stop, and a tracker knows when the last one has.

#include <rouse/rouse.hpp>

#include <cstdio>
#include <optional>

using namespace std::chrono_literals;

/// Works until it is told to stop, and then finishes what it has begun.
rouse::Task<> work(int id, rouse::CancellationToken stop) {
    int done = 0;
    while (!stop.is_cancelled()) {
        (void)co_await rouse::select(stop.cancelled(), rouse::sleep(id * 10ms));
        ++done;
    }
    co_await rouse::sleep(id * 1ms); // what takes a moment at the end
    std::printf("worker %d stopped after %d pieces of work\n", id, done);
}

rouse::Task<> main_task() {
    rouse::pause_clock(); // so that this takes no time
    rouse::CancellationToken stop;
    rouse::TaskTracker tracker;
    for (int id = 1; id <= 3; ++id) {
        auto worker = work(id, stop.child_token());
        rouse::spawn(tracker.track_future(std::move(worker))).detach();
    }
    co_await rouse::sleep(95ms);
    std::printf("stopping %zu workers\n", tracker.len());
    stop.cancel();
    tracker.close();
    co_await tracker.wait();
    std::printf("all have stopped\n");
}

int main() { rouse::run(main_task()); }
