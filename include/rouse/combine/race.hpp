// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/select.hpp"

namespace rouse {

namespace detail {
/// A variant of each type once.
template <class Variant, class... Ts>
struct VariantOf {
    using type = Variant;
};
template <class... Vs, class T, class... Ts>
struct VariantOf<std::variant<Vs...>, T, Ts...>
    : VariantOf<
          std::conditional_t<(std::is_same_v<Vs, T> || ...), std::variant<Vs...>, std::variant<Vs..., T>>,
          Ts...> {};
/// What a race of these ends with.
template <class T, class... Ts>
struct RaceOutput : std::conditional_t<(std::is_same_v<T, Ts> && ...), std::type_identity<T>,
                                       VariantOf<std::variant<>, NonVoid<T>, NonVoid<Ts>...>> {};
} // namespace detail

/// See `race`.
template <class... Fs>
class [[nodiscard]] Race {
public:
    using Output = typename detail::RaceOutput<OutputOf<std::remove_reference_t<Fs>>...>::type;

    template <class... Gs>
    explicit Race(bool biased, std::in_place_t, Gs&&... futures)
        : arms_(biased, std::in_place, std::forward<Gs>(futures)...) {}

    Poll<Output> poll(Context& cx) {
        if (arms_.taken()) [[unlikely]]
            detail::stop_polled_after_ready("Race");
        std::optional<NonVoid<Output>> result;
        const auto keep = [&]<class... V>(auto, V&&... value) {
            if constexpr (sizeof...(V) != 0) result.emplace(std::forward<V>(value)...);
            else if constexpr (std::constructible_from<NonVoid<Output>, Unit>) result.emplace(Unit());
        };
        if (!arms_.poll(cx, "race", keep)) return Pending;
        if constexpr (std::is_void_v<Output>) return Ready();
        else return Poll<Output>(std::in_place, std::move(*result));
    }
    void inspect(Inspector& to) const { arms_.inspect(to, "race"); }

private:
    detail::SelectArms<Fs...> arms_;
};

/// The value of the first of its futures that completes, whichever it is: of their type, if they have one, or
/// a variant in which each of their types is found once (`Unit` for void). To know which one it was, use
/// `select`. All else is as there: the others are destroyed first, an lvalue is polled where it is and stays,
/// and another future is looked at first in each poll; `race_biased` goes from left to right.
/// Wake:   a wake of any polls them all.
/// Cancel: destroys the futures that it owns.
/// Errors: the first that ends with an exception ends the race with it.
///
/// ```cpp
/// std::string page = co_await rouse::race(fetch(mirror), fetch(origin));
/// ```
template <class... Fs>
    requires(sizeof...(Fs) > 0 && (Future<std::remove_reference_t<Fs>> && ...))
auto race(Fs&&... futures) {
    return Race<Fs...>(false, std::in_place, std::forward<Fs>(futures)...);
}
/// As `race`, looking at its futures from left to right in every poll.
template <class... Fs>
    requires(sizeof...(Fs) > 0 && (Future<std::remove_reference_t<Fs>> && ...))
auto race_biased(Fs&&... futures) {
    return Race<Fs...>(true, std::in_place, std::forward<Fs>(futures)...);
}

} // namespace rouse
