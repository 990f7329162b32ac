// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/task/await.hpp"

#include <concepts>
#include <memory>
#include <optional>

namespace rouse {

template <class T>
class Task;

namespace detail {

template <class T>
class TaskAwaiter;
template <class T>
class TaskAccess;

/// The strand of a Task that is polled by hand, or by a combinator: on the heap, so that the handle may move.
class HandStrand : public Strand {
public:
    explicit HandStrand(PromiseBase* bottom) noexcept : Strand(bottom) {}
    static void* operator new(std::size_t size) { return FrameCache::allocate(size); }
    static void operator delete(void* memory, std::size_t size) noexcept {
        FrameCache::deallocate(memory, size);
    }

    std::exception_ptr error; // to be thrown at the next poll; after the last one, what it ended with
};

/// The awaits that all our coroutines offer.
class AwaitingPromise : public PromiseBase {
public:
    template <class T>
    TaskAwaiter<T> await_transform(Task<T>&& task,
                                   SourceLocation where = std::source_location::current()) noexcept;
    template <class T>
    TaskAwaiter<T> await_transform(Task<T>& task,
                                   SourceLocation where = std::source_location::current()) noexcept;
    template <class F>
        requires Future<std::remove_reference_t<F>>
    FutureAwaiter<std::remove_reference_t<F>>
    await_transform(F&& future, SourceLocation where = std::source_location::current()) noexcept {
        await_at(where);
        return FutureAwaiter<std::remove_reference_t<F>>(future);
    }
    template <class A>
        requires(!Future<std::remove_reference_t<A>>)
    std::suspend_never await_transform(A&&) {
        static_assert(
            Future<std::remove_reference_t<A>>,
            "a rouse coroutine awaits rouse Futures: a type with `Output` and `Poll<Output> poll(Context&)`");
        return {}; // so that this is all that is said
    }
};

template <class T>
class TaskPromise : public AwaitingPromise {
public:
    Task<T> get_return_object() noexcept;
    template <class U = T>
        requires std::constructible_from<T, U>
    void return_value(U&& value) {
        value_.emplace(std::forward<U>(value));
    }
    T take() { return std::move(*value_); }

private:
    std::optional<T> value_;
};
template <class T>
class TaskPromise<T&> : public AwaitingPromise {
public:
    Task<T&> get_return_object() noexcept;
    void return_value(T& value) noexcept { value_ = std::addressof(value); }
    T& take() noexcept { return *value_; }

private:
    T* value_ = nullptr;
};
template <>
class TaskPromise<void> : public AwaitingPromise {
public:
    Task<void> get_return_object() noexcept;
    void return_void() noexcept {}
    void take() noexcept {}
};
/// Types aligned beyond that would move the promise within the frame; their tasks keep the result in a box.
template <class T>
    requires(alignof(T) > ROUSE_PROMISE_ALIGNMENT)
class TaskPromise<T> : public AwaitingPromise {
public:
    Task<T> get_return_object() noexcept;
    template <class U = T>
        requires std::constructible_from<T, U>
    void return_value(U&& value) {
        value_ = std::make_unique<T>(std::forward<U>(value));
    }
    T take() { return std::move(*value_); }

private:
    std::unique_ptr<T> value_;
};

} // namespace detail

/// A lazy coroutine that completes with a `T` (a value, a reference, or nothing), or with an exception. It
/// runs when it is awaited, spawned or polled.
///
/// ```cpp
/// rouse::Task<int> answer() { co_return 42; }
/// rouse::Task<> print_it() { std::printf("%d\n", co_await answer()); }
/// ```
/// Wake:   by whatever it awaits.
/// Cancel: destroy it, at any time it is not running: the coroutines are destroyed innermost first, with
/// their locals and arguments. Thread: may move between threads while it is suspended, if what it holds may.
/// As a Future it may be polled by hand, also moved between two polls; awaiting one that was polled before
/// goes on where it was. A closure that is a coroutine must outlive it: give it to `spawn`, which keeps it,
/// or bind it to a name that lives long enough.
template <class T = void>
class [[nodiscard]] Task {
public:
    using Output = T;
    using promise_type = detail::TaskPromise<T>;

    Task(Task&& other) noexcept : promise_(std::exchange(other.promise_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        Task old(std::move(*this));
        promise_ = std::exchange(other.promise_, nullptr);
        return *this;
    }
    ~Task() { destroy(); }

    Poll<T> poll(Context& cx) { return detail::poll_split(*this, cx); }

    bool poll_ready(Context& cx) {
        detail::HandStrand& strand = hand_strand();
        return strand.poll(cx, strand.error);
    }
    T take_ready() {
        Task ended(std::move(*this)); // also when the move of the result throws
        if (std::exception_ptr error = std::move(ended.strand()->error)) {
            ended.finish();
            std::rethrow_exception(std::move(error));
        }
        return ended.promise_->take();
    }
    /// See `detail::Failable`.
    bool fail_await(std::exception_ptr error) {
        if (!promise_ || !promise_->started()) return false;
        strand()->error = std::move(error);
        return true;
    }
    /// False after its end, or when it was moved from.
    [[nodiscard]] bool valid() const noexcept { return promise_ != nullptr; }
    void inspect(Inspector& to) const {
        if (promise_ && promise_->started()) strand()->inspect(to);
    }

private:
    friend detail::TaskPromise<T>;
    friend detail::TaskAwaiter<T>;
    friend detail::TaskAccess<T>;

    explicit Task(promise_type* promise) noexcept : promise_(promise) {
        static_assert(alignof(promise_type) <= ROUSE_PROMISE_ALIGNMENT);
    }
    [[nodiscard]] detail::HandStrand* strand() const noexcept {
        return static_cast<detail::HandStrand*>(promise_->strand_if_bottom());
    }
    detail::HandStrand& hand_strand() {
        if (!promise_) [[unlikely]]
            detail::stop_polled_after_ready(type_name<Task>());
        if (!promise_->started()) {
            auto* strand = new detail::HandStrand(promise_);
            promise_->bottom_of(*strand);
        }
        return *strand();
    }
    void finish() noexcept {
        delete strand();
        std::exchange(promise_, nullptr)->destroy();
    }
    void destroy() noexcept {
        if (!promise_) return;
        promise_type* promise = std::exchange(promise_, nullptr);
        if (auto* strand = static_cast<detail::HandStrand*>(promise->strand_if_bottom())) {
            strand->cancel();
            delete strand;
        } else {
            promise->destroy();
        }
    }

    promise_type* promise_;
};

namespace detail {

/// For `spawn`: takes the coroutine out of its handle.
template <class T>
class TaskAccess {
public:
    static TaskPromise<T>* release(Task<T>& task) noexcept { return std::exchange(task.promise_, nullptr); }
    static TaskPromise<T>* get(Task<T>& task) noexcept { return task.promise_; }
};

/// `co_await task`: pushes it on the strand. One that was polled by hand before has a strand of its own, and
/// is awaited as a leaf.
template <class T>
class [[nodiscard]] TaskAwaiter : PromiseBase::Await {
public:
    TaskAwaiter(PromiseBase* parent, Task<T>& task) noexcept : Await{nullptr, parent} {
        if (!task.promise_) [[unlikely]]
            stop_polled_after_ready(type_name<Task<T>>());
        if (task.promise_->started()) leaf_ = std::addressof(task);
        else child = std::exchange(task.promise_, nullptr);
    }
    TaskAwaiter(const TaskAwaiter&) = delete;
    TaskAwaiter& operator=(const TaskAwaiter&) = delete;
    ~TaskAwaiter() {
        if (child && !leaf_) child->destroy();
    }

    bool await_ready() {
        if (!leaf_) return false;
        return leaf_->poll_ready(*turn.scope->cx);
    }
    void await_suspend(std::coroutine_handle<>) noexcept {
        Strand& strand = *turn.scope->strand;
        if (leaf_) {
            strand.suspend_in(this, &ops);
        } else {
            child->awaited_by(*this);
            strand.push(child);
        }
    }
    T await_resume() {
        if (leaf_) {
            rethrow_in_flight();
            return leaf_->take_ready();
        }
        if (*turn.scope->in_flight) [[unlikely]] {
            destroy_child();
            rethrow_in_flight();
        }
        auto* promise = static_cast<TaskPromise<T>*>(child);
        if constexpr (std::is_void_v<T>) {
            destroy_child();
        } else if constexpr (std::is_reference_v<T>) {
            T value = promise->take();
            destroy_child();
            return value;
        } else {
            T value = promise->take();
            destroy_child();
            return value;
        }
    }

private:
    void destroy_child() noexcept { std::exchange(child, nullptr)->destroy(); }
    static bool poll(void* leaf, Context& cx) {
        return static_cast<TaskAwaiter*>(leaf)->leaf_->poll_ready(cx);
    }
    static void inspect(const void* leaf, Inspector& to) {
        static_cast<const TaskAwaiter*>(leaf)->leaf_->inspect(to);
    }
    static bool fail(void* leaf, std::exception_ptr error) {
        return static_cast<TaskAwaiter*>(leaf)->leaf_->fail_await(std::move(error));
    }
    static constexpr LeafOps ops{type_name<Task<T>>(), poll, inspect, fail};
    Task<T>* leaf_ = nullptr;
};

template <class T>
TaskAwaiter<T> AwaitingPromise::await_transform(Task<T>&& task, SourceLocation where) noexcept {
    await_at(where);
    return TaskAwaiter<T>(this, task);
}
template <class T>
TaskAwaiter<T> AwaitingPromise::await_transform(Task<T>& task, SourceLocation where) noexcept {
    await_at(where);
    return TaskAwaiter<T>(this, task);
}

template <class T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
    return Task<T>(this);
}
template <class T>
Task<T&> TaskPromise<T&>::get_return_object() noexcept {
    return Task<T&>(this);
}
template <class T>
    requires(alignof(T) > ROUSE_PROMISE_ALIGNMENT)
Task<T> TaskPromise<T>::get_return_object() noexcept {
    return Task<T>(this);
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept { return Task<void>(this); }

} // namespace detail
} // namespace rouse
