// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/runtime/spawn.hpp"
#include "rouse/web/error.hpp"
#include "rouse/web/scheduler.hpp"
#include "rouse/web/value.hpp"

#include <concepts>
#include <string_view>
#include <type_traits>

namespace rouse::web {

namespace detail {

/// A Promise that C++ owes to JavaScript.
class Owed {
public:
    explicit Owed(std::string_view name) : handle_(js::detail::sys::rouse_js_owe(name.data(), name.size())) {}
    Owed(const Owed&) = delete;
    Owed& operator=(const Owed&) = delete;
    [[nodiscard]] js::Value promise() const {
        return js::Value::adopt(js::detail::sys::rouse_js_promise_of(handle_));
    }
    /// Once.
    void resolve(js::Value value) noexcept { settle(true, std::move(value)); }
    void reject(js::Value error) noexcept { settle(false, std::move(error)); }

private:
    void settle(bool resolved, js::Value value) noexcept {
        js::detail::sys::rouse_js_settle(handle_, resolved, std::move(value).release());
    }
    js::Handle handle_;
};

/// What joins a task in place of another task, and settles the Promise with how it ends: a waker of our own,
/// which the task wakes when it has ended, whichever way. It has the task's JoinHandle, as the cell knows it.
class Settler {
public:
    /// Moves the value out of a task that has one.
    using Take = js::Result (*)(rouse::detail::Cell&);
    /// The Promise of a task that was not polled yet.
    static js::Value start(std::string_view name, rouse::detail::Cell& cell, Take take);
    Settler(const Settler&) = delete;
    Settler& operator=(const Settler&) = delete;

private:
    Settler(std::string_view name, rouse::detail::Cell& cell, Take take)
        : owed_(name), cell_(&cell), take_(take) {}
    void settle() noexcept;
    static RawWaker clone(void* self);
    static void wake(void* self);
    static void wake_by_ref(void* self);
    static void drop(void* self);
    static const RawWakerVTable vtable;

    int references_ = 1;
    Owed owed_;
    rouse::detail::Cell* cell_; // null: it has settled
    Take take_;
};

template <class T>
js::Result take_value(rouse::detail::Cell& cell) {
    if constexpr (std::is_void_v<T>) return js::Result();
    else if constexpr (std::same_as<T, js::Result>) return std::move(*static_cast<T*>(cell.value()));
    else return js::Result(js::Value(std::move(*static_cast<T*>(cell.value()))));
}

/// Gives a new task its name and its place in the queue.
void start_task(std::string_view name, rouse::detail::Cell& cell);

template <class T>
js::Value promise_of(std::string_view name, SourceLocation where, Task<T> task) {
    static_assert(!std::is_reference_v<T>, "a Promise has a value, not a reference to one in C++");
    rouse::detail::Cell& cell = *rouse::detail::make_task(where, std::move(task)).first;
    return Settler::start(name, cell, take_value<T>);
}

} // namespace detail

/// Spawns a task whose end is a JavaScript Promise: of a `Task<T>` it resolves with the value (as `js::Value`
/// is made of a T; a `js::Result` resolves or rejects), or is rejected with the exception: `js::Error` with
/// its value, `LostWaker` with an Error of that name whose message is the report, any other with an Error
/// that has its message. A task that is aborted rejects it, too, and so does the end of the module: nothing
/// that JavaScript awaits is left pending.
template <class T>
[[nodiscard]] js::Value future_to_promise(Task<T> task,
                                          SourceLocation where = std::source_location::current()) {
    return detail::promise_of({}, where, std::move(task));
}

/// Starts a task on the event loop; see `rouse::spawn_local`. It is polled first in a microtask, never in
/// here. The JoinHandle may be dropped: an exception that nobody awaits is reported.
template <class T>
JoinHandle<T> spawn_local(Task<T> task, SourceLocation where = std::source_location::current()) {
    rouse::detail::Cell* const cell = rouse::detail::make_task(where, std::move(task)).first;
    detail::start_task({}, *cell);
    return JoinHandle<T>(cell);
}

} // namespace rouse::web
