// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/poll_lock.hpp"
#include "rouse/stream/sink.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace rouse {
namespace detail {

/// What is both a stream and a sink, and the lock that its two halves take for each poll.
template <class T>
class Both {
public:
    explicit Both(T both) : object(std::move(both)) {}
    void inspect(Inspector& to) {
        // A dump may be asked for in the poll of the other half, on this very thread.
        const std::unique_lock lock(mutex, std::try_to_lock);
        if (lock) inspect_future(object, to);
        else to.waits_for(WaitKind::future, this, "the other half, which is being polled");
    }
    PollLock mutex;
    T object;
};

} // namespace detail

namespace stream {

/// See `split`.
template <class T>
class SplitStream {
public:
    using Item = ItemOf<T>;
    explicit SplitStream(std::shared_ptr<detail::Both<T>> both) noexcept : both_(std::move(both)) {}
    Poll<Maybe<Item>> poll_next(Context& cx) {
        const std::lock_guard lock(both_->mutex);
        return both_->object.poll_next(cx);
    }
    void cancel_next() noexcept
        requires detail::CancelsNext<T>
    {
        const std::lock_guard lock(both_->mutex);
        both_->object.cancel_next();
    }
    void inspect(Inspector& to) const { both_->inspect(to); }

private:
    std::shared_ptr<detail::Both<T>> both_;
};

/// See `split`.
template <class T>
class SplitSink {
public:
    using Error = typename T::Error;
    using Result = std::expected<void, Error>;
    explicit SplitSink(std::shared_ptr<detail::Both<T>> both) noexcept : both_(std::move(both)) {}
    Poll<Result> poll_ready(Context& cx) {
        const std::lock_guard lock(both_->mutex);
        return both_->object.poll_ready(cx);
    }
    template <class V>
        requires Sink<T, V>
    Result start_send(V&& value) {
        const std::lock_guard lock(both_->mutex);
        return both_->object.start_send(std::forward<V>(value));
    }
    Poll<Result> poll_flush(Context& cx) {
        const std::lock_guard lock(both_->mutex);
        return both_->object.poll_flush(cx);
    }
    Poll<Result> poll_close(Context& cx) {
        const std::lock_guard lock(both_->mutex);
        return both_->object.poll_close(cx);
    }
    void inspect(Inspector& to) const { both_->inspect(to); }

private:
    std::shared_ptr<detail::Both<T>> both_;
};

/// The two directions of an object that is both a stream and a sink, for a task each: `auto [out, in] =
/// split(std::move(framed))`, the sink first. They share the object, which goes with the second of them; each
/// poll takes its lock. The object keeps the wakers of its two directions apart. A dump does not wait for the
/// lock: while one half is being polled, it says of the other no more than that.
/// Cancel, wake: as the object. A half that is dropped leaves in the object what it waited for.
/// Thread: each any, one at a time. Memory: one allocation.
template <class T>
    requires(Stream<T> && detail::SinkArg<T>)
[[nodiscard]] std::pair<SplitSink<T>, SplitStream<T>> split(T both) {
    auto shared = std::make_shared<detail::Both<T>>(std::move(both));
    return {SplitSink<T>(shared), SplitStream<T>(shared)};
}

} // namespace stream
} // namespace rouse
