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
/// which the task wakes when it has ended, whichever way.
class Settler {
public:
    explicit Settler(std::string_view name) : owed_(name) {}
    Settler(const Settler&) = delete;
    Settler& operator=(const Settler&) = delete;
    [[nodiscard]] js::Value promise() const { return owed_.promise(); }

protected:
    virtual ~Settler() = default;
    /// Registers with the task, and owns itself from here on.
    void start() noexcept;
    /// True: it has settled what it owed.
    virtual bool settle(Context& cx) noexcept = 0;
    Owed& owed() noexcept { return owed_; }
    void reject(const JoinError& error) noexcept;

private:
    static RawWaker clone(void* self);
    static void wake(void* self);
    static void wake_by_ref(void* self);
    static void drop(void* self);
    static const RawWakerVTable vtable;

    int references_ = 1;
    bool settled_ = false;
    Owed owed_;
};

template <class T>
class SettlerOf final : public Settler {
public:
    SettlerOf(std::string_view name, JoinHandle<T> handle)
        : Settler(name), ended_(std::move(handle).into_result()) {
        start();
    }

private:
    bool settle(Context& cx) noexcept override {
        if (!ended_.poll_ready(cx)) return false;
        auto result = ended_.take_ready();
        if (!result) {
            reject(result.error());
        } else if constexpr (std::is_void_v<T>) {
            owed().resolve(js::Value());
        } else if constexpr (std::same_as<T, js::Result>) {
            if (*result) owed().resolve(**std::move(result));
            else owed().reject((*std::move(result)).error());
        } else {
            owed().resolve(js::Value(*std::move(result)));
        }
        return true;
    }

    JoinResult<T> ended_;
};

/// Spawns it under this name.
template <class T>
JoinHandle<T> spawn_named(std::string_view name, SourceLocation where, Task<T> task) {
    auto [cell, type] = rouse::detail::make_task(where, std::move(task));
    if (!name.empty()) cell->set_name(std::string(name));
    Scheduler::here().adopt_new(*cell);
    return JoinHandle<T>(cell);
}

template <class T>
js::Value promise_of(std::string_view name, SourceLocation where, Task<T> task) {
    const Scheduler::Turn turn(Scheduler::here(), Scheduler::Turn::From::call);
    // It deletes itself when the task has ended, which is not before this thread is back in the event loop.
    return (new SettlerOf<T>(name, spawn_named(name, where, std::move(task))))->promise();
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
    const detail::Scheduler::Turn turn(detail::Scheduler::here(), detail::Scheduler::Turn::From::call);
    return detail::spawn_named({}, where, std::move(task));
}

} // namespace rouse::web
