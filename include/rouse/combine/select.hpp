// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/child.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>

namespace rouse {

namespace detail {
/// Where a fair select begins: any arm.
std::uint32_t next_select_start() noexcept;

/// Several children of which the first that is ready is waited for. `Visit` is called with the index of the
/// winner, as a constant, and its value (nothing for void), when the losers are gone.
template <class... Fs>
class SelectArms {
    static constexpr std::size_t count = sizeof...(Fs);

public:
    template <class... Gs>
    explicit SelectArms(bool biased, std::in_place_t, Gs&&... futures)
        : arms_(Child<Fs>(std::in_place, std::forward<Gs>(futures))...), biased_(biased) {}
    /// Before the first poll.
    SelectArms(SelectArms&& other) noexcept : arms_(std::move(other.arms_)), biased_(other.biased_) {}

    /// True: `visit(std::integral_constant<std::size_t, I>, value...)` was called.
    template <class Visit>
    bool poll(Context& cx, std::string_view role, Visit visit) {
        return poll_arms(cx, role, visit, std::make_index_sequence<count>());
    }
    /// One was ready.
    [[nodiscard]] bool taken() const noexcept { return taken_; }
    /// An arm that is not to be polled.
    template <std::size_t I>
    void end() noexcept {
        std::get<I>(arms_).end();
    }
    [[nodiscard]] bool any_pending() const noexcept {
        return std::apply([](const auto&... arm) { return (arm.pending() || ...); }, arms_);
    }
    void inspect(Inspector& to, std::string_view role) const {
        int number = 0;
        std::apply([&](const auto&... arm) { (arm.inspect(to, role_of(++number, role)), ...); }, arms_);
    }

private:
    static std::string role_of(std::size_t number, std::string_view role) {
        return "arm " + std::to_string(number) + " of " + std::string(role);
    }
    template <class Visit, std::size_t... I>
    bool poll_arms(Context& cx, std::string_view role, Visit& visit, std::index_sequence<I...>) {
        using PollArm = bool (*)(SelectArms&, Context&, Visit&);
        static constexpr std::array<PollArm, count> arms{&SelectArms::template poll_arm<I, Visit>...};
        const std::size_t start = biased_ ? 0 : next_select_start() % count;
        for (std::size_t i = 0; i < count; ++i)
            if (arms[(start + i) % count](*this, cx, visit)) return true;
        // An arm that can never win is told, not thrown: another may.
        (tell_if_lost<I>(role), ...);
        return false;
    }
    template <std::size_t I, class Visit>
    static bool poll_arm(SelectArms& self, Context& cx, Visit& visit) {
        auto& child = std::get<I>(self.arms_);
        if (!child.pending()) return false;
        auto poll = child.poll(cx, self.set_);
        if (poll.is_pending()) return false;
        self.taken_ = true;
        constexpr std::integral_constant<std::size_t, I> index;
        if constexpr (std::is_void_v<typename std::remove_reference_t<decltype(child)>::Output>) {
            self.end_all();
            visit(index);
        } else {
            auto value = std::move(poll).value();
            self.end_all();
            visit(index, std::move(value));
        }
        return true;
    }
    template <std::size_t I>
    void tell_if_lost(std::string_view role) {
        auto& child = std::get<I>(arms_);
        if (child.pending() && child.is_lost()) child.report_lost(role_of(I + 1, role));
    }
    /// The losers are gone before the winner's value is seen.
    void end_all() noexcept {
        std::apply([](auto&... arm) { (arm.end(), ...); }, arms_);
    }

    ChildSet set_;
    std::tuple<Child<Fs>...> arms_;
    bool biased_;
    bool taken_ = false;
};

} // namespace detail

/// Runs several futures until the first completes. See `select`.
template <class... Fs>
class [[nodiscard]] Select {
public:
    using Output = std::variant<NonVoid<OutputOf<std::remove_reference_t<Fs>>>...>;

    template <class... Gs>
    explicit Select(bool biased, std::in_place_t, Gs&&... futures)
        : arms_(biased, std::in_place, std::forward<Gs>(futures)...) {}

    Poll<Output> poll(Context& cx) {
        if (arms_.taken()) [[unlikely]]
            detail::stop_polled_after_ready("Select");
        std::optional<Output> result;
        const auto keep = [&]<std::size_t I, class... V>(std::integral_constant<std::size_t, I>,
                                                         V&&... value) {
            result.emplace(std::in_place_index<I>, std::forward<V>(value)...);
        };
        if (!arms_.poll(cx, "select", keep)) return Pending;
        return Poll<Output>(std::in_place, std::move(*result));
    }
    void inspect(Inspector& to) const { arms_.inspect(to, "select"); }

private:
    detail::SelectArms<Fs...> arms_;
};

/// Completes with the first of its futures that does: a variant, whose index says which (`Unit` for void).
/// The others are destroyed before it returns. A future given as an lvalue is polled where it is, and stays:
/// a sleep, say, that many turns of a loop share. Which arm is looked at first is random in each poll;
/// `select_biased` goes from left to right.
/// Wake:   a wake of any arm polls them all.
/// Cancel: destroys the arms that it owns.
/// Errors: what an arm throws is thrown. An arm that can never be woken again is reported
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
