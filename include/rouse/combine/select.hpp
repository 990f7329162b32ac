// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <variant>

namespace rouse {

namespace detail {
/// Where a fair select begins: another arm each time.
std::uint32_t next_select_start() noexcept;
} // namespace detail

/// Runs several futures until the first completes. See `select`.
template <class... Fs>
class [[nodiscard]] Select {
    static constexpr std::size_t count = sizeof...(Fs);

public:
    using Output = std::variant<NonVoid<OutputOf<std::remove_reference_t<Fs>>>...>;

    template <class... Gs>
    explicit Select(bool biased, std::in_place_t, Gs&&... futures)
        : arms_(detail::Child<Fs>(std::in_place, std::forward<Gs>(futures))...), biased_(biased) {}
    /// Before the first poll.
    Select(Select&& other) noexcept : arms_(std::move(other.arms_)), biased_(other.biased_) {}

    Poll<Output> poll(Context& cx) {
        if (taken_) [[unlikely]]
            detail::stop_polled_after_ready("Select");
        return poll_arms(cx, std::make_index_sequence<count>());
    }
    void inspect(Inspector& to) const {
        int number = 0;
        std::apply(
            [&](const auto&... arm) {
                (arm.inspect(to, "arm " + std::to_string(++number) + " of select"), ...);
            },
            arms_);
    }

private:
    template <std::size_t... I>
    Poll<Output> poll_arms(Context& cx, std::index_sequence<I...>) {
        using PollArm = Poll<Output> (*)(Select&, Context&);
        static constexpr std::array<PollArm, count> arms{&Select::template poll_arm<I>...};
        const std::size_t start = biased_ ? 0 : detail::next_select_start() % count;
        for (std::size_t i = 0; i < count; ++i) {
            Poll<Output> poll = arms[(start + i) % count](*this, cx);
            if (poll.is_ready()) return poll;
        }
        // An arm that can never win is told, not thrown: another may.
        (tell_if_lost<I>(), ...);
        return Pending;
    }
    template <std::size_t I>
    static Poll<Output> poll_arm(Select& self, Context& cx) {
        auto& child = std::get<I>(self.arms_);
        auto poll = child.poll(cx, self.set_);
        if (poll.is_pending()) return Pending;
        self.taken_ = true;
        if constexpr (std::is_void_v<typename std::remove_reference_t<decltype(child)>::Output>) {
            self.end_all();
            return Poll<Output>(std::in_place, std::in_place_index<I>);
        } else {
            Poll<Output> result(std::in_place, std::in_place_index<I>, std::move(poll).value());
            self.end_all();
            return result;
        }
    }
    template <std::size_t I>
    void tell_if_lost() {
        auto& child = std::get<I>(arms_);
        if (child.is_lost()) child.report_lost("arm " + std::to_string(I + 1) + " of select");
    }
    /// The losers are gone before the winner's value is seen.
    void end_all() noexcept {
        std::apply([](auto&... arm) { (arm.end(), ...); }, arms_);
    }

    detail::ChildSet set_;
    std::tuple<detail::Child<Fs>...> arms_;
    bool biased_;
    bool taken_ = false;
};

/// Completes with the first of its futures that does: a variant, whose index says which (`Unit` for void).
/// The others are destroyed before it returns. A future given as an lvalue is polled where it is, and stays:
/// a sleep, say, that many turns of a loop share. Which arm is looked at first changes from poll to poll;
/// `select_biased` goes from left to right. Wake:   a wake of any arm polls them all. Cancel: destroys the
/// arms that it owns. Errors: what an arm throws is thrown. An arm that can never be woken again is reported
/// to the hang hook, and the others go on; when none is left the await throws.
///
/// ```cpp
/// auto first = co_await rouse::select(reply, rouse::sleep(5s));
/// if (first.index() == 1) give_up();
/// ```
template <class... Fs>
    requires(sizeof...(Fs) > 0 && (Future<std::remove_reference_t<Fs>> && ...))
auto select(Fs&&... futures) {
    return Select<Fs...>(false, std::in_place, std::forward<Fs>(futures)...);
}
/// As `select`, looking at its arms from left to right in every poll: one that is always ready starves those
/// after it.
template <class... Fs>
    requires(sizeof...(Fs) > 0 && (Future<std::remove_reference_t<Fs>> && ...))
auto select_biased(Fs&&... futures) {
    return Select<Fs...>(true, std::in_place, std::forward<Fs>(futures)...);
}

} // namespace rouse
