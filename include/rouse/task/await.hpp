// SPDX-FileCopyrightText: The rouse authors
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rouse/task/strand.hpp"

#include <memory>

namespace rouse::detail {

/// `co_await future`: polls it in place; suspends the strand in it when it is Pending. Refers to the future,
/// which lives in the coroutine's frame as a variable or as a temporary of the full-expression.
template <Future F>
class FutureAwaiter {
public:
    using Output = OutputOf<F>;
    explicit FutureAwaiter(F& future) noexcept : future_(std::addressof(future)) {}

    bool await_ready() {
        if (!spend_budget()) [[unlikely]] {
            request_yield(*turn.scope->cx);
            return false;
        }
        return poll_once(*turn.scope->cx);
    }
    void await_suspend(std::coroutine_handle<>) noexcept { turn.scope->strand->suspend_in(this, &ops); }
    Output await_resume() {
        rethrow_in_flight();
        return std::move(result_).value();
    }

private:
    bool poll_once(Context& cx) {
        Poll<Output> poll = future_->poll(cx);
        if (poll.is_pending()) return false;
        std::destroy_at(&result_);
        std::construct_at(&result_, std::move(poll));
        return true;
    }
    static bool fail(void* leaf, std::exception_ptr error) {
        if constexpr (Failable<F>)
            return static_cast<FutureAwaiter*>(leaf)->future_->fail_await(std::move(error));
        else return false;
    }
    static bool poll(void* leaf, Context& cx) { return static_cast<FutureAwaiter*>(leaf)->poll_once(cx); }
    static void inspect(const void* leaf, Inspector& to) {
        inspect_future(*static_cast<const FutureAwaiter*>(leaf)->future_, to);
    }
    static constexpr LeafOps ops{type_name<F>(), poll, inspect, fail};

    F* future_;
    Poll<Output> result_{Pending};
};

/// What an await of `F` keeps beside it, if that says so; it ends with the await.
class NoAwaitState {};
template <class F>
struct AwaitStateOf {
    using type = NoAwaitState;
};
template <class F>
    requires requires { typename F::AwaitState; }
struct AwaitStateOf<F> {
    using type = F::AwaitState;
};

template <SplitFuture F>
class FutureAwaiter<F> {
public:
    using Output = OutputOf<F>;
    explicit FutureAwaiter(F& future) noexcept : future_(std::addressof(future)) {}

    bool await_ready() {
        if (!spend_budget()) [[unlikely]] {
            request_yield(*turn.scope->cx);
            return false;
        }
        return poll_ready(*turn.scope->cx);
    }
    void await_suspend(std::coroutine_handle<>) noexcept { turn.scope->strand->suspend_in(this, &ops); }
    Output await_resume() {
        rethrow_in_flight();
        return future_->take_ready();
    }

private:
    static F& of(void* leaf) noexcept { return *static_cast<FutureAwaiter*>(leaf)->future_; }
    static bool fail(void* leaf, std::exception_ptr error) {
        if constexpr (Failable<F>) return of(leaf).fail_await(std::move(error));
        else return false;
    }
    bool poll_ready(Context& cx) {
        // For those who want to know that nothing else is polled beside them.
        if constexpr (requires { future_->poll_awaited(cx, state_); })
            return future_->poll_awaited(cx, state_);
        else if constexpr (requires { future_->poll_awaited(cx); }) return future_->poll_awaited(cx);
        else return future_->poll_ready(cx);
    }
    static bool poll(void* leaf, Context& cx) { return static_cast<FutureAwaiter*>(leaf)->poll_ready(cx); }
    static void inspect(const void* leaf, Inspector& to) {
        inspect_future(*static_cast<const FutureAwaiter*>(leaf)->future_, to);
    }
    static constexpr LeafOps ops{type_name<F>(), poll, inspect, fail};

    F* future_;
    [[no_unique_address]] AwaitStateOf<F>::type state_;
};

} // namespace rouse::detail
