// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/monitor.hpp"

#include "diag/print.hpp"
#include "runtime/crew.hpp"
#include "runtime/hook.hpp"
#include "runtime/quiescence.hpp"
#include "runtime/thread_name.hpp"

namespace rouse::detail {
namespace {

constexpr std::chrono::milliseconds tick(5);
// It goes to rest when nothing has run for so many of its looks.
constexpr unsigned quiet_ticks_to_rest = 20;

} // namespace

void Monitor::start() {
    seen_.resize(crew_.workers().size());
    thread_ = std::jthread([this] { run(); });
}

void Monitor::stop() noexcept {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        wake_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void Monitor::wake() noexcept {
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
}

void Monitor::run() {
    name_this_thread(shared_.options.name, "monitor");
    unsigned quiet = 0;
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (quiet >= quiet_ticks_to_rest) {
            rest(lock);
            quiet = 0;
        }
        wake_.wait_for(lock, tick, [&] { return stopping_; });
        if (stopping_) return;
        quiet = crew_.all_idle() ? quiet + 1 : 0;
        lock.unlock();
        // With one worker there is nobody to take anything over; the watchdog reports the long poll all the
        // same.
        if (crew_.regular() > 1) {
            const unsigned stuck = look_at_workers();
            if (stuck >= crew_.regular() && crew_.has_injected()) crew_.use_spare();
        }
        dump_if_nobody_does();
        lock.lock();
    }
}

void Monitor::rest(std::unique_lock<std::mutex>& lock) {
    rests_.store(true, memory_order_seq_cst); // [M1]
    const auto disturbed = [&] { return stopping_ || !crew_.all_idle(); };
    QuiescenceWatch watch(shared_.options.deadlock_grace);
    std::uint64_t turns = crew_.turns();
    while (!disturbed()) {
        const auto until = crew_.nothing_can_come() ? watch.until_look() : std::nullopt;
        if (!until) { // what is still to come wakes a worker; unless it is cancelled from outside
            wake_.wait_for(lock, std::chrono::minutes(1));
            continue;
        }
        if (wake_.wait_for(lock, *until, disturbed)) break;
        if (const std::uint64_t now = crew_.turns(); now != turns) { // it was, and is over
            turns = now;
            watch.disturbed();
            continue;
        }
        lock.unlock();
        const bool told = look_for_deadlock(watch);
        lock.lock();
        if (told) watch.told();
    }
    rests_.store(false, memory_order_seq_cst);
}

/// True: it is proven, and was told.
bool Monitor::look_for_deadlock(QuiescenceWatch& watch) {
    if (!crew_.nothing_can_come()) {
        watch.not_now();
        return false;
    }
    std::vector<long> ours = teller_.waiting_threads();
    for (const auto& worker : crew_.workers()) ours.push_back(worker->thread_id.load(memory_order_acquire));
    std::string why;
    const QuiescenceWatch::Verdict verdict = watch.look(why, ours);
    if (verdict == QuiescenceWatch::Verdict::wait) return false;
    if (verdict == QuiescenceWatch::Verdict::suspect && !shared_.options.on_suspicion) return false;
    QuiescenceReport report = teller_.pending_tasks();
    if (report.tasks.empty()) return false;
    if (verdict == QuiescenceWatch::Verdict::suspect) {
        report.why_not_proven = std::move(why);
        call_hook([&] { shared_.options.on_suspicion(report); });
        return false;
    }
    report.proven = true;
    teller_.deadlock(std::move(report));
    return true;
}

/// How many of the regular ones are in the poll in which they were at the last look.
unsigned Monitor::look_at_workers() {
    unsigned stuck = 0;
    for (std::size_t i = 0; i < crew_.workers().size(); ++i) {
        const std::uint64_t poll = crew_.workers()[i]->watched().current_poll();
        if ((poll & 1) && poll == std::exchange(seen_[i], poll)) {
            if (i < crew_.regular()) ++stuck;
            rescue(*crew_.workers()[i]);
        }
    }
    return stuck;
}

void Monitor::dump_if_nobody_does() {
    Worker& asked = *crew_.workers()[0];
    const bool was_seen = std::exchange(saw_dump_request_, asked.is_asked_for_dump());
    if (was_seen && asked.take_dump_request()) print_report(teller_.dump().to_string());
}

void Monitor::rescue(Worker& worker) {
    std::vector<Cell*> cells;
    worker.take_all(cells);
    crew_.inject_all(cells);
    worker.fire_due_for();
    worker.dispatch_io_for();
}

} // namespace rouse::detail
