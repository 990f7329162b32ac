// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>

/// What rouse.mjs gives to C++. Nothing here throws: a JavaScript exception that crossed C++ frames would
/// pass every `catch`. A function that may fail returns a `Reply`.

#define ROUSE_WEB_IMPORT(name) __attribute__((import_module("rouse"), import_name(name), nothrow))
/// A function that rouse.mjs calls. The dot keeps the name apart from what a module exports itself.
#define ROUSE_WEB_EXPORT(name) extern "C" __attribute__((export_name("rouse." name), used))

namespace rouse::js {

/// A place in the table of JavaScript values that rouse.mjs keeps, the first four of which are fixed; or an
/// integer of 30 bits, which takes no place.
using Handle = std::uint32_t;
inline constexpr Handle undefined_handle = 0;
inline constexpr Handle null_handle = 1;
inline constexpr Handle true_handle = 2;
inline constexpr Handle false_handle = 3;
inline constexpr Handle first_owned_handle = 4;
inline constexpr Handle first_number_handle = 0x4000'0000;
inline constexpr Handle zero_handle = 0x6000'0000;
inline constexpr Handle last_number_handle = 0x7fff'ffff;
/// It is a place that somebody has to give back.
constexpr bool is_owned(Handle handle) noexcept {
    return handle - first_owned_handle < first_number_handle - first_owned_handle;
}

/// A handle; or, below zero, the complement of the handle of what was thrown.
using Reply = std::int32_t;

namespace detail::sys {
extern "C" {

// ---- values ----
ROUSE_WEB_IMPORT("drop") void rouse_js_drop(Handle value);
ROUSE_WEB_IMPORT("clone") Handle rouse_js_clone(Handle value);
ROUSE_WEB_IMPORT("number") Handle rouse_js_number(double value);
ROUSE_WEB_IMPORT("string") Handle rouse_js_string(const char* text, std::size_t size);
ROUSE_WEB_IMPORT("object") Handle rouse_js_object();
ROUSE_WEB_IMPORT("array") Handle rouse_js_array();
ROUSE_WEB_IMPORT("global") Reply rouse_js_global(const char* name, std::size_t size);
/// An Error. Without a stack of its own it has the one that JavaScript makes.
ROUSE_WEB_IMPORT("error")
Handle rouse_js_error(const char* name, std::size_t name_size, const char* message, std::size_t message_size,
                      const char* stack, std::size_t stack_size);
/// A JavaScript function that calls the closure back (`rouse.call`).
ROUSE_WEB_IMPORT("function") Handle rouse_js_function(void* closure);
ROUSE_WEB_IMPORT("type") std::int32_t rouse_js_type(Handle value);
ROUSE_WEB_IMPORT("truthy") std::int32_t rouse_js_truthy(Handle value);
ROUSE_WEB_IMPORT("equal") std::int32_t rouse_js_equal(Handle a, Handle b);
/// NaN if it throws; `error` then has what, and is `undefined` otherwise.
ROUSE_WEB_IMPORT("to_number") double rouse_js_to_number(Handle value);
ROUSE_WEB_IMPORT("take_error") Handle rouse_js_take_error();
/// `String(value)`: its length in UTF-8, below zero as a Reply. Then `copy_text` once, to so many bytes.
ROUSE_WEB_IMPORT("text") Reply rouse_js_text(Handle value);
ROUSE_WEB_IMPORT("copy_text") void rouse_js_copy_text(char* to);
ROUSE_WEB_IMPORT("get")
Reply rouse_js_get(Handle object, const char* key, std::size_t size);
ROUSE_WEB_IMPORT("get_at") Reply rouse_js_get_at(Handle object, std::uint32_t index);
ROUSE_WEB_IMPORT("set")
Reply rouse_js_set(Handle object, const char* key, std::size_t size, Handle value);
ROUSE_WEB_IMPORT("set_at") Reply rouse_js_set_at(Handle object, std::uint32_t index, Handle value);
ROUSE_WEB_IMPORT("call")
Reply rouse_js_call(Handle function, Handle self, const Handle* arguments, std::size_t count);
ROUSE_WEB_IMPORT("invoke")
Reply rouse_js_invoke(Handle object, const char* method, std::size_t size, const Handle* arguments,
                      std::size_t count);
ROUSE_WEB_IMPORT("construct")
Reply rouse_js_construct(Handle constructor, const Handle* arguments, std::size_t count);
ROUSE_WEB_IMPORT("instance_of") Reply rouse_js_instance_of(Handle value, Handle constructor);

// ---- promises ----
/// `rouse.settled` or `rouse.collected` is called for this place, once, or never.
ROUSE_WEB_IMPORT("await")
Reply rouse_js_await(Handle promise, std::uint32_t place, std::uint32_t generation);
/// A Promise that C++ owes, with its resolvers. Whoever calls `settle` gives the handle up.
ROUSE_WEB_IMPORT("owe") Handle rouse_js_owe(const char* name, std::size_t size);
ROUSE_WEB_IMPORT("promise_of") Handle rouse_js_promise_of(Handle owed);
ROUSE_WEB_IMPORT("settle") void rouse_js_settle(Handle owed, std::int32_t resolved, Handle value);

// ---- the event loop ----
ROUSE_WEB_IMPORT("microtask") void rouse_js_microtask();
ROUSE_WEB_IMPORT("macrotask") void rouse_js_macrotask();
/// In place of the timer before it; below zero: none.
ROUSE_WEB_IMPORT("timer") void rouse_js_timer(double milliseconds);
ROUSE_WEB_IMPORT("now") double rouse_js_now();
/// By the calendar: milliseconds since 1970.
ROUSE_WEB_IMPORT("date") double rouse_js_date();

// ---- diagnosis ----
ROUSE_WEB_IMPORT("report")
void rouse_js_report(const char* kind, std::size_t kind_size, const char* text, std::size_t size,
                     double task);
/// The last words before a trap.
ROUSE_WEB_IMPORT("stop") void rouse_js_stop(const char* text, std::size_t size);
ROUSE_WEB_IMPORT("trace")
void rouse_js_trace(std::int32_t type, double task, const char* name, std::size_t name_size,
                    const char* detail, std::size_t detail_size, const char* file, std::size_t file_size,
                    std::uint32_t line);
/// A row of the answer to `rouse.tasks`.
ROUSE_WEB_IMPORT("task")
void rouse_js_task(double id, const char* name, std::size_t name_size, std::int32_t phase, double polls,
                   double wakers, double age, const char* awaited, std::size_t awaited_size,
                   const char* waits, std::size_t waits_size, const char* file, std::size_t file_size,
                   std::uint32_t line);

} // extern "C"
} // namespace detail::sys
} // namespace rouse::js
