// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A future that waits for a lock is polled for a while, and then no longer: but its place in the queue is
// kept. When the lock is its turn nobody takes it, and whoever waits behind it would wait for ever. Here that
// is the task itself.

#include <rouse/rouse.hpp>

#include <cstdio>

using namespace std::chrono_literals;

rouse::Task<> use_for_a_while(rouse::Mutex<int>& cache) {
    auto guard = co_await cache.lock();
    co_await rouse::sleep(2s);
}

/// The lock, or after a second something else, for which the lock is needed as well.
rouse::Task<> refresh(rouse::Mutex<int>& cache, bool drop_it) {
    auto lock = std::make_optional(cache.lock());
    auto tick = rouse::sleep(1s);
    auto first = co_await rouse::select(*lock, tick);
    if (first.index() == 0) co_return;
    std::printf("still locked after a second\n");
    if (drop_it) lock.reset(); // the mend: it gives up its place
    auto guard = co_await cache.lock();
    std::printf("locked\n");
}

rouse::Task<> main_task() {
    rouse::pause_clock();
    rouse::Mutex<int> cache(0, "cache");
    for (const bool drop_it : {false, true}) {
        auto user = rouse::spawn(use_for_a_while, std::ref(cache));
        co_await rouse::yield_now();
        try {
            co_await refresh(cache, drop_it);
        } catch (const rouse::LockDeadlock& deadlock) {
            const auto& task = deadlock.cycle().tasks.front();
            std::printf(
                "the wait in line %u is for %s, granted to the future of line %u, which nobody polls\n",
                task.waits_at.line(), task.waits_for.c_str(), task.taken_at.line());
        }
        co_await user;
    }
}

int main() {
    rouse::RuntimeOptions options;
    options.on_lock_cycle = [](const rouse::LockCycle&) {}; // it is told above
    rouse::run(main_task(), std::move(options));
}
