// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a Worker counts.
#include "runtime/worker.hpp"

#include <algorithm>

namespace rouse::detail {

/// What is counted in plain memory, or not at all, for those who ask.
void Worker::note_counters() noexcept {
    counters.polls.store(turns_, memory_order_relaxed);
    std::size_t queued = local_.size();
    if (crew_) {
        const OwnerLock::Scope lock(lock_);
        queued += queue.size();
    } else {
        queued += queue.size();
    }
    counters.queued.store(queued, memory_order_relaxed);
}

void Worker::add_to(RuntimeMetrics& runtime) const {
    WorkerMetrics metrics;
    metrics.polls = counters.polls.load(memory_order_relaxed);
    metrics.parks = counters.parks.load(memory_order_relaxed);
    metrics.queued = counters.queued.load(memory_order_relaxed);
    metrics.shared = counters.shared.load(memory_order_relaxed);
    metrics.lifo_hits = counters.lifo.load(memory_order_relaxed);
    if (IoDriver* const io = io_of_others_.load(memory_order_acquire)) {
        metrics.io_events = io->ready_events();
        metrics.io_backend = io->backend();
        runtime.descriptors += io->registrations();
    }
    std::uint64_t busy = counters.busy.load(memory_order_relaxed);
    for (std::uint64_t before = busy; busy & 1; before = busy) {
        const std::int64_t now = steady_ns();
        busy = counters.busy.load(memory_order_acquire);
        if (busy != before) continue; // it went to sleep before the time that we have
        busy = 2 * static_cast<std::uint64_t>(
                       std::max<std::int64_t>(0, now - static_cast<std::int64_t>(busy / 2)));
    }
    metrics.busy = std::chrono::nanoseconds(busy / 2);
    runtime.workers.push_back(metrics);
    runtime.tasks_spawned += spawned.load(memory_order_relaxed);
    runtime.tasks_alive += alive();
    runtime.timers += timers();
    for (std::size_t i = 0; i < runtime.poll_times.size(); ++i)
        runtime.poll_times[i] += counters.poll_times[i].load(memory_order_relaxed);
}

void Worker::awake(bool now) noexcept {
    const auto time = static_cast<std::uint64_t>(steady_ns());
    std::uint64_t busy = counters.busy.load(memory_order_relaxed);
    if (busy & 1) busy = 2 * (time - busy / 2);
    counters.busy.store(now ? 2 * (time - busy / 2) + 1 : busy, memory_order_release);
}

} // namespace rouse::detail
