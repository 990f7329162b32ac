// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/web/imports.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace rouse::web {
class JsFuture;
} // namespace rouse::web

namespace rouse::js {

class Value;

/// What JavaScript returned, or what it threw.
using Result = std::expected<Value, Value>;

enum class Type : std::uint8_t { undefined, null, boolean, number, string, symbol, bigint, function, object };

/// A JavaScript value, owned: what it refers to stays alive as long as the Value does. Undefined, null and
/// the booleans take no place in the table that rouse.mjs keeps, nor do integers of 30 bits; everything else
/// has one until the last copy dies.
///
/// What may throw in JavaScript has two forms: `get` throws `js::Error`, which carries the thrown value;
/// `try_get` returns a Result, for code without exceptions or without a wish for them.
///
/// ```cpp
/// js::Value url = js::global("location").get("href");
/// js::global("console").invoke("log", "we are at", url);
/// ```
class Value {
public:
    /// Undefined.
    constexpr Value() noexcept = default;
    constexpr Value(std::nullptr_t) noexcept : handle_(null_handle) {}
    constexpr Value(std::same_as<bool> auto flag) noexcept : handle_(flag ? true_handle : false_handle) {}
    /// A number. Integers beyond 2^53 are rounded, as every number of JavaScript is.
    template <class N>
        requires(std::floating_point<N> || (std::integral<N> && !std::same_as<N, bool>))
    Value(N number) : handle_(detail::sys::rouse_js_number(static_cast<double>(number))) {}
    /// A string, from UTF-8.
    Value(std::string_view text) : handle_(detail::sys::rouse_js_string(text.data(), text.size())) {}
    Value(const std::string& text) : Value(std::string_view(text)) {}
    Value(const char* text) : Value(std::string_view(text)) {}

    Value(const Value& other)
        : handle_(other.is_owned() ? detail::sys::rouse_js_clone(other.handle_) : other.handle_) {}
    Value(Value&& other) noexcept : handle_(std::exchange(other.handle_, undefined_handle)) {}
    Value& operator=(Value other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Value() {
        if (is_owned()) detail::sys::rouse_js_drop(handle_);
    }
    /// Takes a handle over.
    [[nodiscard]] static Value adopt(Handle handle) noexcept {
        Value value;
        value.handle_ = handle;
        return value;
    }
    [[nodiscard]] Handle handle() const noexcept { return handle_; }
    /// Gives the handle away.
    [[nodiscard]] Handle release() && noexcept { return std::exchange(handle_, undefined_handle); }

    // ---- what it is ----

    [[nodiscard]] Type type() const noexcept;
    [[nodiscard]] bool is_undefined() const noexcept { return handle_ == undefined_handle; }
    [[nodiscard]] bool is_null() const noexcept { return handle_ == null_handle; }
    [[nodiscard]] bool is_number() const noexcept { return type() == Type::number; }
    [[nodiscard]] bool is_string() const noexcept { return type() == Type::string; }
    [[nodiscard]] bool is_function() const noexcept { return type() == Type::function; }
    /// What `if (value)` says.
    [[nodiscard]] bool truthy() const noexcept { return detail::sys::rouse_js_truthy(handle_) != 0; }
    [[nodiscard]] bool instance_of(const Value& constructor) const;
    /// `===`
    friend bool operator==(const Value& a, const Value& b) noexcept {
        return a.handle_ == b.handle_ || detail::sys::rouse_js_equal(a.handle_, b.handle_) != 0;
    }

    // ---- conversions ----

    /// `Number(value)`
    [[nodiscard]] double to_double() const;
    /// `String(value)`, in UTF-8.
    [[nodiscard]] std::string to_string() const;
    /// The JSON of it.
    [[nodiscard]] std::string to_json() const;

    // ---- objects and arrays ----

    [[nodiscard]] Value get(std::string_view key) const;
    [[nodiscard]] Value get(std::uint32_t index) const;
    [[nodiscard]] Result try_get(std::string_view key) const;
    [[nodiscard]] Result try_get(std::uint32_t index) const;
    void set(std::string_view key, const Value& value) const;
    void set(std::uint32_t index, const Value& value) const;
    [[nodiscard]] Result try_set(std::string_view key, const Value& value) const;
    [[nodiscard]] std::uint32_t length() const {
        return static_cast<std::uint32_t>(get("length").to_double());
    }
    void push(const Value& value) const { set(length(), value); }

    // ---- calls ----

    /// `value(arguments...)`
    template <class... Args>
    Value call(const Args&... arguments) const;
    template <class... Args>
    [[nodiscard]] Result try_call(const Args&... arguments) const;
    /// `value.method(arguments...)`
    template <class... Args>
    Value invoke(std::string_view method, const Args&... arguments) const;
    template <class... Args>
    [[nodiscard]] Result try_invoke(std::string_view method, const Args&... arguments) const;
    /// `new value(arguments...)`
    template <class... Args>
    [[nodiscard]] Value construct(const Args&... arguments) const;
    template <class... Args>
    [[nodiscard]] Result try_construct(const Args&... arguments) const;

    /// A future of what the Promise settles with: `co_await value.await()`. See JsFuture.
    [[nodiscard]] web::JsFuture await() const;

private:
    [[nodiscard]] bool is_owned() const noexcept { return js::is_owned(handle_); }
    Handle handle_ = undefined_handle;
};

namespace detail {

/// The value, or `js::Error` is thrown.
Value value_of(Reply reply);
Result result_of(Reply reply) noexcept;

/// An argument of a call: a Value is lent, anything else becomes one for the time of the call.
class Argument {
public:
    explicit Argument(const Value& value) noexcept : handle_(value.handle()) {}
    template <class T>
        requires(!std::same_as<T, Value>)
    explicit Argument(const T& value) : made_(value), handle_(made_.handle()) {}
    [[nodiscard]] Handle handle() const noexcept { return handle_; }

private:
    Value made_;
    Handle handle_;
};

/// The handles of the arguments, for the time of the call.
template <class... Args>
class Arguments {
public:
    explicit Arguments(const Args&... arguments)
        : arguments_{Argument(arguments)...}, handles_(handles(std::index_sequence_for<Args...>())) {}
    [[nodiscard]] const Handle* data() const noexcept { return handles_.data(); }
    [[nodiscard]] static constexpr std::size_t size() noexcept { return sizeof...(Args); }

private:
    template <std::size_t... Is>
    std::array<Handle, sizeof...(Args)> handles(std::index_sequence<Is...>) const noexcept {
        return {arguments_[Is].handle()...};
    }
    std::array<Argument, sizeof...(Args)> arguments_;
    std::array<Handle, sizeof...(Args)> handles_;
};

template <class... Args>
Reply call(Handle function, const Args&... arguments) {
    const Arguments<Args...> list(arguments...);
    return sys::rouse_js_call(function, undefined_handle, list.data(), list.size());
}
template <class... Args>
Reply invoke(Handle object, std::string_view method, const Args&... arguments) {
    const Arguments<Args...> list(arguments...);
    return sys::rouse_js_invoke(object, method.data(), method.size(), list.data(), list.size());
}
template <class... Args>
Reply construct(Handle constructor, const Args&... arguments) {
    const Arguments<Args...> list(arguments...);
    return sys::rouse_js_construct(constructor, list.data(), list.size());
}

} // namespace detail

template <class... Args>
Value Value::call(const Args&... arguments) const {
    return detail::value_of(detail::call(handle_, arguments...));
}
template <class... Args>
Result Value::try_call(const Args&... arguments) const {
    return detail::result_of(detail::call(handle_, arguments...));
}
template <class... Args>
Value Value::invoke(std::string_view method, const Args&... arguments) const {
    return detail::value_of(detail::invoke(handle_, method, arguments...));
}
template <class... Args>
Result Value::try_invoke(std::string_view method, const Args&... arguments) const {
    return detail::result_of(detail::invoke(handle_, method, arguments...));
}
template <class... Args>
Value Value::construct(const Args&... arguments) const {
    return detail::value_of(detail::construct(handle_, arguments...));
}
template <class... Args>
Result Value::try_construct(const Args&... arguments) const {
    return detail::result_of(detail::construct(handle_, arguments...));
}

/// `globalThis[name]`; undefined if there is no such thing.
[[nodiscard]] Value global(std::string_view name);
/// `{}`
[[nodiscard]] inline Value object() { return Value::adopt(detail::sys::rouse_js_object()); }
/// `[]`, with these in it.
template <class... Args>
[[nodiscard]] Value array(const Args&... items) {
    Value made = Value::adopt(detail::sys::rouse_js_array());
    std::uint32_t index = 0;
    (made.set(index++, Value(items)), ...);
    return made;
}
/// `new Error(message)`
[[nodiscard]] Value error(std::string_view message, std::string_view name = "Error");
/// What the JSON text says; throws `js::Error` if it says nothing.
[[nodiscard]] Value parse_json(std::string_view text);

} // namespace rouse::js
