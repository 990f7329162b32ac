// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/async_fd.hpp"

#include <csignal>
#include <optional>
#include <utility>

namespace rouse::detail {

class SignalListener;

/// A listener in the table that the handler reads.
class SignalPlace {
public:
    explicit SignalPlace(SignalListener* listener) noexcept : listener_(listener) {}
    SignalPlace(SignalPlace&& other) noexcept : listener_(std::exchange(other.listener_, nullptr)) {}
    SignalPlace& operator=(SignalPlace&& other) noexcept {
        SignalPlace old(std::move(*this));
        listener_ = std::exchange(other.listener_, nullptr);
        return *this;
    }
    ~SignalPlace();

private:
    SignalListener* listener_;
};

/// Takes what the handler has written.
Result<> take_signal(int eventfd) noexcept;

class TakeSignal {
public:
    explicit TakeSignal(int eventfd) noexcept : eventfd_(eventfd) {}
    Result<> operator()() const noexcept { return take_signal(eventfd_); }

private:
    int eventfd_;
};

} // namespace rouse::detail

namespace rouse::signal {

/// Listens to a signal of the process. Several may listen to the same one, in any runtimes and threads: each
/// is told. Signals that come before a `recv` are kept, as one.
///
/// ```cpp
/// auto hangups = rouse::or_throw(rouse::signal::listen(SIGHUP));
/// while (co_await hangups.recv()) reload();
/// ```
/// From the first `listen` on, the signal does not do what it does by default, also when nobody listens any
/// more. A handler that was there before is called as well. Thread: any, one at a time. Outlives the futures
/// that it gives.
class Signal {
public:
    Signal(Signal&&) noexcept = default;
    /// What was here is left before its descriptor is closed, as by its destruction.
    Signal& operator=(Signal&& other) noexcept {
        Signal taken(std::move(other));
        std::swap(place_, taken.place_);
        std::swap(fd_, taken.fd_);
        std::swap(number_, taken.number_);
        return *this;
    }

    /// A future of `Result<>`: the signal has come since the last time. Wake: by the driver, once. Cancel:
    /// destroy it; nothing is lost. Errors: `IoError::runtime_ended`.
    [[nodiscard]] auto recv() const {
        return fd_.async_io(io::Interest::readable, detail::TakeSignal(fd_.fd()));
    }
    [[nodiscard]] int number() const noexcept { return number_; }

private:
    friend Result<Signal> listen(int number);
    Signal(int number, io::AsyncFd fd, detail::SignalPlace place) noexcept
        : fd_(std::move(fd)), place_(std::move(place)), number_(number) {}
    io::AsyncFd fd_;
    detail::SignalPlace place_; // left before the descriptor is closed
    int number_;
};

/// Listens from now on. Within a runtime. Errors: EINVAL for a number that is none, for SIGKILL and SIGSTOP,
/// and for those that tell of a fault of the program (SIGSEGV, SIGBUS, SIGFPE, SIGILL); EMFILE, ENOMEM. (It
/// is not named `unix`, as elsewhere: that is a macro of the compilers in their GNU modes.)
[[nodiscard]] Result<Signal> listen(int number);

/// See `ctrl_c`.
class [[nodiscard]] CtrlC {
public:
    using Output = Result<>;
    explicit CtrlC(Result<Signal> signal) noexcept : signal_(std::move(signal)) {}
    /// Only before the first poll.
    CtrlC(CtrlC&& other) noexcept : signal_(std::move(other.signal_)) {}
    CtrlC& operator=(CtrlC&&) = delete;

    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (!signal_) return true;
        if (!recv_) recv_.emplace(signal_->recv());
        return recv_->poll_ready(cx);
    }
    Output take_ready() {
        if (!signal_) return std::unexpected(signal_.error());
        return recv_->take_ready();
    }
    void inspect(Inspector& to) const { to.waits_for(WaitKind::io, this, "SIGINT"); }

private:
    Result<Signal> signal_;
    std::optional<decltype(std::declval<const Signal&>().recv())> recv_;
};

/// The future of the next SIGINT, which Ctrl-C in a terminal sends; it listens from the call on. See `Signal`
/// and `listen`.
///
/// ```cpp
/// auto served = co_await rouse::select(serve(listener), rouse::signal::ctrl_c());
/// ```
[[nodiscard]] inline CtrlC ctrl_c() { return CtrlC(listen(SIGINT)); }

} // namespace rouse::signal
