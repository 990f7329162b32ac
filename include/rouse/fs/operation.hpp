// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/file_call.hpp"

#include <concepts>
#include <variant>

namespace rouse::fs {

/// A future of `Result<T>`: something that is done to files, and begins with the first poll, on the runtime
/// that polls: on its pool for blocking calls, or by the kernel, where the runtime is on io_uring and the
/// function says so. What it was given is copied into it.
/// Wake:   by the pool, or by the thread that drives, once.
/// Cancel: destroy it. What has not begun never does; what has goes on alone, with data of its own: it may or
///         may not be done, and nobody is told. A file that is opened then is closed again.
/// Errors: the system's; `IoError::runtime_ended`: the runtime is gone, and it may or may not be done.
/// Thread: any.
template <class T = void>
class [[nodiscard]] Operation {
public:
    using Output = Result<T>;
    /// What comes of a call that the kernel or the pool has done.
    using Finish = Output (*)(detail::FileCall& call, const Result<std::uint64_t>& value);

    /// For the pool. `what`, for messages: a literal.
    template <std::invocable Fn>
    Operation(const char* what, Fn fn)
        : way_(std::in_place_type<detail::BlockingOperation<T>>, what, std::move(fn)), what_(what) {}
    /// For the kernel, or else the pool.
    Operation(const char* what, detail::FileCall* call, Finish finish) noexcept
        : way_(std::in_place_type<detail::FileCallWait>, call), what_(what), finish_(finish) {}
    /// Only before the first poll.
    Operation(Operation&&) noexcept = default;
    Operation& operator=(Operation&&) = delete;

    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (auto* const call = std::get_if<detail::FileCallWait>(&way_)) return call->poll_ready(cx, what_);
        return std::get_if<detail::BlockingOperation<T>>(&way_)->poll_ready(cx);
    }
    Output take_ready() {
        if (auto* const call = std::get_if<detail::FileCallWait>(&way_)) return call->take_ready(finish_);
        return std::get_if<detail::BlockingOperation<T>>(&way_)->take_ready();
    }
    void inspect(Inspector& to) const {
        if (const auto* const call = std::get_if<detail::FileCallWait>(&way_))
            to.waits_for(WaitKind::future, call->address(), what_);
        else std::get_if<detail::BlockingOperation<T>>(&way_)->inspect(to);
    }

private:
    std::variant<detail::BlockingOperation<T>, detail::FileCallWait> way_;
    const char* what_;
    Finish finish_ = nullptr;
};

} // namespace rouse::fs
