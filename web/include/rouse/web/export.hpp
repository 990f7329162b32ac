// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/web/error.hpp"
#include "rouse/web/promise.hpp"
#include "rouse/web/scheduler.hpp"
#include "rouse/web/value.hpp"

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

/// Makes `app.exports.function` of a C++ function, in one line, at the scope of a namespace:
///
/// ```cpp
/// rouse::Task<js::Value> fetch_data(double delay_ms);
/// ROUSE_EXPORT_ASYNC(fetch_data) // const data = await app.exports.fetch_data(100)
/// std::string version();
/// ROUSE_EXPORT(version)          // const text = app.exports.version()
/// ```
/// Parameters: js::Value, bool, numbers, std::string; by value for a Task, whose frame must have them. A
/// missing argument is undefined. Result: the same, or void; a Task of one gives a Promise (see
/// `future_to_promise`). What the function throws JavaScript catches; what a Task throws rejects its Promise.
#define ROUSE_EXPORT_AS(name, function)                                                                   \
    extern "C" __attribute__((export_name("fn." name), used)) ::rouse::js::Reply rouse_export_##function( \
        ::rouse::js::Handle arguments) {                                                                  \
        return ::rouse::web::detail::call_export<&function>(name, arguments,                              \
                                                            std::source_location::current());             \
    }
#define ROUSE_EXPORT(function) ROUSE_EXPORT_AS(#function, function)
/// The same, and refuses a function that does not return a Task.
#define ROUSE_EXPORT_ASYNC(function)                                                \
    static_assert(::rouse::web::detail::returns_task<&function>,                    \
                  "ROUSE_EXPORT_ASYNC is for functions that return a rouse::Task"); \
    ROUSE_EXPORT(function)

namespace rouse::web::detail {

template <class T>
T argument(const js::Value& arguments, std::uint32_t index) {
    js::Value value = arguments.get(index);
    if constexpr (std::same_as<T, js::Value>) return value;
    else if constexpr (std::same_as<T, bool>) return value.truthy();
    else if constexpr (std::same_as<T, std::string>) return value.to_string();
    else {
        static_assert(std::integral<T> || std::floating_point<T>,
                      "an exported function takes js::Value, bool, numbers and std::string, by value");
        const double number = value.to_double();
        if constexpr (std::integral<T>) return number == number ? static_cast<T>(number) : T();
        else return static_cast<T>(number);
    }
}

template <class R>
struct TaskOf {
    static constexpr bool is_task = false;
};
template <class T>
struct TaskOf<Task<T>> {
    static constexpr bool is_task = true;
};

template <class F>
struct Signature;
template <class R, class... Ps>
struct Signature<R (*)(Ps...)> {
    using Returned = R;
    static constexpr bool by_value = (!std::is_reference_v<Ps> && ...);
    template <auto function, std::size_t... Is>
    static R call([[maybe_unused]] const js::Value& arguments, std::index_sequence<Is...>) {
        return function(argument<std::remove_cvref_t<Ps>>(arguments, Is)...);
    }
    template <auto function>
    static R call(const js::Value& arguments) {
        return call<function>(arguments, std::index_sequence_for<Ps...>());
    }
};
template <class R, class... Ps>
struct Signature<R (*)(Ps...) noexcept> : Signature<R (*)(Ps...)> {};

template <auto function>
inline constexpr bool returns_task = TaskOf<typename Signature<decltype(function)>::Returned>::is_task;

/// A Promise that is rejected already.
[[nodiscard]] js::Value rejected(js::Value error);

template <auto function>
js::Value call_function(std::string_view name, const js::Value& arguments, SourceLocation where) {
    using Call = Signature<decltype(function)>;
    if constexpr (returns_task<function>) {
        static_assert(Call::by_value,
                      "the parameters of an exported Task are taken by value: it outlives the call");
        return promise_of(name, where, Call::template call<function>(arguments));
    } else if constexpr (std::is_void_v<typename Call::Returned>) {
        Call::template call<function>(arguments);
        return js::Value();
    } else {
        return js::Value(Call::template call<function>(arguments));
    }
}

template <auto function>
js::Reply call_export(std::string_view name, js::Handle handle, SourceLocation where) noexcept {
    const Scheduler::Turn turn(Scheduler::here(), Scheduler::Turn::From::call);
    const js::Value arguments = js::Value::adopt(handle);
#if ROUSE_EXCEPTIONS
    try {
        return static_cast<js::Reply>(call_function<function>(name, arguments, where).release());
    } catch (...) {
        js::Value error = error_of(std::current_exception());
        if constexpr (returns_task<function>)
            return static_cast<js::Reply>(rejected(std::move(error)).release());
        else return ~static_cast<js::Reply>(std::move(error).release());
    }
#else
    return static_cast<js::Reply>(call_function<function>(name, arguments, where).release());
#endif
}

} // namespace rouse::web::detail
