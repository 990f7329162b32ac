// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/core/future.hpp"

#include <utility>

namespace rouse {

/// See `TaskLocal::scope`.
template <class T, class F>
class [[nodiscard]] TaskLocalScope;

/// A value that belongs to a task rather than to a thread: whatever runs inside `scope(value, future)` sees
/// it, and nothing that runs in between does. Made by ROUSE_TASK_LOCAL. It is not inherited by tasks that are
/// spawned inside.
///
/// ```cpp
/// ROUSE_TASK_LOCAL(int, request_id);
/// co_await request_id.scope(7, handle()); // in there, request_id.get() is 7
/// ```
template <class T>
class TaskLocal {
public:
    /// The place of the value while a task of a scope runs on this thread: a `thread_local` of the user's.
    using Cell = T*;

    /// `cell`: gives this thread's place.
    explicit constexpr TaskLocal(Cell& (*cell)()) noexcept : cell_(cell) {}

    /// Runs `future` with `value`. Scopes nest; the inner value hides the outer one.
    template <Future F>
    [[nodiscard]] auto scope(T value, F future) const {
        return TaskLocalScope<T, F>(cell_, std::move(value), std::move(future));
    }
    /// The value of the scope that runs on this thread, or null.
    [[nodiscard]] T* try_get() const noexcept { return cell_(); }
    /// The value; stops the program with a message outside of a scope.
    [[nodiscard]] T& get() const noexcept {
        T* value = cell_();
        if (!value) detail::stop("TaskLocal::get outside of its scope");
        return *value;
    }

private:
    Cell& (*cell_)();
};

/// Makes the `TaskLocal` `name`, at namespace scope: `ROUSE_TASK_LOCAL(int, request_id);`
#define ROUSE_TASK_LOCAL(type, name)                                       \
    inline ::rouse::TaskLocal<type>::Cell& name##_cell() {                 \
        static thread_local ::rouse::TaskLocal<type>::Cell cell = nullptr; \
        return cell;                                                       \
    }                                                                      \
    inline constexpr ::rouse::TaskLocal<type> name { name##_cell }

template <class T, class F>
class [[nodiscard]] TaskLocalScope {
public:
    using Output = OutputOf<F>;
    TaskLocalScope(T*& (*cell)(), T value, F future)
        : cell_(cell), value_(std::move(value)), future_(std::in_place, std::move(future)) {}
    TaskLocalScope(TaskLocalScope&&) = default;
    ~TaskLocalScope() {
        const Enter enter(*this); // destructors of the task see the value too
        future_.reset();
    }

    Poll<Output> poll(Context& cx) {
        const Enter enter(*this);
        return future_->poll(cx);
    }
    bool fail_await(std::exception_ptr error) {
        if constexpr (detail::Failable<F>) return future_->fail_await(std::move(error));
        else return false;
    }
    void inspect(Inspector& to) const { detail::inspect_future(*future_, to); }

private:
    class Enter {
    public:
        explicit Enter(TaskLocalScope& scope) noexcept
            : cell_(scope.cell_()), before_(std::exchange(cell_, &scope.value_)) {}
        ~Enter() { cell_ = before_; }
        Enter(const Enter&) = delete;
        Enter& operator=(const Enter&) = delete;

    private:
        T*& cell_;
        T* before_;
    };
    T*& (*cell_)();
    T value_;
    std::optional<F> future_;
};

} // namespace rouse
