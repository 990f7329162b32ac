// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The part of CurrentThread that sleeps, and has a driver of I/O.
#include "runtime/current_thread.hpp"

namespace rouse::detail {
namespace {

// Of a busy runtime: a look at the descriptors is a system call.
constexpr std::chrono::microseconds time_between_io(20);

} // namespace

Result<std::shared_ptr<IoDriver>> CurrentThread::io_driver() {
    if (!io_) {
        auto driver = make_epoll_driver();
        if (!driver) return std::unexpected(driver.error());
        io_ = std::move(*driver);
    }
    return io_;
}

/// A busy runtime: what is ready is not to wait until there is nothing else to do.
void CurrentThread::look_at_io() {
    const Instant now = std::chrono::steady_clock::now();
    if (now - io_looked_at_ < time_between_io || io_->registrations() == 0) return;
    io_looked_at_ = now;
    io_->poll_now();
}

/// Sleeps; true when something came.
bool CurrentThread::park(std::optional<Instant> deadline) {
    // Descriptors are registered by this thread only, so there will be none when there are none.
    IoDriver* const io = io_ && io_->registrations() != 0 ? io_.get() : nullptr;
    gate.leave();
    turn.runtime = nullptr; // a signal handler that wakes from this thread now is a stranger: it must unpark
    const bool unparked = io ? parker_.park_in(*io, deadline) : parker_.park(deadline);
    turn.runtime = static_cast<Executor*>(this);
    gate.enter();
    // Whoever waits for what came is woken as by the tasks of this thread, and inside of the gate.
    return (io && io->dispatch() != 0) || unparked;
}

} // namespace rouse::detail
