// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/indexed.hpp"
#include "rouse/combine/ready_set.hpp"

#include <deque>

namespace rouse {
namespace detail {

/// A future whose outcome goes to a place outside of it. What the value throws when it is moved there is its
/// outcome.
template <Future F>
class Placed {
public:
    using Output = void;
    using Place = std::optional<OutputOf<Settled<F>>>;

    Placed(Place& place, F future) : place_(&place), future_(std::move(future)) {}
    Poll<void> poll(Context& cx) {
        auto poll = future_.poll(cx);
        if (poll.is_pending()) return Pending;
#if ROUSE_EXCEPTIONS
        try {
            place_->emplace(std::move(poll).value());
        } catch (...) {
            place_->emplace(std::unexpect, std::current_exception());
        }
#else
        place_->emplace(std::move(poll).value());
#endif
        return Ready();
    }
    bool fail_await(std::exception_ptr error) { return future_.fail_await(std::move(error)); }
    void inspect(Inspector& to) const { future_.inspect(to); }

private:
    Place* place_;
    Settled<F> future_;
};

} // namespace detail

/// As FuturesUnordered, but its values come in the order in which the futures were pushed: a value that is
/// there too early is kept until those before it have been taken. It is a stream: `Item`, `poll_next`.
///
/// Wake:   by the futures; only those that were woken are polled. Also by a push while somebody waits.
/// Cancel: dropping a `next()` loses nothing. Destroying the queue destroys the futures and the values kept.
/// Errors: what a future throws is kept as a value is, and thrown by `next` in its turn.
/// Thread: as FuturesUnordered.
template <Future F>
class [[nodiscard]] FuturesOrdered {
    using Child = detail::Placed<F>;
    using Places = std::deque<typename Child::Place>;

public:
    /// What the futures return; `Unit` for void.
    using Item = NonVoid<OutputOf<F>>;

    FuturesOrdered() noexcept = default;

    /// Adds a future at the end. If that throws, nothing was added.
    void push_back(F future) { push(NewPlace(places_, false), std::move(future)); }
    /// Adds a future whose value comes before all others. If that throws, nothing was added.
    void push_front(F future) { push(NewPlace(places_, true), std::move(future)); }

    /// The value of the first future; nothing when there is none left.
    Poll<std::optional<Item>> poll_next(Context& cx) {
        while (!places_.empty() && !places_.front()) {
            std::optional<Unit> placed;
            const auto polled = set_.poll(cx, &placed, role);
            if (polled == detail::ReadySet::Polled::pending) return Pending;
            // Nobody is left who would fill a place.
            if (polled == detail::ReadySet::Polled::none) places_.clear();
        }
        if (places_.empty()) return Poll<std::optional<Item>>(std::in_place, std::nullopt);
        const TakeFront taken(places_); // also if moving the value throws
        auto& result = *places_.front();
        if (!result) std::rethrow_exception(std::move(result.error()));
        if constexpr (std::is_void_v<OutputOf<F>>) return Poll<std::optional<Item>>(std::in_place, Unit());
        else return Poll<std::optional<Item>>(std::in_place, std::move(*result));
    }

    /// Whoever was told Pending by `poll_next` no longer waits.
    void cancel_next() noexcept { set_.forget_waker(); }

    class [[nodiscard]] Next {
    public:
        using Output = std::optional<Item>;
        explicit Next(FuturesOrdered& queue) noexcept : queue_(&queue) {}
        Next(Next&& other) noexcept : queue_(std::exchange(other.queue_, nullptr)) {}
        ~Next() {
            if (queue_) queue_->cancel_next();
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
    [[nodiscard]] std::size_t len() const noexcept { return places_.size(); }
    [[nodiscard]] bool is_empty() const noexcept { return places_.empty(); }
    /// Destroys all futures and values; those that the destructors of futures push are left.
    void clear() noexcept {
        places_.clear();
        set_.clear();
    }
    void inspect(Inspector& to) const { set_.inspect(to, role); }

private:
    static constexpr std::string_view role = "FuturesOrdered";
    /// For a future that is being pushed; taken back if that throws.
    class NewPlace {
    public:
        NewPlace(Places& places, bool front)
            : places_(places),
              front_(front),
              place_(front ? places.emplace_front() : places.emplace_back()) {}
        NewPlace(const NewPlace&) = delete;
        NewPlace& operator=(const NewPlace&) = delete;
        ~NewPlace() {
            if (kept_) return;
            if (front_) places_.pop_front();
            else places_.pop_back();
        }
        Child::Place& operator*() const noexcept { return place_; }
        void keep() noexcept { kept_ = true; }

    private:
        Places& places_;
        bool front_;
        bool kept_ = false;
        Child::Place& place_;
    };
    class TakeFront {
    public:
        explicit TakeFront(Places& places) noexcept : places_(places) {}
        TakeFront(const TakeFront&) = delete;
        TakeFront& operator=(const TakeFront&) = delete;
        ~TakeFront() { places_.pop_front(); }

    private:
        Places& places_;
    };
    void push(NewPlace&& place, F future) {
        set_.push(Child(*place, std::move(future)));
        place.keep();
    }

    // A deque moves none of its elements when others come and go at its ends, nor when it is moved itself.
    Places places_;
    detail::ReadySetHandle set_; // destroyed first: the destructors of its futures may push
};

} // namespace rouse
