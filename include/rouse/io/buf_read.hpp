// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/io/buf_reader.hpp"
#include "rouse/io/next_item.hpp"

#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace rouse::io {

inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

} // namespace rouse::io

namespace rouse::detail {

/// Where the first `byte` is; `bytes.size()`: nowhere.
inline std::size_t find_byte(io::ConstBytes bytes, std::byte byte) noexcept {
    if (bytes.empty()) return 0;
    const void* const at = std::memchr(bytes.data(), std::to_integer<int>(byte), bytes.size());
    return at ? static_cast<std::size_t>(static_cast<const std::byte*>(at) - bytes.data()) : bytes.size();
}

template <class C>
void append(C& into, io::ConstBytes bytes) {
    const auto* const first = reinterpret_cast<const typename C::value_type*>(bytes.data());
    into.insert(into.end(), first, first + bytes.size());
}

/// A string for which what is appended is left out.
class NoContainer {
public:
    using value_type = char;
    NoContainer() noexcept = default;
    char* end() noexcept { return nullptr; }
    void insert(char*, const char*, const char*) noexcept {}
};

template <class R, class C>
class [[nodiscard]] ReadUntil {
public:
    using Output = Result<std::size_t>;
    ReadUntil(R& reader, std::byte delimiter, C& into, std::size_t limit) noexcept
        : reading_(reader), into_(std::addressof(into)), limit_(limit), delimiter_(delimiter) {}
    Poll<Output> poll(Context& cx) {
        LoopBudget budget;
        for (;;) {
            auto poll = reading_.poll_fill(cx);
            if (poll.is_pending()) return Pending;
            if (!poll.value()) return Poll<Output>(std::in_place, std::unexpect, poll.value().error());
            const io::ConstBytes there = *poll.value();
            const std::size_t at = find_byte(there, delimiter_);
            if (at > limit_ - count_) {
                take(there.first(limit_ - count_));
                return Poll<Output>(std::in_place, std::unexpect, make_error_code(IoError::too_long));
            }
            const bool found = at < there.size();
            take(there.first(found ? at + 1 : at));
            if (found || there.empty()) return Poll<Output>(std::in_place, count_);
            if (!budget.spend(cx)) return Pending;
        }
    }
    void inspect(Inspector& to) const { reading_.inspect(to); }

private:
    void take(io::ConstBytes bytes) {
        append(*into_, bytes);
        reading_.stream().consume(bytes.size());
        count_ += bytes.size();
    }
    Reading<R> reading_;
    C* into_;
    std::size_t limit_;
    std::size_t count_ = 0;
    std::byte delimiter_;
};
template <class R>
class [[nodiscard]] SkipUntil {
public:
    using Output = Result<std::size_t>;
    SkipUntil(R& reader, std::byte delimiter) noexcept
        : reading_(reader, delimiter, nothing_, io::no_limit) {}
    Poll<Output> poll(Context& cx) { return reading_.poll(cx); }
    void inspect(Inspector& to) const { reading_.inspect(to); }

private:
    static inline NoContainer nothing_;
    ReadUntil<R, NoContainer> reading_;
};

template <class R>
class [[nodiscard]] FillBuf {
public:
    using Output = Result<io::ConstBytes>;
    explicit FillBuf(R& reader) noexcept : reading_(reader) {}
    Poll<Output> poll(Context& cx) { return reading_.poll_fill(cx); }
    void inspect(Inspector& to) const { reading_.inspect(to); }

private:
    Reading<R> reading_;
};

/// Lines, and what else is divided by a byte. See `io::Lines`.
template <class R, bool of_lines>
class Segments {
public:
    using Item = Result<std::string>;

    Segments(R reader, std::byte delimiter, std::size_t limit) noexcept
        : reader_(std::move(reader)), limit_(limit), delimiter_(delimiter) {}

    /// The next one; nothing is the end. Cancel: destroy it; what it has read of one is kept for the next
    /// call.
    [[nodiscard]] auto next() { return NextItem<Segments>(*this); }

    Poll<std::optional<Item>> poll_next(Context& cx) {
        LoopBudget budget;
        while (!ended_) {
            auto poll = reader_.poll_fill_buf(cx);
            if (poll.is_pending()) return Pending;
            if (!poll.value()) {
                ended_ = true;
                return item(std::unexpected(poll.value().error()));
            }
            const io::ConstBytes there = *poll.value();
            ended_ = there.empty();
            const std::size_t at = find_byte(there, delimiter_);
            const bool found = at < there.size();
            const bool too_long = !skips_ && at > limit_ - part_.size();
            if (!skips_ && !too_long) append(part_, there.first(at));
            reader_.consume(found ? at + 1 : at);
            if (too_long) {
                skips_ = !found;
                part_.clear();
                return item(std::unexpected(make_error_code(IoError::too_long)));
            }
            if (found && std::exchange(skips_, false)) continue; // the end of one that was too long
            if (found || (ended_ && !part_.empty())) {
                if (of_lines && found && part_.ends_with('\r')) part_.pop_back();
                return item(std::exchange(part_, std::string()));
            }
            if (!ended_ && !budget.spend(cx)) return Pending;
        }
        return Poll<std::optional<Item>>(std::in_place);
    }
    void cancel_next() noexcept {
        if constexpr (requires(R& reader) { reader.cancel_read(); }) reader_.cancel_read();
    }
    void inspect(Inspector& to) const { inspect_stream(reader_, to, io::Interest::readable); }

    [[nodiscard]] R& inner() noexcept { return reader_; }
    /// What was read of a segment that has not ended is lost.
    [[nodiscard]] R into_inner() && { return std::move(reader_); }

private:
    static Poll<std::optional<Item>> item(Item value) {
        return Poll<std::optional<Item>>(std::in_place, std::move(value));
    }
    R reader_;
    std::string part_;
    std::size_t limit_;
    std::byte delimiter_;
    bool skips_ = false;
    bool ended_ = false;
};

/// `Result<std::optional<T>>` of a stream's `std::optional<Result<T>>`.
template <class S>
class [[nodiscard]] NextLine {
public:
    using Output = Result<std::optional<std::string>>;
    explicit NextLine(S& lines) noexcept : next_(lines) {}
    Poll<Output> poll(Context& cx) {
        auto poll = next_.poll(cx);
        if (poll.is_pending()) return Pending;
        auto& line = poll.value();
        if (!line) return Poll<Output>(std::in_place, std::nullopt);
        if (!*line) return Poll<Output>(std::in_place, std::unexpect, line->error());
        return Poll<Output>(std::in_place, std::move(**line));
    }
    void inspect(Inspector& to) const { next_.inspect(to); }

private:
    NextItem<S> next_;
};

} // namespace rouse::detail

namespace rouse::io {

// The reader outlives the future. Wake, thread: as the reader's `poll_fill_buf`. Errors: the reader's.

/// Appends to `into` (a string, or a vector of bytes or characters) up to and with the next `delimiter`, or
/// the end; how many bytes, 0 at the end. Errors: `IoError::too_long` where more than `limit` come before the
/// delimiter; `into` has that many then, and the rest is still in the reader. Cancel: destroy it; what came
/// is in `into`, and the next call with the same `into` goes on there.
template <AsyncBufRead R, class C>
    requires(sizeof(typename C::value_type) == 1)
[[nodiscard]] auto read_until(R& reader, std::byte delimiter, C& into, std::size_t limit = no_limit) {
    return detail::ReadUntil<R, C>(reader, delimiter, into, limit);
}
/// The same for a line; its newline comes with it.
template <AsyncBufRead R>
[[nodiscard]] auto read_line(R& reader, std::string& into, std::size_t limit = no_limit) {
    return detail::ReadUntil<R, std::string>(reader, std::byte('\n'), into, limit);
}
/// The same for what nobody wants. Cancel: destroy it; what it has skipped is gone.
template <AsyncBufRead R>
[[nodiscard]] auto skip_until(R& reader, std::byte delimiter) {
    return detail::SkipUntil<R>(reader, delimiter);
}
/// What is in the buffer, after a read if that is nothing; empty at the end. It stays there until the
/// reader's `consume`, and is good until the next call on the reader. Cancel: destroy it; nothing is lost.
template <AsyncBufRead R>
[[nodiscard]] auto fill_buf(R& reader) {
    return detail::FillBuf<R>(reader);
}

/// The lines of a reader, without their "\n" or "\r\n"; the last one needs none. `next_line()` gives one, or
/// nothing at the end; `next()` and `poll_next` are the same as a stream, whose items are Results.
///
/// One of more than `limit` bytes is `IoError::too_long`, once; the rest of it is skipped, and the next line
/// is the next. Any other error ends it. Memory: `limit`. Cancel: nothing is lost. Thread: as the reader.
///
/// ```cpp
/// auto lines = rouse::io::lines(rouse::io::BufReader(std::move(stream)), 1024);
/// while (auto line = rouse::or_throw(co_await lines.next_line())) handle(*line);
/// ```
template <AsyncBufRead R>
class Lines : public detail::Segments<R, true> {
public:
    explicit Lines(R reader, std::size_t limit = no_limit) noexcept
        : detail::Segments<R, true>(std::move(reader), std::byte('\n'), limit) {}
    [[nodiscard]] auto next_line() { return detail::NextLine<detail::Segments<R, true>>(*this); }
};
template <AsyncBufRead R>
[[nodiscard]] Lines<R> lines(R reader, std::size_t limit = no_limit) {
    return Lines<R>(std::move(reader), limit);
}

/// What lies between delimiters, as Lines. A segment is a string of any bytes.
template <AsyncBufRead R>
class Split : public detail::Segments<R, false> {
public:
    Split(R reader, std::byte delimiter, std::size_t limit = no_limit) noexcept
        : detail::Segments<R, false>(std::move(reader), delimiter, limit) {}
    [[nodiscard]] auto next_segment() { return detail::NextLine<detail::Segments<R, false>>(*this); }
};
template <AsyncBufRead R>
[[nodiscard]] Split<R> split(R reader, std::byte delimiter, std::size_t limit = no_limit) {
    return Split<R>(std::move(reader), delimiter, limit);
}

} // namespace rouse::io
