// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/poll.hpp"

#include <expected>
#include <tuple>
#include <type_traits>

namespace rouse::detail {

template <class T>
struct ExpectedTraits {
    static constexpr bool is = false;
    using Value = NonVoid<T>;
    using Errors = std::tuple<>;
};
template <class T, class E>
struct ExpectedTraits<std::expected<T, E>> {
    static constexpr bool is = true;
    using Value = NonVoid<T>;
    using Error = E;
    using Errors = std::tuple<E>;
};

template <class T>
concept Expected = ExpectedTraits<std::remove_cvref_t<T>>::is;

template <class Tuple>
struct CommonError;
template <>
struct CommonError<std::tuple<>> {
    using type = void;
};
template <class E, class... Es>
struct CommonError<std::tuple<E, Es...>> {
    template <class... All>
    static auto common() {
        if constexpr ((std::is_same_v<E, All> && ...)) {
            return std::type_identity<E>();
        } else {
            static_assert(
                requires { typename std::common_type_t<E, All...>; },
                "the futures have error types of which none takes the others: map_err them to one");
            return std::type_identity<std::common_type_t<E, All...>>();
        }
    }
    using type = typename decltype(common<Es...>())::type;
};

/// The one error type of several outputs, those that are a `std::expected`; void if none is.
template <class... Outputs>
using ErrorOf = typename CommonError<decltype(std::tuple_cat(
    std::declval<typename ExpectedTraits<Outputs>::Errors>()...))>::type;

} // namespace rouse::detail
