// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"
#include "rouse/io/bytes.hpp"
#include "rouse/io/readiness.hpp"
#include "rouse/io/result.hpp"
#include "rouse/task/strand.hpp"

#include <algorithm>
#include <concepts>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace rouse::io {

/// Bytes come out of it. `poll_read` puts what is there into the room it is given, and says how many; 0, for
/// a room that is not empty, is the end. On Pending a clone of the waker is kept, in place of the one of the
/// last call, and nothing refers to the room any more.
///
/// It may have `void cancel_read()`: whoever was told Pending no longer waits, and the waker is let go. What
/// wraps a stream hands that on; one that keeps the waker of a future which is gone may hide that its task
/// hangs. With `void inspect(Inspector&, Interest) const` it tells dumps what is waited for.
template <class S>
concept AsyncRead = requires(S& stream, Context& cx, Bytes room) {
    { stream.poll_read(cx, room) } -> std::same_as<Poll<Result<std::size_t>>>;
};

} // namespace rouse::io

namespace rouse::detail {

template <class S>
void inspect_stream(const S& stream, Inspector& to, io::Interest interest) {
    if constexpr (requires { stream.inspect(to, interest); }) stream.inspect(to, interest);
}

/// A future's right to `poll_read` a stream, and its duty to cancel what is pending.
template <class S>
class Reading {
public:
    explicit Reading(S& stream) noexcept : stream_(std::addressof(stream)) {}
    Reading(Reading&& other) noexcept
        : stream_(other.stream_), pending_(std::exchange(other.pending_, false)) {}
    Reading& operator=(Reading&&) = delete;
    ~Reading() { cancel(); }
    /// What is pending is given up, and no waker is left in the stream.
    void cancel() noexcept {
        if (!std::exchange(pending_, false)) return;
        if constexpr (requires(S& stream) { stream.cancel_read(); }) stream_->cancel_read();
    }
    Poll<Result<std::size_t>> poll(Context& cx, io::Bytes room) { return note(stream_->poll_read(cx, room)); }
    /// Of an AsyncBufRead.
    auto poll_fill(Context& cx) { return note(stream_->poll_fill_buf(cx)); }
    [[nodiscard]] S& stream() const noexcept { return *stream_; }
    void inspect(Inspector& to) const { inspect_stream(*stream_, to, io::Interest::readable); }

private:
    template <class P>
    P note(P poll) noexcept {
        pending_ = poll.is_pending();
        return poll;
    }
    S* stream_;
    bool pending_ = false;
};

template <class S>
class [[nodiscard]] Read {
public:
    using Output = Result<std::size_t>;
    Read(S& stream, io::Bytes room) noexcept : reading_(stream), room_(room) {}
    Poll<Output> poll(Context& cx) { return reading_.poll(cx, room_); }
    void inspect(Inspector& to) const { reading_.inspect(to); }

private:
    Reading<S> reading_;
    io::Bytes room_;
};

template <class S>
class [[nodiscard]] ReadExact {
public:
    using Output = Result<>;
    ReadExact(S& stream, io::Bytes room) noexcept : reading_(stream), room_(room) {}
    Poll<Output> poll(Context& cx) {
        LoopBudget budget;
        while (!room_.empty()) {
            auto poll = reading_.poll(cx, room_);
            if (poll.is_pending()) return Pending;
            const auto& count = poll.value();
            if (!count) return Poll<Output>(std::in_place, std::unexpect, count.error());
            if (*count == 0)
                return Poll<Output>(std::in_place, std::unexpect, make_error_code(IoError::unexpected_end));
            room_ = room_.subspan(*count);
            if (!room_.empty() && !budget.spend(cx)) return Pending;
        }
        return Poll<Output>(std::in_place);
    }
    void inspect(Inspector& to) const { reading_.inspect(to); }

private:
    Reading<S> reading_;
    io::Bytes room_;
};

template <class S, class C>
class [[nodiscard]] ReadToEnd {
public:
    using Output = Result<std::size_t>;
    ReadToEnd(S& stream, C& into, std::size_t limit) noexcept
        : reading_(stream), into_(std::addressof(into)), limit_(limit) {}
    Poll<Output> poll(Context& cx) {
        LoopBudget budget;
        for (;;) {
            const std::size_t size = into_->size();
            const std::size_t step = std::clamp<std::size_t>(size, 4096, 65536);
            // One more than the limit: that there is no more is known when the end has come.
            const std::size_t room = limit_ - count_ < step ? limit_ - count_ + 1 : step;
            Grown grown(*into_, size, room);
            auto poll = reading_.poll(cx, std::as_writable_bytes(std::span(*into_)).subspan(size));
            const std::size_t got = poll.is_ready() && poll.value() ? *poll.value() : 0;
            const bool too_long = got > limit_ - count_;
            grown.shrink_to(size + (too_long ? limit_ - count_ : got));
            if (poll.is_pending()) return Pending;
            if (!poll.value()) return Poll<Output>(std::in_place, std::unexpect, poll.value().error());
            if (too_long)
                return Poll<Output>(std::in_place, std::unexpect, make_error_code(IoError::too_long));
            count_ += got;
            if (got == 0) return Poll<Output>(std::in_place, count_);
            if (!budget.spend(cx)) return Pending;
        }
    }
    void inspect(Inspector& to) const { reading_.inspect(to); }

private:
    /// Room for one read. When that is through, or has thrown, there is what came: also if we are cancelled.
    class Grown {
    public:
        Grown(C& into, std::size_t size, std::size_t room) : into_(into), size_(size) {
            into.resize(size + room);
        }
        Grown(const Grown&) = delete;
        Grown& operator=(const Grown&) = delete;
        ~Grown() { into_.resize(size_); }
        void shrink_to(std::size_t size) noexcept { size_ = size; }

    private:
        C& into_;
        std::size_t size_;
    };
    Reading<S> reading_;
    C* into_;
    std::size_t limit_;
    std::size_t count_ = 0;
};

template <class S>
class [[nodiscard]] ReadToString {
public:
    using Output = Result<std::string>;
    ReadToString(S& stream, std::size_t limit) noexcept : stream_(std::addressof(stream)), limit_(limit) {}
    /// Only before the first poll.
    ReadToString(ReadToString&& other) noexcept : stream_(other.stream_), limit_(other.limit_) {}
    ReadToString& operator=(ReadToString&&) = delete;
    ~ReadToString() = default;
    Poll<Output> poll(Context& cx) {
        if (!reading_) reading_.emplace(*stream_, text_, limit_);
        auto poll = reading_->poll(cx);
        if (poll.is_pending()) return Pending;
        if (!poll.value()) return Poll<Output>(std::in_place, std::unexpect, poll.value().error());
        return Poll<Output>(std::in_place, std::move(text_));
    }
    void inspect(Inspector& to) const { inspect_stream(*stream_, to, io::Interest::readable); }

private:
    S* stream_;
    std::size_t limit_;
    std::string text_;
    std::optional<ReadToEnd<S, std::string>> reading_;
};

} // namespace rouse::detail

namespace rouse::io {

// The stream outlives the future. Wake, thread: as the stream's `poll_read`. Errors: the stream's.

/// Reads what is there, at most `room`; 0 is the end. Cancel: destroy it; nothing was read.
template <AsyncRead S>
[[nodiscard]] auto read(S& stream, Bytes room) {
    return detail::Read<S>(stream, room);
}
/// Fills `room`. Errors: `IoError::unexpected_end` too. Cancel: destroy it; what it has read is lost.
template <AsyncRead S>
[[nodiscard]] auto read_exact(S& stream, Bytes room) {
    return detail::ReadExact<S>(stream, room);
}
/// Reads until the end, and appends to `into` (a string, or a vector of bytes or characters); the number of
/// bytes. Errors: `IoError::too_long` when there are more than `limit`, which it has read then. Cancel:
/// destroy it; `into` has what was read so far.
template <AsyncRead S, class C>
    requires(sizeof(typename C::value_type) == 1)
[[nodiscard]] auto read_to_end(S& stream, C& into,
                               std::size_t limit = std::numeric_limits<std::size_t>::max()) {
    return detail::ReadToEnd<S, C>(stream, into, limit);
}
/// The same as a new string: what came before an error, or before it was cancelled, is lost.
template <AsyncRead S>
[[nodiscard]] auto read_to_string(S& stream, std::size_t limit = std::numeric_limits<std::size_t>::max()) {
    return detail::ReadToString<S>(stream, limit);
}

} // namespace rouse::io
