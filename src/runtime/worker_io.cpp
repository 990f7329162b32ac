// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a Worker sleeps, and its descriptors.
#include "runtime/worker.hpp"

namespace rouse::detail {
namespace {

// A look at the descriptors is a system call, so it waits not only for some turns but for this long as well.
constexpr std::chrono::microseconds time_between_io(20);

} // namespace

Result<std::shared_ptr<IoDriver>> Shared::make_io_driver() {
    std::string why;
    auto driver = detail::make_io_driver(io_backend, why);
    if (!why.empty()) {
        const std::lock_guard lock(io_fallback_mutex_);
        io_fallback_ = std::move(why);
    }
    return driver;
}

std::string Shared::io_fallback() const {
    const std::lock_guard lock(io_fallback_mutex_);
    return io_fallback_;
}

bool Worker::park(std::optional<Instant> steady_deadline) {
    note_births();
    note_counters();
    add(counters.parks);
    awake(false);
    // Descriptors and calls on files come from this thread only, so there will be none when there are none.
    IoDriver* const io = io_ && io_->is_used() ? io_.get() : nullptr;
    gate.leave();
    // A signal handler that wakes from this thread now is a stranger: it must unpark.
    turn.runtime = nullptr;
    // The gate comes before the mutex, wherever both are held.
    std::unique_lock io_lock(io_mutex_, std::defer_lock);
    if (io && crew_) io_lock.lock();
    const bool unparked = io ? parker_.park_in(*io, steady_deadline) : parker_.park(steady_deadline);
    if (io_lock) io_lock.unlock();
    turn.runtime = static_cast<Executor*>(this);
    awake(true);
    gate.enter();
    if (!io) return unparked;
    // Whoever waits for what came is woken as by the tasks of this thread, and inside of the gate.
    if (crew_) io_lock.lock();
    return io->dispatch() != 0 || unparked;
}

Result<std::shared_ptr<IoDriver>> Worker::io_driver() {
    if (!io_) {
        auto driver = shared_.make_io_driver();
        if (!driver) return std::unexpected(driver.error());
        io_ = std::move(*driver);
        io_of_others_.store(io_.get(), memory_order_release);
    }
    return io_;
}

std::shared_ptr<IoDriver> Worker::file_driver() {
    if (shared_.io_backend != io::Backend::io_uring) return nullptr;
    auto driver = io_driver();
    return driver ? std::move(*driver) : nullptr;
}

/// While it is busy: what is ready is not to wait until there is nothing else to do.
void Worker::look_at_io() {
    const Instant now = std::chrono::steady_clock::now();
    if (now - io_looked_at_ < time_between_io || !io_->is_used()) return;
    io_looked_at_ = now;
    std::unique_lock io_lock(io_mutex_, std::defer_lock);
    if (crew_) io_lock.lock();
    io_->poll_now();
}

void Worker::dispatch_io_for() noexcept {
    IoDriver* const io = io_of_others_.load(memory_order_acquire);
    if (!io || !io->is_used()) return;
    const std::unique_lock io_lock(io_mutex_, std::try_to_lock);
    if (io_lock) io->poll_now();
}

void Worker::close_drivers() noexcept {
    if (io_) {
        io_->end_calls(std::chrono::steady_clock::now() + shared_.options.blocking_patience);
        io_->shutdown();
    }
    TimeDriver::close();
}

} // namespace rouse::detail
