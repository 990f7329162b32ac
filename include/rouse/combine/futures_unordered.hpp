// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/ready_set.hpp"

#include <ranges>

namespace rouse {

/// A set of futures that run at the same time in one task, and whose values are taken as they come. It is a
/// stream: `Item`, `poll_next`.
///
/// ```cpp
/// rouse::FuturesUnordered<rouse::Task<Page>> pages;
/// for (const auto& url : urls) pages.push(fetch(url));
/// while (auto page = co_await pages.next()) use(*page);
/// ```
/// Each future has wakers of its own, and only those that were woken are polled: a wake costs the same
/// whether the set has ten futures or ten thousand. One allocation for each future. For futures of several
/// types use BoxFuture.
///
/// Wake:   by the futures; also by a `push` while somebody waits in `next`. Order: that of the wakes, first
///         in, first out: none that was woken waits for more than the others that were. A future that wakes
///         itself is polled once in a turn, and the task gives way.
/// Cancel: dropping a `next()` loses nothing; the set and its futures stay as they are. Destroying the set
///         destroys the futures, first to last, and those that their destructors push; `clear` leaves these.
/// Errors: what a future throws comes out of `next`, and that future is gone; the others go on. A future that
///         can never be woken again throws `LostWaker` at its own await, at once.
/// Thread: one at a time, as the futures; wakes from any. What was written before a wake is seen by the
///         future that it wakes (release, acquire).
template <Future F>
class [[nodiscard]] FuturesUnordered {
public:
    /// What the futures return; `Unit` for void.
    using Item = NonVoid<OutputOf<F>>;

    FuturesUnordered() noexcept = default;

    /// Adds a future. It is polled in the next poll of the set, not here.
    void push(F future) { set_.push(std::move(future)); }

    /// The next value; nothing when there is no future left (and again futures may be pushed).
    Poll<std::optional<Item>> poll_next(Context& cx) {
        std::optional<Item> value;
        if (set_.poll(cx, &value, role) == detail::ReadySet::Polled::pending) return Pending;
        return Poll<std::optional<Item>>(std::in_place, std::move(value));
    }

    /// Whoever was told Pending by `poll_next` no longer waits.
    void cancel_next() noexcept { set_.forget_waker(); }

    class [[nodiscard]] Next {
    public:
        using Output = std::optional<Item>;
        explicit Next(FuturesUnordered& set) noexcept : set_(&set) {}
        Next(Next&& other) noexcept : set_(std::exchange(other.set_, nullptr)) {}
        ~Next() {
            if (set_) set_->cancel_next();
        }
        Poll<Output> poll(Context& cx) {
            if (!set_) [[unlikely]]
                detail::stop_polled_after_ready("FuturesUnordered::Next");
            auto poll = set_->poll_next(cx);
            if (poll.is_ready()) set_ = nullptr;
            return poll;
        }
        void inspect(Inspector& to) const {
            if (set_) set_->inspect(to);
        }

    private:
        FuturesUnordered* set_; // null after Ready
    };
    /// A future of the next value, or of nothing when the set is empty. One at a time.
    [[nodiscard]] Next next() noexcept { return Next(*this); }

    /// Futures that have not completed.
    [[nodiscard]] std::size_t len() const noexcept { return set_.len(); }
    [[nodiscard]] bool is_empty() const noexcept { return len() == 0; }
    /// Destroys all futures.
    void clear() noexcept { set_.clear(); }
    void inspect(Inspector& to) const { set_.inspect(to, role); }

private:
    static constexpr std::string_view role = "FuturesUnordered";
    detail::ReadySetHandle set_;
};

/// A set of all futures of a range, which are moved out of it.
template <std::ranges::input_range Range>
    requires Future<std::ranges::range_value_t<Range>>
[[nodiscard]] auto futures_unordered(Range&& futures) {
    FuturesUnordered<std::ranges::range_value_t<Range>> set;
    for (auto&& future : futures) set.push(std::move(future));
    return set;
}

} // namespace rouse
