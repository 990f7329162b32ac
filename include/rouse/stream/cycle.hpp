// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/stream/ask.hpp"

#include <optional>
#include <type_traits>
#include <utility>

namespace rouse::stream {

/// See `cycle`.
template <class Make>
class Cycle {
    using Made = std::invoke_result_t<Make&>;
    static_assert(Stream<Made>, "cycle takes a function that returns a stream, by value");

public:
    using Item = ItemOf<Made>;
    explicit Cycle(std::in_place_t, Make make) : make_(std::in_place, std::move(make)) {}
    /// Before the first poll.
    Cycle(Cycle&& other) noexcept(std::is_nothrow_move_constructible_v<Make>)
        : make_(std::move(other.make_)) {}

    Poll<Maybe<Item>> poll_next(Context& cx) {
        return detail::or_end(*this, [&]() -> Poll<Maybe<Item>> {
            while (make_) {
                if (!now_) {
                    now_.emplace(std::in_place, (*make_)());
                    has_given_ = false;
                }
                auto next = now_->poll(cx);
                if (next.is_pending()) return Pending;
                if (detail::has_item(next)) {
                    has_given_ = true;
                    return next;
                }
                now_.reset();
                if (!has_given_) end();
            }
            return detail::no_item<Item>();
        });
    }
    void end() noexcept {
        now_.reset();
        make_.reset();
    }
    bool fail_await(std::exception_ptr error) { return now_ && now_->fail_await(std::move(error)); }
    void cancel_next() noexcept {
        if (now_) now_->cancel_next();
    }
    void inspect(Inspector& to) const {
        if (now_) now_->inspect(to);
    }

private:
    std::optional<Make> make_; // nothing: it is over
    std::optional<detail::Upstream<Made>> now_;
    bool has_given_ = false;
};

/// The items of the stream that `make()` returns, then those of the next one that it returns, and so on for
/// ever; it is over when one of them has no item at all. (A stream that was polled cannot be copied: so it is
/// made anew each time.)
/// Wake, cancel: as the stream that it is at. Memory: one stream; nothing is allocated.
///
/// ```cpp
/// auto lights = stream::cycle([] { return stream::iter({"green", "yellow", "red"}); });
/// ```
template <class Make>
    requires std::invocable<Make&>
[[nodiscard]] auto cycle(Make make) {
    return Cycle<Make>(std::in_place, std::move(make));
}

} // namespace rouse::stream
