// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/blocking.hpp"
#include "rouse/task/join_error.hpp"

#include <concepts>
#include <expected>
#include <functional>
#include <tuple>
#include <type_traits>

namespace rouse {

template <class T>
class BlockingResult;

/// The owner's end of a blocking call: a future of what the function returns. Any executor may await it, of
/// any runtime.
///
/// `co_await handle` gives the value; rethrows what the function threw; throws `JoinError` (cancelled) when
/// the call never began: it was aborted, or its runtime ended; `std::system_error` when the system gave no
/// thread.
/// Wake:   by the pool, once, when the call is over; the function and its arguments are gone by then.
/// Cancel: dropping the handle detaches the call, which runs all the same.
/// Thread: any, one at a time; also after the end of the runtime.
template <class T = void>
class [[nodiscard]] BlockingHandle {
public:
    using Output = T;

    explicit BlockingHandle(detail::BlockingRef<T> job) noexcept : job_(std::move(job)) {}

    Poll<T> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (!job_) [[unlikely]]
            detail::stop_polled_after_ready("BlockingHandle");
        return job_->poll(cx.waker());
    }
    T take_ready() {
        const detail::BlockingRef<T> job = std::move(job_);
        if (job->refused()) [[unlikely]]
            throw_refused(job->refused());
        if (job->error) [[unlikely]]
            std::rethrow_exception(std::exchange(job->error, nullptr)); // its last release is here
        if constexpr (!std::is_void_v<T>) return std::move(*job->value);
    }

    /// The value, or why there is none, without throwing: `auto r = co_await
    /// std::move(handle).into_result();`
    [[nodiscard]] BlockingResult<T> into_result() && noexcept { return BlockingResult<T>(std::move(job_)); }

    /// Takes the call back if it has not begun; one that has cannot be stopped.
    void abort() const noexcept {
        if (job_) job_->abort();
    }
    [[nodiscard]] bool is_finished() const noexcept { return !job_ || job_->is_done(); }
    /// Drops the handle; says that it is meant.
    void detach() && noexcept { const BlockingHandle dropped(std::move(*this)); }

    void inspect(Inspector& to) const { to.waits_for(WaitKind::future, job_.address(), "a blocking call"); }

private:
    [[noreturn]] static void throw_refused(std::error_code why) {
#if ROUSE_EXCEPTIONS
        if (why == std::errc::operation_canceled) throw JoinError(JoinError::Kind::cancelled, 0, nullptr);
        throw std::system_error(why, "no thread for a blocking call");
#else
        detail::stop("a blocking call has no result, and its handle was awaited without exceptions: " +
                     why.message());
#endif
    }
    detail::BlockingRef<T> job_;
};

/// A future of `std::expected<T, JoinError>`: see `BlockingHandle::into_result`.
template <class T>
class [[nodiscard]] BlockingResult {
public:
    using Output = std::expected<T, JoinError>;
    explicit BlockingResult(detail::BlockingRef<T> job) noexcept : job_(std::move(job)) {}

    Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
    bool poll_ready(Context& cx) {
        if (!job_) [[unlikely]]
            detail::stop_polled_after_ready("BlockingResult");
        return job_->poll(cx.waker());
    }
    Output take_ready() {
        const detail::BlockingRef<T> job = std::move(job_);
        if (const std::error_code why = job->refused()) {
            if (why == std::errc::operation_canceled)
                return Output(std::unexpect, JoinError::Kind::cancelled, 0, nullptr);
            return Output(std::unexpect, JoinError::Kind::failed, 0,
                          std::make_exception_ptr(std::system_error(why)));
        }
        if (job->error)
            return Output(std::unexpect, JoinError::Kind::failed, 0, std::exchange(job->error, nullptr));
        if constexpr (std::is_void_v<T>) return Output();
        else return Output(std::move(*job->value));
    }
    void inspect(Inspector& to) const { to.waits_for(WaitKind::future, job_.address(), "a blocking call"); }

private:
    detail::BlockingRef<T> job_;
};

namespace detail {

template <class Fn, class... Args>
auto start_blocking(std::shared_ptr<BlockingPool> pool, Fn&& fn, Args&&... args) {
    using T = std::invoke_result_t<std::decay_t<Fn>, std::decay_t<Args>...>;
    static_assert(!std::is_reference_v<T>,
                  "the function of spawn_blocking returns a reference: return a pointer or a value");
    auto call = [fn = std::forward<Fn>(fn),
                 args = std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)]() mutable -> T {
        return std::apply(
            [&](std::decay_t<Args>&... each) -> T { return std::invoke(std::move(fn), std::move(each)...); },
            args);
    };
    auto job = BlockingRef<T>::make(std::move(call));
    job->submit(std::move(pool));
    return BlockingHandle<T>(std::move(job));
}

/// Of the worker that drives this thread: its tasks go to the others. And the end of that.
class BlockInPlace {
public:
    BlockInPlace();
    ~BlockInPlace();
    BlockInPlace(const BlockInPlace&) = delete;
    BlockInPlace& operator=(const BlockInPlace&) = delete;
};

} // namespace detail

/// Calls `fn(args...)` on a thread of the runtime's pool, where it may block, and gives its handle. It is
/// submitted at once, awaited or not; `fn` and `args` are moved there. Outside of a runtime (and of its pool)
/// it stops the program with a message; from other threads use `Handle::spawn_blocking`.
///
/// A call that has begun is never interrupted; the end of the runtime waits for it, at most
/// `RuntimeOptions::blocking_patience`, and cancels those that have not begun. With all of
/// `RuntimeOptions::max_blocking_threads` busy, calls wait for their turn: do not let one wait for another.
///
/// ```cpp
/// auto digest = [data = std::move(data)] { return slow_digest(data); };
/// auto sum = co_await rouse::spawn_blocking(std::move(digest));
/// ```
/// The closure has a name: GCC 12 destroys one with captures twice when it is made inside of the co_await.
template <class Fn, class... Args>
    requires std::invocable<std::decay_t<Fn>, std::decay_t<Args>...>
[[nodiscard]] auto spawn_blocking(Fn&& fn, Args&&... args) {
    return detail::start_blocking(detail::BlockingPool::current("spawn_blocking"), std::forward<Fn>(fn),
                                  std::forward<Args>(args)...);
}

/// Calls `fn()` here, though it blocks. On a worker of a multi-threaded runtime the tasks that wait for their
/// turn there go to the other workers first, and so do, within some milliseconds, its timers and its I/O;
/// tasks of `spawn_local`, and the task that calls this, with all that is joined or selected in it, wait.
/// With a single worker there is nobody to take anything. On a `current_thread` runtime it stops the program
/// with a message: use `spawn_blocking`. On a thread that drives nothing it just calls `fn`.
template <class Fn>
decltype(auto) block_in_place(Fn&& fn) {
    const detail::BlockInPlace here;
    return std::invoke(std::forward<Fn>(fn));
}

} // namespace rouse
