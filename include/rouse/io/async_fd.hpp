// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/descriptor.hpp"
#include "rouse/io/operation.hpp"

namespace rouse::io {

/// Any descriptor that can be polled, driven by the runtime: that of a library (libpq, curl, c-ares), of
/// inotify, of a device. Owned, or borrowed.
///
/// ```cpp
/// auto fd = rouse::or_throw(rouse::io::AsyncFd::borrow(PQsocket(connection)));
/// while (PQisBusy(connection)) {
///     rouse::or_throw(co_await fd.readable());
///     if (!PQconsumeInput(connection)) throw DatabaseError(connection);
/// }
/// ```
/// Is made within a runtime, whose driver watches it from then on: a wait elsewhere ends only while that one
/// runs. Outlives the futures that it gives. Thread: any; several tasks may wait for the same. Errors: of
/// `own` and `borrow`: the system's (EPERM for a regular file, which is always ready; EEXIST when the
/// descriptor is registered in this runtime already). Of all others: `IoError::closed` after `close`, and
/// `IoError::runtime_ended`.
class AsyncFd {
public:
    /// Makes `fd` non-blocking, and closes it in the end; at once if this fails.
    [[nodiscard]] static Result<AsyncFd> own(int fd);
    /// Leaves `fd` as it is, and open. It must not be closed before this is destroyed or closed.
    [[nodiscard]] static Result<AsyncFd> borrow(int fd);

    /// Completes when `interest` (one or the other, if there are two) is met now: the system is asked once
    /// more before it does, so that nothing needs to be drained. The call that follows still must not block:
    /// somebody else may be faster.
    /// Wake: by the driver, once. Cancel: destroy it.
    [[nodiscard]] auto ready(Interest interest) const noexcept {
        return detail::ReadyOperation(fd_.io(), interest, true);
    }
    [[nodiscard]] auto readable() const noexcept { return ready(Interest::readable); }
    [[nodiscard]] auto writable() const noexcept { return ready(Interest::writable); }

    /// `fn()`, a non-blocking call that gives a `Result`, if the descriptor may be ready; else EAGAIN. When
    /// `fn` itself says EAGAIN, the descriptor counts as not ready until there is an event.
    template <class Fn>
    auto try_io(Interest interest, Fn&& fn) const -> std::invoke_result_t<Fn&> {
        return detail::try_io(fd_.io(), interest, [&](int) { return fn(); });
    }
    /// The future of `fn()`: called whenever the descriptor may be ready, until it says something else than
    /// EAGAIN. `fn` is kept in the future.
    template <class Fn>
    [[nodiscard]] auto async_io(Interest interest, Fn fn) const {
        return detail::IoOperation<Call<Fn>>(fd_.io(), interest, Call<Fn>(std::move(fn)));
    }

    [[nodiscard]] int fd() const noexcept { return fd_.fd(); }
    /// Ends it: everyone who waits is woken, with `IoError::closed`. An owned descriptor is closed (its
    /// number is free again when this is destroyed: a call of another thread must not meet a stranger's
    /// descriptor). False: it was closed before.
    bool close() noexcept { return fd_.close(); }
    /// Gives the descriptor back, open and no longer watched.
    [[nodiscard]] int into_fd() && noexcept { return std::move(fd_).release(); }

private:
    template <class Fn>
    class Call {
    public:
        explicit Call(Fn fn) : fn_(std::move(fn)) {}
        auto operator()(int) { return fn_(); }

    private:
        Fn fn_;
    };
    explicit AsyncFd(detail::Descriptor fd) noexcept : fd_(std::move(fd)) {}
    detail::Descriptor fd_;
};

} // namespace rouse::io
