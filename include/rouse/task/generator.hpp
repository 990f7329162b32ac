// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/task/task.hpp"

#include <optional>

namespace rouse {

template <class T>
class Generator;

namespace detail {

/// A generator's coroutine has a strand of its own, in its frame: it stays where it is suspended when a
/// `next()` is dropped.
template <class T>
class GeneratorPromise : public AwaitingPromise {
public:
    GeneratorPromise() noexcept : strand_(this) { bottom_of(strand_); }
    Generator<T> get_return_object() noexcept { return Generator<T>(this); }

    class Yield {
    public:
        Yield() noexcept = default;
        bool await_ready() noexcept { return false; }
        // The strand's poll ends here as at the end of the coroutine; the value says which of the two it was.
        void await_suspend(std::coroutine_handle<>) noexcept { turn.scope->finished = true; }
        void await_resume() noexcept {}
    };
    Yield yield_value(T value) {
        value_.emplace(std::move(value));
        return Yield();
    }
    void return_void() noexcept {}

    Strand& strand() noexcept { return strand_; }
    std::optional<T> take() { return std::exchange(value_, std::nullopt); }
    std::exception_ptr error;

private:
    Strand strand_;
    std::optional<T> value_;
};

} // namespace detail

/// A coroutine that yields values, and awaits between them. `next()` is a future of the next value; of an
/// empty optional at the end. It is a Stream.
///
/// ```cpp
/// rouse::Generator<int> count(int to) {
///     for (int i = 0; i < to; ++i) { co_await rouse::sleep(1ms); co_yield i; }
/// }
/// while (auto value = co_await numbers.next()) use(*value);
/// ```
/// Wake:   by whatever it awaits.
/// Cancel: dropping a `next()` in the middle loses nothing: the generator stays suspended where it is, and
/// the following one goes on. Destroying
///         the generator destroys its coroutines, innermost first.
/// Thread: may move between threads between two polls.
template <class T>
class [[nodiscard]] Generator {
public:
    using promise_type = detail::GeneratorPromise<T>;
    using Item = T;

    Generator(Generator&& other) noexcept : promise_(std::exchange(other.promise_, nullptr)) {}
    Generator& operator=(Generator&& other) noexcept {
        Generator old(std::move(*this));
        promise_ = std::exchange(other.promise_, nullptr);
        return *this;
    }
    ~Generator() {
        if (promise_) promise_->strand().cancel();
    }

    class [[nodiscard]] Next {
    public:
        using Output = std::optional<T>;
        explicit Next(Generator& generator) noexcept : generator_(&generator) {}
        Poll<Output> poll(Context& cx) { return detail::poll_split(*this, cx); }
        bool poll_ready(Context& cx) {
            if (done_) [[unlikely]]
                detail::stop_polled_after_ready("Generator::Next");
            return generator_->run(cx);
        }
        Output take_ready() {
            done_ = true;
            return generator_->take();
        }
        bool fail_await(std::exception_ptr error) { return generator_->fail_await(std::move(error)); }
        void inspect(Inspector& to) const { generator_->inspect(to); }

    private:
        Generator* generator_;
        bool done_ = false;
    };
    /// One at a time.
    [[nodiscard]] Next next() noexcept { return Next(*this); }

    /// As a Stream: the same for a `poll` of one's own.
    Poll<std::optional<T>> poll_next(Context& cx) {
        if (!run(cx)) return Pending;
        return Poll<std::optional<T>>(std::in_place, take());
    }
    /// See `detail::Failable`.
    bool fail_await(std::exception_ptr error) {
        if (!promise_) return false;
        promise_->error = std::move(error);
        return true;
    }
    void inspect(Inspector& to) const {
        if (promise_) promise_->strand().inspect(to);
    }

private:
    friend promise_type;
    explicit Generator(promise_type* promise) noexcept : promise_(promise) {
        static_assert(
            alignof(promise_type) <= ROUSE_PROMISE_ALIGNMENT,
            "a generator's values may not be aligned to more than two pointers are: keep them behind a pointer");
    }
    /// True: it has yielded, or is at its end.
    bool run(Context& cx) {
        if (!promise_) return true; // its end was seen before
        return promise_->strand().poll(cx, promise_->error);
    }
    std::optional<T> take() {
        if (!promise_) return std::nullopt;
        std::exception_ptr error = std::exchange(promise_->error, nullptr);
        std::optional<T> value = promise_->take();
        if (error || !value) // the coroutine is at its end
            std::exchange(promise_, nullptr)->strand().cancel();
        if (error) std::rethrow_exception(std::move(error));
        return value;
    }

    promise_type* promise_; // null after the end
};

} // namespace rouse
