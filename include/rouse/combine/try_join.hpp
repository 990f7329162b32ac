// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/combine/expected.hpp"
#include "rouse/combine/join.hpp"

namespace rouse {

/// See `try_join`.
template <class... Fs>
class [[nodiscard]] TryJoin {
    template <class F>
    using Result = OutputOf<std::remove_reference_t<F>>;
    using Error = detail::ErrorOf<Result<Fs>...>;
    using Values = std::tuple<typename detail::ExpectedTraits<Result<Fs>>::Value...>;

public:
    /// Plain values, if none of the futures has errors that are values.
    using Output = std::conditional_t<std::is_void_v<Error>, Values, std::expected<Values, Error>>;

    template <class... Gs>
    explicit TryJoin(std::in_place_t, Gs&&... futures)
        : arms_("try_join", std::in_place, std::forward<Gs>(futures)...) {}
    /// Before the first poll.
    TryJoin(TryJoin&& other) noexcept = default;

    Poll<Output> poll(Context& cx) {
        if (taken_) [[unlikely]]
            detail::stop_polled_after_ready("TryJoin");
        taken_ = true; // also if one throws
        if (!arms_.poll(cx, [](const auto& value) { return is_error(value); })) {
            taken_ = false;
            return Pending;
        }
        arms_.end_all();
        return arms_.results([](auto&... result) { return finish(result...); });
    }
    void inspect(Inspector& to) const { arms_.inspect(to); }

private:
    template <class T>
    static bool is_error(const T& value) {
        if constexpr (detail::Expected<T>) return !value.has_value();
        else return false;
    }
    template <class T>
    static auto value_of(T& value) -> typename detail::ExpectedTraits<T>::Value {
        if constexpr (!detail::Expected<T>) return std::move(value);
        else if constexpr (std::is_void_v<typename T::value_type>) return Unit();
        else return std::move(*value);
    }
    template <class... Results>
    static Poll<Output> finish(Results&... results) {
        if constexpr (!std::is_void_v<Error>) {
            std::optional<Error> error;
            const auto look = [&](auto& result) {
                if constexpr (detail::Expected<decltype(*result)>)
                    if (result && !result->has_value()) error.emplace(std::move(result->error()));
            };
            (look(results), ...);
            if (error) return Poll<Output>(std::in_place, std::unexpect, std::move(*error));
        }
        return Poll<Output>(std::in_place, Values(value_of(*results)...));
    }

    detail::JoinArms<Fs...> arms_;
    bool taken_ = false;
};

/// As `join`, for futures of a `std::expected`: completes with a tuple of the values when all have one, or
/// with the first error; the other futures are destroyed before it is seen. The errors have one type, or one
/// that takes the others. Futures of plain values may be among them, and exceptions cancel as errors do.
/// Wake, cancel, lost children: as in `join`.
///
/// ```cpp
/// auto both = co_await rouse::try_join(read_config(), read_state()); // std::expected<std::tuple<...>, E>
/// if (!both) co_return std::unexpected(both.error());
/// auto& [config, state] = *both;
/// ```
template <class... Fs>
    requires(Future<std::remove_reference_t<Fs>> && ...)
auto try_join(Fs&&... futures) {
    return TryJoin<Fs...>(std::in_place, std::forward<Fs>(futures)...);
}

} // namespace rouse
