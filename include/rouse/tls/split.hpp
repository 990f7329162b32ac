// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/tls/stream.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace rouse::detail {

/// A stream and the lock that its two halves take for each poll: both directions are of one TLS session. The
/// wakers stay apart, since the stream below has a place for each direction: see
/// `TlsStream::writer_sends`.
template <class S>
class SharedTls {
public:
    explicit SharedTls(tls::TlsStream<S> of) noexcept : stream(std::move(of)) {}
    std::mutex mutex;
    tls::TlsStream<S> stream;
};

} // namespace rouse::detail

namespace rouse::tls {

/// The half of a TlsStream that reads: an AsyncRead for a task of its own. Made by `TlsStream::into_split`.
/// Its futures are as those of the stream. Thread: any, one at a time.
template <class S>
class TlsReadHalf {
public:
    explicit TlsReadHalf(std::shared_ptr<detail::SharedTls<S>> shared) noexcept
        : shared_(std::move(shared)) {}

    [[nodiscard]] auto read(io::Bytes room) { return io::read(*this, room); }
    Poll<Result<std::size_t>> poll_read(Context& cx, io::Bytes room) {
        const std::lock_guard lock(shared_->mutex);
        return shared_->stream.poll_read(cx, room);
    }
    void cancel_read() noexcept {
        const std::lock_guard lock(shared_->mutex);
        shared_->stream.cancel_read();
    }
    void inspect(Inspector& to, io::Interest interest) const {
        const std::lock_guard lock(shared_->mutex);
        shared_->stream.inspect(to, interest);
    }

private:
    std::shared_ptr<detail::SharedTls<S>> shared_;
};

/// The half that writes: an AsyncWrite. `io::shutdown` of it says to the peer that no more will come, and
/// reading goes on. A half that is dropped says nothing; the connection ends with the second.
template <class S>
class TlsWriteHalf {
public:
    explicit TlsWriteHalf(std::shared_ptr<detail::SharedTls<S>> shared) noexcept
        : shared_(std::move(shared)) {}

    [[nodiscard]] auto write(io::ConstBytes bytes) { return io::write(*this, bytes); }
    Poll<Result<std::size_t>> poll_write(Context& cx, io::ConstBytes bytes) {
        const std::lock_guard lock(shared_->mutex);
        return shared_->stream.poll_write(cx, bytes);
    }
    Poll<Result<>> poll_flush(Context& cx) {
        const std::lock_guard lock(shared_->mutex);
        return shared_->stream.poll_flush(cx);
    }
    Poll<Result<>> poll_shutdown(Context& cx) {
        const std::lock_guard lock(shared_->mutex);
        return shared_->stream.poll_shutdown(cx);
    }
    void cancel_write() noexcept {
        const std::lock_guard lock(shared_->mutex);
        shared_->stream.cancel_write();
    }
    void inspect(Inspector& to, io::Interest interest) const {
        const std::lock_guard lock(shared_->mutex);
        shared_->stream.inspect(to, interest);
    }

private:
    std::shared_ptr<detail::SharedTls<S>> shared_;
};

template <class S>
std::pair<TlsReadHalf<S>, TlsWriteHalf<S>> TlsStream<S>::into_split() && {
    auto shared = std::make_shared<detail::SharedTls<S>>(std::move(*this));
    return {TlsReadHalf<S>(shared), TlsWriteHalf<S>(shared)};
}

} // namespace rouse::tls
