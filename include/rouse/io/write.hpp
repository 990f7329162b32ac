// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/read.hpp"

namespace rouse::io {

/// Bytes go into it. `poll_write` takes some of what it is given, and says how many; `poll_flush` completes
/// when what was taken is on its way; `poll_shutdown` says that no more will come, after a flush. On Pending
/// a clone of the waker is kept, in place of the one of the last call, and nothing refers to the bytes any
/// more.
///
/// It may have `poll_write_vectored(Context&, std::span<const ConstBytes>)`, for several buffers in one call,
/// and `void cancel_write()`: see AsyncRead.
template <class S>
concept AsyncWrite = requires(S& stream, Context& cx, ConstBytes bytes) {
    { stream.poll_write(cx, bytes) } -> std::same_as<Poll<Result<std::size_t>>>;
    { stream.poll_flush(cx) } -> std::same_as<Poll<Result<>>>;
    { stream.poll_shutdown(cx) } -> std::same_as<Poll<Result<>>>;
};

} // namespace rouse::io

namespace rouse::detail {

/// As Reading.
template <class S>
class Writing {
public:
    explicit Writing(S& stream) noexcept : stream_(std::addressof(stream)) {}
    Writing(Writing&& other) noexcept
        : stream_(other.stream_), pending_(std::exchange(other.pending_, false)) {}
    Writing& operator=(Writing&&) = delete;
    ~Writing() { cancel(); }
    void cancel() noexcept {
        if (!std::exchange(pending_, false)) return;
        if constexpr (requires(S& stream) { stream.cancel_write(); }) stream_->cancel_write();
    }
    Poll<Result<std::size_t>> poll(Context& cx, io::ConstBytes bytes) {
        return note(stream_->poll_write(cx, bytes));
    }
    Poll<Result<std::size_t>> poll(Context& cx, std::span<const io::ConstBytes> buffers) {
        if constexpr (requires(S& stream) { stream.poll_write_vectored(cx, buffers); }) {
            return note(stream_->poll_write_vectored(cx, buffers));
        } else {
            for (const io::ConstBytes& one : buffers)
                if (!one.empty()) return poll(cx, one);
            return poll(cx, io::ConstBytes());
        }
    }
    Poll<Result<>> poll_flush(Context& cx) { return note(stream_->poll_flush(cx)); }
    Poll<Result<>> poll_shutdown(Context& cx) { return note(stream_->poll_shutdown(cx)); }
    void inspect(Inspector& to) const { inspect_stream(*stream_, to, io::Interest::writable); }

private:
    template <class P>
    P note(P poll) noexcept {
        pending_ = poll.is_pending();
        return poll;
    }
    S* stream_;
    bool pending_ = false;
};

template <class S, class Buffers>
class [[nodiscard]] Write {
public:
    using Output = Result<std::size_t>;
    Write(S& stream, Buffers buffers) noexcept : writing_(stream), buffers_(buffers) {}
    Poll<Output> poll(Context& cx) { return writing_.poll(cx, buffers_); }
    void inspect(Inspector& to) const { writing_.inspect(to); }

private:
    Writing<S> writing_;
    Buffers buffers_;
};

template <class S>
class [[nodiscard]] WriteAll {
public:
    using Output = Result<>;
    WriteAll(S& stream, io::ConstBytes bytes) noexcept : writing_(stream), bytes_(bytes) {}
    Poll<Output> poll(Context& cx) {
        LoopBudget budget;
        while (!bytes_.empty()) {
            auto poll = writing_.poll(cx, bytes_);
            if (poll.is_pending()) return Pending;
            const auto& count = poll.value();
            if (!count) return Poll<Output>(std::in_place, std::unexpect, count.error());
            if (*count == 0)
                return Poll<Output>(std::in_place, std::unexpect, make_error_code(IoError::write_zero));
            bytes_ = bytes_.subspan(*count);
            if (!bytes_.empty() && !budget.spend(cx)) return Pending;
        }
        return Poll<Output>(std::in_place);
    }
    void inspect(Inspector& to) const { writing_.inspect(to); }

private:
    Writing<S> writing_;
    io::ConstBytes bytes_;
};

template <class S, bool shuts_down>
class [[nodiscard]] Flush {
public:
    using Output = Result<>;
    explicit Flush(S& stream) noexcept : writing_(stream) {}
    Poll<Output> poll(Context& cx) {
        if constexpr (shuts_down) return writing_.poll_shutdown(cx);
        else return writing_.poll_flush(cx);
    }
    void inspect(Inspector& to) const { writing_.inspect(to); }

private:
    Writing<S> writing_;
};

} // namespace rouse::detail

namespace rouse::io {

// The stream outlives the future. Wake, thread: as the stream's `poll_write`. Errors: the stream's.

/// Writes some of `bytes`; how many. Cancel: destroy it; nothing was written.
template <AsyncWrite S>
[[nodiscard]] auto write(S& stream, ConstBytes bytes) {
    return detail::Write<S, ConstBytes>(stream, bytes);
}
/// The same of several buffers in one call, where the stream can do that.
template <AsyncWrite S>
[[nodiscard]] auto write_vectored(S& stream, std::span<const ConstBytes> buffers) {
    return detail::Write<S, std::span<const ConstBytes>>(stream, buffers);
}
/// Writes all of `bytes`. Errors: `IoError::write_zero` too. Cancel: destroy it; some of it may have been
/// written.
template <AsyncWrite S>
[[nodiscard]] auto write_all(S& stream, ConstBytes bytes) {
    return detail::WriteAll<S>(stream, bytes);
}
/// Completes when what was written is on its way.
template <AsyncWrite S>
[[nodiscard]] auto flush(S& stream) {
    return detail::Flush<S, false>(stream);
}
/// Tells the peer that no more will come.
template <AsyncWrite S>
[[nodiscard]] auto shutdown(S& stream) {
    return detail::Flush<S, true>(stream);
}

} // namespace rouse::io
