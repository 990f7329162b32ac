// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/base/stop.hpp"

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace rouse {

/// What one writes for "not yet" in a `poll`: `return Pending;`.
class PendingType {
public:
    explicit constexpr PendingType(int) noexcept {}
};
inline constexpr PendingType Pending{0};

/// What one writes for "here it is" in a `poll`: `return Ready(value);`, or `return Ready();` for a
/// `Poll<void>`. Also a future that is ready at once: see `ready()`.
template <class T = void>
class Ready {
public:
    template <class U>
        requires(!std::same_as<std::remove_cvref_t<U>, Ready>)
    explicit constexpr Ready(U&& value) : value_(std::forward<U>(value)) {}
    constexpr T&& take() && { return static_cast<T&&>(value_); }

private:
    T value_;
};
template <>
class Ready<void> {
public:
    constexpr Ready() noexcept = default;
};
template <class U>
Ready(U) -> Ready<U>;
Ready() -> Ready<void>;

/// What a `poll` returns: `Ready(value)` or `Pending`. `Poll<T&>` holds a reference.
template <class T = void>
class [[nodiscard]] Poll {
    using Stored = std::conditional_t<std::is_reference_v<T>, std::remove_reference_t<T>*, T>;

public:
    using value_type = T;

    constexpr Poll(PendingType) noexcept {}
    // A reference is made of `Ready<T&>(object)`; the value in a `Ready(object)` dies with the statement.
    template <class U>
        requires(std::constructible_from<T, U> && (!std::is_reference_v<T> || std::is_lvalue_reference_v<U>))
    constexpr Poll(Ready<U>&& ready) : value_(std::in_place, store(std::move(ready).take())) {}
    /// Makes the value in place, for types that do not move.
    template <class... Args>
    constexpr explicit Poll(std::in_place_t, Args&&... args)
        : value_(std::in_place, std::forward<Args>(args)...) {}

    [[nodiscard]] constexpr bool is_ready() const noexcept { return value_.has_value(); }
    [[nodiscard]] constexpr bool is_pending() const noexcept { return !value_.has_value(); }

    /// The value. Stops the program when Pending.
    constexpr T value() && {
        check();
        if constexpr (std::is_reference_v<T>) return static_cast<T>(**value_);
        else return std::move(*value_);
    }
    constexpr std::remove_reference_t<T>& value() & {
        check();
        if constexpr (std::is_reference_v<T>) return **value_;
        else return *value_;
    }
    constexpr const std::remove_reference_t<T>& value() const& {
        check();
        if constexpr (std::is_reference_v<T>) return **value_;
        else return *value_;
    }

    /// `Ready(fn(value))`, or Pending.
    template <class Fn>
    constexpr auto map(Fn&& fn) && -> Poll<std::invoke_result_t<Fn, T>> {
        using U = std::invoke_result_t<Fn, T>;
        if (is_pending()) return Pending;
        if constexpr (std::is_void_v<U>) {
            std::forward<Fn>(fn)(std::move(*this).value());
            return Ready();
        } else {
            return Ready<U>(std::forward<Fn>(fn)(std::move(*this).value()));
        }
    }

private:
    template <class U>
    static constexpr decltype(auto) store(U&& value) {
        if constexpr (std::is_reference_v<T>) return std::addressof(value);
        else return std::forward<U>(value);
    }
    constexpr void check() const {
        if (!value_) detail::stop("Poll::value() of a Pending poll");
    }
    std::optional<Stored> value_;
};

template <>
class [[nodiscard]] Poll<void> {
public:
    using value_type = void;

    constexpr Poll(PendingType) noexcept {}
    constexpr Poll(Ready<void>) noexcept : ready_(true) {}

    [[nodiscard]] constexpr bool is_ready() const noexcept { return ready_; }
    [[nodiscard]] constexpr bool is_pending() const noexcept { return !ready_; }
    constexpr void value() const {
        if (!ready_) detail::stop("Poll::value() of a Pending poll");
    }
    template <class Fn>
    constexpr auto map(Fn&& fn) && -> Poll<std::invoke_result_t<Fn>> {
        using U = std::invoke_result_t<Fn>;
        if (!ready_) return Pending;
        if constexpr (std::is_void_v<U>) {
            std::forward<Fn>(fn)();
            return Ready();
        } else {
            return Ready<U>(std::forward<Fn>(fn)());
        }
    }

private:
    bool ready_ = false;
};

/// `void` as a value: `Unit` where a tuple or a variant needs one.
class Unit {
public:
    constexpr Unit() noexcept = default;
    friend constexpr bool operator==(Unit, Unit) noexcept { return true; }
};
template <class T>
using NonVoid = std::conditional_t<std::is_void_v<T>, Unit, T>;

} // namespace rouse
