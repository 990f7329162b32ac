// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/stop.hpp"

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rouse::stream {

/// A `std::optional` of a reference: refers to an object, or to none. Assigning makes it refer to another
/// one.
template <class T>
class MaybeRef {
public:
    using value_type = T&;
    constexpr MaybeRef() noexcept = default;
    constexpr MaybeRef(std::nullopt_t) noexcept {}
    constexpr explicit MaybeRef(std::in_place_t, T& object) noexcept : object_(std::addressof(object)) {}

    [[nodiscard]] constexpr bool has_value() const noexcept { return object_ != nullptr; }
    constexpr explicit operator bool() const noexcept { return object_ != nullptr; }
    [[nodiscard]] constexpr T& operator*() const noexcept { return *object_; }
    [[nodiscard]] constexpr T* operator->() const noexcept { return object_; }
    /// Stops the program when it refers to none.
    [[nodiscard]] constexpr T& value() const {
        if (!object_) ::rouse::detail::stop("MaybeRef::value() of none");
        return *object_;
    }
    constexpr T& emplace(T& object) noexcept { return *(object_ = std::addressof(object)); }
    constexpr void reset() noexcept { object_ = nullptr; }

    friend constexpr bool operator==(const MaybeRef& a, std::nullopt_t) noexcept { return !a.has_value(); }
    friend constexpr bool operator==(const MaybeRef& a, const T& value)
        requires std::equality_comparable<std::remove_const_t<T>>
    {
        return a.has_value() && *a == value;
    }

private:
    T* object_ = nullptr;
};

/// What a stream hands out: an item, or nothing at its end. For an item that is a reference a MaybeRef, else
/// a `std::optional`.
template <class T>
using Maybe =
    std::conditional_t<std::is_lvalue_reference_v<T>, MaybeRef<std::remove_reference_t<T>>, std::optional<T>>;

} // namespace rouse::stream
