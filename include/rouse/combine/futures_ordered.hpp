// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/indexed.hpp"
#include "rouse/combine/ready_set.hpp"

#include <deque>

namespace rouse {

/// As FuturesUnordered, but its values come in the order in which the futures were pushed: a value that is
/// there too early is kept until those before it have been taken. It is a stream: `Item`, `poll_next`.
///
/// Wake:   by the futures; only those that were woken are polled. Also by a push while somebody waits.
/// Cancel: dropping a `next()` loses nothing. Destroying the queue destroys the futures and the values kept.
/// Errors: what a future throws is kept as a value is, and thrown by `next` in its turn.
/// Thread: as FuturesUnordered.
template <Future F>
class [[nodiscard]] FuturesOrdered {
    using Result = std::expected<OutputOf<F>, std::exception_ptr>;

public:
    /// What the futures return; `Unit` for void.
    using Item = NonVoid<OutputOf<F>>;

    FuturesOrdered() noexcept = default;

    /// Adds a future at the end.
    void push_back(F future) {
        push(first_ + results_.size(), std::move(future));
        results_.emplace_back();
    }
    /// Adds a future whose value comes before all others.
    void push_front(F future) {
        push(first_ - 1, std::move(future));
        results_.emplace_front();
        --first_;
    }

    /// The value of the first future; nothing when there is none left.
    Poll<std::optional<Item>> poll_next(Context& cx) {
        while (!results_.empty() && !results_.front()) {
            std::optional<std::pair<std::size_t, Result>> next;
            if (set_.poll(cx, &next, role) == detail::ReadySet::Polled::pending) return Pending;
            results_[next->first - first_].emplace(std::move(next->second));
        }
        if (results_.empty()) return Poll<std::optional<Item>>(std::in_place, std::nullopt);
        Result result = std::move(*results_.front());
        results_.pop_front();
        ++first_;
        if (!result) std::rethrow_exception(std::move(result.error()));
        if constexpr (std::is_void_v<OutputOf<F>>) return Poll<std::optional<Item>>(std::in_place, Unit());
        else return Poll<std::optional<Item>>(std::in_place, std::move(*result));
    }

    class [[nodiscard]] Next {
    public:
        using Output = std::optional<Item>;
        explicit Next(FuturesOrdered& queue) noexcept : queue_(&queue) {}
        Next(Next&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)) {}
        ~Next() {
            if (queue_) queue_->set_.forget_waker();
        }
        Poll<Output> poll(Context& cx) {
            if (!queue_) [[unlikely]]
                detail::stop_polled_after_ready("FuturesOrdered::Next");
            auto poll = queue_->poll_next(cx);
            if (poll.is_ready()) queue_ = nullptr;
            return poll;
        }
        void inspect(Inspector& to) const {
            if (queue_) queue_->inspect(to);
        }

    private:
        FuturesOrdered* queue_; // null after Ready
    };
    /// A future of the next value, or of nothing when there is none. One at a time.
    [[nodiscard]] Next next() noexcept { return Next(*this); }

    /// Values that were not taken.
    [[nodiscard]] std::size_t len() const noexcept { return results_.size(); }
    [[nodiscard]] bool is_empty() const noexcept { return results_.empty(); }
    /// Destroys all futures and values.
    void clear() noexcept {
        set_.clear();
        results_.clear();
    }
    void inspect(Inspector& to) const { set_.inspect(to, role); }

private:
    static constexpr std::string_view role = "FuturesOrdered";
    void push(std::size_t index, F future) {
        set_.push(detail::Indexed<detail::Settled<F>>(index, detail::Settled<F>(std::move(future))));
    }

    detail::ReadySetHandle set_;
    std::deque<std::optional<Result>> results_; // of the futures first_, first_ + 1, ... modulo 2^64
    std::size_t first_ = 0;
};

} // namespace rouse
