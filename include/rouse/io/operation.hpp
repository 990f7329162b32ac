// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/io/registration.hpp"

#include <concepts>
#include <utility>

namespace rouse::detail {

/// What a call returned that may be interrupted by a signal.
template <class Fn>
auto retry(Fn fn) noexcept {
    for (;;)
        if (const auto result = fn(); result != -1 || errno != EINTR) return result;
}
/// The same as a Result of a count of bytes.
template <class Fn>
Result<std::size_t> retry_bytes(Fn fn) noexcept {
    const auto count = retry(std::move(fn));
    if (count < 0) return last_error();
    return static_cast<std::size_t>(count);
}

/// A call that can tell from its result that the next one would block: that saves the next one.
template <class Fn, class T>
concept TellsDrained = requires(const Fn& fn, const T& value) {
    { fn.drains(value) } -> std::same_as<std::uint32_t>; // the bits of io::Readiness that are used up, or 0
};

/// `fn(fd)`, a non-blocking call, if the descriptor may be ready. EAGAIN: it is not; that is noted.
template <class Fn>
auto try_io(const IoRef& io, io::Interest interest, Fn&& fn) -> decltype(fn(0)) {
    using Returned = decltype(fn(0));
    const std::uint64_t word = io.load();
    if (word & IoSource::over) [[unlikely]]
        return std::unexpected(IoRef::error_of(word));
    const std::uint32_t wanted = io::Readiness::wanted(interest);
    if (!(word & wanted)) return std::unexpected(std::error_code(EAGAIN, std::system_category()));
    Returned result = fn(io.fd());
    if (!result) {
        if (would_block(result.error())) io.clear(word, wanted);
        else if (io.load() & IoSource::closed) return io_error(IoError::closed); // while we called
    } else if constexpr (TellsDrained<Fn, typename Returned::value_type>) {
        if (const std::uint32_t bits = fn.drains(*result); bits && !(word & IoSource::urgent))
            io.clear(word, bits);
    }
    return result;
}

/// Calls `fn(fd)` until it does something else than to block. False: it would block, and `waiter` is queued
/// with the waker of `cx`. True: `result` has what it returned, and the waiter holds no waker.
template <class R, class Fn>
bool poll_io(const IoRef& io, IoWaiter& waiter, io::Interest interest, Context& cx, R& result, Fn&& fn) {
    for (;;) {
        result = try_io(io, interest, fn);
        if (result || !would_block(result.error())) {
            io.forget(waiter);
            return true;
        }
        if (io.wait(waiter, interest, cx.waker())) return false;
    }
}

/// The future of one call on a descriptor: waits until it does not block. `Op` is called with the descriptor,
/// gives a Result, and does not lend its buffer beyond the call.
template <class Op>
class [[nodiscard]] IoOperation {
public:
    using Output = std::invoke_result_t<Op&, int>;

    IoOperation(const IoRef& io, io::Interest interest, Op op)
        : io_(io), op_(std::move(op)), interest_(interest) {}
    /// Only before the first poll.
    IoOperation(IoOperation&& other) noexcept
        : io_(other.io_), op_(std::move(other.op_)), interest_(other.interest_) {
        if (other.waiter_.is_queued()) stop("a future of I/O was moved after its first poll");
    }
    IoOperation& operator=(IoOperation&&) = delete;
    ~IoOperation() { io_.forget(waiter_); }

    Poll<Output> poll(Context& cx) { return poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (done_) [[unlikely]]
            stop_polled_after_ready("an operation on a descriptor");
        return poll_io(io_, waiter_, interest_, cx, result_, op_);
    }
    Output take_ready() {
        done_ = true;
        return std::move(result_);
    }
    void inspect(Inspector& to) const { io_.inspect(to, interest_); }

private:
    IoRef io_;
    IoWaiter waiter_;
    [[no_unique_address]] Op op_;
    Output result_ = Output(std::unexpect, std::error_code());
    io::Interest interest_;
    bool done_ = false;
};

/// The future of readiness itself.
class [[nodiscard]] ReadyOperation {
public:
    using Output = Result<io::Readiness>;

    /// With `asks` the system is asked whether what it said before still holds: one then need not drain it.
    ReadyOperation(const IoRef& io, io::Interest interest, bool asks) noexcept
        : io_(io), interest_(interest), asks_(asks) {}
    /// Only before the first poll.
    ReadyOperation(ReadyOperation&& other) noexcept
        : ReadyOperation(other.io_, other.interest_, other.asks_) {
        if (other.waiter_.is_queued()) stop("a future of I/O was moved after its first poll");
    }
    ReadyOperation& operator=(ReadyOperation&&) = delete;
    ~ReadyOperation() { io_.forget(waiter_); }

    Poll<Output> poll(Context& cx) { return poll_split(*this, cx); }
    bool poll_ready(Context& cx);
    Output take_ready() {
        done_ = true;
        return result_;
    }
    void inspect(Inspector& to) const { io_.inspect(to, interest_); }

private:
    IoRef io_;
    IoWaiter waiter_;
    Output result_;
    io::Interest interest_;
    bool asks_;
    bool done_ = false;
};

} // namespace rouse::detail
