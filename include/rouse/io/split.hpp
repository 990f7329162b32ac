// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/poll_lock.hpp"
#include "rouse/io/read.hpp"
#include "rouse/io/write.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace rouse::detail {

/// A stream and the lock that its two halves take for each poll.
template <class S>
class SharedStream {
public:
    explicit SharedStream(S of) noexcept : stream(std::move(of)) {}
    PollLock mutex;
    S stream;
};

/// What both halves are made of.
template <class S>
class StreamHalf {
public:
    explicit StreamHalf(std::shared_ptr<SharedStream<S>> shared) noexcept : shared_(std::move(shared)) {}
    void inspect(Inspector& to, io::Interest interest) const {
        // A dump may be asked for in the poll of the other half, on this very thread.
        const std::unique_lock lock(shared_->mutex, std::try_to_lock);
        if (lock) inspect_stream(shared_->stream, to, interest);
        else to.waits_for(WaitKind::io, shared_.get(), "the other half, which is being polled");
    }
    /// Of one stream.
    [[nodiscard]] bool is_pair_of(const StreamHalf& other) const noexcept { return shared_ == other.shared_; }

protected:
    template <class Act>
    auto locked(Act act) const {
        const std::lock_guard lock(shared_->mutex);
        return act(shared_->stream);
    }
    [[nodiscard]] S take() && { return std::move(shared_->stream); }

private:
    std::shared_ptr<SharedStream<S>> shared_;
};

} // namespace rouse::detail

namespace rouse::io {

template <class S>
class WriteHalf;

/// The half of a stream that reads: an AsyncRead for a task of its own. Made by `split`. Its futures are as
/// those of the stream. Thread: any, one at a time.
template <class S>
class ReadHalf : public detail::StreamHalf<S> {
public:
    using detail::StreamHalf<S>::StreamHalf;
    [[nodiscard]] auto read(Bytes room) { return io::read(*this, room); }
    Poll<Result<std::size_t>> poll_read(Context& cx, Bytes room) {
        return this->locked([&](S& stream) { return stream.poll_read(cx, room); });
    }
    void cancel_read() noexcept {
        if constexpr (requires(S& stream) { stream.cancel_read(); })
            this->locked([](S& stream) { stream.cancel_read(); });
    }
    /// The stream in one piece again. Both halves are of it (`is_pair_of`), and no future of them is left.
    [[nodiscard]] S unsplit(WriteHalf<S>&& other) && {
        if (!this->is_pair_of(other)) detail::stop("ReadHalf::unsplit: these are halves of two streams");
        const WriteHalf<S> end(std::move(other));
        return std::move(*this).take();
    }
};

/// The half that writes: an AsyncWrite. `io::shutdown` of it says to the peer that no more will come, and
/// reading goes on. A half that is dropped says nothing; the stream ends with the second.
template <class S>
class WriteHalf : public detail::StreamHalf<S> {
public:
    using detail::StreamHalf<S>::StreamHalf;
    [[nodiscard]] auto write(ConstBytes bytes) { return io::write(*this, bytes); }
    Poll<Result<std::size_t>> poll_write(Context& cx, ConstBytes bytes) {
        return this->locked([&](S& stream) { return stream.poll_write(cx, bytes); });
    }
    Poll<Result<>> poll_flush(Context& cx) {
        return this->locked([&](S& stream) { return stream.poll_flush(cx); });
    }
    Poll<Result<>> poll_shutdown(Context& cx) {
        return this->locked([&](S& stream) { return stream.poll_shutdown(cx); });
    }
    void cancel_write() noexcept {
        if constexpr (requires(S& stream) { stream.cancel_write(); })
            this->locked([](S& stream) { stream.cancel_write(); });
    }
};

/// Two halves that own `stream` together, for two tasks, also on two threads: of any stream that has a place
/// for the waker of either direction, as all of ours have. One allocation, and an uncontended lock for each
/// poll. A dump does not wait for it: while one half is being polled, it says of the other no more than that.
/// (A TcpStream and a DuplexStream have a split of their own, which needs no lock.)
///
/// ```cpp
/// auto [reader, writer] = rouse::io::split(std::move(stream));
/// auto sending = rouse::spawn(send_all, std::move(writer));
/// ```
template <class S>
    requires AsyncRead<S> && AsyncWrite<S>
[[nodiscard]] std::pair<ReadHalf<S>, WriteHalf<S>> split(S stream) {
    auto shared = std::make_shared<detail::SharedStream<S>>(std::move(stream));
    return {ReadHalf<S>(shared), WriteHalf<S>(shared)};
}

} // namespace rouse::io
