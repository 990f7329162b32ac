// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/stream.hpp"

namespace rouse::detail {

/// A future that is made anew for each item, of an object that it refers to.
template <class R, class F>
class EachTime {
public:
    template <class G>
    explicit EachTime(std::in_place_t, G&& object) : object_(std::in_place, std::forward<G>(object)) {}
    EachTime(EachTime&& other) noexcept : object_(std::move(other.object_)) {} // before the first poll

    explicit operator bool() const noexcept { return static_cast<bool>(object_); }
    auto& operator*() noexcept { return *object_; }
    /// What `make(object)` completes with.
    template <class Make>
    Poll<OutputOf<F>> poll(Context& cx, Make make) {
        if (!future_) future_.emplace(make(*object_));
        auto poll = or_end(*this, [&] { return future_->poll(cx); });
        if (poll.is_ready()) future_.reset();
        return poll;
    }
    /// A future that holds nothing while it is pending goes, and is made anew in the next poll; another
    /// stays.
    void cancel_next() noexcept {
        if constexpr (requires { requires F::holds_nothing; }) future_.reset();
    }
    void end() noexcept {
        future_.reset();
        object_.reset();
    }
    void inspect(Inspector& to) const {
        if (future_) inspect_future(*future_, to);
    }

private:
    Held<R> object_;
    std::optional<F> future_; // refers to the object
};

} // namespace rouse::detail
